// The specification in code: softmax cross-entropy and its relatives in float64, from the definitions of docs/maths.md.
//
// p = softmax(z), z = the logits after scale, soft cap and mask, w = class weights, t' = smoothed targets,
// aⱼ = wⱼt'ⱼ, S = Σ aⱼ, lse = ln Σ eᶻ, ln pⱼ = (zⱼ − m) − ln Σ e^{z−m} with m = max z.
//
//   row loss      Σ aⱼ·(−ln pⱼ) + ε₁ Σ t'ⱼ(1 − pⱼ) + λ·lse²
//   d / dzⱼ       S·pⱼ − aⱼ − ε₁ pⱼ(t'ⱼ − Σ t'p) + 2λ·lse·pⱼ
//   d / dxⱼ       the same × scale·(1 − tanh²(scale·xⱼ/c))
//
// Sums are compensated, and ln Σ e^{z−m} is log1p of the terms other than the largest, so that the reference can judge
// float64 results at 128,256 classes and losses of confident rows.

import { type Axis, broadcastAt, type Layout, layout, type Tensor } from "./layout.js";

export type Floats = Float32Array | Float64Array;
export type Indices = Int32Array | BigInt64Array;
export type Reduction = "mean" | "sum" | "none";

export interface CrossEntropyOptions {
  /** Shape of the logits; with `axis` it says what a row is. */
  dims: readonly number[];
  axis?: number | readonly number[];
  /** One a class. */
  weight?: Floats;
  /** One a row, or one for all. */
  sampleWeight?: number | Floats;
  /** Like the logits, 1 for classes that take part. */
  mask?: Uint8Array;
  ignoreIndex?: number;
  labelSmoothing?: number;
  reduction?: Reduction;
  denominator?: number;
  onEmpty?: "nan" | "zero" | "throw";
  scale?: number;
  softcap?: number;
  zLoss?: number;
  polyEpsilon?: number;
  /** One a row, or one for all. */
  gradOutput?: number | Floats;
}

/** A row before the reduction. All arrays have one entry a class. */
export interface Row {
  /** Nothing to learn from: ignored, or every class masked. Loss and gradient are 0. */
  blank: boolean;
  ignored: boolean;
  z: Float64Array;
  /** dz/dx. */
  chain: Float64Array;
  max: number;
  lse: number;
  p: Float64Array;
  /** Smoothed targets t'. */
  t: Float64Array;
  /** Weighted targets a = w·t'. */
  a: Float64Array;
  /** Cross-entropy and Poly-1 terms. */
  loss: number;
  /** λ·lse². */
  zLoss: number;
  /** By z, of `loss`. */
  grad: Float64Array;
  /** By z, of `zLoss`. */
  zGrad: Float64Array;
  /** What the row's gradients are multiplied by: upstream gradient × sample weight / divisor of the mean. */
  factor: number;
  zFactor: number;
}

export interface CrossEntropyResult {
  /** One number for a mean or a sum, one a row for "none". */
  loss: Float64Array;
  /** The z-loss part of `loss`. */
  zLoss: Float64Array;
  /** Like the logits. */
  grad: Float64Array;
  /** What follows is for error bounds. */
  rows: Row[];
  layout: Layout;
  /** What a row's `loss` and `zLoss` are multiplied by on their way into the result, one a row. */
  lossFactor: Float64Array;
  zLossFactor: Float64Array;
}

/** Neumaier's compensated sum. */
export function total(values: ArrayLike<number>): number {
  let sum = 0;
  let lost = 0;
  for (let i = 0; i < values.length; i++) {
    const next = sum + values[i];
    if (Math.abs(sum) >= Math.abs(values[i])) lost += sum - next + values[i];
    else lost += values[i] - next + sum;
    sum = next;
  }
  return Number.isFinite(sum) ? sum + lost : sum;
}

/** a·b where 0·∞ is 0. */
export function product(a: number, b: number): number {
  return a === 0 && Math.abs(b) === Infinity ? 0 : a * b;
}

