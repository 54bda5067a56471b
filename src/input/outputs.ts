/** Arrays that results are written to, the caller's or fresh ones, and that they do not lie over an input. */
import { dataOf, type ElementType, type Float16ArrayLike, type NumberArray } from "./elements.js";
import { rangeError, typeError } from "./errors.js";
import type { IndexView } from "./indices.js";
import { type RowsView, rowMajorLike, rowsView } from "./rows.js";
import { extent, list, rowMajorStrides, sameDims, sameStrides } from "./shape.js";
import { arrayTag } from "./source.js";

/**
 * The caller's array for a result of the shape of the logits: a float typed array of as many elements, row-major, or a
 * Uint16Array of their type where the logits are 16-bit. The logits themselves keep their strides: in place.
 *
 * @throws {TypeError} for anything else
 * @throws {RangeError} for another length, and in place where several logits share an element
 */
export function outputView(name: string, value: unknown, like: RowsView): RowsView {
  if (value === like.array || (value === like.source && (value as { data?: unknown }).data === like.array)) {
    if (like.strides !== undefined && repeatsElements(like.dims, like.strides)) {
      throw rangeError(name, "elements of its own for each logit", like.strides, "as strides");
    }
    return rowsView(name, like, like.dims, like.classAxes);
  }
  const type = outputType(name, value, like.type);
  const array = value as NumberArray | Float16ArrayLike;
  const total = like.rows * like.classes;
  if (array.length !== total) throw rangeError(name, `${total} elements for dims ${list(like.dims)}`, array.length);
  return rowMajorLike(like, name, value, array, dataOf(array), type);
}

function outputType(name: string, value: unknown, logitsType: ElementType): ElementType {
  const narrow = logitsType === "float16" || logitsType === "bfloat16";
  switch (arrayTag(value)) {
    case "Float32Array":
      return "float32";
    case "Float64Array":
      return "float64";
    case "Float16Array":
      return "float16";
    case "Uint16Array":
      if (narrow) return logitsType;
  }
  const classes = `Float32Array, Float64Array, Float16Array${narrow ? ", Uint16Array" : ""}`;
  throw typeError(name, `${classes} or the logits' own typed array`, value);
}

/** Whether two indices may lead to one element: each stride has to pass all that the smaller ones reach. */
function repeatsElements(dims: readonly number[], strides: readonly number[]): boolean {
  const axes = dims.map((_, axis) => axis).filter((axis) => dims[axis] > 1);
  axes.sort((a, b) => Math.abs(strides[a]) - Math.abs(strides[b]));
  let reached = 0;
  for (const axis of axes) {
    const stride = Math.abs(strides[axis]);
    if (stride <= reached) return true;
    reached += (dims[axis] - 1) * stride;
  }
  return false;
}

/**
 * A fresh array for a result of the shape of the logits, row-major, zeros: of their element type, float64 for plain
 * arrays, a Uint16Array for raw 16-bit data.
 */
export function newLike(like: RowsView): RowsView {
  const array = newArray(like, like.rows * like.classes);
  return rowMajorLike(like, "grad", undefined, array, dataOf(array), like.type);
}

function newArray(like: RowsView, length: number): NumberArray | Float16ArrayLike {
  if (like.type === "float32") return new Float32Array(length);
  if (like.type === "float64") return new Float64Array(length);
  if (like.array === like.data) return new Uint16Array(length);
  const Float16Array = like.array.constructor as new (length: number) => Float16ArrayLike;
  return new Float16Array(length);
}

/**
 * The caller's array for one result a row.
 *
 * @throws {TypeError} for anything but a Float32Array or Float64Array
 * @throws {RangeError} for another length
 */
export function rowsOutput(name: string, value: unknown, rows: number): Float32Array | Float64Array {
  const tag = arrayTag(value);
  if (tag !== "Float32Array" && tag !== "Float64Array") throw typeError(name, "Float32Array or Float64Array", value);
  const array = value as Float32Array | Float64Array;
  if (array.length !== rows) throw rangeError(name, `${rows} elements, one a row`, array.length);
  return array;
}

