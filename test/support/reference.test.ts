import { describe, expect, test } from "vitest";
import { slope } from "./differences.js";
import { near } from "./near.js";
import {
  type BinaryOptions,
  binaryCrossEntropyWithLogitsWithGrad,
  type CrossEntropyOptions,
  crossEntropyWithGrad,
  type Floats,
  type Indices,
  logSumExp,
  softmax,
  total,
} from "./reference.js";
import { Rng } from "./rng.js";

const rng = new Rng(1);
const [rows, classes] = [4, 6];
const logits = rng.fill(rows * classes, (r) => r.normal(2));
const labels = Int32Array.of(0, 5, -100, 2);
const probabilities = rng.fill(rows * classes, (r) => r.uniform(0, 0.4)); // rows need not sum to 1
const weight = rng.fill(classes, (r) => r.uniform(0.2, 2));
const sampleWeight = rng.fill(rows, (r) => r.uniform(0.2, 2));
const mask = Uint8Array.from({ length: rows * classes }, (_, i) => Number(i % 5 !== 1));
mask.fill(0, classes, 2 * classes);

const OPTIONS: Record<string, Partial<CrossEntropyOptions>> = {
  plain: {},
  sum: { reduction: "sum" },
  weight: { weight },
  smoothing: { labelSmoothing: 0.2 },
  "weight and smoothing": { weight, labelSmoothing: 0.3, reduction: "sum" },
  denominator: { denominator: 3.5, weight },
  scale: { scale: 0.7 },
  softcap: { softcap: 3 },
  "scale and softcap": { scale: 1.5, softcap: 4 },
  zLoss: { zLoss: 0.01, weight },
  polyEpsilon: { polyEpsilon: 1.5, weight, labelSmoothing: 0.1 },
  sampleWeight: { sampleWeight, zLoss: 0.02 },
  mask: { mask },
  everything: {
    ...{ weight, sampleWeight, mask, scale: 0.8, softcap: 5, zLoss: 0.01, polyEpsilon: -0.5 },
    ...{ denominator: 2, reduction: "mean" },
  },
};

describe("reference: gradients are finite differences of the loss to 1e-8 [seed 1]", () => {
  const kinds: [string, Floats | Indices][] = [
    ["indices", labels],
    ["probabilities", probabilities.map((t, i) => t * mask[i])],
  ];
  for (const [kind, targets] of kinds) {
    for (const [name, extra] of Object.entries(OPTIONS)) {
      test(`crossEntropy, ${kind}, ${name}`, () => {
        const options = { dims: [rows, classes], ...extra };
        const allowed = { ...options, mask: extra.mask && withTargets(extra.mask, targets) };
        const f = (x: Float64Array) => crossEntropyWithGrad(x, targets, allowed).loss[0];
        const { grad } = crossEntropyWithGrad(logits, targets, allowed);
        const want = grad.map((_, i) => slope(f, logits, i));
        near(grad, want, { abs: 1e-8 });
        expect(grad.some((g) => g !== 0)).toBe(true);
      });
    }
  }

  const binary: Record<string, Partial<BinaryOptions>> = {
    plain: {},
    weight: { weight: { data: weight, dims: [classes] }, reduction: "sum" },
    posWeight: { posWeight: { data: weight, dims: [classes] }, denominator: 7 },
    both: { posWeight: 2.5, weight: { data: sampleWeight, dims: [rows, 1] } },
  };
  for (const [name, extra] of Object.entries(binary)) {
    test(`binaryCrossEntropyWithLogits, ${name}`, () => {
      const options = { dims: [rows, classes], ...extra };
      const f = (x: Float64Array) => binaryCrossEntropyWithLogitsWithGrad(x, probabilities, options).loss[0];
      const { grad } = binaryCrossEntropyWithLogitsWithGrad(logits, probabilities, options);
      near(
        grad,
        grad.map((_, i) => slope(f, logits, i)),
        { abs: 1e-8 },
      );
    });
  }

  test("gradOutput multiplies the gradient, one factor a row", () => {
    const options = { dims: [rows, classes], reduction: "none", weight } as const;
    const { grad } = crossEntropyWithGrad(logits, labels, { ...options, gradOutput: sampleWeight });
    const f = (x: Float64Array) => total(crossEntropyWithGrad(x, labels, { ...options, sampleWeight }).loss);
    near(
      grad,
      grad.map((_, i) => slope(f, logits, i)),
      { abs: 1e-8 },
    );
  });

  test("softmax is the gradient of logSumExp", () => {
    const options = { dims: [rows, classes] };
    const want = logits.map((_, i) => slope((x) => total(logSumExp(x, options)), logits, i));
    near(softmax(logits, options), want, { abs: 1e-8 });
  });
});

/** The target of a row that has members is one of them: the loss stays finite. */
function withTargets(mask: Uint8Array, targets: Floats | Indices): Uint8Array {
  const result = mask.slice();
  if (!(targets instanceof Int32Array)) return result;
  for (const [r, y] of targets.entries()) if (y >= 0 && r !== 1) result[r * classes + y] = 1;
  return result;
}

describe("reference: worked by hand", () => {
  const dims = [2, 3];
  const x = Float64Array.of(1, 2, 3, 0, 0, 0);

  test("axis 0 reads columns", () => {
    const got = crossEntropyWithGrad(x, Int32Array.of(0, 1, 1), { dims, axis: 0, reduction: "none" });
    const want = [Math.log(1 + Math.exp(-1)), Math.log(1 + Math.exp(2)), Math.log(1 + Math.exp(3))];
    near(got.loss, want, { rel: 1e-15 });
    near([got.grad[1], got.grad[4]], [1 / (1 + Math.exp(-2)), -1 / (1 + Math.exp(-2))], { rel: 1e-15 });
  });

  test("index targets divide by the weights of the targets, probabilities by the rows", () => {
    const w = Float64Array.of(1, 2, 4);
    const byIndex = crossEntropyWithGrad(x, Int32Array.of(2, 1), { dims, weight: w });
    const nll = [Math.log(1 + Math.exp(-1) + Math.exp(-2)), Math.log(3)];
    near(byIndex.loss, [(4 * nll[0] + 2 * nll[1]) / 6], { rel: 1e-15 });
    const t = Float64Array.of(0, 0, 1, 0, 1, 0);
    near(crossEntropyWithGrad(x, t, { dims, weight: w }).loss, [(4 * nll[0] + 2 * nll[1]) / 2], { rel: 1e-15 });
  });

  test("sum of a confident row keeps its small terms", () => {
    const { loss } = crossEntropyWithGrad(Float64Array.of(0, -40), Int32Array.of(0), { dims: [1, 2] });
    near(loss, [Math.exp(-40)], { rel: 1e-15 });
  });
});
