import fc from "fast-check";
import { expect, test } from "vitest";
import { crossEntropy, crossEntropyWithGrad, logSoftmax } from "../../src/index.js";
import { crossEntropyBounds, FLOAT32, FLOAT64, transformBounds } from "../support/bounds.js";
import { slope } from "../support/differences.js";
import { near } from "../support/near.js";
import * as reference from "../support/reference.js";
import { Rng } from "../support/rng.js";
import { describeSets } from "../support/sets.js";

const SEED = 4711;
const RUNS = { seed: SEED, numRuns: 60 };

type Width = Float32ArrayConstructor | Float64ArrayConstructor;
const WIDTHS: [string, Width, number][] = [
  ["float32", Float32Array, FLOAT32],
  ["float64", Float64Array, FLOAT64],
];

/** A batch: fast-check varies and shrinks its shape, a seeded generator fills it. */
const batch = fc.record({
  rows: fc.integer({ min: 1, max: 6 }),
  classes: fc.integer({ min: 1, max: 70 }),
  seed: fc.nat({ max: 2 ** 31 }),
});
type Batch = typeof batch extends fc.Arbitrary<infer T> ? T : never;

function fill({ rows, classes, seed }: Batch, width: Width) {
  const rng = new Rng(seed);
  return {
    rng,
    dims: [rows, classes],
    logits: width.from(rng.logits(rows * classes)),
    labels: rng.labels(rows, classes),
    weight: width.from(rng.fill(classes, (r) => r.uniform(0.2, 2))),
    rowFactors: width.from(rng.fill(rows, (r) => r.uniform(0.2, 2))),
    probabilities: width.from(rng.probabilities(rows, classes)),
  };
}

/** Bounds of both sides of an equation: what one call may be off, twice. */
function twice(
  logits: reference.Floats,
  targets: reference.Floats | reference.Indices,
  options: reference.CrossEntropyOptions,
  u: number,
) {
  const bounds = crossEntropyBounds(reference.crossEntropyWithGrad(logits, targets, options), options, u);
  return { loss: bounds.loss.map((b) => 2 * b), grad: bounds.grad.map((b) => 2 * b) };
}

const law = (name: string, width: Width, run: (b: ReturnType<typeof fill>, shape: Batch) => void) => {
  test(`${name} [seed ${SEED}]`, () => {
    fc.assert(
      fc.property(batch, (shape) => run(fill(shape, width), shape)),
      RUNS,
    );
  });
};
const floats = (grad: unknown) => grad as reference.Floats;
const list = (loss: unknown) => loss as reference.Floats;

