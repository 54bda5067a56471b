import { resolveBinary } from "../input/binary.js";
import type { ElementType, FloatData, FloatInput, FloatOutput, IndexInput, ResultOf } from "../input/elements.js";
import { finiteNumber, knownOptions, NO_OPTIONS } from "../input/options.js";
import { checkOverlap, newLike, outputView, rowsOutput } from "../input/outputs.js";
import { type RowsView, viewLike } from "../input/rows.js";
import { sweep } from "../sweep/sweep.js";
import { BinaryTiles, type Factor } from "./binaryTiles.js";
import type { LossWithGrad } from "./crossEntropy.js";
import { divided, divisor, type ReductionOptions, readReduction } from "./reduction.js";

type LossArray = Float32Array | Float64Array;

export interface BinaryCrossEntropyOptions extends ReductionOptions {
  /** Shape of flat logits, row-major; default one dimension. */
  dims?: readonly number[];
  /** Element type of raw 16-bit logits. */
  dtype?: ElementType;
  /** Factor of each element's loss: a number, one a column (the last dimension), one an element, or broadcastable. */
  weight?: number | FloatInput;
  /** Factor w₊ of the positive part, in the same forms; default 1. */
  posWeight?: number | FloatInput;
  /** Where `reduction: "none"` writes its losses, one an element. */
  out?: LossArray;
}

export interface BinaryCrossEntropyGradOptions<Grad = FloatOutput> extends BinaryCrossEntropyOptions {
  /** Where the gradient goes: a typed array, row-major like the logits, or the logits themselves, strides and all. */
  grad?: Grad;
  /** Upstream gradient, in the forms of `weight`; default 1. */
  gradOutput?: number | FloatInput;
}

const OPTIONS = ["reduction", "denominator", "onEmpty", "dims", "dtype", "weight", "posWeight", "out"];
const GRAD_OPTIONS = ["grad", "gradOutput", ...OPTIONS];

/**
 * Binary cross-entropy of each logit x with its target t, in nats: (1 − t)x + (1 + (w₊ − 1)t)·softplus(−x). Semantics of
 * PyTorch's `binary_cross_entropy_with_logits`; 0·∞ counts as 0. `mean` divides by the number of elements, weights or not.
 *
 * @param logits any shape; float32, float64, float16 or bfloat16
 * @param targets like the logits, usually in [0, 1]; any number type or booleans
 * @returns a number for `mean` and `sum`; for `none` one loss an element, float64 when the logits are, else float32
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for shapes that do not fit or an option out of its range; nothing has been written then
 */
export function binaryCrossEntropyWithLogits(
  logits: FloatInput,
  targets: FloatInput | IndexInput,
  options?: BinaryCrossEntropyOptions & { reduction?: "mean" | "sum" },
): number;
export function binaryCrossEntropyWithLogits(
  logits: FloatInput,
  targets: FloatInput | IndexInput,
  options: BinaryCrossEntropyOptions & { reduction: "none" },
): LossArray;
export function binaryCrossEntropyWithLogits(
  logits: FloatInput,
  targets: FloatInput | IndexInput,
  options?: BinaryCrossEntropyOptions,
): number | LossArray;
export function binaryCrossEntropyWithLogits(
  logits: FloatInput,
  targets: FloatInput | IndexInput,
  options: BinaryCrossEntropyOptions = NO_OPTIONS,
): number | LossArray {
  knownOptions(options, OPTIONS);
  return evaluate(logits, targets, options, false).loss;
}

/**
 * {@link binaryCrossEntropyWithLogits} and its gradient with respect to the logits, (1 − t)·σ(x) − w₊t·σ(−x), in one sweep.
 *
 * @returns `grad` has the shape and the element type of the logits, unless `options.grad` says where it goes
 * @throws as {@link binaryCrossEntropyWithLogits}
 */
export function binaryCrossEntropyWithLogitsWithGrad<
  Logits extends FloatInput,
  Grad extends FloatOutput = ResultOf<Logits>,
>(
  logits: Logits,
  targets: FloatInput | IndexInput,
  options?: BinaryCrossEntropyGradOptions<Grad> & { reduction?: "mean" | "sum" },
): LossWithGrad<number, Grad>;
export function binaryCrossEntropyWithLogitsWithGrad<
  Logits extends FloatInput,
  Grad extends FloatOutput = ResultOf<Logits>,
>(
  logits: Logits,
  targets: FloatInput | IndexInput,
  options: BinaryCrossEntropyGradOptions<Grad> & { reduction: "none" },
): LossWithGrad<LossArray, Grad>;
export function binaryCrossEntropyWithLogitsWithGrad<
  Logits extends FloatInput,
  Grad extends FloatOutput = ResultOf<Logits>,
>(
  logits: Logits,
  targets: FloatInput | IndexInput,
  options?: BinaryCrossEntropyGradOptions<Grad>,
): LossWithGrad<number | LossArray, Grad>;
export function binaryCrossEntropyWithLogitsWithGrad(
  logits: FloatInput,
  targets: FloatInput | IndexInput,
  options: BinaryCrossEntropyGradOptions = NO_OPTIONS,
): LossWithGrad<number | LossArray> {
  knownOptions(options, GRAD_OPTIONS);
  return evaluate(logits, targets, options, true) as LossWithGrad<number | LossArray>;
}

function factor(name: string, value: number | FloatInput | undefined, logits: RowsView): Factor {
  if (value === undefined) return 1;
  if (typeof value === "number") return finiteNumber(name, value, 1);
  return viewLike(name, value, logits, { broadcast: true });
}

function evaluate(
  logitsInput: FloatInput,
  targetsInput: FloatInput | IndexInput,
  options: BinaryCrossEntropyGradOptions,
  withGrad: boolean,
): { loss: number | LossArray; grad?: FloatData } {
  const reduction = readReduction(options);
  const { logits, targets } = resolveBinary(logitsInput, targetsInput, options);
  const { type } = logits;
  const weight = factor("weight", options.weight, logits);
  const posWeight = factor("posWeight", options.posWeight, logits);
  const upstream = withGrad ? factor("gradOutput", options.gradOutput, logits) : 1;
  const elements = logits.rows * logits.classes;
  const by = divisor(reduction, elements);

  const Losses = type === "float64" ? Float64Array : Float32Array;
  const inputs = { logits, targets, weight, posWeight, gradOutput: upstream };
  let out: LossArray | undefined;
  if (reduction.kind === "none" && options.out !== undefined) {
    out = rowsOutput("out", options.out, elements);
    checkOverlap(out, inputs);
  } else if (reduction.kind === "none") {
    out = new Losses(elements);
  }
  let grad: RowsView | undefined;
  if (withGrad && options.grad !== undefined) {
    grad = outputView("grad", options.grad, logits);
    checkOverlap(grad, inputs, logits);
    checkOverlap(grad, { out: options.out });
  } else if (withGrad) {
    grad = newLike(logits);
  }

  const tiles = new BinaryTiles({ logits, targets, weight, posWeight, upstream, by, out, grad });
  sweep(tiles);
  const loss = out ?? divided(tiles.sum, by, reduction.onEmpty);
  return grad === undefined ? { loss } : { loss, grad: grad.array as FloatData };
}
