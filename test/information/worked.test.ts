// The numbers that the definitions are taught with, as a reader would check them by hand.

import { describe, expect, test } from "vitest";
import {
  bernoulliLogLikelihood,
  codewordCost,
  conditionalEntropy,
  crossEntropy,
  differentialEntropy,
  entropy,
  expectedCodeLength,
  expectedLogWealth,
  fixedCodeLength,
  gaussianCrossEntropy,
  gaussianKl,
  huffmanCode,
  idealCodeLengths,
  jensenShannonDistance,
  jensenShannonDivergence,
  jointEntropy,
  kellyFraction,
  klDivergence,
  kraftSum,
  multinomialLogLikelihood,
  mutualInformation,
  perplexity,
  selfInformation,
  shannonCode,
} from "../../src/information/index.js";

const six = (value: number) => Number(value.toFixed(6));
const E = { base: Math.E };

/** Six words: two common ones, four rare ones; and the lengths of a code for them. */
const P = [0.4, 0.4, 0.05, 0.05, 0.05, 0.05];
const LENGTHS = [2, 2, 3, 3, 3, 3];
const UNIFORM = new Float64Array(6).fill(1 / 6);

describe("self-information", () => {
  test("selfInformation(1) = 0, selfInformation(0) = ∞", () => {
    expect(selfInformation(1)).toBe(0);
    expect(selfInformation(0)).toBe(Infinity);
    expect(selfInformation([1, 0.5, 0.25, 2 ** -1074, 0])).toEqual(Float64Array.of(0, 1, 2, 1074, Infinity));
  });

  test("in any base", () => {
    expect(selfInformation(0.001, { base: 10 })).toBeCloseTo(3, 14);
    expect(selfInformation(1 / Math.E, E)).toBeCloseTo(1, 15);
    expect(selfInformation(1 / 81, { base: 3 })).toBeCloseTo(4, 14);
  });
});

describe("code lengths", () => {
  test("6 words: log₂ 6 = 2.584963, 3 bits a word, 30 € at 10 € a bit, 60 € one-hot", () => {
    expect(six(entropy(UNIFORM))).toBe(2.584963);
    expect(fixedCodeLength(6)).toBe(3);
    expect(10 * fixedCodeLength(6)).toBe(30);
    expect(10 * 6).toBe(60);
  });

  test("fixedCodeLength of 1, 2, 3, 4, 5, 2⁵², 2⁵² + 1 words; of 1000 in decimal digits", () => {
    expect([1, 2, 3, 4, 5, 2 ** 52, 2 ** 52 + 1].map((n) => fixedCodeLength(n))).toEqual([0, 1, 2, 2, 3, 52, 53]);
    expect([1000, 1001].map((n) => fixedCodeLength(n, { base: 10 }))).toEqual([3, 4]);
  });

  test("codewordCost: C(2) = 1/4, C(0) = 1, 2^−1.6145 = 0.326578", () => {
    expect([2, 0, Infinity].map((l) => codewordCost(l))).toEqual([1 / 4, 1, 0]);
    expect(six(codewordCost(1.6145))).toBe(0.326578);
    expect(codewordCost(2, { base: 10 })).toBeCloseTo(0.01, 16);
  });

  test("kraftSum of {00, 01, 100, 101, 110, 111} = 1", () => {
    expect(kraftSum(["00", "01", "100", "101", "110", "111"])).toBe(1);
    expect(kraftSum(LENGTHS)).toBe(1);
    expect(kraftSum([1, 1, 1])).toBe(1.5);
    expect(kraftSum(Uint8Array.of(1, 1, 1), { base: 3 })).toBeCloseTo(1, 15);
  });

  test("expected length of {2, 2, 3, 3, 3, 3}: uniform 2.666667, 26.67 €; p 2.2, 22 €", () => {
    expect(six(expectedCodeLength(UNIFORM, LENGTHS))).toBe(2.666667);
    expect((10 * expectedCodeLength(UNIFORM, LENGTHS)).toFixed(2)).toBe("26.67");
    expect(expectedCodeLength(P, LENGTHS)).toBeCloseTo(2.2, 14);
    expect(expectedCodeLength(P, ["00", "01", "100", "101", "110", "111"])).toBeCloseTo(2.2, 14);
    expect(10 * expectedCodeLength(P, LENGTHS)).toBeCloseTo(22, 13);
  });

  test("ideal lengths −log₂ p cost 1 in all, and H(p) on average; what never occurs takes none", () => {
    const ideal = idealCodeLengths([...P, 0]);
    expect(six(ideal[0])).toBe(1.321928);
    expect(ideal[6]).toBe(Infinity);
    expect(kraftSum(ideal)).toBeCloseTo(1, 15);
    expect(expectedCodeLength([...P, 0], ideal)).toBeCloseTo(entropy(P), 15);
  });

  test("Huffman's code of p: 2.0 bits", () => {
    const code = huffmanCode(P);
    expect(expectedCodeLength(P, code.lengths)).toBeCloseTo(2, 15);
    expect([...code.codewords.values()]).toEqual(["0", "10", "1100", "1101", "1110", "1111"]);
  });

  test("Shannon's code of p: lengths 2, 2, 5, 5, 5, 5", () => {
    expect(shannonCode(P).lengths).toEqual(Float64Array.of(2, 2, 5, 5, 5, 5));
  });
});

