// e^−d for d ≥ 0 in float64: with x = d·64/ln 2, i = round(x) and f = i − x, |f| ≤ ½, it is 2^(−i/64)·2^(f/64), the
// first from a table, the second as a polynomial in f. Relative errors, measured by test/kernels/exp.test.ts:
//
//   exact  Taylor series to degree 5                                                   3.0e-16 + 2.2e-16·d
//   short  degree 3, for results rounded to float32; its quadratic coefficient is      6.2e-12 + 2.2e-16·d
//          raised by (√2 − 1)/48·(ln 2/64)⁴, which balances the missing quartic term
//
// What grows with d is the rounding of x, no more than that of a difference of logits itself. Adding and subtracting
// 1.5·2⁵² rounds to an integer. The minimum keeps the index in the table, whose last entry is 0; NaN stays NaN, at
// index 0.
//
// The loops are written for V8. What each of these is for, in ns an element (Node 20.20, Zen 4, November 2026):
//  – unrolled where results are float32: once an iteration it checks for interrupts, and then all about the array again; 2.1 → 1.85
//  – bounds masked (a block has fewer than 2³⁰ elements): indices are then known to be small and not negative, and no
//    overflow is checked; 1.91 → 1.84
//  – literals: bundlers turn top-level constants into variables, read again in every iteration; a whole call, bundled,
//    3.4 → 2.9
//  – no calls: whether they are inlined depends on how much else has been, and a call allocates the numbers it passes.
//    Hence also loops over many rows, with one number a row in arrays; rows of 10 classes 37 → 6
// One pass with a running maximum took 2.19, against 1.98 for one that finds the maximum and one for the sum.

/** x in a unit of d. */
export const RATE = 64 / Math.LN2;
/** 2^(−i/64) for i < 65535, and 0. */
const POWERS = new Float64Array(65536);

/** Must have run once before the other functions here: importing the library costs no time. */
export function prepareExp(): void {
  if (POWERS[0] === 1) return;
  for (let i = 0; i < 64; i++) POWERS[i] = 2 ** (-i / 64);
  for (let i = 64; i < 65535; i++) POWERS[i] = POWERS[i - 64] / 2;
}

function sumShort(z: Float64Array, rows: number, n: number, m: Float64Array, rate: number, u: Float64Array): void {
  const powers = POWERS;
  for (let r = 0; r < rows; r++) {
    const peak = m[r];
    const end = ((r + 1) * n) & 0x3fffffff;
    let j = (r * n) & 0x3fffffff;
    let a = 0;
    let b = 0;
    for (; j < end - 3; j += 4) {
      const x0 = Math.min((peak - z[j]) * rate, 65535);
      const i0 = x0 + 6755399441055744 - 6755399441055744;
      const f0 = i0 - x0;
      const e0 =
        powers[i0 & 65535] *
        (1 + f0 * (0.010830424696249145 + f0 * (5.8649168281807726e-5 + f0 * 2.1173137155464776e-7)));
      const x1 = Math.min((peak - z[j + 1]) * rate, 65535);
      const i1 = x1 + 6755399441055744 - 6755399441055744;
      const f1 = i1 - x1;
      const e1 =
        powers[i1 & 65535] *
        (1 + f1 * (0.010830424696249145 + f1 * (5.8649168281807726e-5 + f1 * 2.1173137155464776e-7)));
      const x2 = Math.min((peak - z[j + 2]) * rate, 65535);
      const i2 = x2 + 6755399441055744 - 6755399441055744;
      const f2 = i2 - x2;
      const e2 =
        powers[i2 & 65535] *
        (1 + f2 * (0.010830424696249145 + f2 * (5.8649168281807726e-5 + f2 * 2.1173137155464776e-7)));
      const x3 = Math.min((peak - z[j + 3]) * rate, 65535);
      const i3 = x3 + 6755399441055744 - 6755399441055744;
      const f3 = i3 - x3;
      const e3 =
        powers[i3 & 65535] *
        (1 + f3 * (0.010830424696249145 + f3 * (5.8649168281807726e-5 + f3 * 2.1173137155464776e-7)));
      a += e0 + e2;
      b += e1 + e3;
    }
    for (; j < end; j++) {
      const x = Math.min((peak - z[j]) * rate, 65535);
      const i = x + 6755399441055744 - 6755399441055744;
      const f = i - x;
      const e =
        powers[i & 65535] * (1 + f * (0.010830424696249145 + f * (5.8649168281807726e-5 + f * 2.1173137155464776e-7)));
      a += e;
    }
    u[r] = a + b;
  }
}