export interface Distribution {
  max: number;
  lse: number;
  logP: Float64Array;
  p: Float64Array;
}

/** softmax of one row. NaN or +∞ in it make everything but an infinite lse NaN; a row of −∞ has lse −∞ and p NaN. */
export function distribution(z: Float64Array): Distribution {
  let largest = 0;
  for (let j = 1; j < z.length; j++) if (z[j] > z[largest] || Number.isNaN(z[j])) largest = j;
  const max = z.length === 0 ? -Infinity : z[largest];
  const e = z.map((value) => Math.exp(value - max));
  const others = total(e.filter((_, j) => j !== largest));
  const logSum = Math.log1p(others);
  const nothing = z.map(() => Number.NaN);
  if (!Number.isFinite(max)) return { max, lse: z.some(Number.isNaN) ? Number.NaN : max, logP: nothing, p: nothing };
  return {
    max,
    lse: max + logSum,
    logP: z.map((value) => value - max - logSum),
    p: e.map((value) => value / (1 + others)),
  };
}

/** z and dz/dx of one logit. −∞ stays −∞, so that a class which is out stays out; a soft cap is flat there. */
function transform(x: number, { scale = 1, softcap }: CrossEntropyOptions): [z: number, chain: number] {
  if (softcap === undefined) return [scale * x, scale];
  if (x === -Infinity) return [x, 0];
  const v = (scale * x) / softcap;
  const e = Math.exp(-2 * Math.abs(v));
  return [softcap * Math.tanh(v), (scale * 4 * e) / (1 + e) ** 2]; // 1 − tanh² = 4e/(1 + e)²
}

export function isIndices(targets: Floats | Indices): targets is Indices {
  return targets instanceof Int32Array || targets instanceof BigInt64Array;
}

function perRow(value: number | Floats | undefined, r: number): number {
  return value === undefined ? 1 : typeof value === "number" ? value : value[r];
}

/** Everything about row r but its share in the reduction. */
function lossRow(logits: Floats, targets: Floats | Indices, at: Layout, r: number, options: CrossEntropyOptions): Row {
  const { labelSmoothing = 0, polyEpsilon = 0, zLoss: lambda = 0, ignoreIndex = -100 } = options;
  const n = at.classes;
  const z = new Float64Array(n);
  const chain = new Float64Array(n);
  let members = 0;
  for (let j = 0; j < n; j++) {
    const member = options.mask?.[at.at(r, j)] !== 0;
    [z[j], chain[j]] = transform(member ? logits[at.at(r, j)] : -Infinity, options);
    members += Number(member);
  }
  const index = isIndices(targets) ? Number(targets[r]) : undefined;
  const ignored = index === ignoreIndex;
  const t = new Float64Array(n);
  for (let j = 0; j < n; j++) {
    const given = isIndices(targets) ? Number(j === index) : targets[at.at(r, j)];
    t[j] = (1 - labelSmoothing) * given + labelSmoothing / n;
  }
  const a = t.map((value, j) => value * (options.weight?.[j] ?? 1));
  const { max, lse, logP, p } = distribution(z);
  const row: Row = {
    ...{ blank: ignored || (options.mask !== undefined && members === 0), ignored, z, chain, max, lse, p, t, a },
    ...{ loss: 0, zLoss: 0, grad: new Float64Array(n), zGrad: new Float64Array(n), factor: 0, zFactor: 0 },
  };
  if (row.blank) return row;
  const s = total(a);
  const expected = total(p.map((value, j) => product(t[j], value)));
  row.loss = total(a.map((value, j) => product(value, -logP[j])));
  if (polyEpsilon !== 0) row.loss += polyEpsilon * total(p.map((value, j) => t[j] * (1 - value)));
  // Where there is no finite maximum there is no distribution, and both parts are NaN.
  if (lambda !== 0) row.zLoss = Number.isFinite(max) ? lambda * lse * lse : Number.NaN;
  for (let j = 0; j < n; j++) {
    row.grad[j] = s * p[j] - a[j] - polyEpsilon * p[j] * (t[j] - expected);
    if (lambda !== 0) row.zGrad[j] = 2 * lambda * lse * p[j];
  }
  return row;
}

