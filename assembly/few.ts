import { held, loadTail, madd, splat, sumLanes, tailMask, upperHalf } from "./lanes";
import {
  HOT_LEAST, hotArgument, hotConstant, hotExponent, hotIsFixed, hotMagic, hotTerm, hotUnit, nothingSeen, outOfRange,
} from "./exp";
import { logOfRatio } from "./log";

// Rows of few classes with index targets, a group at a time, in sweeps that hold little: the exponentials over all
// their logits as one array; the targets' terms taken out of it, and zeros in their place; then the sums of the others,
// the logarithms and the reciprocals of four rows in one vector. For the gradient, the terms of each row scaled, and
// what is left for the target. Nothing of a row depends on those beside it.
//
// Formulas and names as in crossentropy.ts, k the target: s = Σ e^{zⱼ}/e^{z_k}, with the exponentials of the hot loops.

/** Rows of up to this many classes go this way. */
// @ts-ignore: decorator
@inline export const FEW: usize = 32;
/** So many together: what a loop costs before its first row is shared by them. */
// @ts-ignore: decorator
@inline export const GROUP: usize = 64;

/** Terms of a group, 0 at the targets; what the vectors at its end reach over. */
const TERMS: usize = memory.data(<i32>(GROUP * FEW * 4 + 16), 16);

/**
 * One number of each row of a group after the other: the target's term and the sum of the others; where they are
 * needed, the row's weight, the target's logit and Σ of all logits. For the gradient: two factors of the terms, the
 * second 1 where one will do; what smoothing takes from each element; and the target's gradient.
 */
const ROWS: usize = memory.data(<i32>(GROUP * 36), 16);
// @ts-ignore: decorator
@inline const OWN: usize = 0;
// @ts-ignore: decorator
@inline const SUM: usize = GROUP * 4;
// @ts-ignore: decorator
@inline const WEIGHT: usize = 2 * GROUP * 4;
// @ts-ignore: decorator
@inline const PEAK: usize = 3 * GROUP * 4;
// @ts-ignore: decorator
@inline const LOGITS: usize = 4 * GROUP * 4;
// @ts-ignore: decorator
@inline const FACTOR: usize = 5 * GROUP * 4;
// @ts-ignore: decorator
@inline const UPSTREAM: usize = 6 * GROUP * 4;
// @ts-ignore: decorator
@inline const SPREAD: usize = 7 * GROUP * 4;
// @ts-ignore: decorator
@inline const TARGET: usize = 8 * GROUP * 4;

/** What the target's term has to be: where x·log₂e cancels the magic number it is far below. */
// @ts-ignore: decorator
@inline export const OWN_LEAST: f64 = 8.75651076269652e-27; // e⁻⁶⁰

/** Terms are multiplied at once by a product of factor and upstream gradient below this and above its reciprocal. */
// @ts-ignore: decorator
@inline const SAFE: f64 = 1e30;

/** Ones in the lanes of the last vector of n numbers. */
// @ts-ignore: decorator
@inline export function lastLanes(n: usize): v128 {
  return tailMask<f32>(((n - 1) & 3) + 1);
}

/** The target of the row at y, any class where it is ignored. */
// @ts-ignore: decorator
@inline function classOf(y: usize, ignored: i32): usize {
  const k = load<i32>(y);
  return k == ignored ? 0 : k;
}

/** Takes the targets' terms out of a group. */
function takeOwn(count: usize, n: usize, y: usize, ignored: i32): void {
  const bytes = n << 2;
  let terms = TERMS;
  for (let row = ROWS, end = ROWS + (count << 2); row < end; row += 4) {
    const own = terms + (classOf(y, ignored) << 2);
    store<u32>(row, load<u32>(own), OWN);
    store<u32>(own, 0);
    y += 4;
    terms += bytes;
  }
}

/** The numbers at the targets of a group: w's, of which a row has the same ones, or with `bytes` x's. */
function takeAt(count: usize, p: usize, bytes: usize, y: usize, ignored: i32, to: usize): void {
  for (const end = to + (count << 2); to < end; to += 4) {
    store<u32>(to, load<u32>(p + (classOf(y, ignored) << 2)));
    y += 4;
    p += bytes;
  }
}

