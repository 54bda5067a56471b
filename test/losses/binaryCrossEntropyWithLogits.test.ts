import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { binaryCrossEntropyWithLogits, binaryCrossEntropyWithLogitsWithGrad } from "../../src/index.js";
import { binaryBounds, FLOAT32, FLOAT64, rounded } from "../support/bounds.js";
import { slope } from "../support/differences.js";
import { decode, encode, type Half } from "../support/halves.js";
import type { Tensor } from "../support/layout.js";
import { near } from "../support/near.js";
import { allPairs, type Choice } from "../support/pairs.js";
import * as reference from "../support/reference.js";
import { Rng } from "../support/rng.js";
import { describeSets } from "../support/sets.js";

const FACTORS = {
  dtype: ["float32", "float64", "float16", "bfloat16"],
  columns: [1, 2, 3, 4, 5, 8, 9, 31, 32, 33, 100, 1000],
  targets: ["0 or 1", "between"],
  weight: ["none", "scalar", "column", "element", "row"],
  posWeight: ["none", "scalar", "column", "element", "row"],
  gradOutput: ["none", "scalar", "element"],
  reduction: ["mean", "sum", "none"],
  denominator: [undefined, 7.5],
  out: ["new", "given"],
  grad: ["new", "given", "in place"],
} as const;
type Combination = Choice<typeof FACTORS>;

const SEED = 271828;
const ROWS = 3;
const PAIRS = allPairs(FACTORS, SEED);
const list = (loss: unknown) => (typeof loss === "number" ? [loss] : (loss as Float64Array));

/** A factor as the library takes it, and as the reference does. */
function factor(kind: string, dims: number[], width: Float32ArrayConstructor | Float64ArrayConstructor, rng: Rng) {
  const shapes: Record<string, number[]> = { column: [dims[1]], element: dims, row: [ROWS, 1] };
  const draw = () => rng.uniform(0.2, 3);
  if (kind === "none") return [undefined, undefined] as const;
  if (kind === "scalar") return [2.5, 2.5] as const;
  const shape = shapes[kind];
  const data = width.from(
    rng.fill(
      shape.reduce((a, b) => a * b, 1),
      draw,
    ),
  );
  const tensor: Tensor = { data, dims: shape };
  // One a column and one an element are plain arrays; anything else broadcasts as a tensor.
  return [kind === "row" ? tensor : data, tensor] as const;
}

function check(c: Combination, rng: Rng): void {
  const half = c.dtype === "float16" || c.dtype === "bfloat16" ? (c.dtype as Half) : undefined;
  const width = c.dtype === "float64" ? Float64Array : Float32Array;
  const dims = [ROWS, c.columns];
  const draw = rng.fill(ROWS * c.columns, (r) => r.normal(6));
  const logits = half ? encode(draw, half) : width.from(draw);
  const exact = half ? decode(logits, half) : Float64Array.from(logits);
  const targets = width.from(draw.map(() => (c.targets === "between" ? rng.uniform() : rng.integer(2))));
  const [weight, wantWeight] = factor(c.weight, dims, width, rng);
  const [posWeight, wantPosWeight] = factor(c.posWeight, dims, width, rng);
  const [gradOutput, wantGradOutput] = factor(c.gradOutput, dims, width, rng);
  const shared = { dims, reduction: c.reduction, denominator: c.denominator };
  const options = { ...shared, weight: wantWeight, posWeight: wantPosWeight, gradOutput: wantGradOutput };
  const want = reference.binaryCrossEntropyWithLogitsWithGrad(exact, targets, options);
  const bounds = binaryBounds(exact, targets, options, width === Float64Array ? FLOAT64 : FLOAT32);
  if (half) bounds.grad = rounded(bounds.grad, want.grad, half);
  const out = c.out === "given" && c.reduction === "none" ? new width(exact.length) : undefined;
  const fresh = half ? new Uint16Array(exact.length) : new width(exact.length);
  const grad = { new: undefined, given: fresh, "in place": logits }[c.grad];
  const call = { ...shared, dtype: c.dtype, weight, posWeight, out };
  near(list(binaryCrossEntropyWithLogits(logits, targets, call)), want.loss, { abs: bounds.loss }, "loss alone");
  out?.fill(Number.NaN);
  const got = binaryCrossEntropyWithLogitsWithGrad(logits, targets, { ...call, gradOutput, grad });
  near(list(got.loss), want.loss, { abs: bounds.loss }, "loss");
  const result = half ? decode(got.grad as Uint16Array, half) : (got.grad as Float64Array);
  near(result, want.grad, { abs: bounds.grad }, "grad");
  if (grad) expect(got.grad).toBe(grad);
  if (out) expect(got.loss).toBe(out);
}

