// Each case of the conformance data as a call of the public API. Nothing here knows which cases exist: an op that has no
// entry in CALLS, or attributes without a counterpart, give undefined, and exceptions.ts has to say why.

import { logSumExp } from "../../src/index.js";
import { binaryBounds, crossEntropyBounds, transformBounds } from "../support/bounds.js";
import { type Axis, broadcastAt, layout, rowDims, type Tensor } from "../support/layout.js";
import * as reference from "../support/reference.js";
import { INFORMATION_CALLS } from "./information.js";
import type { Case, CaseTensor } from "./load.js";
import { LOSS_CALLS, type LossApi } from "./losses.js";

type Floats = reference.Floats;
type Loss = number | Floats;

/** What of the library the cases need; the reference implements it too. */
export interface Api extends LossApi {
  crossEntropy(logits: Floats, targets: Floats | reference.Indices, options: reference.CrossEntropyOptions): Loss;
  crossEntropyWithGrad(
    logits: Floats,
    targets: Floats | reference.Indices,
    options: reference.CrossEntropyOptions,
  ): { loss: Loss; grad: ArrayLike<number>; zLoss?: Loss };
  binaryCrossEntropyWithLogits(logits: Floats, targets: Floats, options: reference.BinaryOptions): Loss;
  binaryCrossEntropyWithLogitsWithGrad(
    logits: Floats,
    targets: Floats,
    options: reference.BinaryOptions,
  ): { loss: Loss; grad: ArrayLike<number> };
  softmax(x: Floats, options: reference.TransformOptions): ArrayLike<number>;
  logSoftmax(x: Floats, options: reference.TransformOptions): ArrayLike<number>;
  logSumExp(x: Floats, options: reference.TransformOptions): ArrayLike<number>;
  oneHot(indices: reference.Indices, classes: number, options: { labelSmoothing?: number }): ArrayLike<number>;
}

export type Outputs = Record<string, ArrayLike<number>>;

export interface Call {
  run(api: Api): Outputs;
  /** Absolute bounds of the arithmetic with unit roundoff u, by output. */
  bounds(u: number): Record<string, Float64Array>;
}

export type Width = Float32ArrayConstructor | Float64ArrayConstructor;

export const list = (value: Loss): ArrayLike<number> => (typeof value === "number" ? [value] : value);
const size = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);
const count = (weights: ArrayLike<number>) => Array.from(weights).filter((w) => w !== 0).length;

/** Keeps the named outputs, so that a case is judged by what it records and nothing else. */
export function only(outputs: Outputs, names: Iterable<string>): Outputs {
  return Object.fromEntries(Array.from(names, (name) => [name, outputs[name]]));
}

/**
 * Sample weights as one factor a row. Weights of more dimensions than the loss broadcast it up: a row then counts once
 * for each of its copies, which is the sum of their weights.
 */
export function rowWeights(weight: CaseTensor, lossDims: readonly number[]): { each: Float64Array; all: Float64Array } {
  const rank = Math.max(weight.dims.length, lossDims.length);
  const dims = Array.from({ length: rank }, (_, i) => {
    const own = (shape: readonly number[]) => shape[shape.length - rank + i] ?? 1;
    return Math.max(own(weight.dims), own(lossDims));
  });
  const rows = Float64Array.from({ length: size(lossDims) }, (_, r) => r);
  const each = new Float64Array(rows.length);
  const all = Float64Array.from({ length: size(dims) }, (_, i) => {
    const w = broadcastAt(weight, dims, i);
    each[broadcastAt({ data: rows, dims: lossDims }, dims, i)] += w;
    return w;
  });
  return { each, all };
}

/** What a mean is divided by when it is not the library's own count. A divisor of 0 stands for a caller's mistake. */
export function denominator(
  { attrs }: Case,
  weights: ArrayLike<number> | undefined,
  positions: number,
): number | undefined {
  const divisor = {
    sample_weights: weights && reference.total(weights),
    nonzero_sample_weights: weights && count(weights),
    positions,
  }[String(attrs.mean_denominator)];
  // TensorFlow's mean over sample weights that are all 0 is 0, as is any other mean of losses times 0.
  return divisor === 0 && (attrs.zero_if_empty || positions === 0) ? undefined : divisor;
}

