/** What the element-wise losses share: types, arguments, checks, sweep, reduction. Each has a file of its own besides. */
import type { ElementType, FloatData, FloatInput, FloatOutput, IndexInput, ResultOf } from "../input/elements.js";
import { finiteNumber, knownOptions, NO_OPTIONS, NUMBER_OR_NUMBERS } from "../input/options.js";
import { checkOverlap, newLike, outputView, rowsOutput } from "../input/outputs.js";
import { resolvePair } from "../input/pair.js";
import { type RowsView, viewLike } from "../input/rows.js";
import { currentVariant } from "../kernels/choose.js";
import { sweep } from "../sweep/sweep.js";
import type { LossWithGrad } from "./crossEntropy.js";
import { DIRECT, directGrad, isDirectPair } from "./direct.js";
import { directSum, ElementTiles, type Factor, type Formula } from "./elementTiles.js";
import { divided, divisor, type Reduction, type ReductionOptions, readReduction } from "./reduction.js";

export type LossArray = Float32Array | Float64Array;

/** The options of every element-wise loss. */
export interface ElementLossOptions extends ReductionOptions {
  /** Shape of flat input, row-major; default one dimension. */
  dims?: readonly number[];
  /** Element type of raw 16-bit input. */
  dtype?: ElementType;
  /** Factor of each element's loss: a number, one a column (the last dimension), one an element, or broadcastable. */
  weight?: number | FloatInput;
  /** Where `reduction: "none"` writes its losses, one an element. */
  out?: LossArray;
}

/** And of its gradient. */
export interface ElementGradOptions<Grad = FloatOutput> {
  /** Where the gradient goes: a typed array, row-major like the input, or the input itself, strides and all. */
  grad?: Grad;
  /** Upstream gradient, in the forms of `weight`; default 1. */
  gradOutput?: number | FloatInput;
}

/** A number for `mean` and `sum`; for `none` one loss an element, float64 when the input is, else float32. */
export interface ElementLoss<Options extends object> {
  (
    input: FloatInput,
    targets: FloatInput | IndexInput,
    options?: Options & { reduction?: Exclude<Reductions<Options>, "none"> },
  ): number;
  (input: FloatInput, targets: FloatInput | IndexInput, options: Options & { reduction: "none" }): LossArray;
  (input: FloatInput, targets: FloatInput | IndexInput, options?: Options): number | LossArray;
}

/** The same with the gradient with respect to the first argument, of its shape and element type. */
export interface ElementLossWithGrad<Options extends object> {
  <Input extends FloatInput, Grad extends FloatOutput = ResultOf<Input>>(
    input: Input,
    targets: FloatInput | IndexInput,
    options?: Options & ElementGradOptions<Grad> & { reduction?: Exclude<Reductions<Options>, "none"> },
  ): LossWithGrad<number, Grad>;
  <Input extends FloatInput, Grad extends FloatOutput = ResultOf<Input>>(
    input: Input,
    targets: FloatInput | IndexInput,
    options: Options & ElementGradOptions<Grad> & { reduction: "none" },
  ): LossWithGrad<LossArray, Grad>;
  <Input extends FloatInput, Grad extends FloatOutput = ResultOf<Input>>(
    input: Input,
    targets: FloatInput | IndexInput,
    options?: Options & ElementGradOptions<Grad>,
  ): LossWithGrad<number | LossArray, Grad>;
}

type Reductions<Options> = Options extends { reduction?: infer R } ? R : never;

/** A formula with what goes into it besides. */
export interface LossFormula extends Formula {
  /** The positive weight or the variance; default 1. */
  readonly extra?: { readonly name: string; readonly value: number | FloatInput | undefined };
  /** s of t(1 − s) + s/2 in place of t. */
  readonly smoothing?: number;
}

