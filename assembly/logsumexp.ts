import {
  BLOCK, add, eq, first, firstLane, lanes, loadOne, loadTail, maxLanes, pmax, splat, sumLanes, tailOf,
} from "./lanes";
import {
  HOT_FAR, HOT_LEAST, expScale, expScaledAt, expScaledOnce, expShift, hotIsFixed, hotTermOf, hotUnit,
} from "./exp";
import {
  sumExpBelowRow, sumExpClampedRow, sumExpOffsetRow, sumExpPlainRow, sumExpRowBy, sumExpScaleRow, sumExpStoreRow,
} from "./around";
import { hasOffset, offsetIsFree, scaleBefore } from "./gradient";
import { CAPPED } from "./logits";

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

/** Σ xⱼ of a float32 row. */
export function sumRow(x: usize, n: usize): f64 {
  let total: f64 = 0;
  let i: usize = 0;
  while (i + 32 <= n) {
    let a = f32x4.splat(0), b = a, c = a, d = a;
    for (const stop = min(i + 32 * BLOCK, n); i + 32 <= stop; i += 32) {
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
    ? sumExpRowBy<T>(x, n, k, peak, CAPPED, scale, cap, false, false, 0, false, false, 0, 0)
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
