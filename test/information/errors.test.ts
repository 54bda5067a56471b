import { describe, expect, test } from "vitest";
import * as information from "../../src/information/index.js";
import { caught } from "../input/caught.js";

const { entropy, crossEntropy, klDivergence, jensenShannonDivergence, selfInformation } = information;
const HALVES = [0.5, 0.5];
const STANDARD = { mean: 0, variance: 1 };

describe("distributions", () => {
  test.each([
    ["negative", () => entropy([0.5, -0.5, 1]), 'RangeError: "p" expected finite numbers >= 0, got -0.5 at index 1'],
    ["NaN", () => entropy([0.5, Number.NaN]), 'RangeError: "p" expected finite numbers >= 0, got NaN at index 1'],
    [
      "infinite",
      () => entropy([Infinity], { normalize: true }),
      'RangeError: "p" expected finite numbers >= 0, got Infinity at index 0',
    ],
    [
      "nested",
      () =>
        entropy([
          [0.5, 0.5],
          [0, -1],
        ]),
      'RangeError: "p" expected finite numbers >= 0, got -1 at index [1][1]',
    ],
    [
      "of a row",
      () => entropy([HALVES, [0, -1]], { axis: 1 }),
      'RangeError: "p" expected finite numbers >= 0, got -1 at index 1 of row 1',
    ],
    [
      "off a sum of 1",
      () => entropy([0.5, 0.25]),
      'RangeError: "p" expected a sum of 1 (or normalize: true), got 0.75',
    ],
    [
      "off in a row",
      () => entropy([HALVES, [0.5, 0.25]], { axis: 1 }),
      'RangeError: "p" expected a sum of 1 (or normalize: true), got 0.75 in row 1',
    ],
    ["empty", () => entropy([]), 'RangeError: "p" expected a sum of 1 (or normalize: true), got 0'],
    [
      "only zeros",
      () => entropy([0, 0], { normalize: true }),
      'RangeError: "p" expected a sum that is finite and > 0, got 0',
    ],
    [
      "sum overflows",
      () => entropy([1e308, 1e308], { normalize: true }),
      'RangeError: "p" expected a sum that is finite and > 0, got Infinity',
    ],
    [
      "no array",
      () => entropy("01" as never),
      'TypeError: "p" expected typed array, array of numbers or tensor, got "01"',
    ],
    [
      "entries that are no numbers",
      () => entropy(["1"] as never),
      'TypeError: "p" expected number, got "1" at index 0',
    ],
    ["q of another length", () => crossEntropy(HALVES, [1]), 'RangeError: "q" expected 2 elements for dims [2], got 1'],
    [
      "q of another shape",
      () => klDivergence([HALVES], [[1], [0]], { axis: 1 }),
      'RangeError: "q" expected dims [1, 2], got [2, 1]',
    ],
    [
      "q off a sum of 1",
      () => klDivergence(HALVES, [0.5, 0.6]),
      'RangeError: "q" expected a sum of 1 (or normalize: true), got 1.1',
    ],
    [
      "weights",
      () => jensenShannonDivergence(HALVES, HALVES, { weights: [0.5, 0.6] }),
      'RangeError: "weights" expected a sum of 1 (or normalize: true), got 1.1',
    ],
    [
      "three weights",
      () => jensenShannonDivergence(HALVES, HALVES, { weights: [0.5, 0.25, 0.25] }),
      'RangeError: "weights" expected 2 elements, got 3',
    ],
    [
      "density off 1",
      () => information.differentialEntropy(HALVES, { dx: 2 }),
      'RangeError: "p" expected an integral of 1 (or normalize: true), got 2',
    ],
    [
      "joint of one dimension",
      () => information.mutualInformation(HALVES),
      'RangeError: "joint" expected two dimensions, x and y, got [2]',
    ],
  ])("%s", (_, run, message) => {
    expect(caught(run)).toBe(message);
  });

  test("a sum off by 10⁻⁶ relative passes, by a little more does not", () => {
    expect(entropy([0.5, 0.5 + 0.9e-6])).toBeCloseTo(1, 5);
    expect(() => entropy([0.5, 0.5 + 1.1e-6])).toThrow(RangeError);
    expect(entropy(new Float32Array(100_003).fill(1 / 100_003))).toBeCloseTo(Math.log2(100_003), 5);
  });

  test("nothing is written to the caller's arrays", () => {
    const counts = Float64Array.of(3, 5);
    entropy(counts, { normalize: true });
    information.jensenShannonDivergence(counts, counts, { normalize: true });
    information.mutualInformation({ data: counts, dims: [1, 2] }, { normalize: true });
    information.huffmanCode(counts, { normalize: true });
    expect(counts).toEqual(Float64Array.of(3, 5));
  });

  test("typed arrays of any kind, half floats and tensors are read as numbers", () => {
    const want = entropy([0.25, 0.75]);
    const halves = Uint16Array.of(0x3400, 0x3a00); // 0.25, 0.75
    expect(entropy({ data: halves, dims: [2], type: "float16" })).toBe(want);
    expect(entropy(Float32Array.of(0.25, 0.75))).toBe(want);
    for (const counts of [Uint8Array.of(1, 3), Int32Array.of(1, 3), Uint16Array.of(1, 3), BigInt64Array.of(1n, 3n)]) {
      expect(entropy(counts, { normalize: true })).toBe(want);
    }
    expect(entropy({ data: [9, 0.75, 9, 0.25], shape: [2], stride: [-2], offset: 3 })).toBe(want);
    expect(entropy({ data: [0.25, 0.5, 0.75, 0.5], dims: [2, 2] }, { axis: 0 })).toEqual(Float64Array.of(want, 1));
  });
});

