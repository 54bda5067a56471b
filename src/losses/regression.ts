import {
  type ElementLoss,
  type ElementLossOptions,
  type ElementLossWithGrad,
  elementLoss,
  elementLossWithGrad,
  type Kind,
} from "./elementLoss.js";

const SQUARED: Kind<ElementLossOptions> = { input: "input", own: [], read: () => ({ op: "squared" }) };
const ABSOLUTE: Kind<ElementLossOptions> = { input: "input", own: [], read: () => ({ op: "absolute" }) };

/**
 * Squared error (x − t)² of each element: the cross-entropy of a Gaussian of fixed variance, but for a factor and a
 * constant. PyTorch's `mse_loss`, with weights.
 *
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for shapes that do not fit or an option out of its range; nothing has been written then
 */
export const mseLoss: ElementLoss<ElementLossOptions> = /* @__PURE__ */ elementLoss(SQUARED);

/** {@link mseLoss} and its gradient 2(x − t). */
export const mseLossWithGrad: ElementLossWithGrad<ElementLossOptions> = /* @__PURE__ */ elementLossWithGrad(SQUARED);

/**
 * Absolute error |x − t| of each element: the cross-entropy of a Laplace distribution of fixed width, likewise.
 * PyTorch's `l1_loss`, with weights.
 *
 * @throws as {@link mseLoss}
 */
export const l1Loss: ElementLoss<ElementLossOptions> = /* @__PURE__ */ elementLoss(ABSOLUTE);

/** {@link l1Loss} and its gradient sign(x − t), 0 where x = t. */
export const l1LossWithGrad: ElementLossWithGrad<ElementLossOptions> = /* @__PURE__ */ elementLossWithGrad(ABSOLUTE);
