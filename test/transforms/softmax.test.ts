import { expect, test } from "vitest";
import { logSoftmax, logSumExp, softmax } from "../../src/index.js";
import { FLOAT32, FLOAT64, rounded, transformBounds } from "../support/bounds.js";
import { decode, encode, HALF_UNIT, type Half } from "../support/halves.js";
import { layout } from "../support/layout.js";
import { near } from "../support/near.js";
import { allPairs, type Choice } from "../support/pairs.js";
import * as reference from "../support/reference.js";
import { Rng } from "../support/rng.js";
import { describeSets } from "../support/sets.js";

const FACTORS = {
  dtype: ["float32", "float64", "float16", "bfloat16"],
  classes: [1, 2, 3, 4, 5, 8, 9, 31, 32, 33, 100, 1000],
  axis: ["last", "first", "middle", "several", "several, swapped", "all"],
  mask: [false, true],
  out: ["new", "given", "in place"],
  values: ["normal", "wide", "some −∞", "huge"],
} as const;
type Combination = Choice<typeof FACTORS>;

const SEED = 3141;
const PAIRS = allPairs(FACTORS, SEED);

function shape({ axis, classes: n }: Combination): { dims: number[]; axis: number | number[] | null } {
  return {
    last: { dims: [3, 2, n], axis: -1 },
    first: { dims: [n, 5], axis: 0 },
    middle: { dims: [2, n, 3], axis: 1 },
    several: { dims: [2, 3, n], axis: [1, 2] },
    "several, swapped": { dims: [n, 3, 2], axis: [-1, 0] },
    all: { dims: [2, n], axis: null },
  }[axis];
}

function check(c: Combination, rng: Rng): void {
  const half = c.dtype === "float16" || c.dtype === "bfloat16" ? (c.dtype as Half) : undefined;
  const width = c.dtype === "float64" ? Float64Array : Float32Array;
  const { dims, axis } = shape(c);
  const n = dims.reduce((a, b) => a * b, 1);
  const size = { normal: 1, wide: 10, "some −∞": 3, huge: c.dtype === "float16" ? 5e3 : 1e15 }[c.values];
  const draw = rng.fill(n, (r) => (c.values === "some −∞" && r.uniform() < 0.2 ? -Infinity : r.normal(size)));
  const logits = half ? encode(draw, half) : width.from(draw);
  const exact = half ? decode(logits, half) : Float64Array.from(logits);
  const mask = c.mask ? Uint8Array.from(draw, () => Number(rng.uniform() < 0.8)) : undefined;
  const options = { dims, axis, mask };
  const bounds = transformBounds(exact, options, width === Float64Array ? FLOAT64 : FLOAT32);
  for (const [name, run, specified] of [
    ["softmax", softmax, reference.softmax],
    ["logSoftmax", logSoftmax, reference.logSoftmax],
  ] as const) {
    const want = specified(exact, options);
    const abs = half ? rounded(bounds[name], want, half) : bounds[name];
    const own = logits.slice();
    const fresh = half ? new Uint16Array(n) : new width(n);
    const out = { new: undefined, given: fresh, "in place": own }[c.out];
    const got = run(own, { ...options, dtype: c.dtype, out });
    near(half ? decode(got as Uint16Array, half) : (got as Float64Array), want, { abs }, name);
    if (out) expect(got).toBe(out);
    else expect(own).toEqual(logits);
  }
  const rows = new width(layout(dims, axis).rows);
  const got = logSumExp(logits, { ...options, dtype: c.dtype, out: c.out === "given" ? rows : undefined });
  near(got as Float64Array, reference.logSumExp(exact, options), { abs: bounds.logSumExp }, "logSumExp");
  if (c.out === "given") expect(got).toBe(rows);
  expect(got.constructor).toBe(width);
}

describeSets(`softmax, logSoftmax, logSumExp, bounds of support/bounds.ts [seed ${SEED}]`, () => {
  for (const dtype of FACTORS.dtype) {
    const pairs = PAIRS.filter((c) => c.dtype === dtype);
    test(`${dtype}: all pairs of options against the reference (${pairs.length} combinations)`, () => {
      for (const [i, c] of pairs.entries()) {
        try {
          check(c, new Rng(SEED + i));
        } catch (error) {
          throw new Error(`${JSON.stringify(c)} [seed ${SEED + i}]: ${(error as Error).message}`, { cause: error });
        }
      }
    });
  }

  // In float64 each of the C additions of the row sum rounds, and each product; float32 rows are summed in float64.
  test("softmax sums to 1 within 4u for float32, (C + 3)u for float64, and half an ulp an element for 16 bits", () => {
    for (const classes of FACTORS.classes) {
      const x = new Rng(classes).logits(classes);
      near(reference.total(softmax(x, { dims: [classes] }) as Float32Array), 1, { abs: 4 * FLOAT32 });
      const wide = Float64Array.from(x);
      near(reference.total(softmax(wide, { dims: [classes] }) as Float64Array), 1, { abs: (classes + 3) * FLOAT64 });
      const bits = softmax(encode(x, "float16"), { dims: [classes], dtype: "float16" });
      const sum = reference.total(decode(bits as Uint16Array, "float16"));
      near(sum, 1, { abs: HALF_UNIT.float16 + classes * 2 ** -25 + 4 * FLOAT32 });
    }
  });

  test("a row without any class: log-sum-exp −∞, softmax empty", () => {
    const x = new Float32Array(0);
    expect(Array.from(logSumExp(x, { dims: [2, 0] }))).toEqual([-Infinity, -Infinity]);
    expect(softmax(x, { dims: [2, 0] })).toHaveLength(0);
  });

  test("a row with every class masked: log-sum-exp −∞, softmax NaN, as a row of −∞", () => {
    const [x, mask, dims] = [Float32Array.of(1, 2, 3, 4), Uint8Array.of(0, 0, 1, 0), [2, 2]];
    expect(Array.from(logSumExp(x, { dims, mask }))).toEqual([-Infinity, 3]);
    expect(Array.from(softmax(x, { dims, mask }))).toEqual([Number.NaN, Number.NaN, 1, 0]);
    expect(Array.from(logSoftmax(x, { dims, mask }))).toEqual([Number.NaN, Number.NaN, 0, -Infinity]);
  });
});
