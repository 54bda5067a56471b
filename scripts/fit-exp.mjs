// Prints the float32 coefficients of assembly/exp.ts: the polynomial of degree 5 that is minimax in the relative error of
// eʳ on |r| ≤ ln 2/2 (Remez exchange in float64), made monic, rounded, and the scale that centres what error is left.
const DEGREE = 5;
const HALF = Math.LN2 / 2;
const GRID = 20000;

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
const grid = Array.from({ length: GRID + 1 }, (_, i) => HALF * ((2 * i) / GRID - 1));

let points = Array.from({ length: DEGREE + 2 }, (_, i) => -HALF * Math.cos((Math.PI * i) / (DEGREE + 1)));
let polynomial = [];
for (let round = 0; round < 30; round++) {
  const rows = points.map((r, i) => [
    ...Array.from({ length: DEGREE + 1 }, (_, k) => r ** k),
    (i % 2 ? 1 : -1) * Math.exp(r),
  ]);
  polynomial = solve(rows, points.map(Math.exp)).slice(0, DEGREE + 1);
  // The extremes of the error, one for each stretch of one sign, are the next points.
  const extremes = [];
  for (const r of grid) {
    const error = horner(polynomial, r) / Math.exp(r) - 1;
    const last = extremes.at(-1);
    if (last === undefined || Math.sign(last.error) !== Math.sign(error)) extremes.push({ r, error });
    else if (Math.abs(error) > Math.abs(last.error)) Object.assign(last, { r, error });
  }
  if (extremes.length !== points.length) break;
  points = extremes.map(({ r }) => r);
}

const monic = polynomial.slice(0, DEGREE).map((c) => Math.fround(c / polynomial[DEGREE]));
const ratios = grid.map((r) => horner([...monic, 1], r) / Math.exp(r));
const [low, high] = [Math.min(...ratios), Math.max(...ratios)];
console.log("coefficients c0…c4:", monic.join(", "));
console.log("EXP_SCALE:", (low + high) / 2);
console.log("largest relative error:", (high - low) / (high + low));
