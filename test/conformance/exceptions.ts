import { existsSync } from "node:fs";
import * as celoss from "../../src/index.js";
import { callOf, type Outputs } from "./calls.js";
import type { Case } from "./load.js";

/** Runs, but the library documents an answer other than the recorded one. */
export interface Deviation {
  id: string;
  reason: string;
  /** Our answer, in place of the recorded outputs of these names; or the error that a call raises. */
  ours: Outputs | { throws: RegExp };
}

/** Cannot run: the library has no such function. */
export interface NotCovered {
  op: string;
  /** Which cases of the op; all by default. */
  only?: (c: Case) => boolean;
  /** How many cases that are, so that none joins or leaves unseen. */
  cases: number;
  reason: string;
  /** True as long as the reason holds. */
  holds: () => boolean;
}

const missing = (name: string) => () => !(name in celoss);
const absent = (room: string) => () => !existsSync(new URL(`../../src/${room}`, import.meta.url));
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
  ...[
    "softmaxCrossEntropy-mean-w_zero-ls0-28",
    "softmaxCrossEntropy-sum_by_nonzero_weights-w_zero-ls0-38",
    "softmaxCrossEntropy-sum_by_nonzero_weights-w_zero-ls0.2-39",
    "sigmoidCrossEntropy-mean-w_zero-ls0.2-69",
    "sigmoidCrossEntropy-sum_by_nonzero_weights-w_zero-ls0-78",
  ].map((name) => ({ id: `tfjs-executed/${name}`, reason: NAN_FOR_NO_WEIGHT, ours: THROWS })),
];

export const NOT_COVERED: readonly NotCovered[] = [
  { op: "nll_loss", cases: 26, reason: "nllLoss: a later issue", holds: missing("nllLoss") },
  { op: "kl_div", cases: 24, reason: "klDivLoss: a later issue", holds: missing("klDivLoss") },
  { op: "bce", cases: 36, reason: "losses on probabilities: a later issue", holds: missing("binaryCrossEntropy") },
  {
    op: "prob_cross_entropy",
    cases: 9,
    reason: "losses on probabilities: a later issue",
    holds: missing("binaryCrossEntropy"),
  },
  {
    op: "prob_cross_entropy_index",
    cases: 19,
    reason: "losses on probabilities: a later issue",
    holds: missing("binaryCrossEntropy"),
  },
  { op: "focal_bce", cases: 3, reason: "focal losses: a later issue", holds: missing("sigmoidFocalLoss") },
  { op: "focal_bce_with_logits", cases: 1, reason: "focal losses: a later issue", holds: missing("sigmoidFocalLoss") },
  { op: "focal_categorical_with_logits", cases: 4, reason: "focal losses: a later issue", holds: missing("focalLoss") },
  { op: "poisson_nll", cases: 2, reason: "poissonNllLoss: a later issue", holds: missing("poissonNllLoss") },
  { op: "log_sigmoid", cases: 2, reason: "logSigmoid: a later issue", holds: missing("logSigmoid") },
  { op: "weighted_reduce", cases: 9, reason: "the losses of celoss/tfjs: a later issue", holds: absent("tfjs") },
  {
    op: "logsumexp",
    only: (c) => "b" in c.inputs,
    cases: 4,
    reason: "logSumExp's factors b and returnSign: a later issue",
    holds: () => throws(() => celoss.logSumExp([1], { b: [1] } as never)),
  },
];

function throws(run: () => unknown): boolean {
  try {
    run();
    return false;
  } catch {
    return true;
  }
}

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
