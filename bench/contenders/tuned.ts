/**
 * The fastest plain JavaScript that this project knows, for the one job of the benchmark and without a check: float64
 * arithmetic with an exp from a table. With k = 64/ln 2, e^−d = 2^(−i/64)·2^(f/64) for i = round(k·d), f = i − k·d,
 * |f| ≤ ½: the first factor is read from a table, the second a cubic with relative error 1e-11. Adding 1.5·2⁵² and
 * subtracting it rounds to an integer. Distances beyond the table's end count as its end, which is 0. For the binary
 * loss one logarithm takes 1000 factors 1 + e ≤ 2, whose product stays below 2¹⁰²⁴.
 *
 * Numbers stand where they are used because bundlers turn top-level constants into variables, which halves the speed;
 * indices are masked so that engines know them to be small and not negative.
 */
import type { Prepared } from "../child.js";
import type { Data } from "../data.js";
import type { Job } from "../protocol.js";

const LAST = 16383;
const POWERS = Float64Array.from({ length: LAST + 1 }, (_, i) => (i < LAST ? 2 ** (-i / 64) : 0));

export function prepareTuned({ kind, mode, classes }: Job, { logits, targets, labels }: Data): Prepared {
  const grad = new Float32Array(logits.length);
  const gradient = () => grad;
  if (kind === "binary")
    return mode === "forward"
      ? { call: () => binary(logits, labels) }
      : { call: () => binaryWithGrad(logits, labels, grad), gradient };
  return mode === "forward"
    ? { call: () => crossEntropy(logits, targets, classes) }
    : { call: () => crossEntropyWithGrad(logits, targets, classes, grad), gradient };
}

function crossEntropy(logits: Float32Array, targets: Int32Array, classes: number): number {
  const powers = POWERS;
  const rows = targets.length;
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const start = (row * classes) & 0x3fffffff;
    const end = ((row + 1) * classes) & 0x3fffffff;
    let m0 = -Infinity;
    let m1 = -Infinity;
    let j = start;
    for (; j < end - 1; j += 2) {
      const x0 = logits[j];
      const x1 = logits[j + 1];
      if (x0 > m0) m0 = x0;
      if (x1 > m1) m1 = x1;
    }
    if (j < end && logits[j] > m0) m0 = logits[j];
    const max = m0 > m1 ? m0 : m1;
    let s0 = 0;
    let s1 = 0;
    for (j = start; j < end - 1; j += 2) {
      const d0 = Math.min((max - logits[j]) * 92.33248261689366, 16383);
      const i0 = d0 + 6755399441055744 - 6755399441055744;
      const f0 = i0 - d0;
      s0 +=
        powers[i0 & 16383] *
        (1 + f0 * (0.010830424696249145 + f0 * (5.864904955056169e-5 + f0 * 2.1173137155464774e-7)));
      const d1 = Math.min((max - logits[j + 1]) * 92.33248261689366, 16383);
      const i1 = d1 + 6755399441055744 - 6755399441055744;
      const f1 = i1 - d1;
      s1 +=
        powers[i1 & 16383] *
        (1 + f1 * (0.010830424696249145 + f1 * (5.864904955056169e-5 + f1 * 2.1173137155464774e-7)));
    }
    if (j < end) {
      const d = Math.min((max - logits[j]) * 92.33248261689366, 16383);
      const i = d + 6755399441055744 - 6755399441055744;
      const f = i - d;
      s0 +=
        powers[i & 16383] * (1 + f * (0.010830424696249145 + f * (5.864904955056169e-5 + f * 2.1173137155464774e-7)));
    }
    total += Math.log(s0 + s1) - (logits[start + targets[row]] - max);
  }
  return total / rows;
}