/** The n numbers at p as four sums to be added. `quads`, a literal, is the number of their vectors, or 0 for any. */
// @ts-ignore: decorator
@inline function foldedBy(p: usize, n: usize, quads: i32, last: v128): v128 {
  const end = quads ? <usize>(quads - 1) << 4 : (n - 1) >> 2 << 4;
  let sum = v128.and(v128.load(p + end), last);
  if (quads > 1) sum = f32x4.add(v128.load(p), sum);
  if (quads > 2) sum = f32x4.add(v128.load(p, 16), sum);
  if (!quads) for (let at: usize = 0; at < end; at += 16) sum = f32x4.add(sum, v128.load(p + at));
  return sum;
}

/** The sums of the terms of each row of a group, four rows at a time: behind the last stands what was there before. */
// @ts-ignore: decorator
@inline function sumTermsBy(count: usize, n: usize, quads: i32): void {
  const last = lastLanes(n);
  const bytes = n << 2;
  let terms = TERMS;
  for (let row = ROWS, end = ROWS + (count << 2); row < end; row += 16) {
    const a = foldedBy(terms, n, quads, last);
    terms += bytes;
    const b = foldedBy(terms, n, quads, last);
    terms += bytes;
    const c = foldedBy(terms, n, quads, last);
    terms += bytes;
    const d = foldedBy(terms, n, quads, last);
    terms += bytes;
    v128.store(row, sumsOfLanes(a, b, c, d), SUM);
  }
}

function sumTerms2(count: usize, n: usize): void {
  sumTermsBy(count, n, 2);
}

function sumTerms3(count: usize, n: usize): void {
  sumTermsBy(count, n, 3);
}

function sumTermsAny(count: usize, n: usize): void {
  sumTermsBy(count, n, 0);
}

/** Σ of the logits of each row of a group, one by one: nothing may be read behind the last. */
function sumLogits(count: usize, n: usize, x: usize): void {
  const last = lastLanes(n);
  for (let row = ROWS, end = ROWS + (count << 2); row < end; row += 4) {
    store<f32>(row, <f32>sumLanes<f32>(foldedBy(x, n, 0, last)), LOGITS);
    x += n << 2;
  }
}

/** The terms at p times factor, and without `once` times upstream less q, to dx. */
// @ts-ignore: decorator
@inline function scaled(p: usize, once: bool, factor: v128, upstream: v128, q: v128, dx: usize): void {
  const v = f32x4.mul(v128.load(p), factor);
  v128.store(dx, once ? v : f32x4.sub(f32x4.mul(v, upstream), q));
}

/**
 * Gradients of each row of a group to dx. What is written behind a row is of the next one, which follows, or is put
 * back. `quads` as above: with it there is no smoothing, and one factor does.
 */
// @ts-ignore: decorator
@inline function scaleBy(count: usize, n: usize, quads: i32, dx: usize): void {
  const once = quads > 0;
  const bytes = n << 2;
  const whole = once ? <usize>(quads - 1) << 4 : (n - 1) >> 2 << 4;
  const stop = dx + count * bytes;
  const behind = v128.load(stop);
  let terms = TERMS;
  for (let row = ROWS, end = ROWS + (count << 2); row < end; row += 4) {
    const factor = v128.load32_splat(row, FACTOR);
    const upstream = once ? factor : v128.load32_splat(row, UPSTREAM);
    const q = once ? factor : v128.load32_splat(row, SPREAD);
    if (quads > 1) scaled(terms, once, factor, upstream, q, dx);
    if (quads > 2) scaled(terms + 16, once, factor, upstream, q, dx + 16);
    if (!once) {
      for (let at: usize = 0; at < whole; at += 16) scaled(terms + at, once, factor, upstream, q, dx + at);
    }
    scaled(terms + whole, once, factor, upstream, q, dx + whole);
    terms += bytes;
    dx += bytes;
  }
  v128.store(stop, behind);
}

function scale2(count: usize, n: usize, dx: usize): void {
  scaleBy(count, n, 2, dx);
}

function scale3(count: usize, n: usize, dx: usize): void {
  scaleBy(count, n, 3, dx);
}

function scaleAny(count: usize, n: usize, dx: usize): void {
  scaleBy(count, n, 0, dx);
}

