/** How well a network does on digits: losses, predictions and the numbers made of them. */
import { crossEntropy, softmax } from "celoss";
import { batches, type Digits } from "./mnist.js";
import type { Network } from "./network.js";

export interface Evaluation {
  readonly rows: number;
  readonly classes: number;
  /** Cross-entropy of each digit in nats, −ln p(label). */
  readonly losses: Float32Array;
  /** softmax of the logits, rows × classes. */
  readonly probabilities: Float32Array;
  /** The class with the largest logit, one a digit. */
  readonly predictions: Uint8Array;
  /** Mean of the losses, in nats. */
  readonly loss: number;
  readonly correct: number;
  /** In [0, 1]. */
  readonly accuracy: number;
}

/** Column of the largest entry in row `row` of a rows × classes matrix; the first one if several are equal. */
export function argmax(values: Float32Array, row: number, classes: number): number {
  const start = row * classes;
  let best = 0;
  for (let j = 1; j < classes; j++) if (values[start + j] > values[start + best]) best = j;
  return best;
}

export function countCorrect(logits: Float32Array, labels: Int32Array, classes: number): number {
  let correct = 0;
  for (let row = 0; row < labels.length; row++) if (argmax(logits, row, classes) === labels[row]) correct++;
  return correct;
}

/** @param batchRows the number of rows that the network was made for */
export function evaluate(network: Network, digits: Digits, batchRows: number, classes: number): Evaluation {
  const { rows } = digits;
  const losses = new Float32Array(rows);
  const probabilities = new Float32Array(rows * classes);
  const predictions = new Uint8Array(rows);
  let first = 0;
  for (const { images, labels } of batches(digits, batchRows)) {
    const end = first + batchRows;
    network.forward(images);
    crossEntropy(network.logits, labels, { classes, reduction: "none", out: losses.subarray(first, end) });
    softmax(network.logits, {
      dims: [batchRows, classes],
      out: probabilities.subarray(first * classes, end * classes),
    });
    for (let row = 0; row < batchRows; row++) predictions[first + row] = argmax(network.logits, row, classes);
    first = end;
  }
  const correct = predictions.reduce((total, prediction, row) => total + Number(prediction === digits.labels[row]), 0);
  return {
    rows,
    classes,
    losses,
    probabilities,
    predictions,
    loss: losses.reduce((sum, loss) => sum + loss, 0) / rows,
    correct,
    accuracy: correct / rows,
  };
}

/** Information in bits of a loss in nats. */
export function bits(nats: number): number {
  return nats / Math.LN2;
}

/** Counts of (label, prediction), classes × classes: a row for each label. */
export function confusionMatrix(evaluation: Evaluation, labels: Uint8Array): number[][] {
  const counts = Array.from({ length: evaluation.classes }, () => new Array<number>(evaluation.classes).fill(0));
  for (let row = 0; row < evaluation.rows; row++) counts[labels[row]][evaluation.predictions[row]]++;
  return counts;
}

/** The rows of the `count` largest losses, largest first. */
export function worstRows(evaluation: Evaluation, count: number): number[] {
  const { losses } = evaluation;
  return Array.from(losses.keys())
    .sort((a, b) => losses[b] - losses[a])
    .slice(0, count);
}

export interface ConfidenceBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Means over the bin's digits; NaN in an empty bin. */
  readonly confidence: number;
  readonly accuracy: number;
}

/**
 * Digits by the probability of their prediction, in bins of equal width, and the expected calibration error
 * Σ count/rows · |accuracy − confidence| [Guo et al. 2017].
 */
export function calibration(
  evaluation: Evaluation,
  labels: Uint8Array,
  binCount: number,
): { bins: ConfidenceBin[]; error: number } {
  const { rows, classes, predictions, probabilities } = evaluation;
  const sums = Array.from({ length: binCount }, () => ({ count: 0, confidence: 0, correct: 0 }));
  for (let row = 0; row < rows; row++) {
    const confidence = probabilities[row * classes + predictions[row]];
    const bin = sums[Math.min(Math.floor(confidence * binCount), binCount - 1)];
    bin.count++;
    bin.confidence += confidence;
    if (predictions[row] === labels[row]) bin.correct++;
  }
  const error = sums.reduce((sum, bin) => sum + Math.abs(bin.correct - bin.confidence), 0) / rows;
  const bins = sums.map(({ count, confidence, correct }, i) => ({
    from: i / binCount,
    to: (i + 1) / binCount,
    count,
    confidence: confidence / count,
    accuracy: correct / count,
  }));
  return { bins, error };
}

/** Share of the digits, and of the sum of all losses, that lies in [edges[i], edges[i + 1]) bits a digit. */
export function lossShares(
  losses: Float32Array,
  edges: readonly number[],
): { from: number; to: number; digits: number; loss: number }[] {
  const total = losses.reduce((sum, loss) => sum + loss, 0);
  return edges.slice(0, -1).map((from, i) => {
    const to = edges[i + 1];
    const inside = losses.filter((loss) => bits(loss) >= from && bits(loss) < to);
    return {
      from,
      to,
      digits: inside.length / losses.length,
      loss: inside.reduce((sum, loss) => sum + loss, 0) / total,
    };
  });
}
