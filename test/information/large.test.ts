import { expect, test } from "vitest";
import { crossEntropy, entropy, perplexity } from "../../src/information/index.js";
import { near } from "../support/near.js";
import { total } from "../support/reference.js";
import { Rng } from "../support/rng.js";
import { describeSets } from "../support/sets.js";

function distribution(n: number, seed: number): Float64Array {
  const rng = new Rng(seed);
  // Over twelve orders of magnitude, and every ninth of them 0.
  const weights = Float64Array.from({ length: n }, (_, i) => (i % 9 === 4 ? 0 : Math.exp(rng.uniform(-28, 0))));
  const sum = total(weights);
  return weights.map((weight) => weight / sum);
}

describeSets("large distributions", () => {
  // A term errs by 2 ulp of its logarithm, 32 of them are added up one by one in a lane; all are of one sign.
  test("entropy and cross-entropy: 1e-13 relative, around the parts that they are computed in", () => {
    for (const n of [4095, 4096, 4097, 8192, 20_001]) {
      const [p, q] = [distribution(n, n), distribution(n, n + 1)];
      const terms = Array.from(p, (value) => (value === 0 ? 0 : -value * Math.log2(value)));
      near(entropy(p), total(terms), { rel: 1e-13 }, `H, ${n}`);
      near(entropy(p, { base: Math.E }), total(terms) * Math.LN2, { rel: 1e-13 }, `H in nats, ${n}`);
      const crossed = Array.from(p, (value, i) => (value === 0 ? 0 : -value * Math.log2(q[i])));
      near(crossEntropy(p, q), total(crossed), { rel: 1e-13 }, `H(p, q), ${n}`);
    }
    near(perplexity(new Float64Array(8192).fill(1 / 8192)), 8192, { rel: 1e-12 });
  });

  test("certainty has no entropy, and the impossible costs ∞", () => {
    const [p, q] = [new Float64Array(5000), new Float64Array(5000)];
    p[17] = 1;
    q[18] = 1;
    expect(entropy(p)).toBe(0);
    expect(crossEntropy(p, p)).toBe(0);
    expect(crossEntropy(p, q)).toBe(Infinity);
  });
});
