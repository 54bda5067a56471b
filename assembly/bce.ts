import {
  BLOCK, abs, add, computeSize, div, eq, lanes, loadLanes, loadTail, lt, madd, mul, mulZero, splat, storeTail, sub,
  sumLanes, tailOf,
} from "./lanes";
import { expScale, expScaledOnce } from "./exp";
import { log1pUnit } from "./log";

// Binary cross-entropy with logits, element by element. With E = e^{−|x|}, L = ln(1 + E), w₊ the positive weight,
// c = 1 + (w₊ − 1)t:
//
//   (1 − t)x + c·softplus(−x)  =  c·L + (x ≥ 0 ? (1 − t)x : −w₊t·x)
//   derivative                 =  (1 − t)·σ(x) − w₊t·σ(−x),   σ(|x|) = 1/(1 + E),  σ(−|x|) = E/(1 + E)
//
// Both sides hold terms of one sign only, for t in [0, 1]: nothing cancels. 0·∞ counts as 0.

/**
 * One vector of elements from i on, `left` of which are of the array. Returns the losses, 0 behind the end; the
 * gradient goes to dx. `grad` is a literal, and in the fast path also that the vector is whole and w, pw and g are 0.
 */
// @ts-ignore: decorator
@inline function step<T>(
  i: usize, left: usize, whole: bool, x: usize, t: usize, w: usize, pw: usize, pwScalar: v128, g: usize, gScalar: v128,
  dx: usize, grad: bool,
): v128 {
  const size = computeSize<T>();
  const zero = splat<T>(0);
  const one = splat<T>(1);
  const xV = whole ? loadLanes<T>(x + i * sizeof<T>()) : loadTail<T>(x + i * sizeof<T>(), left, zero);
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

// @ts-ignore: decorator
@inline export function binaryCrossEntropy<T>(
  n: usize, x: usize, t: usize, w: usize, pw: usize, pwScalar: f64, loss: usize, g: usize, gScalar: f64, dx: usize,
  grad: bool,
): f64 {
  const size = computeSize<T>();
  const vector = lanes<T>();
  const whole = n - (n % vector);
  const pwV = splat<T>(pwScalar);
  const gV = splat<T>(gScalar);
  const plain = !w && !pw && !g && !loss;
  let total: f64 = 0;
  let i: usize = 0;
  while (plain && i < whole) {
    let sum = splat<T>(0);
    const stop = min(i + BLOCK * vector, whole);
    for (; i < stop; i += vector) sum = add<T>(sum, step<T>(i, 0, true, x, t, 0, 0, pwV, 0, gV, dx, grad));
    total += sumLanes<T>(sum);
  }
  while (i < n) {
    let sum = splat<T>(0);
    const stop = min(i + BLOCK * vector, n);
    for (; i < stop; i += vector) {
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
