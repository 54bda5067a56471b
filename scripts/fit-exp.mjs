// Prints the float32 coefficients of assembly/exp.ts: the polynomial of degree 5 that is 1 at r = 0 and minimax in the
// relative error of eʳ on |r| ≤ ln 2/2, made monic and rounded; EXP_SCALE is its value at 0. Minimax by least squares
// whose weights are multiplied by the error in each round [Lawson 1961], in float64.
const DEGREE = 5;
const HALF = Math.LN2 / 2;
const POINTS = 4001;
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

const horner = (c, r) => c.reduceRight((p, coefficient) => p * r + coefficient, 0);
const worst = (errors) => errors.reduce((most, error) => Math.max(most, Math.abs(error)), 0);
const grid = Array.from({ length: POINTS }, (_, i) => HALF * ((2 * i) / (POINTS - 1) - 1));
const relativeErrors = (c) => grid.map((r) => horner(c, r) / c[0] / Math.exp(r) - 1);

let weights = grid.map(() => 1);
let best;
for (let round = 0; round < ROUNDS; round++) {
  const a = Array.from({ length: DEGREE }, () => new Array(DEGREE).fill(0));
  const b = new Array(DEGREE).fill(0);
  for (const [i, r] of grid.entries()) {
    // Powers of r/HALF keep the equations well conditioned.
    const basis = Array.from({ length: DEGREE }, (_, k) => (r / HALF) ** (k + 1) / Math.exp(r));
    for (let j = 0; j < DEGREE; j++) {
      b[j] += weights[i] * basis[j] * -Math.expm1(-r);
      for (let k = 0; k < DEGREE; k++) a[j][k] += weights[i] * basis[j] * basis[k];
    }
  }
  const polynomial = [1, ...solve(a, b).map((c, k) => c / HALF ** (k + 1))];
  const errors = relativeErrors(polynomial);
  if (best === undefined || worst(errors) < best.error) best = { polynomial, error: worst(errors) };
  const products = weights.map((weight, i) => weight * Math.abs(errors[i]));
  const total = products.reduce((sum, product) => sum + product, 0);
  weights = products.map((product) => (product * POINTS) / total);
}

// Of the float32 next to the reciprocal of the leading coefficient, the first whose product with its own reciprocal is
// exactly 1 after rounding: then so is the probability of a class that takes all.
let scale = Math.fround(1 / best.polynomial[DEGREE]);
while (Math.fround(scale * Math.fround(1 / scale)) !== 1) scale = Math.fround(scale * (1 + 2 ** -23));
const monic = best.polynomial.map((c) => Math.fround(c * scale));
console.log("EXP_SCALE = c0; c0…c4:", monic.slice(0, DEGREE).join(", "));
console.log(`largest relative error: ${best.error}; with rounded coefficients ${worst(relativeErrors(monic))}`);
