import type { FloatInput } from "../input/elements.js";
import type { MaskView } from "../input/mask.js";
import { applyMask } from "../input/mask.js";
import { copyRowsIn, type RowsView } from "../input/rows.js";

export interface WeightedLogSumExpOptions {
  /** Factors b of ln Σ b·eˣ, like the logits or broadcastable to them, of either sign; 0·∞ counts as 0. */
  b?: number | FloatInput;
  /** Whether the sign of Σ b·eˣ is wanted beside ln |Σ b·eˣ|; without it a sum below 0 gives NaN. */
  returnSign?: boolean;
}

/** ln |Σ b·eˣ| of each row, and the sign of the sum: 1, −1, or 0 where the logarithm is −∞. */
export interface LogSumExpWithSign<Value = Float32Array | Float64Array> {
  value: Value;
  sign: Float32Array | Float64Array;
}

/**
 * ln |Σ b·eˣ| of each row into `value`, signs into `sign`. In float64, row by row: factors of either sign cancel, so that
 * float32 kernels would lose what is asked for.
 */
export function weightedLogSumExp(
  logits: RowsView,
  factors: RowsView,
  mask: MaskView | undefined,
  value: Float32Array | Float64Array,
  sign: Float32Array | Float64Array | undefined,
): void {
  const { rows, classes } = logits;
  const x = new Float64Array(classes);
  const f = new Float64Array(classes);
  for (let r = 0; r < rows; r++) {
    copyRowsIn(logits, r, 1, x, 0);
    copyRowsIn(factors, r, 1, f, 0);
    if (mask !== undefined) applyMask(mask, r, 1, x, 0, -Infinity);
    let m = -Infinity;
    for (let j = 0; j < classes; j++) {
      if (f[j] === 0) x[j] = -Infinity; // what does not count sets no maximum either
      if (x[j] > m) m = x[j];
    }
    let sum = m === Infinity && isTornApart(x, f) ? Number.NaN : 0;
    let lost = 0; // Neumaier's compensation
    for (let j = 0; j < classes; j++) {
      const term = x[j] === -Infinity ? 0 : x[j] === m ? f[j] : f[j] * Math.exp(x[j] - m);
      const next = sum + term;
      lost += Math.abs(sum) >= Math.abs(term) ? sum - next + term : term - next + sum;
      sum = next;
    }
    // Infinite terms leave nothing to compensate.
    const total = Number.isFinite(sum) ? sum + lost : sum;
    const log = total === 0 ? -Infinity : m + Math.log(Math.abs(total));
    value[r] = sign === undefined && total < 0 ? Number.NaN : log;
    if (sign !== undefined) sign[r] = Math.sign(total);
  }
}

/** Whether infinite terms of both signs are among b·eˣ. */
function isTornApart(x: Float64Array, b: Float64Array): boolean {
  const infinite = (sign: number) => x.some((value, j) => value === Infinity && Math.sign(b[j]) === sign);
  return infinite(1) && infinite(-1);
}
