import { resolveBinary } from "../input/binary.js";
import type { ElementType, FloatData, FloatInput, FloatOutput, IndexInput, ResultOf } from "../input/elements.js";
import { finiteNumber, knownOptions } from "../input/options.js";
import { checkOverlap, newLike, outputView, rowsOutput } from "../input/outputs.js";
import { copyRowsIn, type RowsView, viewLike } from "../input/rows.js";
import { copyOut } from "../sweep/rows.js";
import { computeType, elementBytes, isNarrow, layout, PREFIX, sharedStage, TILE_BYTES } from "../sweep/stage.js";
import type { LossWithGrad } from "./crossEntropy.js";
import { divided, divisor, product, type ReductionOptions, readReduction } from "./reduction.js";

type LossArray = Float32Array | Float64Array;

export interface BinaryCrossEntropyOptions extends ReductionOptions {
  /** Shape of flat logits, row-major; default one dimension. */
  dims?: readonly number[];
  /** Element type of raw 16-bit logits. */
  dtype?: ElementType;
  /** Factor of each element's loss: a number, one a column (the last dimension), one an element, or broadcastable. */
  weight?: number | FloatInput;
  /** Factor w₊ of the positive part, in the same forms; default 1. */
  posWeight?: number | FloatInput;
  /** Where `reduction: "none"` writes its losses, one an element. */
  out?: LossArray;
}

export interface BinaryCrossEntropyGradOptions<Grad = FloatOutput> extends BinaryCrossEntropyOptions {
  /** Where the gradient goes: a typed array, row-major like the logits, or the logits themselves, strides and all. */
  grad?: Grad;
  /** Upstream gradient, in the forms of `weight`; default 1. */
  gradOutput?: number | FloatInput;
}

const OPTIONS = ["reduction", "denominator", "onEmpty", "dims", "dtype", "weight", "posWeight", "out"];
const GRAD_OPTIONS = [...OPTIONS, "grad", "gradOutput"];

/**
 * Binary cross-entropy of each logit x with its target t, in nats: (1 − t)x + (1 + (w₊ − 1)t)·softplus(−x). Semantics of
 * PyTorch's `binary_cross_entropy_with_logits`; 0·∞ counts as 0. `mean` divides by the number of elements, weights or not.
 *
 * @param logits any shape; float32, float64, float16 or bfloat16
 * @param targets like the logits, usually in [0, 1]; any number type or booleans
 * @returns a number for `mean` and `sum`; for `none` one loss an element, float64 when the logits are, else float32
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for shapes that do not fit or an option out of its range; nothing has been written then
 */
export function binaryCrossEntropyWithLogits(
  logits: FloatInput,
  targets: FloatInput | IndexInput,
  options?: BinaryCrossEntropyOptions & { reduction?: "mean" | "sum" },
): number;
export function binaryCrossEntropyWithLogits(
  logits: FloatInput,
  targets: FloatInput | IndexInput,
  options: BinaryCrossEntropyOptions & { reduction: "none" },
): LossArray;
export function binaryCrossEntropyWithLogits(
  logits: FloatInput,
  targets: FloatInput | IndexInput,
  options?: BinaryCrossEntropyOptions,
): number | LossArray;
export function binaryCrossEntropyWithLogits(
  logits: FloatInput,
  targets: FloatInput | IndexInput,
  options: BinaryCrossEntropyOptions = {},
): number | LossArray {
  knownOptions(options, OPTIONS);
  return evaluate(logits, targets, options, false).loss;
}

/**
 * {@link binaryCrossEntropyWithLogits} and its gradient with respect to the logits, (1 − t)·σ(x) − w₊t·σ(−x), in one sweep.
 *
 * @returns `grad` has the shape and the element type of the logits, unless `options.grad` says where it goes
 * @throws as {@link binaryCrossEntropyWithLogits}
 */
export function binaryCrossEntropyWithLogitsWithGrad<
  Logits extends FloatInput,
  Grad extends FloatOutput = ResultOf<Logits>,
>(
  logits: Logits,
  targets: FloatInput | IndexInput,
  options?: BinaryCrossEntropyGradOptions<Grad> & { reduction?: "mean" | "sum" },
): LossWithGrad<number, Grad>;
export function binaryCrossEntropyWithLogitsWithGrad<
  Logits extends FloatInput,
  Grad extends FloatOutput = ResultOf<Logits>,
>(
  logits: Logits,
  targets: FloatInput | IndexInput,
  options: BinaryCrossEntropyGradOptions<Grad> & { reduction: "none" },
): LossWithGrad<LossArray, Grad>;
export function binaryCrossEntropyWithLogitsWithGrad<
  Logits extends FloatInput,
  Grad extends FloatOutput = ResultOf<Logits>,
>(
  logits: Logits,
  targets: FloatInput | IndexInput,
  options?: BinaryCrossEntropyGradOptions<Grad>,
): LossWithGrad<number | LossArray, Grad>;
export function binaryCrossEntropyWithLogitsWithGrad(
  logits: FloatInput,
  targets: FloatInput | IndexInput,
  options: BinaryCrossEntropyGradOptions = {},
): LossWithGrad<number | LossArray> {
  knownOptions(options, GRAD_OPTIONS);
  return evaluate(logits, targets, options, true) as LossWithGrad<number | LossArray>;
}

