// The cases of the losses other than softmax and binary cross-entropy of logits. Losses of probabilities with a clamp of
// their own are called as a user would: on clamped probabilities, or on their logarithms.

import { crossEntropy as informationCrossEntropy } from "../../src/information/index.js";
import { layout, rowDims, type Tensor } from "../support/layout.js";
import * as lossReference from "../support/lossReference.js";
import * as reference from "../support/reference.js";
import { type Call, denominator, indices, list, type Outputs, only, rowWeights, type Width } from "./calls.js";
import type { Case, CaseTensor } from "./load.js";

type Floats = reference.Floats;
type Loss = number | Floats;
type WithGrad<O> = (x: Floats, t: Floats, options: O) => { loss: Loss; grad: ArrayLike<number> };
type OfIndices<O> = (x: Floats, t: reference.Indices, options: O) => { loss: Loss; grad: ArrayLike<number> };

/** What of the library the cases need. */
export interface LossApi {
  binaryCrossEntropyWithGrad: WithGrad<lossReference.ElementOptions>;
  klDivLossWithGrad: WithGrad<lossReference.ElementOptions & { logTarget?: boolean }>;
  sigmoidFocalLossWithGrad: WithGrad<lossReference.ElementOptions & { alpha?: number; gamma?: number }>;
  poissonNllLossWithGrad: WithGrad<lossReference.ElementOptions & { logInput?: boolean; eps?: number }>;
  l1LossWithGrad: WithGrad<lossReference.ElementOptions>;
  nllLossWithGrad: OfIndices<lossReference.IndexOptions>;
  logSigmoid(x: Floats): ArrayLike<number>;
  focalLoss(x: Floats, t: reference.Indices, options: object): Loss;
}

/** Of the sizes of the terms, as in test/losses/elements.test.ts; twice for what was rounded on its way in. */
const ULPS = 80;

const REFERENCES = {
  binaryCrossEntropyWithGrad: lossReference.binaryCrossEntropyWithGrad,
  klDivLossWithGrad: lossReference.klDivLossWithGrad,
  sigmoidFocalLossWithGrad: lossReference.sigmoidFocalLossWithGrad,
  poissonNllLossWithGrad: lossReference.poissonNllLossWithGrad,
  l1LossWithGrad: lossReference.l1LossWithGrad,
};

interface ElementCase {
  name: keyof typeof REFERENCES;
  input: CaseTensor;
  target: CaseTensor;
  /** What becomes of an input, of a target. */
  mapInput?: (value: number) => number;
  options?: object;
  /** The name of the recorded gradient. */
  grad?: string;
}

function elementCall(c: Case, floats: Width, of: ElementCase): Call {
  const { attrs, inputs, outputs = {} } = c;
  const { sample_weight: sampleWeight, grad_output: gradOutput } = inputs;
  const { input, target, name, mapInput = (value: number) => value } = of;
  const { dims } = input;
  const x = floats.from(Float64Array.from(input.data, mapInput));
  const t = floats.from(target.data);
  const operand = (tensor: CaseTensor): number | Tensor => {
    if (tensor.dims.length === 0) return tensor.data[0];
    return { data: floats.from(tensor.data), dims: attrs.row_mean ? [...tensor.dims, 1] : tensor.dims };
  };
  const weight = sampleWeight && operand(sampleWeight);
  const all = sampleWeight && input.data.map((_, i) => reference.elementOf(weight, dims, i));
  const own = attrs.mean_denominator === "positions";
  const rowSum = attrs.row_sum === true;
  const batch = attrs.mean_denominator === "batch";
  const options: lossReference.ElementOptions = {
    dims,
    reduction: (batch ? "batchmean" : attrs.reduction) as reference.Reduction,
    ...(weight !== undefined && { weight }),
    ...(attrs.reduction === "mean" && !own && !batch && { denominator: denominator(c, all, x.length) }),
    ...(attrs.zero_if_empty ? { onEmpty: "zero" as const } : undefined),
    ...of.options,
    ...(gradOutput && { gradOutput: operand(gradOutput) }),
  };
  const rows = (losses: ArrayLike<number>) => {
    const last = dims[dims.length - 1];
    const sums = Array.from({ length: losses.length / last }, (_, r) =>
      reference.total(Array.from(losses).slice(r * last, (r + 1) * last)),
    );
    return rowSum ? sums : losses;
  };
  return {
    run(api) {
      const { loss, grad } = api[name](x, t, options);
      return only({ loss: rows(list(loss)), [of.grad ?? ""]: grad }, Object.keys(outputs));
    },
    bounds(u) {
      const { lossSize, gradSize } = REFERENCES[name](x, t, options);
      const scaled = (sizes: ArrayLike<number>) => Float64Array.from(sizes, (size) => ULPS * u * size);
      return { loss: scaled(rows(lossSize)), [of.grad ?? ""]: scaled(gradSize) };
    },
  };
}

