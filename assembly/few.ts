import { held, loadTail, madd, splat, storeTail, tailMask, upperHalf } from "./lanes";
import {
  HOT_LEAST, hotArgument, hotConstant, hotExponent, hotIsFixed, hotMagic, hotTerm, hotUnit, nothingSeen, outOfRange,
} from "./exp";
import { logOfRatio } from "./log";

// Rows of few classes with index targets, a group at a time, in sweeps that hold little: the exponentials over all
// their logits as one array; of each row the terms of the others as four sums; then the logarithms and reciprocals of
// four rows in one vector. For the gradient, the terms of each row scaled, and what is left for the target. Nothing of
// a row depends on those beside it.
//
// Formulas and names as in crossentropy.ts, k the target: s = Σ e^{zⱼ}/e^{z_k}, with the exponentials of the hot loops.

/** Rows of up to this many classes go this way. */
// @ts-ignore: decorator
@inline export const FEW: usize = 32;
/** So many together. */
// @ts-ignore: decorator
@inline export const GROUP: usize = 16;

/** Terms of a group; what the vectors at its end reach over. */
const TERMS: usize = memory.data(<i32>(GROUP * FEW * 4 + 16), 16);
/**
 * Of each row, in so many bytes: the term of the target, its logit, the weight of both, the target as it was given;
 * four numbers to be added that are the others' terms, or gradients; four that are all logits.
 */
// @ts-ignore: decorator
@inline const ROW: usize = 48;
const ROWS: usize = memory.data(<i32>(GROUP * ROW), 16);
// @ts-ignore: decorator
@inline const OWN: usize = 0;
// @ts-ignore: decorator
@inline const PEAK: usize = 4;
// @ts-ignore: decorator
@inline const WEIGHT: usize = 8;
// @ts-ignore: decorator
@inline const TARGET: usize = 12;
// @ts-ignore: decorator
@inline const OTHERS: usize = 16;
// @ts-ignore: decorator
@inline const LOGITS: usize = 32;

/**
 * Of each row: what makes probabilities of its terms, times S; the upstream gradient, a factor of its own because terms
 * may be small and it large; what is taken from their product; and the target's gradient without the others.
 */
const FACTOR: usize = memory.data(<i32>(GROUP * 16), 16);
// @ts-ignore: decorator
@inline const UPSTREAM: usize = GROUP * 4;
// @ts-ignore: decorator
@inline const SPREAD: usize = 2 * GROUP * 4;
// @ts-ignore: decorator
@inline const REST: usize = 3 * GROUP * 4;

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

/** Where a target's logit is surely in range: what cancels the magic number is far below. */
// @ts-ignore: decorator
@inline const LOWEST: f64 = -60;

// @ts-ignore: decorator
@inline function but(k: usize): usize {
  return ALL_BUT_ONE + ((FEW - k) << 2);
}

/** Ones in the lanes of the last vector of n numbers. */
// @ts-ignore: decorator
@inline function lastLanes(n: usize): v128 {
  return tailMask<f32>(((n - 1) & 3) + 1);
}

/**
 * Sum over n float32 but that which `mask` leaves out, as four sums to be added. `quads` is the number of their
 * vectors, a literal up to 3, or 0 for any.
 */
// @ts-ignore: decorator
@inline function masked(p: usize, mask: usize, n: usize, quads: i32, last: v128): v128 {
  let sum = f32x4.splat(0);
  if (quads > 1) sum = v128.and(v128.load(p), v128.load(mask));
  if (quads > 2) sum = f32x4.add(sum, v128.and(v128.load(p, 16), v128.load(mask, 16)));
  let end = <usize>(quads - 1) << 4;
  if (!quads) {
    end = (n - 1) >> 2 << 4;
    for (let at: usize = 0; at < end; at += 16) {
      sum = f32x4.add(sum, v128.and(v128.load(p + at), v128.load(mask + at)));
    }
  }
  return f32x4.add(sum, v128.and(v128.and(v128.load(p + end), last), v128.load(mask + end)));
}