function crossEntropyWithGrad(logits: Float32Array, targets: Int32Array, classes: number, grad: Float32Array): number {
  const powers = POWERS;
  const rows = targets.length;
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const start = (row * classes) & 0x3fffffff;
    const end = ((row + 1) * classes) & 0x3fffffff;
    const target = (start + targets[row]) & 0x3fffffff;
    let m0 = -Infinity;
    let m1 = -Infinity;
    let j = start;
    for (; j < end - 1; j += 2) {
      const x0 = logits[j];
      const x1 = logits[j + 1];
      if (x0 > m0) m0 = x0;
      if (x1 > m1) m1 = x1;
    }
    if (j < end && logits[j] > m0) m0 = logits[j];
    const max = m0 > m1 ? m0 : m1;
    let s0 = 0;
    let s1 = 0;
    for (j = start; j < end - 1; j += 2) {
      const d0 = Math.min((max - logits[j]) * 92.33248261689366, 16383);
      const i0 = d0 + 6755399441055744 - 6755399441055744;
      const f0 = i0 - d0;
      const e0 =
        powers[i0 & 16383] *
        (1 + f0 * (0.010830424696249145 + f0 * (5.864904955056169e-5 + f0 * 2.1173137155464774e-7)));
      const d1 = Math.min((max - logits[j + 1]) * 92.33248261689366, 16383);
      const i1 = d1 + 6755399441055744 - 6755399441055744;
      const f1 = i1 - d1;
      const e1 =
        powers[i1 & 16383] *
        (1 + f1 * (0.010830424696249145 + f1 * (5.864904955056169e-5 + f1 * 2.1173137155464774e-7)));
      grad[j] = e0;
      grad[j + 1] = e1;
      s0 += e0;
      s1 += e1;
    }
    if (j < end) {
      const d = Math.min((max - logits[j]) * 92.33248261689366, 16383);
      const i = d + 6755399441055744 - 6755399441055744;
      const f = i - d;
      const e =
        powers[i & 16383] * (1 + f * (0.010830424696249145 + f * (5.864904955056169e-5 + f * 2.1173137155464774e-7)));
      grad[j] = e;
      s0 += e;
    }
    const sum = s0 + s1;
    const shifted = logits[target] - max;
    total += Math.log(sum) - shifted;
    const factor = 1 / (sum * rows);
    for (j = start; j < end; j++) grad[j] *= factor;
    grad[target] = (Math.exp(shifted) / sum - 1) / rows;
  }
  return total / rows;
}

function binary(logits: Float32Array, labels: Float32Array): number {
  const powers = POWERS;
  const n = logits.length;
  let total = 0;
  for (let first = 0; first < n; first += 1000) {
    const end = Math.min(first + 1000, n);
    let product = 1;
    let linear = 0;
    for (let j = first; j < end; j++) {
      const x = logits[j];
      const d = Math.min(Math.abs(x) * 92.33248261689366, 16383);
      const i = d + 6755399441055744 - 6755399441055744;
      const f = i - d;
      product *=
        1 +
        powers[i & 16383] * (1 + f * (0.010830424696249145 + f * (5.864904955056169e-5 + f * 2.1173137155464774e-7)));
      linear += Math.max(x, 0) - labels[j] * x;
    }
    total += Math.log(product) + linear;
  }
  return total / n;
}

function binaryWithGrad(logits: Float32Array, labels: Float32Array, grad: Float32Array): number {
  const powers = POWERS;
  const n = logits.length;
  let total = 0;
  for (let first = 0; first < n; first += 1000) {
    const end = Math.min(first + 1000, n);
    let product = 1;
    let linear = 0;
    for (let j = first; j < end; j++) {
      const x = logits[j];
      const t = labels[j];
      const d = Math.min(Math.abs(x) * 92.33248261689366, 16383);
      const i = d + 6755399441055744 - 6755399441055744;
      const f = i - d;
      const e =
        powers[i & 16383] * (1 + f * (0.010830424696249145 + f * (5.864904955056169e-5 + f * 2.1173137155464774e-7)));
      product *= 1 + e;
      linear += Math.max(x, 0) - t * x;
      grad[j] = ((x < 0 ? e : 1) / (1 + e) - t) / n;
    }
    total += Math.log(product) + linear;
  }
  return total / n;
}
