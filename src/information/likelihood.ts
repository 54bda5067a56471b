/** Log-likelihoods: what maximises them minimises cross-entropy and KL divergence from the frequencies seen. */
import { knownOptions } from "../input/options.js";
import {
  type BaseOptions,
  type DistributionOptions,
  Distributions,
  type NumberInput,
  numbersWithin,
  sameCount,
  unitOf,
} from "./arguments.js";
import { surpriseBits } from "./discrete.js";
import { Sum } from "./sum.js";

/**
 * Σ n log p, of outcomes in a given order that were counted n times each: −N·H(n/N, p), largest for p = n/N. A one-hot
 * count leaves the one term log p_y. The number of orders, N!/Π n!, does not depend on p and is left out.
 *
 * @param counts how often each outcome was seen, >= 0, fractional too
 * @param p the model: one distribution, as many numbers
 * @returns in bits, or units of `base`; −∞ for an outcome that the model excludes
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for a count that is negative or not finite, other numbers of elements, and for numbers `p` that
 *   are negative, not finite or, without `normalize`, off a sum of 1 by over 10⁻⁶
 */
export function multinomialLogLikelihood(
  counts: NumberInput,
  p: NumberInput,
  options: DistributionOptions = {},
): number {
  knownOptions(options, ["base", "normalize"]);
  const unit = unitOf(options.base);
  const seen = numbersWithin("counts", counts, 0, Number.MAX_VALUE, "finite numbers >= 0");
  const model = Distributions.read("p", p, options).row(0);
  sameCount("p", model, seen.length);
  const sum = new Sum();
  for (let i = 0; i < seen.length; i++) if (seen[i] > 0) sum.add(seen[i] * Math.log2(model[i]));
  return sum.value * unit;
}

/**
 * Σ y log p + (1 − y) log(1 − p), of outcomes y that happened or did not: minus the sum of the binary cross-entropy.
 * For one p, largest at the mean of y.
 *
 * @param outcomes 0 and 1, booleans, or shares in between
 * @param p the model's probability of 1: a number, or one an outcome
 * @returns in bits, or units of `base`; −∞ for an outcome that the model excludes
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for a number outside [0, 1], and for other numbers of elements
 */
export function bernoulliLogLikelihood(
  outcomes: NumberInput | readonly boolean[],
  p: number | NumberInput,
  options: BaseOptions = {},
): number {
  knownOptions(options, ["base"]);
  const unit = unitOf(options.base);
  const seen = numbersWithin("outcomes", outcomes, 0, 1, "numbers in [0, 1]");
  const model = numbersWithin("p", typeof p === "number" ? [p] : p, 0, 1, "probability in [0, 1]");
  if (typeof p !== "number") sameCount("p", model, seen.length);
  const sum = new Sum();
  for (let i = 0; i < seen.length; i++) {
    const chance = model[typeof p === "number" ? 0 : i];
    if (seen[i] > 0) sum.add(-seen[i] * surpriseBits(chance));
    if (seen[i] < 1) sum.add((1 - seen[i]) * Math.log1p(-chance) * Math.LOG2E);
  }
  return sum.value * unit;
}
