// What docs/maths.md says of infinities, NaN, huge and tiny logits, one class, and nothing at all; on every kernel set and at
// lengths around the vector width, with the odd one out at every place of the row.

import { expect, test } from "vitest";
import { crossEntropy, crossEntropyWithGrad, logSoftmax, logSumExp, softmax } from "../../src/index.js";
import { crossEntropyBounds, FLOAT32, FLOAT64 } from "../support/bounds.js";
import { near } from "../support/near.js";
import * as reference from "../support/reference.js";
import { Rng } from "../support/rng.js";
import { describeSets } from "../support/sets.js";

const LENGTHS = [2, 3, 4, 5, 8, 9, 31, 32, 33, 100];
const WIDTHS = [
  ["float32", Float32Array, FLOAT32],
  ["float64", Float64Array, FLOAT64],
] as const;

const all = (x: ArrayLike<number>, test: (value: number) => boolean) => Array.from(x).every(test);

describeSets("extremes", () => {
  for (const [name, width, u] of WIDTHS) {
    /** Three rows, the middle one with `value` at `place`; the others must not notice. */
    const rows = (classes: number, place: number, value: number) => {
      const x = width.from(new Rng(classes * 1000 + place).logits(3 * classes));
      x[classes + place] = value;
      return x;
    };
    const none = { reduction: "none" } as const;

    test(`${name}: NaN or +∞ anywhere in a row make its results NaN and leave other rows alone`, () => {
      for (const classes of LENGTHS) {
        for (let place = 0; place < classes; place++) {
          for (const value of [Number.NaN, Infinity]) {
            const x = rows(classes, place, value);
            const dims = [3, classes];
            const options = { ...none, dims };
            const labels = Int32Array.of(0, (place + 1) % classes, classes - 1);
            const { loss, grad } = crossEntropyWithGrad(x, labels, options);
            const want = reference.crossEntropyWithGrad(x, labels, options);
            const { loss: abs, grad: gradAbs } = crossEntropyBounds(want, options, u);
            const at = `${value} at ${place} of ${classes}`;
            near(loss as Float64Array, want.loss, { abs }, at);
            near(grad as Float64Array, want.grad, { abs: gradAbs }, at);
            expect(all(Array.from(grad as Float64Array).slice(classes, 2 * classes), Number.isNaN), at).toBe(true);
            expect(logSumExp(x, { dims })[1], at).toBe(value);
            expect(all(Array.from(softmax(x, { dims })).slice(classes, 2 * classes), Number.isNaN), at).toBe(true);
            expect(all(Array.from(logSoftmax(x, { dims })).slice(classes, 2 * classes), Number.isNaN), at).toBe(true);
          }
        }
      }
    });

    test(`${name}: −∞ off target has probability 0; on target the loss is ∞ and the gradient p − e`, () => {
      for (const classes of LENGTHS) {
        for (let place = 0; place < classes; place++) {
          for (const target of [place, (place + 1) % classes]) {
            const x = rows(classes, place, -Infinity);
            const dims = [3, classes];
            const options = { ...none, dims };
            const labels = Int32Array.of(0, target, classes - 1);
            const { loss, grad } = crossEntropyWithGrad(x, labels, options);
            const want = reference.crossEntropyWithGrad(x, labels, options);
            const { loss: abs, grad: gradAbs } = crossEntropyBounds(want, options, u);
            near(loss as Float64Array, want.loss, { abs });
            near(grad as Float64Array, want.grad, { abs: gradAbs });
            expect((loss as Float64Array)[1] === Infinity).toBe(target === place);
            if (target !== place) expect((grad as Float64Array)[classes + place]).toBe(0);
          }
        }
      }
    });

    test(`${name}: a row of −∞ has log-sum-exp −∞ and NaN for the rest; ignored it has loss and gradient 0`, () => {
      for (const classes of [1, ...LENGTHS]) {
        const x = width.from(new Float64Array(2 * classes)).fill(-Infinity, 0, classes);
        const dims = [2, classes];
        const options = { ...none, dims };
        expect(logSumExp(x, { dims })[0]).toBe(-Infinity);
        expect(all(Array.from(softmax(x, { dims })).slice(0, classes), Number.isNaN)).toBe(true);
        const { loss, grad } = crossEntropyWithGrad(x, Int32Array.of(0, 0), options);
        expect((loss as Float64Array)[0]).toBeNaN();
        expect(all(Array.from(grad as Float64Array).slice(0, classes), Number.isNaN)).toBe(true);
        const ignored = crossEntropyWithGrad(x, Int32Array.of(-100, 0), options);
        expect((ignored.loss as Float64Array)[0]).toBe(0);
        expect(all(Array.from(ignored.grad as Float64Array).slice(0, classes), (g) => g === 0)).toBe(true);
      }
    });

    test(`${name}: an ignored row contributes nothing whatever it holds`, () => {
      for (const value of [Number.NaN, Infinity, -Infinity]) {
        const x = width.of(value, 1, 2, 1, 2, 3);
        const { loss, grad } = crossEntropyWithGrad(x, Int32Array.of(-100, 2), { zLoss: 0.1 });
        const alone = crossEntropyWithGrad(x.slice(3), Int32Array.of(2), { zLoss: 0.1 });
        expect(loss).toBe(alone.loss);
        expect(Array.from(grad as Float64Array)).toEqual([0, 0, 0, ...Array.from(alone.grad as Float64Array)]);
      }
    });

    test(`${name}: 0 times ∞ is 0, in class weights and in probability targets`, () => {
      const x = width.of(0, -Infinity, 1);
      const rest = [Math.log(1 + Math.E), Math.log(1 + 1 / Math.E)];
      const t = width.of(0.5, 0, 0.5);
      near(crossEntropy(x, t, { classes: 3 }) as number, (rest[0] + rest[1]) / 2, { rel: 8 * u });
      expect(crossEntropy(x, Int32Array.of(1), { ...none, weight: width.of(1, 0, 1) })).toEqual(width.of(0));
      // Off target, smoothing gives −∞ a share that is not 0.
      expect(crossEntropy(x, Int32Array.of(0), { labelSmoothing: 0.1 })).toBe(Infinity);
      const weight = width.of(1, 0, 1);
      expect(crossEntropy(x, Int32Array.of(0), { labelSmoothing: 0.1, weight })).toBeLessThan(2);
    });

    test(`${name}: the losses of logits of ±1e20 and of ±1e30 are exact, the gradients within 2u`, () => {
      for (const huge of [1e20, 1e30]) {
        const x = width.of(huge, -huge, 0, huge, 0, -huge);
        const h = x[0];
        const { loss, grad } = crossEntropyWithGrad(x, Int32Array.of(1, 0), { ...none, classes: 3 });
        expect(Array.from(loss as Float64Array)).toEqual([width.of(2 * h)[0], 0]);
        near(grad as Float64Array, [1, -1, 0, 0, 0, 0], { abs: 2 * u });
      }
    });

    test(`${name}: denormal logits are as good as 0`, () => {
      const tiny = u === FLOAT32 ? 1e-40 : 1e-310;
      const x = width.of(tiny, 0, -tiny, 3 * tiny);
      near(crossEntropy(x, Int32Array.of(2)) as number, Math.log(4), { rel: 4 * u });
      near(softmax(x, { dims: [4] }), [0.25, 0.25, 0.25, 0.25], { rel: 4 * u });
    });

    test(`${name}: probabilities too small for a normal number are 0 or denormal, never negative or NaN`, () => {
      const x = width.from(Array.from({ length: 33 }, (_, j) => -30 * j));
      const y = softmax(x, { dims: [33] });
      expect(all(y, (p) => p >= 0 && p <= 1)).toBe(true);
      near(logSoftmax(x, { dims: [33] }), x, { abs: 1e-12, rel: 2 * u });
      near(crossEntropy(x, Int32Array.of(32)) as number, 960, { rel: 2 * u });
    });

    test(`${name}: one class has loss 0, gradient 0, probability 1`, () => {
      const x = width.of(3.5, -1e30, 0);
      const got = crossEntropyWithGrad(x, Int32Array.of(0, 0, 0), { ...none, dims: [3, 1] });
      expect(Array.from(got.loss as Float64Array)).toEqual([0, 0, 0]);
      expect(Array.from(got.grad as Float64Array, (g) => g + 0)).toEqual([0, 0, 0]);
      expect(Array.from(softmax(x, { dims: [3, 1] }))).toEqual([1, 1, 1]);
      near(logSumExp(x, { dims: [3, 1] }), x, { rel: 0 });
    });

    test(`${name}: no rows: mean NaN, sum 0, none empty, gradient empty`, () => {
      const options = { dims: [0, 5] };
      const [x, y] = [new width(0), new Int32Array(0)];
      for (const targets of [y, x]) {
        expect(crossEntropy(x, targets, options)).toBeNaN();
        expect(crossEntropy(x, targets, { ...options, onEmpty: "zero" })).toBe(0);
        expect(() => crossEntropy(x, targets, { ...options, onEmpty: "throw" })).toThrow(RangeError);
        expect(crossEntropy(x, targets, { ...options, reduction: "sum" })).toBe(0);
        expect(crossEntropy(x, targets, { ...options, denominator: 4 })).toBe(0);
        const { loss, grad } = crossEntropyWithGrad(x, targets, { ...options, reduction: "none" });
        expect([(loss as Float64Array).length, grad.length]).toEqual([0, 0]);
      }
    });

    test(`${name}: all rows ignored, or all weights 0: mean NaN, sum 0, none zeros, gradient 0`, () => {
      const x = width.from(new Rng(3).logits(6));
      const cases = [
        [Int32Array.of(-100, -100), {}],
        [Int32Array.of(1, 1), { weight: width.of(1, 0, 1) }],
      ] as const;
      for (const [y, weight] of cases) {
        const { loss, grad } = crossEntropyWithGrad(x, y, weight);
        expect(loss).toBeNaN();
        expect(all(grad as Float64Array, (g) => g === 0)).toBe(true);
        expect(crossEntropy(x, y, { ...weight, onEmpty: "zero" })).toBe(0);
        expect(() => crossEntropy(x, y, { ...weight, onEmpty: "throw" })).toThrow(RangeError);
        expect(crossEntropy(x, y, { ...weight, reduction: "sum" })).toBe(0);
        expect(Array.from(crossEntropy(x, y, { ...weight, ...none }) as Float64Array)).toEqual([0, 0]);
      }
    });

    test(`${name}: a row with every class masked has loss 0 and gradient 0`, () => {
      const x = width.of(Number.NaN, 2, 3, 1, 2, 3);
      const mask = Uint8Array.of(0, 0, 0, 1, 1, 1);
      for (const targets of [Int32Array.of(0, 1), width.of(0.5, 0.5, 0, 0, 1, 0)]) {
        const { loss, grad } = crossEntropyWithGrad(x, targets, { ...none, mask, dims: [2, 3], zLoss: 1 });
        expect((loss as Float64Array)[0]).toBe(0);
        expect(all(Array.from(grad as Float64Array).slice(0, 3), (g) => g === 0)).toBe(true);
        expect((loss as Float64Array)[1]).toBeGreaterThan(0);
      }
    });
  }
});
