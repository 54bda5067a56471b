import {
  BLOCK, abs, add, computeSize, div, eq, lanes, loadLanes, loadTail, lt, mul, mulZero, splat, storeTail, sub, sumLanes,
  tailOf,
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

// @ts-ignore: decorator
@inline export function binaryCrossEntropy<T>(
  n: usize, x: usize, t: usize, w: usize, pw: usize, pwScalar: f64, loss: usize, g: usize, gScalar: f64, dx: usize,
  grad: bool,
): f64 {
  const size = computeSize<T>();
  const step = lanes<T>();
  const zero = splat<T>(0);
  const one = splat<T>(1);
  const scalar = splat<T>(pwScalar);
  const upstream = splat<T>(gScalar);
  let total: f64 = 0;
  let i: usize = 0;
  while (i < n) {
    let sum = zero;
    for (const stop = min(i + BLOCK * step, n); i < stop; i += step) {
      const left = n - i;
      const xV = left < step ? loadTail<T>(x + i * sizeof<T>(), left, zero) : loadLanes<T>(x + i * sizeof<T>());
      const tV = v128.load(t + i * size);
      const positive = pw ? v128.load(pw + i * size) : scalar;
      const negative = lt<T>(xV, zero);
      const e = mul<T>(expScaledOnce<T>(sub<T>(zero, abs<T>(xV))), splat<T>(1 / expScale<T>()));
      const off = sub<T>(one, tV);
      const on = mul<T>(positive, tV);
      const linear = v128.bitselect(mulZero<T>(on, sub<T>(zero, xV)), mulZero<T>(off, xV), negative);
      let value = add<T>(linear, mul<T>(add<T>(off, on), log1pUnit<T>(e)));
      const wV = w ? v128.load(w + i * size) : one;
      // Here a NaN has to survive a weight of 0; above it reaches the sum through L.
      if (w) value = v128.bitselect(mulZero<T>(wV, value), value, eq<T>(value, value));
      if (left < step) value = tailOf<T>(value, left);
      sum = add<T>(sum, value);
      if (loss) {
        if (left < step) storeTail<T>(loss + i * size, left, value);
        else v128.store(loss + i * size, value);
      }
      if (grad) {
        const large = div<T>(one, add<T>(one, e));
        const small = mul<T>(e, large);
        const sigma = v128.bitselect(small, large, negative);
        const complement = v128.bitselect(large, small, negative);
        let d = sub<T>(mul<T>(off, sigma), mul<T>(on, complement));
        if (w) d = mul<T>(d, wV);
        if (g) d = mul<T>(d, v128.load(g + i * size));
        d = mul<T>(d, upstream);
        if (left < step) storeTail<T>(dx + i * size, left, d);
        else v128.store(dx + i * size, d);
      }
    }
    total += sumLanes<T>(sum);
  }
  return total;
}
