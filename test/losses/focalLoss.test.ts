import { expect, test } from "vitest";
import * as celoss from "../../src/index.js";
import { FLOAT32, FLOAT64 } from "../support/bounds.js";
import { slope } from "../support/differences.js";
import { decode, encode } from "../support/halves.js";
import { identical, near } from "../support/near.js";
import { crossEntropyWithGrad, total } from "../support/reference.js";
import { Rng } from "../support/rng.js";
import { describeSets } from "../support/sets.js";

interface Row {
  loss: number;
  grad: number[];
}

/** α(1 − p)^γ·L with L = −ln p_y, and its gradient f′(L)·(p − e_y), of a row without options. */
function focal(x: ArrayLike<number>, y: number, alpha: number, gamma: number): Row {
  const row = crossEntropyWithGrad(Float64Array.from(x), Int32Array.of(y), { dims: [1, x.length] }).rows[0];
  const rest = total(Array.from(row.p, (p, j) => (j === y ? 0 : p)));
  const nll = row.loss;
  const ratio = rest === 0 ? 1 : nll / rest;
  const slopeOf = rest ** gamma * (1 + gamma * row.p[y] * ratio);
  const factor = alpha * (rest === 0 && gamma > 0 ? 0 : slopeOf);
  return {
    loss: alpha * rest ** gamma * nll,
    grad: Array.from(row.p, (p, j) => factor * (j === y ? -rest : p)),
  };
}

test("the reference's gradient against finite differences, 1e-8", () => {
  const x = Float64Array.of(0.3, -1.2, 2.1, 0.4);
  for (const gamma of [0, 0.5, 2, 3.5]) {
    for (let j = 0; j < 4; j++) {
      const numeric = slope((moved) => focal(moved, 1, 0.7, gamma).loss, x, j);
      near(numeric, focal(x, 1, 0.7, gamma).grad[j], { abs: 1e-8 }, `γ ${gamma}, class ${j}`);
    }
  }
});

const SHAPES = [
  [1, 2],
  [5, 3],
  [33, 10],
  [9, 67],
  [7, 1000],
  [3, 9001],
];

