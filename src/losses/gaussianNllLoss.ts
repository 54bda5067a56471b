import type { FloatData, FloatInput, FloatOutput, IndexInput, ResultOf } from "../input/elements.js";
import { typeError } from "../input/errors.js";
import { boolean, finiteNumber, knownOptions, NO_OPTIONS, NOT_NEGATIVE } from "../input/options.js";
import { areApart } from "../input/outputs.js";
import { checkRange } from "../input/pair.js";
import type { RowsView } from "../input/rows.js";
import type { LossWithGrad } from "./crossEntropy.js";
import { directGrad, isDirectPair } from "./direct.js";
import {
  type ElementGradOptions,
  type ElementLossOptions,
  finish,
  GRAD_OPTIONS,
  type Kind,
  type LossArray,
  OPTIONS,
  prepare,
} from "./elementLoss.js";
import { directSum, type Formula } from "./elementTiles.js";

export interface GaussianNllLossOptions extends ElementLossOptions {
  /** Whether the constant ½ ln 2π counts; default false. */
  full?: boolean;
  /** Smaller variances count as this; default 10⁻⁶. Their gradient is that at this variance, as in PyTorch. */
  eps?: number;
}

export interface GaussianNllLossGradOptions<Grad = FloatOutput>
  extends GaussianNllLossOptions,
    ElementGradOptions<Grad> {
  /** Where the gradient with respect to the variance goes, in the forms of `grad`; one an element in any case. */
  gradVariance?: FloatOutput;
}

/** The loss, and both gradients. */
export interface GaussianNllLossWithGrad<Loss, Grad> extends LossWithGrad<Loss, Grad> {
  /** With respect to each element's variance, in the shape and type of the mean. */
  gradVariance: FloatData;
}

/** @throws {TypeError} without a variance */
function kind(variance: number | FloatInput): Kind<GaussianNllLossOptions> {
  if (variance == null) throw typeError("variance", "number or array of numbers", variance);
  if (typeof variance === "number") finiteNumber("variance", variance, 1, NOT_NEGATIVE);
  return {
    input: "mean",
    own: OWN,
    read: ({ full, eps }) => ({
      op: "gaussian",
      p: finiteNumber("eps", eps, EPS, LEAST_EPS),
      q: boolean("full", full, false) ? HALF_LN_2_PI : 0,
      extra: { name: "variance", value: variance },
    }),
    check: (_, extra) => {
      if (typeof extra === "object") checkRange(extra, 0, Infinity);
    },
  };
}

const EPS = 1e-6;
/** Smaller ones would be 0 as a float32. */
const LEAST_EPS = { min: 1e-30 };
const DEFAULT: Formula = { op: "gaussian", p: EPS };

function isDirect(mean: unknown, targets: unknown, variance: unknown): mean is Float32Array {
  if (!isDirectPair(mean, targets) || !(variance instanceof Float32Array)) return false;
  return variance.length === mean.length;
}

/** As `directGrad`: it may lie over the variance. */
function directGradVariance(
  { gradVariance }: GaussianNllLossGradOptions,
  mean: Float32Array,
  targets: Float32Array,
  variance: Float32Array,
  grad: Float32Array,
): Float32Array | undefined {
  if (!areApart(grad, variance, 2)) return undefined;
  if (gradVariance === undefined) return new Float32Array(mean.length);
  if (!(gradVariance instanceof Float32Array) || gradVariance.length !== mean.length) return undefined;
  const apart =
    areApart(gradVariance, mean, 3) && areApart(gradVariance, targets, 4) && areApart(gradVariance, grad, 5);
  return apart && (gradVariance === variance || areApart(gradVariance, variance, 6)) ? gradVariance : undefined;
}

const OWN = ["full", "eps"];
const FORWARD = [...OPTIONS, ...OWN];
const WITH_GRAD = [...FORWARD, ...GRAD_OPTIONS, "gradVariance"];
const HALF_LN_2_PI = 0.5 * Math.log(2 * Math.PI);