/**
 * @param inputs what is read while the output is written: views, arrays, and anything else, by name where they have none
 * @param inPlaceAllowedWith the input that the output may be: the same elements in the same order
 * @throws {RangeError} when the output lies over the bytes of an input, whole or in part
 */
export function checkOverlap(
  output: RowsView | Float32Array | Float64Array,
  inputs: Readonly<Record<string, unknown>>,
  inPlaceAllowedWith?: RowsView,
): void {
  const to = memoryOf(output);
  let place = 0;
  for (const input in inputs) {
    const region = inputs[input];
    const from = memoryOf(region);
    if (to === undefined || from === undefined || areApart(to, from, place++)) continue;
    if (inPlaceAllowedWith !== undefined && region === inPlaceAllowedWith && isSame(output, inPlaceAllowedWith))
      continue;
    const written = bytesOf(output);
    const read = bytesOf(region as Region);
    if (Math.max(read.start, written.start) < Math.min(read.end, written.end)) {
      const name = "name" in output ? output.name : "out";
      const other = (region as Partial<RowsView>).name ?? input;
      throw rangeError(name, `memory apart from that of "${other}"`, "data" in output ? output.array : output);
    }
  }
}

/** Arrays of at most this many bytes are remembered. */
export const SMALL = 4096;
/** Outputs and inputs that were apart the last time, by the place of the input. */
const apart: ArrayBufferView[] = [];

/**
 * Whether two arrays have a buffer each. That never changes, and asking an array for its buffer takes V8 as long as a
 * logarithm, so what is usual, the same small arrays call after call, is remembered.
 */
export function areApart(a: ArrayBufferView, b: ArrayBufferView, place: number): boolean {
  if (place < apart.length / 2 && apart[2 * place] === a && apart[2 * place + 1] === b) return true;
  if (a.buffer === b.buffer) return false;
  if (place <= apart.length / 2 && a.byteLength <= SMALL && b.byteLength <= SMALL) {
    apart[2 * place] = a;
    apart[2 * place + 1] = b;
  }
  return true;
}

type Region = RowsView | IndexView | ArrayBufferView;

/** The typed array that a view is of; undefined for plain arrays and numbers. */
function memoryOf(region: unknown): ArrayBufferView | undefined {
  if (typeof region !== "object") return undefined;
  if (ArrayBuffer.isView(region)) return region;
  const data = (region as Partial<RowsView> | null | undefined)?.data;
  return ArrayBuffer.isView(data) ? data : undefined;
}

/** From the first byte to the one behind the last. */
function bytesOf(region: Region): { start: number; end: number } {
  if (ArrayBuffer.isView(region)) return { start: region.byteOffset, end: region.byteOffset + region.byteLength };
  const { byteOffset, BYTES_PER_ELEMENT } = region.data as NumberArray;
  const { low, high } = reachOf(region);
  return { start: byteOffset + low * BYTES_PER_ELEMENT, end: byteOffset + (high + 1) * BYTES_PER_ELEMENT };
}

function reachOf(view: RowsView | IndexView): { low: number; high: number } {
  const { offset, rows } = view;
  if (!("classes" in view)) return { low: offset, high: offset + rows - 1 };
  const reached = view.strides === undefined ? undefined : extent(view.dims, view.strides, offset);
  return reached ?? { low: offset, high: offset + rows * view.classes - 1 };
}

function isSame(output: RowsView | Float32Array | Float64Array, input: RowsView): boolean {
  return (
    "classes" in output &&
    output.data.buffer === input.data.buffer &&
    firstByte(output) === firstByte(input) &&
    output.type === input.type &&
    sameDims(output.dims, input.dims) &&
    (output.strides === input.strides || sameStrides(output.dims, stridesOf(output), stridesOf(input)))
  );
}

function firstByte(view: RowsView): number {
  return view.data.byteOffset + view.offset * view.data.BYTES_PER_ELEMENT;
}

function stridesOf(view: RowsView): readonly number[] {
  return view.strides ?? rowMajorStrides(view.dims);
}