describeSets("focalLoss", (set) => {
  for (const [type, Width, u] of [
    ["float32", Float32Array, FLOAT32],
    ["float64", Float64Array, FLOAT64],
  ] as const) {
    // The loss itself errs by some 10 ulp, the power by γ·|ln(1 − p)| as much as 1 − p does, its gradient likewise.
    for (const gamma of [0, 0.5, 2, 3]) {
      const ulps = 30 * (1 + gamma);
      test(`${type}, γ = ${gamma}: losses and gradients within ${ulps} ulp of the row's largest`, () => {
        for (const [rows, classes] of SHAPES) {
          const rng = new Rng(rows + classes);
          const x = Width.from(rng.logits(rows * classes));
          const y = rng.labels(rows, classes);
          const alpha = Width.from(Array.from({ length: classes }, () => rng.uniform(0.2, 2)));
          const want = Array.from(y, (label, r) =>
            focal(x.subarray(r * classes, (r + 1) * classes), label, alpha[label], gamma),
          );
          const got = celoss.focalLossWithGrad(x, y, { alpha, gamma, reduction: "none", classes });
          // −ln p of logits of up to 20: their difference is what rounds.
          near(
            got.loss,
            want.map((row) => row.loss),
            { rel: ulps * u, abs: 40 * u },
            `losses of ${rows}×${classes}`,
          );
          near(
            got.grad,
            want.flatMap((row) => row.grad),
            {
              abs: want.flatMap((row) => {
                const most = row.grad.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
                return row.grad.map(() => 40 * ulps * u * most + 1e-37);
              }),
            },
            `gradients of ${rows}×${classes}`,
          );
          const mean = celoss.focalLossWithGrad(x, y, { alpha, gamma, classes });
          near(mean.loss, total(want.map((row) => row.loss)) / rows, { rel: ulps * u, abs: 40 * u });
          near(celoss.focalLoss(x, y, { alpha, gamma, classes }), mean.loss, { rel: 8 * u }, "forward alone");
          near(
            Float64Array.from(mean.grad, (g) => g * rows),
            got.grad,
            { rel: 32 * u, abs: 1e-37 * rows }, // the target is minus a sum of up to 9001 roundings
            "the mean's gradient",
          );
        }
      });
    }
  }

  test("γ = 0 is cross-entropy: the same to 4 ulp", () => {
    const rng = new Rng(4);
    const x = rng.logits(50);
    const y = rng.labels(5, 10);
    near(celoss.focalLoss(x, y, { gamma: 0 }), celoss.crossEntropy(x, y), { rel: 4 * FLOAT32 });
  });

  test("certain rows: no NaN where 1 − p is 0, none where p is", () => {
    for (const gamma of [0.5, 1, 2]) {
      const x = Float32Array.of(1000, 0, 0, 1000, -Infinity, 0);
      const { loss, grad } = celoss.focalLossWithGrad(x, [0, 0, 1], { gamma, classes: 2, reduction: "none" });
      near(loss, [0, 1000, 0], { rel: 1e-6 });
      near(grad, [0, 0, -1, 1, 0, 0], { rel: 1e-6 });
    }
  });

  test("ignored rows do not count, the mean divides by the others whatever α is", () => {
    const x = Float64Array.of(1, 2, Number.NaN, 0, 3, 1);
    const y = [0, -100, 1];
    const { loss, grad } = celoss.focalLossWithGrad(x, y, { alpha: 3 });
    const [a, b] = [focal([1, 2], 0, 3, 2), focal([3, 1], 1, 3, 2)];
    near(loss, (a.loss + b.loss) / 2, { rel: 1e-14 });
    near(grad, [...a.grad.map((g) => g / 2), 0, 0, ...b.grad.map((g) => g / 2)], { rel: 1e-14 });
    expect(celoss.focalLoss(x, [-100, -100, -100])).toBeNaN();
  });

  test("sampleWeight, gradOutput, scale, mask, axis, 16-bit and in place", () => {
    const rng = new Rng(8);
    const x = rng.logits(12);
    const y = Int32Array.of(0, 2, 1, 1);
    const plain = celoss.focalLossWithGrad(x, y, { reduction: "none" });
    const weighted = celoss.focalLossWithGrad(x, y, { reduction: "none", sampleWeight: [1, 2, 0, -1], gradOutput: 3 });
    near(
      weighted.loss,
      Array.from(plain.loss, (l, r) => l * [1, 2, 0, -1][r]),
      { rel: 2 * FLOAT32 },
    );
    near(
      weighted.grad,
      plain.grad.map((g, i) => 3 * g * [1, 2, 0, -1][Math.floor(i / 3)]),
      { rel: 4 * FLOAT32 },
    );
    const warm = celoss.focalLoss(x, y, { scale: 0.5 });
    near(
      warm,
      celoss.focalLoss(
        x.map((v) => v / 2),
        y,
      ),
      { rel: 8 * FLOAT32 },
    );
    const transposed = Float32Array.from({ length: 12 }, (_, i) => x[(i % 4) * 3 + Math.floor(i / 4)]);
    const byAxis = celoss.focalLossWithGrad(transposed, y, { dims: [3, 4], axis: 0, reduction: "none" });
    identical(byAxis.loss, plain.loss);
    const mask = new Uint8Array(12).fill(1);
    mask[1] = 0;
    const masked = x.slice();
    masked[1] = -Infinity;
    expect(celoss.focalLoss(x, y, { mask })).toBe(celoss.focalLoss(masked, y));
    const bits = encode(x, "bfloat16");
    const wide = Float32Array.from(decode(bits, "bfloat16"));
    near(celoss.focalLoss(bits, y, { dtype: "bfloat16" }), celoss.focalLoss(wide, y), { rel: 8 * FLOAT32 });
    const inPlace = x.slice();
    celoss.focalLossWithGrad(inPlace, y, { grad: inPlace, reduction: "none" });
    identical(inPlace, plain.grad);
    expect(celoss.backend().variant).toBe(set);
  });

  test("refuses what does not apply", () => {
    const x = Float32Array.of(1, 2, 3, 4);
    expect(() => celoss.focalLoss(x, Float32Array.of(0.5, 0.5, 1, 0) as never, { classes: 2 })).toThrow(
      /^"targets" expected class indices \(integers\), got Float32Array/,
    );
    expect(() => celoss.focalLoss(x, [0, 1], { gamma: -1 })).toThrow('"gamma" expected finite number >= 0, got -1');
    expect(() => celoss.focalLoss(x, [0, 1], { alpha: [1] })).toThrow(
      '"alpha" expected 2 elements, one a class, got 1',
    );
    expect(() => celoss.focalLoss(x, [0, 1], { alpha: Number.NaN })).toThrow(/^"alpha" expected finite number/);
    expect(() => celoss.focalLoss(x, [0, 1], { labelSmoothing: 0.1 } as never)).toThrow(TypeError);
  });
});