function crossEntropy(c: Case, floats: Width): Call {
  const { attrs, inputs, outputs = {} } = c;
  const { logits, target, weight, mask, sample_weight: sampleWeight, grad_output: gradOutput } = inputs;
  const axis = attrs.axis as number | readonly number[];
  const { dims } = logits;
  const x = floats.from(logits.data);
  const y = target.dtype !== "int64" ? floats.from(target.data) : indices(target, floats);
  const weights = sampleWeight && rowWeights(sampleWeight, rowDims(dims, axis));
  const positions = size(rowDims(dims, axis));
  const ownCount = attrs.mean_denominator === "weights" || (attrs.mean_denominator === "positions" && !weights);
  const options: reference.CrossEntropyOptions = {
    dims,
    axis,
    reduction: attrs.reduction as reference.Reduction,
    ...(weight && { weight: floats.from(weight.data) }),
    ...(weights && { sampleWeight: sampleWeight.dims.length === 0 ? sampleWeight.data[0] : weights.each }),
    ...(mask && { mask: perLogit(mask, logits, axis) }),
    ...(attrs.ignore_index !== undefined && { ignoreIndex: Number(attrs.ignore_index) }),
    ...(attrs.label_smoothing !== undefined && { labelSmoothing: Number(attrs.label_smoothing) }),
    ...(attrs.lse_square_scale !== undefined && { zLoss: Number(attrs.lse_square_scale) }),
    ...(attrs.softcap !== undefined && { softcap: Number(attrs.softcap) }),
    ...(attrs.poly_epsilon !== undefined && { polyEpsilon: Number(attrs.poly_epsilon) }),
    ...(attrs.reduction === "mean" && !ownCount && { denominator: denominator(c, weights?.all, positions) }),
    ...(attrs.zero_if_empty ? { onEmpty: "zero" as const } : undefined),
  };
  const gradOptions = { ...options, ...(gradOutput && { gradOutput: floats.from(gradOutput.data) }) };
  return {
    run(api) {
      const { loss, grad, zLoss = 0 } = api.crossEntropyWithGrad(x, y, gradOptions);
      const logProb = outputs.log_prob ? api.logSoftmax(x, { dims, axis }) : [];
      const forward = list(api.crossEntropy(x, y, options));
      const both = { loss: list(loss), grad_logits: grad, z_loss: list(zLoss), log_prob: logProb };
      return { forward, ...only(both, Object.keys(outputs)) };
    },
    bounds(u) {
      const result = reference.crossEntropyWithGrad(x, y, gradOptions);
      const { loss, grad, zLoss } = crossEntropyBounds(result, gradOptions, u);
      const logProb = outputs.log_prob && transformBounds(x, { dims, axis }, u).logSoftmax;
      return { loss, forward: loss, grad_logits: grad, z_loss: zLoss, ...(logProb && { log_prob: logProb }) };
    },
  };
}

export function indices({ data }: CaseTensor, floats: Width): reference.Indices {
  return floats === Float32Array ? Int32Array.from(data) : BigInt64Array.from(Array.from(data, BigInt));
}

/** A mask of positions as one of logits. */
function perLogit(mask: CaseTensor, logits: CaseTensor, axis: Axis): Uint8Array {
  const at = layout(logits.dims, axis);
  const result = Uint8Array.from({ length: logits.data.length }, (_, i) => mask.data[i] ?? 1);
  if (mask.data.length === logits.data.length) return result;
  for (let r = 0; r < at.rows; r++) {
    for (let j = 0; j < at.classes; j++) result[at.at(r, j)] = mask.data[r];
  }
  return result;
}

function binary(c: Case, floats: Width): Call {
  const { attrs, inputs, outputs = {} } = c;
  const { logits, target, sample_weight: sampleWeight, pos_weight: posWeight, grad_output: gradOutput } = inputs;
  const { dims } = logits;
  const smoothing = Number(attrs.label_smoothing ?? 0);
  const x = floats.from(logits.data);
  const t = floats.from(target.data.map((value) => value * (1 - smoothing) + smoothing / 2));
  const operand = (tensor: CaseTensor, rows?: unknown): number | Tensor => {
    if (tensor.dims.length === 0) return tensor.data[0];
    // Where rows are averaged first, their weights stand beside the first dimensions.
    return { data: floats.from(tensor.data), dims: rows ? [...tensor.dims, 1] : tensor.dims };
  };
  const weight = sampleWeight ? operand(sampleWeight, attrs.row_mean) : undefined;
  const all = sampleWeight && logits.data.map((_, i) => reference.elementOf(weight, dims, i));
  const ownCount = attrs.mean_denominator === "positions";
  const options: reference.BinaryOptions = {
    dims,
    reduction: attrs.reduction as reference.Reduction,
    ...(weight !== undefined && { weight }),
    ...(posWeight && { posWeight: operand(posWeight) }),
    ...(attrs.reduction === "mean" && !ownCount && { denominator: denominator(c, all, logits.data.length) }),
    ...(attrs.zero_if_empty ? { onEmpty: "zero" as const } : undefined),
  };
  const gradOptions = { ...options, ...(gradOutput && { gradOutput: operand(gradOutput) }) };
  return {
    run(api) {
      const { loss, grad } = api.binaryCrossEntropyWithLogitsWithGrad(x, t, gradOptions);
      const forward = list(api.binaryCrossEntropyWithLogits(x, t, options));
      return { forward, ...only({ loss: list(loss), grad_logits: grad }, Object.keys(outputs)) };
    },
    bounds(u) {
      const { loss, grad } = binaryBounds(x, t, gradOptions, u);
      return { loss, forward: loss, grad_logits: grad };
    },
  };
}

