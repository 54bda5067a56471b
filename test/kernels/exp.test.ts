import { beforeAll, describe, expect, test } from "vitest";
import { cap, expRows, prepareExp, RATE, sumExpRows } from "../../src/kernels/js/exp.js";
import { near } from "../support/near.js";
import { total } from "../support/reference.js";
import { Rng } from "../support/rng.js";

// The exponentials of the js kernels against exact arithmetic: integers in units of 2⁻²⁰⁰.

const BITS = 200n;
const ONE = 1n << BITS;
const LN2 = (() => {
  // Σ 1/(k·2ᵏ)
  let sum = 0n;
  for (let k = 1n; k <= BITS; k++) sum += (ONE >> k) / k;
  return sum;
})();

/** A float64 of no more than 2¹⁰⁰ in units of 2⁻²⁰⁰. */
function exactly(x: number): bigint {
  const exponent = x === 0 ? 0 : Math.floor(Math.log2(x)) - 53; // x is a whole number of 2^exponent
  return (BigInt(x * 2 ** -exponent) << (BITS + 100n)) >> (100n - BigInt(exponent));
}

/** Relative error of `value` as e^−d. */
function errorOfExp(value: number, d: number): number {
  // e^−d = 2⁻ⁿ·e^−r, 0 ≤ r < ln 2
  const whole = exactly(d);
  const n = whole / LN2;
  const r = whole - n * LN2;
  let term = ONE;
  let sum = ONE;
  for (let k = 1n; term !== 0n; k++) {
    term = (-term * r) / (k << BITS);
    sum += term;
  }
  const scaled = exactly(value * 2 ** Number(n));
  return Math.abs(Number(((scaled - sum) << 60n) / sum) / 2 ** 60);
}

const zero = new Float64Array(1);

/** e^−d, one by one. */
function exp(d: Float64Array, exact: boolean): Float64Array {
  const e = new Float64Array(d.length);
  expRows(d, 1, d.length, zero, RATE, e, new Float64Array(1), exact);
  return e;
}

beforeAll(prepareExp);

describe.each([
  ["exact", true, 3e-16],
  ["short", false, 6.2e-12],
] as const)("exp of the js kernels, %s", (_, exact, bound) => {
  test.each([0.01, 1, 10, 100, 700])(`5,000 d in [0, %d] (seed 7): relative error ≤ ${bound} + 2.2e-16·d`, (most) => {
    const d = new Rng(7).fill(5000, (rng) => rng.uniform(0, most));
    const e = exp(d, exact);
    for (let j = 0; j < d.length; j++) expect(errorOfExp(e[j], d[j])).toBeLessThanOrEqual(bound + 2.2e-16 * d[j]);
  });

  test("0 gives 1; from 709.8 on 0; NaN stays NaN", () => {
    const d = Float64Array.of(0, -0, 709.8, 745, 1e20, 1e300, Infinity, Number.NaN, 2 ** -1074);
    expect([...exp(d, exact)]).toEqual([1, 1, 0, 0, 0, 0, 0, Number.NaN, 1]);
  });

  test("sums of rows are those of their terms, to 4 units of roundoff, at every length up to 20 (seed n)", () => {
    for (let n = 1; n <= 20; n++) {
      const z = new Rng(n).fill(3 * n, (rng) => rng.uniform(-9, 0));
      const m = Float64Array.of(0, 0.5, 1);
      const [e, u, v] = [new Float64Array(3 * n), new Float64Array(3), new Float64Array(3)];
      expRows(z, 3, n, m, 0.5 * RATE, e, u, exact);
      sumExpRows(z, 3, n, m, 0.5 * RATE, v, exact, new Float64Array(3 * n));
      expect(v).toEqual(u);
      const sums = m.map((_, r) => total(e.subarray(r * n, (r + 1) * n)));
      near(u, sums, { rel: 4 * 2 ** -53 });
      near(
        e,
        z.map((value, j) => Math.exp(0.5 * (value - m[Math.floor(j / n)]))),
        { rel: 1e-11 },
      );
    }
  });
});

test("soft cap of the js kernels: c·tanh and its slope to a relative 1e-14 (seed 8)", () => {
  for (const c of [1, 30, 1e6]) {
    const x = new Rng(8).fill(2000, (rng) => rng.pick([1e-9, 1e-3, 1, 10, 40]) * rng.normal() * c);
    const [z, slope] = [x.slice(), new Float64Array(x.length)];
    cap(z, x.length, 0.5, c, slope);
    near(
      z,
      x.map((value) => c * Math.tanh((0.5 * value) / c)),
      { rel: 1e-14 },
    );
    // 1 − tanh² = 1/cosh², whose relative error is that of the argument times it.
    const want = x.map((value) => 0.5 / Math.cosh((0.5 * value) / c) ** 2);
    near(slope, want, { rel: 1e-13, abs: 1e-300 });
  }
});
