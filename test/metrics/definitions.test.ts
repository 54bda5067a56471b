// Each metric against its definition in float64 (reference.ts), on all kinds of input.

import { describe, expect, test } from "vitest";
import { CrossEntropyState, type UpdateOptions } from "../../src/metrics/index.js";
import { FLOAT32, FLOAT64 } from "../support/bounds.js";
import { encode } from "../support/halves.js";
import { near } from "../support/near.js";
import type * as reference from "../support/reference.js";
import { Rng } from "../support/rng.js";
import { describeSets } from "../support/sets.js";
import { evaluate } from "./reference.js";

const SEED = 31;
const BINS = 15;
const WIDTHS = [
  ["float32", Float32Array, FLOAT32],
  ["float64", Float64Array, FLOAT64],
] as const;

const rng = new Rng(SEED);
const ROWS = 57;
const CLASSES = 13;
const LABELS = rng.labels(ROWS, CLASSES);
const SOME_IGNORED = LABELS.map((y, r) => (r % 5 === 0 ? 3 : y));
const MASK = Uint8Array.from({ length: ROWS * CLASSES }, (_, i) => {
  const row = Math.floor(i / CLASSES);
  return Number(row % 9 !== 4 && (i % CLASSES === LABELS[row] || rng.uniform() < 0.7));
});
const WEIGHT = Float32Array.from(rng.fill(CLASSES, (r) => r.uniform(0.2, 2)));
const SAMPLE_WEIGHT = Float32Array.from(rng.fill(ROWS, (r) => r.uniform(0, 2)));
const PROBABILITIES = Float32Array.from(rng.probabilities(ROWS, CLASSES));

type Options = Omit<reference.CrossEntropyOptions, "dims"> & UpdateOptions;
const CASES: [name: string, targets: reference.Floats | reference.Indices, options: Options][] = [
  ["nothing else", LABELS, {}],
  ["64-bit labels", BigInt64Array.from(LABELS, BigInt), {}],
  ["ignoreIndex", SOME_IGNORED, { ignoreIndex: 3 }],
  ["weight", LABELS, { weight: WEIGHT }],
  ["weight, sampleWeight, ignoreIndex", SOME_IGNORED, { weight: WEIGHT, sampleWeight: SAMPLE_WEIGHT, ignoreIndex: 3 }],
  ["labelSmoothing", LABELS, { labelSmoothing: 0.1 }],
  ["zLoss, polyEpsilon", LABELS, { zLoss: 0.01, polyEpsilon: 0.5, sampleWeight: 3 }],
  ["scale", LABELS, { scale: 0.4, zLoss: 0.01 }],
  ["softcap", LABELS, { scale: 2, softcap: 5, zLoss: 0.01 }],
  ["mask", LABELS, { mask: MASK }],
  ["mask, weight, zLoss", SOME_IGNORED, { mask: MASK, weight: WEIGHT, zLoss: 0.01, ignoreIndex: 3 }],
  ["probabilities", PROBABILITIES, {}],
  ["probabilities, mask", PROBABILITIES.map((t, i) => t * MASK[i]), { mask: MASK }],
  ["probabilities, weight, labelSmoothing", PROBABILITIES, { weight: WEIGHT, labelSmoothing: 0.2 }],
];