function expShort(
  z: Float64Array,
  rows: number,
  n: number,
  m: Float64Array,
  rate: number,
  e: Float64Array,
  u: Float64Array,
): void {
  const powers = POWERS;
  for (let r = 0; r < rows; r++) {
    const peak = m[r];
    const end = ((r + 1) * n) & 0x3fffffff;
    let j = (r * n) & 0x3fffffff;
    let a = 0;
    let b = 0;
    for (; j < end - 3; j += 4) {
      const x0 = Math.min(Math.abs(peak - z[j]) * rate, 65535);
      const i0 = x0 + 6755399441055744 - 6755399441055744;
      const f0 = i0 - x0;
      const e0 =
        powers[i0 & 65535] *
        (1 + f0 * (0.010830424696249145 + f0 * (5.8649168281807726e-5 + f0 * 2.1173137155464776e-7)));
      e[j] = e0;
      const x1 = Math.min(Math.abs(peak - z[j + 1]) * rate, 65535);
      const i1 = x1 + 6755399441055744 - 6755399441055744;
      const f1 = i1 - x1;
      const e1 =
        powers[i1 & 65535] *
        (1 + f1 * (0.010830424696249145 + f1 * (5.8649168281807726e-5 + f1 * 2.1173137155464776e-7)));
      e[j + 1] = e1;
      const x2 = Math.min(Math.abs(peak - z[j + 2]) * rate, 65535);
      const i2 = x2 + 6755399441055744 - 6755399441055744;
      const f2 = i2 - x2;
      const e2 =
        powers[i2 & 65535] *
        (1 + f2 * (0.010830424696249145 + f2 * (5.8649168281807726e-5 + f2 * 2.1173137155464776e-7)));
      e[j + 2] = e2;
      const x3 = Math.min(Math.abs(peak - z[j + 3]) * rate, 65535);
      const i3 = x3 + 6755399441055744 - 6755399441055744;
      const f3 = i3 - x3;
      const e3 =
        powers[i3 & 65535] *
        (1 + f3 * (0.010830424696249145 + f3 * (5.8649168281807726e-5 + f3 * 2.1173137155464776e-7)));
      e[j + 3] = e3;
      a += e0 + e2;
      b += e1 + e3;
    }
    for (; j < end; j++) {
      const x = Math.min(Math.abs(peak - z[j]) * rate, 65535);
      const i = x + 6755399441055744 - 6755399441055744;
      const f = i - x;
      const term =
        powers[i & 65535] * (1 + f * (0.010830424696249145 + f * (5.8649168281807726e-5 + f * 2.1173137155464776e-7)));
      e[j] = term;
      a += term;
    }
    u[r] = a + b;
  }
}

function expExact(
  z: Float64Array,
  rows: number,
  n: number,
  m: Float64Array,
  rate: number,
  e: Float64Array,
  u: Float64Array,
): void {
  const powers = POWERS;
  for (let r = 0; r < rows; r++) {
    const peak = m[r];
    const end = ((r + 1) * n) & 0x3fffffff;
    let j = (r * n) & 0x3fffffff;
    let a = 0;
    for (; j < end; j++) {
      const x = Math.min(Math.abs(peak - z[j]) * rate, 65535);
      const i = x + 6755399441055744 - 6755399441055744;
      const f = i - x;
      const h = 2.1173137155464776e-7 + f * (5.732851688640402e-10 + f * 1.2417843701716925e-12);
      const term = powers[i & 65535] * (1 + f * (0.010830424696249145 + f * (5.86490495505617e-5 + f * h)));
      e[j] = term;
      a += term;
    }
    u[r] = a;
  }
}

/** u[r] = Σ e^−d over row r, d = rate/RATE·(m[r] − z) ≥ 0, for rows of n. `spare` may be z; it is overwritten. */
export function sumExpRows(
  z: Float64Array,
  rows: number,
  n: number,
  m: Float64Array,
  rate: number,
  u: Float64Array,
  exact: boolean,
  spare: Float64Array,
): void {
  if (exact) expExact(z, rows, n, m, rate, spare, u);
  else sumShort(z, rows, n, m, rate, u);
}

/** The same with e = e^−d, d = rate/RATE·|m[r] − z|. `e` may be z. */
export function expRows(
  z: Float64Array,
  rows: number,
  n: number,
  m: Float64Array,
  rate: number,
  e: Float64Array,
  u: Float64Array,
  exact: boolean,
): void {
  if (exact) expExact(z, rows, n, m, rate, e, u);
  else expShort(z, rows, n, m, rate, e, u);
}

/** The sign of x[j] is the highest bit of [2j]: a sign that no branch has to guess. */
export function signWords(x: Float64Array): Int32Array {
  const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0];
  return new Int32Array(x.buffer).subarray(littleEndian);
}

/**
 * Soft cap: z = c·tanh(v), v = scale·z/c, for n elements, and in `slope` its derivative scale·(1 − tanh²v). −∞, a class
 * that takes no part, stays where it is.
 *
 * With e = e^−2|v|, tanh|v| = (1 − e)/(1 + e) and 1 − tanh² = 4e/(1 + e)². 1 − e = (1 − 2^(−i/64)) −
 * 2^(−i/64)·(2^(f/64) − 1) cancels nowhere: up to half a step its first part is 0.
 */
export function cap(z: Float64Array, n: number, scale: number, c: number, slope: Float64Array): void {
  const powers = POWERS;
  const signs = signWords(z);
  const rate = (2 * RATE * scale) / c;
  for (let j = 0; j < n; j++) {
    const x = Math.min(Math.abs(z[j]) * rate, 65535);
    const i = x + 6755399441055744 - 6755399441055744;
    const f = i - x;
    const high = 5.732851688640402e-10 + f * (1.2417843701716925e-12 + f * 2.2415086850206148e-15);
    const low = 5.86490495505617e-5 + f * (2.1173137155464776e-7 + f * high);
    const power = powers[i & 65535];
    const rest = power * (f * (0.010830424696249145 + f * low));
    const e = power + rest;
    const capped = (c * (1 - power - rest)) / (1 + e);
    if (z[j] !== -Infinity) z[j] = (1 - 2 * (signs[2 * j] >>> 31)) * capped;
    slope[j] = (4 * scale * e) / ((1 + e) * (1 + e));
  }
}
