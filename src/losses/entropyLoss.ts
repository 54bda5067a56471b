import type { FloatData, FloatInput, FloatOutput, ResultOf } from "../input/elements.js";
import { type MaskInput, type MaskView, maskView, unmaskOneOfEmptyRows } from "../input/mask.js";
import { finiteNumber, knownOptions, NO_OPTIONS, type RowFactors, rowFactors } from "../input/options.js";
import { checkOverlap, newLike, outputView, rowsOutput } from "../input/outputs.js";
import type { RowsView } from "../input/rows.js";
import { resolveLogits } from "../input/targets.js";
import { maskIn, RowBlock, type RowContents, remembering } from "../sweep/rows.js";
import { computeType, elementBytes, type Stage, type Views } from "../sweep/stage.js";
import { type Input, type Place, sweep, type Task, type Tiles } from "../sweep/sweep.js";
import type { LossWithGrad } from "./crossEntropy.js";
import { SCALES, type ShapeOptions } from "./crossEntropyOptions.js";
import { factorOf, writeRowFactors } from "./crossEntropyRows.js";
import { copyInDirect, copyOutDirect, directClasses, directGrad, hasOnly } from "./direct.js";
import type { LossArray } from "./elementLoss.js";
import { divided, divisor, product, type ReductionOptions, readReduction } from "./reduction.js";

export interface EntropyLossOptions extends ShapeOptions, ReductionOptions {
  /** Logits are multiplied by this first: 1/temperature. In [10⁻³⁰, 10³⁰]; default 1. */
  scale?: number;
  /** One factor a row; what `mean` divides by stays the number of rows. */
  sampleWeight?: number | FloatInput;
  /** Classes that take part, booleans like the logits; the others count as −∞. */
  mask?: MaskInput;
  /** Where `reduction: "none"` writes its entropies. */
  out?: LossArray;
}

export interface EntropyLossGradOptions<Grad = FloatOutput> extends EntropyLossOptions {
  /** Where the gradient goes: a typed array, row-major like the logits, or the logits themselves, strides and all. */
  grad?: Grad;
  /** Upstream gradient, a number or one a row; default 1. */
  gradOutput?: number | FloatInput;
}

const OPTIONS = [
  "reduction",
  "denominator",
  "onEmpty",
  "classes",
  "dims",
  "axis",
  "dtype",
  "scale",
  "sampleWeight",
  "mask",
  "out",
];
const GRAD_OPTIONS = ["grad", "gradOutput", ...OPTIONS];

/**
 * Entropy −Σ p ln p of p = softmax(scale·x) of each row, in nats: subtracted from a loss, it keeps predictions from
 * becoming certain too soon. −∞ logits count as p = 0; a row without a softmax (−∞ only, or with +∞ or NaN) is NaN, but
 * one whose classes are all masked 0.
 *
 * @param logits any shape, the classes along `axis`; a flat array is one row unless `dims` or `classes` says otherwise
 * @returns a number for `mean`, over the rows, and `sum`; for `none` one entropy a row, float64 when the logits are, else
 *   float32
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for shapes that do not fit or an option out of its range; nothing has been written then
 */
export function entropyLoss(logits: FloatInput, options?: EntropyLossOptions & { reduction?: "mean" | "sum" }): number;
export function entropyLoss(logits: FloatInput, options: EntropyLossOptions & { reduction: "none" }): LossArray;
export function entropyLoss(logits: FloatInput, options?: EntropyLossOptions): number | LossArray;
export function entropyLoss(logits: FloatInput, options: EntropyLossOptions = NO_OPTIONS): number | LossArray {
  const classes = directClasses(logits, options);
  if (classes !== undefined && hasOnly(options, "classes")) {
    const mean = directMean(logits as Float32Array, classes);
    if (mean !== undefined) return mean;
  }
  knownOptions(options, OPTIONS);
  return evaluate(logits, options, false).loss;
}

