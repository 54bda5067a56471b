/** The exact answers of the losses that are measured, by the float64 references of the tests. */
import * as element from "../../test/support/elementReference.js";
import * as reference from "../../test/support/lossReference.js";
import { crossEntropyWithGrad, distribution, total } from "../../test/support/reference.js";
import type { Exact } from "../check.js";
import type { Data } from "../data.js";
import { type LossName, lossOf, probabilitiesOf } from "./losses.js";

type Answer = Pick<Exact, "loss" | "gradient" | "sizes">;

function elementwise(of: (x: number, t: number) => element.ElementResult) {
  return ({ logits, labels }: Data): Answer => {
    const each = Array.from(logits, (x, i) => of(x, labels[i]));
    const n = logits.length;
    return { loss: total(each.map(({ loss }) => loss)) / n, gradient: Float64Array.from(each, ({ grad }) => grad / n) };
  };
}

/** A row's loss, and its gradient. */
function rowwise(of: (x: Float32Array, y: number) => { loss: number; grad: readonly number[] }) {
  return ({ logits, targets }: Data): Answer => {
    const classes = logits.length / targets.length;
    const rows = Array.from(targets, (y, r) => of(logits.subarray(r * classes, (r + 1) * classes), y));
    return {
      loss: total(rows.map(({ loss }) => loss)) / rows.length,
      gradient: Float64Array.from(rows.flatMap(({ grad }) => grad.map((g) => g / rows.length))),
    };
  };
}

const EXACT: Record<LossName, (data: Data) => Answer> = {
  binaryCrossEntropy: elementwise((x, t) => element.binaryCrossEntropy(x, t)),
  klDivLoss: elementwise(element.klDiv),
  sigmoidFocalLoss: elementwise((x, t) => element.sigmoidFocal(x, t, 0.25, 2)),
  mseLoss: elementwise(element.squared),
  l1Loss: elementwise(element.absolute),
  gaussianNllLoss: elementwise((x, t) => element.gaussian(x, t, Math.fround(0.5 + Math.abs(t)), false, 1e-6)),
  poissonNllLoss: elementwise((x, t) => element.poisson(x, t, true, false, 1e-8)),
  focalLoss: rowwise((x, y) => {
    const { p, logP } = distribution(Float64Array.from(x));
    const rest = total(Array.from(p, (value, j) => (j === y ? 0 : value)));
    const factor = rest ** 2 - 2 * rest * p[y] * logP[y];
    return { loss: -(rest ** 2) * logP[y], grad: Array.from(p, (value, j) => factor * (j === y ? -rest : value)) };
  }),
  entropyLoss: rowwise((x) => {
    const { p, logP } = distribution(Float64Array.from(x));
    const entropy = -total(Array.from(p, (value, j) => value * logP[j]));
    return { loss: entropy, grad: Array.from(p, (value, j) => -value * (logP[j] + entropy)) };
  }),
  logSumExp: ({ logits, targets }) => {
    const classes = logits.length / targets.length;
    const rows = Array.from(targets, (_, r) =>
      distribution(Float64Array.from(logits.subarray(r * classes, (r + 1) * classes))),
    );
    return {
      loss: total(rows.map(({ lse }) => lse)) / rows.length,
      gradient: Float64Array.from(rows.flatMap(({ p }) => [...p])),
    };
  },
  softCrossEntropy: ({ logits, targets }) => {
    const dims = [targets.length, logits.length / targets.length];
    const probabilities = probabilitiesOf(logits);
    const { loss, grad } = crossEntropyWithGrad(logits, probabilities, { dims });
    // p is the gradient and t: the larger of both, over the rows.
    const sizes = grad.map((g, i) => Math.max(g + probabilities[i] / dims[0], probabilities[i] / dims[0]));
    return { loss: loss[0], gradient: grad, sizes };
  },
  nllLoss: ({ logits, targets }) => {
    const dims = [targets.length, logits.length / targets.length];
    const { loss, grad } = reference.nllLossWithGrad(logits, targets, { dims });
    return { loss: loss[0], gradient: grad };
  },
};

export function exactLoss(name: LossName, data: Data): Answer & { row: number } {
  const { classes } = lossOf(name);
  return { ...EXACT[name](data), row: classes === 1 ? data.logits.length : classes };
}
