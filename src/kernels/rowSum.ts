/**
 * Σ of the float64 losses of rows from number `at` on, in the order in which WebAssembly kernels add them: four sums side
 * by side, the first with the third and the second with the fourth, then what is left.
 */
export function sumOfRows(losses: Float64Array, at: number, rows: number): number {
  const end = at + rows;
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let r = at;
  for (; r + 4 <= end; r += 4) {
    a += losses[r];
    b += losses[r + 1];
    c += losses[r + 2];
    d += losses[r + 3];
  }
  let sum = a + c + (b + d);
  for (; r < end; r++) sum += losses[r];
  return sum;
}
