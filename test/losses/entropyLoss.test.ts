import { expect, test } from "vitest";
import * as celoss from "../../src/index.js";
import { FLOAT32, FLOAT64 } from "../support/bounds.js";
import { slope } from "../support/differences.js";
import { decode, encode } from "../support/halves.js";
import { identical, near } from "../support/near.js";
import { distribution, total } from "../support/reference.js";
import { Rng } from "../support/rng.js";
import { describeSets } from "../support/sets.js";

/** H = −Σ p ln p and −p(ln p + H), p = softmax(x). */
function entropy(x: ArrayLike<number>): { loss: number; grad: number[] } {
  const { p, logP } = distribution(Float64Array.from(x));
  const terms = Array.from(p, (value, j) => (value === 0 ? 0 : -value * logP[j]));
  const loss = total(terms);
  return { loss, grad: Array.from(p, (value, j) => (value === 0 ? 0 : -value * (logP[j] + loss))) };
}

test("the reference's gradient against finite differences, 1e-8", () => {
  const x = Float64Array.of(0.3, -1.2, 2.1, 0.4);
  for (let j = 0; j < 4; j++) {
    near(
      slope((moved) => entropy(moved).loss, x, j),
      entropy(x).grad[j],
      { abs: 1e-8 },
      `class ${j}`,
    );
  }
});

const SHAPES = [
  [1, 1],
  [4, 2],
  [5, 3],
  [33, 10],
  [7, 1000],
  [40, 2500],
];

