import type { Tally } from "./tally.js";

/** The rows whose confidence, the probability of their prediction, lies in [from, to); the last bin holds 1 as well. */
export interface CalibrationBin {
  from: number;
  to: number;
  count: number;
  /** Mean confidence of the rows; NaN in an empty bin. */
  confidence: number;
  /** Share of the rows that predict their target; NaN in an empty bin. */
  accuracy: number;
}

/** Means are over `count` rows, and NaN where there is nothing to average. */
export interface Evaluation {
  /** Rows that are neither ignored nor fully masked. */
  count: number;
  /**
   * Those of them whose softmax is NaN, as they hold NaN, +∞ or nothing but −∞. They predict nothing: wrong, of the last
   * rank, and in no cell of the confusion matrix. Loss, Brier score and calibration error are NaN then.
   */
  invalid: number;
  /** What `crossEntropy` gives as the mean over all rows at once, with the options of each update; in nats. */
  loss: number;
  /** exp of the mean negative log-likelihood, which leaves out weights, label smoothing, z-loss and Poly-1. */
  perplexity: number;
  /** The mean negative log-likelihood in bits. */
  bitsPerToken: number;
  /** Negative log-likelihood in bits per byte; NaN unless each update with rows said how many `bytes` they stand for. */
  bitsPerByte: number;
  /** Share of the rows whose target is the prediction, the first class of the largest logit. */
  accuracy: number;
  /** Share of the rows whose target is of rank k or better, by k. */
  topK: Record<number, number>;
  /** Mean rank of the target, 1 the best. Of classes with equal logits the first has the better rank. */
  meanRank: number;
  /** Mean of Σ(p − e)², in [0, 2]; e is one-hot, or the target's probabilities. */
  brier: number;
  /** Expected calibration error: Σ |accuracy − confidence| of the bins, weighted by their shares of the rows. */
  ece: number;
  /** The bins of a reliability diagram. */
  bins: CalibrationBin[];
  /** Rows by [target][prediction], when the state counts them; empty before the first batch. */
  confusionMatrix?: number[][];
}

export function evaluation(tally: Tally): Evaluation {
  const { count, invalid, ranks, hits, rows, bytes, unmeasured, settings } = tally;
  const { topK, calibrationBins } = settings;
  const share = (part: number, whole: number) => (whole === 0 ? Number.NaN : part / whole);
  const mean = (sum: Tally["loss"], by: number) => (by === 0 ? Number.NaN : sum.over(by));
  const nll = mean(tally.nll, count);
  let correct = 0;
  let miscalibration = 0;
  const bins = tally.bins.map((bin, i) => {
    correct += bin.correct;
    miscalibration += Math.abs(bin.correct - bin.confidence.value());
    return {
      from: i / calibrationBins,
      to: (i + 1) / calibrationBins,
      count: bin.count,
      confidence: mean(bin.confidence, bin.count),
      accuracy: share(bin.correct, bin.count),
    };
  });
  const zLoss = rows === 0 ? 0 : tally.zLoss.over(rows);
  const result: Evaluation = {
    count,
    invalid,
    loss: mean(tally.loss, tally.divisor.value()) + zLoss,
    perplexity: Math.exp(nll),
    bitsPerToken: nll / Math.LN2,
    bitsPerByte: unmeasured === 0 ? mean(tally.nll, bytes) / Math.LN2 : Number.NaN,
    accuracy: share(correct, count),
    topK: Object.fromEntries(topK.map((k, i) => [k, share(hits[i], count)])),
    meanRank: share(ranks, count),
    brier: mean(tally.brier, count),
    ece: invalid === 0 ? share(miscalibration, count) : Number.NaN,
    bins,
  };
  if (settings.confusionMatrix) result.confusionMatrix = confusionRows(tally);
  return result;
}

function confusionRows({ classes, confusion }: Tally): number[][] {
  return Array.from({ length: classes }, (_, y) => Array.from(confusion.subarray(y * classes, (y + 1) * classes)));
}