/** A factor of the elements: a number, or a view. */
function factor(name: string, value: number | FloatInput | undefined, logits: RowsView): number | RowsView {
  if (value === undefined) return 1;
  if (typeof value === "number") return finiteNumber(name, value, 1);
  return viewLike(name, value, logits, { broadcast: true });
}

function evaluate(
  logitsInput: FloatInput,
  targetsInput: FloatInput | IndexInput,
  options: BinaryCrossEntropyGradOptions,
  withGrad: boolean,
): { loss: number | LossArray; grad?: FloatData } {
  const reduction = readReduction(options);
  const { logits, targets } = resolveBinary(logitsInput, targetsInput, options);
  const { type } = logits;
  const weight = factor("weight", options.weight, logits);
  const posWeight = factor("posWeight", options.posWeight, logits);
  const upstream = withGrad ? factor("gradOutput", options.gradOutput, logits) : 1;
  const elements = logits.rows * logits.classes;
  const by = divisor(reduction, elements);

  const Losses = type === "float64" ? Float64Array : Float32Array;
  const inputs = [
    logits,
    targets,
    { name: "weight", view: weight },
    { name: "posWeight", view: posWeight },
    { name: "gradOutput", view: upstream },
  ];
  let out: LossArray | undefined;
  if (reduction.kind === "none" && options.out !== undefined) {
    out = rowsOutput("out", options.out, elements);
    checkOverlap(out, inputs);
  } else if (reduction.kind === "none") {
    out = new Losses(elements);
  }
  let grad: RowsView | undefined;
  if (withGrad && options.grad !== undefined) {
    grad = outputView("grad", options.grad, logits);
    checkOverlap(grad, [...inputs, { name: "out", view: options.out }], logits);
  } else if (withGrad) {
    grad = newLike(logits);
  }

  // Where everything lies in one run, tiles may end anywhere; otherwise they hold whole rows of the last dimension.
  const flat = [logits, targets, weight, posWeight, upstream, grad].every(
    (view) => typeof view !== "object" || view.contiguous,
  );
  const tileOf = <V extends number | RowsView | undefined>(view: V): V =>
    flat && typeof view === "object" ? { ...view, rows: elements, classes: 1 } : view;
  const from = {
    logits: tileOf(logits),
    targets: tileOf(targets),
    weight: tileOf(weight),
    posWeight: tileOf(posWeight),
    upstream: tileOf(upstream),
  };
  const to = tileOf(grad);
  const { rows, classes: columns } = from.logits;

  const narrowLogits = isNarrow(type);
  const bytes = elementBytes(computeType(type));
  const own = elementBytes(type);
  const apart = withGrad && narrowLogits;
  const arrays = [targets, weight, posWeight, upstream, out, apart].filter((part) => part && typeof part !== "number");
  const tile = Math.max(1, Math.min(rows, Math.floor(TILE_BYTES / ((own + bytes * arrays.length) * columns))));
  const size = tile * columns;
  const sizes = {
    logits: Math.max(1, size * own),
    targets: size * bytes,
    weight: typeof weight === "number" ? 0 : size * bytes,
    posWeight: typeof posWeight === "number" ? 0 : size * bytes,
    upstream: typeof upstream === "number" ? 0 : size * bytes,
    losses: out === undefined ? 0 : size * bytes,
    result: apart ? size * bytes : 0,
  };
  const stage = sharedStage(layout(0, sizes).end);
  const at = layout(stage.base, sizes);
  if (withGrad && !apart) at.result = at.logits;
  const compute = type === "float64" ? stage.f64 : stage.f32;
  const source = stage.view(type);
  const factorIn = (view: number | RowsView, region: number, first: number, count: number): void => {
    if (typeof view !== "number") copyRowsIn(view, first, count, compute, region / bytes);
  };
  const scalarWeight = typeof weight === "number" ? weight : 1;
  const scalarUpstream = by === 0 ? 0 : ((typeof upstream === "number" ? upstream : 1) * scalarWeight) / by;
  const scalarPosWeight = typeof posWeight === "number" ? posWeight : 1;

  let sum = 0;
  for (let first = 0; first < rows; first += tile) {
    const count = Math.min(tile, rows - first);
    const n = count * columns;
    copyRowsIn(from.logits, first, count, source, at.logits / source.BYTES_PER_ELEMENT);
    factorIn(from.targets, at.targets, first, count);
    factorIn(from.weight, at.weight, first, count);
    factorIn(from.posWeight, at.posWeight, first, count);
    factorIn(from.upstream, at.upstream, first, count);
    const { kernels } = stage;
    const partial =
      to === undefined
        ? kernels[`${PREFIX[type]}_bce`](n, at.logits, at.targets, at.weight, at.posWeight, scalarPosWeight, at.losses)
        : kernels[`${PREFIX[type]}_bce_grad`](
            n,
            at.logits,
            at.targets,
            at.weight,
            at.posWeight,
            scalarPosWeight,
            at.losses,
            at.upstream,
            scalarUpstream,
            at.result,
          );
    sum += product(scalarWeight, partial);
    if (out !== undefined) {
      const losses = at.losses / bytes;
      for (let i = 0; i < n; i++) out[first * columns + i] = product(scalarWeight, compute[losses + i]);
    }
    if (to !== undefined) copyOut(stage, at.result, type, to, first, count);
  }
  const loss = out ?? divided(sum, by, reduction.onEmpty);
  return grad === undefined ? { loss } : { loss, grad: grad.array as FloatData };
}
