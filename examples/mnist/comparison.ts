/** What the loss costs in a training step: with celoss, and with the loss as plain JavaScript. */
import { crossEntropyWithGrad } from "celoss";
import { crossEntropyWithGradPlain } from "../../bench/baseline.js";

/** Steps until the engine has compiled both losses; they are checked but not timed. */
const WARM_UP_STEPS = 50;
/** Largest difference of the two losses, in nats. */
const TOLERANCE = 1e-6;

export interface LossCost {
  /** Median time of one call, in milliseconds. */
  readonly time: number;
  /** Part of a step that has this loss in it, in [0, 1]. */
  readonly share: number;
}

export interface Comparison {
  readonly celoss: LossCost;
  readonly plain: LossCost;
  /** Median time of a step without its loss, in milliseconds. */
  readonly rest: number;
  /** Steps that were timed. */
  readonly steps: number;
  /** Largest difference of the two losses over all steps, in nats, and what it may be. */
  readonly difference: number;
  readonly tolerance: number;
}

/**
 * Runs both losses on the logits and targets of every training step, each with a gradient buffer of its own. They take
 * turns in going first, because the second one finds its input in the cache.
 */
export class LossComparison {
  readonly #gradCeloss: Float32Array;
  readonly #gradPlain: Float32Array;
  readonly #times: { step: number[]; celoss: number[]; plain: number[] } = { step: [], celoss: [], plain: [] };
  #steps = 0;
  #difference = 0;

  constructor(
    rows: number,
    readonly classes: number,
  ) {
    this.#gradCeloss = new Float32Array(rows * classes);
    this.#gradPlain = new Float32Array(rows * classes);
  }

  /**
   * @param stepTime milliseconds that the step took, celoss's loss included
   * @throws Error if the two losses differ by more than the tolerance
   */
  add(logits: Float32Array, targets: Int32Array, stepTime: number): void {
    const { classes } = this;
    const runCeloss = () => crossEntropyWithGrad(logits, targets, { classes, grad: this.#gradCeloss }).loss;
    const runPlain = () => crossEntropyWithGradPlain(logits, targets, classes, this.#gradPlain);
    const celossFirst = this.#steps % 2 === 0;
    const [first, second] = celossFirst ? [timed(runCeloss), timed(runPlain)] : [timed(runPlain), timed(runCeloss)];
    const [celoss, plain] = celossFirst ? [first, second] : [second, first];

    const difference = Math.abs(celoss.loss - plain.loss);
    if (!(difference <= TOLERANCE)) {
      throw new Error(`celoss and the plain loss differ: ${celoss.loss} and ${plain.loss} at step ${this.#steps}`);
    }
    this.#difference = Math.max(this.#difference, difference);
    if (++this.#steps <= WARM_UP_STEPS) return;
    this.#times.step.push(stepTime);
    this.#times.celoss.push(celoss.time);
    this.#times.plain.push(plain.time);
  }

  result(): Comparison {
    const celoss = median(this.#times.celoss);
    const plain = median(this.#times.plain);
    const rest = median(this.#times.step) - celoss;
    return {
      celoss: { time: celoss, share: celoss / (rest + celoss) },
      plain: { time: plain, share: plain / (rest + plain) },
      rest,
      steps: this.#times.step.length,
      difference: this.#difference,
      tolerance: TOLERANCE,
    };
  }
}

function timed(run: () => number): { loss: number; time: number } {
  const start = performance.now();
  const loss = run();
  return { loss, time: performance.now() - start };
}

function median(values: number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