/** What is known of each row of a group before its logarithm. */
// @ts-ignore: decorator
@inline function gatherBy(count: usize, n: usize, quads: i32, x: usize, y: usize, w: usize, ignored: i32): void {
  const last = lastLanes(n);
  const bytes = n << 2;
  let terms = TERMS;
  for (let row = ROWS, end = ROWS + count * ROW; row < end; row += ROW) {
    let k = load<i32>(y);
    store<i32>(row, k, TARGET);
    let weight: u32 = 0x3f800000;
    if (k == ignored) {
      k = 0;
      weight = 0;
    } else if (w) {
      weight = load<u32>(w + (k << 2));
    }
    store<u32>(row, weight, WEIGHT);
    store<u32>(row, load<u32>(terms + (k << 2)), OWN);
    store<u32>(row, load<u32>(x + (k << 2)), PEAK);
    v128.store(row, masked(terms, but(k), n, quads, last), OTHERS);
    y += 4;
    terms += bytes;
    x += bytes;
  }
}

// As functions: each loop has the registers to itself.

function gather2(count: usize, n: usize, x: usize, y: usize, w: usize, ignored: i32): void {
  gatherBy(count, n, 2, x, y, w, ignored);
}

function gather3(count: usize, n: usize, x: usize, y: usize, w: usize, ignored: i32): void {
  gatherBy(count, n, 3, x, y, w, ignored);
}

function gatherAny(count: usize, n: usize, x: usize, y: usize, w: usize, ignored: i32): void {
  gatherBy(count, n, 0, x, y, w, ignored);
}

/** Σ of the logits of each row of a group. */
function sumLogits(count: usize, n: usize, x: usize): void {
  const last = lastLanes(n);
  const end = (n - 1) >> 2 << 4;
  for (let row = ROWS, stop = ROWS + count * ROW; row < stop; row += ROW) {
    let sum = v128.and(v128.load(x + end), last);
    for (let at: usize = 0; at < end; at += 16) sum = f32x4.add(sum, v128.load(x + at));
    v128.store(row, sum, LOGITS);
    x += n << 2;
  }
}

/** The terms at p times factor and upstream gradient, less q. */
// @ts-ignore: decorator
@inline function scaledOnce(p: usize, factor: v128, upstream: v128, q: v128, smooth: bool): v128 {
  const v = f32x4.mul(f32x4.mul(v128.load(p), factor), upstream);
  return smooth ? f32x4.sub(v, q) : v;
}

/** The same to dx too. */
// @ts-ignore: decorator
@inline function scaled(p: usize, factor: v128, upstream: v128, q: v128, smooth: bool, dx: usize): v128 {
  const gradient = scaledOnce(p, factor, upstream, q, smooth);
  v128.store(dx, gradient);
  return gradient;
}

/**
 * terms·factor·upstream − q of each row of a group to dx, and the sums of the others. What is written behind a row is
 * of the next ones, which follow. `quads` as above, `smooth` a literal: without, q is 0.
 */
// @ts-ignore: decorator
@inline function scaleBy(count: usize, n: usize, quads: i32, smooth: bool, ignored: i32, dx: usize): void {
  const last = lastLanes(n);
  const bytes = n << 2;
  const whole = quads ? <usize>(quads - 1) << 4 : (n - 1) >> 2 << 4;
  const stop = dx + count * bytes;
  let terms = TERMS;
  let factors = FACTOR;
  for (let row = ROWS, end = ROWS + count * ROW; row < end; row += ROW) {
    const factor = v128.load32_splat(factors);
    const upstream = v128.load32_splat(factors, UPSTREAM);
    const q = smooth ? v128.load32_splat(factors, SPREAD) : factor;
    const mask = but(classOf(row, ignored));
    let sum = f32x4.splat(0);
    if (quads > 1) sum = v128.and(scaled(terms, factor, upstream, q, smooth, dx), v128.load(mask));
    if (quads > 2) {
      sum = f32x4.add(sum, v128.and(scaled(terms + 16, factor, upstream, q, smooth, dx + 16), v128.load(mask, 16)));
    }
    if (!quads) {
      for (let at: usize = 0; at < whole; at += 16) {
        sum = f32x4.add(sum, v128.and(scaled(terms + at, factor, upstream, q, smooth, dx + at), v128.load(mask + at)));
      }
    }
    const gradient = scaledOnce(terms + whole, factor, upstream, q, smooth);
    if (dx + whole + 16 <= stop) v128.store(dx + whole, gradient);
    else storeTail<f32>(dx + whole, n - (whole >> 2), gradient);
    v128.store(row, f32x4.add(sum, v128.and(v128.and(gradient, last), v128.load(mask + whole))), OTHERS);
    terms += bytes;
    dx += bytes;
    factors += 4;
  }
}

function scale1(count: usize, n: usize, ignored: i32, dx: usize): void {
  scaleBy(count, n, 1, false, ignored, dx);
}

