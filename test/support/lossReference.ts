// Whole calls of the losses of elementReference.ts, and of the two that take class indices, in float64: options, divisor,
// reduction as docs/maths.md §4 has them. With the sizes that rounding errors are proportional to, in the same shapes.

import * as element from "./elementReference.js";
import { type Axis, layout, type Tensor } from "./layout.js";
import {
  crossEntropyWithGrad,
  elementOf,
  type Floats,
  type Indices,
  product,
  type Reduction,
  total,
} from "./reference.js";

export interface ElementOptions {
  dims: readonly number[];
  weight?: number | Tensor;
  gradOutput?: number | Tensor;
  /** `klDivLoss` has "batchmean" too. */
  reduction?: Reduction;
  denominator?: number;
  onEmpty?: "nan" | "zero" | "throw";
}

export interface Result {
  loss: Float64Array;
  grad: Float64Array;
  lossSize: Float64Array;
  gradSize: Float64Array;
}

type Of = (x: number, t: number) => element.ElementResult;

function reduce(losses: Float64Array, reduction: string, by: number, onEmpty = "nan"): Float64Array {
  if (reduction === "none") return losses;
  if (by === 0 && onEmpty === "throw") throw new RangeError("a mean over nothing");
  return Float64Array.of(by === 0 ? (onEmpty === "zero" ? 0 : Number.NaN) : total(losses) / by);
}

function elements(of: Of, x: Floats, t: Floats, options: ElementOptions): Result {
  const { dims, denominator, onEmpty } = options;
  const reduction: string = options.reduction ?? "mean";
  if (denominator !== undefined && !(denominator > 0)) throw new RangeError("denominator");
  const own = reduction === "batchmean" ? (dims[0] ?? 1) : x.length;
  const by = reduction === "mean" || reduction === "batchmean" ? (denominator ?? own) : 1;
  const each = Array.from(x, (value, i) => of(value, t[i]));
  const w = Float64Array.from(x, (_, i) => elementOf(options.weight, dims, i));
  const g = w.map((factor, i) => (by === 0 ? 0 : (factor * elementOf(options.gradOutput, dims, i)) / by));
  const losses = w.map((factor, i) => product(factor, each[i].loss));
  const sizes = w.map((factor, i) => product(Math.abs(factor), each[i].lossSize));
  return {
    loss: reduce(losses, reduction, by, onEmpty),
    grad: g.map((factor, i) => factor * each[i].grad),
    lossSize: reduce(sizes, reduction, by, onEmpty),
    gradSize: g.map((factor, i) => Math.abs(factor) * each[i].gradSize),
  };
}

export const binaryCrossEntropyWithGrad = (x: Floats, t: Floats, options: ElementOptions): Result =>
  elements((p, target) => element.binaryCrossEntropy(p, target), x, t, options);

export const klDivLossWithGrad = (x: Floats, t: Floats, o: ElementOptions & { logTarget?: boolean }): Result =>
  elements(o.logTarget ? element.klDivLog : element.klDiv, x, t, o);

export const sigmoidFocalLossWithGrad = (
  x: Floats,
  t: Floats,
  { alpha = 0.25, gamma = 2, ...options }: ElementOptions & { alpha?: number; gamma?: number },
): Result => elements((value, target) => element.sigmoidFocal(value, target, alpha, gamma), x, t, options);

export const l1LossWithGrad = (x: Floats, t: Floats, options: ElementOptions): Result =>
  elements(element.absolute, x, t, options);

export const poissonNllLossWithGrad = (
  x: Floats,
  t: Floats,
  {
    logInput = true,
    full = false,
    eps = 1e-8,
    ...options
  }: ElementOptions & {
    logInput?: boolean;
    full?: boolean;
    eps?: number;
  },
): Result => elements((value, target) => element.poisson(value, target, logInput, full, eps), x, t, options);

export const logSigmoid = (x: Floats): Float64Array => Float64Array.from(x, (value) => -element.softplus(-value));

export interface IndexOptions {
  dims: readonly number[];
  axis?: Exclude<Axis, null>;
  weight?: Floats;
  sampleWeight?: number | Floats;
  ignoreIndex?: number;
  reduction?: Reduction;
  denominator?: number;
  gradOutput?: number | Floats;
}

const at = (value: number | Floats | undefined, r: number): number =>
  value === undefined ? 1 : typeof value === "number" ? value : value[r];

/** −w_y·ln p_y of log-probabilities. */
export function nllLossWithGrad(x: Floats, targets: Indices, options: IndexOptions): Result {
  const { dims, axis = -1, weight, sampleWeight, ignoreIndex = -100, reduction = "mean", gradOutput } = options;
  const rows = layout(dims, axis);
  const labels = Array.from(targets, Number);
  const w = labels.map((y) => (y === ignoreIndex ? 0 : (weight?.[y] ?? 1)));
  const by = reduction === "mean" ? (options.denominator ?? total(w)) : 1;
  const losses = Float64Array.from(labels, (y, r) => {
    return y === ignoreIndex ? 0 : -product(w[r] * at(sampleWeight, r), x[rows.at(r, y)]);
  });
  const grad = new Float64Array(x.length);
  for (const [r, y] of labels.entries()) {
    if (y !== ignoreIndex) grad[rows.at(r, y)] = (-w[r] * at(sampleWeight, r) * at(gradOutput, r)) / by;
  }
  const loss = reduce(losses, reduction, by);
  const lossSize = reduce(losses.map(Math.abs), reduction, by);
  return { loss, grad, lossSize, gradSize: grad.map(Math.abs) };
}

/** −α·(1 − p_y)^γ·ln p_y of softmax rows along the last axis; the loss alone. */
export function focalLoss(
  x: Floats,
  targets: Indices,
  options: IndexOptions & { alpha: number; gamma: number },
): { loss: Float64Array; lossSize: Float64Array } {
  const { dims, alpha, gamma, sampleWeight, reduction = "mean" } = options;
  const { rows } = crossEntropyWithGrad(x, targets, { dims });
  const losses = Float64Array.from(rows, ({ p, loss }, r) => {
    const rest = total(Array.from(p, (value, j) => (j === Number(targets[r]) ? 0 : value)));
    return at(sampleWeight, r) * alpha * rest ** gamma * loss;
  });
  const by = reduction === "mean" ? (options.denominator ?? rows.length) : 1;
  return { loss: reduce(losses, reduction, by), lossSize: reduce(losses.map(Math.abs), reduction, by) };
}
