// Prints the float32 coefficients of assembly/exp.ts. First the polynomial of degree 5 that begins 1 + r and is minimax
// in the relative error of eʳ on |r| ≤ ln 2/2, as it is and made monic; EXP_SCALE is the latter's value at 0. That two of
// its coefficients are one costs 3 % of its accuracy, and saves a register.
import { minimax, worst } from "./minimax.mjs";

const { fround } = Math;
const DEGREE = 5;
const HALF = Math.LN2 / 2;
const POINTS = 4001;

const horner = (c, r) => c.reduceRight((p, coefficient) => p * r + coefficient, 0);
const grid = Array.from({ length: POINTS }, (_, i) => HALF * ((2 * i) / (POINTS - 1) - 1));
const relativeErrors = (c) => grid.map((r) => horner(c, r) / c[0] / Math.exp(r) - 1);

// Powers of r/HALF keep the equations well conditioned.
const rows = grid.map((r) => Array.from({ length: DEGREE - 1 }, (_, k) => (r / HALF) ** (k + 2) / Math.exp(r)));
const { factors } = minimax(
  rows,
  grid.map((r) => 1 - (1 + r) / Math.exp(r)),
);
const best = [1, 1, ...factors.map((c, k) => c / HALF ** (k + 2))];

// Of the float32 next to the reciprocal of the leading coefficient, the first whose product with its own reciprocal is
// exactly 1 after rounding: then so is the probability of a class that takes all.
let scale = fround(1 / best[DEGREE]);
while (fround(scale * fround(1 / scale)) !== 1) scale = fround(scale * (1 + 2 ** -23));
const monic = best.map((c) => fround(c * scale));
console.log("c2…c5:", best.slice(2).map(fround).join(", "));
console.log("monic, EXP_SCALE = c0 = c1; c2…c4:", monic.slice(1, DEGREE).join(", "));
console.log(
  `largest relative error: ${worst(relativeErrors(best))}; with rounded coefficients ${worst(relativeErrors(monic))}`,
);

// The hot loops without fused multiply-add: 2ᶠ on |f| ≤ ½ up to a factor, as ((y + b)(f + c) + d)(y + e), y = (f + a)f, in
// 3 multiplications and 5 additions [Knuth 1962]. q0…q4 are the coefficients of the monic polynomial that is best without
// a condition at 0. Compared power by power, all but a are linear in one another or quadratic in e; what is left over for
// q0 is a function of a with two roots, of which the larger one cancels less. Then each float32 in turn is moved by units
// of the last place while the rounded evaluation errs less.
function fitFree() {
  const points = Array.from({ length: 2001 }, (_, i) => i / 2000 - 0.5);
  const powers = points.map((f) => Array.from({ length: DEGREE + 1 }, (_, k) => (2 * f) ** k / 2 ** f));
  const { factors } = minimax(
    powers,
    points.map(() => 1),
  );
  const polynomial = factors.map((c, k) => c * 2 ** k);
  return polynomial.map((c) => c / polynomial[DEGREE]);
}

function adapt(q) {
  /** b…e for this a, and what is left over for q0. */
  const constants = (a) => {
    const c = q[4] - 2 * a;
    const t = a * (a + c);
    const half = (q[3] - 2 * t + a * a) / 2;
    const e = half - Math.sqrt(half * half + a * q[2] - a * a * (q[3] - t) - q[1]);
    const h = q[3] - e - t; // ac + b
    const g = q[2] - e * (a + c) - a * h; // bc + d
    const b = h - a * c;
    return { k: [a, b, c, g - b * c, e], rest: e * g - q[0] };
  };
  let [low, high] = [4.7, 4.9];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (constants(middle).rest > 0 === constants(low).rest > 0) low = middle;
    else high = middle;
  }
  return constants(low).k;
}

/** Where the rounded evaluation is tried. */
const f32Grid = Array.from({ length: 2001 }, (_, i) => fround(i / 2000 - 0.5));

function rounded([a, b, c, d, e], f) {
  const y = fround(fround(f + a) * f);
  return fround(fround(fround(fround(y + b) * fround(f + c)) + d) * fround(y + e));
}

/** Half the relative distance of the largest and the smallest ratio to 2ᶠ. */
function spread(k) {
  const ratios = f32Grid.map((f) => rounded(k, f) / 2 ** f);
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)];
  return { error: (high - low) / (high + low), factor: (high + low) / 2 };
}

/** The error, or 1 where a class that takes all would not have a probability of 1. */
function score(k) {
  const atZero = rounded(k, 0);
  return fround(atZero * fround(1 / atZero)) === 1 ? spread(k).error : 1;
}

/** k with its ith number moved by so many units of the last place. */
const moved = (k, i, units) => k.with(i, fround(k[i] * (1 + units * 2 ** -23)));

let hot = adapt(fitFree()).map(fround);
let error = score(hot);
for (const units of [4096, 512, 64, 8, 1, 64, 8, 1]) {
  const steps = [-units, units];
  for (let better = true; better; ) {
    better = false;
    for (const i of hot.keys()) {
      // Alone, or together with another: what one loses the other may make good.
      const alone = steps.map((step) => moved(hot, i, step));
      const pairs = alone.flatMap((k) => [...hot.keys()].flatMap((j) => steps.map((step) => moved(k, j, step))));
      for (const next of [...alone, ...pairs]) {
        const nextError = score(next);
        if (nextError < error) [hot, error, better] = [next, nextError, true];
      }
    }
  }
}
console.log("a…e:", hot.join(", "));
console.log(`HOT_SCALE: ${spread(hot).factor}; largest relative error in float32: ${error}`);
console.log(`the reciprocal of its value at 0: ${fround(1 / rounded(hot, 0))}`);
