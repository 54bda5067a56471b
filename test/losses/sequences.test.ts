import { expect, test } from "vitest";
import {
  binaryCrossEntropyWithLogits,
  binaryCrossEntropyWithLogitsWithGrad,
  crossEntropy,
  crossEntropyWithGrad,
  logSoftmax,
  logSumExp,
  softmax,
} from "../../src/index.js";
import { setTileBytes } from "../../src/sweep/stage.js";
import { Rng } from "../support/rng.js";
import { describeSets } from "../support/sets.js";

const SEED = 20261121;
const rng = new Rng(SEED);

/** All numbers of a result, as float64. */
function bitsOf(result: unknown): Buffer {
  const plain = typeof result === "number" || ArrayBuffer.isView(result);
  const parts = plain ? [result] : Object.values(result as object);
  const numbers = parts.flatMap((part) => (typeof part === "number" ? [part] : Array.from(part as ArrayLike<number>)));
  return Buffer.from(Float64Array.from(numbers).buffer);
}

/** Calls of all kinds and sizes, which want their memory laid out differently. */
const calls: (() => unknown)[] = [];
for (const [rows, classes] of [
  [1, 10],
  [64, 10],
  [7, 10],
  [3, 1000],
  [1, 10],
  [2, 20_000],
]) {
  const x = rng.logits(rows * classes);
  const y = Int32Array.from({ length: rows }, () => rng.integer(classes));
  const wide = Float64Array.from(x);
  const bits = Uint16Array.from(x, (_, i) => 0x3c00 + (i % 64));
  const weight = rng.logits(classes).map(Math.abs);
  const mask = Uint8Array.from(x, (_, i) => (i % 3 === 0 ? 0 : 1));
  const labels = x.map((value) => (value > 0 ? 1 : 0));
  const ignored = { ignoreIndex: y[0], onEmpty: "zero" } as const;
  calls.push(
    () => crossEntropy(x, y),
    () => crossEntropyWithGrad(x, y),
    () => crossEntropyWithGrad(x, y, { grad: new Float32Array(x.length), labelSmoothing: 0.1, zLoss: 0.01 }),
    () => crossEntropyWithGrad(x, y, { grad: new Float64Array(x.length), ...ignored }),
    () => crossEntropyWithGrad(x, Array.from(y), { mask, weight, ...ignored }),
    () => crossEntropyWithGrad(x, y, { mask, ignoreIndex: 2 ** 40, reduction: "none" }),
    () => crossEntropyWithGrad(wide, y, { sampleWeight: wide.subarray(0, rows) }),
    () => crossEntropyWithGrad(bits, y, { dtype: "float16" }),
    () => crossEntropyWithGrad(x, labels, { classes, mask, ignoreIndex: 0 }),
    () => binaryCrossEntropyWithLogits(x, labels),
    () => binaryCrossEntropyWithLogits(x, labels, { dims: [rows, classes], weight, reduction: "none" }),
    () => binaryCrossEntropyWithLogitsWithGrad(x, labels, { posWeight: 2, gradOutput: weight, dims: [rows, classes] }),
    () => binaryCrossEntropyWithLogitsWithGrad(bits, labels, { dtype: "bfloat16" }),
    () => softmax(x, { classes }),
    () => logSoftmax(wide, { classes, mask }),
    () => logSumExp(x, { classes }),
  );
}

describeSets("a call does not depend on those before it", () => {
  test(`results are the same to the bit in any order as on fresh memory (seed ${SEED})`, () => {
    const alone = calls.map((call) => {
      setTileBytes(); // drops what is remembered
      return bitsOf(call());
    });
    for (let round = 0; round < 3; round++) {
      const order = calls.map((_, i) => ({ i, at: rng.uniform() })).sort((a, b) => a.at - b.at);
      for (const { i } of order) expect(bitsOf(calls[i]()).equals(alone[i]), `call ${i} in round ${round}`).toBe(true);
    }
  });
});
