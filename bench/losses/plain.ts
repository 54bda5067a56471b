/**
 * The other losses as a good JavaScript programmer writes them without a library: one loop over typed arrays, float64
 * arithmetic with Math, means in nats; with `grad` the gradient of the mean too. As in `baseline.ts`, nothing is checked.
 */
type Values = Float32Array;

/** −t·ln p − (1 − t)·ln(1 − p), each logarithm at least −100. */
export function binaryCrossEntropyPlain(p: Values, t: Values, grad?: Values): number {
  const n = p.length;
  let total = 0;
  for (let i = 0; i < n; i++) {
    const q = 1 - p[i];
    total -= t[i] * Math.max(Math.log(p[i]), -100) + (1 - t[i]) * Math.max(Math.log(q), -100);
    if (grad) grad[i] = (p[i] - t[i]) / Math.max(p[i] * q, 1e-12) / n;
  }
  return total / n;
}

/** −ln p_y of rows of log-probabilities. */
export function nllLossPlain(logProbabilities: Values, targets: Int32Array, classes: number, grad?: Values): number {
  const rows = targets.length;
  grad?.fill(0);
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const i = row * classes + targets[row];
    total -= logProbabilities[i];
    if (grad) grad[i] = -1 / rows;
  }
  return total / rows;
}

/** t·(ln t − x), x = ln q. */
export function klDivLossPlain(x: Values, t: Values, grad?: Values): number {
  const n = x.length;
  let total = 0;
  for (let i = 0; i < n; i++) {
    if (t[i] > 0) total += t[i] * (Math.log(t[i]) - x[i]);
    if (grad) grad[i] = -t[i] / n;
  }
  return total / n;
}

/** −(1 − p_y)²·ln p_y, p = softmax(x). */
export function focalLossPlain(logits: Values, targets: Int32Array, classes: number, grad?: Values): number {
  const rows = targets.length;
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const start = row * classes;
    const end = start + classes;
    let max = -Infinity;
    for (let i = start; i < end; i++) if (logits[i] > max) max = logits[i];
    const y = start + targets[row];
    let rest = 0; // Σ of all but the target: 1 − p_y without cancellation
    for (let i = start; i < end; i++) {
      const e = Math.exp(logits[i] - max);
      if (grad) grad[i] = e;
      if (i !== y) rest += e;
    }
    const own = Math.exp(logits[y] - max);
    const sum = rest + own;
    const p = own / sum;
    const q = rest / sum;
    const logP = logits[y] - max - Math.log(sum);
    total -= q * q * logP;
    if (!grad) continue;
    const factor = (q * q - 2 * q * p * logP) / rows;
    for (let i = start; i < end; i++) grad[i] *= factor / sum;
    grad[y] = -factor * q;
  }
  return total / rows;
}

/** α_t·(1 − p_t)²·(−ln p_t), α = ¼, p = σ(x) [Lin 2017]. */
export function sigmoidFocalLossPlain(x: Values, t: Values, grad?: Values): number {
  const n = x.length;
  let total = 0;
  for (let i = 0; i < n; i++) {
    const e = Math.exp(-Math.abs(x[i]));
    const p = (x[i] < 0 ? e : 1) / (1 + e);
    const q = (x[i] < 0 ? 1 : e) / (1 + e);
    const log = Math.log1p(e);
    const logP = Math.min(x[i], 0) - log;
    const logQ = -Math.max(x[i], 0) - log;
    const [a, b] = [0.25 * t[i], 0.75 * (1 - t[i])];
    total -= a * q * q * logP + b * p * p * logQ;
    if (grad) grad[i] = (a * q * q * (2 * p * logP - q) - b * p * p * (2 * q * logQ - p)) / n;
  }
  return total / n;
}

/** −Σ p·ln p, p = softmax(x). */
export function entropyLossPlain(logits: Values, rows: number, classes: number, grad?: Values): number {
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const start = row * classes;
    const end = start + classes;
    let max = -Infinity;
    for (let i = start; i < end; i++) if (logits[i] > max) max = logits[i];
    let sum = 0;
    let dot = 0;
    for (let i = start; i < end; i++) {
      const d = logits[i] - max;
      const e = Math.exp(d);
      if (grad) grad[i] = e;
      sum += e;
      dot += e * d;
    }
    const logSum = Math.log(sum);
    const entropy = logSum - dot / sum;
    total += entropy;
    if (!grad) continue;
    for (let i = start; i < end; i++) grad[i] *= -(logits[i] - max - logSum + entropy) / (sum * rows);
  }
  return total / rows;
}

/** Σ t(lse − x). */
export function softCrossEntropyPlain(logits: Values, targets: Values, classes: number, grad?: Values): number {
  const rows = logits.length / classes;
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const start = row * classes;
    const end = start + classes;
    let max = -Infinity;
    for (let i = start; i < end; i++) if (logits[i] > max) max = logits[i];
    let sum = 0;
    for (let i = start; i < end; i++) {
      const e = Math.exp(logits[i] - max);
      if (grad) grad[i] = e;
      sum += e;
    }
    const lse = max + Math.log(sum);
    for (let i = start; i < end; i++) {
      total += targets[i] * (lse - logits[i]);
      if (grad) grad[i] = (grad[i] / sum - targets[i]) / rows;
    }
  }
  return total / rows;
}

/** ln Σ eˣ, the mean over rows; with `grad` softmax(x), the gradient of their sum. */
export function logSumExpPlain(logits: Values, rows: number, classes: number, grad?: Values): number {
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const start = row * classes;
    const end = start + classes;
    let max = -Infinity;
    for (let i = start; i < end; i++) if (logits[i] > max) max = logits[i];
    let sum = 0;
    for (let i = start; i < end; i++) {
      const e = Math.exp(logits[i] - max);
      if (grad) grad[i] = e;
      sum += e;
    }
    total += max + Math.log(sum);
    if (grad) for (let i = start; i < end; i++) grad[i] /= sum;
  }
  return total / rows;
}

export function mseLossPlain(x: Values, t: Values, grad?: Values): number {
  const n = x.length;
  let total = 0;
  for (let i = 0; i < n; i++) {
    const d = x[i] - t[i];
    total += d * d;
    if (grad) grad[i] = (2 * d) / n;
  }
  return total / n;
}

export function l1LossPlain(x: Values, t: Values, grad?: Values): number {
  const n = x.length;
  let total = 0;
  for (let i = 0; i < n; i++) {
    const d = x[i] - t[i];
    total += Math.abs(d);
    if (grad) grad[i] = Math.sign(d) / n;
  }
  return total / n;
}

/** ½(ln v + (x − t)²/v), v at least 10⁻⁶. */
export function gaussianNllLossPlain(x: Values, t: Values, variance: Values, grad?: Values, gradV?: Values): number {
  const n = x.length;
  let total = 0;
  for (let i = 0; i < n; i++) {
    const d = x[i] - t[i];
    const v = Math.max(variance[i], 1e-6);
    total += 0.5 * (Math.log(v) + (d * d) / v);
    if (grad) grad[i] = d / v / n;
    if (gradV) gradV[i] = (0.5 * (1 - (d * d) / v)) / v / n;
  }
  return total / n;
}

/** eˣ − t·x. */
export function poissonNllLossPlain(x: Values, t: Values, grad?: Values): number {
  const n = x.length;
  let total = 0;
  for (let i = 0; i < n; i++) {
    const e = Math.exp(x[i]);
    total += e - t[i] * x[i];
    if (grad) grad[i] = (e - t[i]) / n;
  }
  return total / n;
}
