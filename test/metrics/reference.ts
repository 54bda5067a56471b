// The metrics in float64, from their definitions, one row after the other.

import { crossEntropyBounds, transformBounds } from "../support/bounds.js";
import * as reference from "../support/reference.js";

type Options = reference.CrossEntropyOptions;
type Targets = reference.Floats | reference.Indices;

/** What of the options changes the prediction, and which rows there are. */
function plainOf({ dims, axis, scale, softcap, mask, ignoreIndex }: Options): Options {
  return { dims, axis, scale, softcap, mask, ignoreIndex, reduction: "none" };
}

export interface Expected {
  count: number;
  loss: number;
  nll: number;
  accuracy: number;
  ranks: number[];
  brier: number;
  ece: number;
  /** By bin. */
  counts: number[];
  confidence: number[];
  confusion: number[][];
  /** How far from these a correct result may be. */
  bounds: { loss: number; nll: number; brier: number; confidence: number };
}

const sum = reference.total;

/** @param u the unit roundoff of the arithmetic that is judged */
export function evaluate(
  logits: reference.Floats,
  targets: Targets,
  options: Options,
  bins: number,
  u: number,
): Expected {
  const mean = reference.crossEntropyWithGrad(logits, targets, { ...options, reduction: "mean" });
  const plain = reference.crossEntropyWithGrad(logits, targets, plainOf(options));
  const { rows, layout } = plain;
  const { classes } = layout;
  const counted = Array.from(rows.keys()).filter((r) => !rows[r].blank);
  const nllBounds = crossEntropyBounds(plain, plainOf(options), u).loss;
  const expected: Expected = {
    count: counted.length,
    loss: mean.loss[0],
    nll: sum(counted.map((r) => plain.loss[r])) / counted.length,
    accuracy: 0,
    ranks: [],
    brier: 0,
    ece: 0,
    counts: Array.from({ length: bins }, () => 0),
    confidence: Array.from({ length: bins }, () => 0),
    confusion: Array.from({ length: classes }, () => new Array(classes).fill(0)),
    bounds: {
      loss: crossEntropyBounds(mean, { ...options, reduction: "mean" }, u).loss[0],
      nll: sum(counted.map((r) => nllBounds[r])) / counted.length,
      brier: 0,
      confidence: 0,
    },
  };
  const correct = Array.from({ length: bins }, () => 0);
  for (const r of counted) {
    const { z, p, t } = rows[r];
    // As if the rows stood alone: by the logits that scale, cap and mask left.
    const error = transformBounds(z, { dims: [classes] }, u).softmax;
    const label = reference.isIndices(targets) ? Number(targets[r]) : t.indexOf(Math.max(...t));
    const order = Array.from(z.keys()).sort((a, b) => z[b] - z[a] || a - b);
    const rank = 1 + order.indexOf(label);
    expected.ranks.push(rank);
    expected.confusion[label][order[0]]++;
    expected.accuracy += Number(rank === 1) / counted.length;
    expected.brier += sum(p.map((value, j) => (value - t[j]) ** 2)) / counted.length;
    const top = p[order[0]];
    const bin = Math.min(bins - 1, Math.floor(top * bins));
    expected.counts[bin]++;
    expected.confidence[bin] += top;
    correct[bin] += Number(rank === 1);
    const gap = p.map((value, j) => (Math.abs(value - t[j]) + error[j]) * error[j]);
    const others = sum(error);
    expected.bounds.brier += (2 * sum(gap) + 2 * others * (1 - p[label] + others)) / counted.length;
    expected.bounds.confidence = Math.max(expected.bounds.confidence, error[order[0]]);
  }
  expected.ece = sum(correct.map((value, i) => Math.abs(value - expected.confidence[i]))) / counted.length;
  expected.confidence = expected.confidence.map((value, i) => value / expected.counts[i]);
  return expected;
}
