// The sweep cuts a batch into tiles of whole rows. What a row gives must not depend on the rows around it.

import { expect, test } from "vitest";
import {
  binaryCrossEntropyWithLogitsWithGrad,
  crossEntropyWithGrad,
  logSoftmax,
  logSumExp,
  softmax,
} from "../../src/index.js";
import { encode } from "../support/halves.js";
import { identical } from "../support/near.js";
import type { Floats } from "../support/reference.js";
import { Rng } from "../support/rng.js";
import { describeSets } from "../support/sets.js";

/** More than a stage holds, in rows that are a few, many, or one to a tile, of odd lengths. */
const SHAPES = [
  [40_001, 3],
  [3_001, 101],
  [67, 5_003],
  [5, 70_001],
] as const;

const SEED = 99;
const OPTIONS = { reduction: "none", labelSmoothing: 0.1, zLoss: 1e-3 } as const;

describeSets(`many rows in one call are the same rows one by one, to the bit [seed ${SEED}]`, () => {
  for (const [rows, classes] of SHAPES) {
    const rng = new Rng(SEED);
    const logits = rng.logits(rows * classes);
    const labels = rng.labels(rows, classes);
    const probabilities = Float32Array.from(rng.probabilities(rows, classes));
    const gradOutput = Float32Array.from(rng.fill(rows, (r) => r.normal()));
    // The first and last rows, and some of the middle: every row would take minutes.
    const some = new Set([0, 1, rows - 2, rows - 1, ...Array.from({ length: 40 }, () => rng.integer(rows))]);
    const row = <T extends Floats>(all: T, r: number) => all.slice(r * classes, (r + 1) * classes);

    for (const [kind, targets] of [["indices", labels] as const, ["probabilities", probabilities] as const]) {
      test(`crossEntropyWithGrad, ${kind}, ${rows}×${classes}`, () => {
        const all = crossEntropyWithGrad(logits, targets, { ...OPTIONS, classes, gradOutput });
        for (const r of some) {
          const own = targets === labels ? labels.slice(r, r + 1) : row(probabilities, r);
          const options = { ...OPTIONS, classes, gradOutput: gradOutput[r] };
          const one = crossEntropyWithGrad(row(logits, r), own, options);
          expect((all.loss as Float32Array)[r], `row ${r}`).toBe((one.loss as Float32Array)[0]);
          identical(row(all.grad as Float32Array, r), one.grad as Float32Array, `gradient of row ${r}`);
        }
      });
    }

    test(`softmax, logSoftmax, logSumExp, ${rows}×${classes}`, () => {
      const dims = [rows, classes];
      const [y, logY, lse] = [softmax, logSoftmax, logSumExp].map((f) => f(logits, { dims }) as Float32Array);
      for (const r of some) {
        const x = row(logits, r);
        identical(row(y, r), softmax(x, { dims: [classes] }) as Float32Array, `softmax of row ${r}`);
        identical(row(logY, r), logSoftmax(x, { dims: [classes] }) as Float32Array, `logSoftmax of row ${r}`);
        expect(lse[r], `row ${r}`).toBe((logSumExp(x, { dims: [classes] }) as Float32Array)[0]);
      }
    });

    test(`binaryCrossEntropyWithLogitsWithGrad, ${rows}×${classes}`, () => {
      const options = { reduction: "none", posWeight: 2 } as const;
      const all = binaryCrossEntropyWithLogitsWithGrad(logits, probabilities, options);
      for (const r of some) {
        const one = binaryCrossEntropyWithLogitsWithGrad(row(logits, r), row(probabilities, r), options);
        identical(row(all.loss as Float32Array, r), one.loss, `losses of row ${r}`);
        identical(row(all.grad as Float32Array, r), one.grad as Float32Array, `gradient of row ${r}`);
      }
    });
  }

  test("what belongs to a row stays with it: mask, sampleWeight, gradOutput, ignored rows, 16-bit logits, 3001×101", () => {
    const [rows, classes] = [3001, 101];
    const rng = new Rng(SEED);
    const logits = encode(rng.logits(rows * classes), "bfloat16");
    const labels = rng.labels(rows, classes).map((y) => (rng.uniform() < 0.1 ? -100 : y));
    const probabilities = Float32Array.from(rng.probabilities(rows, classes));
    const mask = Uint8Array.from(logits, () => Number(rng.uniform() < 0.7));
    const [sampleWeight, gradOutput] = [1, 2].map(() => Float32Array.from(rng.fill(rows, (r) => r.normal())));
    const weight = Float32Array.from(rng.fill(classes, (r) => r.uniform(0.5, 2)));
    for (let r = 0; r < rows; r++) if (rng.uniform() < 0.2) mask.fill(0, r * classes, (r + 1) * classes);
    const shared = { ...OPTIONS, classes, weight, dtype: "bfloat16" } as const;
    for (const targets of [labels, probabilities]) {
      const all = crossEntropyWithGrad(logits, targets, { ...shared, mask, sampleWeight, gradOutput });
      for (let r = 0; r < rows; r += 13) {
        const [from, to] = [r * classes, (r + 1) * classes];
        const one = crossEntropyWithGrad(
          logits.slice(from, to),
          targets === labels ? labels.slice(r, r + 1) : probabilities.slice(from, to),
          { ...shared, mask: mask.slice(from, to), sampleWeight: sampleWeight[r], gradOutput: gradOutput[r] },
        );
        identical([all.loss[r]], one.loss, `loss of row ${r}`);
        identical((all.grad as Uint16Array).slice(from, to), one.grad as Uint16Array, `gradient of row ${r}`);
      }
    }
  });

  test("factors that broadcast reach every row of a binary loss, 3001×101", () => {
    const [rows, classes] = [3001, 101];
    const rng = new Rng(SEED);
    const logits = rng.logits(rows * classes);
    const targets = Float32Array.from(logits, () => rng.uniform());
    const column = Float32Array.from(rng.fill(classes, (r) => r.uniform(0.5, 2)));
    const [weight, gradOutput] = [1, 2].map(() => Float32Array.from(rng.fill(rows, (r) => r.normal())));
    const perRow = (data: Float32Array) => ({ data, dims: [rows, 1] });
    const shared = { reduction: "none", posWeight: column } as const;
    const options = { ...shared, dims: [rows, classes], weight: perRow(weight), gradOutput: perRow(gradOutput) };
    const all = binaryCrossEntropyWithLogitsWithGrad(logits, targets, options);
    for (let r = 0; r < rows; r += 13) {
      const [from, to] = [r * classes, (r + 1) * classes];
      // Of one element each, so that they are arrays for the kernel as above and not scalars.
      const own = { ...shared, weight: weight.slice(r, r + 1), gradOutput: gradOutput.slice(r, r + 1) };
      const broadcast = {
        ...{ ...own, dims: [1, classes] },
        ...{ weight: { data: own.weight, dims: [1, 1] }, gradOutput: { data: own.gradOutput, dims: [1, 1] } },
      };
      const one = binaryCrossEntropyWithLogitsWithGrad(logits.slice(from, to), targets.slice(from, to), broadcast);
      identical(all.loss.slice(from, to), one.loss, `losses of row ${r}`);
      identical((all.grad as Float32Array).slice(from, to), one.grad as Float32Array, `gradient of row ${r}`);
    }
  });

  test("an axis in the middle gives what the same rows give with the classes last", () => {
    const [outer, classes, inner] = [37, 61, 83];
    const rng = new Rng(SEED);
    const logits = rng.logits(outer * classes * inner);
    const labels = rng.labels(outer * inner, classes);
    const last = (x: Float32Array) => {
      const y = new Float32Array(x.length);
      for (let i = 0; i < x.length; i++) {
        const [b, j, d] = [Math.floor(i / (classes * inner)), Math.floor(i / inner) % classes, i % inner];
        y[(b * inner + d) * classes + j] = x[i];
      }
      return y;
    };
    const got = crossEntropyWithGrad(logits, labels, { ...OPTIONS, dims: [outer, classes, inner], axis: 1 });
    const want = crossEntropyWithGrad(last(logits), labels, { ...OPTIONS, classes });
    identical(got.loss, want.loss, "losses");
    identical(last(got.grad as Float32Array), want.grad as Float32Array, "gradient");
  });
});
