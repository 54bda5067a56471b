import {
  BLOCK, add, computeSize, eq, excludeOne, first, firstLane, lanes, loadLanes, loadOne, loadTail, maxLanes, mul, pmax,
  restoreOne, splat, storeOne, storeTail, sub, sumLanes,
} from "./lanes";
import { expConstant, expScale, expScaled, expScaledOnce } from "./exp";
import { log1p } from "./log";
import { CAPPED, PLAIN, SCALED, belowPeak, inner } from "./logits";

// lse(z) = m + ln Σ e^{zⱼ − m},  m = max z.
//
// The maximum's own term, exactly 1, stays out of the sum: with u = Σ_{j ≠ k} e^{zⱼ − m}, k the place of the maximum,
// the logarithm is ln(1 + u) and 1 − p_k = u/(1 + u). Both keep their relative accuracy when one class takes nearly
// all, where 1 + u, rounded, would have lost it.
//
// A row whose maximum is ±∞ or NaN has no softmax: m becomes NaN and everything that follows from it.

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
      a = pmax<T>(a, pmax<T>(loadLanes<T>(p), loadLanes<T>(p + step * size)));
      b = pmax<T>(b, pmax<T>(loadLanes<T>(p + 2 * step * size), loadLanes<T>(p + 3 * step * size)));
    }
    for (; i < stop; i += step) a = pmax<T>(a, loadLanes<T>(x + i * size));
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
    const found = eq<T>(loadLanes<T>(x + i * size), sought);
    if (v128.any_true(found)) return i + firstLane<T>(found);
  }
  return 0;
}

/**
 * u = Σ_{j ≠ k} EXP_SCALE·e^{zⱼ − max z}, k the place of the maximum and m its peak (logits.ts); m NaN makes it NaN.
 *
 * With `keep` the terms are also stored at dx, that of k as EXP_SCALE. dx may be x.
 */
// @ts-ignore: decorator
@inline function sumExpRowBy<T>(
  x: usize, n: usize, k: usize, m: f64, mode: i32, scale: f64, cap: f64, keep: bool, dx: usize,
): f64 {
  const size = sizeof<T>();
  const out = computeSize<T>();
  const step = lanes<T>();
  const whole = n - (n % step);
  const c0 = expConstant<T>(0), c1 = expConstant<T>(1), c2 = expConstant<T>(2), c3 = expConstant<T>(3);
  const c4 = expConstant<T>(4), c5 = expConstant<T>(5), c6 = expConstant<T>(6), c7 = expConstant<T>(7);
  const c8 = expConstant<T>(8), c9 = expConstant<T>(9);
  const factor = inner<T>(mode, scale, cap);
  const capV = splat<T>(cap);
  const mV = splat<T>(m);
  const none = splat<T>(-Infinity);
  const saved = excludeOne<T>(x + k * size);
  let total: f64 = 0;
  let i: usize = 0;
  while (i < whole) {
    let a = splat<T>(0);
    let b = splat<T>(0);
    const stop = min(i + BLOCK * step, whole);
    // Two vectors at a time hide the latency of the polynomial, where there is no tanh to do so.
    for (; mode != CAPPED && i + 2 * step <= stop; i += 2 * step) {
      const p = x + i * size;
      const z0 = belowPeak<T>(loadLanes<T>(p), mode, factor, capV, mV);
      const z1 = belowPeak<T>(loadLanes<T>(p + step * size), mode, factor, capV, mV);
      const e0 = expScaled<T>(z0, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9);
      const e1 = expScaled<T>(z1, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9);
      a = add<T>(a, e0);
      b = add<T>(b, e1);
      if (keep) {
        v128.store(dx + i * out, e0);
        v128.store(dx + (i + step) * out, e1);
      }
    }
    for (; i < stop; i += step) {
      const z = belowPeak<T>(loadLanes<T>(x + i * size), mode, factor, capV, mV);
      const e = expScaled<T>(z, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9);
      a = add<T>(a, e);
      if (keep) v128.store(dx + i * out, e);
    }
    total += sumLanes<T>(add<T>(a, b));
  }
  if (i < n) {
    const z = belowPeak<T>(loadTail<T>(x + i * size, n - i, none), mode, factor, capV, mV);
    const e = expScaled<T>(z, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9);
    // Filled lanes are 0, or NaN when m is: then the sum is NaN anyway.
    total += sumLanes<T>(e);
    if (keep) storeTail<T>(dx + i * out, n - i, e);
  }
  restoreOne<T>(x + k * size, saved);
  if (keep) storeOne<T>(dx + k * out, isNaN(m) ? NaN : expScale<T>());
  return total;
}

// A row of few classes: no blocks, no search for the place, and the caller holds the constants over all rows. All
// elements that equal the maximum stay out of the sum by comparison, and the surplus ones are counted in.

/** Rows of up to this many classes go this way. */
// @ts-ignore: decorator
@inline export const FEW: usize = 32;

/** The largest element, NaN passed over; −∞ when there is nothing else. */
// @ts-ignore: decorator
@inline export function maxOfFew<T>(x: usize, n: usize): f64 {
  const step = lanes<T>();
  const none = splat<T>(-Infinity);
  let max = none;
  let i: usize = 0;
  for (; i + step <= n; i += step) max = pmax<T>(max, loadLanes<T>(x + i * sizeof<T>()));
  if (i < n) max = pmax<T>(max, loadTail<T>(x + i * sizeof<T>(), n - i, none));
  return maxLanes<T>(max);
}