describeSets(`metrics are what their definitions say, within support/bounds.ts [seed ${SEED}]`, () => {
  for (const [width, Floats, u] of WIDTHS) {
    // Coarse enough for ties of logits.
    const logits = Floats.from(new Rng(SEED).logits(ROWS * CLASSES, 2).map((x) => Math.round(8 * x) / 8));
    for (const [name, targets, options] of CASES) {
      test(`${width}, ${name}`, () => {
        const wanted = evaluate(logits, targets, { dims: [ROWS, CLASSES], ...options }, BINS, u);
        const state = new CrossEntropyState({ topK: [5, 1, 3], calibrationBins: BINS, confusionMatrix: true });
        const got = state.update(logits, targets, { ...options, dims: [ROWS, CLASSES], bytes: 200 }).compute();
        const { bounds, count } = wanted;
        const share = (k: number) => wanted.ranks.filter((rank) => rank <= k).length / count;
        expect(got.count).toBe(count);
        expect(got.invalid).toBe(0);
        near(got.loss, wanted.loss, { abs: bounds.loss });
        near(Math.log(got.perplexity), wanted.nll, { abs: bounds.nll + 4 * FLOAT64 * wanted.nll });
        near(got.bitsPerToken, wanted.nll / Math.LN2, { abs: 2 * bounds.nll });
        near(got.bitsPerByte, (wanted.nll * count) / 200 / Math.LN2, { abs: (2 * bounds.nll * count) / 200 });
        near(got.accuracy, wanted.accuracy, { rel: 1e-14 });
        expect(got.topK).toEqual({ 1: share(1), 3: share(3), 5: share(5) });
        expect(got.topK[1]).toBe(got.accuracy);
        expect(got.meanRank).toBe(wanted.ranks.reduce((a, b) => a + b) / count);
        near(got.brier, wanted.brier, { abs: bounds.brier + 1e-15 });
        near(got.ece, wanted.ece, { abs: bounds.confidence + 1e-15 });
        expect(got.bins.map((bin) => bin.count)).toEqual(wanted.counts);
        near(
          got.bins.map((bin) => bin.confidence),
          wanted.confidence,
          { abs: bounds.confidence + 1e-15 },
        );
        expect(got.confusionMatrix).toEqual(wanted.confusion);
      });
    }
  }

  test("a class axis in the middle, strides, 16-bit logits and nested arrays: the same metrics as flat rows", () => {
    const state = () => new CrossEntropyState({ confusionMatrix: true });
    const [batch, classes, positions] = [3, 7, 5];
    const x = Float32Array.from(new Rng(SEED).logits(105, 2), (value) => Math.round(8 * value) / 8);
    const y = new Rng(SEED).labels(15, classes);
    const rows = Float32Array.from(x, (_, i) => {
      const [row, c] = [Math.floor(i / classes), i % classes];
      return x[(Math.floor(row / positions) * classes + c) * positions + (row % positions)];
    });
    const flat = state().update(rows, y);
    const dims = [batch, classes, positions];
    expect(state().update(x, y, { dims, axis: 1 }).toJSON()).toEqual(flat.toJSON());
    const strided = { data: x, dims: [batch, positions, classes], strides: [35, 1, 5] };
    expect(
      state()
        .update(strided, { data: y, dims: [batch, positions] })
        .toJSON(),
    ).toEqual(flat.toJSON());
    const halves = encode(rows, "float16");
    expect(state().update(halves, y, { dtype: "float16" }).toJSON()).toEqual(flat.toJSON());
    const nested = Array.from(y, (_, r) => Array.from(rows.subarray(r * classes, (r + 1) * classes)));
    expect(state().update(nested, Array.from(y), { dtype: "float32" }).toJSON()).toEqual(flat.toJSON());
  });

  test("a confident row keeps the digits of its Brier score: 1e-6 relative at p = 1 − 1e-11", () => {
    const { brier } = new CrossEntropyState().update(Float32Array.of(25, 0, 0), [0]).compute();
    const q = Math.exp(-25);
    const wanted = (2 * q) ** 2 + 2 * q * q;
    expect(Math.abs(brier / wanted - 1)).toBeLessThan(1e-6);
  });

  test("many tiles are one: 3001 rows of 101 classes", () => {
    const x = new Rng(SEED).logits(3001 * 101, 2);
    const y = new Rng(SEED).labels(3001, 101);
    const wanted = evaluate(x, y, { dims: [3001, 101] }, BINS, FLOAT32);
    const got = new CrossEntropyState().update(x, y).compute();
    near(got.loss, wanted.loss, { abs: wanted.bounds.loss });
    near(got.brier, wanted.brier, { abs: wanted.bounds.brier });
    expect(got.meanRank).toBe(wanted.ranks.reduce((a, b) => a + b) / 3001);
  });
});

describeSets("worked numbers, to 6 decimals", () => {
  const six = (value: number) => Number(value.toFixed(6));

  test("(2, 1, 0.1) and class 0: loss 0.417030, perplexity e to that, Brier 0.184769", () => {
    const got = new CrossEntropyState().update([2, 1, 0.1], [0], { bytes: 4 }).compute();
    expect(six(got.loss)).toBe(0.41703);
    expect(six(got.perplexity)).toBe(six(Math.exp(0.41703001627783)));
    expect(six(got.bitsPerToken)).toBe(six(0.41703001627783 / Math.LN2));
    expect(six(got.bitsPerByte)).toBe(six(0.41703001627783 / Math.LN2 / 4));
    // (1 − .659001)² + .242433² + .098566²
    expect(six(got.brier)).toBe(0.184769);
    expect(six(got.ece)).toBe(0.340999);
    expect(got).toMatchObject({ count: 1, accuracy: 1, topK: { 1: 1, 5: 1 }, meanRank: 1 });
    expect(got.bins[9]).toMatchObject({ from: 0.6, to: 2 / 3, count: 1, accuracy: 1 });
  });

  test("a uniform guess over n classes: perplexity n, log₂ n bits, Brier 1 − 1/n, and the first class is right", () => {
    for (const n of [2, 6, 1000]) {
      const got = new CrossEntropyState().update(new Float64Array(n), [0]).compute();
      expect(six(got.perplexity)).toBe(n);
      expect(six(got.bitsPerToken)).toBe(six(Math.log2(n)));
      expect(six(got.brier)).toBe(six(1 - 1 / n));
      expect(got.accuracy).toBe(1);
      expect(new CrossEntropyState().update(new Float64Array(n), [n - 1]).compute().meanRank).toBe(n);
    }
  });

  test("the right distribution costs its entropy, 1.921928 bits; that of the code lengths 2.2, 0.278072 more", () => {
    const p = [0.4, 0.4, 0.05, 0.05, 0.05, 0.05];
    const right = new CrossEntropyState().update(p.map(Math.log), p, { classes: 6 }).compute();
    expect([six(right.bitsPerToken), six(right.brier), right.accuracy]).toEqual([1.921928, 0, 1]);
    const code = [2, 2, 3, 3, 3, 3].map((length) => -length * Math.LN2);
    const { bitsPerToken } = new CrossEntropyState().update(code, p, { classes: 6 }).compute();
    expect([six(bitsPerToken), six(bitsPerToken - right.bitsPerToken)]).toEqual([2.2, 0.278072]);
  });

  test("a certain wrong answer has Brier score 2, an infinite loss and calibration error 1", () => {
    const got = new CrossEntropyState().update([0, -Infinity], [1]).compute();
    expect(got).toMatchObject({ loss: Infinity, perplexity: Infinity, brier: 2, ece: 1, accuracy: 0, meanRank: 2 });
    expect(got.bins[14]).toMatchObject({ count: 1, confidence: 1, accuracy: 0 });
  });
});

