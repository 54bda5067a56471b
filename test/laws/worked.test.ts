// The numbers of docs/maths.md that concern these functions, as a reader would check them by hand.

import { expect, test } from "vitest";
import {
  binaryCrossEntropyWithLogitsWithGrad,
  crossEntropy,
  crossEntropyWithGrad,
  logSumExp,
  mseLossWithGrad,
  sigmoid,
  softmax,
} from "../../src/index.js";
import { describeSets } from "../support/sets.js";

const six = (values: ArrayLike<number>) => Array.from(values, (value) => Number(value.toFixed(6)));

describeSets("worked numbers, to 6 decimals", () => {
  for (const [name, logits] of [
    ["float32", Float32Array.of(2, 1, 0.1)],
    ["float64", Float64Array.of(2, 1, 0.1)],
    ["plain array", [2, 1, 0.1]],
  ] as const) {
    test(`softmax(2, 1, 0.1), ${name}`, () => {
      const wanted = [0.659001, 0.242433, 0.098566];
      expect(six(softmax(logits, { dims: [3] }))).toEqual(wanted);
    });

    test(`logSumExp(2, 1, 0.1) = 2.417030, ${name}`, () => {
      expect(six(logSumExp(logits, { dims: [3] }))).toEqual([2.41703]);
    });

    test(`crossEntropy((2, 1, 0.1), 0) = 0.417030, ${name}: the logits are not clipped`, () => {
      expect(six([crossEntropy(logits, [0]) as number])).toEqual([0.41703]);
    });

    test(`its gradient is p − e, ${name}`, () => {
      const { grad } = crossEntropyWithGrad(logits, [0]);
      expect(six(grad as Float64Array)).toEqual([-0.340999, 0.242433, 0.098566]);
    });
  }

  test("a uniform guess over n classes costs ln n", () => {
    for (const n of [2, 6, 10, 1000]) {
      expect(crossEntropy(new Float64Array(n), [n - 1]) as number).toBeCloseTo(Math.log(n), 14);
    }
  });

  const p = [0.4, 0.4, 0.05, 0.05, 0.05, 0.05];
  const lengths = [2, 2, 3, 3, 3, 3];

  test("the right distribution costs its entropy: 1.332179 nats", () => {
    const got = crossEntropy(p.map(Math.log), p, { classes: 6 }) as number;
    expect(six([got, got / Math.LN2, got / Math.LN10])).toEqual([1.332179, 1.921928, 0.578558]);
  });

  test("the distribution of the code lengths costs 2.2 bits, 0.278072 more than the entropy", () => {
    const cost = crossEntropy(
      lengths.map((l) => -l * Math.LN2),
      p,
      { classes: 6 },
    ) as number;
    const entropy = crossEntropy(p.map(Math.log), p, { classes: 6 }) as number;
    expect(six([cost / Math.LN2, (cost - entropy) / Math.LN2])).toEqual([2.2, 0.278072]);
  });

  test("sigmoid cross-entropy at z = 4, y = 0: gradient 0.982014", () => {
    const { grad } = binaryCrossEntropyWithLogitsWithGrad([4], Float64Array.of(0));
    expect(six(grad as Float64Array)).toEqual([0.982014]);
  });

  test("½(σ(z) − y)² through a sigmoid at z = 4, y = 0: gradient 0.017345", () => {
    const p = sigmoid([4]);
    const { grad } = mseLossWithGrad(p, Float64Array.of(0));
    expect(six([(grad[0] / 2) * p[0] * (1 - p[0])])).toEqual([0.017345]);
  });

  test("logits of 1e20 stay exact", () => {
    const logits = Float64Array.of(1e20, 1e20, 0);
    expect(crossEntropy(logits, [0]) as number).toBeCloseTo(Math.LN2, 15);
    expect(crossEntropy(logits, [2]) as number).toBe(1e20);
  });
});
