import { held, loadTail, madd, splat, storeTail, tailOf, upperHalf } from "./lanes";
import { expConstant, expMagic, expScale, expScaled, exponent, nothingSeen, outOfRange } from "./exp";
import { log1pOfFour } from "./log";

// Rows of few classes with index targets, several at a time: the exponentials over all their logits as one array, then
// the sums, logarithms and reciprocals of four rows in one vector. Nothing of a row depends on those beside it.
//
// Formulas and names as in crossentropy.ts, k the target: u = Σ_{j ≠ k} e^{zⱼ}/e^{z_k}, of exponentials that are good
// to the same relative error wherever they lie.

/** Rows of up to this many classes go this way. */
// @ts-ignore: decorator
@inline export const FEW: usize = 32;
/** So many together. */
// @ts-ignore: decorator
@inline export const GROUP: usize = 16;

/** Terms of a group; what the vectors at its end reach over. */
const TERMS: usize = memory.data(<i32>(GROUP * FEW * 4 + 16), 16);

/** Ones, but for the word in the middle: read from (i − k) words behind it on, the lane of k is zero. */
const ALL_BUT_ONE: usize = memory.data<u32>(
  [
    0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
    0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
    0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
    0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
    0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
    0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
    0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
    0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
  ],
  16,
);

/** Terms are 2^SHIFT times as large, so that those of the least rows are in range. */
// @ts-ignore: decorator
@inline const SHIFT: f64 = 12;
/** Where Σ e^{zⱼ} has to lie: then its reciprocal is an ordinary float32, and what is flushed to 0 counts nothing. */
// @ts-ignore: decorator
@inline const LEAST: f64 = 3e-4;
// @ts-ignore: decorator
@inline const MOST: f64 = 1e17;
/** What u may be for its logarithm to be one. */
// @ts-ignore: decorator
@inline const MOST_U: f64 = 1e30;

/** Sum over n float32 but that at k, as four sums to be added. */
// @ts-ignore: decorator
@inline function sumOfOthers(p: usize, n: usize, k: usize): v128 {
  let mask = ALL_BUT_ONE + ((FEW - k) << 2);
  let sum = f32x4.splat(0);
  for (const end = p + ((n & ~3) << 2); p < end; p += 16, mask += 16) {
    sum = f32x4.add(sum, v128.and(v128.load(p), v128.load(mask)));
  }
  const left = n & 3;
  if (left) sum = f32x4.add(sum, v128.and(tailOf<f32>(v128.load(p), left), v128.load(mask)));
  return sum;
}

/** The same of terms × factor − q, which are stored at `to`. */
// @ts-ignore: decorator
@inline function sumOfGradient(p: usize, n: usize, k: usize, factor: v128, q: v128, to: usize): v128 {
  let mask = ALL_BUT_ONE + ((FEW - k) << 2);
  let sum = f32x4.splat(0);
  for (const end = p + ((n & ~3) << 2); p < end; p += 16, mask += 16, to += 16) {
    const v = f32x4.sub(f32x4.mul(v128.load(p), factor), q);
    v128.store(to, v);
    sum = f32x4.add(sum, v128.and(v, v128.load(mask)));
  }
  const left = n & 3;
  if (left) {
    const v = tailOf<f32>(f32x4.sub(f32x4.mul(v128.load(p), factor), q), left);
    storeTail<f32>(to, left, v);
    sum = f32x4.add(sum, v128.and(v, v128.load(mask)));
  }
  return sum;
}

/** Sum over n logits, as four sums to be added. */
// @ts-ignore: decorator
@inline function sumOfLogits(x: usize, n: usize): v128 {
  let sum = f32x4.splat(0);
  let i: usize = 0;
  for (; i + 4 <= n; i += 4) sum = f32x4.add(sum, v128.load(x + (i << 2)));
  if (i < n) sum = f32x4.add(sum, tailOf<f32>(v128.load(x + (i << 2)), n - i));
  return sum;
}

