import { OPTION } from "../kernels.js";
import { sumOfRows } from "../rowSum.js";
import { cap, expRows, RATE, sumExpRows } from "./exp.js";
import { type Elements, type Memory, ROWS } from "./memory.js";
import { argmaxRows, product, rowsAtOnce, takeMaxima } from "./rows.js";

// Rows of softmax cross-entropy and their gradients. z are the logits after scale and cap, m = max z, at k, u = Σ_{j ≠
// k} e^{zⱼ − m}, s = 1 + u, p = e^{z − m}/s, ε the label smoothing, n classes, w weights, W = Σw, λ the z-loss, ε₁ the
// Poly-1 coefficient:
//
//   t′ = (1 − ε)t + ε/n   a = w·t′   S = Σa   B = Σ a(m − z)   T = Σt′   D = Σ t′p
//   loss = B + S·ln s + ε₁(T − D)
//   dz   = p·[S + 2λ·lse + ε₁(D − t′)] − a
//
// Focal: with L = −ln p_y and r = 1 − p_y, w·r^γ·L in place of w·L, and w·r^γ·(1 + γ·p_y·L/r) in place of S and a.
//
// A class index y is t = e_y, of which only the terms that do not vanish are left. Where p and a nearly cancel, at y
// for an index and at k for probabilities, S·p − a is formed as (S − a) − S(1 − p), from 1 − p_k = u/s. Products with a
// zero factor count as 0 even when the other one is ∞.

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

// One number a row, from one pass to the next. Why constants of the module: see binary.ts.
const IGNORED = new Uint8Array(ROWS);
/** Where in z a row's largest stands, and the class of its index. */
const K = new Int32Array(ROWS);
const PLACE = new Int32Array(ROWS);
const M = new Float64Array(ROWS);
const U = new Float64Array(ROWS);
/** m − z at PLACE. */
const GAP = new Float64Array(ROWS);
/** B; of an index Σ w(m − z). */
const GAPS = new Float64Array(ROWS);
/** S − a_k, and T. */
const OTHERS = new Float64Array(ROWS);
const TOTAL = new Float64Array(ROWS);
/** What z is multiplied by to become the gradient, but for OWN at PLACE. */
const FACTOR = new Float64Array(ROWS);
const OWN = new Float64Array(ROWS);

const NOWHERE: CrossEntropyOffsets = { x: 0, y: 0, t: 0, weight: 0, options: 0, loss: 0, lse: 0, g: 0, dx: 0 };
const NONE = new Float64Array(0);

/** The cross-entropy kernels of an instance. A block of rows goes through passes, each of them a loop over its rows. */
export class CrossEntropy {
  readonly #memory: Memory;

  // The call.
  #at: CrossEntropyOffsets = NOWHERE;
  #n = 0;
  #weight: Float64Array | undefined;
  #weightSum = 0;
  #ignoreIndex = 0;
  /** 1 − ε and ε/n. */
  #keep = 0;
  #share = 0;
  /** What z is multiplied by, unless the soft cap has done it. */
  #scale = 0;
  #capped = false;
  #poly = 0;
  #lambda = 0;
  #gamma = 0;
  /** What the gradients of all rows are multiplied by, if that is one number. */
  #uniform = 0;

  // The block: logits, then z, then e^{z − m}, then the gradient; t′; w·t′; dz/dx of the soft cap.
  #z: Float64Array = NONE;
  #t: Float64Array = NONE;
  #a: Float64Array = NONE;
  #slope: Float64Array = NONE;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** The mean of the losses of {@link run}; −1, with nothing written, where an index is outside of [0, n). */
  mean(type: Elements, rows: number, n: number, at: CrossEntropyOffsets): number {
    const { i32, f64 } = this.#memory;
    const indices = at.y >>> 2;
    for (let r = 0; r < rows; r++) if (i32[indices + r] < 0 || i32[indices + r] >= n) return -1;
    f64[(at.options >>> 3) + OPTION.upstream] = 1 / rows;
    this.run(type, rows, n, at);
    return sumOfRows(f64, at.loss >>> 3, rows) / rows;
  }

