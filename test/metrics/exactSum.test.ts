// The accumulator against integers: a float64 is a whole number of 2⁻¹⁰⁷⁴, and BigInt adds those exactly.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ExactSum } from "../../src/metrics/exactSum.js";
import { Rng } from "../support/rng.js";

const RUNS = { seed: 4711, numRuns: 500 };
const EXTREMES = [
  ...[1e308, -1e308, 1e-308, -1e-308, Number.MAX_VALUE, -Number.MAX_VALUE, 5e-324, -5e-324, 2 ** -1022, 0, -0],
  ...[1, -1, 2 ** 53, 2 ** -53, 2 ** 53 + 2, 1 + 2 ** -52, 2 ** 970, -(2 ** 970), 2 ** 1023, 0.1],
];
const finite = fc.oneof(fc.constantFrom(...EXTREMES), fc.double({ noNaN: true, noDefaultInfinity: true }));
const any = fc.oneof({ weight: 20, arbitrary: finite }, fc.constantFrom(Number.NaN, Infinity, -Infinity));

function sumOf(values: readonly number[]): ExactSum {
  const sum = new ExactSum();
  for (const value of values) sum.add(value);
  return sum;
}

const BITS = new BigInt64Array(1);
const FLOAT = new Float64Array(BITS.buffer);

/** A finite float64 in units of 2⁻¹⁰⁷⁴. */
function units(value: number): bigint {
  FLOAT[0] = Math.abs(value);
  const exponent = BITS[0] >> 52n;
  const fraction = BITS[0] & (2n ** 52n - 1n);
  const magnitude = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n);
  return value < 0 ? -magnitude : magnitude;
}

/** The neighbour away from 0 of a finite number, in units: past the largest float64 what the next one would be. */
function nextUnits(value: number): bigint {
  FLOAT[0] = Math.abs(value);
  const exponent = BITS[0] >> 52n;
  return units(Math.abs(value)) + (exponent <= 1n ? 1n : 1n << (exponent - 1n));
}

/** Whether `got` is the float64 nearest to a number of units, of two as near the even one. */
function expectNearest(got: number, total: bigint): void {
  const exact = total < 0n ? -total : total;
  const overflow = nextUnits(Number.MAX_VALUE);
  const limit = (units(Number.MAX_VALUE) + overflow) / 2n;
  if (exact >= limit) {
    expect(got).toBe(total < 0n ? -Infinity : Infinity);
    return;
  }
  const own = units(Math.abs(got));
  FLOAT[0] = Math.abs(got);
  const even = (BITS[0] & 1n) === 0n;
  const above = 2n * exact - (own + nextUnits(got));
  expect(above < 0n || (above === 0n && even), `${got} is too small for ${total}`).toBe(true);
  if (own > 0n) {
    BITS[0] -= 1n;
    const below = own + units(FLOAT[0]) - 2n * exact;
    expect(below < 0n || (below === 0n && even), `${got} is too large for ${total}`).toBe(true);
  }
  if (total !== 0n) expect(got < 0).toBe(total < 0n);
}

describe("ExactSum", () => {
  test("is the float64 nearest to the exact sum [seed 4711]", () => {
    fc.assert(
      fc.property(fc.array(finite, { maxLength: 40 }), (values) => {
        const total = values.reduce((sum, value) => sum + units(value), 0n);
        expectNearest(sumOf(values).value(), total);
      }),
      RUNS,
    );
  });

  test("is the nearest one also where the sum lies on a tie, or one unit beside it [seed 4711]", () => {
    const tie = fc.tuple(fc.integer({ min: -900, max: 900 }), fc.nat({ max: 2 ** 30 }), fc.constantFrom(-1, 0, 1));
    fc.assert(
      fc.property(tie, ([exponent, odd, beside]) => {
        const values = [(2 ** 52 + odd) * 2 ** exponent, 2 ** (exponent - 1), beside * 5e-324];
        for (const sign of [1, -1]) {
          const signed = values.map((value) => sign * value);
          expectNearest(
            sumOf(signed).value(),
            signed.reduce((sum, value) => sum + units(value), 0n),
          );
        }
      }),
      RUNS,
    );
  });

  test("any order and any grouping give the same sum, to the bit: infinities and NaN too [seed 4711]", () => {
    fc.assert(
      fc.property(fc.array(any, { maxLength: 60 }), fc.nat(), (values, seed) => {
        const rng = new Rng(seed);
        const groups = Array.from({ length: 1 + rng.integer(6) }, () => [] as number[]);
        for (const value of [...values].sort(() => rng.uniform() - 0.5)) rng.pick(groups).push(value);
        const sums = groups.map(sumOf);
        while (sums.length > 1) {
          const [taken] = sums.splice(rng.integer(sums.length), 1);
          rng.pick(sums).merge(taken);
        }
        const whole = sumOf(values);
        expect(sums[0].toString()).toBe(whole.toString());
        expect(sums[0].value()).toBe(whole.value());
      }),
      RUNS,
    );
  });

  test("its text is the sum again, and the text of equal sums is equal [seed 4711]", () => {
    fc.assert(
      fc.property(fc.array(any, { maxLength: 20 }), (values) => {
        const text = sumOf(values).toString();
        const back = ExactSum.parse("text", text);
        expect(back.toString()).toBe(text);
        back.merge(sumOf(values));
        expect(back.toString()).toBe(sumOf([...values, ...values]).toString());
      }),
      RUNS,
    );
  });

  test("texts can be read by hand", () => {
    const texts = [[1.5], [26 / 8], [-1], [16], [5e-324], [0.1, -0.1], [Infinity, 1], [Infinity, -Infinity], [-0]];
    expect(texts.map((values) => sumOf(values).toString())).toEqual([
      ...["0x6p-2", "0xdp-2", "-0x4p-2", "0x4p+2", "0x1p-1074", "0x0p+0", "Infinity", "NaN", "0x0p+0"],
    ]);
  });

  test("what infinities and NaN leave behind does not go away", () => {
    expect(sumOf([Infinity, 1e308, -1e308]).value()).toBe(Infinity);
    expect(sumOf([-Infinity, 1]).value()).toBe(-Infinity);
    expect(sumOf([-Infinity, Infinity, 1]).value()).toBeNaN();
    expect(sumOf([Number.NaN, Infinity]).over(3)).toBeNaN();
  });

  test("a mean is finite where the sum overflows", () => {
    const sum = sumOf([1e308, 1e308, 1e308]);
    expect(sum.value()).toBe(Infinity);
    expect(sum.over(3)).toBe(1e308);
  });

  test("three million additions of one sign, past the carries that wait", () => {
    for (const value of [-Number.MAX_VALUE, 2 ** 53 - 1, 1 / 3]) {
      const sum = new ExactSum();
      for (let i = 0; i < 3_000_000; i++) sum.add(value);
      expectNearest(sum.value(), 3_000_000n * units(value));
    }
  });

  test("a sum merged with itself doubles", () => {
    const sum = sumOf([0.1, 1e300]);
    sum.merge(sum);
    expect(sum.toString()).toBe(sumOf([0.1, 0.1, 1e300, 1e300]).toString());
  });

  test("texts of no sum are refused", () => {
    for (const text of ["", "1", "0x", "0x1", "0x1p-1075", "0x1p+9999", "0xgp+0", "1e3", " 0x1p+0", "+0x1p+0"]) {
      expect(() => ExactSum.parse("sum", text), text).toThrow(/^"sum" expected sum in hexadecimal, got "/);
    }
    expect(() => ExactSum.parse("sum", 1)).toThrow(TypeError);
  });
});