describe("rows that are special", () => {
  test("an empty state, and one of ignored rows alone: count 0, no means", () => {
    const states = [new CrossEntropyState(), new CrossEntropyState().update([1, 2, Number.NaN, 3], [-100, -100])];
    states.push(new CrossEntropyState().update(new Float32Array(0), []));
    for (const state of states) {
      const { bins, topK, count, invalid, ...means } = state.compute();
      expect([count, invalid]).toEqual([0, 0]);
      expect(new Set([...Object.values(means), ...Object.values(topK)])).toEqual(new Set([Number.NaN]));
      expect(bins).toHaveLength(15);
      for (const bin of bins) expect(bin).toMatchObject({ count: 0, confidence: Number.NaN, accuracy: Number.NaN });
    }
    expect(new CrossEntropyState({ confusionMatrix: true }).compute().confusionMatrix).toEqual([]);
  });

  test.each([
    ["NaN", [Number.NaN, 1, 0]],
    ["+∞", [Infinity, 1, 0]],
    ["only −∞", [-Infinity, -Infinity, -Infinity]],
  ])(
    "a row with %s predicts nothing: wrong, of the last rank; it shows in loss, Brier score, calibration",
    (_, row) => {
      for (const target of [0, 2]) {
        const state = new CrossEntropyState({ confusionMatrix: true, topK: [1, 3] });
        const got = state.update([...row, 0, 1, 2], [target, 2]).compute();
        expect(got).toMatchObject({ count: 2, invalid: 1, accuracy: 0.5, topK: { 1: 0.5, 3: 0.5 }, meanRank: 2 });
        expect([got.loss, got.perplexity, got.brier, got.ece]).toEqual([NaN, NaN, NaN, NaN]);
        expect(got.confusionMatrix).toEqual([
          [0, 0, 0],
          [0, 0, 0],
          [0, 0, 1],
        ]);
        expect(got.bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(1);
      }
    },
  );

  test("a fully masked row counts for the loss, as 0, and for nothing else", () => {
    const row = new CrossEntropyState().update([2, 1, 0.1], [0]).compute();
    const mask = [true, true, true, false, false, false];
    const both = new CrossEntropyState().update([2, 1, 0.1, 5, 6, 7], [0, 1], { mask }).compute();
    expect(both).toEqual({ ...row, loss: row.loss / 2 });
  });

  test("bits per byte are NaN where an update did not say its bytes, and one without rows need not", () => {
    const state = new CrossEntropyState().update([1, 2], [0], { bytes: 3 }).update([1, 2], [-100]);
    expect(state.compute().bitsPerByte).toBeGreaterThan(0);
    expect(state.update([1, 2], [0]).compute().bitsPerByte).toBeNaN();
  });

  test("a confidence on the edge of two bins is in the upper one, 1 in the last", () => {
    const half = new CrossEntropyState({ calibrationBins: 2 }).update([0, 0, 800, 0], [0, 0]).compute();
    expect(half.bins.map((bin) => bin.count)).toEqual([0, 2]);
    const fine = new CrossEntropyState({ calibrationBins: 10 }).update([0, 0, 800, 0], [0, 0]).compute();
    expect(fine.bins.map((bin) => bin.count)).toEqual([0, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
  });

  test("of equal logits the first class has the better rank, and is the prediction", () => {
    const ranks = [0, 1, 2, 3].map((y) => new CrossEntropyState().update([1, 2, 2, 1], [y]).compute().meanRank);
    expect(ranks).toEqual([3, 1, 2, 4]);
    const state = new CrossEntropyState({ confusionMatrix: true }).update([1, 2, 2, 1], [2]);
    expect(state.compute().confusionMatrix?.[2]).toEqual([0, 1, 0, 0]);
  });
});