/** What the mean divides its two parts by: docs/maths.md §4. */
function divisors(rows: readonly Row[], targets: Floats | Indices, options: CrossEntropyOptions): [number, number] {
  const counted = rows.flatMap((row, r) => (row.ignored ? [] : [r]));
  if (options.denominator !== undefined) return [options.denominator, options.denominator];
  if (!isIndices(targets)) return [rows.length, rows.length];
  return [total(counted.map((r) => options.weight?.[Number(targets[r])] ?? 1)), counted.length];
}

/**
 * @param logits shape `options.dims`
 * @param targets class indices, one a row in the order of the dimensions left, or probabilities like the logits
 */
export function crossEntropyWithGrad(
  logits: Floats,
  targets: Floats | Indices,
  options: CrossEntropyOptions,
): CrossEntropyResult {
  const { reduction = "mean", onEmpty = "nan", sampleWeight, gradOutput } = options;
  if (options.denominator !== undefined && !(options.denominator > 0)) throw new RangeError("denominator");
  const at = layout(options.dims, options.axis);
  const rows = Array.from({ length: at.rows }, (_, r) => lossRow(logits, targets, at, r, options));
  const [divisor, zDivisor] = reduction === "mean" ? divisors(rows, targets, options) : [1, 1];
  if (divisor === 0 && onEmpty === "throw") throw new RangeError("a mean over nothing");

  // A mean over nothing has no gradient. When all class weights are 0, that is the cross-entropy's alone.
  const share = (by: number) => (by === 0 ? 0 : 1 / by);
  const grad = new Float64Array(logits.length);
  const lossFactor = new Float64Array(at.rows);
  const zLossFactor = new Float64Array(at.rows);
  for (const [r, row] of rows.entries()) {
    lossFactor[r] = perRow(sampleWeight, r) * share(divisor);
    zLossFactor[r] = perRow(sampleWeight, r) * share(zDivisor);
    if (row.blank) continue;
    row.factor = perRow(gradOutput, r) * lossFactor[r];
    row.zFactor = perRow(gradOutput, r) * zLossFactor[r];
    for (let j = 0; j < at.classes; j++) {
      const byZ = row.factor * row.grad[j] + row.zFactor * row.zGrad[j];
      grad[at.at(r, j)] = product(row.chain[j], byZ);
    }
  }
  const parts = Float64Array.from(rows, (row, r) => product(lossFactor[r], row.loss));
  const zParts = Float64Array.from(rows, (row, r) => product(zLossFactor[r], row.zLoss));
  const details = { grad, rows, layout: at, lossFactor, zLossFactor };
  if (reduction === "none") return { loss: parts.map((v, r) => v + zParts[r]), zLoss: zParts, ...details };
  const nothing = onEmpty === "zero" ? 0 : Number.NaN;
  const zLoss = zDivisor === 0 ? nothing : total(zParts);
  const loss = (divisor === 0 ? nothing : total(parts)) + ((options.zLoss ?? 0) === 0 ? 0 : zLoss);
  return { loss: Float64Array.of(loss), zLoss: Float64Array.of(zLoss), ...details };
}

export interface BinaryOptions {
  dims: readonly number[];
  /** Broadcast to the logits. */
  weight?: number | Tensor;
  posWeight?: number | Tensor;
  gradOutput?: number | Tensor;
  reduction?: Reduction;
  denominator?: number;
  onEmpty?: "nan" | "zero" | "throw";
}

/** `value` for element i of an array of shape `dims`. */
export function elementOf(value: number | Tensor | undefined, dims: readonly number[], i: number): number {
  return value === undefined ? 1 : typeof value === "number" ? value : broadcastAt(value, dims, i);
}

