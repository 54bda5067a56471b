import type { FloatData, FloatInput, FloatOutput, ResultOf, TensorLike } from "../input/elements.js";
import { type MaskInput, type MaskView, maskView } from "../input/mask.js";
import { boolean, knownOptions, NO_OPTIONS, NUMBER_OR_NUMBERS } from "../input/options.js";
import { areApart, checkOverlap, newLike, outputView, rowsOutput } from "../input/outputs.js";
import { type RowsView, viewLike } from "../input/rows.js";
import { resolveLogits } from "../input/targets.js";
import type { ShapeOptions } from "../losses/crossEntropyOptions.js";
import { copyInDirect, copyOutDirect, directClasses, directOut, hasOnly } from "../losses/direct.js";
import { maskIn, RowBlock, type RowContents, remembering } from "../sweep/rows.js";
import { computeType, PREFIX, type Views } from "../sweep/stage.js";
import { type Input, type Place, sweep, type Task, type Tiles } from "../sweep/sweep.js";
import { type LogSumExpWithSign, type WeightedLogSumExpOptions, weightedLogSumExp } from "./weightedLogSumExp.js";

export interface TransformOptions extends Omit<ShapeOptions, "axis"> {
  /** Class axis, several that are flattened in this order, or null for all; default −1, the last. */
  axis?: number | readonly number[] | null;
  /** Classes that take part, booleans like the logits; the others count as −∞. */
  mask?: MaskInput;
}

export interface SoftmaxOptions<Out = FloatOutput> extends TransformOptions {
  /** Where the result goes: a typed array, row-major like the logits, or the logits themselves, strides and all. */
  out?: Out;
}

export interface LogSumExpOptions extends TransformOptions, WeightedLogSumExpOptions {
  /** Where the result goes, one number a row. */
  out?: Float32Array | Float64Array;
  /** Whether the result keeps the class axes, as dimensions of 1: it comes as `{ data, dims }` then. */
  keepDims?: boolean;
}

/** One number a row, and the shape that they broadcast from over the logits. */
export interface RowTensor {
  data: Float32Array | Float64Array;
  dims: number[];
}

type RowArray = Float32Array | Float64Array;

const OPTIONS = ["classes", "dims", "axis", "dtype", "mask", "out"];
const LOG_SUM_EXP_OPTIONS = [...OPTIONS, "b", "returnSign", "keepDims"];

/**
 * e^{x − max} / Σ e^{x − max} of each row, in the element type of the logits. A row of −∞ only, or with +∞ or NaN, is NaN.
 *
 * @param logits any shape, the classes along `axis`; a flat array is one row unless `dims` or `classes` says otherwise
 * @returns the shape of the logits, row-major: a new array, or `out`
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for shapes that do not fit; nothing has been written then
 */
export function softmax<Logits extends FloatInput, Out extends FloatOutput = ResultOf<Logits>>(
  logits: Logits,
  options: SoftmaxOptions<Out> = NO_OPTIONS,
): Out extends TensorLike ? FloatData : Out {
  return elementwise(logits, options, "softmax") as Out extends TensorLike ? FloatData : Out;
}

/**
 * ln softmax of each row, formed as (x − max) − ln Σ e^{x − max}: exact for logits of any size. In nats.
 *
 * @returns and throws as {@link softmax}
 */
export function logSoftmax<Logits extends FloatInput, Out extends FloatOutput = ResultOf<Logits>>(
  logits: Logits,
  options: SoftmaxOptions<Out> = NO_OPTIONS,
): Out extends TensorLike ? FloatData : Out {
  return elementwise(logits, options, "logsoftmax") as Out extends TensorLike ? FloatData : Out;
}

