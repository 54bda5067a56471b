/** Adds a batch to a tally, tile by tile: a tile is copied once, and everything about its rows read off it. */
import type { FloatInput, IndexInput } from "../input/elements.js";
import { applyMask, type MaskView, markEmptyRows, maskView } from "../input/mask.js";
import { classWeights, integer, knownOptions, type RowFactors, rowFactors } from "../input/options.js";
import { copyRowsIn, type RowsView } from "../input/rows.js";
import { checkIndices, copyIndicesIn, resolveInputs, type Targets } from "../input/targets.js";
import { crossEntropy } from "../losses/crossEntropy.js";
import { type CrossEntropyOptions, readScalars, type Scalars } from "../losses/crossEntropyOptions.js";
import { product, type ReductionOptions } from "../losses/reduction.js";
import { computeType, elementBytes, rowsOfTile } from "../sweep/stage.js";
import { logSumExp, softmax } from "../transforms/softmax.js";
import type { Tally } from "./tally.js";

/**
 * Those of `crossEntropy`. `scale`, `softcap` and `mask` change the prediction, and with it everything; `weight`,
 * `sampleWeight`, `labelSmoothing`, `zLoss` and `polyEpsilon` change `loss` alone. Rows of `ignoreIndex` are left out;
 * a fully masked row counts for `loss`, as 0, and for nothing else.
 */
export interface UpdateOptions extends Omit<CrossEntropyOptions, keyof ReductionOptions | "out"> {
  /** How many bytes the batch's tokens stand for, those of ignored rows left out; for `bitsPerByte`. */
  bytes?: number;
}

const OPTIONS = [
  ...["classes", "dims", "axis", "dtype", "weight", "sampleWeight", "mask", "ignoreIndex", "labelSmoothing"],
  ...["scale", "softcap", "zLoss", "polyEpsilon", "bytes"],
];

/** Stands among the labels for a row that nothing is said of. */
const LEFT_OUT = -1;

/** The checked arguments of an update. */
interface Batch {
  readonly scalars: Scalars;
  readonly logits: RowsView;
  readonly targets: Targets;
  readonly weight: Float32Array | Float64Array | undefined;
  readonly sampleWeight: RowFactors;
  readonly mask: MaskView | undefined;
}

/** @throws as `crossEntropy` does; the tally is as it was then */
export function addBatch(
  tally: Tally,
  logitsInput: FloatInput,
  targetsInput: IndexInput | FloatInput,
  options: UpdateOptions,
): void {
  knownOptions(options, OPTIONS);
  const scalars = readScalars(options);
  const bytes = options.bytes === undefined ? undefined : integer("bytes", options.bytes, undefined, { min: 0 });
  const { logits, targets } = resolveInputs(logitsInput, targetsInput, options);
  const { rows, classes } = logits;
  const weight = classWeights(options.weight, classes);
  const sampleWeight = rowFactors("sampleWeight", options.sampleWeight, rows, logits.rowDims);
  const mask = options.mask === undefined ? undefined : maskView(options.mask, logits);
  if (targets.kind === "indices") checkIndices(targets.view, classes, scalars.ignoreIndex);
  tally.checkClasses("logits", classes);

  const batch = { scalars, logits, targets, weight, sampleWeight, mask };
  const tiles = new BatchTiles(batch, rowsOfTile(classes * elementBytes(computeType(logits.type)), rows));
  tally.useClasses(classes);
  const before = tally.count;
  tiles.addTo(tally);
  tally.bytes += bytes ?? 0;
  if (bytes === undefined) tally.unmeasured += tally.count - before;
}

/** Buffers of one tile, which all tiles of a batch pass through. */
class BatchTiles {
  /** Logits, then the softmax of their rows. */
  readonly #x: Float32Array | Float64Array;
  readonly #probabilities: Float32Array | Float64Array | undefined;
  readonly #labels: Int32Array;
  readonly #ranks: Int32Array;
  readonly #predictions: Int32Array;
  readonly #nll: Float64Array;
  /** `#nll` itself where no option makes a difference. */
  readonly #losses: Float64Array;
  readonly #logSumExp: Float64Array;
  /** What scale and soft cap subtracted of each row. */
  readonly #shifts: Float64Array;

