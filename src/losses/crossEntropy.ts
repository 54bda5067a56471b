import type { FloatData, FloatInput, FloatOutput, IndexInput, ResultOf, TensorLike } from "../input/elements.js";
import { typeError } from "../input/errors.js";
import { maskView } from "../input/mask.js";
import { classWeights, finiteNumber, knownOptions, NO_OPTIONS, rowFactors } from "../input/options.js";
import { checkOverlap, newLike, outputView, rowsOutput } from "../input/outputs.js";
import type { RowsView } from "../input/rows.js";
import { checkIndices, resolveInputs } from "../input/targets.js";
import type { RowContents } from "../sweep/rows.js";
import { computeType } from "../sweep/stage.js";
import {
  type CrossEntropyGradOptions,
  type CrossEntropyOptions,
  DEFAULTS,
  readScalars,
  SCALAR_OPTIONS,
  type Scalars,
} from "./crossEntropyOptions.js";
import { divisors, reduced } from "./crossEntropyRows.js";
import { sweepCrossEntropy } from "./crossEntropyTiles.js";
import { directProbabilityLoss, directProbabilityLossWithGrad } from "./directProbabilities.js";
import { directLoss, directLossWithGrad } from "./directRows.js";

type LossArray = Float32Array | Float64Array;

/** A loss and its gradient. */
export interface LossWithGrad<Loss = number, Grad = FloatData> {
  loss: Loss;
  /** Row-major in the shape of the logits: a new array, or the one that `options.grad` named. */
  grad: Grad extends TensorLike ? FloatData : Grad;
  /** The part of `loss` that is the z-loss, when there is one. */
  zLoss?: Loss;
}

const OPTIONS = [...SCALAR_OPTIONS, "classes", "dims", "axis", "dtype", "weight", "sampleWeight", "mask", "out"];
const GRAD_OPTIONS = ["grad", "gradOutput", ...OPTIONS];

/**
 * Softmax cross-entropy of each row of `logits` with its target, in nats: lse(z) − z_y for a class index y,
 * Σ t(lse − z) for class probabilities t. Semantics of PyTorch's `cross_entropy`; the deviations stand in the README.
 *
 * @param logits rows × classes of float32, float64, float16 or bfloat16; or of any shape, with the class axis at `axis`
 * @param targets one class index a row (integers), or one probability a logit (floats)
 * @returns a number for `mean` and `sum`; for `none` one loss a row, float64 when the logits are, else float32
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for shapes that do not fit, an index outside of [0, classes) that is not `ignoreIndex`, or an
 *   option out of its range; nothing has been written then
 */
export function crossEntropy(
  logits: FloatInput,
  targets: IndexInput | FloatInput,
  options?: CrossEntropyOptions & { reduction?: "mean" | "sum" },
): number;
export function crossEntropy(
  logits: FloatInput,
  targets: IndexInput | FloatInput,
  options: CrossEntropyOptions & { reduction: "none" },
): LossArray;
export function crossEntropy(
  logits: FloatInput,
  targets: IndexInput | FloatInput,
  options?: CrossEntropyOptions,
): number | LossArray;
export function crossEntropy(
  logits: FloatInput,
  targets: IndexInput | FloatInput,
  options: CrossEntropyOptions = NO_OPTIONS,
): number | LossArray {
  const mean = directLoss(DEFAULTS, logits, targets, options) ?? directProbabilityLoss(logits, targets, options);
  if (mean !== undefined) return mean;
  knownOptions(options, OPTIONS);
  return evaluate(logits, targets, options, readScalars(options), false).loss;
}

/**
 * {@link crossEntropy} and its gradient with respect to the logits, in one sweep: p − e_y for a class index, S·p − t for
 * probabilities, with all options as the README's table of losses says.
 *
 * @returns `grad` has the shape and the element type of the logits, unless `options.grad` says where it goes
 * @throws as {@link crossEntropy}
 */
