import { expRows, RATE, sumExpRows } from "./exp.js";
import { type Elements, type Memory, ROWS } from "./memory.js";
import { argmaxRows, rowsAtOnce, takeMaxima } from "./rows.js";

// With m the maximum, at k, and u = Σ_{j ≠ k} e^{xⱼ − m}: lse = m + ln(1 + u), p = e^{x − m}/(1 + u), and
// ln p = (x − m) − ln(1 + u) in this order, so that logits of 1e20 stay exact.

// One number a row: where its largest stands, that, u, and what e^{x − m} is multiplied by.
const K = new Int32Array(ROWS);
const M = new Float64Array(ROWS);
const U = new Float64Array(ROWS);
const FACTOR = new Float64Array(ROWS);

/** lse of a row without softmax: ±∞ when that is the largest, NaN when one of z[from … to) is NaN. */
function lseWithoutMaximum(z: Float64Array, from: number, to: number, largest: number): number {
  for (let j = from; j < to; j++) if (Number.isNaN(z[j])) return Number.NaN;
  return largest;
}

export function logSumExp(memory: Memory, type: Elements, rows: number, n: number, x: number, lse: number): void {
  const { f64 } = memory;
  if (n === 0) {
    f64.fill(-Infinity, lse / 8, lse / 8 + rows);
    return;
  }
  const atOnce = rowsAtOnce(n);
  const z = memory.scratch(0, atOnce * n);
  for (let row = 0; row < rows; row += atOnce) {
    const count = Math.min(atOnce, rows - row);
    const out = lse / 8 + row;
    type.load(x + row * n * type.bytes, count * n, z);
    argmaxRows(z, count, n, K);
    for (let r = 0; r < count; r++) {
      const largest = z[K[r]];
      if (largest - largest !== 0) f64[out + r] = lseWithoutMaximum(z, r * n, (r + 1) * n, largest);
    }
    takeMaxima(z, count, K, M);
    sumExpRows(z, count, n, M, RATE, U, type.exact, z);
    for (let r = 0; r < count; r++) if (!Number.isNaN(M[r])) f64[out + r] = M[r] + Math.log1p(U[r]);
  }
}

export function softmax(memory: Memory, type: Elements, rows: number, n: number, x: number, y: number): void {
  const atOnce = rowsAtOnce(n);
  const z = memory.scratch(0, atOnce * n);
  for (let row = 0; row < rows; row += atOnce) {
    const count = Math.min(atOnce, rows - row);
    type.load(x + row * n * type.bytes, count * n, z);
    argmaxRows(z, count, n, K);
    takeMaxima(z, count, K, M);
    expRows(z, count, n, M, RATE, z, U, type.exact);
    for (let r = 0; r < count; r++) {
      z[K[r]] = 1;
      FACTOR[r] = 1 / (1 + U[r]);
    }
    type.store(z, count, n, FACTOR, y + row * n * type.bytes);
  }
}

export function logSoftmax(memory: Memory, type: Elements, rows: number, n: number, x: number, y: number): void {
  const atOnce = rowsAtOnce(n);
  const z = memory.scratch(0, atOnce * n);
  const spare = memory.scratch(1, atOnce * n);
  FACTOR.fill(1);
  for (let row = 0; row < rows; row += atOnce) {
    const count = Math.min(atOnce, rows - row);
    type.load(x + row * n * type.bytes, count * n, z);
    argmaxRows(z, count, n, K);
    takeMaxima(z, count, K, M);
    sumExpRows(z, count, n, M, RATE, U, type.exact, spare);
    for (let r = 0; r < count; r++) {
      const max = M[r];
      const logSum = Math.log1p(U[r]);
      z[K[r]] = max;
      for (let j = r * n; j < (r + 1) * n; j++) z[j] = z[j] - max - logSum;
    }
    type.store(z, count, n, FACTOR, y + row * n * type.bytes);
  }
}
