import type { FloatData, FloatInput, FloatOutput, IndexInput, ResultOf } from "../input/elements.js";
import { typeError } from "../input/errors.js";
import { classWeights, integer, knownOptions, NO_OPTIONS, rowFactors } from "../input/options.js";
import { checkOverlap, newLike, outputView, rowsOutput } from "../input/outputs.js";
import { copyRowsIn, copyRowsOut, type RowsView } from "../input/rows.js";
import { checkIndices, copyIndicesIn, countIndices, resolveInputs } from "../input/targets.js";
import { narrow } from "../sweep/rows.js";
import { isNarrow, sharedStage } from "../sweep/stage.js";
import type { LossWithGrad } from "./crossEntropy.js";
import type { CrossEntropyGradOptions, CrossEntropyOptions } from "./crossEntropyOptions.js";
import { factorOf } from "./crossEntropyRows.js";
import { directGrad, isDirectRows } from "./direct.js";
import type { LossArray } from "./elementLoss.js";
import { divided, divisor, product, readReduction } from "./reduction.js";

const OPTIONS = [
  "reduction",
  "denominator",
  "onEmpty",
  "ignoreIndex",
  "classes",
  "dims",
  "axis",
  "dtype",
  "weight",
  "sampleWeight",
  "out",
] as const;
const GRAD_OPTIONS = ["grad", "gradOutput", ...OPTIONS];

export interface NllLossOptions extends Pick<CrossEntropyOptions, (typeof OPTIONS)[number]> {}

export interface NllLossGradOptions<Grad = FloatOutput>
  extends NllLossOptions,
    Pick<CrossEntropyGradOptions<Grad>, "grad" | "gradOutput"> {}

/**
 * Negative log-likelihood −w_y·ln p_y of each row of log-probabilities with its class index y. Semantics of PyTorch's
 * `nll_loss`; 0·∞ counts as 0. Where there are logits, `crossEntropy` does both steps at once.
 *
 * One element a row is read, so there is nothing for a kernel to do.
 *
 * @param logProbabilities rows × classes; or of any shape, with the class axis at `axis`
 * @param targets one class index a row
 * @returns a number for `mean`, which divides by Σ w_y, and `sum`; for `none` one loss a row, float64 when the input is,
 *   else float32
 * @throws {TypeError} for an argument of the wrong kind, probabilities as targets among them
 * @throws {RangeError} for shapes that do not fit, an index outside of [0, classes) that is not `ignoreIndex`, or an
 *   option out of its range; nothing has been written then
 */
export function nllLoss(
  logProbabilities: FloatInput,
  targets: IndexInput,
  options?: NllLossOptions & { reduction?: "mean" | "sum" },
): number;
export function nllLoss(
  logProbabilities: FloatInput,
  targets: IndexInput,
  options: NllLossOptions & { reduction: "none" },
): LossArray;
export function nllLoss(
  logProbabilities: FloatInput,
  targets: IndexInput,
  options?: NllLossOptions,
): number | LossArray;
export function nllLoss(
  logProbabilities: FloatInput,
  targets: IndexInput,
  options: NllLossOptions = NO_OPTIONS,
): number | LossArray {
  if (options === NO_OPTIONS) {
    const mean = directMean(logProbabilities, targets);
    if (mean !== undefined) return mean;
  }
  knownOptions(options, OPTIONS);
  return evaluate(logProbabilities, targets, options, false).loss;
}

/**
 * {@link nllLoss} and its gradient with respect to the log-probabilities: −w_y at the target, 0 elsewhere.
 *
 * @throws as {@link nllLoss}
 */
