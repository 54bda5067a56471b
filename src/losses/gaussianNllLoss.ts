import type { FloatData, FloatInput, FloatOutput, IndexInput, ResultOf } from "../input/elements.js";
import { typeError } from "../input/errors.js";
import { boolean, finiteNumber, knownOptions, NO_OPTIONS, NOT_NEGATIVE, POSITIVE } from "../input/options.js";
import { checkOverlap } from "../input/outputs.js";
import { checkRange } from "../input/pair.js";
import type { RowsView } from "../input/rows.js";
import type { LossWithGrad } from "./crossEntropy.js";
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
function kind(variance: number | FloatInput, op: "gaussian" | "gaussianVariance"): Kind<GaussianNllLossOptions> {
  if (variance == null) throw typeError("variance", "number or array of numbers", variance);
  return {
    input: "mean",
    own: OWN,
    read: ({ full, eps }) => ({
      op,
      p: finiteNumber("eps", eps, 1e-6, POSITIVE),
      q: boolean("full", full, false) ? HALF_LN_2_PI : 0,
      extra: { name: "variance", value: variance },
    }),
    check: (_mean, _targets, extra) => {
      if (typeof extra === "object") checkRange(extra, 0, Infinity);
      else finiteNumber("variance", extra, 1, NOT_NEGATIVE);
    },
  };
}

const OWN = ["full", "eps"];
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
  knownOptions(options, [...OPTIONS, ...OWN]);
  return finish(prepare(kind(variance, "gaussian"), mean, targets, options, false)).loss;
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
  knownOptions(options, [...OPTIONS, ...OWN, ...GRAD_OPTIONS, "gradVariance"]);
  const { gradVariance, grad: _, out: __, ...rest } = options;
  const byMean = prepare(kind(variance, "gaussian"), mean, targets, options, true);
  const toVariance = { ...rest, ...(gradVariance !== undefined && { grad: gradVariance }) };
  const byVariance = prepare(kind(variance, "gaussianVariance"), mean, targets, toVariance, true);
  if (gradVariance !== undefined) checkOverlap(byVariance.grad as RowsView, { grad: byMean.grad, out: byMean.out });
  // The variance's gradient first: then the means, which `grad` may lie over, are still there.
  const varianceGrad = finish(byVariance).grad as FloatData;
  const { loss, grad } = finish(byMean);
  return { loss, grad: grad as FloatData, gradVariance: varianceGrad };
}
