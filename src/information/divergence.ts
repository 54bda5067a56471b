/**
 * Kullback–Leibler and Jensen–Shannon divergence.
 *
 * Σ p ln(p/q) is added up as Σ [p ln(p/q) − p + q], which is the same where both sum to 1, and whose terms
 * p·(s − ln(1 + s)), s = (q − p)/p, are never negative: so the divergence is not either, is 0 only for p = q, and keeps
 * its relative accuracy where p ≈ q and the plain sum would cancel. Where sums differ by rounding, the
 * difference is not counted.
 *
 * Kullback, Leibler, On Information and Sufficiency, 1951; Lin, Divergence Measures Based on the Shannon Entropy, 1991.
 */
import { knownOptions } from "../input/options.js";
import {
  type Axis,
  type BaseOptions,
  type DensityOptions,
  DISTRIBUTION_OPTIONS,
  Distributions,
  eachRow,
  type NumberInput,
  numbers,
  type PerRow,
  sameCount,
  unitOf,
} from "./arguments.js";
import { Sum } from "./sum.js";

/**
 * KL(p‖q) = Σ p log(p/q) ≥ 0, what believing q costs beyond H(p) where p is true. 0·log 0 = 0, and ∞ where q = 0 < p.
 * Not symmetric. With `dx`, of densities: ∫ p log(p/q).
 *
 * @param p the truth: one distribution, of any shape; with `axis` one a row
 * @param q the belief, of the same shape
 * @returns in bits, or units of `base`: a number, or with `axis` one a row
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for shapes that differ, and for numbers that are negative, not finite or, without `normalize`,
 *   off a sum of 1 by over 10⁻⁶
 */
export function klDivergence<A extends Axis | undefined = undefined>(
  p: NumberInput,
  q: NumberInput,
  options: DensityOptions<A> = {},
): PerRow<A> {
  knownOptions(options, [...DISTRIBUTION_OPTIONS, "dx"]);
  return divergences(p, q, options, klBits, (bits, unit) => bits * unit);
}

export interface JensenShannonOptions<A extends Axis | undefined = undefined> extends DensityOptions<A> {
  /** π of m = π₀p + π₁q, two numbers ≥ 0 that sum to 1; default [½, ½]. */
  weights?: NumberInput;
}

/**
 * π₀ KL(p‖m) + π₁ KL(q‖m) with m = π₀p + π₁q: symmetric, always finite, and at most H(π), 1 bit for equal weights.
 *
 * @param p and q, results and errors as for {@link klDivergence}
 */
export function jensenShannonDivergence<A extends Axis | undefined = undefined>(
  p: NumberInput,
  q: NumberInput,
  options: JensenShannonOptions<A> = {},
): PerRow<A> {
  return jensenShannon(p, q, options, (bits, unit) => bits * unit);
}

/** The square root of the {@link jensenShannonDivergence}, a metric: it obeys the triangle inequality. */
export function jensenShannonDistance<A extends Axis | undefined = undefined>(
  p: NumberInput,
  q: NumberInput,
  options: JensenShannonOptions<A> = {},
): PerRow<A> {
  return jensenShannon(p, q, options, (bits, unit) => Math.sqrt(bits * unit));
}

type Result = (bits: number, unit: number) => number;

function jensenShannon<A extends Axis | undefined>(
  p: NumberInput,
  q: NumberInput,
  options: JensenShannonOptions<A>,
  result: Result,
): PerRow<A> {
  knownOptions(options, [...DISTRIBUTION_OPTIONS, "dx", "weights"]);
  const weights = Distributions.read("weights", options.weights ?? [0.5, 0.5], {}).row(0);
  sameCount("weights", weights, 2);
  const [first, second] = weights;
  return divergences(p, q, options, (a, b) => jensenShannonBits(a, b, first, second), result);
}