/** The sums over the lanes of four vectors. */
// @ts-ignore: decorator
@inline function sumsOfLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(i32x4.shuffle(a, b, 0, 4, 1, 5), i32x4.shuffle(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(i32x4.shuffle(c, d, 0, 4, 1, 5), i32x4.shuffle(c, d, 2, 6, 3, 7));
  return f32x4.add(i32x4.shuffle(ab, cd, 0, 1, 4, 5), i32x4.shuffle(ab, cd, 2, 3, 6, 7));
}

/** One float32 from each of four places. */
// @ts-ignore: decorator
@inline function gather(a: usize, b: usize, c: usize, d: usize): v128 {
  return v128.load32_lane(d, v128.load32_lane(c, v128.load32_lane(b, v128.load32_zero(a), 1), 2), 3);
}

/** Stores the first `rows` of four numbers as float64. */
// @ts-ignore: decorator
@inline function storeWide(p: usize, v: v128, rows: usize): void {
  const low = f64x2.promote_low_f32x4(v);
  const high = f64x2.promote_low_f32x4(upperHalf(v));
  if (rows > 1) v128.store(p, low);
  else v128.store64_lane(p, low, 0);
  if (rows > 3) v128.store(p, high, 16);
  else if (rows > 2) v128.store64_lane(p + 16, high, 0);
}

/** Terms of `total` logits to `terms`. Returns the bits that {@link outOfRange} asks for. */
// @ts-ignore: decorator
@inline function termsOf(
  total: usize, x: usize, terms: usize, magic: v128, fill: v128,
  c0: v128, c1: v128, c2: v128, c3: v128, c4: v128, c5: v128, c6: v128,
): v128 {
  let seen = nothingSeen<f32>();
  let i: usize = 0;
  for (; i + 8 <= total; i += 8) {
    const x0 = v128.load(x + (i << 2));
    const x1 = v128.load(x + (i << 2), 16);
    const z0 = exponent<f32>(x0, c0, magic);
    const z1 = exponent<f32>(x1, c0, magic);
    seen = v128.or(v128.or(seen, z0), z1);
    v128.store(terms + (i << 2), expScaled<f32>(x0, z0, magic, c1, c2, c3, c4, c5, c6));
    v128.store(terms + (i << 2), expScaled<f32>(x1, z1, magic, c1, c2, c3, c4, c5, c6), 16);
  }
  for (; i < total; i += 4) {
    const left = total - i;
    const x0 = left < 4 ? loadTail<f32>(x + (i << 2), left, fill) : v128.load(x + (i << 2));
    const z0 = exponent<f32>(x0, c0, magic);
    seen = v128.or(seen, z0);
    v128.store(terms + (i << 2), expScaled<f32>(x0, z0, magic, c1, c2, c3, c4, c5, c6));
  }
  return seen;
}

/**
 * Losses and gradients of rows of float32 logits, n ≤ FEW; no class weights with smoothing, and a whole γ ≥ 0, without
 * smoothing too. Returns how many it has done: it stops before four rows of which a sum is out of range, and before a
 * group in which a term is.
 */
export function fewRows(
  rows: usize, n: usize, x: usize, y: usize, w: usize, epsilon: f64, lambda: f64, gamma: i32, ignored: i32,
  loss: usize, lse: usize, g: usize, dx: usize, grad: bool,
): usize {
  const magic = held<f32>(expMagic<f32>(-SHIFT));
  const fill = held<f32>(0);
  const c0 = expConstant<f32>(0), c1 = expConstant<f32>(1), c2 = expConstant<f32>(2), c3 = expConstant<f32>(3);
  const c4 = expConstant<f32>(4), c5 = expConstant<f32>(5), c6 = expConstant<f32>(6);
  const least = held<f32>(LEAST * 4096 * expScale<f32>());
  const most = held<f32>(MOST * 4096 * expScale<f32>());
  const mostU = held<f32>(MOST_U);
  const twoLambda = splat<f32>(2 * lambda);
  const smooth = epsilon != 0;
  const spread = splat<f32>(epsilon / <f64>n);
  const kept = splat<f32>(1 - epsilon + epsilon / <f64>n);
  const ignoredV = i32x4.splat(ignored);
  const withLse = lse != 0 || lambda != 0;
  const none = f32x4.splat(0);
  const one = held<f32>(1);
  for (let group: usize = 0; group < rows; group += GROUP) {
    const end = min(group + GROUP, rows);
    const from = x + ((group * n) << 2);
    const seen = termsOf((end - group) * n, from, TERMS, magic, fill, c0, c1, c2, c3, c4, c5, c6);
    if (outOfRange<f32>(seen, false)) return group;
    for (let r = group; r < end; r += 4) {
      // What is behind the last row is the last row once more.
      const count = end - r;
      const stepB = count > 1 ? n : 0;
      const stepC = count > 2 ? n : 0;
      const stepD = count > 3 ? n : 0;
      const targets = count > 3 ? v128.load(y + (r << 2)) : lastTargets(y + (r << 2), count);
      const left = i32x4.eq(targets, ignoredV);
      const k = v128.andnot(targets, left);
      const ka: usize = i32x4.extract_lane(k, 0);
      const kb: usize = i32x4.extract_lane(k, 1);
      const kc: usize = i32x4.extract_lane(k, 2);
      const kd: usize = i32x4.extract_lane(k, 3);
      const atA = r * n;
      const atB = atA + stepB;
      const atC = atB + stepC;
      const atD = atC + stepD;
      const terms = TERMS - ((group * n) << 2);
      const a = terms + (atA << 2);
      const b = terms + (atB << 2);
      const c = terms + (atC << 2);
      const d = terms + (atD << 2);
      const own = gather(a + (ka << 2), b + (kb << 2), c + (kc << 2), d + (kd << 2));
      const others = sumsOfLanes(
        sumOfOthers(a, n, ka), sumOfOthers(b, n, kb),
        sumOfOthers(c, n, kc), sumOfOthers(d, n, kd),
      );
      const sum = f32x4.add(own, others);
      const u = f32x4.div(others, own);
      const within = v128.and(v128.and(f32x4.gt(sum, least), f32x4.lt(sum, most)), f32x4.lt(u, mostU));
      if (!i32x4.all_true(within)) return r;

      const weight = v128.andnot(w ? gather(w + (ka << 2), w + (kb << 2), w + (kc << 2), w + (kd << 2)) : one, left);
      const logits = gather(
        x + ((atA + ka) << 2), x + ((atB + kb) << 2), x + ((atC + kc) << 2), x + ((atD + kd) << 2),
      );
      const logS = log1pOfFour(u);
      // Focal: r^γ·w in place of w, and the derivative to logS in place of S.
      let factorOfLog = weight;
      let slope = weight;
      if (gamma) {
        const r = f32x4.div(others, sum);
        let power = r;
        for (let i = 1; i < gamma; i++) power = f32x4.mul(power, r);
        factorOfLog = f32x4.mul(weight, power);
        // logS/r tends to 1.
        const ratio = v128.bitselect(f32x4.div(logS, r), one, f32x4.gt(r, none));
        const p = f32x4.div(own, sum);
        slope = f32x4.mul(factorOfLog, madd<f32>(f32x4.mul(f32x4.splat(<f32>gamma), p), ratio, one));
      }
      // Without class weights Σa is 1, smoothing or not.
      let value = f32x4.mul(factorOfLog, logS);
      if (smooth) {
        // Σ (z_k − zⱼ) over all classes.
        const below = f32x4.sub(
          f32x4.mul(f32x4.splat(<f32>n), logits),
          sumsOfLanes(
            sumOfLogits(x + (atA << 2), n), sumOfLogits(x + (atB << 2), n), sumOfLogits(x + (atC << 2), n),
            sumOfLogits(x + (atD << 2), n),
          ),
        );
        value = v128.andnot(madd<f32>(spread, below, value), left);
      }
      storeWide(loss + (r << 3), value, count);
      let zTerm = none;
      if (withLse) {
        const rowLse = v128.andnot(f32x4.add(logS, logits), left);
        if (lse) storeWide(lse + (r << 3), rowLse, count);
        zTerm = f32x4.mul(twoLambda, rowLse);
      }
      if (grad) {
        const upstream = fourUpstream(g + (r << 3), count);
        const factor = f32x4.div(f32x4.mul(upstream, f32x4.add(slope, zTerm)), sum);
        const q = f32x4.mul(f32x4.mul(upstream, weight), spread);
        const to = dx + (atA << 2);
        const toB = to + (stepB << 2);
        const toC = toB + (stepC << 2);
        const toD = toC + (stepD << 2);
        const scaled = sumsOfLanes(
          sumOfGradient(a, n, ka, i32x4.shuffle(factor, factor, 0, 0, 0, 0), i32x4.shuffle(q, q, 0, 0, 0, 0), to),
          sumOfGradient(b, n, kb, i32x4.shuffle(factor, factor, 1, 1, 1, 1), i32x4.shuffle(q, q, 1, 1, 1, 1), toB),
          sumOfGradient(c, n, kc, i32x4.shuffle(factor, factor, 2, 2, 2, 2), i32x4.shuffle(q, q, 2, 2, 2, 2), toC),
          sumOfGradient(d, n, kd, i32x4.shuffle(factor, factor, 3, 3, 3, 3), i32x4.shuffle(q, q, 3, 3, 3, 3), toD),
        );
        // Minus the others as they were rounded: the row sums to what it should. Smoothed, the target is no 1 that p
        // comes near.
        const rest = smooth
          ? f32x4.sub(f32x4.mul(factor, own), f32x4.mul(f32x4.mul(upstream, weight), kept))
          : f32x4.sub(f32x4.mul(upstream, zTerm), scaled);
        v128.store32_lane(to + (ka << 2), rest, 0);
        v128.store32_lane(toB + (kb << 2), rest, 1);
        v128.store32_lane(toC + (kc << 2), rest, 2);
        v128.store32_lane(toD + (kd << 2), rest, 3);
      }
    }
  }
  return rows;
}

/** Targets of one to three rows, the last one repeated. */
function lastTargets(y: usize, rows: usize): v128 {
  const last = (rows - 1) << 2;
  return gather(y, y + min(4, last), y + min(8, last), y + last);
}

/** Upstream gradients of rows, the last one repeated when they are fewer than four. */
// @ts-ignore: decorator
@inline function fourUpstream(g: usize, rows: usize): v128 {
  if (rows > 3) {
    const low = f32x4.demote_f64x2_zero(v128.load(g));
    return i32x4.shuffle(low, f32x4.demote_f64x2_zero(v128.load(g, 16)), 0, 1, 4, 5);
  }
  const last = (rows - 1) << 3;
  const low = f32x4.demote_f64x2_zero(f64x2.replace_lane(v128.load64_splat(g), 1, load<f64>(g + min(8, last))));
  const high = f64x2.replace_lane(v128.load64_splat(g + min(16, last)), 1, load<f64>(g + last));
  return i32x4.shuffle(low, f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
}
