// Every option of crossEntropy with every other, against the reference: all pairs of the values below, and random
// combinations on top. The bounds are those of support/bounds.ts.

import { expect, test } from "vitest";
import { crossEntropy, crossEntropyWithGrad } from "../../src/index.js";
import { crossEntropyBounds, FLOAT32, FLOAT64, rounded } from "../support/bounds.js";
import { decode, encode, type Half } from "../support/halves.js";
import { layout } from "../support/layout.js";
import { near } from "../support/near.js";
import { allPairs, anyChoice, type Choice } from "../support/pairs.js";
import * as reference from "../support/reference.js";
import { Rng } from "../support/rng.js";
import { describeSets } from "../support/sets.js";

const FACTORS = {
  dtype: ["float32", "float64", "float16", "bfloat16"],
  targets: ["indices", "probabilities"],
  classes: [1, 2, 3, 4, 5, 8, 9, 31, 32, 33, 100],
  values: ["normal", "some −∞", "huge"],
  axis: ["last", "first", "middle"],
  reduction: ["mean", "sum", "none"],
  weight: [false, true],
  ignoreIndex: ["default", "high", "a class"],
  labelSmoothing: [0, 0.1, 1],
  denominator: [undefined, 7.5],
  onEmpty: [undefined, "nan", "zero", "throw"],
  scale: [1, 0.7, 2],
  softcap: [undefined, 5, 30],
  zLoss: [0, 0.01],
  polyEpsilon: [0, 1.5, -0.5],
  sampleWeight: ["none", "one", "rows"],
  mask: [false, true],
  gradOutput: ["none", "one", "rows"],
  out: ["new", "given"],
  grad: ["new", "given", "wider", "in place"],
} as const;

type Combination = Choice<typeof FACTORS>;

const SEED = 20261121;
const PAIRS = allPairs(FACTORS, SEED);
const RANDOM = 150;
const ROWS = 6;

/** The arrays of a combination: inputs as the library gets them, and the same numbers as float64 for the reference. */
function arrays(c: Combination, rng: Rng) {
  const half = c.dtype === "float16" || c.dtype === "bfloat16" ? (c.dtype as Half) : undefined;
  const dims = { last: [2, 3, c.classes], first: [c.classes, ROWS], middle: [2, c.classes, 3] }[c.axis];
  const axis = { last: -1, first: 0, middle: 1 }[c.axis];
  const at = layout(dims, axis);
  const size = { normal: 3, "some −∞": 3, huge: c.dtype === "float16" ? 1e4 : 1e15 }[c.values];
  const draw = rng.fill(ROWS * c.classes, (r) => {
    return c.values === "some −∞" && r.uniform() < 0.2 ? -Infinity : r.normal(size);
  });
  const compute = c.dtype === "float64" ? Float64Array : Float32Array;
  const logits = half ? encode(draw, half) : compute.from(draw);
  const exact = half ? decode(logits, half) : Float64Array.from(logits);

  const mask = c.mask ? Uint8Array.from(exact, () => Number(rng.uniform() < 0.7)) : undefined;
  if (mask && c.classes > 1) for (let j = 0; j < c.classes; j++) mask[at.at(4, j)] = 0; // a row with no class at all
  const ignoreIndex = { default: -100, high: 255, "a class": c.classes - 1 }[c.ignoreIndex];
  const labels = rng.labels(ROWS, c.classes);
  labels[1] = ignoreIndex;
  const probabilities = compute.from(rng.probabilities(ROWS, c.classes));
  const spread = new Float64Array(exact.length);
  for (let r = 0; r < ROWS; r++) {
    // Targets are among the classes that take part, or nearly every masked loss would be ∞.
    if (mask && r !== 4 && labels[r] >= 0 && labels[r] < c.classes) mask[at.at(r, labels[r])] = 1;
    for (let j = 0; j < c.classes; j++) {
      const out = mask?.[at.at(r, j)] === 0 && rng.uniform() < 0.95;
      spread[at.at(r, j)] = out ? 0 : probabilities[r * c.classes + j];
    }
  }
  return { half, dims, axis, logits, exact, mask, ignoreIndex, compute, labels, probabilities: compute.from(spread) };
}

