import { rangeError } from "../input/errors.js";
import { ExactSum } from "./exactSum.js";
import type { Settings } from "./settings.js";

/** Counts of pairs take 8 · classes² bytes. */
const MOST_CLASSES = 4096;

/** The rows whose confidence is in one interval. */
export interface Bin {
  count: number;
  correct: number;
  readonly confidence: ExactSum;
}

/**
 * All that is known of the rows so far: counts, and sums that do not round. The tally of two batches is therefore the
 * same to the bit in whichever order they came, or whether two tallies were merged.
 */
export class Tally {
  /** Rows that are not ignored: what the mean of the z-loss divides by. */
  rows = 0;
  /** Those of them that have a class to predict, which is all but the fully masked ones. */
  count = 0;
  /** Those of `count` whose logits have no softmax. */
  invalid = 0;
  /** Σ of the ranks of the targets. */
  ranks = 0;
  /** What the rows' tokens stand for, and how many rows came without saying so. */
  bytes = 0;
  unmeasured = 0;
  /** Rows whose target has at most rank k, for each k of the settings. */
  readonly hits: number[];
  /** Row losses with every option, and what their mean divides by. */
  readonly loss = new ExactSum();
  readonly divisor = new ExactSum();
  readonly zLoss = new ExactSum();
  /** Row losses that no weight and no smoothing went into. */
  readonly nll = new ExactSum();
  readonly brier = new ExactSum();
  readonly bins: readonly Bin[];
  /** Of the confusion matrix; 0 until the first batch. */
  classes = 0;
  /** (target, prediction) at target · classes + prediction. */
  confusion = new Float64Array(0);

  constructor(readonly settings: Settings) {
    this.hits = settings.topK.map(() => 0);
    this.bins = Array.from({ length: settings.calibrationBins }, () => {
      return { count: 0, correct: 0, confidence: new ExactSum() };
    });
  }

  /** @throws {RangeError} where the confusion matrix cannot have that many classes */
  checkClasses(name: string, classes: number): void {
    if (!this.settings.confusionMatrix || classes === 0) return;
    if (this.classes !== 0 && classes !== this.classes) {
      throw rangeError(name, `${this.classes} classes, as the confusion matrix has`, classes);
    }
    if (classes > MOST_CLASSES)
      throw rangeError(name, `at most ${MOST_CLASSES} classes for a confusion matrix`, classes);
  }

  /** To be called before `confusion` is counted in, with what {@link checkClasses} let pass. */
  useClasses(classes: number): void {
    if (!this.settings.confusionMatrix || classes === this.classes || classes === 0) return;
    this.confusion = new Float64Array(classes * classes);
    this.classes = classes;
  }

  /** @param other a tally of the same settings, whose number of classes was checked */
  merge(other: Tally): void {
    this.useClasses(other.classes);
    for (const name of ["rows", "count", "invalid", "ranks", "bytes", "unmeasured"] as const) this[name] += other[name];
    for (const name of ["loss", "divisor", "zLoss", "nll", "brier"] as const) this[name].merge(other[name]);
    for (const [i, hits] of other.hits.entries()) this.hits[i] += hits;
    for (const [i, { count, correct, confidence }] of other.bins.entries()) {
      const bin = this.bins[i];
      bin.count += count;
      bin.correct += correct;
      bin.confidence.merge(confidence);
    }
    for (let i = 0; i < other.confusion.length; i++) this.confusion[i] += other.confusion[i];
  }
}
