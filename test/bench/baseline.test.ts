import { describe, expect, test } from "vitest";
import {
  binaryCrossEntropyWithLogitsPlain,
  binaryCrossEntropyWithLogitsWithGradPlain,
  crossEntropyPlain,
  crossEntropyWithGradPlain,
} from "../../bench/baseline.js";
import { near } from "../support/near.js";
import * as reference from "../support/reference.js";
import { Rng } from "../support/rng.js";

// Sums of float64 run over up to `classes` and `rows` terms: (1000 + 64)·2⁻⁵³ relative; a confident row's loss is
// ln(1 + tiny), absolute in 2⁻⁵³.
const LOSS = { rel: 1e-12, abs: 1e-15 };
// e^{x−m} and its product with the factor are each rounded to float32; below 2⁻¹²⁶ the rounding is absolute.
const GRADIENT = { rel: 2.01 * 2 ** -24, abs: 2 ** -149 };

const NONE = -Infinity;
const { NaN: NAN } = Number;

/** Rows of three classes with their targets. */
const EXTREME: readonly [name: string, row: readonly number[], target: number][] = [
  ["a class at −∞", [1, NONE, 2], 0],
  ["the target at −∞: loss ∞, finite gradient", [1, NONE, 2], 1],
  ["all at −∞: NaN", [NONE, NONE, NONE], 0],
  ["+∞: NaN", [0, Infinity, 1], 0],
  ["NaN", [0, NAN, 1], 2],
  ["logits of 1e20", [1e20, 1e20, -1e20], 0],
  ["float32's largest", [3.4e38, -3.4e38, 0], 0],
  ["denormal logits", [1e-40, -1e-40, 0], 1],
  ["gradients below the smallest normal number", [0, -95, -100], 0],
  ["a confident row", [60, 0, -60], 0],
  ["a row that is sure and wrong", [60, 0, -60], 2],
];

function checkCrossEntropy(logits: Float32Array, targets: Int32Array, classes: number) {
  const want = reference.crossEntropyWithGrad(logits, targets, { dims: [targets.length, classes] });
  near(crossEntropyPlain(logits, targets, classes), want.loss[0], LOSS, "loss");
  const grad = new Float32Array(logits.length);
  near(crossEntropyWithGradPlain(logits, targets, classes, grad), want.loss[0], LOSS, "loss with gradient");
  near(grad, want.grad, GRADIENT, "gradient");
  const inPlace = logits.slice();
  crossEntropyWithGradPlain(inPlace, targets, classes, inPlace);
  expect(inPlace).toEqual(grad);
}

describe("plain cross-entropy against the float64 reference: loss 1e-12, gradient two roundings to float32", () => {
  for (const [rows, classes] of [
    [1, 1],
    [1, 2],
    [1, 10],
    [64, 10],
    [3, 1000],
  ])
    test(`${rows}×${classes}, seed ${rows + classes}`, () => {
      const rng = new Rng(rows + classes);
      checkCrossEntropy(rng.logits(rows * classes), rng.labels(rows, classes), classes);
    });

  for (const [name, row, target] of EXTREME)
    test(name, () => checkCrossEntropy(Float32Array.from(row), Int32Array.of(target), 3));

  test("a row of NaN leaves its neighbours' gradients alone", () => {
    checkCrossEntropy(Float32Array.of(1, 2, 3, NAN, 0, 0, 3, 2, 1), Int32Array.of(0, 1, 2), 3);
  });

  test("no rows: NaN", () => {
    expect(crossEntropyPlain(new Float32Array(0), new Int32Array(0), 3)).toBeNaN();
  });
});

describe("plain binary cross-entropy against the float64 reference: loss 1e-12, gradient one rounding to float32", () => {
  const check = (logits: Float32Array, targets: Float32Array) => {
    const n = logits.length;
    const want = reference.binaryCrossEntropyWithLogitsWithGrad(logits, targets, { dims: [n] });
    near(binaryCrossEntropyWithLogitsPlain(logits, targets), want.loss[0], LOSS, "loss");
    const grad = new Float32Array(n);
    near(binaryCrossEntropyWithLogitsWithGradPlain(logits, targets, grad), want.loss[0], LOSS, "loss with gradient");
    // σ(x) − t cancels in float64.
    near(grad, want.grad, { rel: 1.01 * 2 ** -24, abs: 2 ** -52 / n }, "gradient");
  };

  for (const n of [1, 7, 1000])
    test(`${n} elements, seed ${n}, labels and probabilities`, () => {
      const rng = new Rng(n);
      const logits = rng.logits(n);
      check(
        logits,
        Float32Array.from(logits, () => rng.integer(2)),
      );
      check(
        logits,
        Float32Array.from(logits, () => rng.uniform()),
      );
    });

  test("logits of 1e20, 88 and denormal ones", () => {
    const logits = Float32Array.of(1e20, 1e20, -1e20, -1e20, 88, -88, 1e-40, -1e-40, 0);
    check(logits, Float32Array.of(1, 0, 1, 0, 0, 1, 0, 1, 0.5));
  });
});