describe("entropy and its relatives", () => {
  test("entropy([.4, .4, .05, .05, .05, .05]) = 1.921928 bits, 1.332179 nats, 0.578558 dits", () => {
    expect(six(entropy(P))).toBe(1.921928);
    expect(six(entropy(P, E))).toBe(1.332179);
    expect(six(entropy(P, { base: 10 }))).toBe(0.578558);
    expect(six(entropy(Float32Array.from(P)))).toBe(1.921928);
    expect(six(entropy([8, 8, 1, 1, 1, 1], { normalize: true }))).toBe(1.921928);
  });

  test("uniform over n: log n, perplexity n", () => {
    for (const n of [1, 2, 6, 8, 1000]) {
      const p = new Float64Array(n).fill(1 / n);
      expect(entropy(p)).toBeCloseTo(Math.log2(n), 13);
      expect(perplexity(p)).toBeCloseTo(n, 11);
    }
  });

  test("powers of 2 are exact", () => {
    const p = [0.5, 0.25, 0.125, 0.125];
    expect(entropy(p)).toBe(1.75);
    expect(entropy([1, 0])).toBe(0);
    expect(crossEntropy(p, [0.25, 0.25, 0.25, 0.25])).toBe(2);
    expect(klDivergence(p, [0.25, 0.25, 0.25, 0.25])).toBe(0.25);
  });

  test("crossEntropy: H(p, p) = H(p), not symmetric, ∞ for a one-hot p with q = 0 there", () => {
    expect(crossEntropy(P, P)).toBe(entropy(P));
    expect(six(crossEntropy(UNIFORM, P))).toBe(3.321928);
    expect(six(crossEntropy(P, UNIFORM))).toBe(2.584963);
    expect(crossEntropy([0, 1], [1, 0])).toBe(Infinity);
    expect(crossEntropy([0, 1], [1 - 1e-9, 1e-9])).toBeCloseTo(-Math.log2(1e-9), 12);
  });

  test("klDivergence: 0 for p = q, 0.278072 bits against 2^−(2, 2, 3, 3, 3, 3), which is 2.2 − H", () => {
    const q = LENGTHS.map((l) => codewordCost(l));
    expect(klDivergence(P, P)).toBe(0);
    expect(six(klDivergence(P, q))).toBe(0.278072);
    expect(klDivergence(P, q)).toBeCloseTo(2.2 - entropy(P), 14);
    expect(klDivergence([0.5, 0.5], [1, 0])).toBe(Infinity);
    expect(klDivergence([1, 0], [0.5, 0.5])).toBe(1);
  });

  test("jensenShannonDivergence((1, 0), (½, ½)) = 0.311278 bits, the distance its root; at most 1 bit", () => {
    expect(six(jensenShannonDivergence([1, 0], [0.5, 0.5]))).toBe(0.311278);
    expect(six(jensenShannonDistance([1, 0], [0.5, 0.5]) ** 2)).toBe(0.311278);
    expect(jensenShannonDivergence([1, 0], [0, 1])).toBe(1);
    expect(jensenShannonDivergence([1, 0], [0, 1], { weights: [0.25, 0.75] })).toBeCloseTo(entropy([0.25, 0.75]), 15);
    expect(jensenShannonDivergence([1, 0], [0, 1], { weights: [1, 0] })).toBe(0);
  });
});

describe("joint tables", () => {
  const JOINT = [
    [1 / 8, 1 / 16, 1 / 32, 1 / 32],
    [1 / 16, 1 / 8, 1 / 32, 1 / 32],
    [1 / 16, 1 / 16, 1 / 16, 1 / 16],
    [1 / 4, 0, 0, 0],
  ];

  test("Cover and Thomas, example 2.2.1: H(X, Y) = 27/8, H(X|Y) and H(Y|X) 11/8 and 13/8, I = 3/8", () => {
    expect(jointEntropy(JOINT)).toBe(27 / 8);
    // There rows are y and columns x.
    expect(conditionalEntropy(JOINT, { given: "x" })).toBe(11 / 8);
    expect(conditionalEntropy(JOINT, { given: "y" })).toBe(13 / 8);
    expect(mutualInformation(JOINT)).toBeCloseTo(3 / 8, 15);
  });

  test("independent variables: 0 exactly where the products are; what one determines is all its entropy", () => {
    expect(mutualInformation([0.3, 0.7].map((x) => [0.25 * x, 0.75 * x]))).toBeLessThan(1e-30);
    expect(
      mutualInformation([
        [0.5, 0],
        [0, 0.5],
      ]),
    ).toBe(1);
    expect(
      conditionalEntropy(
        [
          [3, 0],
          [0, 5],
        ],
        { normalize: true },
      ),
    ).toBe(0);
  });
});

