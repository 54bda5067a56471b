/** Self-information, entropy, cross-entropy and perplexity (Shannon, A Mathematical Theory of Communication, 1948). */
import { knownOptions } from "../input/options.js";
import {
  type Axis,
  type BaseOptions,
  type DensityOptions,
  DISTRIBUTION_OPTIONS,
  type DistributionOptions,
  Distributions,
  eachRow,
  type NumberInput,
  numbersWithin,
  type PerRow,
  unitOf,
} from "./arguments.js";
import { LARGE, largeCrossEntropyNats, largeEntropyNats } from "./large.js";
import { Sum } from "./sum.js";

/**
 * I(p) = −log p, the surprise at an event of probability p: 0 for what was certain, ∞ for what was impossible.
 *
 * @param p a probability, or an array of them, which need not sum to 1
 * @returns in bits, or units of `base`: a number, or an array of as many
 * @throws {RangeError} for a number outside [0, 1]
 */
export function selfInformation(p: number, options?: BaseOptions): number;
export function selfInformation(p: NumberInput, options?: BaseOptions): Float64Array;
export function selfInformation(p: number | NumberInput, options: BaseOptions = {}): number | Float64Array {
  knownOptions(options, ["base"]);
  const unit = unitOf(options.base);
  const values = numbersWithin("p", typeof p === "number" ? [p] : p, 0, 1, "probability in [0, 1]");
  const surprise = values.map((value) => surpriseBits(value) * unit);
  return typeof p === "number" ? surprise[0] : surprise;
}

/** −log₂ p, without a −0 at 1. */
export function surpriseBits(p: number): number {
  return p === 1 ? 0 : -Math.log2(p);
}

/**
 * H(p) = −Σ p log p with 0·log 0 = 0: the mean surprise, and the bits a symbol that no code can go below.
 *
 * @param p one distribution, of any shape; with `axis` one a row
 * @returns in bits, or units of `base`: a number, or with `axis` one a row
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for numbers that are negative, not finite or, without `normalize`, off a sum of 1 by over 10⁻⁶
 */
export function entropy<A extends Axis | undefined = undefined>(
  p: NumberInput,
  options: DistributionOptions<A> = {},
): PerRow<A> {
  return entropies(p, options, (bits, unit) => bits * unit);
}

/**
 * base^H(p), the same in every base: the number of equally likely outcomes that would be as surprising. n for the
 * uniform distribution over n.
 *
 * @param p as for {@link entropy}, and so are errors
 */
export function perplexity<A extends Axis | undefined = undefined>(
  p: NumberInput,
  options: DistributionOptions<A> = {},
): PerRow<A> {
  return entropies(p, options, (bits) => 2 ** bits);
}

function entropies<A extends Axis | undefined>(
  p: NumberInput,
  options: DistributionOptions<A>,
  result: (bits: number, unit: number) => number,
): PerRow<A> {
  knownOptions(options, DISTRIBUTION_OPTIONS);
  const unit = unitOf(options.base);
  const rows = Distributions.read("p", p, options);
  // A single number may be over 1 by the tolerance, and would then have less than no entropy.
  return eachRow(rows, options, (r) => result(Math.max(0, entropyBits(rows.row(r))), unit));
}

/** −Σ p log₂ p of numbers ≥ 0. */
export function entropyBits(p: Float64Array): number {
  if (p.length >= LARGE) return largeEntropyNats(p) * Math.LOG2E;
  const sum = new Sum();
  for (let i = 0; i < p.length; i++) if (p[i] > 0) sum.add(-p[i] * Math.log2(p[i]));
  return sum.value;
}

/**
 * H(p, q) = −Σ p log q, the mean surprise of one who believes q where p is true; H(p) + KL(p‖q). 0·log 0 = 0, and ∞
 * where q = 0 < p. With `dx`, of densities: −∫ p log q.
 *
 * The loss over logits, `crossEntropy` of `celoss`, is this with q = softmax(logits), in nats.
 *
 * @param p the truth: one distribution, of any shape; with `axis` one a row
 * @param q the belief, of the same shape
 * @returns in bits, or units of `base`: a number, or with `axis` one a row
 * @throws as {@link entropy}, and {RangeError} for shapes that differ
 */
export function crossEntropy<A extends Axis | undefined = undefined>(
  p: NumberInput,
  q: NumberInput,
  options: DensityOptions<A> = {},
): PerRow<A> {
  knownOptions(options, [...DISTRIBUTION_OPTIONS, "dx"]);
  const unit = unitOf(options.base);
  const truth = Distributions.read("p", p, options);
  const belief = Distributions.readLike("q", q, truth, options);
  return eachRow(truth, options, (r) => crossEntropyBits(truth.row(r), belief.row(r)) * truth.dx * unit);
}

function crossEntropyBits(p: Float64Array, q: Float64Array): number {
  if (p.length >= LARGE) return largeCrossEntropyNats(p, q) * Math.LOG2E;
  const sum = new Sum();
  for (let i = 0; i < p.length; i++) if (p[i] > 0) sum.add(p[i] * surpriseBits(q[i]));
  return sum.value;
}