  run(type: Elements, rows: number, n: number, at: CrossEntropyOffsets): void {
    const memory = this.#memory;
    const option = at.options / 8;
    const scale = memory.f64[option + OPTION.scale];
    const softcap = memory.f64[option + OPTION.softcap];
    const smoothing = memory.f64[option + OPTION.labelSmoothing];
    const atOnce = rowsAtOnce(n);
    this.#at = at;
    this.#n = n;
    this.#weightSum = memory.f64[option + OPTION.weightSum];
    this.#ignoreIndex = memory.f64[option + OPTION.ignoreIndex];
    this.#keep = 1 - smoothing;
    this.#share = smoothing / n;
    this.#capped = softcap !== 0;
    this.#scale = this.#capped ? 1 : scale;
    this.#poly = memory.f64[option + OPTION.polyEpsilon];
    this.#lambda = memory.f64[option + OPTION.zLoss];
    this.#gamma = memory.f64[option + OPTION.focalGamma];
    this.#uniform = memory.f64[option + OPTION.upstream];
    this.#z = memory.scratch(0, atOnce * n);
    if (at.t !== 0) this.#t = memory.scratch(1, atOnce * n);
    if (this.#capped) this.#slope = memory.scratch(2, atOnce * n);
    this.#weight = at.weight === 0 ? undefined : memory.scratch(3, n);
    if (this.#weight !== undefined) type.load(at.weight, n, this.#weight);
    this.#a = this.#weight === undefined || at.t === 0 ? this.#t : memory.scratch(4, atOnce * n);

    for (let row = 0; row < rows; row += atOnce) {
      const count = Math.min(atOnce, rows - row);
      type.load(at.x + row * n * type.bytes, count * n, this.#z);
      if (at.t !== 0) type.load(at.t + row * n * type.bytes, count * n, this.#t);
      argmaxRows(this.#z, count, n, K);
      if (this.#capped) cap(this.#z, count * n, scale, softcap, this.#slope);
      if (at.t === 0) this.#indexTargets(row, count);
      else this.#probabilityTargets(row, count);
      this.#exponentials(count, type.exact);
      if (at.t === 0) this.#indexLosses(row, count);
      else this.#probabilityLosses(row, count);
      if (at.dx !== 0) this.#store(type, row, count);
    }
  }

  /** Keeps e^{z − m} in place of z when a later pass wants it. */
  #exponentials(count: number, exact: boolean): void {
    const z = this.#z;
    const rate = this.#scale * RATE;
    takeMaxima(z, count, K, M);
    if (this.#at.dx === 0 && this.#poly === 0 && this.#gamma === 0) {
      sumExpRows(z, count, this.#n, M, rate, U, exact, z);
      return;
    }
    expRows(z, count, this.#n, M, rate, z, U, exact);
    for (let r = 0; r < count; r++) z[K[r]] = 1;
  }

  #indexTargets(row: number, count: number): void {
    const { i32 } = this.#memory;
    const y = this.#at.y / 4 + row;
    const n = this.#n;
    const z = this.#z;
    const weight = this.#weight;
    for (let r = 0; r < count; r++) {
      const ignored = i32[y + r] === this.#ignoreIndex;
      const place = r * n + (ignored ? 0 : i32[y + r]);
      const m = z[K[r]];
      IGNORED[r] = ignored ? 1 : 0;
      PLACE[r] = place;
      GAP[r] = m - z[place];
      if (this.#share === 0) continue;
      let sum = 0;
      if (weight === undefined) for (let j = 0; j < n; j++) sum += m - z[r * n + j];
      else for (let j = 0; j < n; j++) if (weight[j] !== 0) sum += weight[j] * (m - z[r * n + j]);
      GAPS[r] = sum;
    }
  }

  #indexLosses(row: number, count: number): void {
    const { f64 } = this.#memory;
    const at = this.#at;
    const n = this.#n;
    const z = this.#z;
    const weight = this.#weight;
    const weightSum = this.#weightSum;
    const keep = this.#keep;
    const share = this.#share;
    const scale = this.#scale;
    const poly = this.#poly;
    const gamma = this.#gamma;
    for (let r = 0; r < count; r++) {
      const i = row + r;
      if (IGNORED[r] === 1) {
        this.#ignore(r, i);
        continue;
      }
      const place = PLACE[r];
      const w = weight === undefined ? 1 : weight[place - r * n];
      const s = 1 + U[r];
      const logSum = Math.log1p(U[r]);
      const lse = M[r] * scale + logSum;
      const rest = (place === K[r] ? U[r] : s - z[place]) / s; // 1 − p, once terms stand in z
      let loss = product(keep * w, GAP[r] * scale + logSum);
      if (share !== 0) loss += share * (GAPS[r] * scale + weightSum * logSum);
      if (poly !== 0) loss += poly * (keep * rest + share * (n - 1));
      let S = keep * w + share * weightSum;
      let others = share * (weightSum - w);
      if (gamma !== 0) {
        const nll = GAP[r] * scale + logSum;
        const factor = rest ** gamma;
        loss = product(factor, loss);
        S = product(factor, w * (1 + (gamma * product(z[place], rest > 0 ? nll / rest : 1)) / s));
        others = 0;
      }
      f64[at.loss / 8 + i] = loss;
      if (at.lse !== 0) f64[at.lse / 8 + i] = lse;
      if (at.dx === 0) continue;

      const g = this.#upstream(i) * scale;
      const p = z[place] / s;
      const byZ = this.#lambda === 0 ? 0 : 2 * this.#lambda * lse;
      const P = S + byZ + poly * keep * p; // D − t′ is D − ε/n for all classes but y
      const factor = (g * P) / s;
      FACTOR[r] = factor;
      OWN[r] = g * (others - S * rest + (byZ - poly * keep * rest) * p);
      if (share === 0) continue;
      if (weight === undefined) for (let j = r * n; j < (r + 1) * n; j++) z[j] = factor * z[j] - g * share;
      else for (let j = 0; j < n; j++) z[r * n + j] = factor * z[r * n + j] - g * share * weight[j];
      FACTOR[r] = 1;
    }
  }

  /** Probabilities become t′; a = w·t′ is that array itself when there are no weights. */
  #probabilityTargets(row: number, count: number): void {
    const { i32 } = this.#memory;
    const { y } = this.#at;
    const n = this.#n;
    const z = this.#z;
    const t = this.#t;
    const a = this.#a;
    const weight = this.#weight;
    const keep = this.#keep;
    const share = this.#share;
    for (let r = 0; r < count; r++) {
      const start = r * n;
      const end = start + n;
      const k = K[r];
      const m = z[k];
      IGNORED[r] = y !== 0 && i32[y / 4 + row + r] === this.#ignoreIndex ? 1 : 0;
      if (share !== 0) for (let j = start; j < end; j++) t[j] = keep * t[j] + share;
      if (weight !== undefined) for (let j = 0; j < n; j++) a[start + j] = weight[j] * t[start + j];
      let total = 0;
      if (this.#poly !== 0) for (let j = start; j < end; j++) total += t[j];
      const own = a[k];
      a[k] = 0;
      let gaps = 0;
      let others = 0;
      for (let j = start; j < end; j++) {
        if (a[j] !== 0) gaps += a[j] * (m - z[j]);
        others += a[j];
      }
      a[k] = own;
      GAPS[r] = gaps;
      OTHERS[r] = others;
      TOTAL[r] = total;
    }
  }

  #probabilityLosses(row: number, count: number): void {
    const { f64 } = this.#memory;
    const at = this.#at;
    const n = this.#n;
    const z = this.#z;
    const t = this.#t;
    const a = this.#a;
    const scale = this.#scale;
    const poly = this.#poly;
    for (let r = 0; r < count; r++) {
      const i = row + r;
      if (IGNORED[r] === 1) {
        this.#ignore(r, i);
        continue;
      }
      const start = r * n;
      const end = start + n;
      const k = K[r];
      const S = OTHERS[r] + a[k];
      const s = 1 + U[r];
      const logSum = Math.log1p(U[r]);
      const lse = M[r] * scale + logSum;
      let D = 0;
      if (poly !== 0) for (let j = start; j < end; j++) D += (t[j] * z[j]) / s;
      let loss = GAPS[r] * scale + product(S, logSum);
      if (poly !== 0) loss += poly * (TOTAL[r] - D);
      f64[at.loss / 8 + i] = loss;
      if (at.lse !== 0) f64[at.lse / 8 + i] = lse;
      if (at.dx === 0) continue;

      const g = this.#upstream(i) * scale;
      const byZ = this.#lambda === 0 ? 0 : 2 * this.#lambda * lse;
      const factor = (g * (S + byZ + poly * D)) / s;
      const own = g * (OTHERS[r] - (S * U[r] - byZ - poly * (D - t[k])) / s);
      if (poly === 0) for (let j = start; j < end; j++) z[j] = factor * z[j] - g * a[j];
      else for (let j = start; j < end; j++) z[j] = (factor - (g * poly * t[j]) / s) * z[j] - g * a[j];
      FACTOR[r] = 1;
      PLACE[r] = k;
      OWN[r] = own;
    }
  }

  /** What the gradient of row i of the call is multiplied by. */
  #upstream(i: number): number {
    return this.#at.g === 0 ? this.#uniform : this.#memory.f64[this.#at.g / 8 + i];
  }

  /** @param i the row's number in the call */
  #ignore(r: number, i: number): void {
    const { f64 } = this.#memory;
    const at = this.#at;
    f64[at.loss / 8 + i] = 0;
    if (at.lse !== 0) f64[at.lse / 8 + i] = 0;
    if (at.dx === 0) return;
    this.#z.fill(0, r * this.#n, (r + 1) * this.#n);
    if (this.#capped) this.#slope.fill(0, r * this.#n, (r + 1) * this.#n);
    PLACE[r] = r * this.#n;
    OWN[r] = 0;
    FACTOR[r] = 0;
  }

  /** dx = slope·factor·z, but for what stands at `place`. */
  #store(type: Elements, row: number, count: number): void {
    const n = this.#n;
    const z = this.#z;
    const slope = this.#slope;
    const dx = this.#at.dx + row * n * type.bytes;
    if (this.#capped) {
      for (let j = 0; j < count * n; j++) z[j] *= slope[j];
      for (let r = 0; r < count; r++) OWN[r] *= slope[PLACE[r]];
    }
    type.store(z, count, n, FACTOR, dx);
    type.scatter(OWN, PLACE, count, dx);
  }
}
