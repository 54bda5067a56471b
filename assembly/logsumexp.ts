import {
  BLOCK, add, eq, first, firstLane, held, lanes, loadOne, loadTail, maxLanes, pmax, replaceOne,
  restoreOne, splat, storeTail, sumLanes, tailOf,
} from "./lanes";
import {
  HOT_FAR, HOT_LEAST, expConstant, expFloor, expMagic, expScale, expScaled, expScaledAt, expScaledOnce,
  expShift, exponent, hotArgument, hotConstant, hotExponent, hotIsFixed, hotMagic, hotNegligible, hotTerm, hotTermOf,
  hotUnit, nothingSeen, outOfRange,
} from "./exp";
import {
  SHORT, factorBefore, hasOffset, offsetBefore, offsetIsFree, scaleBefore, scaleBoth, scaleRest, setSumBefore,
} from "./gradient";
import { CAPPED, SCALED, belowPeak, inner } from "./logits";

// lse(z) = z_k + ln(1 + u),  u = Σ_{j ≠ k} e^{zⱼ − z_k},  k one of the classes.
//
// The term of k, exactly 1, stays out of the sum: the logarithm ln(1 + u) and 1 − p_k = u/(1 + u) keep their relative
// accuracy when k takes nearly all, where 1 + u, rounded, would have lost it.
//
// Of logits as they are, e^{zⱼ} needs no maximum subtracted to be accurate (exp.ts), only to be in range. So k is the
// target, and the row is read once; what is out of range shows, and then the row is read again: with what lies far
// below k raised to where its term is 0, which is what masks of −∞ need, and if that does not do, because something
// lies far above k or k itself is not finite, with k the place of the maximum.
//
// A row whose maximum is ±∞ or NaN has no softmax: u becomes NaN and everything that follows from it.

/** Vectors that are searched again for the place of the maximum. */
// @ts-ignore: decorator
@inline const SEARCHED: usize = 64;

/**
 * Index of the largest element of a row of n ≥ 1, NaN passed over; 0 when there is nothing but −∞ and NaN.
 *
 * Each block gives its maximum, so that the place is sought in one block only.
 */
export function argmaxRow<T>(x: usize, n: usize): usize {
  const size = sizeof<T>();
  const step = lanes<T>();
  const whole = n - (n % step);
  const none = splat<T>(-Infinity);
  let best = -Infinity;
  let blockOfBest: usize = 0;
  let i: usize = 0;
  while (i < n) {
    const block = i;
    const stop = min(i + SEARCHED * step, whole);
    let a = none;
    let b = none;
    for (; i + 4 * step <= stop; i += 4 * step) {
      const p = x + i * size;
      a = pmax<T>(a, pmax<T>(v128.load(p), v128.load(p + step * size)));
      b = pmax<T>(b, pmax<T>(v128.load(p + 2 * step * size), v128.load(p + 3 * step * size)));
    }
    for (; i < stop; i += step) a = pmax<T>(a, v128.load(x + i * size));
    if (i == whole && i < n) {
      b = pmax<T>(b, loadTail<T>(x + i * size, n - i, none));
      i = n;
    }
    const top = maxLanes<T>(pmax<T>(a, b));
    if (top > best) {
      best = top;
      blockOfBest = block;
    }
  }
  if (best == -Infinity) return 0;
  const sought = splat<T>(best);
  // The last vector may reach over the end of the row; the maximum before it is found first.
  for (i = blockOfBest; i < n; i += step) {
    const found = eq<T>(v128.load(x + i * size), sought);
    if (v128.any_true(found)) return i + firstLane<T>(found);
  }
  return 0;
}

/** A sum of sums: in a register it would cost the loop one. */
const PARTS: usize = memory.data(16, 16);

/**
 * Rows of more classes are read as two halves side by side: where a processor stops prefetching at the end of a page,
 * the other half goes on meanwhile. Of shorter rows each would begin a stream that has to be recognised anew; read from
 * end to end, all of them are one.
 */
