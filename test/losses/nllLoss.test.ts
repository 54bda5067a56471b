import { expect, test } from "vitest";
import * as celoss from "../../src/index.js";
import { FLOAT64 } from "../support/bounds.js";
import { decode, encode } from "../support/halves.js";
import { identical, near } from "../support/near.js";
import { Rng } from "../support/rng.js";
import { describeSets } from "../support/sets.js";

describeSets("nllLoss", (set) => {
  test("of log-softmax it is the cross-entropy: 1e-14 in float64, weights, ignored rows and all", () => {
    const rng = new Rng(1);
    const x = Float64Array.from(rng.logits(60));
    const y = rng.labels(6, 10);
    y[2] = -100;
    const weight = rng.fill(10, (r) => r.uniform(0.1, 2));
    const logP = celoss.logSoftmax(x, { classes: 10 });
    for (const options of [{}, { weight }, { weight, sampleWeight: [1, 2, 3, 0, 1, -1] }]) {
      for (const reduction of ["mean", "sum"] as const) {
        const want = celoss.crossEntropy(x, y, { ...options, reduction });
        near(celoss.nllLoss(logP, y, { ...options, reduction }), want, { rel: 1e-14 });
      }
      near(
        celoss.nllLoss(logP, y, { ...options, reduction: "none" }),
        celoss.crossEntropy(x, y, { ...options, reduction: "none" }),
        { rel: 1e-14, abs: 1e-15 },
      );
    }
  });

  test("gradient: −w at the target over the divisor, 0 elsewhere, exactly", () => {
    const logP = Float32Array.of(-1, -2, -3, -0.5, -0.25, -4);
    const { loss, grad } = celoss.nllLossWithGrad(logP, [1, 0], { weight: [4, 2, 1] });
    expect(loss).toBe((2 * 2 + 4 * 0.5) / 6);
    expect(grad).toEqual(Float32Array.of(0, -2 / 6, 0, -4 / 6, 0, 0));
    const none = celoss.nllLossWithGrad(logP, [1, -100], { reduction: "none", gradOutput: [3, 5] });
    expect(none.loss).toEqual(Float32Array.of(2, 0));
    expect(none.grad).toEqual(Float32Array.of(0, -3, 0, 0, 0, 0));
  });

  test("any axis, strides, 16-bit, in place", () => {
    const rng = new Rng(2);
    const logP = celoss.logSoftmax(Float64Array.from(rng.logits(24)), { dims: [2, 3, 4], axis: 1 });
    const y = rng.labels(8, 3);
    const byAxis = celoss.nllLossWithGrad(logP, y, { dims: [2, 3, 4], axis: 1 });
    const rows = Float64Array.from({ length: 24 }, (_, i) => {
      const [r, c] = [Math.floor(i / 3), i % 3];
      return logP[Math.floor(r / 4) * 12 + c * 4 + (r % 4)];
    });
    const apart = celoss.nllLossWithGrad(rows, y);
    near(byAxis.loss, apart.loss, { rel: 2 * FLOAT64 });
    for (let i = 0; i < 24; i++) {
      const [r, c] = [Math.floor(i / 3), i % 3];
      expect(byAxis.grad[Math.floor(r / 4) * 12 + c * 4 + (r % 4)]).toBe(apart.grad[i]);
    }
    const bits = encode(Float32Array.from(rows), "float16");
    const wide = Float32Array.from(decode(bits, "float16"));
    const narrow = celoss.nllLossWithGrad(bits, y, { dtype: "float16" });
    expect(narrow.loss).toBe(celoss.nllLoss(wide, y));
    identical(narrow.grad, encode(celoss.nllLossWithGrad(wide, y).grad, "float16"));
    const inPlace = rows.slice();
    expect(celoss.nllLossWithGrad(inPlace, y, { grad: inPlace }).loss).toBe(apart.loss);
    identical(inPlace, apart.grad);
    expect(celoss.backend().variant).toBe(set);
  });

  test("0·∞ counts as 0, a mean over nothing is NaN", () => {
    expect(celoss.nllLoss([-Infinity, 0], [0], { weight: [0, 1], reduction: "sum", classes: 2 })).toBe(0);
    expect(celoss.nllLoss([-Infinity, 0], [0], { classes: 2 })).toBe(Infinity);
    expect(celoss.nllLoss([-1, -2], [-100], { classes: 2 })).toBeNaN();
    expect(celoss.nllLossWithGrad([-1, -2], [-100], { classes: 2, onEmpty: "zero" })).toEqual({
      loss: 0,
      grad: new Float64Array(2),
    });
  });

  test("refuses before anything is written", () => {
    const grad = Float32Array.of(7, 7, 7, 7);
    const logP = Float32Array.of(-1, -2, -1, -2);
    const call = (y: number[], options: object) => celoss.nllLossWithGrad(logP, y, { grad, ...options });
    expect(() => call([0, 2], {})).toThrow('"targets" expected integer in [0, 2), got 2 at index 1');
    expect(() => call([0, 1], { weight: [1] })).toThrow(/^"weight" expected 2 elements/);
    expect(() => call([0, 1], { labelSmoothing: 0.1 })).toThrow(TypeError);
    expect(() => celoss.nllLoss(logP, Float32Array.of(1, 0, 1, 0) as never, { classes: 2 })).toThrow(
      /^"targets" expected class indices/,
    );
    expect(grad).toEqual(Float32Array.of(7, 7, 7, 7));
  });
});
