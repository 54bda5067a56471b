import { first, lanes, madd, mul, nmadd, splat, storeTail, sub } from "./lanes";
import { expScaledOnce } from "./exp";
import { CAPPED, belowPeak, inner } from "./logits";
import { tanhDerivative } from "./tanh";

/** y ← terms·factor + q, n elements of the compute type; y may be where the terms are. */
export function scaleRow<T>(terms: usize, y: usize, n: usize, factor: f64, q: f64): void {
  if (sizeof<T>() != 8 && inTwoParts(factor)) {
    const second = abs<f64>(factor) > 1 ? PART : 1 / PART;
    // What is beyond both parts is ∞ with any.
    scaleRow<T>(terms, y, n, max<f64>(-MOST, min<f64>(factor / second, MOST)), NO_OFFSET);
    terms = y;
    factor = second;
  }
  const size = sizeof<T>();
  const step = lanes<T>();
  const f = splat<T>(factor);
  const qV = splat<T>(q);
  let i: usize = 0;
  for (; i + 2 * step <= n; i += 2 * step) scaleBoth<T>(terms + i * size, y + i * size, f, true, qV);
  scaleRest<T>(terms, y, n, i, f, true, qV);
}

/** A q that changes nothing, not even the sign of 0. */
// @ts-ignore: decorator
@inline export const NO_OFFSET: f64 = -0.0;

/** The factor and q of the row before, float32 both. */
const BEFORE: usize = memory.data(8, 16);

/** What the row before is to be scaled by. */
// @ts-ignore: decorator
@inline export function setBefore(factor: f64, q: f64): void {
  store<f32>(BEFORE, <f32>factor);
  store<f32>(BEFORE, <f32>q, 4);
}

// @ts-ignore: decorator
@inline export function factorBefore(): v128 {
  return v128.load32_splat(BEFORE);
}

// @ts-ignore: decorator
@inline export function offsetBefore(): v128 {
  return v128.load32_splat(BEFORE, 4);
}

// @ts-ignore: decorator
@inline export function hasOffset(): bool {
  return load<u32>(BEFORE, 4) != 0x80000000;
}

/** Whether q costs nothing: it is added to a product, which may be fused. */
// @ts-ignore: decorator
@inline export function offsetIsFree(): bool {
  return ASC_FEATURE_RELAXED_SIMD;
}

/** Scales the row before that no other row has scaled. */
export function scaleBefore(terms: usize, y: usize, n: usize): void {
  scaleRow<f32>(terms, y, n, load<f32>(BEFORE), load<f32>(BEFORE, 4));
}

/** Without `offset`, a literal, q is left out where adding it would not be free. */
// @ts-ignore: decorator
@inline function scaled<T>(e: v128, factor: v128, offset: bool, q: v128): v128 {
  return offset || offsetIsFree() ? madd<T>(e, factor, q) : mul<T>(e, factor);
}

/** terms·factor + q of two vectors at p to y. */
// @ts-ignore: decorator
@inline export function scaleBoth<T>(p: usize, y: usize, factor: v128, offset: bool, q: v128): void {
  // Read before the other is stored, and stored last: as in around.ts.
  const e0 = v128.load(p);
  v128.store(y, scaled<T>(v128.load(p, 16), factor, offset, q), 16);
  v128.store(y, scaled<T>(e0, factor, offset, q));
}

/** The same of what is left of a row from element i on. */
// @ts-ignore: decorator
@inline export function scaleRest<T>(
  terms: usize, y: usize, n: usize, i: usize, factor: v128, offset: bool, q: v128,
): void {
  const size = sizeof<T>();
  const step = lanes<T>();
  for (; i < n; i += step) {
    const left = n - i;
    const v = scaled<T>(v128.load(terms + i * size), factor, offset, q);
    if (left < step) storeTail<T>(y + i * size, left, v);
    else v128.store(y + i * size, v);
  }
}

/** Terms of the hot loops may be small, and upstream gradients large. */
// @ts-ignore: decorator
@inline export function tooLarge<T>(factor: f64): bool {
  return sizeof<T>() != 8 && abs<f64>(factor) > MOST;
}

/** Whether a factor is applied in two parts: it is no float32, or no exact one while a product with it may be. */
export function inTwoParts(factor: f64): bool {
  const size = abs<f64>(factor);
  return size > MOST || (size < FEWEST && size > 0);
}

