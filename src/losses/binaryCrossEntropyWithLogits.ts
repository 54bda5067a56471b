import type { FloatInput, FloatOutput } from "../input/elements.js";
import { FRACTION, finiteNumber } from "../input/options.js";
import {
  type ElementGradOptions,
  type ElementLoss,
  type ElementLossOptions,
  type ElementLossWithGrad,
  elementLoss,
  elementLossWithGrad,
  type Kind,
} from "./elementLoss.js";

export interface BinaryCrossEntropyOptions extends ElementLossOptions {
  /** Factor w₊ of the positive part, in the forms of `weight`; default 1. */
  posWeight?: number | FloatInput;
  /** s in [0, 1]: the target becomes t(1 − s) + s/2. */
  labelSmoothing?: number;
}

export interface BinaryCrossEntropyGradOptions<Grad = FloatOutput>
  extends BinaryCrossEntropyOptions,
    ElementGradOptions<Grad> {}

/** The options of both binary losses. */
export const BINARY_OPTIONS = ["posWeight", "labelSmoothing"];

export function binaryFormula<Op extends "bce" | "probability">(op: Op, options: BinaryCrossEntropyOptions) {
  const smoothing = finiteNumber("labelSmoothing", options.labelSmoothing, 0, FRACTION);
  return { op, smoothing, extra: { name: "posWeight", value: options.posWeight } };
}

const KIND: Kind<BinaryCrossEntropyOptions> = {
  input: "logits",
  own: BINARY_OPTIONS,
  read: (options) => binaryFormula("bce", options),
};

/**
 * Binary cross-entropy of each logit x with its target t, in nats: (1 − t)x + (1 + (w₊ − 1)t)·softplus(−x). Semantics of
 * PyTorch's `binary_cross_entropy_with_logits`; 0·∞ counts as 0. `mean` divides by the number of elements, weights or not.
 *
 * The first argument, `logits`, has any shape: float32, float64, float16 or bfloat16. `targets` are like them, usually in
 * [0, 1]: any number type, or booleans.
 *
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for shapes that do not fit or an option out of its range; nothing has been written then
 */
export const binaryCrossEntropyWithLogits: ElementLoss<BinaryCrossEntropyOptions> = /* @__PURE__ */ elementLoss(KIND);

/**
 * {@link binaryCrossEntropyWithLogits} and its gradient with respect to the logits, (1 − t)·σ(x) − w₊t·σ(−x), in one sweep.
 *
 * @throws as {@link binaryCrossEntropyWithLogits}
 */
export const binaryCrossEntropyWithLogitsWithGrad: ElementLossWithGrad<BinaryCrossEntropyOptions> =
  /* @__PURE__ */ elementLossWithGrad(KIND);
