// Prints the float32 coefficients of assembly/softcap.ts: P of degree 6 with tanh v = v·P(v²), minimax in the relative
// error for |v| ≤ 1.
import { minimax, worst } from "./minimax.mjs";

const DEGREE = 6;
const POINTS = 1001;

// Closer together towards both ends, where minimax errors turn most often.
const grid = Array.from({ length: POINTS }, (_, i) => Math.sin((Math.PI * (i + 0.5)) / (2 * POINTS)));
const quotient = (v) => Math.tanh(v) / v;
// Powers of 2v² − 1 keep the equations well conditioned.
const rows = grid.map((v) => Array.from({ length: DEGREE + 1 }, (_, k) => (2 * v * v - 1) ** k / quotient(v)));
const { factors, error } = minimax(
  rows,
  grid.map(() => 1),
);

/** p·(2w − 1) + c as a polynomial in w. */
function step(p, c) {
  const next = [...p.map((value) => -value), 0];
  for (const [i, value] of p.entries()) next[i + 1] += 2 * value;
  next[0] += c;
  return next;
}
const polynomial = factors
  .reduceRight(step, [])
  .slice(0, DEGREE + 1)
  .map(Math.fround);
const horner = (w) => polynomial.reduceRight((p, c) => p * w + c, 0);
console.log("P:", polynomial.join(", "));
console.log(
  `largest relative error: ${error}; with rounded coefficients ${worst(grid.map((v) => horner(v * v) / quotient(v) - 1))}`,
);
