import fc from "fast-check";
import { expect, test } from "vitest";
import {
  bernoulliLogLikelihood,
  conditionalEntropy,
  crossEntropy,
  differentialEntropy,
  entropy,
  expectedLogWealth,
  gaussianCrossEntropy,
  gaussianKl,
  jensenShannonDistance,
  jensenShannonDivergence,
  jointEntropy,
  kellyFraction,
  klDivergence,
  multinomialLogLikelihood,
  mutualInformation,
  perplexity,
  selfInformation,
} from "../../src/information/index.js";
import { near } from "../support/near.js";
import { total } from "../support/reference.js";

const SEED = 271828;
const RUNS = { seed: SEED, numRuns: 300 };

/** Weights from far below a rounding error up to 1, some of them 0, divided by their sum. */
const weight = fc.oneof(
  { weight: 4, arbitrary: fc.double({ min: 0.01, max: 1, noNaN: true }) },
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: -300, max: -1 }).map((exponent) => 10 ** exponent) },
);
const normalized = (weights: readonly number[]) => {
  const sum = total(weights);
  return Float64Array.from(weights, (w) => w / sum);
};
const distributionOf = (n: number) => {
  return fc.tuple(fc.array(weight, { minLength: n, maxLength: n }), fc.nat(n - 1)).map(([weights, sure]) => {
    weights[sure] += 0.01;
    return normalized(weights);
  });
};
const size = fc.integer({ min: 1, max: 40 });
const one = size.chain(distributionOf);
const two = size.chain((n) => fc.tuple(distributionOf(n), distributionOf(n)));
const three = size.chain((n) => fc.tuple(distributionOf(n), distributionOf(n), distributionOf(n)));
const table = fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 })).chain(([rows, columns]) => {
  return distributionOf(rows * columns).map((data) => ({ data, dims: [rows, columns] }));
});
const probability = fc.double({ min: 0.001, max: 0.999, noNaN: true });

function law<T>(name: string, arbitrary: fc.Arbitrary<T>, holds: (value: T) => void): void {
  test(`${name} [seed ${SEED}]`, () => fc.assert(fc.property(arbitrary, holds), RUNS));
}

const rowsOf = ({ data, dims: [rows, columns] }: { data: Float64Array; dims: number[] }) => {
  return Array.from({ length: rows }, (_, r) => data.subarray(r * columns, (r + 1) * columns));
};
const sumsOf = (joint: { data: Float64Array; dims: number[] }) => {
  const rows = rowsOf(joint);
  return {
    x: Float64Array.from(rows, total),
    y: Float64Array.from({ length: joint.dims[1] }, (_, c) => total(rows.map((row) => row[c]))),
  };
};

/** Rounding of sums of a few dozen terms that are at most some hundred bits each, in bits. */
const ROUNDING = 1e-12;
const small = { abs: ROUNDING, rel: ROUNDING };

law("I(pq) = I(p) + I(q)", fc.tuple(probability, probability), ([p, q]) => {
  near(selfInformation(p * q), selfInformation(p) + selfInformation(q), small);
});

law("0 ≤ H(p) ≤ log n, in every base the same but for the unit", one, (p) => {
  const h = entropy(p);
  expect(h).toBeGreaterThanOrEqual(0);
  expect(h).toBeLessThanOrEqual(Math.log2(p.length) + ROUNDING);
  near(entropy(p, { base: Math.E }), h * Math.LN2, small);
  near(entropy(p, { base: 7 }), (h * Math.LN2) / Math.log(7), small);
  near(perplexity(p), 2 ** h, small);
});

law("entropy is that of the definition, −Σ p ln p", one, (p) => {
  near(entropy(p, { base: Math.E }), total(Array.from(p, (v) => (v > 0 ? -v * Math.log(v) : 0))), small);
});

law("H(p, q) = H(p) + KL(p‖q) ≥ H(p)", two, ([p, q]) => {
  const kl = klDivergence(p, q);
  expect(kl).toBeGreaterThanOrEqual(0);
  near(crossEntropy(p, q), entropy(p) + kl, small);
});

