import { expRows, RATE } from "./exp.js";
import type { Elements, Memory } from "./memory.js";
import { argmaxRows, product, rowsAtOnce, takeMaxima } from "./rows.js";

// Entropy of softmax(scale·x): formulas as in assembly/entropy.ts.

/** See EntropyKernel in kernels.ts. */
export function entropy(
  memory: Memory,
  type: Elements,
  rows: number,
  n: number,
  x: number,
  scale: number,
  loss: number,
  g: number,
  dx: number,
): void {
  const { f64 } = memory;
  if (n === 0) {
    f64.fill(Number.NaN, loss / 8, loss / 8 + rows);
    return;
  }
  const atOnce = rowsAtOnce(n);
  const z = memory.scratch(0, atOnce * n);
  const e = memory.scratch(1, atOnce * n);
  const k = new Int32Array(atOnce);
  const m = new Float64Array(atOnce);
  const u = new Float64Array(atOnce);
  const factor = new Float64Array(atOnce);
  for (let row = 0; row < rows; row += atOnce) {
    const count = Math.min(atOnce, rows - row);
    type.load(x + row * n * type.bytes, count * n, z);
    argmaxRows(z, count, n, k);
    takeMaxima(z, count, k, m);
    expRows(z, count, n, m, scale * RATE, e, u, type.exact);
    for (let r = 0; r < count; r++) {
      const end = (r + 1) * n;
      let b = 0;
      for (let j = r * n; j < end; j++) {
        z[j] = (z[j] - m[r]) * scale;
        b += product(e[j], z[j]);
      }
      const s = 1 + u[r];
      const mean = b / s;
      f64[loss / 8 + row + r] = Math.log1p(u[r]) - mean;
      if (dx === 0) continue;
      e[k[r]] = 1;
      z[k[r]] = m[r] - m[r];
      for (let j = r * n; j < end; j++) z[j] = product(e[j], mean - z[j]);
      factor[r] = (f64[g / 8 + row + r] * scale) / s;
    }
    if (dx !== 0) type.store(z, count, n, factor, dx + row * n * type.bytes);
  }
}