function scale2(count: usize, n: usize, ignored: i32, dx: usize): void {
  scaleBy(count, n, 2, false, ignored, dx);
}

function scale3(count: usize, n: usize, ignored: i32, dx: usize): void {
  scaleBy(count, n, 3, false, ignored, dx);
}

function scaleAny(count: usize, n: usize, ignored: i32, dx: usize): void {
  scaleBy(count, n, 0, true, ignored, dx);
}

/** The targets' gradients of a group: REST, less the others with `exactly`: the row sums to what it should then. */
function putTargets(count: usize, n: usize, ignored: i32, dx: usize, exactly: bool): void {
  if (exactly) {
    for (let r: usize = 0; r < count; r += 4) {
      const rest = v128.load(FACTOR + (r << 2), REST);
      v128.store(FACTOR + (r << 2), f32x4.sub(rest, sumsOfFour(ROWS + r * ROW + OTHERS)), REST);
    }
  }
  for (let r: usize = 0; r < count; r++, dx += n << 2) {
    store<u32>(dx + (classOf(ROWS + r * ROW, ignored) << 2), load<u32>(FACTOR + (r << 2), REST));
  }
}

/** The class of a row's target, any where it is ignored. */
// @ts-ignore: decorator
@inline function classOf(row: usize, ignored: i32): usize {
  const target = load<i32>(row, TARGET);
  return target == ignored ? 0 : target;
}

