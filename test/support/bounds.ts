// How far a correct kernel may be from the exact result: the error analysis that every tolerance of the tests comes from.
//
// u is the unit roundoff of the arithmetic: 2⁻²⁴ or 2⁻⁵³. Inputs are exact. To first order in u:
//
//   z        scale rounds twice (2u|z|). The soft cap rounds its argument twice (tanh does not amplify a relative
//            error), its tanh is good to 2 ulp (4u) and the result rounds twice: 8u|z|.                     δ
//   e^{z−m}  polynomial and exponent 3 ulp (6u); the subtraction and the reduction of z − m round with u|z − m| each.
//            E = 6u + 2u|z − m| + δ + δ_m
//            Nothing of z − m is rounded where terms are taken around the target or the maximum: then 6u are left, and
//            6u of that class's own term. A single term of simd's hot loops may be off by 0.8u|z| more, |z| < 22; in
//            sums that cancels out, and what is left of it stays within E on the data of all tests, so E does not grow.
//   Σ        the mean error of its terms, and the roundings of the additions: at most 256 in a row, at least four
//            lanes, then float64. Roundings to nearest have random signs, so k of them weigh √k; doubled.
//            sum = 2u√min(n/4, 256),  Ē = Σ p·E + sum
//   p        E + Ē + 3u, relative.   Results below the smallest normal number may be 0.
//   lse      Ē + 3u ln Σ + 2u|m|;  and −ln p = (m − z) + ln Σ: Ē + 3u ln Σ + u|z − m| + δ + δ_m + 4u(−ln p)
//   loss     Σ|a|(that + 4u(−ln p)) for the roundings of a = w·t', and sum·Σ|a|(−ln p)
//   gradient S·p − a cancels: absolute in S·p and a, each with the roundings of its factors.
//            At one class it may be formed as (S − a) − S(1 − p) in float64, which is absolute in S. The slope of the soft
//            cap, 4e/(1 + e)² with e = e^{−2|v|}, is off by 16u + 8u|v| relative, and |v| ≤ ½ ln(4/slope).
//
// The float64 reference rounds as well, which doubles the bounds of float64 results. Results of 16 bits add half an ulp
// of theirs.

import { HALF_TINY, HALF_UNIT, type Half } from "./halves.js";
import { layout } from "./layout.js";
import {
  type BinaryOptions,
  type CrossEntropyOptions,
  type CrossEntropyResult,
  distribution,
  elementOf,
  type Floats,
  type Row,
  sigmoid,
  type TransformOptions,
  total,
} from "./reference.js";

export const FLOAT32 = 2 ** -24;
export const FLOAT64 = 2 ** -53;

const smallest = (u: number) => (u === FLOAT32 ? 2 ** -126 : 2 ** -1022);
const slack = (u: number) => (u === FLOAT64 ? 2 : 1);
const sumError = (u: number, n: number) => 2 * u * Math.sqrt(Math.min(Math.ceil(n / 4), 256));
const weighted = (p: ArrayLike<number>, error: (j: number) => number) => {
  return total(Array.from(p, (value, j) => (value === 0 ? 0 : Math.abs(value) * error(j))));
};

/** |z − m|, 0 for a class at −∞: nothing of it is rounded. */
const gap = (z: number, max: number) => (Number.isFinite(z) ? Math.abs(z - max) : 0);

interface RowErrors {
  /** Of p, relative, one a class. */
  p(j: number): number;
  lse: number;
  /** Of −ln p. */
  nll(j: number): number;
  sum: number;
}

function rowErrors(z: Floats, max: number, p: Floats, lse: number, u: number, shift: number): RowErrors {
  const logSum = Math.abs(lse - max);
  const moved = (j: number) => (Number.isFinite(z[j]) ? shift * (Math.abs(z[j]) + Math.abs(max)) : 0);
  const e = (j: number) => 6 * u + 2 * u * gap(z[j], max) + moved(j);
  const sum = sumError(u, z.length);
  const mean = weighted(p, e) + sum;
  return {
    sum,
    p: (j) => e(j) + mean + 3 * u,
    lse: mean + 3 * u * logSum + 2 * u * Math.abs(max),
    nll: (j) => mean + 3 * u * logSum + u * gap(z[j], max) + moved(j) + 4 * u * (gap(z[j], max) + logSum),
  };
}

interface Errors {
  loss: number;
  zLoss: number;
  /** By x, one a class. */
  grad: Float64Array;
}