function elementwise(input: FloatInput, options: SoftmaxOptions, op: "softmax" | "logsoftmax"): FloatData {
  const direct = directElementwise(input, options, op);
  if (direct !== undefined) return direct;
  knownOptions(options, OPTIONS);
  const logits = resolveLogits(input, options);
  const mask = options.mask === undefined ? undefined : maskView(options.mask, logits);
  const out = options.out === undefined ? newLike(logits) : outputView("out", options.out, logits);
  if (options.out !== undefined) checkOverlap(out, { logits, mask }, logits);
  const { classes, type } = logits;
  const contents: RowContents = {
    type: computeType(type),
    classes,
    probabilities: false,
    weight: false,
    result: "inPlace",
  };
  sweep(new TransformTiles(op, contents, logits, mask, out));
  return out.array as FloatData;
}

/** The result of a direct call (direct.ts); undefined, with nothing written, for any other. */
function directElementwise(
  input: FloatInput,
  options: SoftmaxOptions,
  op: "softmax" | "logsoftmax",
): Float32Array | undefined {
  const classes = directClasses(input, options);
  if (classes === undefined) return undefined;
  const logits = input as Float32Array;
  const out = directOut(options, logits);
  const block = out && directBlock(classes, logits.length / classes, "inPlace");
  if (block === undefined) return undefined;
  const { at, stage } = block;
  const { f32, kernels } = stage;
  const run = op === "softmax" ? kernels.f32_softmax : kernels.f32_logsoftmax;
  copyInDirect(logits, f32, at.logits);
  run(logits.length / classes, classes, at.logits, at.result, at.scratch);
  copyOutDirect(f32, at.result, out as Float32Array);
  return out;
}

function directBlock(classes: number, rows: number, result: "inPlace" | "none"): RowBlock | undefined {
  const block = blockFor({ type: "float32", classes, probabilities: false, weight: false, result }, rows);
  return rows > block.rows ? undefined : block;
}

/**
 * ln Σ eˣ of each row, in nats: −∞ for a row without classes or of −∞ only, +∞ where a logit is, NaN where one is NaN.
 * With factors `b`, ln Σ b·eˣ, as SciPy's `logsumexp`.
 *
 * @param logits any shape, the classes along `axis`; a flat array is one row unless `dims` or `classes` says otherwise
 * @returns one number a row, in row-major order of the other axes: float64 when the logits are, else float32; or `out`.
 *   With `keepDims` `{ data, dims }` of them, with `returnSign` `{ value, sign }`
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for shapes that do not fit; nothing has been written then
 */
export function logSumExp(
  logits: FloatInput,
  options: LogSumExpOptions & { keepDims: true; returnSign: true },
): { value: RowTensor; sign: RowTensor };
export function logSumExp(
  logits: FloatInput,
  options: LogSumExpOptions & { returnSign: true },
): LogSumExpWithSign<RowArray>;
export function logSumExp(logits: FloatInput, options: LogSumExpOptions & { keepDims: true }): RowTensor;
export function logSumExp(logits: FloatInput, options?: LogSumExpOptions): RowArray;
export function logSumExp(logits: FloatInput, options: LogSumExpOptions = NO_OPTIONS): unknown {
  const direct = directLogSumExp(logits, options);
  if (direct !== undefined) return direct;
  knownOptions(options, LOG_SUM_EXP_OPTIONS);
  const keepDims = boolean("keepDims", options.keepDims, false);
  const returnSign = boolean("returnSign", options.returnSign, false);
  const view = resolveLogits(logits, options);
  const mask = options.mask === undefined ? undefined : maskView(options.mask, view);
  const { rows, classes, type } = view;
  const Result = type === "float64" ? Float64Array : Float32Array;
  const out = options.out === undefined ? new Result(rows) : rowsOutput("out", options.out, rows);
  const weighted = options.b !== undefined || returnSign;
  const b = weighted
    ? viewLike("b", options.b === undefined ? 1 : options.b, view, { broadcast: true, expected: NUMBER_OR_NUMBERS })
    : undefined;
  if (options.out !== undefined) checkOverlap(out, { logits: view, mask, b });
  const sign = returnSign ? new Result(rows) : undefined;
  if (b !== undefined) weightedLogSumExp(view, b, mask, out, sign);
  else {
    const contents: RowContents = {
      type: computeType(type),
      classes,
      probabilities: false,
      weight: false,
      result: "none",
    };
    sweep(new TransformTiles("logsumexp", contents, view, mask, out));
  }
  const shaped = (data: RowArray) => (keepDims ? { data, dims: keptDims(view) } : data);
  return sign === undefined ? shaped(out) : { value: shaped(out), sign: shaped(sign) };
}

