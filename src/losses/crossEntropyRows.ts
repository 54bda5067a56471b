import type { RowFactors } from "../input/options.js";
import { type CrossEntropyKernel, type CrossEntropyMeanKernel, OPTION } from "../kernels/kernels.js";
import { sumOfRows } from "../kernels/rowSum.js";
import { RowBlock, type RowContents, type RowRegions } from "../sweep/rows.js";
import { elementBytes, PREFIX, type Stage, type Views } from "../sweep/stage.js";
import { DEFAULTS, type Scalars } from "./crossEntropyOptions.js";
import { divided, divisor, product, type Reduction } from "./reduction.js";

/** What the sums of the row losses and of the z-losses are divided by; 0 for a mean over nothing. */
export interface Divisors {
  readonly loss: number;
  readonly zLoss: number;
  /** What a row's gradient is divided by. A mean over nothing has no gradient but that of its z-loss. */
  readonly grad: number;
}

/**
 * @param count rows that are not ignored
 * @param weightSum Σ of their class weights, or their number: docs/maths.md §4
 * @throws {RangeError} for a mean over nothing with `onEmpty: "throw"`
 */
export function divisors(scalars: Scalars, count: number, weightSum: number): Divisors {
  const { reduction } = scalars;
  const loss = divisor(reduction, weightSum);
  const zLoss = reduction.kind === "mean" ? (reduction.denominator ?? count) : 1;
  return { loss, zLoss, grad: loss !== 0 ? loss : scalars.zLoss !== 0 ? zLoss : 0 };
}

/** What stands among the indices for a row that is left out: `ignoreIndex` if int32 holds it, else no class index. */
export function ignoredMark(ignoreIndex: number | undefined): number {
  return ignoreIndex !== undefined && ignoreIndex === (ignoreIndex | 0) ? ignoreIndex : -(2 ** 31);
}

/** The factor of row r. */
export function factorOf(factors: RowFactors, r: number): number {
  return typeof factors === "number" ? factors : factors[r];
}

/** Writes g·s/by of rows `first` to `first + count`, 0 for a mean over nothing, as float64 from byte `at` on. */
export function writeRowFactors(
  { f64 }: Views,
  at: number,
  first: number,
  count: number,
  upstream: RowFactors,
  sampleWeight: RowFactors,
  by: number,
): void {
  const share = by === 0 ? 0 : 1 / by;
  const to = at >>> 3;
  if (typeof upstream === "number" && typeof sampleWeight === "number") {
    const factor = upstream * sampleWeight * share;
    for (let r = 0; r < count; r++) f64[to + r] = factor;
    return;
  }
  for (let r = 0; r < count; r++) {
    f64[to + r] = factorOf(upstream, first + r) * factorOf(sampleWeight, first + r) * share;
  }
}

/** A block of rows for the cross-entropy kernels. */
export class CrossEntropyBlock extends RowBlock {
  readonly #kernel: CrossEntropyKernel;
  readonly #mean: CrossEntropyMeanKernel;
  /** Where the upstream gradients of rows stand; 0 where all have the one among the options. */
  #upstream = 0;

  constructor(stage: Stage, contents: RowContents, rows: number, present = rows) {
    super(stage, contents, rows, present);
    const prefix = PREFIX[contents.type];
    this.#kernel = stage.kernels[`${prefix}_crossentropy`];
    this.#mean = stage.kernels[`${prefix}_crossentropy_mean`];
  }

  /**
   * Fills the kernels' options block.
   *
   * @param ignoredAs what marks an ignored row among the indices, an int32
   * @param upstream g·s of each row, where there is a gradient
   */
  configure(
    { f64 }: Views,
    scalars: Scalars,
    by: Divisors,
    weight: ArrayLike<number> | undefined,
    ignoredAs: number,
    upstream: RowFactors = 1,
    sampleWeight: RowFactors = 1,
  ): void {
    const at = this.at.options >>> 3;
    let weightSum = this.contents.classes;
    if (weight !== undefined) {
      weightSum = 0;
      for (let c = 0; c < this.contents.classes; c++) weightSum += weight[c];
    }
    // A mean over nothing has the gradient of its z-loss alone.
    const nothing = by.loss === 0;
    f64[at + OPTION.labelSmoothing] = nothing ? 0 : scalars.labelSmoothing;
    f64[at + OPTION.scale] = scalars.scale;
    f64[at + OPTION.softcap] = scalars.softcap;
    f64[at + OPTION.polyEpsilon] = nothing ? 0 : scalars.polyEpsilon;
    f64[at + OPTION.zLoss] = scalars.zLoss === 0 || by.grad === 0 ? 0 : scalars.zLoss * (by.grad / by.zLoss);
    f64[at + OPTION.weightSum] = weightSum;
    f64[at + OPTION.ignoreIndex] = ignoredAs;
    f64[at + OPTION.focalGamma] = scalars.focalGamma;
    const uniform = typeof upstream === "number" && typeof sampleWeight === "number";
    f64[at + OPTION.upstream] = uniform && by.grad !== 0 ? (upstream * sampleWeight) / by.grad : 0;
    this.#upstream = uniform ? 0 : this.at.upstream;
  }