/**
 * {@link entropyLoss} and its gradient with respect to the logits, −p(ln p + H).
 *
 * @throws as {@link entropyLoss}
 */
export function entropyLossWithGrad<Logits extends FloatInput, Grad extends FloatOutput = ResultOf<Logits>>(
  logits: Logits,
  options?: EntropyLossGradOptions<Grad> & { reduction?: "mean" | "sum" },
): LossWithGrad<number, Grad>;
export function entropyLossWithGrad<Logits extends FloatInput, Grad extends FloatOutput = ResultOf<Logits>>(
  logits: Logits,
  options: EntropyLossGradOptions<Grad> & { reduction: "none" },
): LossWithGrad<LossArray, Grad>;
export function entropyLossWithGrad<Logits extends FloatInput, Grad extends FloatOutput = ResultOf<Logits>>(
  logits: Logits,
  options?: EntropyLossGradOptions<Grad>,
): LossWithGrad<number | LossArray, Grad>;
export function entropyLossWithGrad(
  logits: FloatInput,
  options: EntropyLossGradOptions = NO_OPTIONS,
): LossWithGrad<number | LossArray> {
  const classes = directClasses(logits, options);
  if (classes !== undefined) {
    const grad = directGrad(options, logits as Float32Array, undefined, "classes");
    const loss = grad && directMean(logits as Float32Array, classes, grad);
    if (loss !== undefined) return { loss, grad: grad as Float32Array };
  }
  knownOptions(options, GRAD_OPTIONS);
  return evaluate(logits, options, true) as LossWithGrad<number | LossArray>;
}

function evaluate(
  input: FloatInput,
  options: EntropyLossGradOptions,
  withGrad: boolean,
): { loss: number | LossArray; grad?: FloatData } {
  const reduction = readReduction(options);
  const scale = finiteNumber("scale", options.scale, 1, SCALES);
  const logits = resolveLogits(input, options);
  const { rows, type, rowDims } = logits;
  const sampleWeight = rowFactors("sampleWeight", options.sampleWeight, rows, rowDims);
  const upstream = withGrad ? rowFactors("gradOutput", options.gradOutput, rows, rowDims) : 1;
  const mask = options.mask === undefined ? undefined : maskView(options.mask, logits);
  const by = divisor(reduction, rows, "logits");

  const Losses = type === "float64" ? Float64Array : Float32Array;
  const inputs = { logits, mask, sampleWeight, gradOutput: upstream };
  let out: LossArray | undefined;
  if (reduction.kind === "none") {
    out = options.out === undefined ? new Losses(rows) : rowsOutput("out", options.out, rows);
    if (options.out !== undefined) checkOverlap(out, inputs);
  }
  let grad: RowsView | undefined;
  if (withGrad) {
    grad = options.grad === undefined ? newLike(logits) : outputView("grad", options.grad, logits);
    if (options.grad !== undefined) {
      checkOverlap(grad, inputs, logits);
      if (out !== undefined) checkOverlap(grad, { out });
    }
  }
  const tiles = new EntropyTiles({ logits, mask, scale, sampleWeight, upstream, by, out, grad });
  sweep(tiles);
  const loss = out ?? divided(tiles.sum, by, reduction.onEmpty);
  return grad === undefined ? { loss } : { loss, grad: grad.array as FloatData };
}

/** The mean of a direct call, and its gradient; undefined, before anything is written, where a tile is too small. */
function directMean(logits: Float32Array, classes: number, grad?: Float32Array): number | undefined {
  const rows = logits.length / classes;
  const withGrad = grad !== undefined;
  const contents: RowContents = {
    type: "float32",
    classes,
    probabilities: false,
    weight: false,
    result: withGrad ? "inPlace" : "none",
  };
  const block = blockFor(contents, rows);
  if (rows > block.rows) return undefined;
  const { at, stage } = block;
  const { f32, f64, kernels } = stage;
  copyInDirect(logits, f32, at.logits);
  if (withGrad) writeRowFactors(stage, at.upstream, 0, rows, 1, 1, rows);
  kernels.f32_entropy(rows, classes, at.logits, 1, at.losses, withGrad ? at.upstream : 0, withGrad ? at.result : 0);
  let sum = 0;
  const losses = at.losses >>> 3;
  for (let r = 0; r < rows; r++) sum += f64[losses + r];
  if (withGrad) copyOutDirect(f32, at.result, grad);
  return sum / rows;
}

