// The element-wise losses in float64, from the definitions of docs/maths.md §3. Each gives a loss and its derivative with
// respect to the first argument, and for bounds the sizes of the terms that either is made of.

import { product, sigmoid } from "./reference.js";

export interface ElementResult {
  loss: number;
  grad: number;
  /** What rounding errors of the loss and of the derivative are proportional to. */
  lossSize: number;
  gradSize: number;
}

export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

export function binaryCrossEntropy(p: number, t: number, positive = 1): ElementResult {
  const [on, off] = [positive * t, 1 - t];
  const [logP, logQ] = [Math.max(Math.log(p), -100), Math.max(Math.log1p(-p), -100)];
  const denominator = Math.max(p * (1 - p), 1e-12);
  return {
    loss: -(on * logP + off * logQ),
    grad: (off * p - on * (1 - p)) / denominator,
    lossSize: Math.abs(on * logP) + Math.abs(off * logQ),
    gradSize: (Math.abs(off * p) + Math.abs(on * (1 - p))) / denominator,
  };
}

/** a·b, 0 where a is, unless x is NaN. */
function counted(a: number, b: number, x: number): number {
  return a === 0 && !Number.isNaN(x) ? 0 : a * b;
}

export function klDiv(x: number, t: number): ElementResult {
  const log = Math.log(t);
  const lossSize = t === 0 ? 0 : t * (Math.abs(log) + Math.abs(x));
  return { loss: counted(t, log - x, x), grad: -t, lossSize, gradSize: t };
}

export function klDivLog(x: number, t: number): ElementResult {
  const e = Math.exp(t);
  const lossSize = e === 0 ? 0 : e * (Math.abs(t) + Math.abs(x));
  return { loss: counted(e, t - x, x), grad: -e, lossSize, gradSize: e };
}

/** torchvision's `sigmoid_focal_loss`; the derivative by the product rule. */
export function sigmoidFocal(x: number, t: number, alpha: number, gamma: number): ElementResult {
  const [p, q] = [sigmoid(x), sigmoid(-x)];
  const ce = product(t, softplus(-x)) + product(1 - t, softplus(x));
  const r = t * q + (1 - t) * p;
  const factor = (alpha < 0 ? 1 : alpha * t + (1 - alpha) * (1 - t)) * r ** gamma;
  const turn = r === 0 ? 0 : gamma * (1 - 2 * t) * product((p * q) / r, ce);
  return {
    loss: product(factor, ce),
    grad: factor * ((1 - t) * p - t * q + turn),
    lossSize: Math.abs(product(factor, ce)) * (1 + gamma * (1 + Math.abs(Math.log(r || 1)))),
    gradSize:
      Math.abs(factor) * ((1 - t) * p + t * q + Math.abs(turn)) * (1 + gamma * (1 + Math.abs(Math.log(r || 1)))),
  };
}

export function squared(x: number, t: number): ElementResult {
  const d = x - t;
  return { loss: d * d, grad: 2 * d, lossSize: d * d, gradSize: 2 * Math.abs(d) };
}

export function absolute(x: number, t: number): ElementResult {
  const d = x - t;
  return { loss: Math.abs(d), grad: Math.sign(d), lossSize: Math.abs(d), gradSize: 1 };
}

export interface GaussianResult extends ElementResult {
  gradVariance: number;
  gradVarianceSize: number;
}

export function gaussian(x: number, t: number, variance: number, full: boolean, eps: number): GaussianResult {
  const v = Math.max(variance, eps);
  const d = x - t;
  const constant = full ? 0.5 * Math.log(2 * Math.PI) : 0;
  return {
    loss: 0.5 * (Math.log(v) + (d * d) / v) + constant,
    grad: d / v,
    gradVariance: (0.5 * (1 - (d * d) / v)) / v,
    lossSize: 0.5 * (Math.abs(Math.log(v)) + (d * d) / v) + constant,
    gradSize: Math.abs(d) / v,
    gradVarianceSize: (0.5 * (1 + (d * d) / v)) / v,
  };
}

/** Stirling's ln t! of t > 1, as PyTorch has it. */
export function stirling(t: number): number {
  return t > 1 ? t * Math.log(t) - t + 0.5 * Math.log(2 * Math.PI * t) : 0;
}

export function poisson(x: number, t: number, logInput: boolean, full: boolean, eps: number): ElementResult {
  const rate = logInput ? Math.exp(x) : x + eps;
  const counted = logInput ? product(t, x) : product(t, Math.log(rate));
  const constant = full ? stirling(t) : 0;
  const size = Math.abs(logInput ? rate : x) + Math.abs(counted) + (full ? t * (1 + Math.log(Math.max(t, 1))) + 1 : 0);
  return {
    loss: (logInput ? rate : x) - counted + constant,
    grad: logInput ? rate - t : 1 - t / rate,
    lossSize: size,
    gradSize: logInput ? rate + t : 1 + t / rate,
  };
}
