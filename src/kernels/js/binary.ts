import { expRows, RATE, signWords } from "./exp.js";
import { BLOCK, type Elements } from "./memory.js";
import { product } from "./rows.js";

// Binary cross-entropy with logits, element by element. With e = e^−|x|, c = 1 + (w₊ − 1)t:
//
//   loss        c·ln(1 + e) + (x ≥ 0 ? (1 − t)x : −w₊t·x)
//   derivative  (1 − t)·σ(x) − w₊t·σ(−x),   σ(|x|) = 1/(1 + e),  σ(−|x|) = e/(1 + e)
//
// All terms are of one sign for t in [0, 1]: nothing cancels. Products with a zero factor count as 0 even when the
// other one is ∞.
//
// Where all weights are 1 and no single losses are wanted, hundreds of elements share a logarithm: 1 + q = Π(1 + e),
// with q and not the product carried along, so that small e keep their digits. The sign of x chooses by arithmetic;
// half of the branches would be mispredicted: 1.9 against 7.1 ns an element for plainDerivative (Node 20.20, Zen 4,
// November 2026).

/** Byte offsets and scalars, as in kernels.ts. */
export interface BinaryArguments {
  readonly x: number;
  readonly t: number;
  readonly weight: number;
  readonly posWeight: number;
  readonly posWeightScalar: number;
  readonly loss: number;
  readonly g: number;
  readonly gScalar: number;
  /** 0: no gradient. */
  readonly dx: number;
}

// The arrays of a block. They are constants of the module because V8 then knows where they are and how long: with
// arrays passed as arguments the loops below took 1.5 to 2.5 times as long. Calls do not overlap, so all instances
// share them.
const X = new Float64Array(BLOCK);
const SIGNS = signWords(X);
const E = new Float64Array(BLOCK);
const T = new Float64Array(BLOCK);
const WEIGHT = new Float64Array(BLOCK);
const POS_WEIGHT = new Float64Array(BLOCK);
const LOSS = new Float64Array(BLOCK);
const G = new Float64Array(BLOCK);

/** ln(1 + i/1024) and 1/(1 + i/1024). */
const LOGS = new Float64Array(1025);
const INVERSES = new Float64Array(1025);

function prepareLog(): void {
  if (INVERSES[0] === 1) return;
  for (let i = 0; i <= 1024; i++) {
    LOGS[i] = Math.log1p(i / 1024);
    INVERSES[i] = 1024 / (1024 + i);
  }
}

/** e^−|x| is e^−|m − x| with m = 0. */
const ORIGIN = new Float64Array(1);
const SUM = new Float64Array(1);
const FACTOR = new Float64Array(1);

/** Σ loss where all weights are 1. */
function plainLoss(count: number): number {
  const n = count & 0x3fffffff; // why masked, and why unrolled: see exp.ts
  const x = X;
  const e = E;
  const t = T;
  let a = 0;
  let b = 0;
  for (let start = 0; start < n; start += 512) {
    const end = Math.min(start + 512, n);
    let j = start;
    let q = 0;
    let r = 0;
    for (; j < end - 1; j += 2) {
      const h = 0.5 * x[j];
      const i = 0.5 * x[j + 1];
      a += (Math.abs(h) + h) * (1 - t[j]) + (Math.abs(h) - h) * t[j];
      b += (Math.abs(i) + i) * (1 - t[j + 1]) + (Math.abs(i) - i) * t[j + 1];
      q += e[j] + e[j] * q;
      r += e[j + 1] + e[j + 1] * r;
    }
    if (j < end) {
      const h = 0.5 * x[j];
      a += (Math.abs(h) + h) * (1 - t[j]) + (Math.abs(h) - h) * t[j];
      q += e[j] + e[j] * q;
    }
    a += Math.log1p(q);
    b += Math.log1p(r);
  }
  return a + b;
}

/**
 * LOSS = ln(1 + e) = ln F + ln(1 + f) with F = 1 + i/1024, i = round(1024·e), and f = (e − i/1024)/F, |f| ≤ 1/2048: a
 * table and the series to degree 5. Below half a part ln F = 0 and f = e, so that no digits are lost there.
 */
function logarithms(count: number): void {
  const n = count & 0x3fffffff;
  const e = E;
  const l = LOSS;
  const table = LOGS;
  const inverses = INVERSES;
  let j = 0;
  for (; j < n - 1; j += 2) {
    const i = (1024 * e[j] + 0.5) | 0;
    const k = (1024 * e[j + 1] + 0.5) | 0;
    const f = (e[j] - i / 1024) * inverses[i];
    const g = (e[j + 1] - k / 1024) * inverses[k];
    l[j] = table[i] + f * (1 - f * (1 / 2 - f * (1 / 3 - f * (1 / 4 - f * (1 / 5)))));
    l[j + 1] = table[k] + g * (1 - g * (1 / 2 - g * (1 / 3 - g * (1 / 4 - g * (1 / 5)))));
  }
  if (j < n) {
    const i = (1024 * e[j] + 0.5) | 0;
    const f = (e[j] - i / 1024) * inverses[i];
    l[j] = table[i] + f * (1 - f * (1 / 2 - f * (1 / 3 - f * (1 / 4 - f * (1 / 5)))));
  }
}

