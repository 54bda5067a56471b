// e^−d for d ≥ 0 in float64: e^−d = 2^(−i/64)·e^f,  i = round(64·d/ln 2),  |f| ≤ ln 2/128, with a table of 2^(−i/64).
//
// Two polynomials for e^f. The exact one is the Taylor series to degree 5, behind a reduction in two constants whose first
// has so few digits that i·STEP_HIGH is exact: relative error 4.1e-16 for d ≤ 700. The short one, for results that are
// rounded to float32, is of degree 3 in units of a step, with a quadratic coefficient that balances the missing quartic
// term: 6.2e-12 + d·1.7e-16. test/kernels/exp.test.ts measures both.
//
// The sums below are unrolled: V8 checks for interrupts and for the array's kind once an iteration, which costs as much as
// half of an exponential. One pass with a running maximum was 10 % slower than the two of argmax and sum (Node 20, Zen 4,
// November 2026).

const STEPS = 64;
/** Index of the power that is 0: e^−d for d ≥ 709.8, e^−∞ among them. A mask as well. */
const LAST = 65535;
/** Filled by the first instance, so that importing the library costs no time. */
const POWERS = new Float64Array(LAST + 1);

/** 1.5·2⁵²: adding and subtracting it rounds to an integer. */
const ROUND = 6755399441055744;
/** Steps in a unit of d. */
const RATE = STEPS / Math.LN2;
const FARTHEST = LAST / RATE;
const STEP_HIGH = 0.010830424696223417; // ln 2/64 to 43 binary places
const STEP_LOW = 2.572804622327669e-14;

const STEP = Math.LN2 / STEPS;
const C2 = 0.5000010122179893 * STEP * STEP; // ½ + (√2 − 1)·STEP²/48
const C3 = (STEP * STEP * STEP) / 6;

/** Must have run once before anything else of this file does. */
export function prepareExp(): void {
  if (POWERS[0] === 1) return;
  for (let i = 0; i < STEPS; i++) POWERS[i] = 2 ** (-i / STEPS);
  for (let i = STEPS; i < LAST; i++) POWERS[i] = POWERS[i - STEPS] / 2;
}

/** e^−d for steps = d·RATE. */
function shortExp(steps: number): number {
  const x = Math.min(steps, LAST);
  const i = x + ROUND - ROUND;
  const f = i - x;
  return POWERS[i & LAST] * (1 + f * (STEP + f * (C2 + f * C3)));
}

function exactExp(d: number): number {
  const x = Math.min(d, FARTHEST);
  const i = x * RATE + ROUND - ROUND;
  const f = i * STEP_HIGH - x + i * STEP_LOW;
  return POWERS[i & LAST] * (1 + f * (1 + f * (1 / 2 + f * (1 / 6 + f * (1 / 24 + f * (1 / 120))))));
}

/** e^(scale·(z − m)) for z ≤ m, as the sums have it. */
export function exponential(m: number, z: number, scale: number, exact: boolean): number {
  return exact ? exactExp((m - z) * scale) : shortExp((m - z) * (RATE * scale));
}

function sumShort(z: Float64Array, from: number, to: number, m: number, rate: number): number {
  let a = 0;
  let b = 0;
  let j = from;
  for (; j < to - 3; j += 4) {
    a += shortExp((m - z[j]) * rate);
    b += shortExp((m - z[j + 1]) * rate);
    a += shortExp((m - z[j + 2]) * rate);
    b += shortExp((m - z[j + 3]) * rate);
  }
  for (; j < to; j++) a += shortExp((m - z[j]) * rate);
  return a + b;
}

function sumExact(z: Float64Array, from: number, to: number, m: number, scale: number): number {
  let a = 0;
  let b = 0;
  let j = from;
  for (; j < to - 3; j += 4) {
    a += exactExp((m - z[j]) * scale);
    b += exactExp((m - z[j + 1]) * scale);
    a += exactExp((m - z[j + 2]) * scale);
    b += exactExp((m - z[j + 3]) * scale);
  }
  for (; j < to; j++) a += exactExp((m - z[j]) * scale);
  return a + b;
}

