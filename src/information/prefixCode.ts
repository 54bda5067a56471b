/**
 * Canonical prefix codes: codewords of one length are consecutive numbers, shorter ones come first, so that the lengths
 * alone say what the code is. No codeword begins another, so that a stream of them needs no separators.
 */
import { rangeError, typeError } from "../input/errors.js";
import { integer } from "../input/options.js";
import { indexPath } from "../input/shape.js";
import { type NumberInput, numbers } from "./arguments.js";

/** Symbols as a stream of bits, the first in the highest bit of the first byte. */
export interface Encoded {
  /** As few as hold the bits; what is left of the last is 0. */
  bytes: Uint8Array;
  bits: number;
  /** Number of symbols. A code of a single one takes no bits for it. */
  count: number;
}

/** Over the depth of any Huffman tree whose weights are float64: 5·10⁻³²⁴ and its Fibonacci multiples end at 1,547. */
const LONGEST = 2048;

/** A code of symbols: numbers 0, 1, 2, … where it was made from an array, the keys where it was made from a map. */
export class PrefixCode<S = number> {
  readonly symbols: readonly S[];
  /** Bits of each symbol's codeword; ∞ for a symbol without one. */
  readonly lengths: Float64Array;
  /** As strings of 0 and 1, of the symbols that have one, in the order of the code. */
  readonly codewords: ReadonlyMap<S, string>;
  readonly #tree: readonly number[];

  /**
   * @param lengths bits of each codeword, ∞ for a symbol that has none: an array, or a map from symbols
   * @throws {TypeError} for an argument of the wrong kind
   * @throws {RangeError} for lengths that are no integers, and where Σ 2^−l > 1: there is no such code
   */
  constructor(lengths: ReadonlyMap<S, number> | NumberInput) {
    const { symbols, values } = valuesOf<S>("lengths", lengths);
    for (let i = 0; i < values.length; i++) {
      if (values[i] === Infinity || (Number.isInteger(values[i]) && values[i] >= 0 && values[i] <= LONGEST)) continue;
      throw rangeError("lengths", `integers in [0, ${LONGEST}] or Infinity`, values[i], indexPath(i));
    }
    if (kraftExcess(values)) throw rangeError("lengths", "a Kraft sum of at most 1", values);
    this.symbols = symbols;
    this.lengths = values;
    const order = canonicalOrder(values);
    const words = codewordsOf(order.map((i) => values[i]));
    this.codewords = new Map(order.map((symbol, i) => [symbols[symbol], words[i]]));
    this.#tree = treeOf(order, words);
  }

  /**
   * The codewords of the data, one after the other.
   *
   * @param data symbols of the code: a text for a code of characters (Unicode code points), bytes for one of numbers
   * @throws {RangeError} for a symbol without codeword
   */
  encode(data: Iterable<S>): Encoded {
    let bytes = new Uint8Array(1024);
    let at = 0;
    let bit = 0x80;
    let count = 0;
    for (const symbol of iterable("data", data)) {
      const word = this.codewords.get(symbol);
      if (word === undefined) throw rangeError("data", "symbols that have a codeword", symbol, indexPath(count));
      count++;
      if (at + word.length / 8 + 1 > bytes.length) bytes = grown(bytes, word.length);
      for (let i = 0; i < word.length; i++) {
        if (word[i] === "1") bytes[at] |= bit;
        bit >>= 1;
        if (bit === 0) {
          bit = 0x80;
          at++;
        }
      }
    }
    const used = 7 - Math.log2(bit);
    return { bytes: bytes.slice(0, at + Math.ceil(used / 8)), bits: at * 8 + used, count };
  }