function check(c: Combination, rng: Rng): void {
  const a = arrays(c, rng);
  const perRow = {
    none: undefined,
    one: rng.uniform(0.5, 2),
    rows: a.compute.from(rng.fill(ROWS, (r) => r.uniform(-1, 2))),
  };
  const targets = c.targets === "indices" ? a.labels : a.probabilities;
  const options: Omit<reference.CrossEntropyOptions, "gradOutput"> = {
    ...{ dims: a.dims, axis: a.axis, ignoreIndex: a.ignoreIndex, mask: a.mask },
    ...{ reduction: c.reduction, labelSmoothing: c.labelSmoothing, denominator: c.denominator, onEmpty: c.onEmpty },
    ...{ scale: c.scale, softcap: c.softcap, zLoss: c.zLoss, polyEpsilon: c.polyEpsilon },
    weight: c.weight ? a.compute.from(rng.fill(c.classes, (r) => r.uniform(0.2, 2))) : undefined,
    sampleWeight: perRow[c.sampleWeight],
  };
  const gradOptions = { ...options, gradOutput: perRow[c.gradOutput] };
  const wider = c.dtype === "float32" ? Float64Array : Float32Array;
  const grad = {
    new: undefined,
    given: a.half ? new Uint16Array(a.logits.length) : new a.compute(a.logits.length),
    wider: new wider(a.logits.length),
    "in place": a.logits,
  }[c.grad];
  const out = c.out === "given" && c.reduction === "none" ? new a.compute(ROWS) : undefined;

  if (c.reduction === "mean" && c.onEmpty === "throw" && nothingCounts(a.labels, a.ignoreIndex, c)) {
    expect(() => crossEntropyWithGrad(a.logits, targets, { ...options, dtype: c.dtype })).toThrow(RangeError);
    return;
  }
  const want = reference.crossEntropyWithGrad(a.exact, targets, gradOptions);
  const u = c.dtype === "float64" ? FLOAT64 : FLOAT32;
  const bounds = crossEntropyBounds(want, gradOptions, u);
  if (a.half && !(c.grad === "wider")) bounds.grad = rounded(bounds.grad, want.grad, a.half);
  if (c.grad === "wider" && c.dtype === "float64")
    bounds.grad = bounds.grad.map((b, i) => b + FLOAT32 * Math.abs(want.grad[i]));

  const list = (loss: number | ArrayLike<number>) => (typeof loss === "number" ? [loss] : loss);
  const call = { ...options, dtype: c.dtype, out };
  near(list(crossEntropy(a.logits, targets, call)), want.loss, { abs: bounds.loss }, "loss alone");
  out?.fill(Number.NaN);
  const got = crossEntropyWithGrad(a.logits, targets, { ...call, gradOutput: gradOptions.gradOutput, grad });
  near(list(got.loss), want.loss, { abs: bounds.loss }, "loss");
  if (out) expect(got.loss).toBe(out);
  if (grad) expect(got.grad).toBe(grad);
  expect("zLoss" in got).toBe(c.zLoss !== 0);
  if (c.zLoss !== 0) near(list(got.zLoss ?? []), want.zLoss, { abs: bounds.zLoss }, "zLoss");
  const bits = got.grad instanceof Uint16Array;
  near(
    bits ? decode(got.grad as Uint16Array, a.half as Half) : (got.grad as Float64Array),
    want.grad,
    { abs: bounds.grad },
    "grad",
  );
}

function nothingCounts(labels: Int32Array, ignoreIndex: number, c: Combination): boolean {
  return c.targets === "indices" && c.denominator === undefined && labels.every((y) => y === ignoreIndex);
}

function attempt(c: Combination, seed: number): void {
  try {
    check(c, new Rng(seed));
  } catch (error) {
    throw new Error(`${JSON.stringify(c)} [seed ${seed}]: ${(error as Error).message}`, { cause: error });
  }
}

describeSets(`crossEntropy options against the reference, bounds of support/bounds.ts [seed ${SEED}]`, () => {
  for (const dtype of FACTORS.dtype) {
    const pairs = PAIRS.filter((c) => c.dtype === dtype);
    test(`${dtype}: all pairs (${pairs.length} combinations)`, () => {
      for (const [i, c] of pairs.entries()) attempt(c, SEED + i);
    });

    test(`${dtype}: ${RANDOM} random combinations`, () => {
      const rng = new Rng(SEED);
      for (let i = 0; i < RANDOM; i++) attempt({ ...anyChoice(FACTORS, rng), dtype }, SEED + i);
    });
  }
});