law("KL(p‖q) = 0 only for p = q, and ∞ exactly where q = 0 < p", two, ([p, q]) => {
  expect(klDivergence(p, p)).toBe(0);
  const kl = klDivergence(p, q);
  expect(kl === Infinity).toBe(p.some((value, i) => value > 0 && q[i] === 0));
  // The square of a difference of 10⁻¹⁵⁰ is nearly below all numbers.
  expect(kl === 0).toBe(p.every((value, i) => value === q[i] || Math.abs(value - q[i]) < 1e-150));
});

law(
  "KL((½, ½) ‖ (½ + δ, ½ − δ)) is 2δ² nats, Jensen–Shannon ½δ², to 10⁻⁶ of themselves however small δ is",
  fc.integer({ min: 12, max: 50 }),
  (exponent) => {
    const delta = 2 ** -exponent;
    const moved = [0.5 + delta, 0.5 - delta];
    near(klDivergence([0.5, 0.5], moved, { base: Math.E }), 2 * delta ** 2, { rel: 1e-6 });
    near(jensenShannonDivergence([0.5, 0.5], moved, { base: Math.E }), delta ** 2 / 2, { rel: 1e-6 });
  },
);

law("Jensen–Shannon is symmetric to the bit, within [0, 1] bits, and the mean of two KL divergences", two, ([p, q]) => {
  const js = jensenShannonDivergence(p, q);
  expect(jensenShannonDivergence(q, p)).toBe(js);
  expect(js).toBeGreaterThanOrEqual(0);
  expect(js).toBeLessThanOrEqual(1 + ROUNDING);
  const m = p.map((value, i) => (value + q[i]) / 2);
  near(js, (klDivergence(p, m) + klDivergence(q, m)) / 2, small);
});

law("Jensen–Shannon with weights is H(m) − Σ π H, at most H(π)", fc.tuple(two, probability), ([[p, q], share]) => {
  const weights = [share, 1 - share];
  const m = p.map((value, i) => share * value + (1 - share) * q[i]);
  const js = jensenShannonDivergence(p, q, { weights });
  near(js, entropy(m) - share * entropy(p) - (1 - share) * entropy(q), small);
  expect(js).toBeLessThanOrEqual(entropy(weights) + ROUNDING);
});

law("the Jensen–Shannon distance obeys the triangle inequality", three, ([p, q, r]) => {
  const direct = jensenShannonDistance(p, r);
  expect(direct).toBeLessThanOrEqual(jensenShannonDistance(p, q) + jensenShannonDistance(q, r) + 1e-7);
});

law("chain rule: H(X, Y) = H(X) + H(Y|X) = H(Y) + H(X|Y)", table, (joint) => {
  const { x, y } = sumsOf(joint);
  near(jointEntropy(joint), entropy(x) + conditionalEntropy(joint, { given: "x" }), small);
  near(jointEntropy(joint), entropy(y) + conditionalEntropy(joint, { given: "y" }), small);
});

law("I(X; Y) = H(X) + H(Y) − H(X, Y) = H(Y) − H(Y|X) ≥ 0, symmetric", table, (joint) => {
  const { x, y } = sumsOf(joint);
  const information = mutualInformation(joint);
  expect(information).toBeGreaterThanOrEqual(0);
  near(information, entropy(x) + entropy(y) - jointEntropy(joint), small);
  near(information, entropy(y) - conditionalEntropy(joint), small);
  const [rows, columns] = joint.dims;
  const transposed = { data: joint.data, shape: [columns, rows], stride: [1, columns] };
  near(mutualInformation(transposed), information, small);
});

law(
  "data processing: I(X; Z) ≤ I(X; Y) for Z made of Y alone",
  fc.tuple(table, fc.infiniteStream(probability)),
  ([joint, stream]) => {
    const [rows, columns] = joint.dims;
    const channel = Array.from({ length: columns }, () =>
      normalized(Array.from({ length: 3 }, () => stream.next().value)),
    );
    const processed = new Float64Array(rows * 3);
    rowsOf(joint).forEach((row, r) => {
      for (let z = 0; z < 3; z++) processed[r * 3 + z] = total(Array.from(row, (p, c) => p * channel[c][z]));
    });
    const after = mutualInformation({ data: processed, dims: [rows, 3] });
    expect(after).toBeLessThanOrEqual(mutualInformation(joint) + ROUNDING);
  },
);

