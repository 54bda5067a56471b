/**
 * Answers in float64 with compensated sums, formed from the definitions row by row, and how far a contender is from
 * them. The project's own contenders are not timed before they have passed: a fast wrong answer is no answer.
 */
import { decode, encode } from "../test/support/halves.js";
import { type CrossEntropyResult, crossEntropyWithGrad, total } from "../test/support/reference.js";
import { type ElementType, type Option, optionsOf } from "./contenders/ours.js";
import type { Data } from "./data.js";
import { exactLoss } from "./losses/exact.js";
import { isLoss } from "./losses/losses.js";
import type { Workload } from "./workloads.js";

export interface Exact {
  /** The mean loss. */
  readonly loss: number;
  /** rows × classes. */
  readonly gradient: Float64Array;
  /** What errors of the gradient are measured by where it is a difference: the larger of both. Otherwise by itself. */
  readonly sizes?: Float64Array;
  /** Elements of which the largest sets what an error of the others is measured by. */
  readonly row: number;
  /** What the error of a gradient may be. */
  readonly bound: number;
}

export interface Errors {
  /** |loss − exact| / |exact|. */
  readonly loss: number;
  /**
   * max |Δ| / max(|exact|, largest of the row / 20) over the elements of the gradient, null for forward: at most 2e-6
   * is "within 2e-6 of itself or 1e-7 of the row's largest, whichever is larger".
   */
  readonly gradient: number | null;
}

export const LOSS_BOUND = 1e-5;
/** Of 16-bit gradients: the rounding to nearest, and a tenth of it for the way there. */
export const GRADIENT_BOUND = { float32: 2e-6, float16: 1.1 * 2 ** -11, bfloat16: 1.1 * 2 ** -8 } as const;
/** Of the losses beside cross-entropy: 60 ulp of the sizes of their terms, as in test/losses, which may cancel to half. */
const LOSS_GRADIENT_BOUND = 120 * 2 ** -24;
const NORMAL = { float32: 2 ** -126, float16: 2 ** -14, bfloat16: 2 ** -126 } as const;
const ROW_SHARE = 1e-7 / GRADIENT_BOUND.float32;

/**
 * The answer for the workload with the logits rounded to `dtype`, under an option of the loss; and what a gradient of
 * `gradDtype` may be off.
 */
export function exactOf(
  workload: Workload,
  data: Data,
  dtype: ElementType = "float32",
  gradDtype: ElementType = "float32",
  option?: Option,
): Exact {
  const { kind, rows, classes } = workload;
  const logits = dtype === "float32" ? data.logits : Float32Array.from(decode(encode(data.logits, dtype), dtype));
  const bound = GRADIENT_BOUND[gradDtype];
  if (isLoss(kind)) return { ...exactLoss(kind, data), bound: LOSS_GRADIENT_BOUND };
  if (kind === "binary") return { ...exactBinary(logits, data.labels), bound };
  if (option === undefined) return { ...exactCrossEntropy(logits, data.targets, classes), bound };
  const options = { dims: [rows, classes], ...optionsOf(option, workload, data) };
  const result = crossEntropyWithGrad(logits, data.targets, options);
  return { loss: result.loss[0], gradient: result.grad, row: classes, bound: bound + capping(result, option) };
}

/** A soft-capped logit z is itself rounded: 8u·(|z| + max|z|) relative in its exp, see test/support/bounds.ts. */
function capping({ rows }: CrossEntropyResult, option: Option): number {
  if (option !== "softcap") return 0;
  const largest = rows.reduce((most, { z }) => z.reduce((a, b) => Math.max(a, Math.abs(b)), most), 0);
  return 16 * 2 ** -24 * largest;
}

function exactCrossEntropy(logits: Float32Array, targets: Int32Array, classes: number): Omit<Exact, "bound"> {
  const rows = targets.length;
  const gradient = new Float64Array(logits.length);
  const losses = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const x = logits.subarray(row * classes, (row + 1) * classes);
    const g = gradient.subarray(row * classes, (row + 1) * classes);
    const y = targets[row];
    let max = -Infinity;
    for (let j = 0; j < classes; j++) max = Math.max(max, x[j]);
    for (let j = 0; j < classes; j++) g[j] = Math.exp(x[j] - max);
    const sum = total(g);
    losses[row] = Math.log(sum) - (x[y] - max);
    // The others' sum, not p − 1: a row that is certain would leave nothing of the difference.
    g[y] = 0;
    g[y] = -total(g);
    for (let j = 0; j < classes; j++) g[j] /= sum * rows;
  }
  return { loss: total(losses) / rows, gradient, row: classes };
}

function exactBinary(logits: Float32Array, labels: Float32Array): Omit<Exact, "bound"> {
  const n = logits.length;
  const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  const losses = Float64Array.from(logits, (x, i) => softplus(-x) + (1 - labels[i]) * x);
  const gradient = Float64Array.from(logits, (x, i) => (1 / (1 + Math.exp(-x)) - labels[i]) / n);
  return { loss: total(losses) / n, gradient, row: n };
}

/**
 * Errors of a mean loss and, where given, of its gradient with respect to the logits. NaN where an answer is NaN.
 *
 * @param least errors of elements smaller than this are measured by it
 */
export function errorsOf(exact: Exact, loss: number, gradient?: Float32Array, least = leastOf("float32")): Errors {
  return {
    loss: Math.abs(loss - exact.loss) / Math.abs(exact.loss),
    gradient: gradient ? gradientError(exact, gradient, least) : null,
  };
}

/** The smallest normal number. */
export function leastOf(dtype: ElementType): number {
  return NORMAL[dtype];
}

/** What p − 1 leaves in float64 when p is nearly 1, over the rows: the loops that users write subtract so. */
export function leastOfLoops({ gradient, row, bound }: Exact): number {
  return (2 ** -52 * row) / gradient.length / bound;
}

/** Says what is wrong, or undefined when both errors are within their bounds. */
export function failureOf(errors: Errors, { bound }: Exact): string | undefined {
  // Negated, so that NaN fails.
  if (!(errors.loss <= LOSS_BOUND))
    return `loss is off by ${errors.loss.toExponential(1)} relative, allowed ${LOSS_BOUND.toExponential()}`;
  if (errors.gradient !== null && !(errors.gradient <= bound))
    return `gradient is off by ${errors.gradient.toExponential(1)} of max(itself, row's largest / 20), allowed ${bound.toExponential(1)}`;
  return undefined;
}

function gradientError({ gradient, row, sizes = gradient }: Exact, got: Float32Array, least: number): number {
  let worst = 0;
  for (let start = 0; start < gradient.length; start += row) {
    const end = Math.min(start + row, gradient.length);
    let floor = least;
    for (let i = start; i < end; i++) floor = Math.max(floor, Math.abs(sizes[i]) * ROW_SHARE);
    for (let i = start; i < end; i++) {
      const error = Math.abs(got[i] - gradient[i]) / Math.max(Math.abs(sizes[i]), floor);
      if (error > worst || Number.isNaN(error)) worst = error;
      if (Number.isNaN(worst)) return worst;
    }
  }
  return worst;
}
