import { expect, test } from "vitest";
import {
  binaryCrossEntropyWithLogitsWithGrad,
  CrossEntropyWorkspace,
  crossEntropy,
  crossEntropyWithGrad,
  softmax,
} from "../../src/index.js";
import { identical, near } from "../support/near.js";
import * as reference from "../support/reference.js";
import { Rng } from "../support/rng.js";
import { describeSets } from "../support/sets.js";

describeSets("regressions", () => {
  // ln(1 + e^d) of the exact difference d of the logits, times the scale: 3 ulp of float32 in e^d, 1 in d.
  test("a scale multiplies differences of logits, which an offset does not blur: within 5e-7 relative", () => {
    const far = crossEntropy(Float32Array.of(1e6, 1e6 + 1), [0], { scale: 0.1 });
    expect(Math.abs(far / Math.log1p(Math.exp(0.1)) - 1)).toBeLessThan(5e-7);
    const close = crossEntropy(Float32Array.of(100.5, 101.25), [1], { scale: 1 / 0.7 });
    expect(Math.abs(close / Math.log1p(Math.exp(-0.75 / 0.7)) - 1)).toBeLessThan(5e-7);
  });

  test("a row whose maximum leads by 30 to 80: loss and gradient within 2e-6 of themselves [seed 5]", () => {
    const rng = new Rng(5);
    for (let i = 0; i < 500; i++) {
      const x = rng.logits(2 + rng.integer(60), 1);
      const y = rng.integer(x.length);
      x[y] = rng.uniform(40, 80);
      const want = reference.crossEntropyWithGrad(x, Int32Array.of(y), { dims: [1, x.length] });
      const { loss, grad } = crossEntropyWithGrad(x, [y]);
      near([loss], want.loss, { rel: 2e-6 });
      // p_y − 1 is 0 in float64 here; the row's gradients sum to 0.
      const wanted = Array.from(want.grad);
      wanted[y] = 0;
      wanted[y] = -wanted.reduce((sum, g) => sum + g, 0);
      near(grad, wanted, { rel: 2e-6, abs: 2 ** -149 });
    }
  });

  // Where the exponentials of the fast ways end, and the next ones begin.
  test("rows around ±21.9, ±66, ±88 and ±350: loss within 2e-6, gradient within 2e-6 or 1e-7 of its largest [seed 8]", () => {
    const rng = new Rng(8);
    for (const level of [21.9, 66, 88, 350, 0].flatMap((value) => [value, -value])) {
      for (const classes of [3, 10, 32, 33, 1000]) {
        for (const width of [0.5, 4, 30]) {
          const x = Float32Array.from({ length: classes }, () => level + rng.normal(width));
          const y = rng.integer(classes);
          const want = reference.crossEntropyWithGrad(x, Int32Array.of(y), { dims: [1, classes] });
          const { loss, grad } = crossEntropyWithGrad(x, [y]);
          near([loss], want.loss, { rel: 2e-6 });
          const others = want.grad.filter((_, j) => j !== y);
          const largest = others.reduce((a, b) => Math.max(a, b), 0);
          const abs = want.grad.map((g) => Math.max(2e-6 * Math.abs(g), 1e-7 * largest, 2 ** -149));
          // p_y − 1 of the float64 reference cancels.
          const wanted = Array.from(want.grad);
          wanted[y] = -others.reduce((sum, g) => sum + g, 0);
          near(grad, wanted, { abs });
        }
      }
    }
  });

  test("certain elements, |x| from 22 to 80: binary loss and gradient within 6e-6 of themselves [seed 9]", () => {
    const rng = new Rng(9);
    const x = Float32Array.from({ length: 1000 }, () => rng.uniform(22, 80) * (rng.uniform() < 0.5 ? -1 : 1));
    const t = Float32Array.from(x, (value) => (value > 0 ? 1 : 0));
    const { loss, grad } = binaryCrossEntropyWithLogitsWithGrad(x, t, { reduction: "sum" });
    const exact = Array.from(x, (value) => Math.log1p(Math.exp(-Math.abs(value))));
    near([loss], [exact.reduce((sum, value) => sum + value, 0)], { rel: 6e-6 });
    near(
      grad,
      Array.from(x, (value) => -Math.sign(value) / (1 + Math.exp(Math.abs(value)))),
      { rel: 6e-6 },
    );
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
