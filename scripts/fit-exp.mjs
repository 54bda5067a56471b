// Prints the float32 coefficients of assembly/exp.ts: the polynomial of degree 5 that is 1 at r = 0 and minimax in the
// relative error of eʳ on |r| ≤ ln 2/2, made monic and rounded; EXP_SCALE is its value at 0.
import { minimax, worst } from "./minimax.mjs";

const DEGREE = 5;
const HALF = Math.LN2 / 2;
const POINTS = 4001;

const horner = (c, r) => c.reduceRight((p, coefficient) => p * r + coefficient, 0);
const grid = Array.from({ length: POINTS }, (_, i) => HALF * ((2 * i) / (POINTS - 1) - 1));
const relativeErrors = (c) => grid.map((r) => horner(c, r) / c[0] / Math.exp(r) - 1);

// Powers of r/HALF keep the equations well conditioned.
const rows = grid.map((r) => Array.from({ length: DEGREE }, (_, k) => (r / HALF) ** (k + 1) / Math.exp(r)));
const { factors } = minimax(
  rows,
  grid.map((r) => -Math.expm1(-r)),
);
const best = [1, ...factors.map((c, k) => c / HALF ** (k + 1))];

// Of the float32 next to the reciprocal of the leading coefficient, the first whose product with its own reciprocal is
// exactly 1 after rounding: then so is the probability of a class that takes all.
let scale = Math.fround(1 / best[DEGREE]);
while (Math.fround(scale * Math.fround(1 / scale)) !== 1) scale = Math.fround(scale * (1 + 2 ** -23));
const monic = best.map((c) => Math.fround(c * scale));
console.log("EXP_SCALE = c0; c0…c4:", monic.slice(0, DEGREE).join(", "));
console.log(
  `largest relative error: ${worst(relativeErrors(best))}; with rounded coefficients ${worst(relativeErrors(monic))}`,
);
