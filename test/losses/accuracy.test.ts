// The promised accuracy at the vocabulary of a large language model, row by row, against the compensated reference.

import { describe, expect, test } from "vitest";
import { crossEntropyWithGrad, logSumExp, softmax } from "../../src/index.js";
import { near } from "../support/near.js";
import * as reference from "../support/reference.js";
import { Rng } from "../support/rng.js";
import { describeSets } from "../support/sets.js";

describeSets("class probabilities near softmax(logits)", () => {
  test("float32: gradient elements p − t within 2e-6 of the larger of both, 10 to 1000 classes [seed n]", () => {
    for (const n of [10, 32, 33, 1000]) {
      const rng = new Rng(n);
      const dims = [40, n];
      const logits = Float32Array.from(rng.logits(40 * n));
      const p = reference.softmax(logits, { dims });
      const targets = Float32Array.from(p, (value) => value * rng.uniform(0.999, 1.001));
      const want = reference.crossEntropyWithGrad(logits, targets, { dims, reduction: "sum" });
      const { grad } = crossEntropyWithGrad(logits, targets, { dims, reduction: "sum" });
      near(
        grad as Float32Array,
        want.grad,
        { abs: p.map((value, i) => 2e-6 * Math.max(value, targets[i])) },
        `n = ${n}`,
      );
    }
  });
});

const CLASSES = 128_256;
/**
 * What a gradient row may sum to, of its largest element: u = 2⁻²⁴ of its products, half of it of the target, and 16.5u of
 * the sum that the target is formed of, where 32 equal numbers are added and each addition rounds the same way.
 */
const SUM = 18 * 2 ** -24;

interface Row {
  name: string;
  logits: Float32Array;
  target: number;
}

/** `spike` puts one logit of 25 that far behind the target. */
function row(name: string, seed: number, draw: (rng: Rng) => number, spike?: number): Row {
  const rng = new Rng(seed);
  const logits = Float32Array.from(rng.fill(CLASSES, draw));
  const target = rng.integer(CLASSES - 1);
  if (spike !== undefined) logits[target + spike] = 25;
  return { name: `${name} [seed ${seed}]`, logits, target };
}

const ROWS: Row[] = [
  ...[1, 2, 3].map((seed) => row("normal × 4", seed, (rng) => rng.normal(4))),
  // e^90 overflows float32: a kernel that forgets the maximum fails.
  row("in [90, 100]", 4, (rng) => rng.uniform(90, 100)),
  row("normal × 4 + 1e4", 5, (rng) => 1e4 + rng.normal(4)),
  row("normal × 4 − 1e4", 6, (rng) => -1e4 + rng.normal(4)),
  row("all equal", 7, () => 1.25),
  row("confident and right", 8, (rng) => rng.normal(2), 0),
  row("confident and wrong", 9, (rng) => rng.normal(2), 1),
];

describeSets("rows of equal logits, whose roundings all go the same way", () => {
  test("float32: a gradient row sums to 1.1e-6 of its largest element, 2 to 32,000 classes [seed 40]", () => {
    const rng = new Rng(40);
    const sizes = [2, 10, 32, 33, 64, 100, 257, 1000, 32_000];
    // The last two are the worst of 6634 random ones.
    const rows = sizes.flatMap((n) =>
      Array.from(
        rng.fill(20, (r) => r.normal(5)),
        (value) => [n, value],
      ),
    );
    for (const [n, value] of [...rows, [1000, 3.0460026264190674], [32_000, 0.009340585209429264]]) {
      const target = n >> 1;
      const grad = crossEntropyWithGrad(new Float32Array(n).fill(value), Int32Array.of(target)).grad as Float32Array;
      expect(Math.abs(reference.total(grad))).toBeLessThanOrEqual(SUM * Math.abs(grad[target]));
    }
  });
});

describe(`at ${CLASSES} classes`, () => {
  for (const { name, logits, target } of ROWS) {
    const dims = [1, CLASSES];
    const targets = Int32Array.of(target);
    const want = reference.crossEntropyWithGrad(logits, targets, { dims });
    const [{ p, lse }] = want.rows;
    const largest = p.reduce((a, b) => Math.max(a, b), 0);

    describeSets(name, () => {
      test("float32: log-sum-exp and loss within 2e-7 relative", () => {
        near(logSumExp(logits, { dims }), [lse], { rel: 2e-7 });
        near(crossEntropyWithGrad(logits, targets).loss as number, want.loss, { rel: 2e-7 });
      });

      test("float32: softmax within 2e-6 of itself or 1e-7 of the largest", () => {
        const abs = p.map((value) => Math.max(2e-6 * value, 1e-7 * largest));
        near(softmax(logits, { dims }), p, { abs });
      });

      // Off target the gradient is p, so its elements are held to the largest of those, not to the target's p − 1.
      test("float32: gradient within 2e-6 of itself or 1e-7 of the row's largest, its sum within 1.1e-6 of that", () => {
        const grad = crossEntropyWithGrad(logits, targets).grad as Float32Array;
        const others = p.reduce((a, b, j) => (j === target ? a : Math.max(a, b)), 0);
        const abs = want.grad.map((value) => Math.max(2e-6 * Math.abs(value), 1e-7 * others));
        near(grad, want.grad, { abs });
        expect(Math.abs(reference.total(grad))).toBeLessThanOrEqual(SUM * Math.abs(want.grad[target]));
      });

      test("float64: log-sum-exp, loss, softmax and gradient within 1e-13 relative", () => {
        const wide = Float64Array.from(logits);
        near(logSumExp(wide, { dims }), [lse], { rel: 1e-13 });
        near(softmax(wide, { dims }), p, { rel: 1e-13 });
        const { loss, grad } = crossEntropyWithGrad(wide, targets);
        near(loss as number, want.loss, { rel: 1e-13 });
        near(grad as Float64Array, want.grad, { rel: 1e-13, abs: 2 ** -52 });
        expect(Math.abs(reference.total(grad as Float64Array))).toBeLessThanOrEqual(1e-13);
      });
    });
  }
});
