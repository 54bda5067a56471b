import { boolean, finiteNumber, POSITIVE } from "../input/options.js";
import {
  type ElementLoss,
  type ElementLossOptions,
  type ElementLossWithGrad,
  elementLoss,
  elementLossWithGrad,
  type Kind,
} from "./elementLoss.js";

export interface PoissonNllLossOptions extends ElementLossOptions {
  /** Whether the input is the logarithm of the rate; default true. */
  logInput?: boolean;
  /** Whether ln t! counts, by Stirling's formula for t > 1; default false. */
  full?: boolean;
  /** Added to the rate where `logInput` is false, so that ln 0 does not occur; default 10⁻⁸. */
  eps?: number;
}

const KIND: Kind<PoissonNllLossOptions> = {
  input: "input",
  own: ["logInput", "full", "eps"],
  read: ({ logInput, full, eps }) => ({
    op: boolean("logInput", logInput, true) ? "poissonOfLog" : "poisson",
    p: finiteNumber("eps", eps, 1e-8, POSITIVE),
    q: boolean("full", full, false) ? 1 : 0,
  }),
};

/**
 * Negative log-likelihood of counts t under Poisson distributions of rate eˣ, in nats: eˣ − t·x, or with `logInput: false`
 * of rate x: x − t·ln(x + eps). Semantics of PyTorch's `poisson_nll_loss`.
 *
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for shapes that do not fit or an option out of its range; nothing has been written then
 */
export const poissonNllLoss: ElementLoss<PoissonNllLossOptions> = /* @__PURE__ */ elementLoss(KIND);

/**
 * {@link poissonNllLoss} and its gradient, eˣ − t, or with `logInput: false` 1 − t/(x + eps).
 *
 * @throws as {@link poissonNllLoss}
 */
export const poissonNllLossWithGrad: ElementLossWithGrad<PoissonNllLossOptions> =
  /* @__PURE__ */ elementLossWithGrad(KIND);
