import { BLOCK, ROWS } from "./memory.js";

// Passes over a block of rows of n, in float64. What they find out about row r stands at [r] of an array.

/** Rows that are loaded and computed together. */
export function rowsAtOnce(n: number): number {
  return Math.max(1, Math.min(ROWS, Math.floor(BLOCK / n)));
}

/** k: where in z the row's largest stands, NaN passed over unless it comes first. */
export function argmaxRows(z: Float64Array, rows: number, n: number, k: Int32Array): void {
  for (let r = 0; r < rows; r++) {
    const end = ((r + 1) * n) & 0x3fffffff; // why masked: see exp.ts
    let j = (r * n) & 0x3fffffff;
    let best = j;
    let m = z[j];
    for (; j < end - 7; j += 8) {
      const a = z[j] > m || z[j + 1] > m || z[j + 2] > m || z[j + 3] > m;
      const b = z[j + 4] > m || z[j + 5] > m || z[j + 6] > m || z[j + 7] > m;
      if (!a && !b) continue;
      for (let i = j; i < j + 8; i++) {
        if (z[i] > m) {
          m = z[i];
          best = i;
        }
      }
    }
    for (; j < end; j++) {
      if (z[j] > m) {
        m = z[j];
        best = j;
      }
    }
    k[r] = best;
  }
}

/**
 * m: the row's largest, at k; NaN where it is infinite, so that all that follows is. It stays out of the sum of the
 * row's exponentials u, its own 1 being added where it is needed: ln(1 + u) and 1 − p_k = u/(1 + u) then keep their
 * digits when u is small.
 */
export function takeMaxima(z: Float64Array, rows: number, k: Int32Array, m: Float64Array): void {
  for (let r = 0; r < rows; r++) {
    const peak = z[k[r]];
    m[r] = peak - peak === 0 ? peak : Number.NaN;
    z[k[r]] = -Infinity;
  }
}

/** a·b where 0·∞ is 0. */
export function product(a: number, b: number): number {
  return a === 0 && Math.abs(b) === Infinity ? 0 : a * b;
}
