import { callOf, type Outputs } from "./calls.js";
import type { Case } from "./load.js";

/** Runs, but the library documents an answer other than the recorded one. */
export interface Deviation {
  id: string;
  reason: string;
  /** Our answer, in place of the recorded outputs of these names; or the error that a call raises. */
  ours: Outputs | { throws: RegExp };
}

/** Cannot run: celoss has no such function. */
export interface NotCovered {
  op: string;
  /** Which cases of the op; all by default. */
  only?: (c: Case) => boolean;
  /** How many cases that are, so that none joins or leaves unseen. */
  cases: number;
  reason: string;
}

const NAN_FOR_NO_WEIGHT = "all sample weights 0: TensorFlow.js divides 0/0; a denominator of 0 is refused here";
const THROWS = { throws: /"denominator" expected/ };

/** The one list of what is not simply run against the recorded numbers. */
export const DEVIATIONS: readonly Deviation[] = [
  {
    id: "pytorch-ce-extreme/all-neg-inf-row-ignored",
    reason: "an ignored row has gradient 0 whatever it holds; PyTorch: NaN",
    ours: { grad_logits: [0, 0, 0, 0.09003057317038046, 0.24472847105479767, -0.3347590442251781] },
  },
  {
    id: "pytorch-ce-extreme/prob-neg-inf-zero-target",
    reason: "probability 0 times −∞ counts as 0; PyTorch: NaN",
    ours: { loss: [0.8132616875182228, 0.4076059644443804] },
  },
  {
    id: "tensorflow/xent-single-class",
    reason: "the true derivative, p Σt − t; TensorFlow returns p − t also where Σt is not 1",
    ours: { grad_logits: [0, 0, 0, 0] },
  },
  {
    id: "pytorch-bce/logits-inf",
    reason: "(1 − t)x with t = 1 and infinite x counts as 0, and the softplus is formed without ∞ − ∞; PyTorch: NaN",
    ours: { loss: [0, 0, Infinity, Infinity] },
  },
  {
    id: "pytorch-kl/zero-target-neg-inf-pred",
    reason: "target 0 times −∞ counts as 0; PyTorch: NaN",
    ours: { loss: [0, 0] },
  },
  {
    id: "pytorch-kl/both-neg-inf-log",
    reason: "target e^−∞ = 0 times ∞ counts as 0; PyTorch: NaN",
    ours: { loss: [0, 0] },
  },
  ...[
    "softmaxCrossEntropy-mean-w_zero-ls0-28",
    "softmaxCrossEntropy-sum_by_nonzero_weights-w_zero-ls0-38",
    "softmaxCrossEntropy-sum_by_nonzero_weights-w_zero-ls0.2-39",
    "sigmoidCrossEntropy-mean-w_zero-ls0.2-69",
    "sigmoidCrossEntropy-sum_by_nonzero_weights-w_zero-ls0-78",
  ].map((name) => ({ id: `tfjs-executed/${name}`, reason: NAN_FOR_NO_WEIGHT, ours: THROWS })),
];

export const NOT_COVERED: readonly NotCovered[] = [
  {
    op: "bce",
    only: ({ attrs }) => (attrs.clamp as { mode: string } | undefined)?.mode === "add",
    cases: 20,
    reason:
      "TensorFlow's log_loss adds 10⁻⁷ to p and to 1 − p before their logarithms; binaryCrossEntropy has PyTorch's bound of −100",
  },
  {
    op: "kl_div",
    only: ({ attrs }) => attrs.generalized === true,
    cases: 1,
    reason: "Optax's generalised divergence, Σ t(ln t − x) − t + eˣ, of what need not sum to 1",
  },
  {
    op: "focal_categorical_with_logits",
    only: ({ attrs }) => attrs.label_smoothing !== undefined,
    cases: 1,
    reason: "Keras smooths the targets of a focal loss; focalLoss takes class indices",
  },
  {
    op: "prob_cross_entropy",
    only: ({ attrs }) => attrs.label_smoothing !== undefined && attrs.focal_gamma !== undefined,
    cases: 1,
    reason: "Keras smooths the targets of a focal loss; focalLoss takes class indices",
  },
];

export type Standing =
  | { kind: "run" }
  | { kind: "error" }
  | { kind: "deviation"; deviation: Deviation }
  | { kind: "not covered"; entry: NotCovered };

/** Which of the lists a case stands in. A case that cannot run and is not listed, or stands in two lists, is an error. */
export function standing(c: Case): Standing {
  const entries = NOT_COVERED.filter((entry) => entry.op === c.op && (entry.only?.(c) ?? true));
  const deviations = DEVIATIONS.filter((deviation) => deviation.id === c.id);
  const runs = callOf(c, Float64Array) !== undefined;
  if (entries.length + deviations.length > 1)
    throw new Error(`${c.id} is listed ${entries.length + deviations.length} times`);
  if (entries.length === 1 && runs) throw new Error(`${c.id} is listed as not covered but can run`);
  if (entries.length === 1) return { kind: "not covered", entry: entries[0] };
  if (!runs) throw new Error(`${c.id} (${c.op}) cannot run and is not listed`);
  if (c.expect_error !== undefined) return { kind: "error" };
  if (deviations.length === 1) return { kind: "deviation", deviation: deviations[0] };
  return { kind: "run" };
}
