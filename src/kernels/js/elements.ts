import type { ElementOp } from "../kernels.js";
import { BLOCK, type Elements } from "./memory.js";
import { product } from "./rows.js";

// Losses of single elements in float64, a loop each over a block: formulas as ELEMENT_OPS in kernels.ts names them, and
// derivations in assembly/elements.ts. Each loop leaves its losses in LOSS and its derivatives in D, those to v in DV.

// Constants of the module for the reason given in binary.ts.
const X = new Float64Array(BLOCK);
const T = new Float64Array(BLOCK);
const V = new Float64Array(BLOCK);
const WEIGHT = new Float64Array(BLOCK);
const G = new Float64Array(BLOCK);
const LOSS = new Float64Array(BLOCK);
const D = new Float64Array(BLOCK);
const DV = new Float64Array(BLOCK);
const FACTOR = new Float64Array(1);

function sigmoid(n: number): void {
  for (let j = 0; j < n; j++) {
    const e = Math.exp(-Math.abs(X[j]));
    LOSS[j] = 0;
    D[j] = (X[j] < 0 ? e : 1) / (1 + e);
  }
}

function softplus(n: number, p: number): void {
  for (let j = 0; j < n; j++) {
    const a = p * X[j];
    LOSS[j] = 0;
    D[j] = p * (Math.max(0, a) + Math.log1p(Math.exp(-Math.abs(a))));
  }
}

function probability(n: number): void {
  for (let j = 0; j < n; j++) {
    const x = X[j];
    const on = V[j] * T[j];
    const off = 1 - T[j];
    LOSS[j] = 0 - (on * Math.max(Math.log(x), -100) + off * Math.max(Math.log1p(-x), -100));
    D[j] = (off * x - on * (1 - x)) / Math.max(x * (1 - x), 1e-12);
  }
}

/** a·b, 0 where a is, unless x is NaN. */
function counted(a: number, b: number, x: number): number {
  return a === 0 && !Number.isNaN(x) ? 0 : a * b;
}

function divergence(n: number): void {
  for (let j = 0; j < n; j++) {
    LOSS[j] = counted(T[j], Math.log(T[j]) - X[j], X[j]);
    D[j] = -T[j];
  }
}

function logDivergence(n: number): void {
  for (let j = 0; j < n; j++) {
    const e = Math.exp(T[j]);
    LOSS[j] = counted(e, T[j] - X[j], X[j]);
    D[j] = -e;
  }
}

function focal(n: number, alpha: number, gamma: number): void {
  for (let j = 0; j < n; j++) {
    const x = X[j];
    const t = T[j];
    const e = Math.exp(-Math.abs(x));
    const sigma = (x < 0 ? e : 1) / (1 + e);
    const complement = (x < 0 ? 1 : e) / (1 + e);
    const ce = Math.log1p(e) + (x < 0 ? product(t, -x) : product(1 - t, x));
    const r = t * complement + (1 - t) * sigma;
    const power = (alpha < 0 ? 1 : alpha * t + (1 - alpha) * (1 - t)) * r ** gamma;
    const share = r === 0 ? 0 : (sigma * complement) / r;
    LOSS[j] = product(power, ce);
    D[j] = power * ((1 - t) * sigma - t * complement + gamma * (1 - 2 * t) * product(share, ce));
  }
}

function squared(n: number): void {
  for (let j = 0; j < n; j++) {
    const d = X[j] - T[j];
    LOSS[j] = d * d;
    D[j] = d + d;
  }
}

function absolute(n: number): void {
  for (let j = 0; j < n; j++) {
    const d = X[j] - T[j];
    LOSS[j] = Math.abs(d);
    D[j] = Math.sign(d);
  }
}

function gaussian(n: number, least: number, constant: number): void {
  for (let j = 0; j < n; j++) {
    const v = V[j] < 0 ? Number.NaN : V[j] < least ? least : V[j];
    const d = X[j] - T[j];
    const share = (d * d) / v;
    LOSS[j] = 0.5 * (Math.log(v) + share) + constant;
    D[j] = d / v;
    DV[j] = (0.5 * (1 - share)) / v;
  }
}

function poisson(n: number, epsilon: number, full: boolean, ofLog: boolean): void {
  for (let j = 0; j < n; j++) {
    const x = X[j];
    const t = T[j];
    const rate = ofLog ? Math.exp(x) : x + epsilon;
    LOSS[j] = ofLog ? rate - product(t, x) : x - product(t, Math.log(rate));
    D[j] = ofLog ? rate - t : 1 - t / rate;
    if (full && t > 1) LOSS[j] += (t + 0.5) * Math.log(t) - t + 0.5 * Math.log(2 * Math.PI);
  }
}

const LOOPS: Record<ElementOp, (n: number, p: number, q: number) => void> = {
  sigmoid,
  softplus,
  probability,
  divergence,
  logDivergence,
  focal,
  squared,
  absolute,
  gaussian,
  poissonOfLog: (n, p, q) => poisson(n, p, q !== 0, true),
  poisson: (n, p, q) => poisson(n, p, q !== 0, false),
};

/** An element kernel of a type: see ElementKernel in kernels.ts. */
export function elements(
  type: Elements,
  op: ElementOp,
  n: number,
  x: number,
  t: number,
  v: number,
  vScalar: number,
  weight: number,
  p: number,
  q: number,
  loss: number,
  g: number,
  gScalar: number,
  dx: number,
  dv: number,
): number {
  const most = Math.min(n, BLOCK);
  if (t === 0) T.fill(1, 0, most);
  if (v === 0) V.fill(vScalar, 0, most);
  let total = 0;
  for (let start = 0; start < n; start += BLOCK) {
    const count = Math.min(BLOCK, n - start);
    const shift = start * type.bytes;
    type.load(x + shift, count, X);
    if (t !== 0) type.load(t + shift, count, T);
    if (v !== 0) type.load(v + shift, count, V);
    LOOPS[op](count, p, q);
    if (weight !== 0) {
      type.load(weight + shift, count, WEIGHT);
      for (let j = 0; j < count; j++) {
        LOSS[j] = product(WEIGHT[j], LOSS[j]);
        D[j] *= WEIGHT[j];
        DV[j] *= WEIGHT[j];
      }
    }
    for (let j = 0; j < count; j++) total += LOSS[j];
    FACTOR[0] = 1;
    if (loss !== 0) type.store(LOSS, 1, count, FACTOR, loss + shift);
    if (dx === 0) continue;
    if (g !== 0) {
      type.load(g + shift, count, G);
      for (let j = 0; j < count; j++) {
        D[j] *= G[j];
        DV[j] *= G[j];
      }
    }
    FACTOR[0] = gScalar;
    type.store(D, 1, count, FACTOR, dx + shift);
    if (dv !== 0) type.store(DV, 1, count, FACTOR, dv + shift);
  }
  return total;
}
