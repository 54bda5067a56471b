import { finiteNumber, NOT_NEGATIVE } from "../input/options.js";
import {
  type ElementLoss,
  type ElementLossOptions,
  type ElementLossWithGrad,
  elementLoss,
  elementLossWithGrad,
  type Kind,
} from "./elementLoss.js";

export interface SigmoidFocalLossOptions extends ElementLossOptions {
  /** Weight α of the positive part, 1 − α that of the negative, at most 1; below 0 both count alike. Default ¼. */
  alpha?: number;
  /** γ ≥ 0, how much what is nearly certain counts less; default 2. */
  gamma?: number;
}

const KIND: Kind<SigmoidFocalLossOptions> = {
  input: "logits",
  own: ["alpha", "gamma"],
  read: ({ alpha, gamma }) => ({
    op: "focal",
    p: finiteNumber("alpha", alpha, 0.25, { max: 1 }),
    q: finiteNumber("gamma", gamma, 2, NOT_NEGATIVE),
  }),
};

/**
 * Focal loss of each logit x with its target t, in nats: α_t·(1 − p_t)^γ·CE, with CE the binary cross-entropy,
 * p_t = t·σ(x) + (1 − t)(1 − σ(x)), α_t likewise [Lin et al. 2017]. Semantics of torchvision's `sigmoid_focal_loss`, but
 * for the reduction, which is `mean` here when nothing is said.
 *
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for shapes that do not fit or an option out of its range; nothing has been written then
 */
export const sigmoidFocalLoss: ElementLoss<SigmoidFocalLossOptions> = /* @__PURE__ */ elementLoss(KIND);

/**
 * {@link sigmoidFocalLoss} and its gradient with respect to the logits.
 *
 * @throws as {@link sigmoidFocalLoss}
 */
export const sigmoidFocalLossWithGrad: ElementLossWithGrad<SigmoidFocalLossOptions> =
  /* @__PURE__ */ elementLossWithGrad(KIND);