/** Transforms; their gradients follow from their values: y⊙(g − Σgy), g − pΣg, p·g. */
function transform(name: "softmax" | "logSoftmax" | "logSumExp") {
  return ({ attrs, inputs, outputs = {} }: Case, floats: Width): Call | undefined => {
    const { dims } = inputs.x;
    const options = { dims, axis: attrs.axis as Axis };
    const x = floats.from(inputs.x.data);
    const g = inputs.grad_output?.data;
    const at = layout(dims, options.axis);
    const gradient = (p: ArrayLike<number>) => {
      const result = new Float64Array(x.length);
      if (!g) return result;
      for (let r = 0; r < at.rows; r++) {
        const row = Array.from({ length: at.classes }, (_, j) => at.at(r, j));
        const dot = reference.total(row.map((i) => (name === "softmax" ? g[i] * p[i] : g[i])));
        for (const i of row) {
          const own = { softmax: p[i] * (g[i] - dot), logSoftmax: g[i] - p[i] * dot, logSumExp: p[i] * g[r] };
          result[i] = own[name];
        }
      }
      return result;
    };
    return {
      run(api) {
        const y = api[name](x, options);
        return only({ y, grad_x: g ? gradient(api.softmax(x, options)) : [] }, Object.keys(outputs));
      },
      bounds(u) {
        const bounds = transformBounds(x, options, u);
        const p = reference.softmax(x, options);
        const most = g ? g.reduce((a, b) => Math.max(a, Math.abs(b)), 0) : 0;
        // Every term of a gradient is a product of p and of up to n elements of g.
        const grad = p.map((value, i) => (at.classes + 1) * most * (bounds.softmax[i] + u * value) + 4 * u * most);
        return { y: bounds[name], grad_x: grad };
      },
    };
  };
}

/** With factors it is computed in float64 whatever the kernel set: what a case records, to its own tolerance. */
function weightedLogSumExp({ attrs, inputs, outputs = {} }: Case, floats: Width): Call {
  const options = { dims: inputs.x.dims, axis: attrs.axis as Axis, b: inputs.b, returnSign: true } as const;
  const x = floats.from(inputs.x.data);
  return {
    run: () => {
      const { value, sign } = logSumExp(x, options);
      return only({ y: value, sign }, Object.keys(outputs));
    },
    bounds: () => ({ y: new Float64Array(outputs.y.data.length), sign: new Float64Array(outputs.y.data.length) }),
  };
}

/** Smoothing of one-hot rows. */
function smoothLabels({ attrs, inputs: { target }, outputs = {} }: Case, floats: Width): Call | undefined {
  const [rows, classes] = target.dims;
  const at = Int32Array.from({ length: rows }, (_, r) => target.data.indexOf(1, r * classes) - r * classes);
  const labelSmoothing = Number(attrs.label_smoothing);
  const y = outputs.y.data;
  return {
    run: (api) => ({ y: floats.from(api.oneHot(at, classes, { labelSmoothing })) }),
    bounds: (u) => ({ y: y.map((value) => 3 * u * value) }),
  };
}

const CALLS: Record<string, (c: Case, floats: Width) => Call | undefined> = {
  cross_entropy: crossEntropy,
  cross_entropy_prob: crossEntropy,
  bce_with_logits: binary,
  softmax: transform("softmax"),
  log_softmax: transform("logSoftmax"),
  logsumexp: (c, floats) => (c.inputs.b ? weightedLogSumExp(c, floats) : transform("logSumExp")(c, floats)),
  smooth_labels: smoothLabels,
  ...LOSS_CALLS,
  ...INFORMATION_CALLS,
};

export function callOf(c: Case, floats: Width): Call | undefined {
  return CALLS[c.op]?.(c, floats);
}
