/** Densities, on a grid, and Gaussians in closed form (Cover, Thomas, Elements of Information Theory, ch. 8). */
import { typeError } from "../input/errors.js";
import { knownOptions } from "../input/options.js";
import {
  type Axis,
  type BaseOptions,
  type DensityOptions,
  DISTRIBUTION_OPTIONS,
  Distributions,
  eachRow,
  type NumberInput,
  natUnitOf,
  type PerRow,
  requiredNumber,
  unitOf,
} from "./arguments.js";
import { entropyBits } from "./discrete.js";
import { ratioExcess } from "./divergence.js";

/**
 * h(p) = −∫ p log p ≈ −Σ p log p·dx. Negative for densities that are narrow enough, and the entropy of the cells'
 * probabilities p·dx plus log dx.
 *
 * @param p the density at the middles of cells of width `dx`, of any shape; with `axis` one density a row
 * @returns in bits, or units of `base`: a number, or with `axis` one a row
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for numbers that are negative, not finite or, without `normalize`, off an integral of 1 by over
 *   10⁻⁶
 */
export function differentialEntropy<A extends Axis | undefined = undefined>(
  p: NumberInput,
  options: DensityOptions<A> & { dx: number },
): PerRow<A> {
  knownOptions(options, [...DISTRIBUTION_OPTIONS, "dx"]);
  requiredNumber("dx", options?.dx);
  const unit = unitOf(options.base);
  const rows = Distributions.read("p", p, options);
  return eachRow(rows, options, (r) => entropyBits(rows.row(r)) * rows.dx * unit);
}

/** N(mean, variance). */
export interface Gaussian {
  mean: number;
  /** σ² > 0. */
  variance: number;
}

/**
 * KL(p‖q) = ½ [r − 1 − ln r + (μₚ − μ_q)²/σ²_q] nats with r = σ²ₚ/σ²_q.
 *
 * @returns in bits, or units of `base`
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for a mean that is not finite and a variance that is not finite and positive
 */
export function gaussianKl(p: Gaussian, q: Gaussian, options: BaseOptions = {}): number {
  const unit = gaussianUnit(p, q, options);
  const distance = (p.mean - q.mean) ** 2 / q.variance;
  return ((ratioExcess(p.variance, q.variance) + distance) / 2) * unit;
}

/**
 * −∫ p log q = ½ [ln(2πσ²_q) + (σ²ₚ + (μₚ − μ_q)²)/σ²_q] nats: the mean Gaussian negative log-likelihood. With q = p
 * it is the differential entropy, ½ ln(2πeσ²).
 *
 * @returns and throws as {@link gaussianKl}
 */
export function gaussianCrossEntropy(p: Gaussian, q: Gaussian, options: BaseOptions = {}): number {
  const unit = gaussianUnit(p, q, options);
  const square = (p.variance + (p.mean - q.mean) ** 2) / q.variance;
  return ((Math.log(2 * Math.PI * q.variance) + square) / 2) * unit;
}

/** Checks everything; what nats are multiplied by. */
function gaussianUnit(p: Gaussian, q: Gaussian, options: BaseOptions): number {
  knownOptions(options, ["base"]);
  for (const [name, gaussian] of [
    ["p", p],
    ["q", q],
  ] as const) {
    if (typeof gaussian !== "object" || gaussian === null) throw typeError(name, "{ mean, variance }", gaussian);
    requiredNumber(`${name}.mean`, gaussian.mean);
    requiredNumber(`${name}.variance`, gaussian.variance, { above: 0 });
  }
  return natUnitOf(options.base);
}