/** The targets' gradients of a group. */
function putTargets(count: usize, n: usize, y: usize, ignored: i32, dx: usize): void {
  for (let row = ROWS, end = ROWS + (count << 2); row < end; row += 4) {
    store<u32>(dx + (classOf(y, ignored) << 2), load<u32>(row, TARGET));
    y += 4;
    dx += n << 2;
  }
}

/** The target's term of row r of the latest group. */
// @ts-ignore: decorator
@inline export function ownOf(r: usize): f64 {
  return load<f32>(ROWS + (r << 2), OWN);
}

/** The sum of the others. */
// @ts-ignore: decorator
@inline export function othersOf(r: usize): f64 {
  return load<f32>(ROWS + (r << 2), SUM);
}

/** Probabilities of the targets of a group whose gradients are there, in the place of those. */
export function putOwn(count: usize, n: usize, y: usize, dx: usize): void {
  for (let row = ROWS, end = ROWS + (count << 2); row < end; row += 4) {
    const own = load<f32>(row, OWN);
    store<f32>(dx + (<usize>load<u32>(y) << 2), own / (own + load<f32>(row, SUM)));
    y += 4;
    dx += n << 2;
  }
}

/** The sums over the lanes of four vectors. */
// @ts-ignore: decorator
@inline function sumsOfLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(i32x4.shuffle(a, b, 0, 4, 1, 5), i32x4.shuffle(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(i32x4.shuffle(c, d, 0, 4, 1, 5), i32x4.shuffle(c, d, 2, 6, 3, 7));
  return f32x4.add(i32x4.shuffle(ab, cd, 0, 1, 4, 5), i32x4.shuffle(ab, cd, 2, 3, 6, 7));
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
    const at = TERMS + (i << 2);
    // Read before the other is stored, and stored last: as in around.ts.
    const x0 = v128.load(p);
    const t1 = hotArgument(v128.load(p, 16), h0);
    const z1 = hotExponent(t1, h0, magic);
    v128.store(at, hotTerm(t1, z1, magic, h1, h2, h3, h4, h5), 16);
    const t0 = hotArgument(x0, h0);
    const z0 = hotExponent(t0, h0, magic);
    v128.store(at, hotTerm(t0, z0, magic, h1, h2, h3, h4, h5));
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
  loss: usize, lse: usize, g: usize, uniform: f64, dx: usize,
): usize {
  const grad = dx != 0;
  const least = held<f32>(HOT_LEAST * hotUnit(0));
  const ownLeast = held<f32>(OWN_LEAST * hotUnit(0));
  const twoLambda = splat<f32>(2 * lambda);
  const smooth = epsilon != 0;
  const spread = splat<f32>(epsilon / <f64>n);
  const kept = splat<f32>(1 - epsilon + epsilon / <f64>n);
  const withLse = lse != 0 || lambda != 0;
  const none = f32x4.splat(0);
  const one = held<f32>(1);
  const same = splat<f32>(uniform);
  const ignoring = i32x4.splat(ignored);
  const most = splat<f32>(SAFE);
  const fewest = splat<f32>(1 / SAFE);
  const quads = (n + 3) >> 2;
  // What nearly every call has. A sum in range is between 10⁻²² and 10¹⁴, so that one factor does.
  const size = Math.abs(uniform);
  const usual = !w && !gamma && !smooth && !withLse && (!grad || (!g && size > 1e-8 && size < 1e8));
  for (let group: usize = 0; group < rows; group += GROUP) {
    const count = min(GROUP, rows - group);
    if (outOfRange<f32>(termsOf(count * n, x), true)) return group;
    takeOwn(count, n, y, ignored);
    if (w) takeAt(count, w, 0, y, ignored, ROWS + WEIGHT);
    if (smooth || withLse) takeAt(count, x, n << 2, y, ignored, ROWS + PEAK);
    if (smooth) sumLogits(count, n, x);
    if (quads == 3) sumTerms3(count, n);
    else if (quads == 2) sumTerms2(count, n);
    else sumTermsAny(count, n);
    // Behind the last row stands what was there before.
    for (let i = count; i & 3; i++) {
      store<f32>(ROWS + (i << 2), 1, OWN);
      store<f32>(ROWS + (i << 2), 1, SUM);
    }
    let once = i32x4.splat(-1);
    let r: usize = 0;
    for (; r < count; r += 4) {
      const left = min(4, count - r);
      const row = ROWS + (r << 2);
      const own = v128.load(row, OWN);
      const others = v128.load(row, SUM);
      const sum = f32x4.add(own, others);
      // Where the exponential is good around 0 only, the others must not lie below.
      const within = hotIsFixed() ? v128.and(f32x4.gt(others, least), f32x4.gt(own, ownLeast)) : f32x4.gt(sum, least);
      if (!i32x4.all_true(within)) break;

      const isIgnored = i32x4.eq(v128.load(y + (r << 2)), ignoring);
      const logS = logOfRatio(sum, own, others);
      if (usual) {
        storeWide(loss + (r << 3), v128.andnot(logS, isIgnored), left);
        if (grad) {
          const factor = f32x4.mul(f32x4.div(one, sum), v128.andnot(same, isIgnored));
          v128.store(row, factor, FACTOR);
          v128.store(row, one, UPSTREAM);
          v128.store(row, none, SPREAD);
          v128.store(row, f32x4.sub(none, f32x4.mul(others, factor)), TARGET);
        }
        continue;
      }
      const weight = v128.andnot(w ? v128.load(row, WEIGHT) : one, isIgnored);
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
      const peak = v128.load(row, PEAK);
      if (smooth) {
        // Σ (z_k − zⱼ) over all classes.
        const sums = v128.load(row, LOGITS);
        value = f32x4.mul(weight, madd<f32>(spread, f32x4.sub(f32x4.mul(f32x4.splat(<f32>n), peak), sums), logS));
      }
      storeWide(loss + (r << 3), value, left);
      let zTerm = none;
      if (withLse) {
        const rowLse = v128.andnot(f32x4.add(logS, peak), isIgnored);
        if (lse) storeWide(lse + (r << 3), rowLse, left);
        zTerm = f32x4.mul(twoLambda, rowLse);
      }
      if (grad) {
        const share = f32x4.add(slope, zTerm);
        // 0·∞ is 0 for rows that do not count.
        let upstream = v128.and(g ? fourUpstream(g + (r << 3)) : same, f32x4.ne(share, none));
        let factor = f32x4.div(share, sum);
        let target = smooth ? f32x4.mul(upstream, f32x4.sub(f32x4.mul(factor, own), f32x4.mul(weight, kept)))
          : v128.and(f32x4.mul(upstream, zTerm), f32x4.ne(zTerm, none));
        // No −0 without smoothing: −0 less that would be 0.
        v128.store(row, f32x4.mul(f32x4.mul(smooth ? upstream : none, weight), spread), SPREAD);
        const product = f32x4.mul(factor, upstream);
        const above = f32x4.gt(f32x4.abs(product), fewest);
        const safe = v128.or(v128.and(f32x4.lt(f32x4.abs(product), most), above), f32x4.eq(upstream, none));
        once = v128.and(once, safe);
        factor = v128.bitselect(product, factor, safe);
        upstream = v128.bitselect(one, upstream, safe);
        // Smoothed, the target is no 1 that p comes near.
        if (!smooth) target = f32x4.sub(target, f32x4.mul(f32x4.mul(others, factor), upstream));
        v128.store(row, factor, FACTOR);
        v128.store(row, upstream, UPSTREAM);
        v128.store(row, target, TARGET);
      }
    }
    const done = min(r, count);
    if (grad && done) {
      if (smooth || !i32x4.all_true(once) || quads < 2 || quads > 3) scaleAny(done, n, dx);
      else if (quads == 3) scale3(done, n, dx);
      else scale2(done, n, dx);
      putTargets(done, n, y, ignored, dx);
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

/** Upstream gradients of four rows; what stands behind the last one is read as well. */
// @ts-ignore: decorator
@inline function fourUpstream(g: usize): v128 {
  const low = f32x4.demote_f64x2_zero(v128.load(g));
  return i32x4.shuffle(low, f32x4.demote_f64x2_zero(v128.load(g, 16)), 0, 1, 4, 5);
}
