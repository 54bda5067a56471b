import {
  BLOCK, add, held, heldPair, lanes, loadTail, pmax, replaceOne, restoreOne, splat, storeTail, sumLanes, sumPair,
} from "./lanes";
import {
  expConstant, expFloor, expMagic, expScaled, exponent, hotArgument, hotConstant, hotExponent, hotMagic, hotNegligible,
  hotTerm, nothingSeen, outOfRange, pairOutOfRange,
} from "./exp";
import { factorBefore, offsetBefore, offsetIsFree, scaleBoth, scaleRest } from "./gradient";
import { CAPPED, SCALED, belowPeak, inner } from "./logits";

// The loops over the logits of a row, around one of them: which, and what their sums become, is in logsumexp.ts.

/** Whether every other vector has a sum of its own, for engines that make one of 256 bits of two: they all fuse. */
// @ts-ignore: decorator
@inline const JOINED: bool = ASC_FEATURE_RELAXED_SIMD;

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
 * where there is an `offset`: a loop over terms has room for that, and one of its own would wait for their sum first.
 * `mode`, `hot`, `scaling` and `offset` are literals, and `keep` of hot rows.
 */
// @ts-ignore: decorator
@inline export function sumExpRowBy<T>(
  x: usize, n: usize, k: usize, by: f64, mode: i32, scale: f64, cap: f64, hot: bool, keep: bool, terms: usize,
  scaling: bool, offset: bool, from: usize, to: usize,
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
  let i: usize = 0;
  // Of every other vector, and of the last ones.
  let seen = nothingSeen<T>(), seen1 = seen, seenLast = seen;
  if (sizeof<T>() != 8 && mode != CAPPED) {
    // What is not finite is out of range, or raised.
    const whole = n - n % (2 * step);
    const pair = heldPair();
    while (i < whole) {
      let a = splat<T>(0), b = a;
      for (const stop = min(i + 4 * BLOCK * step, whole); i < stop; i += 2 * step) {
        const at = i * size;
        // For the same engines both are read before one is stored, and the lower one is stored last.
        const x0 = argument<T>(v128.load(x + at), mode, factor, capV, peak, hot, floor);
        const x1 = argument<T>(v128.load(x + at, 16), mode, factor, capV, peak, hot, floor);
        const t1 = hot ? hotArgument(x1, h0) : x1;
        const z1 = hot ? hotExponent(t1, h0, magic) : exponent<T>(x1, c0, magic);
        const e1 = hot ? hotTerm(t1, z1, magic, h1, h2, h3, h4, h5)
          : expScaled<T>(x1, z1, magic, c1, c2, c3, c4, c5, c6);
        if (keep) v128.store(terms + at, e1, 16);
        if (JOINED) {
          b = add<T>(b, e1);
          // Else there would be a register too few.
          if (mode == AROUND && !keep) seen1 = v128.or(seen1, z1);
        }
        const t0 = hot ? hotArgument(x0, h0) : x0;
        const z0 = hot ? hotExponent(t0, h0, magic) : exponent<T>(x0, c0, magic);
        const e0 = hot ? hotTerm(t0, z0, magic, h1, h2, h3, h4, h5)
          : expScaled<T>(x0, z0, magic, c1, c2, c3, c4, c5, c6);
        if (keep) v128.store(terms + at, e0);
        a = add<T>(a, JOINED ? e0 : add<T>(e0, e1));
        if (scaling) scaleBoth<T>(from + at, to + at, factorBefore(), offset, offsetBefore());
        if (mode == AROUND) seen = v128.or(seen, JOINED && !keep ? z0 : v128.or(z0, z1));
      }
      total += JOINED ? sumPair<T>(a, b, pair) : sumLanes<T>(a);
      // Not at the end only: what is given up should be given up early.
      if (mode == AROUND && !scaling && pairOutOfRange<T>(seen, seen1, hot)) {
        restoreOne<T>(x + k * size, saved);
        return NaN;
      }
    }
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
      if (mode == AROUND) seenLast = v128.or(seenLast, z0);
      // What fills the last vector counts nothing, or NaN when the peak is: then the sum is NaN anyway.
      a = add<T>(a, e0);
      if (keep) {
        if (left < step) storeTail<T>(terms + i * size, left, e0);
        else v128.store(terms + i * size, e0);
      }
    }
    total += sumLanes<T>(a);
    if (mode == AROUND && !scaling && outOfRange<T>(seenLast, hot)) break;
  }
  if (scaling) scaleRest<T>(from, to, n, n - n % (2 * step), factorBefore(), offset, offsetBefore());
  restoreOne<T>(x + k * size, saved);
  if (mode == AROUND && (pairOutOfRange<T>(seen, seen1, hot) || outOfRange<T>(seenLast, hot))) return NaN;
  return total;
}

// What is met with of it, as functions. Only rows that are computed in float32 are read as fast as can be.

export function sumExpPlainRow(x: usize, n: usize, k: usize, shift: f64): f64 {
  return sumExpRowBy<f32>(x, n, k, shift, AROUND, 1, 0, true, false, 0, false, false, 0, 0);
}

export function sumExpStoreRow(x: usize, n: usize, k: usize, shift: f64, terms: usize): f64 {
  return sumExpRowBy<f32>(x, n, k, shift, AROUND, 1, 0, true, true, terms, false, false, 0, 0);
}

export function sumExpScaleRow(x: usize, n: usize, k: usize, shift: f64, terms: usize, from: usize, to: usize): f64 {
  return sumExpRowBy<f32>(x, n, k, shift, AROUND, 1, 0, true, true, terms, true, offsetIsFree(), from, to);
}

export function sumExpOffsetRow(x: usize, n: usize, k: usize, shift: f64, terms: usize, from: usize, to: usize): f64 {
  return sumExpRowBy<f32>(x, n, k, shift, AROUND, 1, 0, true, true, terms, true, true, from, to);
}

export function sumExpClampedRow<T>(x: usize, n: usize, k: usize, shift: f64, keep: bool, terms: usize): f64 {
  return sumExpRowBy<T>(x, n, k, shift, AROUND, 1, 0, false, keep, terms, false, false, 0, 0);
}

export function sumExpBelowRow<T>(x: usize, n: usize, k: usize, peak: f64, scale: f64, keep: bool, terms: usize): f64 {
  return sumExpRowBy<T>(x, n, k, peak, SCALED, scale, 0, false, keep, terms, false, false, 0, 0);
}
