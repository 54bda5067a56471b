/** Class indices, one a row: checking all of them in one pass, and copying tiles of them in. */
import { copyRun } from "./copy.js";
import { kindOf, type NumberArray } from "./elements.js";
import { rangeError, typeError } from "./errors.js";
import { flatten, nestedDims } from "./nested.js";
import { indexPath, offsetAt, product } from "./shape.js";
import type { Source } from "./source.js";

/** Row r is at `offset + r`. */
export interface IndexView {
  readonly name: string;
  /** Integers by their class, or plain numbers that {@link checkIndices} has yet to check. */
  readonly data: NumberArray | readonly number[] | BigInt64Array | BigUint64Array;
  /** The 32-bit halves of 64-bit integers: reading those makes no BigInt, which is eight times faster (Node 20). */
  readonly halves: Int32Array | undefined;
  readonly unsigned: boolean;
  readonly offset: number;
  readonly rows: number;
  /** The argument's own dimensions; undefined for a flat array. */
  readonly dims: readonly number[] | undefined;
}

/**
 * @throws {TypeError} for floating-point arrays, and for an entry of nested arrays that is no number
 * @throws {RangeError} for ragged arrays
 */
export function indexView(source: Source): IndexView {
  const { name, offset } = source;
  const kind = kindOf(source);
  if (kind === "floats") throw typeError(name, source.expected, source.data);
  const nested = kind === "plain" ? nestedDims(source) : undefined;
  const dims = nested ?? source.dims;
  const rows = dims === undefined ? source.data.length : product(dims);
  let data = source.data as IndexView["data"];
  if (nested !== undefined) data = flatten(name, source.data, nested, "number", new Float64Array(rows));
  if (source.strides !== undefined) {
    return { name, data: gather(source, rows), halves: undefined, unsigned: false, offset: 0, rows, dims };
  }
  let halves: Int32Array | undefined;
  if (kind === "wide") {
    const wide = data as BigInt64Array;
    halves = new Int32Array(wide.buffer, wide.byteOffset, 2 * wide.length);
  }
  return { name, data, halves, unsigned: source.tag === "BigUint64Array", offset, rows, dims };
}

/** Indices that have strides are few and rarely so: a copy, one entry a row, keeps the strides out of every loop. */
function gather(source: Source, rows: number): number[] {
  const dims = source.dims as readonly number[];
  const strides = source.strides as readonly number[];
  const indices = new Array<number>(rows);
  for (let row = 0; row < rows; row++) {
    const entry = source.data[source.offset + offsetAt(row, dims, strides)];
    indices[row] = typeof entry === "bigint" ? Number(entry) : (entry as number);
  }
  return indices;
}

const LOW_HALF = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 0 : 1;

/** A 64-bit integer as a number. Beyond 2⁵³ it is rounded, which does not bring it into the range of classes. */
function wideIndex(halves: Int32Array, unsigned: boolean, at: number): number {
  const high = halves[2 * at + 1 - LOW_HALF];
  return (unsigned ? high >>> 0 : high) * 2 ** 32 + (halves[2 * at + LOW_HALF] >>> 0);
}

function indexAt(view: IndexView, row: number): number {
  const at = view.offset + row;
  return view.halves === undefined ? (view.data[at] as number) : wideIndex(view.halves, view.unsigned, at);
}

/**
 * One pass over all targets.
 *
 * @returns how many are not ignored, and the sum of their class weights (their number without weights)
 * @throws {RangeError} for the first that is neither `ignoreIndex` nor an integer in [0, classes)
 * @throws {TypeError} for an entry that is no number
 */
export function checkIndices(
  view: IndexView,
  classes: number,
  ignoreIndex: number,
  weight?: ArrayLike<number>,
): { count: number; weightSum: number } {
  const { data, halves, unsigned, offset, rows } = view;
  if (weight === undefined && data instanceof Int32Array && halves === undefined) {
    const count = countIndices(data, offset, rows, classes, ignoreIndex);
    if (count >= 0) return { count, weightSum: count };
  }
  let count = 0;
  let weightSum = 0;
  for (let row = 0; row < rows; row++) {
    const y = halves === undefined ? data[offset + row] : wideIndex(halves, unsigned, offset + row);
    if (y === ignoreIndex) continue;
    if (typeof y !== "number" || !(y >= 0 && y < classes) || y !== Math.floor(y)) throw badIndex(view, row, classes);
    count++;
    if (weight !== undefined) weightSum += weight[y];
  }
  return { count, weightSum: weight === undefined ? count : weightSum };
}

/** How many of the indices from `first` on are not ignored; −1 if one of them is neither in [0, classes) nor ignored. */
export function countIndices(
  data: Int32Array,
  first: number,
  rows: number,
  classes: number,
  ignoreIndex: number,
): number {
  const last = classes - 1;
  // Below 0 where one is below 0 or above the last.
  let signs = 0;
  for (let i = 0; i < rows; i++) {
    const y = data[first + i];
    signs |= y | (last - y);
  }
  if (signs >= 0 && !(ignoreIndex >= 0 && ignoreIndex < classes)) return rows;
  let others = 0;
  for (let i = first; i < first + rows; i++) {
    const y = data[i];
    if (y === ignoreIndex) others++;
    else if (y < 0 || y > last) return -1;
  }
  return rows - others;
}

function badIndex(view: IndexView, row: number, classes: number): TypeError | RangeError {
  const index: unknown = view.data[view.offset + row];
  const wrongKind = typeof index !== "number" && view.halves === undefined;
  const error = wrongKind ? typeError : rangeError;
  return error(view.name, `integer in [0, ${classes})`, index, indexPath(row, view.dims));
}

/** Copies checked targets of rows first…first + count to `to` from `at` on, `ignoreIndex` as `ignoredAs`. */
export function copyIndicesIn(
  view: IndexView,
  first: number,
  count: number,
  to: Int32Array,
  at: number,
  ignoreIndex: number,
  ignoredAs: number,
): void {
  if (ignoredAs === ignoreIndex && view.data instanceof Int32Array) {
    copyRun(view.data, view.offset + first, count, to, at);
    return;
  }
  for (let i = 0; i < count; i++) {
    const y = indexAt(view, first + i);
    to[at + i] = y === ignoreIndex ? ignoredAs : y;
  }
}
