import type { FloatInput, FloatOutput, IndexInput, ResultOf } from "../input/elements.js";
import { finiteNumber, knownOptions, NO_OPTIONS, NOT_NEGATIVE } from "../input/options.js";
import { evaluate, type LossWithGrad } from "./crossEntropy.js";
import {
  type CrossEntropyGradOptions,
  type CrossEntropyOptions,
  DEFAULTS,
  readScalars,
} from "./crossEntropyOptions.js";
import { directLoss, directLossWithGrad } from "./directRows.js";
import type { LossArray } from "./elementLoss.js";

const GAMMA = 2;
const DIRECT = { ...DEFAULTS, focalGamma: GAMMA };

const SHARED = [
  "reduction",
  "denominator",
  "onEmpty",
  "ignoreIndex",
  "scale",
  "classes",
  "dims",
  "axis",
  "dtype",
  "sampleWeight",
  "mask",
  "out",
] as const;
const OPTIONS = ["alpha", "gamma", ...SHARED];
const GRAD_OPTIONS = ["grad", "gradOutput", ...OPTIONS];

export interface FocalLossOptions extends Pick<CrossEntropyOptions, (typeof SHARED)[number]> {
  /** Factor α: a number, or one a class, that of the target; default 1. What `mean` divides by stays the same. */
  alpha?: number | FloatInput;
  /** γ ≥ 0, how much what is nearly certain counts less; 0 is cross-entropy. Default 2. */
  gamma?: number;
}

export interface FocalLossGradOptions<Grad = FloatOutput>
  extends FocalLossOptions,
    Pick<CrossEntropyGradOptions<Grad>, "grad" | "gradOutput"> {}

function run(logits: FloatInput, targets: IndexInput, options: FocalLossGradOptions, withGrad: boolean) {
  const { alpha = 1, gamma } = options;
  const scalars = { ...readScalars(options), focalGamma: finiteNumber("gamma", gamma, GAMMA, NOT_NEGATIVE) };
  return evaluate(logits, targets, options, scalars, withGrad, { alpha });
}

/**
 * Focal loss of each row of logits with its class index y, in nats: −α_y·(1 − p_y)^γ·ln p_y, p = softmax(scale·x)
 * [Lin et al. 2017]. `mean` divides by the number of rows that are not ignored.
 *
 * @param logits rows × classes; or of any shape, with the class axis at `axis`
 * @param targets one class index a row
 * @returns a number for `mean` and `sum`; for `none` one loss a row, float64 when the logits are, else float32
 * @throws {TypeError} for an argument of the wrong kind, probabilities as targets among them
 * @throws {RangeError} for shapes that do not fit, an index outside of [0, classes) that is not `ignoreIndex`, or an
 *   option out of its range; nothing has been written then
 */
export function focalLoss(
  logits: FloatInput,
  targets: IndexInput,
  options?: FocalLossOptions & { reduction?: "mean" | "sum" },
): number;
export function focalLoss(
  logits: FloatInput,
  targets: IndexInput,
  options: FocalLossOptions & { reduction: "none" },
): LossArray;
export function focalLoss(logits: FloatInput, targets: IndexInput, options?: FocalLossOptions): number | LossArray;
export function focalLoss(
  logits: FloatInput,
  targets: IndexInput,
  options: FocalLossOptions = NO_OPTIONS,
): number | LossArray {
  const mean = directLoss(DIRECT, logits, targets, options);
  if (mean !== undefined) return mean;
  knownOptions(options, OPTIONS);
  return run(logits, targets, options, false).loss;
}

/**
 * {@link focalLoss} and its gradient with respect to the logits, α_y·[(1 − p_y)^γ − γ(1 − p_y)^{γ−1}·p_y·ln p_y]·(p − e_y),
 * in one sweep.
 *
 * @throws as {@link focalLoss}
 */
export function focalLossWithGrad<Logits extends FloatInput, Grad extends FloatOutput = ResultOf<Logits>>(
  logits: Logits,
  targets: IndexInput,
  options?: FocalLossGradOptions<Grad> & { reduction?: "mean" | "sum" },
): LossWithGrad<number, Grad>;
export function focalLossWithGrad<Logits extends FloatInput, Grad extends FloatOutput = ResultOf<Logits>>(
  logits: Logits,
  targets: IndexInput,
  options: FocalLossGradOptions<Grad> & { reduction: "none" },
): LossWithGrad<LossArray, Grad>;
export function focalLossWithGrad<Logits extends FloatInput, Grad extends FloatOutput = ResultOf<Logits>>(
  logits: Logits,
  targets: IndexInput,
  options?: FocalLossGradOptions<Grad>,
): LossWithGrad<number | LossArray, Grad>;
export function focalLossWithGrad(
  logits: FloatInput,
  targets: IndexInput,
  options: FocalLossGradOptions = NO_OPTIONS,
): LossWithGrad<number | LossArray> {
  const direct = directLossWithGrad(DIRECT, logits, targets, options);
  if (direct !== undefined) return direct;
  knownOptions(options, GRAD_OPTIONS);
  return run(logits, targets, options, true) as LossWithGrad<number | LossArray>;
}
