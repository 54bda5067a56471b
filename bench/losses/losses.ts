/**
 * The losses that are measured beside cross-entropy with class indices, and log-sum-exp with softmax, the gradient of its
 * sum: their data, the plain loop, and the call of celoss.
 */
import type { Rng } from "../../test/support/rng.js";
import type { Data } from "../data.js";
import * as plain from "./plain.js";

type Library = typeof import("celoss");
type Values = Float32Array<ArrayBuffer>;

export interface MeasuredLoss {
  /** 1 where the loss goes element by element; `Data.logits` is its input then and `Data.labels` are its targets. */
  readonly classes: number;
  readonly input: (rng: Rng) => number;
  readonly target?: (rng: Rng) => number;
  plain(data: Data, grad: Values | undefined): number;
  ours(celoss: Library, data: Data, grad: Values | undefined): number;
}

const normal = (rng: Rng) => rng.normal(4);
const unit = (rng: Rng) => rng.uniform(0.001, 0.999);
const binary = (rng: Rng) => rng.integer(2);
const CLASSES = 10;

function mean(values: Float32Array | Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** What each array is joined by, made once: no call is to be measured with it. */
function once(make: (values: Float32Array) => Values): (values: Float32Array) => Values {
  const made = new WeakMap<Float32Array, Values>();
  return (values) => {
    const known = made.get(values);
    if (known !== undefined) return known;
    const first = make(values);
    made.set(values, first);
    return first;
  };
}

/** A variance for each target, so that no third file of data is needed. */
const varianceOf = once((targets) => Float32Array.from(targets, (t) => 0.5 + Math.abs(t)));
/** Class probabilities, for the same reason: tenths of a triangular number in an order that changes from row to row. */
export const probabilitiesOf = once((logits) =>
  Float32Array.from(logits, (_, i) => (1 + ((7 * i + 3 * Math.floor(i / CLASSES)) % CLASSES)) / 55),
);
/** A second gradient beside the first. */
const otherOf = once((grad) => new Float32Array(grad.length));

export const LOSSES = {
  binaryCrossEntropy: {
    classes: 1,
    input: unit,
    target: binary,
    plain: ({ logits, labels }, grad) => plain.binaryCrossEntropyPlain(logits, labels, grad),
    ours: (celoss, { logits, labels }, grad) =>
      grad
        ? celoss.binaryCrossEntropyWithGrad(logits, labels, { grad }).loss
        : celoss.binaryCrossEntropy(logits, labels),
  },
  klDivLoss: {
    classes: 1,
    input: (rng) => -Math.abs(rng.normal(4)),
    target: unit,
    plain: ({ logits, labels }, grad) => plain.klDivLossPlain(logits, labels, grad),
    ours: (celoss, { logits, labels }, grad) =>
      grad ? celoss.klDivLossWithGrad(logits, labels, { grad }).loss : celoss.klDivLoss(logits, labels),
  },
  sigmoidFocalLoss: {
    classes: 1,
    input: normal,
    target: binary,
    plain: ({ logits, labels }, grad) => plain.sigmoidFocalLossPlain(logits, labels, grad),
    ours: (celoss, { logits, labels }, grad) =>
      grad ? celoss.sigmoidFocalLossWithGrad(logits, labels, { grad }).loss : celoss.sigmoidFocalLoss(logits, labels),
  },
  mseLoss: {
    classes: 1,
    input: normal,
    target: normal,
    plain: ({ logits, labels }, grad) => plain.mseLossPlain(logits, labels, grad),
    ours: (celoss, { logits, labels }, grad) =>
      grad ? celoss.mseLossWithGrad(logits, labels, { grad }).loss : celoss.mseLoss(logits, labels),
  },
  l1Loss: {
    classes: 1,
    input: normal,
    target: normal,
    plain: ({ logits, labels }, grad) => plain.l1LossPlain(logits, labels, grad),
    ours: (celoss, { logits, labels }, grad) =>
      grad ? celoss.l1LossWithGrad(logits, labels, { grad }).loss : celoss.l1Loss(logits, labels),
  },
  gaussianNllLoss: {
    classes: 1,
    input: normal,
    target: normal,
    plain: ({ logits, labels }, grad) => {
      const variance = varianceOf(labels);
      return plain.gaussianNllLossPlain(logits, labels, variance, grad, grad && otherOf(grad));
    },
    ours: (celoss, { logits, labels }, grad) => {
      const variance = varianceOf(labels);
      return grad
        ? celoss.gaussianNllLossWithGrad(logits, labels, variance, { grad, gradVariance: otherOf(grad) }).loss
        : celoss.gaussianNllLoss(logits, labels, variance);
    },
  },
  poissonNllLoss: {
    classes: 1,
    input: (rng) => rng.normal(1),
    target: (rng) => rng.integer(9),
    plain: ({ logits, labels }, grad) => plain.poissonNllLossPlain(logits, labels, grad),
    ours: (celoss, { logits, labels }, grad) =>
      grad ? celoss.poissonNllLossWithGrad(logits, labels, { grad }).loss : celoss.poissonNllLoss(logits, labels),
  },
  focalLoss: {
    classes: CLASSES,
    input: normal,
    plain: ({ logits, targets }, grad) => plain.focalLossPlain(logits, targets, CLASSES, grad),
    ours: (celoss, { logits, targets }, grad) =>
      grad ? celoss.focalLossWithGrad(logits, targets, { grad }).loss : celoss.focalLoss(logits, targets),
  },
  entropyLoss: {
    classes: CLASSES,
    input: normal,
    plain: ({ logits, targets }, grad) => plain.entropyLossPlain(logits, targets.length, CLASSES, grad),
    ours: (celoss, { logits }, grad) =>
      grad
        ? celoss.entropyLossWithGrad(logits, { grad, classes: CLASSES }).loss
        : celoss.entropyLoss(logits, { classes: CLASSES }),
  },
  nllLoss: {
    classes: CLASSES,
    input: (rng) => -Math.abs(rng.normal(4)),
    plain: ({ logits, targets }, grad) => plain.nllLossPlain(logits, targets, CLASSES, grad),
    ours: (celoss, { logits, targets }, grad) =>
      grad ? celoss.nllLossWithGrad(logits, targets, { grad }).loss : celoss.nllLoss(logits, targets),
  },
  softCrossEntropy: {
    classes: CLASSES,
    input: normal,
    plain: ({ logits }, grad) => plain.softCrossEntropyPlain(logits, probabilitiesOf(logits), CLASSES, grad),
    ours: (celoss, { logits }, grad) => {
      const probabilities = probabilitiesOf(logits);
      return grad
        ? celoss.crossEntropyWithGrad(logits, probabilities, { classes: CLASSES, grad }).loss
        : celoss.crossEntropy(logits, probabilities, { classes: CLASSES });
    },
  },
  logSumExp: {
    classes: CLASSES,
    input: normal,
    plain: ({ logits, targets }, grad) => plain.logSumExpPlain(logits, targets.length, CLASSES, grad),
    ours: (celoss, { logits }, grad) => {
      if (grad) celoss.softmax(logits, { classes: CLASSES, out: grad });
      return mean(celoss.logSumExp(logits, { classes: CLASSES }));
    },
  },
} as const satisfies Record<string, MeasuredLoss>;

export type LossName = keyof typeof LOSSES;
export const LOSS_NAMES = Object.keys(LOSSES) as LossName[];
export const isLoss = (kind: string): kind is LossName => kind in LOSSES;

export function lossOf(name: LossName): MeasuredLoss {
  return LOSSES[name];
}
