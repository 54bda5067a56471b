import { checkRange } from "../input/pair.js";
import { BINARY_OPTIONS, type BinaryCrossEntropyOptions, binaryFormula } from "./binaryCrossEntropyWithLogits.js";
import {
  type ElementLoss,
  type ElementLossWithGrad,
  elementLoss,
  elementLossWithGrad,
  type Kind,
} from "./elementLoss.js";

const KIND: Kind<BinaryCrossEntropyOptions> = {
  input: "probabilities",
  own: BINARY_OPTIONS,
  read: (options) => binaryFormula("probability", options),
  check: (probabilities) => checkRange(probabilities, 0, 1),
};

/**
 * Binary cross-entropy of each probability p with its target t, in nats: −w₊t·ln p − (1 − t)·ln(1 − p), each logarithm
 * at least −100. Semantics of PyTorch's `binary_cross_entropy`. Where there are logits, `binaryCrossEntropyWithLogits`
 * keeps what the probabilities have lost.
 *
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for probabilities outside of [0, 1], shapes that do not fit or an option out of its range;
 *   nothing has been written then
 */
export const binaryCrossEntropy: ElementLoss<BinaryCrossEntropyOptions> = /* @__PURE__ */ elementLoss(KIND);

/**
 * {@link binaryCrossEntropy} and its gradient with respect to the probabilities, ((1 − t)p − w₊t(1 − p)) / p(1 − p), with
 * a denominator of at least 10⁻¹².
 *
 * @throws as {@link binaryCrossEntropy}
 */
export const binaryCrossEntropyWithGrad: ElementLossWithGrad<BinaryCrossEntropyOptions> =
  /* @__PURE__ */ elementLossWithGrad(KIND);
