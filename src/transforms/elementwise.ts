import type { ElementType, FloatData, FloatInput, FloatOutput, ResultOf, TensorLike } from "../input/elements.js";
import { knownOptions, NO_OPTIONS } from "../input/options.js";
import { checkOverlap, newLike, outputView } from "../input/outputs.js";
import { resolveElements } from "../input/pair.js";
import type { ElementOp } from "../kernels/kernels.js";
import { ElementTiles } from "../losses/elementTiles.js";
import { sweep } from "../sweep/sweep.js";

export interface ElementwiseOptions<Out = FloatOutput> {
  /** Shape of a flat array, row-major; it only matters to an `out` that is a tensor's. */
  dims?: readonly number[];
  /** Element type of raw 16-bit input. */
  dtype?: ElementType;
  /** Where the result goes: a typed array, row-major like the input, or the input itself, strides and all. */
  out?: Out;
}

/** What `out` says, or a new array like the input. */
type Result<Out> = Out extends TensorLike ? FloatData : Out;

const OPTIONS = ["dims", "dtype", "out"];

function map(op: ElementOp, sign: number, input: FloatInput, options: ElementwiseOptions): FloatData {
  knownOptions(options, OPTIONS);
  const x = resolveElements("logits", input, options);
  const out = options.out === undefined ? newLike(x) : outputView("out", options.out, x);
  if (options.out !== undefined) checkOverlap(out, { logits: x }, x);
  const one = { extra: 1, weight: 1, upstream: 1, by: 1 };
  const nothing = { targets: undefined, smoothing: 0, out: undefined, gradExtra: undefined };
  sweep(new ElementTiles({ op, x, p: sign, grad: out, ...one, ...nothing }));
  return out.array as FloatData;
}

/**
 * Logistic function 1/(1 + e^−x) of each element.
 *
 * @param logits any shape; float32, float64, float16 or bfloat16
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for shapes that do not fit; nothing has been written then
 */
export function sigmoid<Input extends FloatInput, Out extends FloatOutput = ResultOf<Input>>(
  logits: Input,
  options: ElementwiseOptions<Out> = NO_OPTIONS,
): Result<Out> {
  return map("sigmoid", 1, logits, options) as Result<Out>;
}

/** ln σ(x) = −softplus(−x) of each element, accurate for any x; the rest as {@link sigmoid}. */
export function logSigmoid<Input extends FloatInput, Out extends FloatOutput = ResultOf<Input>>(
  logits: Input,
  options: ElementwiseOptions<Out> = NO_OPTIONS,
): Result<Out> {
  return map("softplus", -1, logits, options) as Result<Out>;
}

/** ln(1 + eˣ) of each element, without overflow; the rest as {@link sigmoid}. */
export function softplus<Input extends FloatInput, Out extends FloatOutput = ResultOf<Input>>(
  logits: Input,
  options: ElementwiseOptions<Out> = NO_OPTIONS,
): Result<Out> {
  return map("softplus", 1, logits, options) as Result<Out>;
}