  /**
   * The symbols again: `join("")` makes a text of characters, `Uint8Array.from` makes bytes of numbers.
   *
   * @throws {TypeError} for an argument of the wrong kind
   * @throws {RangeError} for bits that are no codewords, or not of as many symbols
   */
  decode({ bytes, bits, count }: Encoded): S[] {
    if (!(bytes instanceof Uint8Array)) throw typeError("bytes", "Uint8Array", bytes);
    integer("bits", bits, undefined, { min: 0, max: bytes.length * 8 });
    integer("count", count, undefined, { min: 0, max: this.#most(bits) });
    const symbols = new Array<S>(count);
    const tree = this.#tree;
    let at = 0;
    for (let i = 0; i < count; i++) {
      let node = tree[0];
      while (node > 0 && at < bits) {
        const bit = (bytes[Math.floor(at / 8)] >> (7 - (at % 8))) & 1;
        node = tree[node + bit];
        at++;
      }
      if (node === NOTHING) throw rangeError("bytes", "codewords", "none of them", `before bit ${at}`);
      if (node > 0) throw rangeError("bits", `codewords of ${count} symbols`, bits, `which end within symbol ${i}`);
      symbols[i] = this.symbols[-1 - node];
    }
    if (at !== bits) throw rangeError("bits", `codewords of ${count} symbols, ${at} bits`, bits);
    return symbols;
  }

  /** How many symbols as many bits can hold: all that an array can where the only one takes none. */
  #most(bits: number): number {
    const shortest = this.lengths.reduce((a, b) => Math.min(a, b), Infinity);
    return shortest === 0 ? 2 ** 32 - 1 : Math.floor(bits / shortest);
  }
}

/** A map's or an array's values, and the symbols they are of. */
export function valuesOf<S>(
  name: string,
  value: ReadonlyMap<S, number> | NumberInput,
): { symbols: S[]; values: Float64Array } {
  const isMap = value instanceof Map;
  const values = numbers(name, isMap ? Array.from(value.values()) : value);
  const symbols = isMap ? Array.from(value.keys()) : (Array.from(values.keys()) as S[]);
  return { symbols, values };
}

/** Whatever can be iterated over, checked. */
export function iterable<T>(name: string, data: Iterable<T>): Iterable<T> {
  if (data === undefined || data === null || typeof data[Symbol.iterator] !== "function") {
    throw typeError(name, "string, array or other iterable of symbols", data);
  }
  return data;
}

/** The symbols that have a codeword, by its length; those of one length in their own order. */
export function canonicalOrder(lengths: Float64Array): number[] {
  const order = Array.from(lengths.keys()).filter((i) => lengths[i] < Infinity);
  return order.sort((a, b) => lengths[a] - lengths[b]);
}

/** Whether Σ 2^−l > 1, counted exactly: the nodes that a tree needs, level by level from the deepest. */
export function kraftExcess(lengths: Float64Array): boolean {
  const finite = lengths.filter((length) => length < Infinity);
  const perLevel = new Array<number>(finite.reduce((a, b) => Math.max(a, b), 0) + 1).fill(0);
  for (const length of finite) perLevel[length]++;
  let nodes = 0;
  for (let level = perLevel.length - 1; level > 0; level--) nodes = Math.ceil((nodes + perLevel[level]) / 2);
  return nodes + perLevel[0] > 1;
}

/** Consecutive numbers, with a 0 behind for each bit that a codeword is longer than the one before. */
function codewordsOf(sorted: readonly number[]): string[] {
  let next = 0n;
  return sorted.map((length, i) => {
    if (i > 0) next = (next + 1n) << BigInt(length - sorted[i - 1]);
    return length === 0 ? "" : next.toString(2).padStart(length, "0");
  });
}

const NOTHING = 0;

/** Where a bit leads: n > 0, the place of two further entries; −1 − i, symbol i; or nothing. The root is at 0. */
function treeOf(order: readonly number[], words: readonly string[]): number[] {
  const tree = [NOTHING];
  words.forEach((word, i) => {
    let at = 0;
    for (const bit of word) {
      if (tree[at] === NOTHING) tree[at] = tree.push(NOTHING, NOTHING) - 2;
      at = tree[at] + Number(bit);
    }
    tree[at] = -1 - order[i];
  });
  return tree;
}

function grown(bytes: Uint8Array, bits: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(2 * bytes.length + bits);
  larger.set(bytes);
  return larger;
}
