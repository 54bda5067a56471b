import { decay } from "./exp.js";
import { log1pUnit } from "./log.js";
import { BLOCK, type ComputeElements, type Elements } from "./memory.js";
import { product } from "./rows.js";

// Binary cross-entropy with logits, element by element. With e = e^−|x|, c = 1 + (w₊ − 1)t:
//
//   loss        c·ln(1 + e) + (x ≥ 0 ? (1 − t)x : −w₊t·x)
//   derivative  (1 − t)·σ(x) − w₊t·σ(−x),   σ(|x|) = 1/(1 + e),  σ(−|x|) = e/(1 + e)
//
// All terms are of one sign for t in [0, 1]: nothing cancels. Products with a zero factor count as 0 even when the other
// one is ∞.
//
// Where all weights are 1 and no single losses are wanted, elements share a logarithm: 1 + q = Π(1 + e), with q and not the
// product carried along, so that small e keep their digits. The sign of x chooses by table and not by a branch, which would
// be mispredicted for half of the elements: 4.5 against 7.5 ns an element with gradient (Node 20, Zen 4, November 2026).

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

/** Pairs of elements that share two logarithms: with e ≤ 1, neither product is more than 2^SHARED. */
const SHARED = 512;

/** By the sign bit of x: the factors of what counts for x ≥ 0, and of what counts for x < 0. */
const ABOVE = Float64Array.of(1, 0);
const BELOW = Float64Array.of(0, 1);
/** Which word of a float64 has its sign. */
const SIGN_WORD = new Uint8Array(Uint16Array.of(1).buffer)[0];

/** The loss of one element with all its special cases. */
function elementLoss(x: number, t: number, weight: number, posWeight: number, log: number): number {
  const c = 1 + (posWeight - 1) * t;
  return product(weight, product(c, log) + (x >= 0 ? product(1 - t, x) : product(-posWeight * t, x)));
}

/** Σ loss where all weights are 1; not finite when an element needs elementLoss. */
function plainLoss(x: Float64Array, t: Float64Array, e: Float64Array, n: number): number {
  let a = 0;
  let b = 0;
  for (let start = 0; start < n; start += SHARED) {
    const end = Math.min(start + SHARED, n);
    let q = 0;
    let r = 0;
    let j = start;
    for (; j < end - 1; j += 2) {
      const x0 = 0.5 * x[j];
      const x1 = 0.5 * x[j + 1];
      a += (Math.abs(x0) + x0) * (1 - t[j]) + (Math.abs(x0) - x0) * t[j];
      b += (Math.abs(x1) + x1) * (1 - t[j + 1]) + (Math.abs(x1) - x1) * t[j + 1];
      q += e[j] + e[j] * q;
      r += e[j + 1] + e[j + 1] * r;
    }
    if (j < end) {
      const x0 = 0.5 * x[j];
      a += (Math.abs(x0) + x0) * (1 - t[j]) + (Math.abs(x0) - x0) * t[j];
      q += e[j] + e[j] * q;
    }
    a += Math.log1p(q);
    b += Math.log1p(r);
  }
  return a + b;
}

/** The derivative in place of x, where all weights are 1. */
function plainDerivative(x: Float64Array, signs: Int32Array, t: Float64Array, e: Float64Array, n: number): void {
  for (let j = 0; j < n; j++) {
    const sign = signs[2 * j] >>> 31;
    const above = ABOVE[sign];
    const below = BELOW[sign];
    x[j] = ((above + e[j] * below) * (1 - t[j]) - (below + e[j] * above) * t[j]) / (1 + e[j]);
  }
}

/** The arrays of a block of elements. */
class Scratch {
  readonly x = new Float64Array(BLOCK);
  /** The sign of x[j] is the highest bit of signs[2j]. */
  readonly signs = new Int32Array(this.x.buffer).subarray(SIGN_WORD);
  readonly e = new Float64Array(BLOCK);
  readonly t = new Float64Array(BLOCK);
  readonly weight = new Float64Array(BLOCK);
  readonly posWeight = new Float64Array(BLOCK);
  /** ln(1 + e), then the losses. */
  readonly loss = new Float64Array(BLOCK);
  readonly g = new Float64Array(BLOCK);
}

function weightedLosses({ x, signs, e, t, weight, posWeight, loss }: Scratch, n: number): number {
  log1pUnit(e, n, loss);
  let sum = 0;
  for (let j = 0; j < n; j++) {
    const sign = signs[2 * j] >>> 31;
    const off = 1 - t[j];
    const on = posWeight[j] * t[j];
    let value = weight[j] * (Math.abs(x[j]) * (ABOVE[sign] * off + BELOW[sign] * on) + (off + on) * loss[j]);
    if (value - value !== 0) value = elementLoss(x[j], t[j], weight[j], posWeight[j], loss[j]);
    loss[j] = value;
    sum += value;
  }
  return sum;
}

/** g·weight·derivative in place of x. */
function weightedDerivative({ x, signs, e, t, weight, posWeight, g }: Scratch, n: number): void {
  for (let j = 0; j < n; j++) {
    const sign = signs[2 * j] >>> 31;
    const above = ABOVE[sign];
    const below = BELOW[sign];
    const d = (above + e[j] * below) * (1 - t[j]) - (below + e[j] * above) * (posWeight[j] * t[j]);
    x[j] = (g[j] * weight[j] * d) / (1 + e[j]);
  }
}

/** Elements of an array that may be absent, and is `value` throughout then. */
function loadOr(value: number, type: Elements, at: number, shift: number, n: number, to: Float64Array): void {
  if (at === 0) to.fill(value, 0, n);
  else type.load(at + shift, n, to);
}

export class Binary {
  #scratch: Scratch | undefined;

  /** Σ loss. */
  run(type: Elements, compute: ComputeElements, n: number, at: BinaryArguments): number {
    this.#scratch ??= new Scratch();
    const scratch = this.#scratch;
    const { x, signs, e, t, weight, posWeight, loss, g } = scratch;
    const plain = at.weight === 0 && at.posWeight === 0 && at.posWeightScalar === 1;
    let sum = 0;
    for (let start = 0; start < n; start += BLOCK) {
      const count = Math.min(BLOCK, n - start);
      const shift = start * compute.bytes;
      type.load(at.x + start * type.bytes, count, x);
      compute.load(at.t + shift, count, t);
      if (!plain || at.g !== 0) {
        loadOr(1, compute, at.weight, shift, count, weight);
        loadOr(at.posWeightScalar, compute, at.posWeight, shift, count, posWeight);
      }
      decay(x, count, e, type.exact);
      let part = plain && at.loss === 0 ? plainLoss(x, t, e, count) : Number.NaN;
      if (part - part !== 0) {
        if (plain) {
          weight.fill(1, 0, count);
          posWeight.fill(1, 0, count);
        }
        part = weightedLosses(scratch, count);
        if (at.loss !== 0) compute.store(loss, 0, count, 1, at.loss + shift);
      }
      sum += part;
      if (at.dx === 0) continue;
      if (plain && at.g === 0) plainDerivative(x, signs, t, e, count);
      else {
        loadOr(1, compute, at.g, shift, count, g);
        weightedDerivative(scratch, count);
      }
      compute.store(x, 0, count, at.gScalar, at.dx + shift);
    }
    return sum;
  }
}
