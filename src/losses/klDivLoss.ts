import { boolean } from "../input/options.js";
import {
  type ElementLoss,
  type ElementLossOptions,
  type ElementLossWithGrad,
  elementLoss,
  elementLossWithGrad,
  type Kind,
} from "./elementLoss.js";

export interface KlDivLossOptions extends Omit<ElementLossOptions, "reduction"> {
  /** `"batchmean"`, the mean of the theory, divides by the first dimension; `"mean"` by the number of elements. */
  reduction?: ElementLossOptions["reduction"] | "batchmean";
  /** Whether the targets are logarithms too; default false. */
  logTarget?: boolean;
}

const KIND: Kind<KlDivLossOptions> = {
  input: "input",
  own: ["logTarget"],
  reductions: ["batchmean"],
  read: ({ logTarget }) => ({ op: boolean("logTarget", logTarget, false) ? "logDivergence" : "divergence" }),
  count: ({ dims, rows, classes }, { reduction }) =>
    reduction === "batchmean" ? (dims.length === 0 ? 1 : dims[0]) : rows * classes,
};

/**
 * Kullback–Leibler divergence of targets t from ln q, `input`, element by element, in nats: t·(ln t − ln q), or with
 * `logTarget` eᵗ·(t − ln q). Semantics of PyTorch's `kl_div`; t = 0 gives 0.
 *
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for shapes that do not fit or an option out of its range; nothing has been written then
 */
export const klDivLoss: ElementLoss<KlDivLossOptions> = /* @__PURE__ */ elementLoss(KIND);

/**
 * {@link klDivLoss} and its gradient with respect to the input, −t, or with `logTarget` −eᵗ.
 *
 * @throws as {@link klDivLoss}
 */
export const klDivLossWithGrad: ElementLossWithGrad<KlDivLossOptions> = /* @__PURE__ */ elementLossWithGrad(KIND);