// @ts-ignore: decorator
@inline export const LONG: usize = 65536;

/** One more mode. */
// @ts-ignore: decorator
@inline const AROUND: i32 = -1;

/** z less what it is taken around but for a shift, unless `hot` raised to what is negligible. */
// @ts-ignore: decorator
@inline function argument<T>(
  x: v128, mode: i32, factor: v128, cap: v128, peak: v128, hot: bool, floor: v128,
): v128 {
  const z = mode == AROUND ? x : belowPeak<T>(x, mode, factor, cap, peak);
  return hot ? z : pmax<T>(z, floor);
}

/**
 * Σ_{j ≠ k} EXP_SCALE·e^{zⱼ}/unit, of which k is left out: its logit is replaced by one whose term is below all that
 * counts, and put back. The unit depends on the mode:
 *
 * AROUND, a literal: z = x and 2^by, `by` an integer. NaN when a term is out of range: above always, below where `hot`,
 * whose exponential is the hot loops'.
 * SCALED, of plain logits too, and CAPPED: e^by, `by` the peak (logits.ts) of the maximum; not hot. NaN where it is.
 *
 * With `keep` the terms are also stored at `terms`, that of k as 0 or next to it; a row given up leaves anything there.
 * With `scaling` the row before is scaled on the way, its terms at `from` to `to` as {@link setBefore} was told, with q
 * where there is an `offset`: a loop over terms has room for that, and one of its own would begin by waiting for their
 * sum. With `halves` those of the row are read side by side: LONG.
 * `mode`, `hot`, `scaling`, `offset` and `halves` are literals, and `keep` of hot rows.
 */
