import { OPTION } from "../kernels.js";
import { cap, exponential, replaceExp, sumExp } from "./exp.js";
import type { ComputeElements, Elements, Memory } from "./memory.js";
import { argmax, finiteOrNaN, product, rowsAtOnce } from "./rows.js";

// Rows of softmax cross-entropy and their gradients. z are the logits after scale and cap, m = max z, at k,
// u = Σ_{j ≠ k} e^{zⱼ − m}, s = 1 + u, p = e^{z − m}/s, ε the label smoothing, n classes, w weights, W = Σw, λ the z-loss,
// ε₁ the Poly-1 coefficient:
//
//   t′ = (1 − ε)t + ε/n   a = w·t′   S = Σa   B = Σ a(m − z)   D = Σ t′p
//   loss = B + S·ln s + ε₁(Σt′ − D)
//   dz   = p·[S + 2λ·lse + ε₁(D − t′)] − a
//
// A class index y is t = e_y, of which only the terms that do not vanish are left. Where p and a nearly cancel, at y for an
// index and at k for probabilities, S·p − a is formed as (S − a) − S(1 − p), from 1 − p_k = u/s. Products with a zero factor
// count as 0 even when the other one is ∞.

/** Byte offsets, as in kernels.ts. */
export interface CrossEntropyOffsets {
  readonly x: number;
  readonly y: number;
  readonly t: number;
  readonly weight: number;
  readonly options: number;
  readonly loss: number;
  readonly lse: number;
  readonly g: number;
  /** 0: no gradient. */
  readonly dx: number;
}

/** One call. In `z` and `t` stand a block of rows, with everything in float64. */
class CrossEntropy {
  readonly z: Float64Array;
  readonly t: Float64Array;
  /** dz/dx where there is a soft cap, like z. */
  readonly slope: Float64Array;
  readonly weight: Float64Array | undefined;
  readonly weightSum: number;
  readonly keep: number;
  readonly share: number;
  /** What the logits are multiplied by, unless the soft cap does it. */
  readonly scale: number;
  readonly cappedScale: number;
  readonly softcap: number;
  readonly poly: number;
  readonly lambda: number;
  readonly ignoreIndex: number;

  constructor(
    readonly memory: Memory,
    readonly type: Elements,
    readonly compute: ComputeElements,
    readonly rows: number,
    readonly classes: number,
    readonly at: CrossEntropyOffsets,
  ) {
    const option = (slot: number): number => memory.f64[at.options / 8 + slot];
    this.softcap = option(OPTION.softcap);
    this.scale = this.softcap === 0 ? option(OPTION.scale) : 1;
    this.cappedScale = option(OPTION.scale);
    this.poly = option(OPTION.polyEpsilon);
    this.lambda = option(OPTION.zLoss);
    this.ignoreIndex = option(OPTION.ignoreIndex);
    this.keep = 1 - option(OPTION.labelSmoothing);
    this.share = option(OPTION.labelSmoothing) / classes;
    this.weightSum = option(OPTION.weightSum);
    const length = rowsAtOnce(classes) * classes;
    this.z = memory.scratch(0, length);
    this.t = at.t === 0 ? this.z : memory.scratch(1, length);
    this.slope = this.softcap === 0 ? this.z : memory.scratch(2, length);
    if (at.weight !== 0) {
      this.weight = memory.scratch(3, classes);
      compute.load(at.weight, classes, this.weight);
    }
  }

  run(): void {
    const { memory, type, compute, rows, classes, at, z } = this;
    const { f64, i32 } = memory;
    const atOnce = rowsAtOnce(classes);
    for (let row = 0; row < rows; row += atOnce) {
      const end = Math.min(row + atOnce, rows);
      type.load(at.x + row * classes * type.bytes, (end - row) * classes, z);
      if (at.t !== 0) compute.load(at.t + row * classes * compute.bytes, (end - row) * classes, this.t);
      for (let r = row, from = 0; r < end; r++, from += classes) {
        const y = at.y === 0 ? -1 : i32[at.y / 4 + r];
        if (at.y !== 0 && y === this.ignoreIndex) {
          f64[at.loss / 8 + r] = 0;
          if (at.lse !== 0) f64[at.lse / 8 + r] = 0;
          if (at.dx !== 0) compute.fill(0, classes, at.dx + r * classes * compute.bytes);
        } else if (at.t === 0) this.indexRow(r, from, from + y);
        else this.probabilityRow(r, from);
      }
    }
  }

  /** The place of the largest logit of the row, and the row's z. */
  transform(from: number, to: number): number {
    const k = argmax(this.z, from, to);
    if (this.softcap !== 0) cap(this.z, from, to, this.cappedScale, this.softcap, this.slope);
    return k;
  }

  /** u; keeps e^{z − m} in place of z when asked to. */
  sumOthers(from: number, to: number, k: number, m: number, keep: boolean): number {
    const { z, scale } = this;
    z[k] = -Infinity;
    if (!keep) return sumExp(z, from, to, m, scale, this.type.exact);
    const u = replaceExp(z, from, to, m, scale, this.type.exact);
    z[k] = 1;
    return u;
  }

