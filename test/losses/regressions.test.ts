import { expect, test } from "vitest";
import { CrossEntropyWorkspace, crossEntropy, crossEntropyWithGrad, softmax } from "../../src/index.js";
import { identical } from "../support/near.js";
import { describeSets } from "../support/sets.js";

describeSets("regressions", () => {
  // ln(1 + e^d) of the exact difference d of the logits, times the scale: 3 ulp of float32 in e^d, 1 in d.
  test("a scale multiplies differences of logits, which an offset does not blur: within 5e-7 relative", () => {
    const far = crossEntropy(Float32Array.of(1e6, 1e6 + 1), [0], { scale: 0.1 });
    expect(Math.abs(far / Math.log1p(Math.exp(0.1)) - 1)).toBeLessThan(5e-7);
    const near = crossEntropy(Float32Array.of(100.5, 101.25), [1], { scale: 1 / 0.7 });
    expect(Math.abs(near / Math.log1p(Math.exp(-0.75 / 0.7)) - 1)).toBeLessThan(5e-7);
  });

  test("with all class weights 0 the gradient is that of the z-loss, label smoothing or not", () => {
    const options = { weight: [0, 1, 1], zLoss: 0.1 };
    const want = crossEntropyWithGrad([1, 2, 3], [0], options).grad as Float64Array;
    identical(crossEntropyWithGrad([1, 2, 3], [0], { ...options, labelSmoothing: 0.3 }).grad as Float64Array, want);
  });

  test("a workspace refuses what is no boolean, and weights that are no numbers", () => {
    const shape = { rows: 1, classes: 2 };
    for (const wrong of [{ weight: [5, 1] }, { weight: 1 }, { inPlace: "yes" }]) {
      expect(() => new CrossEntropyWorkspace({ ...shape, ...wrong } as never)).toThrow(/expected boolean, got/);
    }
    const work = new CrossEntropyWorkspace({ ...shape, weight: true });
    work.weight?.set([1, Number.NaN]);
    expect(() => work.forward()).toThrow('"weight" expected finite numbers, got NaN at index 1');
  });

  test("an array that holds itself is refused", () => {
    const circular: unknown[] = [];
    circular.push(circular);
    expect(() => softmax(circular as never)).toThrow('"logits" expected arrays nested at most 32 deep');
    expect(() => crossEntropy([[1]], circular as never)).toThrow('"targets" expected arrays nested at most 32 deep');
  });
});