/** As {@link sumExpRow}, with `keep` as {@link sumExpStoreRow}; c0…c9 are the constants of the exponential. */
// @ts-ignore: decorator
@inline export function sumExpOfFew<T>(
  x: usize, n: usize, m: f64, factor: v128, keep: bool, dx: usize,
  c0: v128, c1: v128, c2: v128, c3: v128, c4: v128, c5: v128, c6: v128, c7: v128, c8: v128, c9: v128,
): f64 {
  const size = sizeof<T>();
  const out = computeSize<T>();
  const step = lanes<T>();
  const none = splat<T>(-Infinity);
  const zero = splat<T>(0);
  const one = splat<T>(1);
  const mV = splat<T>(m);
  let sum: f64 = 0;
  let equal = zero;
  let i: usize = 0;
  for (; i + step <= n; i += step) {
    const z = mul<T>(sub<T>(loadLanes<T>(x + i * size), mV), factor);
    const e = expScaled<T>(z, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9);
    const top = eq<T>(z, zero);
    sum += sumLanes<T>(v128.andnot(e, top));
    equal = add<T>(equal, v128.and(one, top));
    if (keep) v128.store(dx + i * out, e);
  }
  if (i < n) {
    const z = mul<T>(sub<T>(loadTail<T>(x + i * size, n - i, none), mV), factor);
    const e = expScaled<T>(z, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9);
    const top = eq<T>(z, zero);
    sum += sumLanes<T>(v128.andnot(e, top));
    equal = add<T>(equal, v128.and(one, top));
    if (keep) storeTail<T>(dx + i * out, n - i, e);
  }
  return sum + (sumLanes<T>(equal) - 1) * expScale<T>();
}

export function sumExpRow<T>(x: usize, n: usize, k: usize, m: f64): f64 {
  return sumExpRowBy<T>(x, n, k, m, PLAIN, 1, 0, false, 0);
}

export function sumExpStoreRow<T>(x: usize, n: usize, k: usize, m: f64, dx: usize): f64 {
  return sumExpRowBy<T>(x, n, k, m, PLAIN, 1, 0, true, dx);
}

export function sumExpGeneralRow<T>(
  x: usize, n: usize, k: usize, m: f64, mode: i32, scale: f64, cap: f64, keep: bool, dx: usize,
): f64 {
  return mode == SCALED
    ? sumExpRowBy<T>(x, n, k, m, SCALED, scale, cap, keep, dx)
    : sumExpRowBy<T>(x, n, k, m, CAPPED, scale, cap, false, dx);
}

/**
 * Whether all other classes lie at least 30 below the maximum. Then x − m, rounded to float32, is off by up to half an
 * ulp of 32 or more, which is all there is to see in 1 − p. An ordinary row is told from its first elements.
 */
// @ts-ignore: decorator
@inline export function isCertain<T>(x: usize, n: usize, peak: f64, scale: f64): bool {
  let maxima = 0;
  for (let i: usize = 0; i < n; i++) {
    const z = scale * (loadOne<T>(x + i * sizeof<T>()) - peak);
    if (z > -30 && (z != 0 || ++maxima > 1)) return false;
  }
  return true;
}

/** {@link sumExpRow} in float64 for such a row; with `keep` as {@link sumExpStoreRow}. */
export function sumExpOfCertainRow<T>(x: usize, n: usize, peak: f64, scale: f64, keep: bool, dx: usize): f64 {
  let total: f64 = 0;
  for (let i: usize = 0; i < n; i++) {
    const z = scale * (loadOne<T>(x + i * sizeof<T>()) - peak);
    const e = z == 0 ? 1 : first<f64>(expScaledOnce<f64>(f64x2.splat(z)));
    if (z != 0) total += e;
    if (keep) storeOne<T>(dx + i * computeSize<T>(), e * expScale<T>());
  }
  return total * expScale<T>();
}

/** e^{z} of one value, rounded as in the vector loops. */
// @ts-ignore: decorator
@inline export function expOne<T>(z: f64): f64 {
  return first<T>(expScaledOnce<T>(splat<T>(z))) * (1 / expScale<T>());
}

/** m as the row kernels use it: NaN where the row has no softmax. */
// @ts-ignore: decorator
@inline export function finiteOrNaN(m: f64): f64 {
  return m - m == 0 ? m : NaN;
}

function hasNaN<T>(x: usize, n: usize): bool {
  for (let i: usize = 0; i < n; i++) {
    const v = loadOne<T>(x + i * sizeof<T>());
    if (v != v) return true;
  }
  return false;
}

/** lse of each row: −∞ without classes or with nothing but −∞, +∞ where a logit is, NaN where one is NaN. */
// @ts-ignore: decorator
@inline export function logSumExpRows<T>(rows: usize, n: usize, x: usize, lse: usize): void {
  for (let r: usize = 0; r < rows; r++, x += n * sizeof<T>(), lse += 8) {
    if (n == 0) {
      store<f64>(lse, -Infinity);
      continue;
    }
    const k = argmaxRow<T>(x, n);
    const m = loadOne<T>(x + k * sizeof<T>());
    if (m - m == 0) store<f64>(lse, m + log1p<T>(sumExpRow<T>(x, n, k, m) / expScale<T>()));
    else store<f64>(lse, hasNaN<T>(x, n) ? NaN : m);
  }
}