law("data processing: merging outcomes brings no divergence", two, ([p, q]) => {
  const merged = (values: Float64Array) => [values[0] + (values[1] ?? 0), ...values.subarray(2)];
  expect(klDivergence(merged(p), merged(q))).toBeLessThanOrEqual(klDivergence(p, q) + ROUNDING);
});

law("a row of a table is the distribution alone, along either axis", two, ([p, q]) => {
  const rows = [Array.from(p), Array.from(q)];
  const want = [entropy(p), entropy(q)];
  near(entropy(rows, { axis: 1 }), want, {});
  const columns = Array.from(p, (value, i) => [value, q[i]]);
  near(entropy(columns, { axis: 0 }), want, {});
  near(klDivergence(rows, [rows[1], rows[0]], { axis: -1 }), [klDivergence(p, q), klDivergence(q, p)], {});
});

law("normalize makes counts a distribution", one, (p) => {
  near(
    entropy(
      Float64Array.from(p, (v) => v * 1024),
      { normalize: true },
    ),
    entropy(p),
    small,
  );
});

const gaussian = fc.record({
  mean: fc.double({ min: -2, max: 2, noNaN: true }),
  variance: fc.double({ min: 0.25, max: 4, noNaN: true }),
});

law(
  "sampled Gaussians: entropy, cross-entropy and KL are the closed forms to 10⁻⁹",
  fc.tuple(gaussian, gaussian),
  ([p, q]) => {
    const dx = 1 / 16;
    const sampled = ({ mean, variance }: typeof p) => {
      return Float64Array.from({ length: 2 * 448 }, (_, i) => {
        const x = (i - 447.5) * dx - mean;
        return Math.exp((-x * x) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);
      });
    };
    const [a, b] = [sampled(p), sampled(q)];
    near(differentialEntropy(a, { dx }), gaussianCrossEntropy(p, p), { abs: 1e-9 });
    near(differentialEntropy(a, { dx, base: 10 }), gaussianCrossEntropy(p, p, { base: 10 }), { abs: 1e-9 });
    fc.pre(b.every((value) => value > 0));
    near(crossEntropy(a, b, { dx }), gaussianCrossEntropy(p, q), { abs: 1e-9, rel: 1e-9 });
    near(klDivergence(a, b, { dx }), gaussianKl(p, q), { abs: 1e-9, rel: 1e-9 });
  },
);

law("a density's entropy is that of its cells plus log dx", one, (p) => {
  const dx = 1 / 8;
  near(
    differentialEntropy(
      p.map((value) => value / dx),
      { dx },
    ),
    entropy(p) + Math.log2(dx),
    small,
  );
});

law("no model makes counts likelier than their frequencies: −N·H(n/N, p) ≤ −N·H(n/N)", two, ([frequencies, p]) => {
  const counts = frequencies.map((value) => value * 64);
  near(multinomialLogLikelihood(counts, p), -64 * crossEntropy(frequencies, p), small);
  const best = multinomialLogLikelihood(counts, frequencies);
  expect(multinomialLogLikelihood(counts, p)).toBeLessThanOrEqual(best + ROUNDING);
});

law(
  "no p makes outcomes likelier than their mean",
  fc.tuple(fc.array(fc.boolean(), { minLength: 1 }), probability),
  ([outcomes, p]) => {
    const mean = outcomes.filter(Boolean).length / outcomes.length;
    const best = bernoulliLogLikelihood(outcomes, mean);
    expect(bernoulliLogLikelihood(outcomes, p)).toBeLessThanOrEqual(best + ROUNDING);
    near(
      bernoulliLogLikelihood(
        outcomes,
        outcomes.map(() => p),
      ),
      bernoulliLogLikelihood(outcomes, p),
      {},
    );
    near(best, -outcomes.length * entropy([mean, 1 - mean]), small);
  },
);

law(
  "no stake beats kellyFraction; at even odds it grows by 1 − H(p) bits",
  fc.tuple(probability, probability, fc.double({ min: 0.1, max: 10, noNaN: true })),
  ([p, fraction, odds]) => {
    const best = expectedLogWealth(p, kellyFraction(p, { odds }), { odds });
    expect(expectedLogWealth(p, fraction, { odds })).toBeLessThanOrEqual(best + ROUNDING);
    near(expectedLogWealth(p, kellyFraction(p)), 1 - entropy([p, 1 - p]), { abs: ROUNDING });
  },
);
