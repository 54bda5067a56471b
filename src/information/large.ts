/**
 * Sums over large distributions, by kernels of the element-wise losses: a part at a time, whose sums are added up
 * compensated. All terms but those of numbers that are above 1 by rounding are of one sign, and the kernel sets add up at
 * most the numbers of a part one by one: within 6·10⁻¹⁴ relative. The logarithms are natural ones, so that powers of 2
 * are not exact.
 */
import type { Kernels } from "../kernels/kernels.js";
import { layout, sharedStage } from "../sweep/stage.js";
import { Sum } from "./sum.js";

/** Numbers from which on the copy pays. */
export const LARGE = 4096;
const PART = 512;

/** The smallest positive float64. */
const LEAST = 5e-324;

/** −Σ p ln p: the divergences p(ln p − 0). */
export function largeEntropyNats(p: Float64Array): number {
  return -sumOfParts(p, p, ({ f64_divergence }, n, zeros, at) =>
    f64_divergence(n, zeros, at, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
  );
}

/** −Σ p ln q, ∞ where q = 0 < p: twice the Gaussian losses ½(ln v + 0²/v), v = max(q, LEAST), weighted by p. */
export function largeCrossEntropyNats(p: Float64Array, q: Float64Array): number {
  for (let i = 0; i < p.length; i++) if (q[i] === 0 && p[i] > 0) return Infinity;
  const half = sumOfParts(p, q, ({ f64_gaussian }, n, zeros, weight, variance) =>
    f64_gaussian(n, zeros, zeros, variance, 1, weight, LEAST, 0, 0, 0, 0, 0, 0),
  );
  return 0 - 2 * half;
}

/** Σ of what `run` says of each part of two arrays, n numbers whose places it gets besides that of as many zeros. */
function sumOfParts(
  first: Float64Array,
  second: Float64Array,
  run: (kernels: Kernels, n: number, zeros: number, first: number, second: number) => number,
): number {
  const bytes = 8 * PART;
  const sizes = { zeros: bytes, first: bytes, second: bytes };
  const { f64, kernels, base } = sharedStage(layout(0, sizes).end);
  const at = layout(base, sizes);
  f64.fill(0, at.zeros / 8, at.zeros / 8 + PART);
  const sum = new Sum();
  for (let begin = 0; begin < first.length; begin += PART) {
    const end = Math.min(begin + PART, first.length);
    f64.set(first.subarray(begin, end), at.first / 8);
    if (second !== first) f64.set(second.subarray(begin, end), at.second / 8);
    sum.add(run(kernels, end - begin, at.zeros, at.first, at.second));
  }
  return sum.value;
}