export function nllLossWithGrad<Input extends FloatInput, Grad extends FloatOutput = ResultOf<Input>>(
  logProbabilities: Input,
  targets: IndexInput,
  options?: NllLossGradOptions<Grad> & { reduction?: "mean" | "sum" },
): LossWithGrad<number, Grad>;
export function nllLossWithGrad<Input extends FloatInput, Grad extends FloatOutput = ResultOf<Input>>(
  logProbabilities: Input,
  targets: IndexInput,
  options: NllLossGradOptions<Grad> & { reduction: "none" },
): LossWithGrad<LossArray, Grad>;
export function nllLossWithGrad<Input extends FloatInput, Grad extends FloatOutput = ResultOf<Input>>(
  logProbabilities: Input,
  targets: IndexInput,
  options?: NllLossGradOptions<Grad>,
): LossWithGrad<number | LossArray, Grad>;
export function nllLossWithGrad(
  logProbabilities: FloatInput,
  targets: IndexInput,
  options: NllLossGradOptions = NO_OPTIONS,
): LossWithGrad<number | LossArray> {
  const direct = directWithGrad(logProbabilities, targets, options);
  if (direct !== undefined) return direct;
  knownOptions(options, GRAD_OPTIONS);
  return evaluate(logProbabilities, targets, options, true) as LossWithGrad<number | LossArray>;
}

/** Elements up to which a place is a small integer to V8. */
const MOST = 2 ** 30;

/** As an integer: with the quotient itself V8 would compute every place as a float64. */
function classesOf(x: Float32Array, indices: Int32Array): number {
  return (x.length / indices.length) | 0;
}

/** The mean of a direct call; undefined where it is none. */
function directMean(logProbabilities: unknown, targets: unknown): number | undefined {
  if (!isDirectRows(logProbabilities, targets, MOST)) return undefined;
  const x = logProbabilities;
  const indices = targets as Int32Array;
  const rows = indices.length;
  const classes = classesOf(x, indices) >>> 0;
  let sum = 0;
  let ignored = 0;
  for (let r = 0, row = 0; r < rows; r++, row += classes) {
    const y = indices[r];
    // One comparison: as unsigned, an index below 0 is above all.
    if (y >>> 0 < classes) sum -= x[row + y];
    else if (y === IGNORE_INDEX) ignored++;
    else return undefined;
  }
  return sum / (rows - ignored);
}

/** The same with its gradient, which may not lie over its input: that is read while the gradient is written. */
function directWithGrad(logProbabilities: unknown, targets: unknown, options: object): LossWithGrad | undefined {
  if (!isDirectRows(logProbabilities, targets, MOST)) return undefined;
  const x = logProbabilities;
  const indices = targets as Int32Array;
  const classes = classesOf(x, indices);
  const count = countIndices(indices, 0, indices.length, classes, IGNORE_INDEX);
  if (count < 0) return undefined;
  const grad = directGrad(options, x, indices);
  if (grad === undefined || grad === x) return undefined;
  return { loss: scatterMean(x, indices, classes, count, grad), grad };
}

function scatterMean(x: Float32Array, indices: Int32Array, classes: number, count: number, grad: Float32Array): number {
  const value = -1 / count;
  let sum = 0;
  grad.fill(0);
  for (let r = 0; r < indices.length; r++) {
    if (indices[r] === IGNORE_INDEX) continue;
    const i = r * classes + indices[r];
    sum -= x[i];
    grad[i] = value;
  }
  return sum / count;
}