  constructor(
    private readonly batch: Batch,
    private readonly tile: number,
  ) {
    const { logits, targets, scalars, weight } = batch;
    const Floats = logits.type === "float64" ? Float64Array : Float32Array;
    const plain = weight === undefined && scalars.labelSmoothing === 0 && scalars.polyEpsilon === 0;
    this.#x = new Floats(tile * logits.classes);
    if (targets.kind === "probabilities") this.#probabilities = new Floats(tile * logits.classes);
    this.#labels = new Int32Array(tile);
    this.#ranks = new Int32Array(tile);
    this.#predictions = new Int32Array(tile);
    this.#nll = new Float64Array(tile);
    this.#losses = plain ? this.#nll : new Float64Array(tile);
    this.#logSumExp = new Float64Array(scalars.zLoss === 0 ? 0 : tile);
    this.#shifts = new Float64Array(tile);
  }

  addTo(tally: Tally): void {
    const { rows, classes } = this.batch.logits;
    const { zLoss, scale, softcap } = this.batch.scalars;
    for (let first = 0; first < rows; first += this.tile) {
      const count = Math.min(this.tile, rows - first);
      const x = this.#x.subarray(0, count * classes);
      const options = { dims: [count, classes] };
      this.#read(tally, first, count);
      this.#lose(x, count);
      this.#rank(count);
      if (scale !== 1 || softcap !== 0) this.#rescale(count);
      if (zLoss !== 0) logSumExp(x, { ...options, out: this.#logSumExp.subarray(0, count) });
      softmax(x, { ...options, out: x });
      this.#add(tally, first, count);
    }
  }

  /** Copies a tile in, its labels too, and counts what the mean loss divides by. */
  #read(tally: Tally, first: number, count: number): void {
    const { logits, targets, mask, weight, scalars } = this.batch;
    const labels = this.#labels;
    copyRowsIn(logits, first, count, this.#x, 0);
    let rows = count;
    if (targets.kind === "indices") {
      copyIndicesIn(targets.view, first, count, labels, 0, scalars.ignoreIndex, LEFT_OUT);
      for (let r = 0; r < count; r++) {
        if (labels[r] === LEFT_OUT) rows--;
        else if (weight !== undefined) tally.divisor.add(weight[labels[r]]);
      }
    } else {
      const t = this.#probabilities as Float32Array | Float64Array;
      copyRowsIn(targets.view, first, count, t, 0);
      for (let r = 0; r < count; r++) labels[r] = firstLargest(t, r * logits.classes, logits.classes);
    }
    tally.rows += rows;
    if (weight === undefined || targets.kind === "probabilities") tally.divisor.add(rows);
    if (mask === undefined) return;
    applyMask(mask, first, count, this.#x, 0, -Infinity);
    markEmptyRows(mask, first, count, labels, 0, LEFT_OUT);
  }

  #lose(x: Float32Array | Float64Array, count: number): void {
    const { scalars, weight, targets } = this.batch;
    const { scale, softcap, labelSmoothing, polyEpsilon } = scalars;
    const y = this.#probabilities?.subarray(0, x.length) ?? this.#labels.subarray(0, count);
    const options: CrossEntropyOptions = { reduction: "none", scale, softcap: softcap === 0 ? undefined : softcap };
    if (targets.kind === "indices") options.ignoreIndex = LEFT_OUT;
    else options.classes = x.length / count;
    crossEntropy(x, y, { ...options, out: this.#nll.subarray(0, count) });
    if (this.#losses === this.#nll) return;
    crossEntropy(x, y, { ...options, weight, labelSmoothing, polyEpsilon, out: this.#losses.subarray(0, count) });
  }

  /** Ranks go by the logits: scale and soft cap do not change their order, but rounding might. */
  #rank(count: number): void {
    const x = this.#x;
    const { classes } = this.batch.logits;
    for (let r = 0; r < count; r++) {
      const label = this.#labels[r];
      if (label === LEFT_OUT) continue;
      const start = r * classes;
      const target = start + label;
      const own = x[target];
      // Added, not branched on: nothing can predict which logits are larger.
      let rank = 1;
      for (let i = start; i < target; i++) rank += +(x[i] >= own);
      for (let i = target + 1; i < start + classes; i++) rank += +(x[i] > own);
      this.#ranks[r] = rank;
      this.#predictions[r] = rank === 1 ? label : firstLargest(x, start, classes);
    }
  }

  /** Scaled and capped logits less their maximum, which does not change the softmax but keeps their differences exact. */
  #rescale(count: number): void {
    const x = this.#x;
    const { classes } = this.batch.logits;
    const { scale, softcap } = this.batch.scalars;
    const capped = (value: number) => softcap * Math.tanh((scale * value) / softcap);
    for (let r = 0; r < count; r++) {
      const start = r * classes;
      const max = x[start + firstLargest(x, start, classes)];
      const shift = softcap === 0 ? scale * max : capped(max);
      this.#shifts[r] = shift;
      for (let i = start; i < start + classes; i++) {
        if (softcap === 0) x[i] = scale * (x[i] - max);
        else if (x[i] !== -Infinity) x[i] = capped(x[i]) - shift;
      }
    }
  }

  #add(tally: Tally, first: number, count: number): void {
    const { sampleWeight, scalars, logits } = this.batch;
    const { topK, calibrationBins } = tally.settings;
    const { classes } = logits;
    const p = this.#x;
    for (let r = 0; r < count; r++) {
      const label = this.#labels[r];
      if (label === LEFT_OUT) continue;
      const factor = typeof sampleWeight === "number" ? sampleWeight : sampleWeight[first + r];
      tally.count++;
      tally.nll.add(this.#nll[r]);
      tally.loss.add(product(factor, this.#losses[r]));
      if (scalars.zLoss !== 0) {
        const lse = this.#logSumExp[r] + this.#shifts[r];
        tally.zLoss.add(product(factor, scalars.zLoss * lse * lse));
      }
      const start = r * classes;
      if (Number.isNaN(p[start + label])) {
        tally.invalid++;
        tally.ranks += classes;
        tally.brier.add(Number.NaN);
        continue;
      }
      const rank = this.#ranks[r];
      tally.ranks += rank;
      for (let i = 0; i < topK.length; i++) if (rank <= topK[i]) tally.hits[i]++;
      const prediction = this.#predictions[r];
      if (tally.settings.confusionMatrix) tally.confusion[label * classes + prediction]++;
      const confidence = p[start + prediction];
      const bin = tally.bins[Math.min(Math.floor(confidence * calibrationBins), calibrationBins - 1)];
      bin.count++;
      if (rank === 1) bin.correct++;
      bin.confidence.add(confidence);
      const t = this.#probabilities;
      tally.brier.add(
        t === undefined ? squaredToLabel(p, start, classes, label) : squaredBetween(p, t, start, classes),
      );
    }
  }
}

/** Which of `classes` elements from `start` on is the first of the largest. */
function firstLargest(x: Float32Array | Float64Array, start: number, classes: number): number {
  let best = start;
  let largest = x[start];
  for (let i = start + 1; i < start + classes; i++) {
    if (x[i] > largest) {
      largest = x[i];
      best = i;
    }
  }
  return best - start;
}

/** Σ(p − e)², where 1 − p of the label is the sum of the others: it keeps its digits when p is near 1. */
function squaredToLabel(p: Float32Array | Float64Array, start: number, classes: number, label: number): number {
  const own = p[start + label];
  p[start + label] = 0;
  // Two of each sum: an addition waits for the one before it.
  let [others, squares, others2, squares2] = [0, 0, 0, 0];
  let i = start;
  for (; i + 1 < start + classes; i += 2) {
    const first = p[i];
    const second = p[i + 1];
    others += first;
    squares += first * first;
    others2 += second;
    squares2 += second * second;
  }
  if (i < start + classes) {
    others += p[i];
    squares += p[i] * p[i];
  }
  others += others2;
  p[start + label] = own;
  return others * others + squares + squares2;
}

/** Σ(p − t)². */
function squaredBetween(
  p: Float32Array | Float64Array,
  t: Float32Array | Float64Array,
  start: number,
  classes: number,
): number {
  let squares = 0;
  for (let i = start; i < start + classes; i++) squares += (p[i] - t[i]) * (p[i] - t[i]);
  return squares;
}
