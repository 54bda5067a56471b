// The same calls on one thread and on several: every bit of every result.

import { afterEach, beforeEach, expect, test } from "vitest";
import * as celoss from "../../src/index.js";
import { sharedFloat32 } from "../../src/index.js";
import { currentPool } from "../../src/sweep/threads.js";
import { encode } from "../support/halves.js";
import { identical, type Numbers } from "../support/near.js";
import { Rng } from "../support/rng.js";
import { alone, describeThreads, shared } from "./support.js";

const SEED = 4711;
type Result = { loss: number | Numbers; grad?: Numbers; zLoss?: number | Numbers };

function same(got: Result, want: Result): void {
  const list = (value: number | Numbers | undefined) => (typeof value === "number" ? [value] : (value ?? []));
  identical(list(got.loss), list(want.loss), "loss");
  identical(list(got.zLoss), list(want.zLoss), "z-loss");
  identical(got.grad ?? [], want.grad ?? [], "gradient");
}

/** The call is deterministic, and gives the same on one thread. */
function compare(call: () => Result): void {
  const want = alone(call);
  for (let i = 0; i < 3; i++) same(call(), want);
}

describeThreads(`the same to the bit as on one thread [seed ${SEED}]`, () => {
  // A test in which no worker took part, or in which one died, would prove nothing.
  const pool = { before: currentPool() };
  beforeEach(() => {
    pool.before = currentPool();
  });
  afterEach(() => expect(currentPool()).toBe(pool.before));

  for (const [rows, classes] of [
    [30_001, 3],
    [1_501, 101],
    [157, 1_003],
    [5, 50_257],
  ] as const) {
    const rng = new Rng(SEED + classes);
    const logits = rng.logits(rows * classes);
    const labels = rng.labels(rows, classes).map((y) => (rng.uniform() < 0.1 ? -100 : y));
    const probabilities = Float32Array.from(rng.probabilities(rows, classes));
    const float64 = Float64Array.from(logits);
    const bits = encode(logits, "bfloat16");
    const mask = Uint8Array.from(logits, () => Number(rng.uniform() < 0.7));
    const weight = Float32Array.from(rng.fill(classes, (r) => r.uniform(0.5, 2)));
    const [sampleWeight, gradOutput] = [1, 2].map(() => Float32Array.from(rng.fill(rows, (r) => r.normal())));
    const size = `${rows}×${classes}`;

    test(`crossEntropy, indices, ${size}: plain, weights and options, none`, () => {
      compare(() => ({ loss: celoss.crossEntropy(logits, labels, { classes }) }));
      compare(() => celoss.crossEntropyWithGrad(logits, labels, { classes }));
      const options = { classes, weight, sampleWeight, gradOutput, labelSmoothing: 0.1, softcap: 20, polyEpsilon: 0.5 };
      compare(() => celoss.crossEntropyWithGrad(logits, labels, { ...options, zLoss: 1e-3 }));
      compare(() => celoss.crossEntropyWithGrad(logits, labels, { ...options, zLoss: 1e-3, reduction: "none" }));
    });

    test(`crossEntropy, probabilities and mask, ${size}`, () => {
      compare(() => celoss.crossEntropyWithGrad(logits, probabilities, { classes, weight }));
      compare(() => celoss.crossEntropyWithGrad(logits, probabilities, { classes, mask }));
      compare(() => celoss.crossEntropyWithGrad(shared(logits), labels, { classes, mask, reduction: "none" }));
    });

    test(`crossEntropy, float64 and bfloat16, gradients of other types, ${size}`, () => {
      compare(() => celoss.crossEntropyWithGrad(float64, labels, { classes, weight }));
      compare(() => celoss.crossEntropyWithGrad(shared(float64), labels, { classes, grad: shared(float64) }));
      compare(() => celoss.crossEntropyWithGrad(float64, labels, { classes, grad: new Float32Array(float64.length) }));
      compare(() => celoss.crossEntropyWithGrad(logits, labels, { classes, grad: new Float64Array(logits.length) }));
      compare(() => celoss.crossEntropyWithGrad(bits, labels, { classes, dtype: "bfloat16" }));
      compare(() =>
        celoss.crossEntropyWithGrad(shared(bits, 3), labels, { classes, dtype: "bfloat16", grad: shared(bits, 1) }),
      );
    });

    test(`crossEntropy, shared arrays that begin anywhere, ${size}`, () => {
      for (const [from, to] of [
        [0, 0],
        [1, 0],
        [0, 1],
        [3, 1],
      ]) {
        const x = shared(logits, from);
        const grad = shared(logits, to);
        compare(() => celoss.crossEntropyWithGrad(x, labels, { classes, grad }));
        compare(() => celoss.crossEntropyWithGrad(x, shared(probabilities, to), { classes }));
      }
    });

    test(`crossEntropy in place, ${size}: shared and not`, () => {
      compare(() => {
        const x = logits.slice();
        return celoss.crossEntropyWithGrad(x, labels, { classes, grad: x });
      });
      compare(() => {
        const x = shared(logits, 1);
        return celoss.crossEntropyWithGrad(x, labels, { classes, grad: x });
      });
    });

    test(`softmax, logSoftmax, logSumExp, ${size}: with and without mask, shared, in place`, () => {
      const dims = [rows, classes];
      for (const x of [logits, shared(logits), float64]) {
        for (const options of [{ dims }, { dims, mask }]) {
          compare(() => ({ loss: celoss.logSumExp(x, options) }));
          compare(() => ({ loss: celoss.softmax(x, options) as Numbers }));
          compare(() => ({ loss: celoss.logSoftmax(x, options) as Numbers }));
        }
      }
      compare(() => ({ loss: celoss.softmax(shared(logits), { dims, out: shared(logits, 1) }) }));
      compare(() => {
        const x = shared(logits);
        return { loss: celoss.logSoftmax(x, { dims, out: x }) };
      });
      compare(() => ({ loss: celoss.softmax(bits, { dims, dtype: "bfloat16" }) }));
    });

    test(`focalLoss and entropyLoss, ${size}: plain, options, 16 bits, shared`, () => {
      const focal = { classes, alpha: weight, gamma: 1.5, sampleWeight, gradOutput, mask };
      compare(() => celoss.focalLossWithGrad(logits, labels, { classes }));
      compare(() => celoss.focalLossWithGrad(shared(logits), labels, { ...focal, reduction: "none" }));
      const entropy = { classes, scale: 0.7, sampleWeight, gradOutput };
      compare(() => ({ loss: celoss.entropyLoss(logits, { classes, scale: 0.7, sampleWeight }) }));
      for (const x of [logits, shared(logits), float64]) compare(() => celoss.entropyLossWithGrad(x, { classes }));
      compare(() => celoss.entropyLossWithGrad(logits, { ...entropy, mask, reduction: "none" }));
      compare(() => celoss.entropyLossWithGrad(bits, { classes, dtype: "bfloat16" }));
      compare(() => celoss.entropyLossWithGrad(shared(bits), { classes, dtype: "bfloat16", grad: shared(bits) }));
    });

    test(`element-wise losses and maps, ${size}: weights, targets smoothed, 16 bits, shared`, () => {
      const weights = { weight: logits, gradOutput: logits };
      compare(() => celoss.sigmoidFocalLossWithGrad(logits, probabilities, { ...weights, gamma: 1.5 }));
      compare(() => celoss.klDivLossWithGrad(shared(logits), shared(probabilities), { reduction: "none" }));
      compare(() => celoss.binaryCrossEntropyWithGrad(probabilities, probabilities, { labelSmoothing: 0.1 }));
      compare(() => celoss.binaryCrossEntropyWithLogitsWithGrad(logits, probabilities, { labelSmoothing: 0.1 }));
      compare(() => celoss.mseLossWithGrad(bits, probabilities, { dtype: "bfloat16" }));
      compare(() => celoss.gaussianNllLossWithGrad(float64, probabilities, probabilities));
      compare(() => ({ loss: celoss.softplus(shared(logits)) }));
    });

    test(`binary, ${size}: sums in tile order, none, factors that broadcast, shared`, () => {
      compare(() => celoss.binaryCrossEntropyWithLogitsWithGrad(logits, probabilities));
      const x = shared(logits, 1);
      const t = shared(probabilities);
      const dims = [rows, classes];
      compare(() => celoss.binaryCrossEntropyWithLogitsWithGrad(x, t, { grad: shared(logits), reduction: "none" }));
      compare(() => celoss.binaryCrossEntropyWithLogitsWithGrad(logits, t, { dims, posWeight: weight, weight: 0.5 }));
      compare(() => ({ loss: celoss.binaryCrossEntropyWithLogits(bits, probabilities, { dtype: "bfloat16" }) }));
    });
  }

  test("classes on an axis in the middle, and strides", () => {
    const rng = new Rng(SEED);
    const dims = [37, 61, 83];
    const logits = rng.logits(37 * 61 * 83);
    const labels = rng.labels(37 * 83, 61);
    compare(() => celoss.crossEntropyWithGrad(logits, labels, { dims, axis: 1 }));
    compare(() => celoss.crossEntropyWithGrad(shared(logits), labels, { dims, axis: 1, grad: shared(logits) }));
    const columns = { data: shared(logits), dims: [83 * 37, 61], strides: [1, 83 * 37], type: "float32" };
    compare(() => celoss.crossEntropyWithGrad(columns, labels));
    compare(() => ({ loss: celoss.softmax(columns) as Numbers }));
  });

  test("a call that throws has written nothing", () => {
    const rng = new Rng(SEED);
    const logits = sharedFloat32(500_000);
    logits.set(rng.logits(500_000));
    const grad = sharedFloat32(500_000).fill(7);
    const labels = rng.labels(500, 1000);
    labels[499] = 1000;
    expect(() => celoss.crossEntropyWithGrad(logits, labels, { grad })).toThrow(
      '"targets" expected integer in [0, 1000)',
    );
    expect(grad.every((g) => g === 7)).toBe(true);
  });

  test("many calls of changing shapes and kernel sets", () => {
    const rng = new Rng(SEED);
    const { variant } = celoss.backend();
    const x = sharedFloat32(200_000);
    x.set(rng.logits(200_000));
    for (let i = 0; i < 300; i++) {
      const classes = 2 + rng.integer(i % 10 === 0 ? 50_000 : 900);
      const rows = Math.floor(200_000 / classes);
      const logits = x.subarray(0, rows * classes);
      const labels = rng.labels(rows, classes);
      if (i % 50 === 0) celoss.useBackend(i % 100 === 0 ? "js" : variant);
      const call = () => celoss.crossEntropyWithGrad(i % 2 === 0 ? logits : logits.slice(), labels, { classes });
      same(call(), alone(call));
    }
    celoss.useBackend(variant);
  });
});