function evaluate(
  input: FloatInput,
  targetsInput: IndexInput,
  options: NllLossGradOptions,
  withGrad: boolean,
): { loss: number | LossArray; grad?: FloatData } {
  const reduction = readReduction(options);
  const ignoreIndex = integer("ignoreIndex", options.ignoreIndex, IGNORE_INDEX);
  const { logits: view, targets } = resolveInputs(input, targetsInput, options, "logProbabilities", true);
  if (targets.kind !== "indices") throw typeError("targets", "class indices (integers)", targetsInput);
  const { rows, classes, type, rowDims } = view;
  const weight = classWeights(options.weight, classes);
  const sampleWeight = rowFactors("sampleWeight", options.sampleWeight, rows, rowDims);
  const upstream = withGrad ? rowFactors("gradOutput", options.gradOutput, rows, rowDims) : 1;
  const { weightSum } = checkIndices(targets.view, classes, ignoreIndex, weight);
  const by = divisor(reduction, weightSum);

  const Losses = type === "float64" ? Float64Array : Float32Array;
  const inputs = { logProbabilities: view, targets: targets.view, weight, sampleWeight, gradOutput: upstream };
  let out: LossArray | undefined;
  if (reduction.kind === "none") {
    out = options.out === undefined ? new Losses(rows) : rowsOutput("out", options.out, rows);
    if (options.out !== undefined) checkOverlap(out, inputs);
  }
  let grad: RowsView | undefined;
  if (withGrad) {
    grad = options.grad === undefined ? newLike(view) : outputView("grad", options.grad, view);
    if (options.grad !== undefined) {
      checkOverlap(grad, inputs, view);
      if (out !== undefined) checkOverlap(grad, { out });
    }
  }

  const indices = new Int32Array(rows);
  copyIndicesIn(targets.view, 0, rows, indices, 0, ignoreIndex, IGNORED);
  const values = gather(view, indices);
  let sum = 0;
  for (let r = 0; r < rows; r++) {
    const y = indices[r];
    const w = factorOf(sampleWeight, r) * (weight === undefined || y === IGNORED ? 1 : weight[y]);
    const loss = y === IGNORED ? 0 : -product(w, values[r]);
    sum += loss;
    if (out !== undefined) out[r] = loss;
    // The gradient at the target takes the place of what was there.
    values[r] = by === 0 ? 0 : (-factorOf(upstream, r) * w) / by;
  }
  if (grad !== undefined) scatter(values, indices, grad);
  const loss = out ?? divided(sum, by, reduction.onEmpty);
  return grad === undefined ? { loss } : { loss, grad: grad.array as FloatData };
}

const IGNORE_INDEX = -100;
/** Among the indices: a row that is left out. */
const IGNORED = -1;

/** The element of each row that its index names. */
function gather(from: RowsView, places: Int32Array): Float64Array {
  const { data, offset, rows, classes, contiguous, type } = from;
  const values = new Float64Array(rows);
  if (contiguous && !isNarrow(type)) {
    for (let r = 0; r < rows; r++) if (places[r] !== IGNORED) values[r] = data[offset + r * classes + places[r]];
    return values;
  }
  const row = new Float64Array(classes);
  for (let r = 0; r < rows; r++) {
    if (places[r] === IGNORED) continue;
    copyRowsIn(from, r, 1, row, 0);
    values[r] = row[places[r]];
  }
  return values;
}

/** Zeros but for one value a row. */
function scatter(values: Float64Array, places: Int32Array, to: RowsView): void {
  const { data, offset, rows, classes } = to;
  const elements = elementsOf(values, to);
  if (to.contiguous) {
    data.fill(0, offset, offset + rows * classes);
    for (let r = 0; r < rows; r++) if (places[r] !== IGNORED) data[offset + r * classes + places[r]] = elements[r];
    return;
  }
  const row = new (data.constructor as Float64ArrayConstructor)(classes);
  for (let r = 0; r < rows; r++) {
    row.fill(0);
    if (places[r] !== IGNORED) row[places[r]] = elements[r];
    copyRowsOut(row, 0, to, r, 1);
  }
}

/** Numbers as they stand in memory: the 16-bit types by their bits. */
function elementsOf(values: Float64Array, { type }: RowsView): ArrayLike<number> {
  if (!isNarrow(type) || values.length === 0) return values;
  const stage = sharedStage(values.length * 4);
  stage.f32.set(values, stage.base / 4);
  narrow(stage, stage.base, values.length, type);
  return stage.u16.slice(stage.base / 2, stage.base / 2 + values.length);
}
