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
  // A logarithm errs by 2 ulp, its products by 2; up to 512 terms, all of one sign, are added up one by one:
  // (4 + 512)·1.1e-16.
  test("entropy and cross-entropy: 6e-14 relative, around the parts that they are computed in", () => {
    for (const n of [4095, 4096, 4097, 8192, 20_001]) {
      const [p, q] = [distribution(n, n), distribution(n, n + 1)];
      const terms = Array.from(p, (value) => (value === 0 ? 0 : -value * Math.log2(value)));
      near(entropy(p), total(terms), { rel: 6e-14 }, `H, ${n}`);
      near(entropy(p, { base: Math.E }), total(terms) * Math.LN2, { rel: 6e-14 }, `H in nats, ${n}`);
      const crossed = Array.from(p, (value, i) => (value === 0 ? 0 : -value * Math.log2(q[i])));
      near(crossEntropy(p, q), total(crossed), { rel: 6e-14 }, `H(p, q), ${n}`);
    }
  });

  test("perplexity, e to the entropy of 9 nats: 6e-13 relative", () => {
    near(perplexity(new Float64Array(8192).fill(1 / 8192)), 8192, { rel: 6e-13 });
  });

  test("what is nearly certain keeps its digits: 6e-14 relative", () => {
    const q = new Float64Array(5000).fill(1e-9 / 4999);
    q[77] = 1 - 1e-9;
    const p = new Float64Array(5000);
    p[77] = 1;
    near(crossEntropy(p, q), -Math.log2(q[77]), { rel: 6e-14 });
    const terms = Array.from(q, (value) => -value * Math.log2(value));
    near(entropy(q), total(terms), { rel: 6e-14 });
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