// @ts-ignore: decorator
@inline const MOST: f64 = 3e38;
// @ts-ignore: decorator
@inline const FEWEST: f64 = 1.1754943508222875e-38;
// @ts-ignore: decorator
@inline const PART: f64 = 1e20;

/** `exact` as the rows' loops take it, float32 where it is one. */
// @ts-ignore: decorator
@inline export function roundedFactor<T>(exact: f64): f64 {
  return sizeof<T>() == 8 || inTwoParts(exact) ? exact : first<T>(splat<T>(exact));
}

/**
 * The gradient of a vector of a row with all options, but for the chain factor, and the one element that the caller
 * forms in float64:
 *
 *   dxⱼ = [eⱼ·(p − poly·t′ⱼ) − q·aⱼ]·chainⱼ,   e = the terms,  t′ = (1 − ε)t + ε/C,  a = w·t′
 *
 * Without t, a = w and poly is 0; without w, a counts as 1.
 */
// @ts-ignore: decorator
@inline function gradientOf<T>(
  e: v128, t: usize, w: usize, keep: v128, spread: v128, p: v128, poly: v128, q: v128,
): v128 {
  const v = mul<T>(e, p);
  if (!t) return w ? nmadd<T>(v128.load(w), q, v) : sub<T>(v, q);
  const target = madd<T>(v128.load(t), keep, spread);
  return nmadd<T>(w ? mul<T>(target, v128.load(w)) : target, q, nmadd<T>(mul<T>(e, poly), target, v));
}

/** The same of a row whose terms are there. */
export function gradientRow<T>(
  n: usize, t: usize, w: usize, keep: f64, spread: f64, p: f64, poly: f64, q: f64, terms: usize, dx: usize,
): void {
  const size = sizeof<T>();
  const step = lanes<T>();
  const keepV = splat<T>(keep);
  const spreadV = splat<T>(spread);
  const pV = splat<T>(p);
  const polyV = splat<T>(poly);
  const qV = splat<T>(q);
  let i: usize = 0;
  if (t && !w && poly == 0) {
    // Probabilities and nothing else: what is usual.
    for (; i + 2 * step <= n; i += 2 * step) {
      const at = i * size;
      const t0 = madd<T>(v128.load(t + at), keepV, spreadV);
      const t1 = madd<T>(v128.load(t + at, 16), keepV, spreadV);
      const v0 = nmadd<T>(t0, qV, mul<T>(v128.load(terms + at), pV));
      const v1 = nmadd<T>(t1, qV, mul<T>(v128.load(terms + at, 16), pV));
      v128.store(dx + at, v0);
      v128.store(dx + at, v1, 16);
    }
  }
  for (; i < n; i += step) {
    const at = i * size;
    const left = n - i;
    const e = v128.load(terms + at);
    const v = gradientOf<T>(e, t ? t + at : 0, w ? w + at : 0, keepV, spreadV, pV, polyV, qV);
    if (left < step) storeTail<T>(dx + at, left, v);
    else v128.store(dx + at, v);
  }
}

/**
 * The same under a soft cap: the terms are computed again, because the chain factor 1 − tanh² needs the logit as well.
 */
export function gradientCappedRow<T>(
  x: usize, n: usize, m: f64, scale: f64, cap: f64, t: usize, w: usize, keep: f64, spread: f64,
  p: f64, poly: f64, q: f64, dx: usize,
): void {
  const size = sizeof<T>();
  const step = lanes<T>();
  const factor = inner<T>(CAPPED, scale, cap);
  const capV = splat<T>(cap);
  const mV = splat<T>(m);
  const keepV = splat<T>(keep);
  const spreadV = splat<T>(spread);
  const pV = splat<T>(p);
  const polyV = splat<T>(poly);
  const qV = splat<T>(q);
  for (let i: usize = 0; i < n; i += step) {
    const at = i * size;
    const left = n - i;
    const xV = v128.load(x + i * size);
    const e = expScaledOnce<T>(belowPeak<T>(xV, CAPPED, factor, capV, mV));
    let v = gradientOf<T>(e, t ? t + at : 0, w ? w + at : 0, keepV, spreadV, pV, polyV, qV);
    v = mul<T>(v, tanhDerivative<T>(mul<T>(xV, factor)));
    if (left < step) storeTail<T>(dx + at, left, v);
    else v128.store(dx + at, v);
  }
}