/** An element-wise loss. */
export interface Kind<Options extends Loosely> {
  /** What messages call the first argument. */
  readonly input: string;
  /** The names of the options that it has besides {@link ElementLossOptions}. */
  readonly own: readonly string[];
  /** Its formula under these options; throws where they are out of range. */
  read(options: Options): LossFormula;
  /** What it was without options, once it has been asked for: small calls are most often that. */
  bare?: LossFormula;
  /**
   * Throws for elements, of the first argument or of the formula's `extra`, that there is no loss for. Kernels make NaN
   * of them, so that they are only sought where a sum is NaN, if nothing of the caller's has been written by then.
   */
  check?(x: RowsView, extra: Factor): void;
  /**
   * Σ of the losses of a direct call in plain JavaScript, and `factor` times their gradient: where the call of a kernel
   * takes longer than the loop. The arrays are of one length.
   */
  sum?(x: Float32Array, targets: Float32Array, grad: Float32Array | undefined, factor: number): number;
  /** Reductions that it has besides, which are means by `count`. */
  readonly reductions?: readonly string[];
  /** What a mean divides by, if not by the number of elements. */
  count?(x: RowsView, options: Options): number;
}

/** {@link ElementLossOptions} with any reductions. */
type Loosely = Omit<ElementLossOptions, "reduction"> & { reduction?: string };

export const OPTIONS = ["reduction", "denominator", "onEmpty", "dims", "dtype", "weight", "out"];
export const GRAD_OPTIONS = ["grad", "gradOutput"];

export function elementLoss<Options extends Loosely>(kind: Kind<Options>): ElementLoss<Options> {
  const names = [...OPTIONS, ...kind.own];
  const loss = (x: FloatInput, targets: FloatInput | IndexInput, options: Options = NO_OPTIONS as Options) => {
    if (options === NO_OPTIONS && isDirect(kind, x, targets)) {
      const mean = directMean(kind, x, targets as Float32Array);
      if (isFinal(kind, mean)) return mean;
    }
    knownOptions(options, names);
    return finish(prepare(kind, x, targets, options, false)).loss;
  };
  return loss as ElementLoss<Options>;
}

export function elementLossWithGrad<Options extends Loosely>(kind: Kind<Options>): ElementLossWithGrad<Options> {
  const names = [...OPTIONS, ...GRAD_OPTIONS, ...kind.own];
  const withGrad = (x: FloatInput, targets: FloatInput | IndexInput, options: Options = NO_OPTIONS as Options) => {
    if (isDirect(kind, x, targets)) {
      const grad = directGrad(options, x, targets as Float32Array);
      if (grad !== undefined) {
        const loss = directMean(kind, x, targets as Float32Array, grad);
        if (isFinal(kind, loss)) return { loss, grad };
      }
    }
    knownOptions(options, names);
    return finish(prepare(kind, x, targets, options, true));
  };
  return withGrad as ElementLossWithGrad<Options>;
}

/** Elements up to which the loop of {@link Kind.sum} is faster than a call into WebAssembly. */
const LOOP = 128;

/** Whether a direct call of n elements takes {@link Kind.sum}: with kernels in JavaScript always. */
function sumsItself<Options extends Loosely>(kind: Kind<Options>, n: number): boolean {
  return kind.sum !== undefined && (n <= LOOP || currentVariant() === "js");
}

function isDirect<Options extends Loosely>(kind: Kind<Options>, x: unknown, targets: unknown): x is Float32Array {
  if (!isDirectPair(x, targets, Number.POSITIVE_INFINITY)) return false;
  return x.length <= DIRECT || sumsItself(kind, x.length);
}

/** Whether that is the loss, and not what became of elements that there is none for. */
function isFinal<Options extends Loosely>(kind: Kind<Options>, mean: number): boolean {
  return kind.check === undefined || !Number.isNaN(mean);
}

function directMean<Options extends Loosely>(
  kind: Kind<Options>,
  x: Float32Array,
  targets: Float32Array,
  grad?: Float32Array,
): number {
  const n = x.length;
  if (kind.sum !== undefined && sumsItself(kind, n)) return kind.sum(x, targets, grad, 1 / n) / n;
  return directSum(formulaOf(kind, NO_OPTIONS as Options), kind.check !== undefined, x, targets, grad) / n;
}

