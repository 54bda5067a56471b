/** Codes by their lengths: what codewords cost, and how many symbols that pays for (Kraft 1949). */
import { typeError } from "../input/errors.js";
import { finiteNumber, integer, knownOptions } from "../input/options.js";
import { indexPath } from "../input/shape.js";
import {
  type BaseOptions,
  Distributions,
  type NormalizeOptions,
  type NumberInput,
  numbersWithin,
  requiredNumber,
  sameCount,
} from "./arguments.js";
import { selfInformation } from "./discrete.js";
import { Sum } from "./sum.js";

/** Lengths of codewords in digits, fractional and ∞ too, or the codewords themselves. */
export type Codewords = NumberInput | readonly string[];

export interface AlphabetOptions {
  /** Number of digits to write codewords with, an integer >= 2; default 2: bits. */
  base?: number;
}

/**
 * ⌈log_b n⌉, the digits of a code that spends as many on each of n words; one-hot it would be n bits.
 *
 * @param words how many words there are, >= 1
 * @returns in bits, or digits of `base`
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for what is no integer in range
 */
export function fixedCodeLength(words: number, options: AlphabetOptions = {}): number {
  knownOptions(options, ["base"]);
  const base = integer("base", options.base, 2, { min: 2 });
  const needed = integer("words", words, undefined, { min: 1 });
  let length = 0;
  for (let reached = 1; reached < needed; reached *= base) length++;
  return length;
}

/**
 * C(l) = b^−l, the share of all codewords that one of length l takes: those which begin with it. C(0) = 1, C(∞) = 0.
 *
 * @param length in digits of `base`, >= 0, fractional too
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for a negative length or NaN
 */
export function codewordCost(length: number, options: BaseOptions = {}): number {
  knownOptions(options, ["base"]);
  const base = finiteNumber("base", options.base, 2, { above: 1 });
  return base ** -(length === Infinity ? length : requiredNumber("length", length, { min: 0 }));
}

/**
 * Σ b^−l: at most 1 for every code in which no codeword begins another, and for any such lengths there is such a code.
 *
 * @param codewords their lengths, or the codewords
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for a negative length or NaN
 */
export function kraftSum(codewords: Codewords, options: BaseOptions = {}): number {
  knownOptions(options, ["base"]);
  const base = finiteNumber("base", options.base, 2, { above: 1 });
  const sum = new Sum();
  for (const length of lengthsOf("codewords", codewords)) sum.add(base ** -length);
  return sum.value;
}

/**
 * Σ p·l, the digits that a symbol takes on average. 0·∞ = 0: what never occurs needs no codeword.
 *
 * @param p one distribution, of any shape
 * @param codewords their lengths, one a symbol, or the codewords
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for another number of lengths, a negative one or NaN, and for numbers `p` that are negative, not
 *   finite or, without `normalize`, off a sum of 1 by over 10⁻⁶
 */
export function expectedCodeLength(p: NumberInput, codewords: Codewords, options: NormalizeOptions = {}): number {
  knownOptions(options, ["normalize"]);
  const row = Distributions.read("p", p, options).row(0);
  const lengths = lengthsOf("codewords", codewords);
  sameCount("codewords", lengths, row.length);
  const sum = new Sum();
  for (let i = 0; i < row.length; i++) if (row[i] > 0) sum.add(row[i] * lengths[i]);
  return sum.value;
}

/**
 * −log_b p of each symbol: the lengths that cost exactly 1 and on average H(p), fractional as they may be. ∞ for p = 0.
 *
 * @param p one distribution, of any shape
 * @returns one a symbol, in bits, or units of `base`
 * @throws as {@link expectedCodeLength}
 */
export function idealCodeLengths(p: NumberInput, options: BaseOptions & NormalizeOptions = {}): Float64Array {
  knownOptions(options, ["base", "normalize"]);
  const row = Distributions.read("p", p, { normalize: options.normalize }).row(0);
  // A probability of 1 may be over it by the tolerance of the sum.
  const within = row.map((value) => Math.min(value, 1));
  return selfInformation(within, { base: options.base });
}

function lengthsOf(name: string, value: unknown): Float64Array {
  if (!Array.isArray(value) || typeof value[0] !== "string") {
    return numbersWithin(name, value, 0, Infinity, "lengths >= 0");
  }
  return Float64Array.from(value, (word: unknown, i) => {
    if (typeof word !== "string") throw typeError(name, "codewords, all of them strings", word, indexPath(i));
    return word.length;
  });
}