function crossEntropyRow(row: Row, options: CrossEntropyOptions, u: number): Errors {
  const { polyEpsilon: poly = 0, zLoss: lambda = 0, scale = 1, softcap } = options;
  const { z, max, p, lse, a, t, chain } = row;
  const grad = new Float64Array(z.length);
  if (row.blank) return { loss: 0, zLoss: 0, grad };
  const error = rowErrors(z, max, p, lse, u, softcap ? 8 * u : scale === 1 ? 0 : 2 * u);
  const nll = (j: number) => gap(z[j], max) + Math.abs(lse - max);
  const mass = weighted(a, () => 1);
  const expected = weighted(p, (j) => Math.abs(t[j]));
  const expectedError = weighted(p, (j) => Math.abs(t[j]) * (error.p(j) + 6 * u));
  let loss = weighted(a, (j) => error.nll(j) + (4 * u + error.sum) * nll(j));
  loss += Math.abs(poly) * (expectedError + (6 * u + error.sum) * weighted(t, () => 1));
  const zLoss = Math.abs(lambda) * (2 * Math.abs(lse) * error.lse + 4 * u * lse * lse);
  for (let j = 0; j < z.length; j++) {
    const [relative, size] = [error.p(j), p[j] * (Math.abs(t[j]) + expected)];
    let byZ = mass * p[j] * (relative + 6 * u + error.sum) + 5 * u * Math.abs(a[j]);
    byZ += Math.abs(poly) * (size * (relative + 8 * u) + p[j] * expectedError);
    byZ += smallest(u) * Math.max(1, mass) + 4 * FLOAT64 * mass;
    const byZOfZ = 2 * Math.abs(lambda) * p[j] * (error.lse + Math.abs(lse) * (relative + 6 * u));
    const got = Math.abs(row.factor * row.grad[j]) + Math.abs(row.zFactor * row.zGrad[j]);
    const slope = chain[j] / scale;
    const slopeError = softcap && slope > 0 ? u * (16 + 4 * Math.log(4 / slope)) : 0;
    grad[j] = chain[j] * (Math.abs(row.factor) * byZ + Math.abs(row.zFactor) * byZOfZ + got * (slopeError + 6 * u));
    grad[j] += smallest(u);
  }
  return { loss, zLoss, grad };
}

export interface CrossEntropyBounds {
  loss: Float64Array;
  zLoss: Float64Array;
  grad: Float64Array;
}

/** Absolute bounds, shaped like the reference's results. */
export function crossEntropyBounds(
  result: CrossEntropyResult,
  options: CrossEntropyOptions,
  u: number,
): CrossEntropyBounds {
  const grad = new Float64Array(result.grad.length);
  const rows = result.rows.map((row, r) => {
    const error = crossEntropyRow(row, options, u);
    for (const [j, value] of error.grad.entries()) grad[result.layout.at(r, j)] = slack(u) * value;
    const [f, zf] = [Math.abs(result.lossFactor[r]), Math.abs(result.zLossFactor[r])];
    const loss = f * (error.loss + 4 * u * Math.abs(row.loss));
    const zLoss = zf * (error.zLoss + 4 * u * Math.abs(row.zLoss));
    return { loss: slack(u) * (loss + zLoss), zLoss: slack(u) * zLoss };
  });
  const collect = (of: (row: { loss: number; zLoss: number }) => number) => {
    const each = rows.map(of);
    return options.reduction === "none" ? Float64Array.from(each) : Float64Array.of(total(each));
  };
  return { loss: collect((row) => row.loss), zLoss: collect((row) => row.zLoss), grad };
}

/** Absolute bounds, shaped like the reference's results. */
export function binaryBounds(
  logits: Floats,
  targets: Floats,
  options: BinaryOptions,
  u: number,
): { loss: Float64Array; grad: Float64Array } {
  const { dims, reduction = "mean" } = options;
  const divisor = reduction === "mean" ? (options.denominator ?? logits.length) : 1;
  const loss = new Float64Array(logits.length);
  const grad = new Float64Array(logits.length);
  for (let i = 0; i < logits.length; i++) {
    const w = Math.abs(elementOf(options.weight, dims, i)) / divisor;
    const g = Math.abs(elementOf(options.gradOutput, dims, i)) * w;
    const positive = elementOf(options.posWeight, dims, i) * targets[i];
    const negative = 1 - targets[i];
    const size = Math.abs(positive) + Math.abs(negative);
    const x = Number.isFinite(logits[i]) ? Math.abs(logits[i]) : 0;
    // Softplus of up to 64 elements may share one logarithm: its error is absolute, a few u.
    loss[i] = slack(u) * w * size * u * (10 * x + 16);
    grad[i] = slack(u) * (g * size * u * (sigmoid(logits[i]) * (14 + 2 * x) + 10) + smallest(u));
  }
  return { loss: reduction === "none" ? loss : Float64Array.of(total(loss)), grad };
}

/** Absolute bounds of softmax, logSoftmax (like x) and logSumExp (one a row). */
export function transformBounds(x: Floats, options: TransformOptions, u: number) {
  const at = layout(options.dims, options.axis);
  const softmax = new Float64Array(x.length);
  const logSoftmax = new Float64Array(x.length);
  const logSumExp = new Float64Array(at.rows);
  for (let r = 0; r < at.rows; r++) {
    const z = Float64Array.from({ length: at.classes }, (_, j) => {
      return options.mask?.[at.at(r, j)] === 0 ? -Infinity : x[at.at(r, j)];
    });
    const { max, lse, p } = distribution(z);
    const error = rowErrors(z, max, p, lse, u, 0);
    logSumExp[r] = slack(u) * (error.lse + u * Math.abs(lse));
    for (let j = 0; j < at.classes; j++) {
      softmax[at.at(r, j)] = slack(u) * (p[j] * (error.p(j) + u) + smallest(u));
      logSoftmax[at.at(r, j)] = slack(u) * (error.nll(j) + u * gap(z[j], lse));
    }
  }
  return { softmax, logSoftmax, logSumExp };
}

/** Adds half an ulp of a 16-bit type that `values` were rounded to. */
export function rounded(bounds: Float64Array, values: ArrayLike<number>, dtype: Half): Float64Array {
  return bounds.map((bound, i) => bound + HALF_UNIT[dtype] * (Math.abs(values[i]) + bound) + HALF_TINY[dtype]);
}