// @ts-ignore: decorator
@inline function sumExpRowBy<T>(
  x: usize, n: usize, k: usize, by: f64, mode: i32, scale: f64, cap: f64, hot: bool, keep: bool, terms: usize,
  scaling: bool, offset: bool, from: usize, to: usize, halves: bool,
): f64 {
  const size = sizeof<T>();
  const step = lanes<T>();
  const shift = mode == AROUND ? by : 0;
  const magic = held<T>(hot ? hotMagic(shift) : expMagic<T>(shift));
  const floor = held<T>(expFloor<T>(shift));
  const c0 = expConstant<T>(0), c1 = expConstant<T>(1), c2 = expConstant<T>(2), c3 = expConstant<T>(3);
  const c4 = expConstant<T>(4), c5 = expConstant<T>(5), c6 = expConstant<T>(6);
  const h0 = hotConstant(0), h1 = hotConstant(1), h2 = hotConstant(2), h3 = hotConstant(3), h4 = hotConstant(4);
  const h5 = hotConstant(5);
  const factor = inner<T>(mode, scale, cap);
  const capV = splat<T>(cap);
  const peak = splat<T>(by);
  const nothing = hot ? hotNegligible(shift) : -Infinity;
  const saved = replaceOne<T>(x + k * size, nothing);
  let total: f64 = 0;
  let others: f64 = 0;
  let i: usize = 0;
  let seen = nothingSeen<T>();
  if (sizeof<T>() != 8 && mode != CAPPED) {
    // What is not finite is out of range, or raised.
    const whole = n - n % (2 * step);
    const pair = halves ? step : 2 * step;
    const end = halves ? whole / 2 : whole;
    const apart = end * size;
    while (i < end) {
      let a = splat<T>(0);
      if (scaling) v128.store(PARTS, a);
      for (const stop = min(i + BLOCK * pair, end); i < stop; ) {
        let c = splat<T>(0);
        for (const short = scaling ? min(i + SHORT * pair, stop) : stop; i < short; i += pair) {
          const at = i * size;
          const x0 = argument<T>(v128.load(x + at), mode, factor, capV, peak, hot, floor);
          const t0 = hot ? hotArgument(x0, h0) : x0;
          const z0 = hot ? hotExponent(t0, h0, magic) : exponent<T>(x0, c0, magic);
          const e0 = hot ? hotTerm(t0, z0, magic, h1, h2, h3, h4, h5)
            : expScaled<T>(x0, z0, magic, c1, c2, c3, c4, c5, c6);
          if (keep) v128.store(terms + at, e0);
          const next = halves ? v128.load(x + at + apart) : v128.load(x + at, 16);
          const x1 = argument<T>(next, mode, factor, capV, peak, hot, floor);
          const t1 = hot ? hotArgument(x1, h0) : x1;
          const z1 = hot ? hotExponent(t1, h0, magic) : exponent<T>(x1, c0, magic);
          const e1 = hot ? hotTerm(t1, z1, magic, h1, h2, h3, h4, h5)
            : expScaled<T>(x1, z1, magic, c1, c2, c3, c4, c5, c6);
          if (keep) {
            if (halves) v128.store(terms + at + apart, e1);
            else v128.store(terms + at, e1, 16);
          }
          a = add<T>(a, add<T>(e0, e1));
          if (scaling) {
            const both = scaleBoth<T>(from + at, to + at, factorBefore(), offset, offsetBefore());
            if (offsetIsFree() || !offset) c = add<T>(c, both);
          }
          if (mode == AROUND) seen = v128.or(v128.or(seen, z0), z1);
        }
        if (scaling) v128.store(PARTS, add<T>(v128.load(PARTS), c));
      }
      total += sumLanes<T>(a);
      if (scaling) others += sumLanes<T>(v128.load(PARTS));
      // Not at the end only: what is given up should be given up early.
      if (mode == AROUND && !scaling && outOfRange<T>(seen, hot)) {
        restoreOne<T>(x + k * size, saved);
        return NaN;
      }
    }
    i = whole;
  }
  const none = held<T>(nothing);
  while (i < n) {
    let a = splat<T>(0);
    for (const stop = min(i + (sizeof<T>() == 8 ? BLOCK : BLOCK / 4) * step, n); i < stop; i += step) {
      const left = n - i;
      let x0 = left < step ? loadTail<T>(x + i * size, left, none) : v128.load(x + i * size);
      x0 = argument<T>(x0, mode, factor, capV, peak, hot, floor);
      const t0 = hot ? hotArgument(x0, h0) : x0;
      const z0 = hot ? hotExponent(t0, h0, magic) : exponent<T>(x0, c0, magic);
      const e0 = hot ? hotTerm(t0, z0, magic, h1, h2, h3, h4, h5)
        : expScaled<T>(x0, z0, magic, c1, c2, c3, c4, c5, c6);
      if (mode == AROUND) seen = v128.or(seen, z0);
      // What fills the last vector counts nothing, or NaN when the peak is: then the sum is NaN anyway.
      a = add<T>(a, e0);
      if (keep) {
        if (left < step) storeTail<T>(terms + i * size, left, e0);
        else v128.store(terms + i * size, e0);
      }
    }
    total += sumLanes<T>(a);
    if (mode == AROUND && !scaling && outOfRange<T>(seen, hot)) break;
  }
  if (scaling) setSumBefore(others + scaleRest<T>(from, to, n, factorBefore(), offset, offsetBefore()));
  restoreOne<T>(x + k * size, saved);
  return mode == AROUND && outOfRange<T>(seen, hot) ? NaN : total;
}

// What is met with of it, as functions. Only rows that are computed in float32 are read as fast as can be.

function sumExpPlainRow(x: usize, n: usize, k: usize, shift: f64): f64 {
  return sumExpRowBy<f32>(x, n, k, shift, AROUND, 1, 0, true, false, 0, false, false, 0, 0, false);
}

function sumExpPlainLongRow(x: usize, n: usize, k: usize, shift: f64): f64 {
  return sumExpRowBy<f32>(x, n, k, shift, AROUND, 1, 0, true, false, 0, false, false, 0, 0, true);
}

function sumExpStoreRow(x: usize, n: usize, k: usize, shift: f64, terms: usize): f64 {
  return sumExpRowBy<f32>(x, n, k, shift, AROUND, 1, 0, true, true, terms, false, false, 0, 0, false);
}

