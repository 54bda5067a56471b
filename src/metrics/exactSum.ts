/**
 * A sum of float64 numbers without any rounding: what was added in which order and grouping leaves no trace in it.
 *
 * A fixed-point number that has a place for every bit of every finite float64 [Kulisch, *Computer Arithmetic and
 * Validity*, 2008: the long accumulator], in signed limbs whose carries wait [Neal, *Fast exact summation using small
 * and large superaccumulators*, 2015, arXiv:1505.05571]. Infinities and NaN are summed apart: of them, ordinary
 * addition already does not depend on the order.
 */
import { rangeError, typeError } from "../input/errors.js";

/** The unit of the lowest limb is 2⁻¹⁰⁷⁴, the smallest float64; each further one weighs 2³² times as much. */
const LOWEST = -1074;
const BASE = 2 ** 32;
/** 2098 bits of the float64 numbers, 53 for as many additions as can be counted, and a sign. */
const LIMBS = 68;
/** An addition changes a limb by less than 2³², so that after 2²⁰ of them all limbs are still exact, below 2⁵³. */
const CARRY_AFTER = 2 ** 20;

const SCRATCH = new Float64Array(1);
const SCRATCH_HALVES = new Uint32Array(SCRATCH.buffer);
const LOW_HALF = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 0 : 1;

/** `0xdp-2` is 13/4. Longer digits than those of the largest sum are refused before they are read. */
const HEXADECIMAL = /^(-?)0x([0-9a-f]{1,544})p([+-]\d{1,4})$/;

export class ExactSum {
  readonly #limbs = new Float64Array(LIMBS);
  /** Additions since carries were passed on. */
  #waiting = 0;
  /** The sum of what is infinite or NaN; 0 as long as nothing was. */
  #special = 0;

  add(value: number): void {
    if (!Number.isFinite(value)) {
      this.#special += value;
      return;
    }
    SCRATCH[0] = value;
    const low = SCRATCH_HALVES[LOW_HALF];
    const high = SCRATCH_HALVES[1 - LOW_HALF];
    const exponent = (high >>> 20) & 0x7ff;
    const top = exponent === 0 ? high & 0xfffff : (high & 0xfffff) | 0x100000;
    const place = exponent === 0 ? 0 : exponent - 1;
    const limb = place >>> 5;
    const shift = place & 31;
    const first = (low << shift) >>> 0;
    const second = (shift === 0 ? top : (low >>> (32 - shift)) | (top << shift)) >>> 0;
    const third = shift === 0 ? 0 : top >>> (32 - shift);
    const sign = high >>> 31 === 0 ? 1 : -1;
    const limbs = this.#limbs;
    limbs[limb] += sign * first;
    limbs[limb + 1] += sign * second;
    limbs[limb + 2] += sign * third;
    if (++this.#waiting === CARRY_AFTER) this.#settle();
  }

  merge(other: ExactSum): void {
    other.#settle();
    this.#settle();
    for (let i = 0; i < LIMBS; i++) this.#limbs[i] += other.#limbs[i];
    this.#waiting = 1;
    this.#special += other.#special;
  }

  /** The sum, rounded once. */
  value(): number {
    return this.over(1);
  }

  /** The sum, rounded to 53 bits, over `divisor`; finite as long as the quotient is, even if the sum is not. */
  over(divisor: number): number {
    if (this.#special !== 0) return this.#special / divisor;
    const { negative, limbs } = this.#magnitude();
    let top = LIMBS - 1;
    while (top > 2 && limbs[top] === 0) top--;
    // 65 bits and more, unless all lower ones are 0: what comes below can only break ties.
    let leading = 0n;
    for (let i = top; i > top - 3; i--) leading = (leading << 32n) | BigInt(limbs[i]);
    for (let i = 0; i < top - 2; i++) if (limbs[i] !== 0) leading |= 1n;
    const quotient = Number(negative ? -leading : leading) / divisor;
    const exponent = 32 * (top - 2) + LOWEST;
    return quotient * 2 ** Math.max(exponent, -1000) * 2 ** Math.min(exponent + 1000, 0);
  }

  /** The sum in hexadecimal, all of it, or `NaN`, `Infinity`, `-Infinity`. Equal sums have equal texts. */
  toString(): string {
    if (this.#special !== 0) return String(this.#special);
    const { negative, limbs } = this.#magnitude();
    let digits = "";
    for (let i = LIMBS - 1; i >= 0; i--) digits += limbs[i].toString(16).padStart(8, "0");
    const odd = digits.replace(/0+$/, "");
    if (odd === "") return "0x0p+0";
    const exponent = LOWEST + 4 * (digits.length - odd.length);
    return `${negative ? "-" : ""}0x${odd.replace(/^0+/, "")}p${exponent < 0 ? "" : "+"}${exponent}`;
  }

  /**
   * What {@link toString} wrote.
   *
   * @throws {TypeError} for anything but a string
   * @throws {RangeError} for a text that is no such sum
   */
  static parse(name: string, text: unknown): ExactSum {
    if (typeof text !== "string") throw typeError(name, "sum in hexadecimal", text);
    const sum = new ExactSum();
    if (text === "NaN" || text === "Infinity" || text === "-Infinity") {
      sum.#special = Number(text);
      return sum;
    }
    const [, minus, digits, exponent] = HEXADECIMAL.exec(text) ?? [];
    const shift = Number(exponent) - LOWEST;
    let rest = shift >= 0 ? BigInt(`0x${digits}`) << BigInt(shift) : -1n;
    // The last limb is for carries and the sign: no sum of float64 numbers fills it.
    if (rest < 0n || rest >= 1n << BigInt(32 * LIMBS - 8)) throw rangeError(name, "sum in hexadecimal", text);
    for (let i = 0; rest !== 0n; i++, rest >>= 32n) {
      sum.#limbs[i] = (minus === "-" ? -1 : 1) * Number(rest & 0xffffffffn);
    }
    sum.#waiting = 1;
    return sum;
  }

  #settle(): void {
    if (this.#waiting !== 0) carry(this.#limbs);
    this.#waiting = 0;
  }

  #magnitude(): { negative: boolean; limbs: Float64Array } {
    this.#settle();
    if (this.#limbs[LIMBS - 1] >= 0) return { negative: false, limbs: this.#limbs };
    const limbs = this.#limbs.map((limb) => -limb);
    carry(limbs);
    return { negative: true, limbs };
  }
}

/** Brings all limbs but the last into [0, 2³²), which only one series of limbs for a number does. */
function carry(limbs: Float64Array): void {
  let carried = 0;
  for (let i = 0; i < LIMBS - 1; i++) {
    const limb = limbs[i] + carried;
    carried = Math.floor(limb / BASE);
    limbs[i] = limb - carried * BASE;
  }
  limbs[LIMBS - 1] += carried;
}
