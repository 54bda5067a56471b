/** Arrays that results are written to, the caller's or fresh ones, and that they do not lie over an input. */
import { dataOf, type ElementType, type Float16ArrayLike, type NumberArray } from "./elements.js";
import { rangeError, typeError } from "./errors.js";
import type { IndexView } from "./indices.js";
import { type RowsView, rowsView } from "./rows.js";
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
    return { ...like, name };
  }
  const type = outputType(name, value, like.type);
  const array = value as NumberArray | Float16ArrayLike;
  const total = like.rows * like.classes;
  if (array.length !== total) throw rangeError(name, `${total} elements for dims ${list(like.dims)}`, array.length);
  return rowMajorView(name, array, type, like);
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
  throw typeError(name, `${classes} or the logits' own array`, value);
}

function rowMajorView(
  name: string,
  array: NumberArray | Float16ArrayLike,
  type: ElementType,
  like: RowsView,
): RowsView {
  const elements = { source: array, array, data: dataOf(array), type, dims: like.dims, strides: undefined, offset: 0 };
  return rowsView(name, elements, like.dims, like.classAxes);
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
  const total = like.rows * like.classes;
  return rowMajorView("grad", newArray(like, total), like.type, like);
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

/** Something that is read while results are written: a view, or with a name any other value. */
export type Input = RowsView | IndexView | { readonly name: string; readonly view: unknown };

/**
 * @param inPlaceAllowedWith the input that the output may be: the same elements in the same order
 * @throws {RangeError} when the output lies over the bytes of an input, whole or in part
 */
export function checkOverlap(
  output: RowsView | Float32Array | Float64Array,
  inputs: readonly Input[],
  inPlaceAllowedWith?: RowsView,
): void {
  const written = bytesOf(output);
  if (written === undefined) return;
  for (const input of inputs) {
    if (input === inPlaceAllowedWith && isSame(output, inPlaceAllowedWith)) continue;
    const read = bytesOf("view" in input ? input.view : input);
    if (read === undefined || read.buffer !== written.buffer) continue;
    if (read.start < written.end && written.start < read.end) {
      const name = "name" in output ? output.name : "out";
      throw rangeError(name, `memory apart from that of "${input.name}"`, "data" in output ? output.array : output);
    }
  }
}

interface Bytes {
  readonly buffer: ArrayBufferLike;
  readonly start: number;
  readonly end: number;
}

/** The bytes that a view or a typed array lies in; undefined for none, and for plain arrays and numbers. */
function bytesOf(region: unknown): Bytes | undefined {
  if (typeof region !== "object" || region === null) return undefined;
  if (ArrayBuffer.isView(region)) {
    return { buffer: region.buffer, start: region.byteOffset, end: region.byteOffset + region.byteLength };
  }
  const view = region as RowsView | IndexView;
  const { data, offset } = view;
  if (!ArrayBuffer.isView(data)) return undefined;
  const reached = "classes" in view ? reachOf(view) : { low: offset, high: offset + view.rows - 1 };
  if (reached === undefined) return undefined;
  const start = data.byteOffset + reached.low * data.BYTES_PER_ELEMENT;
  return { buffer: data.buffer, start, end: data.byteOffset + (reached.high + 1) * data.BYTES_PER_ELEMENT };
}

function reachOf(view: RowsView): { low: number; high: number } | undefined {
  return extent(view.dims, view.strides ?? rowMajorStrides(view.dims), view.offset);
}

function isSame(output: RowsView | Float32Array | Float64Array, input: RowsView): boolean {
  return (
    "classes" in output &&
    output.type === input.type &&
    output.data.buffer === input.data.buffer &&
    firstByte(output) === firstByte(input) &&
    sameDims(output.dims, input.dims) &&
    sameStrides(
      output.dims,
      output.strides ?? rowMajorStrides(output.dims),
      input.strides ?? rowMajorStrides(input.dims),
    )
  );
}

function firstByte(view: RowsView): number {
  return view.data.byteOffset + view.offset * view.data.BYTES_PER_ELEMENT;
}