describe("numbers and options", () => {
  test.each([
    ["base 1", () => entropy(HALVES, { base: 1 }), 'RangeError: "base" expected finite number > 1, got 1'],
    ["base in words", () => entropy(HALVES, { base: "e" } as never), 'TypeError: "base" expected number, got "e"'],
    [
      "misspelt",
      () => entropy(HALVES, { normalise: true } as never),
      'TypeError: "options" expected names that this function knows, got "normalise" (did you mean "normalize"?)',
    ],
    [
      "dx of entropy",
      () => entropy(HALVES, { dx: 2 } as never),
      'TypeError: "options" expected names that this function knows, got "dx"',
    ],
    ["axis", () => entropy([HALVES], { axis: 2 }), 'RangeError: "axis" expected integer in [-2, 2), got 2'],
    ["dx", () => crossEntropy(HALVES, HALVES, { dx: 0 }), 'RangeError: "dx" expected finite number > 0, got 0'],
    [
      "no dx",
      () => information.differentialEntropy(HALVES, {} as never),
      'TypeError: "dx" expected number, got undefined',
    ],
    [
      "given",
      () => information.conditionalEntropy([HALVES], { given: "z" as never }),
      'RangeError: "given" expected "x", "y", got "z"',
    ],
    ["over 1", () => selfInformation([0.5, 1.5]), 'RangeError: "p" expected probability in [0, 1], got 1.5 at index 1'],
    ["no words", () => information.fixedCodeLength(0), 'RangeError: "words" expected integer >= 1, got 0'],
    [
      "base of digits",
      () => information.fixedCodeLength(5, { base: 2.5 }),
      'RangeError: "base" expected integer >= 2, got 2.5',
    ],
    [
      "a negative length",
      () => information.codewordCost(-1),
      'RangeError: "length" expected finite number >= 0, got -1',
    ],
    [
      "lengths",
      () => information.kraftSum([1, -2]),
      'RangeError: "codewords" expected lengths >= 0, got -2 at index 1',
    ],
    [
      "mixed codewords",
      () => information.kraftSum(["0", 1] as never),
      'TypeError: "codewords" expected codewords, all of them strings, got 1 at index 1',
    ],
    [
      "too few lengths",
      () => information.expectedCodeLength(HALVES, [1]),
      'RangeError: "codewords" expected 2 elements, got 1',
    ],
    [
      "no Gaussian",
      () => information.gaussianKl(1 as never, STANDARD),
      'TypeError: "p" expected { mean, variance }, got 1',
    ],
    [
      "no mean",
      () => information.gaussianKl(STANDARD, { variance: 1 } as never),
      'TypeError: "q.mean" expected number, got undefined',
    ],
    [
      "variance 0",
      () => information.gaussianCrossEntropy(STANDARD, { mean: 0, variance: 0 }),
      'RangeError: "q.variance" expected finite number > 0, got 0',
    ],
    [
      "counts",
      () => information.multinomialLogLikelihood([1, Infinity], HALVES),
      'RangeError: "counts" expected finite numbers >= 0, got Infinity at index 1',
    ],
    [
      "too few p",
      () => information.multinomialLogLikelihood([1, 2, 3], HALVES),
      'RangeError: "p" expected 3 elements, got 2',
    ],
    [
      "outcomes",
      () => information.bernoulliLogLikelihood([2], 0.5),
      'RangeError: "outcomes" expected numbers in [0, 1], got 2 at index 0',
    ],
    [
      "p of outcomes",
      () => information.bernoulliLogLikelihood([1], 1.5),
      'RangeError: "p" expected probability in [0, 1], got 1.5 at index 0',
    ],
    [
      "stake",
      () => information.expectedLogWealth(0.5, 1.5),
      'RangeError: "fraction" expected finite number <= 1, got 1.5',
    ],
    [
      "stake on the other side",
      () => information.expectedLogWealth(0.5, -0.6, { odds: 2 }),
      'RangeError: "fraction" expected number >= -0.5, -1/odds, got -0.6',
    ],
    [
      "p of a bet",
      () => information.kellyFraction(undefined as never),
      'TypeError: "p" expected number, got undefined',
    ],
    ["odds", () => information.kellyFraction(0.5, { odds: 0 }), 'RangeError: "odds" expected finite number > 0, got 0'],
    ["pairs", () => information.relEntr([1, 2], [1]), 'RangeError: "y" expected 2 elements, got 1'],
  ])("%s", (_, run, message) => {
    expect(caught(run)).toBe(message);
  });
});