function formulaOf<Options extends Loosely>(kind: Kind<Options>, options: Options): LossFormula {
  if (options !== NO_OPTIONS) return kind.read(options);
  kind.bare ??= kind.read(options);
  return kind.bare;
}

function factor(name: string, value: number | FloatInput | undefined, x: RowsView): Factor {
  if (value === undefined) return 1;
  if (typeof value === "number") return finiteNumber(name, value, 1);
  return viewLike(name, value, x, { broadcast: true, integers: true, expected: NUMBER_OR_NUMBERS });
}

/** A call whose arguments are checked, before anything is written. */
export interface Prepared {
  readonly tiles: ElementTiles;
  readonly reduction: Reduction;
  readonly by: number;
  readonly out: LossArray | undefined;
  readonly grad: RowsView | undefined;
  readonly gradExtra: RowsView | undefined;
  /** {@link Kind.check}, if it is yet to be asked where the sum is NaN. */
  readonly check: (() => void) | undefined;
}

/** @param extraOutput where the gradient with respect to the formula's `extra` goes, if it is wanted */
export function prepare<Options extends Loosely & ElementGradOptions>(
  kind: Kind<Options>,
  input: FloatInput,
  targetsInput: FloatInput | IndexInput,
  options: Options,
  withGrad: boolean,
  extraOutput?: { readonly name: string; readonly value: FloatOutput | undefined },
): Prepared {
  const reduction = readReduction(options as ReductionOptions, kind.reductions);
  const { op, p = 0, q = 0, smoothing = 0, extra: extraOption } = formulaOf(kind, options);
  const { x, targets } = resolvePair(input, targetsInput, options, kind.input);
  const weight = factor("weight", options.weight, x);
  const extra = extraOption === undefined ? 1 : factor(extraOption.name, extraOption.value, x);
  const upstream = withGrad ? factor("gradOutput", options.gradOutput, x) : 1;
  const given = [options.weight, options.out, options.grad, extraOutput?.value];
  // Of a float64 below 0 a float32 may become −0.
  const rounded = typeof extra === "object" && extra.type === "float64" && x.type !== "float64";
  const later = !rounded && given.every((value) => value === undefined);
  if (!later) kind.check?.(x, extra);
  const elements = x.rows * x.classes;
  const by = divisor(reduction, kind.count === undefined ? elements : kind.count(x, options), kind.input);

  const Losses = x.type === "float64" ? Float64Array : Float32Array;
  const inputs = { x, targets, weight, extra, gradOutput: upstream };
  let out: LossArray | undefined;
  if (reduction.kind === "none" && options.out !== undefined) {
    out = rowsOutput("out", options.out, elements);
    checkOverlap(out, inputs);
  } else if (reduction.kind === "none") {
    out = new Losses(elements);
  }
  let grad: RowsView | undefined;
  if (withGrad && options.grad !== undefined) {
    grad = outputView("grad", options.grad, x);
    checkOverlap(grad, inputs, x);
    checkOverlap(grad, { out });
  } else if (withGrad) {
    grad = newLike(x);
  }
  let gradExtra: RowsView | undefined;
  if (extraOutput !== undefined && extraOutput.value !== undefined) {
    gradExtra = outputView(extraOutput.name, extraOutput.value, x);
    checkOverlap(gradExtra, inputs, typeof extra === "object" ? extra : undefined);
    checkOverlap(gradExtra, { grad, out });
  } else if (extraOutput !== undefined) {
    gradExtra = newLike(x);
  }

  const outputs = { out, grad, gradExtra };
  const tiles = new ElementTiles({ op, x, targets, extra, p, q, smoothing, weight, upstream, by, ...outputs });
  return { tiles, reduction, by, ...outputs, check: later ? () => kind.check?.(x, extra) : undefined };
}

export function finish({ tiles, reduction, by, out, grad, check }: Prepared): {
  loss: number | LossArray;
  grad?: FloatData;
} {
  sweep(tiles);
  if (Number.isNaN(tiles.sum)) check?.();
  const loss = out ?? divided(tiles.sum, by, reduction.onEmpty);
  return grad === undefined ? { loss } : { loss, grad: grad.array as FloatData };
}