describeSets("entropyLoss", (set) => {
  for (const [type, Width, u] of [
    ["float32", Float32Array, FLOAT32],
    ["float64", Float64Array, FLOAT64],
  ] as const) {
    // Exponentials of 3 ulp, sums of up to 32 vectors of one sign, products with logits' differences of up to 30.
    test(`${type}: entropies within 60 ulp, gradients within 60 ulp of p·(|ln p| + H)`, () => {
      for (const [rows, classes] of SHAPES) {
        const rng = new Rng(rows + classes);
        const x = Width.from(rng.logits(rows * classes));
        const want = Array.from({ length: rows }, (_, r) => entropy(x.subarray(r * classes, (r + 1) * classes)));
        const got = celoss.entropyLossWithGrad(x, { classes, reduction: "none" });
        near(
          got.loss,
          want.map((row) => row.loss),
          { rel: 60 * u, abs: 1e-37 },
          `${rows}×${classes}`,
        );
        const sizes = want.flatMap((row, r) => {
          const { p, logP } = distribution(Float64Array.from(x.subarray(r * classes, (r + 1) * classes)));
          return Array.from(p, (value, j) => 60 * u * value * (Math.abs(logP[j]) + row.loss) + 1e-37);
        });
        near(
          got.grad,
          want.flatMap((row) => row.grad),
          { abs: sizes },
          `gradients of ${rows}×${classes}`,
        );
        const mean = total(want.map((row) => row.loss)) / rows;
        near(celoss.entropyLoss(x, { classes }), mean, { rel: 60 * u, abs: 1e-37 });
        near(celoss.entropyLoss(x, { classes, reduction: "sum" }), mean * rows, { rel: 60 * u, abs: 1e-36 });
      }
    });
  }

  test("uniform rows: ln n to 4 ulp, and no gradient", () => {
    for (const n of [1, 2, 10, 1001]) {
      const { loss, grad } = celoss.entropyLossWithGrad(new Float32Array(n).fill(7), { classes: n });
      near(loss, Math.log(n), { rel: 4 * FLOAT32 });
      near(grad, new Float32Array(n), { abs: FLOAT32 });
    }
  });

  test("nearly certain rows keep their digits", () => {
    const x = Float32Array.of(0, -30, -40);
    near(celoss.entropyLoss(x, { classes: 3 }), entropy(x).loss, { rel: 1e-5 });
  });

  test("−∞ counts as 0, rows without a softmax are NaN, whatever the weight", () => {
    const x = Float32Array.of(0, 0, -Infinity, -Infinity, -Infinity, -Infinity, Infinity, 0, 1, Number.NaN, 0, 0);
    const { loss, grad } = celoss.entropyLossWithGrad(x, { classes: 3, reduction: "none" });
    near(loss, [Math.log(2), Number.NaN, Number.NaN, Number.NaN], { rel: 4 * FLOAT32 });
    near(grad.subarray(0, 3), [0, 0, 0], { abs: FLOAT32 });
    for (let i = 3; i < 12; i++) expect(grad[i], `element ${i}`).toBeNaN();
  });

  test("scale, mask, axis, sampleWeight, gradOutput, 16-bit, out and in place", () => {
    const rng = new Rng(2);
    const x = rng.logits(12);
    const plain = celoss.entropyLossWithGrad(x, { classes: 3, reduction: "none" });
    const warm = celoss.entropyLossWithGrad(x, { classes: 3, scale: 0.5, reduction: "none" });
    const halved = celoss.entropyLossWithGrad(
      x.map((v) => v / 2),
      { classes: 3, reduction: "none" },
    );
    identical(warm.loss, halved.loss);
    near(
      warm.grad,
      halved.grad.map((g) => g / 2),
      { rel: 4 * FLOAT32 },
    );
    const transposed = Float32Array.from({ length: 12 }, (_, i) => x[(i % 4) * 3 + Math.floor(i / 4)]);
    identical(celoss.entropyLoss(transposed, { dims: [3, 4], axis: 0, reduction: "none" }), plain.loss);
    const mask = new Uint8Array(12).fill(1);
    mask[4] = 0;
    const masked = x.slice();
    masked[4] = -Infinity;
    expect(celoss.entropyLoss(x, { classes: 3, mask })).toBe(celoss.entropyLoss(masked, { classes: 3 }));
    const factors = { sampleWeight: [1, 2, 0, -1], gradOutput: [1, 3, 1, 1] };
    const weighted = celoss.entropyLossWithGrad(x, { classes: 3, reduction: "none", ...factors });
    near(
      weighted.loss,
      Array.from(plain.loss, (h, r) => h * [1, 2, 0, -1][r]),
      { rel: FLOAT32 },
    );
    near(
      weighted.grad,
      plain.grad.map((g, i) => g * [1, 6, 0, -1][Math.floor(i / 3)]),
      { rel: 4 * FLOAT32 },
    );
    const bits = encode(x, "float16");
    const wide = Float32Array.from(decode(bits, "float16"));
    const narrow = celoss.entropyLossWithGrad(bits, { dtype: "float16", classes: 3 });
    const full = celoss.entropyLossWithGrad(wide, { classes: 3 });
    expect(narrow.loss).toBe(full.loss);
    identical(narrow.grad, encode(full.grad, "float16"));
    const out = new Float64Array(4);
    expect(celoss.entropyLoss(x, { classes: 3, reduction: "none", out })).toBe(out);
    const inPlace = x.slice();
    celoss.entropyLossWithGrad(inPlace, { classes: 3, reduction: "none", grad: inPlace });
    identical(inPlace, plain.grad);
    expect(celoss.backend().variant).toBe(set);
  });

  test("nothing: mean NaN or what onEmpty says; refuses what does not apply", () => {
    expect(celoss.entropyLoss([], { dims: [0, 3] })).toBeNaN();
    expect(celoss.entropyLoss([], { dims: [0, 3], onEmpty: "zero" })).toBe(0);
    expect(() => celoss.entropyLoss([], { dims: [0, 3], onEmpty: "throw" })).toThrow(RangeError);
    expect(() => celoss.entropyLoss([1, 2], { scale: 0 })).toThrow(
      '"scale" expected finite number in [1e-30, 1e+30], got 0',
    );
    expect(() => celoss.entropyLoss([1, 2], { weight: [1, 2] } as never)).toThrow(TypeError);
    expect(() => celoss.entropyLossWithGrad([1, 2], { grad: new Float32Array(3) })).toThrow(/"grad" expected 2/);
  });
});