/** The sums over the lanes of four vectors. */
// @ts-ignore: decorator
@inline function sumsOfLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(i32x4.shuffle(a, b, 0, 4, 1, 5), i32x4.shuffle(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(i32x4.shuffle(c, d, 0, 4, 1, 5), i32x4.shuffle(c, d, 2, 6, 3, 7));
  return f32x4.add(i32x4.shuffle(ab, cd, 0, 1, 4, 5), i32x4.shuffle(ab, cd, 2, 3, 6, 7));
}

// @ts-ignore: decorator
@inline function sumsOfFour(p: usize): v128 {
  return sumsOfLanes(v128.load(p), v128.load(p, ROW), v128.load(p, 2 * ROW), v128.load(p, 3 * ROW));
}

/** One number each of four rows. */
// @ts-ignore: decorator
@inline function fourOf(p: usize): v128 {
  const two = v128.load32_lane(p, v128.load32_zero(p), 1, ROW);
  return v128.load32_lane(p, v128.load32_lane(p, two, 2, 2 * ROW), 3, 3 * ROW);
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

/** Terms of `total` logits. Returns the bits that {@link outOfRange} asks for. */
function termsOf(total: usize, x: usize): v128 {
  const magic = held<f32>(hotMagic(0));
  const h0 = hotConstant(0), h1 = hotConstant(1), h2 = hotConstant(2), h3 = hotConstant(3), h4 = hotConstant(4);
  const h5 = hotConstant(5);
  let seen = nothingSeen<f32>();
  let i: usize = 0;
  for (; i + 8 <= total; i += 8) {
    const p = x + (i << 2);
    const t0 = hotArgument(v128.load(p), h0);
    const z0 = hotExponent(t0, h0, magic);
    v128.store(TERMS + (i << 2), hotTerm(t0, z0, magic, h1, h2, h3, h4, h5));
    const t1 = hotArgument(v128.load(p, 16), h0);
    const z1 = hotExponent(t1, h0, magic);
    v128.store(TERMS + (i << 2), hotTerm(t1, z1, magic, h1, h2, h3, h4, h5), 16);
    seen = v128.or(v128.or(seen, z0), z1);
  }
  const none = held<f32>(0);
  for (; i < total; i += 4) {
    const left = total - i;
    const t = hotArgument(left < 4 ? loadTail<f32>(x + (i << 2), left, none) : v128.load(x + (i << 2)), h0);
    const z = hotExponent(t, h0, magic);
    seen = v128.or(seen, z);
    v128.store(TERMS + (i << 2), hotTerm(t, z, magic, h1, h2, h3, h4, h5));
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
  loss: usize, lse: usize, g: usize, uniform: f64, dx: usize, grad: bool,
): usize {
  const least = held<f32>(HOT_LEAST * hotUnit(0));
  const lowest = held<f32>(LOWEST);
  const twoLambda = splat<f32>(2 * lambda);
  const smooth = epsilon != 0;
  const spread = splat<f32>(epsilon / <f64>n);
  const kept = splat<f32>(1 - epsilon + epsilon / <f64>n);
  const withLse = lse != 0 || lambda != 0;
  const none = f32x4.splat(0);
  const one = held<f32>(1);
  const same = splat<f32>(uniform);
  const quads = (n + 3) >> 2;
  for (let group: usize = 0; group < rows; group += GROUP) {
    const count = min(GROUP, rows - group);
    if (outOfRange<f32>(termsOf(count * n, x), true)) return group;
    if (quads == 3) gather3(count, n, x, y, w, ignored);
    else if (quads == 2) gather2(count, n, x, y, w, ignored);
    else gatherAny(count, n, x, y, w, ignored);
    if (smooth) sumLogits(count, n, x);
    let r: usize = 0;
    for (; r < count; r += 4) {
      // Behind the last row stands what was there before.
      const left = min(4, count - r);
      const four = ROWS + r * ROW;
      const own = fourOf(four + OWN);
      const others = sumsOfFour(four + OTHERS);
      const sum = f32x4.add(own, others);
      // Where the exponential is good around 0 only, the others must not lie below.
      const peak = fourOf(four + PEAK);
      const within = v128.and(f32x4.gt(hotIsFixed() ? others : sum, least), f32x4.gt(peak, lowest));
      if (!i32x4.all_true(v128.or(within, v128.not(tailMask<f32>(left))))) break;

      const weight = fourOf(four + WEIGHT);
      const logS = logOfRatio(sum, own, others);
      // Focal: r^γ·w in place of w, and the derivative to logS in place of S.
      let factorOfLog = weight;
      let slope = weight;
      if (gamma) {
        const ratioOfOthers = f32x4.div(others, sum);
        let power = ratioOfOthers;
        for (let i = 1; i < gamma; i++) power = f32x4.mul(power, ratioOfOthers);
        factorOfLog = f32x4.mul(weight, power);
        // logS/r tends to 1.
        const ratio = v128.bitselect(f32x4.div(logS, ratioOfOthers), one, f32x4.gt(ratioOfOthers, none));
        const p = f32x4.div(own, sum);
        slope = f32x4.mul(factorOfLog, madd<f32>(f32x4.mul(f32x4.splat(<f32>gamma), p), ratio, one));
      }
      // Without class weights Σa is 1, smoothing or not.
      let value = f32x4.mul(factorOfLog, logS);
      if (smooth) {
        // Σ (z_k − zⱼ) over all classes.
        const below = f32x4.sub(f32x4.mul(f32x4.splat(<f32>n), peak), sumsOfFour(four + LOGITS));
        value = f32x4.mul(weight, madd<f32>(spread, below, logS));
      }
      storeWide(loss + (r << 3), value, left);
      let zTerm = none;
      if (withLse) {
        const isLeft = i32x4.eq(fourOf(four + TARGET), i32x4.splat(ignored));
        const rowLse = v128.andnot(f32x4.add(logS, peak), isLeft);
        if (lse) storeWide(lse + (r << 3), rowLse, left);
        zTerm = f32x4.mul(twoLambda, rowLse);
      }
      if (grad) {
        const share = f32x4.add(slope, zTerm);
        // 0·∞ is 0 for rows that do not count.
        const upstream = v128.and(g ? fourUpstream(g + (r << 3), left) : same, f32x4.ne(share, none));
        const factor = f32x4.div(share, sum);
        v128.store(FACTOR + (r << 2), factor);
        v128.store(FACTOR + (r << 2), upstream, UPSTREAM);
        v128.store(FACTOR + (r << 2), f32x4.mul(f32x4.mul(upstream, weight), spread), SPREAD);
        // Smoothed, the target is no 1 that p comes near.
        const rest = smooth ? f32x4.mul(upstream, f32x4.sub(f32x4.mul(factor, own), f32x4.mul(weight, kept)))
          : v128.and(f32x4.mul(upstream, zTerm), f32x4.ne(zTerm, none));
        v128.store(FACTOR + (r << 2), rest, REST);
      }
    }
    const done = min(r, count);
    if (grad && done) {
      if (!smooth && quads == 3) scale3(done, n, ignored, dx);
      else if (!smooth && quads == 2) scale2(done, n, ignored, dx);
      else if (!smooth && quads == 1) scale1(done, n, ignored, dx);
      else scaleAny(done, n, ignored, dx);
      putTargets(done, n, ignored, dx, !smooth);
    }
    if (done < count) return group + done;
    x += count * n << 2;
    y += count << 2;
    loss += count << 3;
    if (lse) lse += count << 3;
    if (g) g += count << 3;
    if (grad) dx += count * n << 2;
  }
  return rows;
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
