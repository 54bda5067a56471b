import {
  BLOCK, add, lanes, loadOne, loadTail, mul, mulZero, replaceOne, restoreOne, splat, storeTail, sub, sumLanes, tailOf,
} from "./lanes";
import { expScale, expScaledOnce } from "./exp";
import { log1p } from "./log";
import { argmaxRow, finiteOrNaN } from "./logsumexp";

// Entropy of softmax(z), z = scale·x. With d = z − m, m = z_k the largest, u = Σ_{j ≠ k} e^{dⱼ}, b =
// Σ_{j ≠ k} dⱼ·e^{dⱼ}:
//
//   H = ln(1 + u) − b/(1 + u)          dz = −p(ln p + H) = p·(b/(1 + u) − d)
//
// Both terms of H are ≥ 0: nothing cancels, and a row that is nearly certain keeps its digits. 0·(−∞) counts as 0.

// @ts-ignore: decorator
@inline export function entropyRows<T>(
  rows: usize, n: usize, x: usize, scale: f64, loss: usize, g: usize, dx: usize,
): void {
  const size = sizeof<T>();
  const step = lanes<T>();
  const factor = splat<T>(scale);
  const inverse = 1 / expScale<T>();
  for (let r: usize = 0; r < rows; r++, x += n * size, loss += 8) {
    if (n == 0) {
      store<f64>(loss, NaN);
      continue;
    }
    const k = argmaxRow<T>(x, n);
    const m = finiteOrNaN(loadOne<T>(x + k * size));
    const peak = splat<T>(m);
    const saved = replaceOne<T>(x + k * size, -Infinity);
    let u: f64 = 0;
    let b: f64 = 0;
    let i: usize = 0;
    while (i < n) {
      let sum = splat<T>(0);
      let dot = splat<T>(0);
      for (const stop = min(i + BLOCK * step, n); i < stop; i += step) {
        const left = n - i;
        const xV = left < step ? loadTail<T>(x + i * size, left, splat<T>(-Infinity)) : v128.load(x + i * size);
        const d = mul<T>(sub<T>(xV, peak), factor);
        const e = expScaledOnce<T>(d);
        sum = add<T>(sum, e);
        dot = add<T>(dot, mulZero<T>(e, d));
      }
      u += sumLanes<T>(sum);
      b += sumLanes<T>(dot);
    }
    restoreOne<T>(x + k * size, saved);
    u = m == m ? u * inverse : NaN;
    const share = 1 / (1 + u);
    const mean = b * inverse * share;
    store<f64>(loss, log1p<T>(u) - mean);
    if (!dx) continue;
    const p = splat<T>(load<f64>(g) * scale * share * inverse);
    const meanV = splat<T>(mean);
    for (i = 0; i < n; i += step) {
      const left = n - i;
      const xV = left < step ? loadTail<T>(x + i * size, left, peak) : v128.load(x + i * size);
      const d = mul<T>(sub<T>(xV, peak), factor);
      const v = mul<T>(p, mulZero<T>(expScaledOnce<T>(d), sub<T>(meanV, d)));
      if (left < step) storeTail<T>(dx + i * size, left, v);
      else v128.store(dx + i * size, v);
    }
    g += 8;
    dx += n * size;
  }
}