/** Every loss, and their sum. */
function weightedLosses(count: number): number {
  const n = count & 0x3fffffff;
  const x = X;
  const t = T;
  const weight = WEIGHT;
  const posWeight = POS_WEIGHT;
  const loss = LOSS;
  let sum = 0;
  let j = 0;
  for (; j < n - 1; j += 2) {
    const h = 0.5 * x[j];
    const i = 0.5 * x[j + 1];
    const off = 1 - t[j];
    const on = posWeight[j] * t[j];
    const off1 = 1 - t[j + 1];
    const on1 = posWeight[j + 1] * t[j + 1];
    const a = weight[j] * ((Math.abs(h) + h) * off + (Math.abs(h) - h) * on + (off + on) * loss[j]);
    const b = weight[j + 1] * ((Math.abs(i) + i) * off1 + (Math.abs(i) - i) * on1 + (off1 + on1) * loss[j + 1]);
    loss[j] = a;
    loss[j + 1] = b;
    sum += a + b;
  }
  if (j < n) {
    const h = 0.5 * x[j];
    const off = 1 - t[j];
    const on = posWeight[j] * t[j];
    loss[j] = weight[j] * ((Math.abs(h) + h) * off + (Math.abs(h) - h) * on + (off + on) * loss[j]);
    sum += loss[j];
  }
  return sum;
}

/** The same with 0·∞ = 0, for blocks whose sum is not finite. */
function specialLosses(n: number): number {
  let sum = 0;
  for (let j = 0; j < n; j++) {
    const linear = X[j] >= 0 ? product(1 - T[j], X[j]) : product(-POS_WEIGHT[j] * T[j], X[j]);
    LOSS[j] = product(WEIGHT[j], linear + product(1 + (POS_WEIGHT[j] - 1) * T[j], Math.log1p(E[j])));
    sum += LOSS[j];
  }
  return sum;
}

/** The derivative in place of x, where all weights are 1. */
function plainDerivative(count: number): void {
  const n = count & 0x3fffffff;
  const x = X;
  const e = E;
  const t = T;
  const signs = SIGNS;
  let j = 0;
  for (; j < n - 1; j += 2) {
    const b = signs[2 * j] >>> 31;
    const d = signs[2 * j + 2] >>> 31;
    const a = 1 - b;
    const c = 1 - d;
    x[j] = ((a + e[j] * b) * (1 - t[j]) - (b + e[j] * a) * t[j]) / (1 + e[j]);
    x[j + 1] = ((c + e[j + 1] * d) * (1 - t[j + 1]) - (d + e[j + 1] * c) * t[j + 1]) / (1 + e[j + 1]);
  }
  if (j < n) {
    const b = signs[2 * j] >>> 31;
    x[j] = ((1 - b + e[j] * b) * (1 - t[j]) - (b + e[j] * (1 - b)) * t[j]) / (1 + e[j]);
  }
}

/** g·weight·derivative in place of x. */
function weightedDerivative(count: number): void {
  const n = count & 0x3fffffff;
  const x = X;
  const e = E;
  const t = T;
  const weight = WEIGHT;
  const posWeight = POS_WEIGHT;
  const g = G;
  const signs = SIGNS;
  for (let j = 0; j < n; j++) {
    const b = signs[2 * j] >>> 31;
    const a = 1 - b;
    const d = (a + e[j] * b) * (1 - t[j]) - (b + e[j] * a) * (posWeight[j] * t[j]);
    x[j] = (g[j] * weight[j] * d) / (1 + e[j]);
  }
}

/** Σ loss over n elements; the gradient when `at.dx` is not 0. */
export function binaryCrossEntropy(type: Elements, n: number, at: BinaryArguments): number {
  prepareLog();
  const plain = at.weight === 0 && at.posWeight === 0 && at.posWeightScalar === 1;
  const shared = plain && at.loss === 0;
  const most = Math.min(n, BLOCK);
  if (at.weight === 0) WEIGHT.fill(1, 0, most);
  if (at.posWeight === 0) POS_WEIGHT.fill(at.posWeightScalar, 0, most);
  if (at.g === 0) G.fill(1, 0, most);
  let total = 0;
  for (let start = 0; start < n; start += BLOCK) {
    const count = Math.min(BLOCK, n - start);
    const shift = start * type.bytes;
    type.load(at.x + start * type.bytes, count, X);
    type.load(at.t + shift, count, T);
    if (at.weight !== 0) type.load(at.weight + shift, count, WEIGHT);
    if (at.posWeight !== 0) type.load(at.posWeight + shift, count, POS_WEIGHT);
    if (at.g !== 0) type.load(at.g + shift, count, G);
    expRows(X, 1, count, ORIGIN, RATE, E, SUM, type.exact);
    let sum = shared ? plainLoss(count) : 0;
    if (!shared) {
      logarithms(count);
      sum = weightedLosses(count);
    }
    if (!Number.isFinite(sum)) sum = specialLosses(count);
    total += sum;
    if (at.loss !== 0) {
      FACTOR[0] = 1;
      type.store(LOSS, 1, count, FACTOR, at.loss + shift);
    }
    if (at.dx === 0) continue;
    if (plain && at.g === 0) plainDerivative(count);
    else weightedDerivative(count);
    FACTOR[0] = at.gScalar;
    type.store(X, 1, count, FACTOR, at.dx + shift);
  }
  return total;
}
