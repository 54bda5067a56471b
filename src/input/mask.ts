/** Which classes take part: booleans like the logits. */
import type { Elements, NumberArray, TensorLike } from "./elements.js";
import { typeError } from "./errors.js";
import { flatten, nestedDims } from "./nested.js";
import { copyRowsIn, type RowsView, viewOfElements } from "./rows.js";
import { product } from "./shape.js";
import { type Source, takeApart } from "./source.js";

/** Arrays of arrays of booleans, all of one length at each level. */
export type NestedBooleans = readonly boolean[] | readonly NestedBooleans[];

/**
 * True, or not 0, for the classes that take part. Flat and of the logits' length, or with dimensions of its own, which
 * NumPy's rule may repeat over the logits'.
 */
export type MaskInput = Uint8Array | NestedBooleans | TensorLike;

/** Bytes: 0 for the classes that are left out. */
export type MaskView = RowsView;

const MASKS = "Uint8Array, array of booleans or tensor of either";

/**
 * @throws {TypeError} for another kind of array, and for an entry of a plain one that is no boolean
 * @throws {RangeError} when it cannot be laid over the logits
 */
export function maskView(value: unknown, logits: RowsView): MaskView {
  const source = takeApart("mask", value, MASKS);
  const nested = source.tag === "Array" ? nestedDims(source) : undefined;
  const dims = nested ?? source.dims;
  const data = maskBytes(source, nested);
  const { strides, offset } = source;
  const elements: Elements = { source: value, array: data, data, type: "float64", dims, strides, offset };
  return viewOfElements("mask", elements, logits, dims !== undefined);
}

function maskBytes(source: Source, nested: readonly number[] | undefined): Uint8Array {
  if (source.tag === "Uint8Array") return source.data as Uint8Array;
  if (source.tag !== "Array") throw typeError(source.name, source.expected, source.data);
  const dims = nested ?? [source.data.length];
  return flatten(source.name, source.data, dims, "boolean", new Uint8Array(product(dims)));
}

/**
 * Writes `minusInfinity` over the classes that do not take part of rows first…first + count, which lie at `at` in `to`,
 * row-major.
 */
export function applyMask(
  mask: MaskView,
  first: number,
  count: number,
  to: NumberArray,
  at: number,
  minusInfinity: number,
): void {
  const { bytes, start } = tileOf(mask, first, count);
  const elements = count * mask.classes;
  for (let i = 0; i < elements; i++) if (bytes[start + i] === 0) to[at + i] = minusInfinity;
}

/** Writes `mark` to `to[at + i]` where no class of row first + i takes part. */
export function markEmptyRows(
  mask: MaskView,
  first: number,
  count: number,
  to: Int32Array,
  at: number,
  mark: number,
): void {
  eachEmptyRow(mask, first, count, (row) => {
    to[at + row] = mark;
  });
}

/** Gives a row of which no class takes part a logit of 0 and nothing else; rows first…first + count lie at `at` in `to`. */
export function unmaskOneOfEmptyRows(mask: MaskView, first: number, count: number, to: NumberArray, at: number): void {
  if (mask.classes === 0) return;
  eachEmptyRow(mask, first, count, (row) => {
    to[at + row * mask.classes] = 0;
  });
}

function eachEmptyRow(mask: MaskView, first: number, count: number, found: (row: number) => void): void {
  const { bytes, start } = tileOf(mask, first, count);
  const { classes } = mask;
  for (let row = 0; row < count; row++) {
    const end = start + (row + 1) * classes;
    let i = end - classes;
    while (i < end && bytes[i] === 0) i++;
    if (i === end) found(row);
  }
}

/** The mask of a tile, row-major: in place, or copied together. */
function tileOf(mask: MaskView, first: number, count: number): { bytes: Uint8Array; start: number } {
  if (mask.contiguous) return { bytes: mask.data as Uint8Array, start: mask.offset + first * mask.classes };
  const bytes = new Uint8Array(count * mask.classes);
  copyRowsIn(mask, first, count, bytes, 0);
  return { bytes, start: 0 };
}
