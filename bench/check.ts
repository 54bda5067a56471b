/**
 * Answers in float64 with compensated sums, formed from the definitions row by row, and how far a contender is from
 * them. Nothing is timed before it has passed: a fast wrong answer is no answer.
 */
import { total } from "../test/support/reference.js";
import type { Data, Workload } from "./workloads.js";

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
export const GRADIENT_BOUND = 2e-6;
const ROW_SHARE = 1e-7 / GRADIENT_BOUND;

/** Errors of a mean loss and, where given, of its gradient with respect to the logits. NaN where an answer is NaN. */
export function errorsOf(workload: Workload, data: Data, loss: number, gradient?: Float32Array): Errors {
  return workload.kind === "binary"
    ? binaryErrors(data.logits, data.labels, loss, gradient)
    : crossEntropyErrors(data.logits, data.targets, workload.classes, loss, gradient);
}

/** Says what is wrong, or undefined when both errors are within their bounds. */
export function failureOf(errors: Errors): string | undefined {
  // Negated, so that NaN fails.
  if (!(errors.loss <= LOSS_BOUND))
    return `loss is off by ${errors.loss.toExponential(1)} relative, allowed ${LOSS_BOUND.toExponential()}`;
  if (errors.gradient !== null && !(errors.gradient <= GRADIENT_BOUND))
    return `gradient is off by ${errors.gradient.toExponential(1)} of max(itself, row's largest / 20), allowed ${GRADIENT_BOUND.toExponential()}`;
  return undefined;
}

function crossEntropyErrors(
  logits: Float32Array,
  targets: Int32Array,
  classes: number,
  loss: number,
  gradient: Float32Array | undefined,
): Errors {
  const rows = targets.length;
  const exact = new Float64Array(classes);
  const losses = new Float64Array(rows);
  let worst = 0;
  for (let row = 0; row < rows; row++) {
    const x = logits.subarray(row * classes, (row + 1) * classes);
    const y = targets[row];
    const max = x.reduce((a, b) => Math.max(a, b), -Infinity);
    for (let j = 0; j < classes; j++) exact[j] = Math.exp(x[j] - max);
    const sum = total(exact);
    losses[row] = Math.log(sum) - (x[y] - max);
    if (!gradient) continue;
    for (let j = 0; j < classes; j++) exact[j] /= sum * rows;
    exact[y] -= 1 / rows;
    worst = larger(worst, gradientError(exact, gradient.subarray(row * classes, (row + 1) * classes)));
  }
  return { loss: relative(loss, total(losses) / rows), gradient: gradient ? worst : null };
}

function binaryErrors(
  logits: Float32Array,
  labels: Float32Array,
  loss: number,
  gradient: Float32Array | undefined,
): Errors {
  const n = logits.length;
  const losses = Float64Array.from(logits, (x, i) => softplus(-x) + (1 - labels[i]) * x);
  const lossError = relative(loss, total(losses) / n);
  if (!gradient) return { loss: lossError, gradient: null };
  const exact = Float64Array.from(logits, (x, i) => (1 / (1 + Math.exp(-x)) - labels[i]) / n);
  return { loss: lossError, gradient: gradientError(exact, gradient) };
}

function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

function relative(got: number, want: number): number {
  return Math.abs(got - want) / Math.abs(want);
}

function gradientError(exact: Float64Array, got: Float32Array): number {
  const floor = exact.reduce((a, b) => Math.max(a, Math.abs(b)), 0) * ROW_SHARE;
  let worst = 0;
  for (let j = 0; j < exact.length; j++)
    worst = larger(worst, Math.abs(got[j] - exact[j]) / Math.max(Math.abs(exact[j]), floor));
  return worst;
}

/** The larger of the two, NaN when one is. */
function larger(a: number, b: number): number {
  return b > a || Number.isNaN(b) ? b : a;
}
