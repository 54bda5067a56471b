import { computeSize, lanes, loadLanes, loadOne, loadTail, splat, storeTail, sub } from "./lanes";
import { expScale } from "./exp";
import { log1p } from "./log";
import { argmaxRow, finiteOrNaN, sumExpRow, sumExpStoreRow } from "./logsumexp";
import { scaleRow } from "./gradient";

// softmax: e^{xⱼ − m}/s.   log-softmax: (xⱼ − m) − ln s, in this order, so that logits of 1e20 stay exact.

// @ts-ignore: decorator
@inline export function softmaxRows<T>(rows: usize, n: usize, x: usize, y: usize): void {
  const size = computeSize<T>();
  if (n == 0) return;
  for (let r: usize = 0; r < rows; r++, x += n * sizeof<T>(), y += n * size) {
    const k = argmaxRow<T>(x, n);
    const m = finiteOrNaN(loadOne<T>(x + k * sizeof<T>()));
    const s = 1 + sumExpStoreRow<T>(x, n, k, m, y) / expScale<T>();
    scaleRow<T>(y, n, 1 / (s * expScale<T>()));
  }
}

// @ts-ignore: decorator
@inline export function logSoftmaxRows<T>(rows: usize, n: usize, x: usize, y: usize): void {
  if (n == 0) return;
  const size = computeSize<T>();
  const step = lanes<T>();
  const whole = n - (n % step);
  for (let r: usize = 0; r < rows; r++, x += n * sizeof<T>(), y += n * size) {
    const k = argmaxRow<T>(x, n);
    const m = finiteOrNaN(loadOne<T>(x + k * sizeof<T>()));
    const logS = splat<T>(log1p<T>(sumExpRow<T>(x, n, k, m) / expScale<T>()));
    const mV = splat<T>(m);
    let i: usize = 0;
    for (; i < whole; i += step) {
      v128.store(y + i * size, sub<T>(sub<T>(loadLanes<T>(x + i * sizeof<T>()), mV), logS));
    }
    if (i < n) {
      const tail = loadTail<T>(x + i * sizeof<T>(), n - i, mV);
      storeTail<T>(y + i * size, n - i, sub<T>(sub<T>(tail, mV), logS));
    }
  }
}
