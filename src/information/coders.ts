/**
 * Codes for a distribution: Shannon's (A Mathematical Theory of Communication, 1948) and Huffman's (A Method for the
 * Construction of Minimum-Redundancy Codes, 1952).
 */
import { rangeError } from "../input/errors.js";
import { knownOptions } from "../input/options.js";
import { Distributions, type NormalizeOptions, type NumberInput } from "./arguments.js";
import { canonicalOrder, iterable, kraftExcess, PrefixCode, valuesOf } from "./prefixCode.js";

/**
 * How often each symbol occurs, relatively: the distribution that makes the data most likely.
 *
 * @param data a text, whose symbols are its characters (Unicode code points, lone surrogates too), bytes, or anything
 * @returns frequencies that sum to 1, by symbol, in the order of their first occurrence
 * @throws {TypeError} for what cannot be iterated over
 * @throws {RangeError} for no symbols at all
 */
export function empiricalDistribution<S>(data: Iterable<S>): Map<S, number> {
  const counts = new Map<S, number>();
  let total = 0;
  for (const symbol of iterable("data", data)) {
    counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
    total++;
  }
  if (total === 0) throw rangeError("data", "at least one symbol", data);
  for (const [symbol, count] of counts) counts.set(symbol, count / total);
  return counts;
}

/**
 * Shannon's code, lengths ⌈−log₂ p⌉: within a bit of the entropy, H ≤ L < H + 1, symbol by symbol. Symbols of
 * probability 0 have no codeword.
 *
 * @param p one distribution, or a map from symbols to their probabilities
 * @returns a canonical prefix code, of the indices 0, 1, 2, … or of the map's symbols
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for numbers that are negative, not finite or, without `normalize`, off a sum of 1 by over 10⁻⁶
 */
export function shannonCode<S>(p: ReadonlyMap<S, number>, options?: NormalizeOptions): PrefixCode<S>;
export function shannonCode(p: NumberInput, options?: NormalizeOptions): PrefixCode;
export function shannonCode<S>(p: ReadonlyMap<S, number> | NumberInput, options: NormalizeOptions = {}): PrefixCode<S> {
  return codeOf(p, options, shannonLengths);
}

/**
 * Huffman's code, the shortest of all on average: H ≤ L < H + 1. Symbols of probability 0 have no codeword; of equals,
 * those stay shorter that come first, which keeps the longest codeword as short as it can be.
 *
 * @param p, results and errors as for {@link shannonCode}
 */
export function huffmanCode<S>(p: ReadonlyMap<S, number>, options?: NormalizeOptions): PrefixCode<S>;
export function huffmanCode(p: NumberInput, options?: NormalizeOptions): PrefixCode;
export function huffmanCode<S>(p: ReadonlyMap<S, number> | NumberInput, options: NormalizeOptions = {}): PrefixCode<S> {
  return codeOf(p, options, huffmanLengths);
}

function codeOf<S>(
  p: ReadonlyMap<S, number> | NumberInput,
  options: NormalizeOptions,
  lengthsOf: (p: Float64Array) => Float64Array,
): PrefixCode<S> {
  knownOptions(options, ["normalize"]);
  const { symbols, values } = valuesOf("p", p);
  Distributions.read("p", values, options).row(0);
  // Exactly 1 in sum, for a sum that is over it by the tolerance leaves no room for codewords of ⌈−log₂ p⌉ bits.
  const lengths = lengthsOf(Distributions.read("p", values, { normalize: true }).row(0));
  return new PrefixCode(new Map(symbols.map((symbol, i) => [symbol, lengths[i]])));
}

function shannonLengths(p: Float64Array): Float64Array {
  const lengths = p.map(shannonLength);
  // Probabilities round to a sum of 1 while it is over 1 by less than an ulp, as of ½, ½ and 2⁻⁶⁰.
  if (kraftExcess(lengths)) lengths[canonicalOrder(lengths)[0]]++;
  return lengths;
}

/** The least l with 2^−l ≤ p: ⌈−log₂ p⌉ without the rounding of the logarithm. */
function shannonLength(p: number): number {
  if (p === 0) return Infinity;
  const length = Math.max(0, Math.round(-Math.log2(p)));
  return 2 ** -length <= p ? length : length + 1;
}

/** Merges the two least likely nodes until one is left: of two queues, symbols and nodes, both in ascending order. */
function huffmanLengths(p: Float64Array): Float64Array {
  const symbols = Array.from(p.keys()).filter((i) => p[i] > 0);
  symbols.sort((a, b) => p[a] - p[b] || b - a);
  const leaves = symbols.length;
  const weights = new Float64Array(2 * leaves - 1);
  weights.set(symbols.map((symbol) => p[symbol]));
  const parents = new Float64Array(2 * leaves - 1);
  let leaf = 0;
  let merged = leaves;
  for (let node = leaves; node < weights.length; node++) {
    for (let child = 0; child < 2; child++) {
      const takesLeaf = leaf < leaves && (merged === node || weights[leaf] <= weights[merged]);
      const taken = takesLeaf ? leaf++ : merged++;
      weights[node] += weights[taken];
      parents[taken] = node;
    }
  }
  const lengths = new Float64Array(p.length).fill(Infinity);
  const depths = new Float64Array(weights.length);
  for (let node = weights.length - 2; node >= 0; node--) depths[node] = depths[parents[node]] + 1;
  for (let i = 0; i < leaves; i++) lengths[symbols[i]] = depths[i];
  return lengths;
}