  /** What the gradients of rows `first` to `first + count` are multiplied by, as {@link configure} was told. */
  writeUpstream(
    memory: Views,
    first: number,
    count: number,
    upstream: RowFactors,
    sampleWeight: RowFactors,
    by: number,
  ): void {
    if (this.#upstream !== 0) writeRowFactors(memory, this.at.upstream, first, count, upstream, sampleWeight, by);
  }

  /** Whether there is one upstream gradient a row. */
  get withUpstream(): boolean {
    return this.#upstream !== 0;
  }

  /** The arguments of the kernel behind the number of rows: what {@link run} calls it with. */
  args(withIndices: boolean, withLse: boolean, withGrad: boolean): number[] {
    const { logits, indices, probabilities, weight, options, losses, logSumExp, result, scratch } = this.at;
    const rows = [logits, withIndices ? indices : 0, probabilities, weight, options, losses, withLse ? logSumExp : 0];
    return [this.contents.classes, ...rows, this.#upstream, withGrad ? result : 0, scratch];
  }

  /**
   * The mean of the losses of the first `rows` rows, with class indices and the options of `scalars` alone, and with `grad`
   * its gradient; undefined, with nothing computed, where an index is no class.
   */
  mean(rows: number, scalars: Scalars, grad: boolean): number | undefined {
    const { logits, indices, options, losses, result, scratch } = this.at;
    const plain = scalars === DEFAULTS;
    if (!plain) this.configure(this.stage, scalars, { loss: rows, zLoss: rows, grad: rows }, undefined, -1);
    const run = this.#mean;
    const { classes } = this.contents;
    const mean = run(rows, classes, logits, indices, plain ? 0 : options, losses, grad ? result : 0, scratch);
    return mean === -1 ? undefined : mean;
  }

  /**
   * Runs the kernel over `count` rows from `first` on, whose logits are the first ones in memory.
   *
   * @param to where their gradient goes
   */
  run(count: number, withIndices: boolean, withLse: boolean, withGrad: boolean, first = 0, to = this.at.result): void {
    const { classes, type } = this.contents;
    const { logits, weight, options, scratch } = this.at;
    const indices = withIndices ? this.at.indices + 4 * first : 0;
    const probabilities = this.at.probabilities && this.at.probabilities + first * classes * elementBytes(type);
    const losses = this.at.losses + 8 * first;
    const lse = withLse ? this.at.logSumExp + 8 * first : 0;
    const run = this.#kernel;
    const upstream = this.#upstream && this.#upstream + 8 * first;
    const dx = withGrad ? to : 0;
    run(count, classes, logits, indices, probabilities, weight, options, losses, lse, upstream, dx, scratch);
  }
}

type LossArray = Float32Array | Float64Array;

/** What the kernels said of the rows so far, gathered in row order and in float64. */
export interface RowTotals {
  loss: number;
  zLoss: number;
  /** Factor of the z-loss. */
  readonly lambda: number;
  readonly sampleWeight: number | ArrayLike<number>;
  /** One loss a row, the z-loss in it; may be where the kernels left the losses. */
  readonly out: LossArray | undefined;
  /** The z-loss part of it. */
  readonly zOut: LossArray | undefined;
}

/** Adds rows `first` to `first + count` of the call, which are the first ones in memory, laid out as `at` says. */
export function addRows(totals: RowTotals, { f64 }: Views, at: RowRegions, first: number, count: number): void {
  const { lambda, out, zOut, sampleWeight } = totals;
  // Shifts: after a division V8 takes an index for no integer.
  const losses = at.losses >>> 3;
  const logSumExp = at.logSumExp >>> 3;
  let { loss: sum, zLoss: zSum } = totals;
  if (lambda === 0 && sampleWeight === 1 && out === undefined) {
    totals.loss += sumOfRows(f64, losses, count);
    return;
  }
  for (let r = 0; r < count; r++) {
    const factor = typeof sampleWeight === "number" ? sampleWeight : sampleWeight[first + r];
    const loss = product(factor, f64[losses + r]);
    sum += loss;
    let zLoss = 0;
    if (lambda !== 0) {
      const lse = f64[logSumExp + r];
      zLoss = product(factor, lambda * lse * lse);
      zSum += zLoss;
      if (zOut !== undefined) zOut[first + r] = zLoss;
    }
    if (out !== undefined) out[first + r] = loss + zLoss;
  }
  totals.loss = sum;
  totals.zLoss = zSum;
}

/** The reduced loss, and its z-loss part when there is one. */
export function reduced(
  { loss, zLoss, lambda, out, zOut }: RowTotals,
  { kind, onEmpty }: Reduction,
  by: Divisors,
): { loss: number | LossArray; zLoss?: number | LossArray } {
  if (out !== undefined && kind === "none") return zOut === undefined ? { loss: out } : { loss: out, zLoss: zOut };
  const mean = divided(loss, by.loss, onEmpty);
  if (lambda === 0) return { loss: mean };
  const zMean = divided(zLoss, by.zLoss, onEmpty);
  return { loss: mean + zMean, zLoss: zMean };
}