interface EntropyCall {
  readonly logits: RowsView;
  readonly mask: MaskView | undefined;
  readonly scale: number;
  readonly sampleWeight: RowFactors;
  readonly upstream: RowFactors;
  readonly by: number;
  readonly out: LossArray | undefined;
  readonly grad: RowsView | undefined;
}

const blockFor = remembering((stage, contents, rows) => new RowBlock(stage, contents, rows));

/** Entropies as tiles, and what they add up to. */
class EntropyTiles implements Tiles {
  readonly stage: Stage;
  readonly end: number;
  readonly rows: number;
  readonly tile: number;
  readonly inputs: Input[];
  readonly result: Place | undefined;
  /** Σ of the weighted entropies collected. */
  sum = 0;
  readonly #block: RowBlock;

  constructor(private readonly call: EntropyCall) {
    const { logits, mask, grad } = call;
    const type = computeType(logits.type);
    const contents: RowContents = {
      type,
      classes: logits.classes,
      probabilities: false,
      weight: false,
      result: grad === undefined ? "none" : "inPlace",
    };
    this.#block = blockFor(contents, logits.rows);
    const { at, stage, rows } = this.#block;
    this.stage = stage;
    this.end = at.end;
    this.rows = logits.rows;
    this.tile = rows;
    this.inputs = [{ view: logits, at: at.logits, type, edited: mask !== undefined }];
    this.result = grad === undefined ? undefined : { view: grad, at: at.result, type };
  }

  prepare(): void {}

  fill(memory: Views, first: number, count: number): void {
    const { at, contents } = this.#block;
    const { mask, upstream, sampleWeight, by } = this.call;
    if (mask !== undefined) {
      maskIn(mask, first, count, memory, at.logits, contents.type);
      // A row without classes counts as certain: entropy and gradient are 0.
      unmaskOneOfEmptyRows(mask, first, count, memory.view(contents.type), at.logits / elementBytes(contents.type));
    }
    if (this.result !== undefined) writeRowFactors(memory, at.upstream, first, count, upstream, sampleWeight, by);
  }

  run(count: number): number {
    const { kernel, args } = this.#kernel();
    const [classes, x, scale, loss, g, dx] = args;
    this.stage.kernels[kernel](count, classes, x, scale, loss, g, dx);
    return 0;
  }

  collect({ f64 }: Views, first: number, count: number): void {
    const { out, sampleWeight } = this.call;
    const losses = this.#block.at.losses >>> 3;
    for (let r = 0; r < count; r++) {
      const loss = product(factorOf(sampleWeight, first + r), f64[losses + r]);
      this.sum += loss;
      if (out !== undefined) out[first + r] = loss;
    }
  }

  task(): Task {
    const { at } = this.#block;
    return {
      ...this.#kernel(),
      perRow: 1,
      constants: [],
      inputs: this.result === undefined ? [] : [{ at: at.upstream, bytes: 8 }],
      outputs: [{ at: at.losses, bytes: 8 }],
    };
  }

  #kernel(): { kernel: "f32_entropy" | "f64_entropy"; args: number[] } {
    const { at, contents } = this.#block;
    const gradient = this.result === undefined ? [0, 0] : [at.upstream, at.result];
    return {
      kernel: contents.type === "float64" ? "f64_entropy" : "f32_entropy",
      args: [contents.classes, at.logits, this.call.scale, at.losses, ...gradient],
    };
  }
}