function sumExpStoreLongRow(x: usize, n: usize, k: usize, shift: f64, terms: usize): f64 {
  return sumExpRowBy<f32>(x, n, k, shift, AROUND, 1, 0, true, true, terms, false, false, 0, 0, true);
}

function sumExpScaleRow(x: usize, n: usize, k: usize, shift: f64, terms: usize, from: usize, to: usize): f64 {
  return sumExpRowBy<f32>(x, n, k, shift, AROUND, 1, 0, true, true, terms, true, offsetIsFree(), from, to, false);
}

function sumExpOffsetRow(x: usize, n: usize, k: usize, shift: f64, terms: usize, from: usize, to: usize): f64 {
  return sumExpRowBy<f32>(x, n, k, shift, AROUND, 1, 0, true, true, terms, true, true, from, to, false);
}

function sumExpClampedRow<T>(x: usize, n: usize, k: usize, shift: f64, keep: bool, terms: usize): f64 {
  return sumExpRowBy<T>(x, n, k, shift, AROUND, 1, 0, false, keep, terms, false, false, 0, 0, false);
}

function sumExpBelowRow<T>(x: usize, n: usize, k: usize, peak: f64, scale: f64, keep: bool, terms: usize): f64 {
  return sumExpRowBy<T>(x, n, k, peak, SCALED, scale, 0, false, keep, terms, false, false, 0, 0, false);
}