export function crossEntropyWithGrad<Logits extends FloatInput, Grad extends FloatOutput = ResultOf<Logits>>(
  logits: Logits,
  targets: IndexInput | FloatInput,
  options?: CrossEntropyGradOptions<Grad> & { reduction?: "mean" | "sum" },
): LossWithGrad<number, Grad>;
export function crossEntropyWithGrad<Logits extends FloatInput, Grad extends FloatOutput = ResultOf<Logits>>(
  logits: Logits,
  targets: IndexInput | FloatInput,
  options: CrossEntropyGradOptions<Grad> & { reduction: "none" },
): LossWithGrad<LossArray, Grad>;
export function crossEntropyWithGrad<Logits extends FloatInput, Grad extends FloatOutput = ResultOf<Logits>>(
  logits: Logits,
  targets: IndexInput | FloatInput,
  options?: CrossEntropyGradOptions<Grad>,
): LossWithGrad<number | LossArray, Grad>;
export function crossEntropyWithGrad(
  logits: FloatInput,
  targets: IndexInput | FloatInput,
  options: CrossEntropyGradOptions = NO_OPTIONS,
): LossWithGrad<number | LossArray> {
  const direct =
    directLossWithGrad(DEFAULTS, logits, targets, options) ?? directProbabilityLossWithGrad(logits, targets, options);
  if (direct !== undefined) return direct;
  knownOptions(options, GRAD_OPTIONS);
  return evaluate(logits, targets, options, readScalars(options), true) as LossWithGrad<number | LossArray>;
}

/**
 * A call of a loss that the cross-entropy kernels compute.
 *
 * @param focal the α of a focal loss, whose mean divides by the number of rows; undefined for cross-entropy
 */
export function evaluate(
  logitsInput: FloatInput,
  targetsInput: IndexInput | FloatInput,
  options: CrossEntropyGradOptions,
  scalars: Scalars,
  withGrad: boolean,
  focal?: { alpha: number | FloatInput },
): { loss: number | LossArray; grad?: FloatData; zLoss?: number | LossArray } {
  const { logits, targets } = resolveInputs(logitsInput, targetsInput, options, "logits", focal !== undefined);
  const { rows, classes, type } = logits;
  const { weight: weightInput, sampleWeight: samples, gradOutput, mask: maskInput } = options;
  if (focal !== undefined && targets.kind !== "indices") {
    throw typeError("targets", "class indices (integers)", targetsInput);
  }
  const weight =
    focal === undefined
      ? weightInput === undefined
        ? undefined
        : classWeights(weightInput, classes)
      : alphas(focal.alpha, classes);
  const sampleWeight = samples === undefined ? 1 : rowFactors("sampleWeight", samples, rows, logits.rowDims);
  const upstream =
    withGrad && gradOutput !== undefined ? rowFactors("gradOutput", gradOutput, rows, logits.rowDims) : 1;
  const mask = maskInput === undefined ? undefined : maskView(maskInput, logits);
  const counted =
    targets.kind === "indices"
      ? checkIndices(targets.view, classes, scalars.ignoreIndex, weight)
      : { count: rows, weightSum: rows };
  const by = divisors(scalars, counted.count, focal === undefined ? counted.weightSum : counted.count);

  const Losses = type === "float64" ? Float64Array : Float32Array;
  const none = scalars.reduction.kind === "none";
  let out: LossArray | undefined;
  let grad: RowsView | undefined;
  if (none) out = options.out === undefined ? new Losses(rows) : rowsOutput("out", options.out, rows);
  if (withGrad) grad = options.grad === undefined ? newLike(logits) : outputView("grad", options.grad, logits);
  if (options.out !== undefined || options.grad !== undefined) {
    const inputs = { logits, targets: targets.view, mask, weight, sampleWeight, gradOutput: upstream };
    if (out !== undefined && options.out !== undefined) checkOverlap(out, inputs);
    if (grad !== undefined && options.grad !== undefined) {
      checkOverlap(grad, inputs, logits);
      if (out !== undefined) checkOverlap(grad, { out });
    }
  }
  const zOut = none && scalars.zLoss !== 0 ? new Losses(rows) : undefined;
  const totals = { loss: 0, zLoss: 0, lambda: scalars.zLoss, sampleWeight, out, zOut };

  const contents: RowContents = {
    type: computeType(type),
    classes,
    probabilities: targets.kind === "probabilities",
    weight: weight !== undefined,
    result: withGrad ? "inPlace" : "none",
  };
  const call = { scalars, by, logits, targets, weight, sampleWeight, upstream, mask, grad, totals };
  sweepCrossEntropy(contents, call);
  const result: ReturnType<typeof evaluate> = reduced(totals, scalars.reduction, by);
  if (grad !== undefined) result.grad = grad.array as FloatData;
  return result;
}

/** The factor of each class. */
function alphas(alpha: number | FloatInput, classes: number): Float32Array | Float64Array | undefined {
  if (alpha === 1) return undefined;
  if (typeof alpha === "number") return new Float64Array(classes).fill(finiteNumber("alpha", alpha, 1));
  return classWeights(alpha, classes, "alpha");
}
