import { binaryCrossEntropy } from "./bce";
import { crossEntropyRows, meanOfRows } from "./crossentropy";
import { entropyRows } from "./entropy";
import { narrow, widen } from "./halves";
import { oneRowOfNumbers } from "./one";
import { logSoftmaxRows, logSumExpRows, softmaxRows } from "./softmax";

export * from "./elements";

// The export table: <dtype>_<op>. What each means stands in src/kernels/kernels.ts.

/** First byte that callers may use. */
export function base(): usize {
  return __heap_base;
}

export function f32_crossentropy(
  rows: usize, classes: usize, x: usize, y: usize, t: usize, weight: usize, options: usize, loss: usize, lse: usize,
  g: usize, dx: usize, scratch: usize,
): void {
  crossEntropyRows<f32>(rows, classes, x, y, t, weight, options, loss, lse, g, dx, scratch);
}

export function f32_crossentropy_mean(
  rows: usize, classes: usize, x: usize, y: usize, options: usize, loss: usize, dx: usize, scratch: usize,
): f64 {
  return meanOfRows(rows, classes, x, y, options, loss, dx, scratch, false);
}

export function f32_crossentropy_row(
  n: usize, k: usize, own: f32, x0: f32, x1: f32, x2: f32, x3: f32, x4: f32, x5: f32, x6: f32, x7: f32, x8: f32,
  x9: f32, x10: f32, x11: f32, dx: usize,
): f64 {
  return oneRowOfNumbers(n, k, own, x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, dx);
}

export function f32_logsumexp(rows: usize, classes: usize, x: usize, lse: usize): void {
  logSumExpRows<f32>(rows, classes, x, lse);
}

export function f32_softmax(rows: usize, classes: usize, x: usize, y: usize, scratch: usize): void {
  softmaxRows<f32>(rows, classes, x, y, scratch);
}

export function f32_logsoftmax(rows: usize, classes: usize, x: usize, y: usize): void {
  logSoftmaxRows<f32>(rows, classes, x, y);
}

export function f32_bce(
  n: usize, x: usize, t: usize, weight: usize, posWeight: usize, posWeightScalar: f64, loss: usize,
  g: usize, gScalar: f64, dx: usize,
): f64 {
  return binaryCrossEntropy<f32>(n, x, t, weight, posWeight, posWeightScalar, loss, g, gScalar, dx);
}

export function f64_crossentropy(
  rows: usize, classes: usize, x: usize, y: usize, t: usize, weight: usize, options: usize, loss: usize, lse: usize,
  g: usize, dx: usize, scratch: usize,
): void {
  crossEntropyRows<f64>(rows, classes, x, y, t, weight, options, loss, lse, g, dx, scratch);
}

export function f64_crossentropy_mean(
  rows: usize, classes: usize, x: usize, y: usize, options: usize, loss: usize, dx: usize, scratch: usize,
): f64 {
  return meanOfRows(rows, classes, x, y, options, loss, dx, scratch, true);
}

export function f64_logsumexp(rows: usize, classes: usize, x: usize, lse: usize): void {
  logSumExpRows<f64>(rows, classes, x, lse);
}

export function f64_softmax(rows: usize, classes: usize, x: usize, y: usize, scratch: usize): void {
  softmaxRows<f64>(rows, classes, x, y, scratch);
}

export function f64_logsoftmax(rows: usize, classes: usize, x: usize, y: usize): void {
  logSoftmaxRows<f64>(rows, classes, x, y);
}

export function f64_bce(
  n: usize, x: usize, t: usize, weight: usize, posWeight: usize, posWeightScalar: f64, loss: usize,
  g: usize, gScalar: f64, dx: usize,
): f64 {
  return binaryCrossEntropy<f64>(n, x, t, weight, posWeight, posWeightScalar, loss, g, gScalar, dx);
}

export function f16_narrow(n: usize, from: usize, to: usize): void {
  narrow<u16>(n, from, to);
}

export function f16_widen(n: usize, from: usize, to: usize): void {
  widen<u16>(n, from, to);
}

export function bf16_narrow(n: usize, from: usize, to: usize): void {
  narrow<i16>(n, from, to);
}

export function bf16_widen(n: usize, from: usize, to: usize): void {
  widen<i16>(n, from, to);
}

export function f32_entropy(
  rows: usize, classes: usize, x: usize, scale: f64, loss: usize, g: usize, dx: usize,
): void {
  entropyRows<f32>(rows, classes, x, scale, loss, g, dx);
}

export function f64_entropy(
  rows: usize, classes: usize, x: usize, scale: f64, loss: usize, g: usize, dx: usize,
): void {
  entropyRows<f64>(rows, classes, x, scale, loss, g, dx);
}