describe("continuous", () => {
  const STANDARD = { mean: 0, variance: 1 };

  test("N(0, 1) ‖ N(1, 1): ½ nat", () => {
    expect(gaussianKl(STANDARD, { mean: 1, variance: 1 }, E)).toBe(0.5);
    expect(gaussianKl(STANDARD, STANDARD)).toBe(0);
  });

  test("the entropy of N(0, σ²) is ½ ln 2πeσ² nats", () => {
    const p = { mean: 3, variance: 4 };
    expect(gaussianCrossEntropy(p, p, E)).toBeCloseTo(Math.log(2 * Math.PI * Math.E * 4) / 2, 14);
  });

  test("nearly equal variances: KL keeps its relative accuracy; far ones do not overflow", () => {
    // ½(r − 1 − ln r) with r = 1 + δ is δ²/4 − δ³/6 + …
    const delta = 2 ** -20;
    const got = gaussianKl({ mean: 0, variance: 1 + delta }, STANDARD, E);
    expect(got / (delta ** 2 / 4 - delta ** 3 / 6 + delta ** 4 / 8)).toBeCloseTo(1, 14);
    expect(gaussianKl({ mean: 0, variance: 1e-300 }, STANDARD, E)).toBeCloseTo((300 * Math.LN10 - 1) / 2, 11);
  });

  test("uniform on [0, a]: log a bits, negative below 1", () => {
    for (const a of [0.25, 1, 8]) {
      expect(differentialEntropy(new Float64Array(64).fill(1 / a), { dx: a / 64 })).toBeCloseTo(Math.log2(a), 14);
    }
  });
});

describe("gambling and likelihood", () => {
  test("even odds, p = .6: stake 2p − 1 = .2, grow by 0.020136 nats = ln 2 − H(.6)", () => {
    expect(kellyFraction(0.6)).toBeCloseTo(0.2, 15);
    expect(six(expectedLogWealth(0.6, 0.2, E))).toBe(0.020136);
    expect(expectedLogWealth(0.6, 0.2, E)).toBeCloseTo(Math.LN2 - entropy([0.6, 0.4], E), 15);
    expect(expectedLogWealth(0.6, kellyFraction(0.6))).toBeCloseTo(1 - entropy([0.6, 0.4]), 15);
  });

  test("a stake of everything: ruin unless it cannot be lost; other odds; the other side", () => {
    expect(expectedLogWealth(0.9, 1)).toBe(-Infinity);
    expect(expectedLogWealth(1, 1)).toBe(1);
    expect(expectedLogWealth(1, 1, { odds: 3 })).toBe(2);
    expect(kellyFraction(0.5, { odds: 2 })).toBe(0.25);
    expect(kellyFraction(0.25)).toBe(-0.5);
    expect(expectedLogWealth(0.25, -0.5)).toBeCloseTo(expectedLogWealth(0.75, 0.5), 15);
    expect(expectedLogWealth(0, -0.5, { odds: 2 })).toBeCloseTo(Math.log2(1.5), 15);
  });

  test("multinomial: a one-hot count leaves the one term −ln p_y", () => {
    expect(-multinomialLogLikelihood([0, 1, 0], [0.2, 0.5, 0.3], E)).toBeCloseTo(-Math.log(0.5), 15);
    expect(multinomialLogLikelihood([1, 0], [0, 1])).toBe(-Infinity);
    expect(multinomialLogLikelihood([0, 3], [0, 1])).toBe(0);
    expect(multinomialLogLikelihood([8, 8, 1, 1, 1, 1], P)).toBeCloseTo(-20 * entropy(P), 13);
  });

  test("Bernoulli: two heads and a tail", () => {
    expect(bernoulliLogLikelihood([1, 1, 0], 0.5)).toBe(-3);
    expect(bernoulliLogLikelihood([true, false], [0.5, 0.75])).toBe(-3);
    expect(bernoulliLogLikelihood([1, 0], [1, 0])).toBe(0);
    expect(bernoulliLogLikelihood([1], 0)).toBe(-Infinity);
    expect(bernoulliLogLikelihood([0], 1)).toBe(-Infinity);
    expect(bernoulliLogLikelihood([0], 1e-30, E) / -1e-30).toBeCloseTo(1, 15);
  });
});