/**
 * Negative log-likelihood of targets t under Gaussians of the given means μ and variances v, in nats:
 * ½(ln v + (t − μ)²/v), and with `full` ½ ln 2π. Semantics of PyTorch's `gaussian_nll_loss`.
 *
 * @param mean any shape; float32, float64, float16 or bfloat16
 * @param targets like the means
 * @param variance at least 0: a number, one a column, one an element, or broadcastable dims
 * @returns a number for `mean` and `sum`; for `none` one loss an element, float64 when the means are, else float32
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for a negative variance, shapes that do not fit or an option out of its range; nothing has been
 *   written then
 */
export function gaussianNllLoss(
  mean: FloatInput,
  targets: FloatInput | IndexInput,
  variance: number | FloatInput,
  options?: GaussianNllLossOptions & { reduction?: "mean" | "sum" },
): number;
export function gaussianNllLoss(
  mean: FloatInput,
  targets: FloatInput | IndexInput,
  variance: number | FloatInput,
  options: GaussianNllLossOptions & { reduction: "none" },
): LossArray;
export function gaussianNllLoss(
  mean: FloatInput,
  targets: FloatInput | IndexInput,
  variance: number | FloatInput,
  options?: GaussianNllLossOptions,
): number | LossArray;
export function gaussianNllLoss(
  mean: FloatInput,
  targets: FloatInput | IndexInput,
  variance: number | FloatInput,
  options: GaussianNllLossOptions = NO_OPTIONS,
): number | LossArray {
  if (options === NO_OPTIONS && isDirect(mean, targets, variance)) {
    const sum = directSum(DEFAULT, true, mean, targets as Float32Array, undefined, variance as Float32Array);
    if (!Number.isNaN(sum)) return sum / mean.length;
  }
  knownOptions(options, FORWARD);
  return finish(prepare(kind(variance), mean, targets, options, false)).loss;
}

/**
 * {@link gaussianNllLoss} and its gradients: (μ − t)/v with respect to the means, ½(1 − (t − μ)²/v)/v with respect to the
 * variances.
 *
 * @throws as {@link gaussianNllLoss}
 */
export function gaussianNllLossWithGrad<Mean extends FloatInput, Grad extends FloatOutput = ResultOf<Mean>>(
  mean: Mean,
  targets: FloatInput | IndexInput,
  variance: number | FloatInput,
  options?: GaussianNllLossGradOptions<Grad> & { reduction?: "mean" | "sum" },
): GaussianNllLossWithGrad<number, Grad>;
export function gaussianNllLossWithGrad<Mean extends FloatInput, Grad extends FloatOutput = ResultOf<Mean>>(
  mean: Mean,
  targets: FloatInput | IndexInput,
  variance: number | FloatInput,
  options: GaussianNllLossGradOptions<Grad> & { reduction: "none" },
): GaussianNllLossWithGrad<LossArray, Grad>;
export function gaussianNllLossWithGrad<Mean extends FloatInput, Grad extends FloatOutput = ResultOf<Mean>>(
  mean: Mean,
  targets: FloatInput | IndexInput,
  variance: number | FloatInput,
  options?: GaussianNllLossGradOptions<Grad>,
): GaussianNllLossWithGrad<number | LossArray, Grad>;
export function gaussianNllLossWithGrad(
  mean: FloatInput,
  targets: FloatInput | IndexInput,
  variance: number | FloatInput,
  options: GaussianNllLossGradOptions = NO_OPTIONS,
): GaussianNllLossWithGrad<number | LossArray, FloatData> {
  if (isDirect(mean, targets, variance)) {
    const arrays = [mean, targets, variance] as [Float32Array, Float32Array, Float32Array];
    const grad = directGrad(options, mean, arrays[1], "gradVariance");
    const gradVariance = grad && directGradVariance(options, ...arrays, grad);
    if (grad !== undefined && gradVariance !== undefined) {
      const sum = directSum(DEFAULT, true, mean, arrays[1], grad, arrays[2], gradVariance);
      if (!Number.isNaN(sum)) return { loss: sum / mean.length, grad, gradVariance };
    }
  }
  knownOptions(options, WITH_GRAD);
  const output = { name: "gradVariance", value: options.gradVariance };
  const prepared = prepare(kind(variance), mean, targets, options, true, output);
  const { loss, grad } = finish(prepared);
  return { loss, grad: grad as FloatData, gradVariance: (prepared.gradExtra as RowsView).array as FloatData };
}
