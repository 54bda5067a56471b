// Minimax by least squares whose weights are multiplied by the error in each round [Lawson 1961], in float64.
const ROUNDS = 3000;

/** Gaussian elimination with partial pivoting. */
function solve(a, b) {
  const n = b.length;
  for (let i = 0; i < n; i++) {
    let pivot = i;
    for (let j = i + 1; j < n; j++) if (Math.abs(a[j][i]) > Math.abs(a[pivot][i])) pivot = j;
    [a[i], a[pivot]] = [a[pivot], a[i]];
    [b[i], b[pivot]] = [b[pivot], b[i]];
    for (let j = i + 1; j < n; j++) {
      const f = a[j][i] / a[i][i];
      for (let k = i; k < n; k++) a[j][k] -= f * a[i][k];
      b[j] -= f * b[i];
    }
  }
  const x = new Array(n);
  for (let i = n - 1; i >= 0; i--) {
    let sum = b[i];
    for (let k = i + 1; k < n; k++) sum -= a[i][k] * x[k];
    x[i] = sum / a[i][i];
  }
  return x;
}

export const worst = (errors) => errors.reduce((most, error) => Math.max(most, Math.abs(error)), 0);

/** The factors c of the least largest |Σ c[k]·rows[i][k] − wanted[i]|, and that. */
export function minimax(rows, wanted) {
  const n = rows[0].length;
  let weights = rows.map(() => 1);
  let best;
  for (let round = 0; round < ROUNDS; round++) {
    const a = Array.from({ length: n }, () => new Array(n).fill(0));
    const b = new Array(n).fill(0);
    for (const [i, row] of rows.entries()) {
      for (let j = 0; j < n; j++) {
        b[j] += weights[i] * row[j] * wanted[i];
        for (let k = 0; k < n; k++) a[j][k] += weights[i] * row[j] * row[k];
      }
    }
    const factors = solve(a, b);
    const errors = rows.map((row, i) => row.reduce((sum, value, k) => sum + value * factors[k], -wanted[i]));
    if (best === undefined || worst(errors) < best.error) best = { factors, error: worst(errors) };
    const products = weights.map((weight, i) => weight * Math.abs(errors[i]));
    const total = products.reduce((sum, product) => sum + product, 0);
    weights = products.map((product) => (product * rows.length) / total);
  }
  return best;
}