interface Clamp {
  mode: string;
  value: number;
  upper?: number;
}

/** The clamp that celoss has, or one that acts on the probabilities before. */
function clampOf(clamp: Clamp | undefined): ((p: number) => number) | undefined {
  if (clamp === undefined || clamp.mode === "log_min") return (p) => p;
  if (clamp.mode !== "clip") return undefined;
  return (p) => Math.min(Math.max(p, clamp.value), clamp.upper ?? 1 - clamp.value);
}

function bce(c: Case, floats: Width): Call | undefined {
  const mapInput = clampOf(c.attrs.clamp as Clamp | undefined);
  if (mapInput === undefined) return undefined;
  const { prob: input, target } = c.inputs;
  return elementCall(c, floats, { name: "binaryCrossEntropyWithGrad", input, target, mapInput, grad: "grad_prob" });
}

/** Of probabilities: their logits. An ε added to them is below what a float64 between 0.1 and 0.9 can tell. */
function focalBinary(c: Case, floats: Width): Call | undefined {
  const clamp = c.attrs.clamp as Clamp | undefined;
  const clip = clamp?.mode === "add" && clamp.value < 1e-15 ? (p: number) => p : clampOf(clamp);
  if (clip === undefined) return undefined;
  const { logits, prob, target } = c.inputs;
  return elementCall(c, floats, {
    name: "sigmoidFocalLossWithGrad",
    input: logits ?? prob,
    target,
    ...(prob && { mapInput: (p: number) => Math.log(clip(p)) - Math.log1p(-clip(p)) }),
    options: { alpha: -1, gamma: Number(c.attrs.focal_gamma) },
  });
}

function klDiv(c: Case, floats: Width): Call | undefined {
  if (c.attrs.generalized) return undefined;
  const { log_pred: input, target } = c.inputs;
  const options = c.attrs.log_target ? { logTarget: true } : {};
  return elementCall(c, floats, { name: "klDivLossWithGrad", input, target, options, grad: "grad_log_pred" });
}

function poisson(c: Case, floats: Width): Call {
  const { pred: input, target } = c.inputs;
  const options = { logInput: false, eps: Number(c.attrs.eps ?? 1e-300) };
  // 1e-300 is no float32.
  return elementCall(c, floats, { name: "poissonNllLossWithGrad", input, target, options });
}

/** Losses that are not negative are their own distances from 0. */
function weightedReduce(c: Case, floats: Width): Call | undefined {
  const { losses: input } = c.inputs;
  if (input.data.some((loss) => loss < 0)) return undefined;
  const target = { ...input, data: new Float64Array(input.data.length) };
  return elementCall(c, floats, { name: "l1LossWithGrad", input, target });
}

function nll(c: Case, floats: Width, input: CaseTensor = c.inputs.log_prob): Call {
  const { attrs, inputs, outputs = {} } = c;
  const { target, weight, sample_weight: sampleWeight, grad_output: gradOutput } = inputs;
  const { dims } = input;
  const axis = attrs.axis as number;
  const x = floats.from(input.data);
  const y = indices(target, floats);
  const lossDims = rowDims(dims, axis);
  const weights = sampleWeight && rowWeights(sampleWeight, lossDims);
  const positions = lossDims.reduce((a, b) => a * b, 1);
  const ownCount = attrs.mean_denominator === "weights" || (attrs.mean_denominator === "positions" && !weights);
  const options: lossReference.IndexOptions = {
    dims,
    axis,
    reduction: attrs.reduction as reference.Reduction,
    ...(weight && { weight: floats.from(weight.data) }),
    ...(weights && { sampleWeight: weights.each }),
    ...(attrs.ignore_index !== undefined && { ignoreIndex: Number(attrs.ignore_index) }),
    ...(attrs.reduction === "mean" && !ownCount && { denominator: denominator(c, weights?.all, positions) }),
    ...(gradOutput && { gradOutput: floats.from(gradOutput.data) }),
  };
  return {
    run(api) {
      const { loss, grad } = api.nllLossWithGrad(x, y, options);
      return only({ loss: list(loss), grad_log_prob: grad }, Object.keys(outputs));
    },
    bounds(u) {
      const { lossSize, gradSize } = lossReference.nllLossWithGrad(x, y, options);
      return { loss: lossSize.map((size) => 8 * u * size), grad_log_prob: gradSize.map((size) => 8 * u * size) };
    },
  };
}

