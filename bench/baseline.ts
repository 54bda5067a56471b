/**
 * The losses as a good JavaScript programmer writes them without a library: typed arrays, the row's maximum hoisted,
 * float64 arithmetic with Math.exp, one logarithm a row. Losses are means in nats; gradients are those of the mean.
 *
 * Stronger ones, with an exp of their own, are `contenders/tuned.ts` and celoss's kernel set `js`. Nothing is checked here: every
 * target is in [0, classes) and the arrays have the lengths that they should.
 */

/** Mean of lse(x) − x[y] over `targets.length` rows of `classes` logits each, row-major. */
export function crossEntropyPlain(logits: Float32Array, targets: Int32Array, classes: number): number {
  const rows = targets.length;
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const start = row * classes;
    const end = start + classes;
    let max = -Infinity;
    for (let i = start; i < end; i++) if (logits[i] > max) max = logits[i];
    let sum = 0;
    for (let i = start; i < end; i++) sum += Math.exp(logits[i] - max);
    // (x − max) before the logarithm: near logits of 1e20 the sum would be lost in max + ln Σ.
    total += Math.log(sum) - (logits[start + targets[row]] - max);
  }
  return total / rows;
}

/** The same, and (softmax(x) − e_y) / rows into `grad`, which has the length of `logits` and may be `logits`. */
export function crossEntropyWithGradPlain(
  logits: Float32Array,
  targets: Int32Array,
  classes: number,
  grad: Float32Array,
): number {
  const rows = targets.length;
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const start = row * classes;
    const end = start + classes;
    const target = start + targets[row];
    let max = -Infinity;
    for (let i = start; i < end; i++) if (logits[i] > max) max = logits[i];
    const shifted = logits[target] - max;
    let sum = 0;
    for (let i = start; i < end; i++) {
      const e = Math.exp(logits[i] - max);
      grad[i] = e;
      sum += e;
    }
    total += Math.log(sum) - shifted;
    const factor = 1 / (sum * rows);
    for (let i = start; i < end; i++) grad[i] *= factor;
    // Not grad[target] −= 1 / rows: a probability near 1 rounded to float32 would leave nothing of the difference.
    grad[target] = (Math.exp(shifted) / sum - 1) / rows;
  }
  return total / rows;
}

/** Mean of max(x, 0) − t·x + ln(1 + e^−|x|) over all elements; `targets` are probabilities. */
export function binaryCrossEntropyWithLogitsPlain(logits: Float32Array, targets: Float32Array): number {
  const n = logits.length;
  let total = 0;
  for (let i = 0; i < n; i++) {
    const x = logits[i];
    total += (x > 0 ? x : 0) - targets[i] * x + Math.log1p(Math.exp(-Math.abs(x)));
  }
  return total / n;
}

/** The same, and (σ(x) − t) / n into `grad`, which has the length of `logits` and may be `logits`. */
export function binaryCrossEntropyWithLogitsWithGradPlain(
  logits: Float32Array,
  targets: Float32Array,
  grad: Float32Array,
): number {
  const n = logits.length;
  let total = 0;
  for (let i = 0; i < n; i++) {
    const x = logits[i];
    const t = targets[i];
    const e = Math.exp(-Math.abs(x));
    total += (x > 0 ? x : 0) - t * x + Math.log1p(e);
    grad[i] = ((x < 0 ? e : 1) / (1 + e) - t) / n;
  }
  return total / n;
}
