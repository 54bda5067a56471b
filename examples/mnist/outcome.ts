/** All that a training leaves behind, and what it means in words: both the terminal and the report tell it. */
import type { Comparison } from "./comparison.js";
import { bits, type Evaluation } from "./evaluation.js";
import { duration, nats, percent } from "./format.js";
import type { History } from "./history.js";
import type { Digits } from "./mnist.js";
import type { Options } from "./options.js";

export interface Outcome {
  readonly options: Options;
  readonly size: { readonly rows: number; readonly inputs: number; readonly hidden: number; readonly classes: number };
  readonly learningRate: number;
  readonly trainRows: number;
  readonly test: Digits;
  readonly history: History;
  readonly evaluation: Evaluation;
  readonly comparison: Comparison;
  /** The kernel set that computed the loss. */
  readonly variant: string;
  /** Milliseconds from the start of the program to the end of the last evaluation, and of the training steps alone. */
  readonly time: { readonly total: number; readonly steps: number };
}

/** What the loss on the test set means. */
export function explainLoss({ evaluation: { loss, classes } }: Outcome): string[] {
  const guessing = Math.log2(classes);
  return [
    `The test loss of ${nats(loss)} nats is ${nats(loss)} / ln 2 = ${nats(bits(loss))} bits a digit: the mean length of ` +
      "a label in the ideal code for the network's probabilities. " +
      `Without a network it takes log₂ ${classes} = ${guessing.toFixed(2)} bits, of which ` +
      `${percent(1 - bits(loss) / guessing, 1)} are saved.`,
    `Perplexity e^${nats(loss)} = ${Math.exp(loss).toFixed(3)}: the network is as undecided as between that many ` +
      `equally likely digits; 1 is certainty, ${classes} is guessing.`,
  ];
}

/** What the times of the two losses mean. */
export function explainComparison({ comparison, size }: Outcome): string[] {
  const { celoss, plain, rest, difference, tolerance } = comparison;
  return [
    `Both computed the same losses: they differ by ${difference.toExponential(1)} nats at most, where ` +
      `${tolerance.toExponential(0)} is allowed.`,
    `A call of celoss takes ${percent(celoss.time / plain.time, 1)} of the plain one's time, a whole step ` +
      `${percent((rest + celoss.time) / (rest + plain.time))}. With ${size.classes} classes, the other ${duration(rest)} of ` +
      "a step are matrix products; the loss weighs more with thousands of classes, or beside faster products.",
  ];
}