function replaceShort(z: Float64Array, from: number, to: number, m: number, rate: number): number {
  let a = 0;
  let b = 0;
  let j = from;
  for (; j < to - 3; j += 4) {
    a += z[j] = shortExp((m - z[j]) * rate);
    b += z[j + 1] = shortExp((m - z[j + 1]) * rate);
    a += z[j + 2] = shortExp((m - z[j + 2]) * rate);
    b += z[j + 3] = shortExp((m - z[j + 3]) * rate);
  }
  for (; j < to; j++) a += z[j] = shortExp((m - z[j]) * rate);
  return a + b;
}

function replaceExact(z: Float64Array, from: number, to: number, m: number, scale: number): number {
  let a = 0;
  let b = 0;
  let j = from;
  for (; j < to - 3; j += 4) {
    a += z[j] = exactExp((m - z[j]) * scale);
    b += z[j + 1] = exactExp((m - z[j + 1]) * scale);
    a += z[j + 2] = exactExp((m - z[j + 2]) * scale);
    b += z[j + 3] = exactExp((m - z[j + 3]) * scale);
  }
  for (; j < to; j++) a += z[j] = exactExp((m - z[j]) * scale);
  return a + b;
}

/** Σ e^(scale·(z − m)) over z[from … to), all of them ≤ m. */
export function sumExp(z: Float64Array, from: number, to: number, m: number, scale: number, exact: boolean): number {
  return exact ? sumExact(z, from, to, m, scale) : sumShort(z, from, to, m, RATE * scale);
}

/** The same, and every z replaced by its term. */
export function replaceExp(
  z: Float64Array,
  from: number,
  to: number,
  m: number,
  scale: number,
  exact: boolean,
): number {
  return exact ? replaceExact(z, from, to, m, scale) : replaceShort(z, from, to, m, RATE * scale);
}

function decayShort(x: Float64Array, n: number, e: Float64Array): void {
  let j = 0;
  for (; j < n - 3; j += 4) {
    e[j] = shortExp(Math.abs(x[j]) * RATE);
    e[j + 1] = shortExp(Math.abs(x[j + 1]) * RATE);
    e[j + 2] = shortExp(Math.abs(x[j + 2]) * RATE);
    e[j + 3] = shortExp(Math.abs(x[j + 3]) * RATE);
  }
  for (; j < n; j++) e[j] = shortExp(Math.abs(x[j]) * RATE);
}

/** e = e^−|x|, n elements. */
export function decay(x: Float64Array, n: number, e: Float64Array, exact: boolean): void {
  if (exact) for (let j = 0; j < n; j++) e[j] = exactExp(Math.abs(x[j]));
  else decayShort(x, n, e);
}

/**
 * Soft cap: z = c·tanh(v), v = scale·z/c, for z[from … to), and in `slope` its derivative scale·(1 − tanh²v). −∞, a class
 * that takes no part, stays where it is.
 *
 * With e = e^−2|v|, tanh|v| = (1 − e)/(1 + e) and 1 − tanh² = 4e/(1 + e)². 1 − e = (1 − 2^(−i/64)) − 2^(−i/64)·(e^f − 1)
 * cancels nowhere: up to half a step the first part is 0.
 */
export function cap(z: Float64Array, from: number, to: number, scale: number, c: number, slope: Float64Array): void {
  for (let j = from; j < to; j++) {
    const x = z[j];
    const d = Math.min(2 * Math.abs((scale * x) / c), FARTHEST);
    const i = d * RATE + ROUND - ROUND;
    const f = i * STEP_HIGH - d + i * STEP_LOW;
    const power = POWERS[i & LAST];
    const e1 = power * (f * (1 + f * (1 / 2 + f * (1 / 6 + f * (1 / 24 + f * (1 / 120 + f * (1 / 720)))))));
    const e = power + e1;
    const tanh = (1 - power - e1) / (1 + e);
    if (x !== -Infinity) z[j] = x < 0 ? -c * tanh : c * tanh;
    slope[j] = (scale * 4 * e) / ((1 + e) * (1 + e));
  }
}
