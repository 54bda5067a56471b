import { replaceExp, sumExp } from "./exp.js";
import type { ComputeElements, Elements, Memory } from "./memory.js";
import { argmax, finiteOrNaN, rowsAtOnce } from "./rows.js";

// With m the maximum, at k, and u = Σ_{j ≠ k} e^{xⱼ − m}: lse = m + ln(1 + u), p = e^{x − m}/(1 + u). The maximum's own term
// stays out of the sum so that ln(1 + u) keeps its relative accuracy when u is small.

export function logSumExp(memory: Memory, type: Elements, rows: number, classes: number, x: number, lse: number): void {
  const { f64 } = memory;
  const atOnce = rowsAtOnce(classes);
  const z = memory.scratch(0, atOnce * classes);
  for (let row = 0; row < rows; row += atOnce) {
    const count = Math.min(atOnce, rows - row);
    type.load(x + row * classes * type.bytes, count * classes, z);
    for (let r = 0; r < count; r++) {
      f64[lse / 8 + row + r] = classes === 0 ? -Infinity : logSumExpRow(z, r * classes, (r + 1) * classes, type.exact);
    }
  }
}

function logSumExpRow(z: Float64Array, from: number, to: number, exact: boolean): number {
  const k = argmax(z, from, to);
  const m = z[k];
  if (m - m !== 0) {
    for (let j = from; j < to; j++) if (Number.isNaN(z[j])) return Number.NaN;
    return m;
  }
  z[k] = -Infinity;
  return m + Math.log1p(sumExp(z, from, to, m, 1, exact));
}

export function softmax(
  memory: Memory,
  type: Elements,
  compute: ComputeElements,
  rows: number,
  classes: number,
  x: number,
  y: number,
): void {
  const atOnce = rowsAtOnce(classes);
  const z = memory.scratch(0, atOnce * classes);
  for (let row = 0; row < rows; row += atOnce) {
    const count = Math.min(atOnce, rows - row);
    type.load(x + row * classes * type.bytes, count * classes, z);
    for (let from = 0; from < count * classes; from += classes) {
      const k = argmax(z, from, from + classes);
      const m = finiteOrNaN(z[k]);
      z[k] = -Infinity;
      const u = replaceExp(z, from, from + classes, m, 1, type.exact);
      z[k] = 1;
      compute.store(z, from, classes, 1 / (1 + u), y + (row * classes + from) * compute.bytes);
    }
  }
}

/** (x − m) − ln(1 + u), in this order, so that logits of 1e20 stay exact. */
export function logSoftmax(
  memory: Memory,
  type: Elements,
  compute: ComputeElements,
  rows: number,
  classes: number,
  x: number,
  y: number,
): void {
  const atOnce = rowsAtOnce(classes);
  const z = memory.scratch(0, atOnce * classes);
  for (let row = 0; row < rows; row += atOnce) {
    const count = Math.min(atOnce, rows - row);
    type.load(x + row * classes * type.bytes, count * classes, z);
    for (let from = 0; from < count * classes; from += classes) {
      const to = from + classes;
      const k = argmax(z, from, to);
      const m = finiteOrNaN(z[k]);
      z[k] = -Infinity;
      const logSum = Math.log1p(sumExp(z, from, to, m, 1, type.exact));
      z[k] = m;
      for (let j = from; j < to; j++) z[j] = z[j] - m - logSum;
      compute.store(z, from, classes, 1, y + (row * classes + from) * compute.bytes);
    }
  }
}