function divergences<A extends Axis | undefined>(
  p: NumberInput,
  q: NumberInput,
  options: DensityOptions<A>,
  bitsOf: (p: Float64Array, q: Float64Array) => number,
  result: Result,
): PerRow<A> {
  const unit = unitOf(options.base);
  const left = Distributions.read("p", p, options);
  const right = Distributions.readLike("q", q, left, options);
  return eachRow(left, options, (r) => result(bitsOf(left.row(r), right.row(r)) * left.dx, unit));
}

/** KL(p‖q). */
export function klBits(p: Float64Array, q: Float64Array): number {
  const sum = new DivergenceSum();
  for (let i = 0; i < p.length; i++) sum.add(1, p[i], q[i], q[i] - p[i]);
  return sum.bits;
}

function jensenShannonBits(p: Float64Array, q: Float64Array, first: number, second: number): number {
  const sum = new DivergenceSum();
  for (let i = 0; i < p.length; i++) {
    const m = first * p[i] + second * q[i];
    const d = q[i] - p[i];
    sum.add(first, p[i], m, second * d);
    sum.add(second, q[i], m, -first * d);
  }
  return sum.bits;
}

/** Below this, s − ln(1 + s) loses more to the subtraction than its series to its end. */
const NEAR = 0.25;

/** Σ w·[p ln(p/q) − p + q] in bits. What is a logarithm of base 2 stays one, so that powers of 2 stay exact. */
class DivergenceSum {
  readonly #bits = new Sum();
  readonly #nats = new Sum();

  /** @param d q − p, as exactly as the caller knows it */
  add(w: number, p: number, q: number, d: number): void {
    if (w === 0) return;
    if (Math.abs(d) < NEAR * p) {
      this.#nats.add(w * p * excess(d / p));
    } else {
      if (p > 0) this.#bits.add(w * p * log2Ratio(p, q));
      this.#nats.add(w * d);
    }
  }

  get bits(): number {
    return this.#bits.value + this.#nats.value * Math.LOG2E;
  }
}

/**
 * s − ln(1 + s) ≥ 0 for |s| < NEAR: with y = s/(2 + s), ln(1 + s) = 2(y + y³/3 + y⁵/5 + …) and s = 2y/(1 − y), it
 * is y·s − 2y³(1/3 + y²/5 + …). The terms after y¹⁸/21 are below 10⁻¹⁷.
 */
function excess(s: number): number {
  const y = s / (2 + s);
  const square = y * y;
  let series = 0;
  for (let odd = 21; odd >= 3; odd -= 2) series = series * square + 1 / odd;
  return y * s - 2 * y * square * series;
}

/** r − 1 − ln r ≥ 0 of r = a/b. */
export function ratioExcess(a: number, b: number): number {
  const s = (a - b) / b;
  return Math.abs(s) < NEAR ? excess(s) : s - log2Ratio(a, b) * Math.LN2;
}

/** log₂(p/q) of positive numbers or q = 0, also where p/q overflows. */
function log2Ratio(p: number, q: number): number {
  const ratio = p / q;
  return ratio > 0 && ratio < Infinity ? Math.log2(ratio) : Math.log2(p) - Math.log2(q);
}

/**
 * x log(x/y) of each pair, the terms of a divergence, for any numbers: 0 for x = 0 ≤ y, ∞ where y = 0 < x or either is
 * negative, NaN for NaN. SciPy's `rel_entr`.
 *
 * @returns one a pair, in bits, or units of `base`; accurate where x ≈ y
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for different numbers of elements
 */
export function relEntr(x: NumberInput, y: NumberInput, options: BaseOptions = {}): Float64Array {
  knownOptions(options, ["base"]);
  const unit = unitOf(options.base);
  const left = numbers("x", x);
  const right = numbers("y", y);
  sameCount("y", right, left.length);
  return left.map((value, i) => relEntrBits(value, right[i]) * unit);
}

function relEntrBits(x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
  if (x < 0 || y < 0) return Infinity;
  if (x === 0) return 0;
  const d = x - y;
  return Math.abs(d) < y / 2 ? x * Math.log1p(d / y) * Math.LOG2E : x * log2Ratio(x, y);
}