/** Probabilities divided by their sum and clipped, or the other way round, as the case says. */
function conditioned({ attrs, inputs: { prob } }: Case): Float64Array | undefined {
  const clamp = attrs.clamp as Clamp | undefined;
  if (clamp?.mode === "add" && clamp.value > 1e-15) return undefined;
  const at = layout(prob.dims, attrs.axis as number);
  const p = Float64Array.from(prob.data);
  const clip = (value: number) =>
    clamp === undefined || clamp.mode === "add" ? value : Math.min(Math.max(value, clamp.value), 1 - clamp.value);
  const normalise = () => {
    for (let r = 0; r < at.rows; r++) {
      const row = Array.from({ length: at.classes }, (_, j) => at.at(r, j));
      const sum = reference.total(row.map((i) => p[i]));
      for (const i of row) p[i] /= sum;
    }
  };
  if (attrs.normalize) normalise();
  const clipped = p.map(clip);
  if (clamp?.mode !== "clip_normalize") return clipped;
  p.set(clipped);
  normalise();
  return p;
}

function indexOfProbabilities(c: Case, floats: Width): Call | undefined {
  const p = conditioned(c);
  return p && nll(c, floats, { ...c.inputs.prob, data: p.map(Math.log) });
}

/** Σ −t·ln p of distributions, by celoss/information; focal ones as the focal loss of logits ln p. */
function ofProbabilities(c: Case, floats: Width): Call | undefined {
  const { attrs, inputs, outputs = {} } = c;
  const p = conditioned(c);
  if (p === undefined) return undefined;
  if (attrs.focal_gamma !== undefined) {
    return focal(c, floats, { ...inputs.prob, data: p.map(Math.log) });
  }
  const axis = attrs.axis as number;
  const { dims } = inputs.prob;
  const at = layout(dims, axis);
  const smoothing = Number(attrs.label_smoothing ?? 0);
  const t = inputs.target.data.map((value) => value * (1 - smoothing) + smoothing / at.classes);
  return {
    run: () => {
      const rows = informationCrossEntropy({ data: t, dims }, { data: p, dims }, { base: Math.E, axis });
      const losses = list(rows as Loss);
      return { loss: attrs.reduction === "mean" ? [reference.total(losses) / losses.length] : losses };
    },
    bounds: () => ({ loss: new Float64Array(outputs.loss.data.length) }),
  };
}

/** One-hot targets, as class indices. */
function focal(c: Case, floats: Width, input: CaseTensor = c.inputs.logits): Call | undefined {
  const { attrs, inputs, outputs = {} } = c;
  const classes = input.dims[input.dims.length - 1];
  // With smoothing there is more than one term a row, and along another axis none of these is without.
  if (attrs.label_smoothing !== undefined || (attrs.axis !== -1 && attrs.axis !== input.dims.length - 1)) {
    return undefined;
  }
  const rows = input.data.length / classes;
  const y = Int32Array.from({ length: rows }, (_, r) => inputs.target.data.indexOf(1, r * classes) - r * classes);
  const weights = inputs.sample_weight && rowWeights(inputs.sample_weight, [rows]);
  const x = floats.from(input.data);
  const options = {
    dims: input.dims,
    alpha: Number(attrs.focal_alpha),
    gamma: Number(attrs.focal_gamma),
    reduction: attrs.reduction as reference.Reduction,
    ...(weights && { sampleWeight: weights.each }),
  };
  return {
    run(api): Outputs {
      const result = api.focalLoss(x, y, options) as Loss | { loss: Floats };
      return { loss: list(typeof result === "object" && "loss" in result ? result.loss : result) };
    },
    bounds(u) {
      // The logits' rounding, u·|x| each, comes twice: in ln p, and in the factor's γ·ln(1 − p).
      const most = Array.from(x).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      const { lossSize } = lossReference.focalLoss(x, y, options);
      const parts = u * (ULPS + 8 * most);
      return { loss: Float64Array.from(outputs.loss.data, (_, r) => parts * (lossSize[r] + u)) };
    },
  };
}

export const LOSS_CALLS: Record<string, (c: Case, floats: Width) => Call | undefined> = {
  bce,
  focal_bce: focalBinary,
  focal_bce_with_logits: focalBinary,
  focal_categorical_with_logits: (c, floats) => focal(c, floats),
  kl_div: klDiv,
  log_sigmoid: ({ inputs }, floats) => {
    const x = floats.from(inputs.x.data);
    return {
      run: (api) => ({ y: api.logSigmoid(x) }),
      bounds: (u) => ({ y: lossReference.logSigmoid(x).map((value) => 12 * u * Math.abs(value)) }),
    };
  },
  nll_loss: (c, floats) => nll(c, floats),
  poisson_nll: poisson,
  prob_cross_entropy: ofProbabilities,
  prob_cross_entropy_index: indexOfProbabilities,
  weighted_reduce: weightedReduce,
};