describeSets(`binaryCrossEntropyWithLogits, bounds of support/bounds.ts [seed ${SEED}]`, () => {
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

  for (const [name, width, u] of [
    ["float32", Float32Array, FLOAT32],
    ["float64", Float64Array, FLOAT64],
  ] as const) {
    test(`${name}: infinite logits reach the limits of the loss: 0 where they are right, ∞ where they are wrong`, () => {
      const x = width.of(Infinity, -Infinity, Infinity, -Infinity, Infinity, -Infinity);
      const t = width.of(1, 0, 0, 1, 0.5, 0.5);
      const { loss, grad } = binaryCrossEntropyWithLogitsWithGrad(x, t, { reduction: "none" });
      expect(Array.from(list(loss))).toEqual([0, 0, Infinity, Infinity, Infinity, Infinity]);
      near(grad as Float64Array, [0, 0, 1, -1, 0.5, -0.5], { abs: 0 });
    });

    test(`${name}: NaN stays in its element, at every place around the vector width`, () => {
      for (const n of [1, 2, 3, 4, 5, 8, 9, 31, 32, 33]) {
        for (let place = 0; place < n; place++) {
          const x = width.from(new Rng(n).logits(n));
          x[place] = Number.NaN;
          const t = width.from(new Float64Array(n)).fill(0.25);
          const { loss, grad } = binaryCrossEntropyWithLogitsWithGrad(x, t, { reduction: "none" });
          const want = Array.from(x, (_, i) => i === place);
          expect(Array.from(list(loss), Number.isNaN)).toEqual(want);
          expect(Array.from(grad as Float64Array, Number.isNaN)).toEqual(want);
        }
      }
    });

    test(`${name}: an element of weight 0 counts for nothing, even with an infinite loss`, () => {
      const options = { weight: width.of(0, 1), dims: [1, 2] };
      const { loss, grad } = binaryCrossEntropyWithLogitsWithGrad(width.of(Infinity, 0), width.of(0, 1), options);
      near(loss as number, Math.LN2 / 2, { rel: 4 * u });
      near(grad as Float64Array, [0, -0.25], { abs: 0 });
    });

    test(`${name}: nothing to average`, () => {
      const [x, t] = [new width(0), new width(0)];
      expect(binaryCrossEntropyWithLogits(x, t)).toBeNaN();
      expect(binaryCrossEntropyWithLogits(x, t, { onEmpty: "zero" })).toBe(0);
      expect(() => binaryCrossEntropyWithLogits(x, t, { onEmpty: "throw" })).toThrow(RangeError);
      expect(binaryCrossEntropyWithLogits(x, t, { reduction: "sum" })).toBe(0);
    });
  }

  test("targets in any form of numbers, and logits and targets with strides: the same to the bit", () => {
    const x = new Rng(SEED).logits(6);
    const t = [1, 0, 0, 1, 1, 0];
    const want = binaryCrossEntropyWithLogitsWithGrad(x, Float32Array.from(t), { reduction: "none" });
    const forms = [t, Float64Array.from(t), Int32Array.from(t), Uint8Array.from(t), t.map(Boolean)];
    for (const targets of [...forms, { data: BigInt64Array.from(t, BigInt), dims: [6], type: "int64" }]) {
      expect(binaryCrossEntropyWithLogitsWithGrad(x, targets as number[], { reduction: "none" })).toEqual(want);
    }
    const order = [0, 3, 1, 4, 2, 5]; // [2, 3] by columns
    const columns = <T>(values: ArrayLike<T>) => order.map((i) => values[i]);
    const [shape, strides] = [
      [2, 3],
      [1, 2],
    ];
    const logits = { data: Float32Array.from(columns(x)), shape, strides };
    const targets = { data: Float32Array.from(columns(t)), shape, strides };
    expect(binaryCrossEntropyWithLogitsWithGrad(logits, targets, { reduction: "none" })).toEqual(want);
  });

  test(`float32 at 1e6 elements: loss within 1e-8 relative, gradient within 2e-6 of itself or 1e-7 of its terms`, () => {
    const n = 1e6;
    const rng = new Rng(SEED);
    const x = rng.logits(n);
    const t = Float32Array.from(rng.fill(n, (r) => r.integer(2)));
    const want = reference.binaryCrossEntropyWithLogitsWithGrad(x, t, { dims: [n], reduction: "sum" });
    const { loss, grad } = binaryCrossEntropyWithLogitsWithGrad(x, t, { reduction: "sum" });
    near(loss as number, want.loss, { rel: 1e-8 });
    const abs = want.grad.map((g, i) => Math.max(2e-6 * Math.abs(g), 1e-7 * Math.max(t[i], reference.sigmoid(x[i]))));
    near(grad as Float32Array, want.grad, { abs });
  });
});