/**
 * (1 − t)x + q·softplus(−x), q = 1 + (w₊ − 1)t, as two forms that hold no ∞ − ∞:
 * (1 − t)x + q·ln(1 + e^−x) for x ≥ 0 and −w₊t·x + q·ln(1 + eˣ) below.
 */
export function binaryLoss(x: number, t: number, posWeight: number): number {
  const log = Math.log1p(Math.exp(-Math.abs(x)));
  const q = 1 + (posWeight - 1) * t;
  return product(q, log) + (x >= 0 ? product(1 - t, x) : product(-posWeight * t, x));
}

export function sigmoid(x: number): number {
  const e = Math.exp(-Math.abs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

export function binaryCrossEntropyWithLogitsWithGrad(
  logits: Floats,
  targets: Floats,
  options: BinaryOptions,
): { loss: Float64Array; grad: Float64Array } {
  const { dims, reduction = "mean", onEmpty = "nan" } = options;
  if (options.denominator !== undefined && !(options.denominator > 0)) throw new RangeError("denominator");
  const n = logits.length;
  const divisor = reduction === "mean" ? (options.denominator ?? n) : 1;
  const loss = new Float64Array(n);
  const grad = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const w = elementOf(options.weight, dims, i);
    const pos = elementOf(options.posWeight, dims, i);
    const [x, t] = [logits[i], targets[i]];
    loss[i] = product(w, binaryLoss(x, t, pos)) / divisor;
    const g = (elementOf(options.gradOutput, dims, i) * w) / divisor;
    grad[i] = g * ((pos * t + 1 - t) * sigmoid(x) - pos * t);
  }
  if (reduction === "none") return { loss, grad };
  if (divisor === 0 && onEmpty === "throw") throw new RangeError("a mean over nothing");
  const nothing = onEmpty === "zero" ? 0 : Number.NaN;
  return { loss: Float64Array.of(divisor === 0 ? nothing : total(loss)), grad };
}

export interface TransformOptions {
  dims: readonly number[];
  axis?: Axis;
  mask?: Uint8Array;
}

function transformRows(x: Floats, options: TransformOptions, use: (d: Distribution, at: Layout, r: number) => void) {
  const at = layout(options.dims, options.axis);
  for (let r = 0; r < at.rows; r++) {
    const z = Float64Array.from({ length: at.classes }, (_, j) => {
      return options.mask?.[at.at(r, j)] === 0 ? -Infinity : x[at.at(r, j)];
    });
    use(distribution(z), at, r);
  }
}

export function softmax(x: Floats, options: TransformOptions): Float64Array {
  const y = new Float64Array(x.length);
  transformRows(x, options, ({ p }, at, r) => {
    for (const [j, value] of p.entries()) y[at.at(r, j)] = value;
  });
  return y;
}

export function logSoftmax(x: Floats, options: TransformOptions): Float64Array {
  const y = new Float64Array(x.length);
  transformRows(x, options, ({ logP }, at, r) => {
    for (const [j, value] of logP.entries()) y[at.at(r, j)] = value;
  });
  return y;
}

/** One number a row. */
export function logSumExp(x: Floats, options: TransformOptions): Float64Array {
  const y = new Float64Array(layout(options.dims, options.axis).rows);
  transformRows(x, options, ({ lse }, _, r) => {
    y[r] = lse;
  });
  return y;
}

/** rows × classes; a row whose index is `ignoreIndex` is 0 throughout. */
export function oneHot(
  indices: Indices,
  classes: number,
  { labelSmoothing = 0, ignoreIndex = -100 }: { labelSmoothing?: number; ignoreIndex?: number } = {},
): Float64Array {
  const y = new Float64Array(indices.length * classes);
  for (let r = 0; r < indices.length; r++) {
    if (Number(indices[r]) === ignoreIndex) continue;
    y.fill(labelSmoothing / classes, r * classes, (r + 1) * classes);
    y[r * classes + Number(indices[r])] += 1 - labelSmoothing;
  }
  return y;
}
