import { lanes, loadOne, loadTail, splat, storeOne, storeTail, sub } from "./lanes";
import { log1p } from "./log";
import { finiteOrNaN, rowU, rowUnit, sumExpRowOfMaximum } from "./logsumexp";
import { NO_OFFSET, scaleRow } from "./gradient";

// softmax: e^{xⱼ − m}/s.   log-softmax: (xⱼ − m) − ln s, in this order, so that logits of 1e20 stay exact.

// @ts-ignore: decorator
@inline export function softmaxRows<T>(rows: usize, n: usize, x: usize, y: usize): void {
  const size = sizeof<T>();
  if (n == 0) return;
  for (let r: usize = 0; r < rows; r++, x += n * size, y += n * size) {
    // y may be x: only this way never has to read a row again after it has stored terms.
    const k = sumExpRowOfMaximum<T>(x, n, true, y);
    storeOne<T>(y + k * size, rowU() == rowU() ? rowUnit() : NaN);
    scaleRow<T>(y, y, n, 1 / ((1 + rowU()) * rowUnit()), NO_OFFSET);
  }
}

// @ts-ignore: decorator
@inline export function logSoftmaxRows<T>(rows: usize, n: usize, x: usize, y: usize): void {
  if (n == 0) return;
  const size = sizeof<T>();
  const step = lanes<T>();
  const whole = n - (n % step);
  for (let r: usize = 0; r < rows; r++, x += n * size, y += n * size) {
    const k = sumExpRowOfMaximum<T>(x, n, false, 0);
    const m = finiteOrNaN(loadOne<T>(x + k * size));
    const logS = splat<T>(log1p<T>(rowU()));
    const mV = splat<T>(m);
    let i: usize = 0;
    for (; i < whole; i += step) {
      v128.store(y + i * size, sub<T>(sub<T>(v128.load(x + i * size), mV), logS));
    }
    if (i < n) {
      const tail = loadTail<T>(x + i * size, n - i, mV);
      storeTail<T>(y + i * size, n - i, sub<T>(sub<T>(tail, mV), logS));
    }
  }
}