/** As {@link directElementwise}. */
function directLogSumExp(input: FloatInput, options: LogSumExpOptions): Float32Array | undefined {
  const classes = directClasses(input, options);
  if (classes === undefined) return undefined;
  const logits = input as Float32Array;
  const rows = logits.length / classes;
  const { out: given } = options;
  if (!hasOnly(options, "out", "classes")) return undefined;
  if (given !== undefined) {
    if (!(given instanceof Float32Array) || given.length !== rows || !areApart(given, logits, 0)) return undefined;
  }
  const out = given ?? new Float32Array(rows);
  const block = directBlock(classes, rows, "none");
  if (block === undefined) return undefined;
  const { at, stage } = block;
  copyInDirect(logits, stage.f32, at.logits);
  stage.kernels.f32_logsumexp(rows, classes, at.logits, at.logSumExp);
  const from = at.logSumExp >>> 3;
  for (let r = 0; r < rows; r++) out[r] = stage.f64[from + r];
  return out;
}

function keptDims({ dims, classAxes }: RowsView): number[] {
  return dims.map((size, axis) => (classAxes.includes(axis) ? 1 : size));
}

const blockFor = remembering((stage, contents, rows) => new RowBlock(stage, contents, rows));

/** One of the transforms as tiles: a result for each logit, or with `logsumexp` one number a row. */
class TransformTiles implements Tiles {
  readonly stage;
  readonly end;
  readonly rows;
  readonly tile;
  readonly inputs: Input[];
  readonly result: Place | undefined;
  readonly #block: RowBlock;
  readonly #perRow: Float32Array | Float64Array | undefined;

  constructor(
    private readonly op: "softmax" | "logsoftmax" | "logsumexp",
    contents: RowContents,
    logits: RowsView,
    private readonly mask: MaskView | undefined,
    out: RowsView | Float32Array | Float64Array,
  ) {
    const { type } = contents;
    this.rows = logits.rows;
    this.#block = blockFor(contents, logits.rows);
    const { at, stage } = this.#block;
    this.tile = this.#block.rows;
    this.stage = stage;
    this.end = at.end;
    this.inputs = [{ view: logits, at: at.logits, type, edited: mask !== undefined }];
    if ("classes" in out) this.result = { view: out, at: at.result, type };
    else this.#perRow = out;
  }

  prepare(): void {}

  fill(memory: Views, first: number, count: number): void {
    const { at, contents } = this.#block;
    if (this.mask !== undefined) maskIn(this.mask, first, count, memory, at.logits, contents.type);
  }

  run(count: number): number {
    const { at, contents, stage } = this.#block;
    const to = this.#perRow === undefined ? at.result : at.logSumExp;
    stage.kernels[`${PREFIX[contents.type]}_${this.op}`](count, contents.classes, at.logits, to, at.scratch);
    return 0;
  }

  collect({ f64 }: Views, first: number, count: number): void {
    const out = this.#perRow;
    if (out === undefined) return;
    const from = this.#block.at.logSumExp / 8;
    for (let r = 0; r < count; r++) out[first + r] = f64[from + r];
  }

  task(): Task {
    const { at, contents } = this.#block;
    const to = this.#perRow === undefined ? at.result : at.logSumExp;
    return {
      kernel: `${PREFIX[contents.type]}_${this.op}`,
      args: [contents.classes, at.logits, to, at.scratch],
      perRow: 1,
      constants: [],
      inputs: [],
      outputs: this.#perRow === undefined ? [] : [{ at: at.logSumExp, bytes: 8 }],
    };
  }
}