/** Σ xⱼ of a float32 row. */
export function sumRow(x: usize, n: usize): f64 {
  let total: f64 = 0;
  let i: usize = 0;
  while (i + 32 <= n) {
    let a = f32x4.splat(0), b = a, c = a, d = a;
    for (const stop = min(i + 8 * BLOCK, n); i + 32 <= stop; i += 32) {
      const p = x + (i << 2);
      a = f32x4.add(a, f32x4.add(v128.load(p), v128.load(p, 16)));
      b = f32x4.add(b, f32x4.add(v128.load(p, 32), v128.load(p, 48)));
      c = f32x4.add(c, f32x4.add(v128.load(p, 64), v128.load(p, 80)));
      d = f32x4.add(d, f32x4.add(v128.load(p, 96), v128.load(p, 112)));
    }
    total += sumLanes<f32>(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
  }
  let rest = f32x4.splat(0);
  for (; i + 4 <= n; i += 4) rest = f32x4.add(rest, v128.load(x + (i << 2)));
  if (i < n) rest = f32x4.add(rest, tailOf<f32>(v128.load(x + (i << 2)), n - i));
  return total + sumLanes<f32>(rest);
}

/** What is known of the latest row. */
const ROW: usize = memory.data(16, 16);

/** u of the latest row, NaN when the row has no softmax. */
// @ts-ignore: decorator
@inline export function rowU(): f64 {
  return load<f64>(ROW);
}

/** What the terms that it stored are e^{zⱼ − z_k} times of. */
// @ts-ignore: decorator
@inline export function rowUnit(): f64 {
  return load<f64>(ROW, 8);
}

/** Says of the latest row that its terms add up to `scaled`. Returns u. */
function summed(scaled: f64, unit: f64): f64 {
  const u = scaled / unit;
  store<f64>(ROW, u);
  store<f64>(ROW, unit, 8);
  return u;
}

/** Above it probabilities of ordinary rows would be lost in the factor 1/(1 + u), a float32. */
// @ts-ignore: decorator
@inline export const MOST: f64 = 1e17;
/** Below it what stood in for k would count. */
// @ts-ignore: decorator
@inline const LEAST: f64 = 1e-15;
/** Up to here k may lie without a loss of accuracy; beyond it, differences of logits that matter are exact. */
// @ts-ignore: decorator
@inline const FAR: f64 = 350;

/** {@link rowU} of a row around the maximum at k, `peak` its peak (logits.ts). No terms under a soft cap. */
// @ts-ignore: decorator
@inline export function sumExpGeneralRow<T>(
  x: usize, n: usize, k: usize, peak: f64, mode: i32, scale: f64, cap: f64, keep: bool, terms: usize,
): void {
  const sum = mode == CAPPED
    ? sumExpRowBy<T>(x, n, k, peak, CAPPED, scale, cap, false, false, 0, false, false, 0, 0, false)
    : sumExpBelowRow<T>(x, n, k, peak, scale, keep, terms);
  summed(sum, expScale<T>());
}

/**
 * {@link rowU} of a row of plain logits around k, if nothing is out of range. Stores the terms with `keep`. With `from`
 * the row before is scaled meanwhile, whatever becomes of this one.
 */
// @ts-ignore: decorator
@inline export function sumExpRowAround<T>(
  x: usize, n: usize, k: usize, keep: bool, terms: usize, from: usize, to: usize,
): bool {
  const at = loadOne<T>(x + k * sizeof<T>());
  const fixed = sizeof<T>() != 8 && hotIsFixed();
  if (!(abs<f64>(at) <= (fixed ? HOT_FAR : FAR))) {
    if (from) scaleBefore(from, to, n);
    return false;
  }
  const by = fixed ? 0 : expShift(at);
  let scaled: f64;
  if (sizeof<T>() == 8) scaled = sumExpClampedRow<T>(x, n, k, by, keep, terms);
  else if (n > LONG) scaled = keep ? sumExpStoreLongRow(x, n, k, by, terms) : sumExpPlainLongRow(x, n, k, by);
  else if (!keep) scaled = sumExpPlainRow(x, n, k, by);
  else if (!from) scaled = sumExpStoreRow(x, n, k, by, terms);
  else if (!offsetIsFree() && hasOffset()) scaled = sumExpOffsetRow(x, n, k, by, terms, from, to);
  else scaled = sumExpScaleRow(x, n, k, by, terms, from, to);
  // The unit is rounded as the terms are: equal logits stay equal.
  const atV = splat<T>(at);
  const u = summed(scaled, first<T>(sizeof<T>() == 8 ? expScaledAt<T>(atV, by) : hotTermOf(atV, by)));
  return u < MOST && (sizeof<T>() == 8 || (fixed ? scaled > HOT_LEAST * hotUnit(by) : u > LEAST));
}

/**
 * {@link rowU} of a row of plain logits around k, or where that is out of range around the maximum. Returns the place
 * it took. Stores the terms with `keep`. With `tried` {@link sumExpRowAround} has said no.
 */
export function sumExpRow<T>(
  x: usize, n: usize, k: usize, keep: bool, terms: usize, tried: bool,
): usize {
  if (!tried && sumExpRowAround<T>(x, n, k, keep, terms, 0, 0)) return k;
  const at = loadOne<T>(x + k * sizeof<T>());
  // Of float64 that was done at once.
  if (sizeof<T>() != 8 && abs<f64>(at) <= FAR) {
    const shift = expShift(at);
    const scaled = sumExpClampedRow<T>(x, n, k, shift, keep, terms);
    if (summed(scaled, first<T>(expScaledAt<T>(splat<T>(at), shift))) < MOST) return k;
  }
  return sumExpRowOfMaximum<T>(x, n, keep, terms);
}

/** The same around the maximum. */
function sumExpRowOfMaximum<T>(x: usize, n: usize, keep: bool, terms: usize): usize {
  const k = argmaxRow<T>(x, n);
  const peak = finiteOrNaN(loadOne<T>(x + k * sizeof<T>()));
  summed(sumExpBelowRow<T>(x, n, k, peak, 1, keep, terms), expScale<T>());
  return k;
}

/** e^{z} of one value, rounded as in the vector loops. */
export function expOne<T>(z: f64): f64 {
  return first<T>(expScaledOnce<T>(splat<T>(z))) * (1 / expScale<T>());
}

/** m as the row kernels use it: NaN where the row has no softmax. */
export function finiteOrNaN(m: f64): f64 {
  return m - m == 0 ? m : NaN;
}
