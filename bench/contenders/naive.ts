/** The textbook: each probability by its formula, where it is needed. */
import type { Prepared } from "../child.js";
import type { Data } from "../data.js";
import type { Job } from "../protocol.js";

export function prepareNaive({ kind, mode, classes }: Job, { logits, targets, labels }: Data): Prepared {
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

function rowMax(logits: Float32Array, row: number, classes: number): number {
  let max = -Infinity;
  for (let j = 0; j < classes; j++) max = Math.max(max, logits[row * classes + j]);
  return max;
}

function rowSum(logits: Float32Array, row: number, classes: number, max: number): number {
  let sum = 0;
  for (let j = 0; j < classes; j++) sum += Math.exp(logits[row * classes + j] - max);
  return sum;
}

function crossEntropy(logits: Float32Array, targets: Int32Array, classes: number): number {
  let total = 0;
  for (let row = 0; row < targets.length; row++) {
    const max = rowMax(logits, row, classes);
    total += Math.log(rowSum(logits, row, classes, max)) + max - logits[row * classes + targets[row]];
  }
  return total / targets.length;
}

function crossEntropyWithGrad(logits: Float32Array, targets: Int32Array, classes: number, grad: Float32Array): number {
  const rows = targets.length;
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const max = rowMax(logits, row, classes);
    const sum = rowSum(logits, row, classes, max);
    for (let j = 0; j < classes; j++) {
      const probability = Math.exp(logits[row * classes + j] - max) / sum;
      grad[row * classes + j] = (probability - (j === targets[row] ? 1 : 0)) / rows;
    }
    total += Math.log(sum) + max - logits[row * classes + targets[row]];
  }
  return total / rows;
}

function binary(logits: Float32Array, labels: Float32Array): number {
  let total = 0;
  for (let i = 0; i < logits.length; i++)
    total += Math.max(logits[i], 0) - labels[i] * logits[i] + Math.log1p(Math.exp(-Math.abs(logits[i])));
  return total / logits.length;
}

function binaryWithGrad(logits: Float32Array, labels: Float32Array, grad: Float32Array): number {
  for (let i = 0; i < logits.length; i++) grad[i] = (1 / (1 + Math.exp(-logits[i])) - labels[i]) / logits.length;
  return binary(logits, labels);
}