describeSets("laws of crossEntropy", () => {
  for (const [name, width, u] of WIDTHS) {
    law(
      `${name}: gradient rows sum to 0 within 8u = ${(8 * u).toPrecision(2)} of their largest term`,
      width,
      (b, shape) => {
        const { grad } = crossEntropyWithGrad(b.logits, b.labels, {
          dims: b.dims,
          reduction: "none",
          weight: b.weight,
        });
        for (let r = 0; r < shape.rows; r++) {
          const row = floats(grad).subarray(r * shape.classes, (r + 1) * shape.classes);
          near(reference.total(row), 0, { abs: 8 * u * b.weight[b.labels[r]] });
        }
      },
    );

    law(`${name}: a shift of the logits changes nothing, within twice the bounds of support/bounds.ts`, width, (b) => {
      const coarse = b.logits.map((x) => Math.round(x * 8) / 8);
      const shifted = coarse.map((x, i) => x + 1000.5 - 777 * Math.floor(i / b.dims[1])); // exact in float32
      const options = { dims: b.dims, reduction: "none" } as const;
      const bounds = twice(coarse, b.labels, options, u);
      const [got, want] = [shifted, coarse].map((x) => crossEntropyWithGrad(x, b.labels, options));
      near(list(got.loss), list(want.loss), { abs: bounds.loss });
      near(floats(got.grad), floats(want.grad), { abs: bounds.grad });
    });

    law(
      `${name}: permuting the classes permutes the gradient, within twice the bounds`,
      width,
      (b, { rows, classes }) => {
        const order = Array.from({ length: classes }, (_, j) => j);
        for (let j = classes - 1; j > 0; j--) {
          const k = b.rng.integer(j + 1);
          [order[j], order[k]] = [order[k], order[j]];
        }
        const permute = (x: reference.Floats) => x.map((_, i) => x[i - (i % classes) + order[i % classes]]);
        const options = { dims: b.dims, reduction: "none", labelSmoothing: 0.1 } as const;
        const bounds = twice(b.logits, b.labels, options, u);
        const want = crossEntropyWithGrad(b.logits, b.labels, options);
        const labels = b.labels.map((y) => order.indexOf(y));
        const got = crossEntropyWithGrad(permute(b.logits), labels, options);
        near(list(got.loss), list(want.loss), { abs: bounds.loss });
        near(floats(got.grad), permute(floats(want.grad)), { abs: permute(bounds.grad) });
        expect(got.grad.length).toBe(rows * classes);
      },
    );

    law(`${name}: equal logits cost ln C, within 8u·ln C`, width, (b, { rows, classes }) => {
      const level = b.logits.map((_, i) => b.logits[Math.floor(i / classes) * classes]);
      const got = crossEntropy(level, b.labels, { dims: b.dims, reduction: "none" });
      near(list(got), new Float64Array(rows).fill(Math.log(classes)), { rel: 8 * u });
    });

    law(`${name}: the loss is −logSoftmax at the target, within the bounds of both`, width, (b, { classes }) => {
      const options = { dims: b.dims, reduction: "none" } as const;
      const bounds = crossEntropyBounds(reference.crossEntropyWithGrad(b.logits, b.labels, options), options, u);
      const own = transformBounds(b.logits, options, u).logSoftmax;
      const logP = logSoftmax(b.logits, { dims: b.dims });
      const at = (x: ArrayLike<number>) => Float64Array.from(b.labels, (y, r) => x[r * classes + y]);
      const abs = bounds.loss.map((bound, r) => bound + at(own)[r]);
      near(
        list(crossEntropy(b.logits, b.labels, options)),
        at(floats(logP)).map((x) => -x),
        { abs },
      );
    });

    law(`${name}: one-hot probabilities give what indices give, within twice the bounds`, width, (b, { classes }) => {
      const hot = b.logits.map((_, i) => Number(b.labels[Math.floor(i / classes)] === i % classes));
      const options = {
        dims: b.dims,
        reduction: "sum",
        weight: b.weight,
        labelSmoothing: 0.2,
        polyEpsilon: 1,
      } as const;
      const bounds = twice(b.logits, b.labels, options, u);
      const [got, want] = [hot, b.labels].map((targets) => crossEntropyWithGrad(b.logits, targets, options));
      near(got.loss as number, want.loss as number, { abs: bounds.loss });
      near(floats(got.grad), floats(want.grad), { abs: bounds.grad });
    });

    law(`${name}: mean is sum / Σ weights of the targets, and sum / denominator, to 4 ulp of float64`, width, (b) => {
      const options = { dims: b.dims, weight: b.weight };
      const sum = crossEntropy(b.logits, b.labels, { ...options, reduction: "sum" }) as number;
      const weights = reference.total(Array.from(b.labels, (y) => b.weight[y]));
      near(crossEntropy(b.logits, b.labels, options) as number, sum / weights, { rel: 8 * FLOAT64 });
      const mean = crossEntropy(b.logits, b.labels, { ...options, denominator: 3.7 }) as number;
      near(mean, sum / 3.7, { rel: 8 * FLOAT64 });
      const each = crossEntropy(b.logits, b.labels, { ...options, reduction: "none" });
      near(reference.total(list(each)), sum, { rel: 2 * u + 8 * FLOAT64 });
    });

    law(
      `${name}: the gradient is linear in gradOutput: exactly for powers of 2, else to 4u`,
      width,
      (b, { classes }) => {
        const options = { dims: b.dims, reduction: "none", zLoss: 0.01 } as const;
        const { grad: one } = crossEntropyWithGrad(b.logits, b.labels, options);
        const { grad: quarter } = crossEntropyWithGrad(b.logits, b.labels, { ...options, gradOutput: 0.25 });
        // Powers of two are exact down to the denormals.
        near(
          floats(quarter),
          floats(one).map((g) => g / 4),
          { abs: u === FLOAT32 ? 2 ** -126 : 2 ** -1022 },
        );
        const { grad: each } = crossEntropyWithGrad(b.logits, b.labels, { ...options, gradOutput: b.rowFactors });
        const want = Float64Array.from(floats(one), (g, i) => g * b.rowFactors[Math.floor(i / classes)]);
        const abs = twice(b.logits, b.labels, options, u).grad.map((bound) => 2 * bound);
        near(floats(each), want, { abs });
      },
    );

    law(`${name}: scale s is logits times s, within twice the bounds`, width, (b) => {
      for (const scale of [0.25, 2, 8]) {
        const options = { dims: b.dims, reduction: "none" } as const;
        const scaled = b.logits.map((x) => x * scale); // exact
        const got = crossEntropyWithGrad(b.logits, b.labels, { ...options, scale });
        const want = crossEntropyWithGrad(scaled, b.labels, options);
        const bounds = twice(scaled, b.labels, options, u);
        near(list(got.loss), list(want.loss), { abs: bounds.loss });
        near(
          floats(got.grad),
          floats(want.grad).map((g) => g * scale),
          { abs: bounds.grad.map((bound) => bound * scale) },
        );
      }
    });

    law(
      `${name}: label smoothing mixes the target with the mean over all classes, within twice the bounds`,
      width,
      (b, s) => {
        const options = { dims: b.dims, reduction: "none" } as const;
        const smooth = { ...options, labelSmoothing: 0.3 };
        const bounds = twice(b.logits, b.labels, smooth, u);
        const logP = reference.logSoftmax(b.logits, options);
        const want = Float64Array.from(b.labels, (y, r) => {
          const row = logP.subarray(r * s.classes, (r + 1) * s.classes);
          return -0.7 * row[y] - (0.3 * reference.total(row)) / s.classes;
        });
        near(list(crossEntropy(b.logits, b.labels, smooth)), want, { abs: bounds.loss });
      },
    );

    law(
      `${name}: sampleWeight multiplies loss and gradient of its row, within twice the bounds`,
      width,
      (b, { classes }) => {
        const options = { dims: b.dims, reduction: "none", zLoss: 0.01 } as const;
        const weighted = { ...options, sampleWeight: b.rowFactors };
        const bounds = twice(b.logits, b.labels, weighted, u);
        const one = crossEntropyWithGrad(b.logits, b.labels, options);
        const got = crossEntropyWithGrad(b.logits, b.labels, weighted);
        near(
          list(got.loss),
          Float64Array.from(list(one.loss), (l, r) => l * b.rowFactors[r]),
          { abs: bounds.loss },
        );
        const want = Float64Array.from(floats(one.grad), (g, i) => g * b.rowFactors[Math.floor(i / classes)]);
        near(floats(got.grad), want, { abs: bounds.grad });
      },
    );

    law(`${name}: a masked class is one at −∞, to the bit`, width, (b, { rows, classes }) => {
      const mask = Uint8Array.from(b.logits, () => Number(b.rng.uniform() < 0.6));
      for (let r = 0; r < rows; r++) mask[r * classes + b.labels[r]] = 1;
      const masked = crossEntropyWithGrad(b.logits, b.labels, { dims: b.dims, mask });
      const infinite = b.logits.map((x, i) => (mask[i] ? x : -Infinity));
      expect(masked).toEqual(crossEntropyWithGrad(infinite, b.labels, { dims: b.dims }));
    });

    law(`${name}: in place is the same to the bit`, width, (b) => {
      const options = { dims: b.dims, labelSmoothing: 0.1, weight: b.weight, softcap: 20 };
      for (const targets of [b.labels, b.probabilities]) {
        const want = crossEntropyWithGrad(b.logits, targets, options);
        const own = b.logits.slice();
        const got = crossEntropyWithGrad(own, targets, { ...options, grad: own });
        expect(got.grad).toBe(own);
        expect(got).toEqual(want);
      }
    });
  }

  law("float64: the gradient is the finite difference of the loss to 1e-8", Float64Array, (b, { rows, classes }) => {
    if (rows * classes > 60) return;
    for (const targets of [b.labels, b.probabilities]) {
      const options = { dims: b.dims, weight: b.weight, scale: 0.5, softcap: 6, zLoss: 0.01, polyEpsilon: 1 };
      const logits = b.logits as Float64Array;
      const { grad } = crossEntropyWithGrad(logits, targets, options);
      const f = (x: Float64Array) => crossEntropy(x, targets, options) as number;
      near(
        floats(grad),
        logits.map((_, i) => slope(f, logits, i)),
        { abs: 1e-8 },
      );
    }
  });
});
