import {
  abs, add, div, eq, held, lanes, loadTail, lt, madd, mul, mulZero, nmadd, pmax, splat,
  storeTail, sub, sumLanes, tailOf, upperHalf,
} from "./lanes";
import { expOfNegative, expScale, expScaledOnce, negativeConstant } from "./exp";
import { log1p, log1pUnit } from "./log";

// Binary cross-entropy with logits, element by element. With E = e^{−|x|}, L = ln(1 + E), w₊ the positive weight,
// c = 1 + (w₊ − 1)t:
//
//   (1 − t)x + c·softplus(−x)  =  c·L + (x ≥ 0 ? (1 − t)x : −w₊t·x)
//   derivative                 =  (1 − t)·σ(x) − w₊t·σ(−x),   σ(|x|) = 1/(1 + E),  σ(−|x|) = E/(1 + E)
//
// Both sides hold terms of one sign only, for t in [0, 1]: nothing cancels. 0·∞ counts as 0.
//
// Without weights the sum of many elements takes one logarithm: Σ ln(1 + Eᵢ) = ln(1 + S), where S + 1 = Π(1 + Eᵢ) is
// built up as S ← S + E(1 + S). S, and not 1 + S, so that elements that are nearly certain count with all their digits.

/**
 * One vector of elements from i on, `left` of which are of the array. Returns the losses, 0 behind the end; the
 * gradient goes to dx.
 */
// @ts-ignore: decorator
@inline function step<T>(
  i: usize, left: usize, whole: bool, x: usize, t: usize, w: usize, pw: usize, pwScalar: v128, g: usize, gScalar: v128,
  dx: usize, grad: bool,
): v128 {
  const size = sizeof<T>();
  const zero = splat<T>(0);
  const one = splat<T>(1);
  const xV = whole ? v128.load(x + i * size) : loadTail<T>(x + i * size, left, zero);
  const tV = v128.load(t + i * size);
  const negative = lt<T>(xV, zero);
  const e = mul<T>(expScaledOnce<T>(sub<T>(zero, abs<T>(xV))), splat<T>(1 / expScale<T>()));
  const off = sub<T>(one, tV);
  const on = mul<T>(pw ? v128.load(pw + i * size) : pwScalar, tV);
  const linear = v128.bitselect(mulZero<T>(on, sub<T>(zero, xV)), mulZero<T>(off, xV), negative);
  let value = madd<T>(add<T>(off, on), log1pUnit<T>(e), linear);
  const wV = w ? v128.load(w + i * size) : one;
  // Here a NaN has to survive a weight of 0; above it reaches the sum through the logarithm.
  if (w) value = v128.bitselect(mulZero<T>(wV, value), value, eq<T>(value, value));
  if (!whole) value = tailOf<T>(value, left);
  if (grad) {
    const large = div<T>(one, add<T>(one, e));
    const small = mul<T>(e, large);
    const sigma = v128.bitselect(small, large, negative);
    const complement = v128.bitselect(large, small, negative);
    let d = sub<T>(mul<T>(off, sigma), mul<T>(on, complement));
    if (w) d = mul<T>(d, wV);
    if (g) d = mul<T>(d, v128.load(g + i * size));
    d = mul<T>(d, gScalar);
    if (whole) v128.store(dx + i * size, d);
    else storeTail<T>(dx + i * size, left, d);
  }
  return value;
}

/** Elements of a block, whose sums are carried over to float64, and vectors of it: S stays below 2⁶⁴. */
// @ts-ignore: decorator
@inline const ELEMENTS: usize = 256;

/** Σ x·([x ≥ 0] − t) of `count` logits, whole vectors. */
// @ts-ignore: decorator
@inline function linearSum(count: usize, x: usize, t: usize): f64 {
  const zero = held<f32>(0);
  let a = zero;
  let b = zero;
  for (let i: usize = 0; i < count; i += 8) {
    const x0 = v128.load(x + (i << 2));
    const x1 = v128.load(x + ((i + 4) << 2));
    a = add<f32>(a, nmadd<f32>(x0, v128.load(t + (i << 2)), pmax<f32>(zero, x0)));
    b = add<f32>(b, nmadd<f32>(x1, v128.load(t + (i << 2), 16), pmax<f32>(zero, x1)));
  }
  const sum = sumLanes<f32>(add<f32>(a, b));
  if (sum - sum == 0) return sum;
  // 0·∞ is in it, or NaN.
  let exact: f64 = 0;
  for (let i: usize = 0; i < count; i += 4) {
    const xV = v128.load(x + (i << 2));
    const off = sub<f32>(v128.andnot(f32x4.splat(1), lt<f32>(xV, zero)), v128.load(t + (i << 2)));
    exact += sumLanes<f32>(mulZero<f32>(off, xV));
  }
  return exact;
}