const RUNS = { seed: SEED, numRuns: 100 };
const element = { x: fc.double({ min: -40, max: 40, noNaN: true }), t: fc.double({ min: 0, max: 1, noNaN: true }) };

describe(`laws of binaryCrossEntropyWithLogits, float64 [seed ${SEED}]`, () => {
  const at = (x: number, t: number, options = {}) => {
    return binaryCrossEntropyWithLogitsWithGrad(Float64Array.of(x), Float64Array.of(t), options);
  };

  test("loss(x, t) = loss(−x, 1 − t), within the bounds of both", () => {
    const law = ({ x, t }: { x: number; t: number }) => {
      const mirrored = at(-x, 1 - t);
      const { loss, grad } = at(x, t);
      // 1 − t rounds, by half an ulp of 1 at most.
      const abs = 64 * FLOAT64 * (1 + Math.abs(x));
      near(loss as number, mirrored.loss as number, { abs });
      near((grad as Float64Array)[0], -(mirrored.grad as Float64Array)[0], { abs });
    };
    fc.assert(fc.property(fc.record(element), law), RUNS);
  });

  test("the gradient is the finite difference of the loss to 1e-8, with posWeight and weight", () => {
    const law = ({ x, t, p, w }: { x: number; t: number; p: number; w: number }) => {
      const options = { posWeight: p, weight: w };
      const f = (v: Float64Array) => at(v[0], t, options).loss as number;
      near((at(x, t, options).grad as Float64Array)[0], slope(f, Float64Array.of(x), 0), { abs: 1e-8 });
    };
    const scale = fc.double({ min: 0.1, max: 4, noNaN: true });
    fc.assert(fc.property(fc.record({ ...element, p: scale, w: scale }), law), RUNS);
  });

  test("two classes of softmax are one logit of sigmoid, within the bounds of both", () => {
    const law = ({ x, t }: { x: number; t: number }) => {
      const two = reference.crossEntropyWithGrad(Float64Array.of(x, 0), Float64Array.of(t, 1 - t), { dims: [1, 2] });
      near(at(x, t).loss as number, two.loss, { abs: 64 * FLOAT64 * (1 + Math.abs(x)) });
      near((at(x, t).grad as Float64Array)[0], two.grad[0], { abs: 64 * FLOAT64 });
    };
    fc.assert(fc.property(fc.record(element), law), RUNS);
  });
});
