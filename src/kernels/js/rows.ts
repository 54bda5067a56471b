import { BLOCK } from "./memory.js";

/** Rows that are loaded and computed together. */
export function rowsAtOnce(classes: number): number {
  return Math.max(1, Math.floor(BLOCK / classes));
}

/** Index of the largest of z[from … to), NaN passed over; `from` when there is nothing but −∞ and NaN. */
export function argmax(z: Float64Array, from: number, to: number): number {
  let m = -Infinity;
  let k = from;
  let j = from;
  for (; j < to - 3; j += 4) {
    const a = z[j];
    const b = z[j + 1];
    const c = z[j + 2];
    const d = z[j + 3];
    if (a > m || b > m || c > m || d > m) {
      if (a > m) {
        m = a;
        k = j;
      }
      if (b > m) {
        m = b;
        k = j + 1;
      }
      if (c > m) {
        m = c;
        k = j + 2;
      }
      if (d > m) {
        m = d;
        k = j + 3;
      }
    }
  }
  for (; j < to; j++) {
    if (z[j] > m) {
      m = z[j];
      k = j;
    }
  }
  return k;
}

/** A maximum as the softmax needs it: a row whose largest is ±∞ or NaN has none, and all that follows is NaN. */
export function finiteOrNaN(m: number): number {
  return m - m === 0 ? m : Number.NaN;
}

/** a·b where 0·∞ is 0. */
export function product(a: number, b: number): number {
  return a === 0 && Math.abs(b) === Infinity ? 0 : a * b;
}