/** ln Π(1 + S) over the lanes, S as long as sums of logarithms go. */
// @ts-ignore: decorator
@inline function logOfProducts(S: v128): f64 {
  const low = f64x2.promote_low_f32x4(S);
  const high = f64x2.promote_low_f32x4(upperHalf(S));
  const pair = f64x2.add(low, f64x2.mul(high, f64x2.add(f64x2.splat(1), low)));
  const a = f64x2.extract_lane(pair, 0);
  const b = f64x2.extract_lane(pair, 1);
  return log1p<f32>(a + b * (1 + a));
}

/** A block of {@link ELEMENTS} without weights: its loss; the gradient times `factor` to dx. */
// @ts-ignore: decorator
@inline function plainBlock(x: usize, t: usize, factor: v128, dx: usize, grad: bool): f64 {
  const one = held<f32>(1);
  const sign = held<f32>(-0.0);
  const c0 = negativeConstant(0), c1 = negativeConstant(1), c2 = negativeConstant(2), c3 = negativeConstant(3);
  const c4 = negativeConstant(4), c5 = negativeConstant(5), c6 = negativeConstant(6), c7 = negativeConstant(7);
  const c8 = negativeConstant(8), c9 = negativeConstant(9);
  // Before the gradient may overwrite the logits.
  const linear = linearSum(ELEMENTS, x, t);
  let S = f32x4.splat(0);
  for (let i: usize = 0; i < ELEMENTS; i += 4) {
    const xV = v128.load(x + (i << 2));
    const e = expOfNegative(v128.or(xV, sign), c0, c1, c2, c3, c4, c5, c6, c7, c8, c9);
    S = madd<f32>(add<f32>(S, one), e, S);
    if (grad) {
      const small = div<f32>(e, add<f32>(one, e));
      // (1 − t) − E/(1 + E) or E/(1 + E) − t by the sign of x, that of −0 too: both terms ask the same bit.
      const off = sub<f32>(v128.andnot(one, i32x4.shr_s(xV, 31)), v128.load(t + (i << 2)));
      v128.store(dx + (i << 2), mul<f32>(add<f32>(off, v128.xor(small, v128.andnot(sign, xV))), factor));
    }
  }
  return linear + logOfProducts(S);
}

// As functions, so that nothing is asked in the loop.

function plainBlockAlone(x: usize, t: usize): f64 {
  return plainBlock(x, t, f32x4.splat(0), 0, false);
}

function plainBlockWithGrad(x: usize, t: usize, factor: v128, dx: usize): f64 {
  return plainBlock(x, t, factor, dx, true);
}

export function binaryCrossEntropy<T>(
  n: usize, x: usize, t: usize, w: usize, pw: usize, pwScalar: f64, loss: usize, g: usize, gScalar: f64, dx: usize,
  grad: bool,
): f64 {
  const size = sizeof<T>();
  const vector = lanes<T>();
  const pwV = splat<T>(pwScalar);
  const gV = splat<T>(gScalar);
  let total: f64 = 0;
  let i: usize = 0;
  if (sizeof<T>() != 8 && !w && !pw && pwScalar == 1 && !g && !loss) {
    for (; i + ELEMENTS <= n; i += ELEMENTS) {
      total += grad ? plainBlockWithGrad(x + i * size, t + i * size, gV, dx + i * size)
        : plainBlockAlone(x + i * size, t + i * size);
    }
  }
  while (i < n) {
    let sum = splat<T>(0);
    for (const stop = min(i + ELEMENTS / 2, n); i < stop; i += vector) {
      const left = n - i;
      const value = step<T>(i, left, left >= vector, x, t, w, pw, pwV, g, gV, dx, grad);
      sum = add<T>(sum, value);
      if (loss) {
        if (left >= vector) v128.store(loss + i * size, value);
        else storeTail<T>(loss + i * size, left, value);
      }
    }
    total += sumLanes<T>(sum);
  }
  return total;
}
