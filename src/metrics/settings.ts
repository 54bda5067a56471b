import { typeError } from "../input/errors.js";
import { boolean, integer, knownOptions } from "../input/options.js";

/** What a {@link CrossEntropyState} gathers. States merge only with states of the same settings. */
export interface StateOptions {
  /** The k of top-k accuracies; default 1 and 5. */
  topK?: readonly number[];
  /** Bins of equal width that confidences fall into; default 15. */
  calibrationBins?: number;
  /**
   * Whether to count every pair of target and prediction, for at most 4096 classes; default false. All batches must have
   * as many classes as the first one then.
   */
  confusionMatrix?: boolean;
}

/** Checked, `topK` ascending and without repetition. */
export type Settings = Required<StateOptions>;

const MOST_BINS = 2 ** 16;

export function readSettings(options: StateOptions): Settings {
  knownOptions(options, ["topK", "calibrationBins", "confusionMatrix"]);
  const { topK = [1, 5], calibrationBins, confusionMatrix } = options;
  if (!Array.isArray(topK)) throw typeError("topK", "array of integers", topK);
  const ks = topK.map((k, i) => integer(`topK[${i}]`, k, undefined, { min: 1 }));
  return {
    topK: [...new Set(ks)].sort((a, b) => a - b),
    calibrationBins: integer("calibrationBins", calibrationBins, 15, { min: 1, max: MOST_BINS }),
    confusionMatrix: boolean("confusionMatrix", confusionMatrix, false),
  };
}