  /** @param target where z of the class index stands */
  indexRow(r: number, from: number, target: number): void {
    const { at, z, scale, weight, keep, share, poly } = this;
    const { f64 } = this.memory;
    const to = from + this.classes;
    const k = this.transform(from, to);
    const m = finiteOrNaN(z[k]);
    const zTarget = target === k ? m : z[target];
    const w = weight === undefined ? 1 : weight[target - from];
    const B = share === 0 ? 0 : this.weightedGaps(from, to, m);
    const u = this.sumOthers(from, to, k, m, at.dx !== 0);
    const s = 1 + u;
    const logSum = Math.log1p(u);
    const e = target === k ? 1 : exponential(m, zTarget, scale, this.type.exact);
    const rest = (target === k ? u : s - e) / s; // 1 − p
    let loss = product(keep * w, (m - zTarget) * scale + logSum);
    if (share !== 0) loss += share * (B + this.weightSum * logSum);
    if (poly !== 0) loss += poly * (keep * rest + share * (this.classes - 1));
    const lse = m * scale + logSum;
    f64[at.loss / 8 + r] = loss;
    if (at.lse !== 0) f64[at.lse / 8 + r] = lse;
    if (at.dx === 0) return;

    const g = f64[at.g / 8 + r] * scale;
    const S = keep * w + share * this.weightSum;
    const z2 = this.lambda === 0 ? 0 : 2 * this.lambda * lse;
    const P = S + z2 + (poly * keep * e) / s; // D − t′ is D − ε/n for all classes but y
    const a = share * (this.weightSum - w); // S − a
    const own = g * (a - S * rest + ((z2 - poly * keep * rest) * e) / s);
    if (share === 0 && this.softcap === 0) {
      this.store(r, from, (g * P) / s);
      this.compute.fill(own, 1, at.dx + (r * this.classes + target - from) * this.compute.bytes);
      return;
    }
    const factor = (g * P) / s;
    const smooth = g * share;
    if (weight === undefined) for (let j = from; j < to; j++) z[j] = factor * z[j] - smooth;
    else for (let j = from; j < to; j++) z[j] = factor * z[j] - smooth * weight[j - from];
    z[target] = own;
    this.store(r, from, 1);
  }

  /** Σ w(m − z). */
  weightedGaps(from: number, to: number, m: number): number {
    const { z, scale, weight } = this;
    let sum = 0;
    if (weight === undefined) for (let j = from; j < to; j++) sum += (m - z[j]) * scale;
    else {
      for (let j = from; j < to; j++) if (weight[j - from] !== 0) sum += weight[j - from] * ((m - z[j]) * scale);
    }
    return sum;
  }

  probabilityRow(r: number, from: number): void {
    const { at, z, t, scale, keep, share, weight, poly } = this;
    const { f64 } = this.memory;
    const to = from + this.classes;
    const k = this.transform(from, to);
    const m = finiteOrNaN(z[k]);
    let B = 0;
    let others = 0; // S − a_k
    let T = 0;
    for (let j = from; j < to; j++) {
      const target = keep * t[j] + share;
      const a = weight === undefined ? target : weight[j - from] * target;
      if (a !== 0) B += a * ((m - z[j]) * scale);
      if (j !== k) others += a;
      T += target;
    }
    const targetK = keep * t[k] + share;
    const S = others + (weight === undefined ? targetK : weight[k - from] * targetK);
    const u = this.sumOthers(from, to, k, m, at.dx !== 0 || poly !== 0);
    const s = 1 + u;
    const logSum = Math.log1p(u);
    let D = 0;
    if (poly !== 0) {
      for (let j = from; j < to; j++) D += (keep * t[j] + share) * z[j];
      D /= s;
    }
    const lse = m * scale + logSum;
    f64[at.loss / 8 + r] = B + product(S, logSum) + (poly === 0 ? 0 : poly * (T - D));
    if (at.lse !== 0) f64[at.lse / 8 + r] = lse;
    if (at.dx === 0) return;

    const g = f64[at.g / 8 + r] * scale;
    const z2 = this.lambda === 0 ? 0 : 2 * this.lambda * lse;
    const P = S + z2 + poly * D;
    const factor = (g * P) / s;
    const polyFactor = (g * poly) / s;
    for (let j = from; j < to; j++) {
      const target = keep * t[j] + share;
      const a = weight === undefined ? target : weight[j - from] * target;
      z[j] = factor * z[j] - polyFactor * z[j] * target - g * a;
    }
    z[k] = g * (others - (S * u) / s + (z2 + poly * (D - targetK)) / s);
    this.store(r, from, 1);
  }

  /** The row's gradient by x from `factor`·z, which is its gradient by z. */
  store(r: number, from: number, factor: number): void {
    const { z, slope, classes } = this;
    if (this.softcap !== 0) for (let j = from; j < from + classes; j++) z[j] *= slope[j];
    this.compute.store(z, from, classes, factor, this.at.dx + r * classes * this.compute.bytes);
  }
}

export function crossEntropy(
  memory: Memory,
  type: Elements,
  compute: ComputeElements,
  rows: number,
  classes: number,
  at: CrossEntropyOffsets,
): void {
  new CrossEntropy(memory, type, compute, rows, classes, at).run();
}
