/** Dimensions, strides and axes: plain arithmetic on short arrays of integers. Strides and offsets count elements. */
import { rangeError, typeError } from "./errors.js";

/** Dimensions given by a caller: non-negative integers. */
export function checkDims(name: string, value: unknown): readonly number[] {
  const dims = integers(name, value);
  for (let i = 0; i < dims.length; i++) {
    if (dims[i] < 0) throw rangeError(name, "non-negative integers", dims[i], indexPath(i));
  }
  return dims;
}

/** Strides given by a caller, one a dimension; negative ones walk backwards. */
export function checkStrides(name: string, value: unknown, dims: readonly number[]): readonly number[] {
  const strides = integers(name, value);
  if (strides.length !== dims.length) throw rangeError(name, `one stride for each of dims ${list(dims)}`, strides);
  return strides;
}

function integers(name: string, value: unknown): readonly number[] {
  if (!Array.isArray(value) && !ArrayBuffer.isView(value)) throw typeError(name, "array of integers", value);
  const entries = value as readonly unknown[];
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i];
    if (typeof entry !== "number") throw typeError(name, "integers", entry, indexPath(i));
    if (!Number.isSafeInteger(entry)) throw rangeError(name, "integers", entry, indexPath(i));
  }
  return Array.isArray(value) ? value : Array.from(value as unknown as ArrayLike<number>);
}

export function product(dims: readonly number[]): number {
  let n = 1;
  for (let i = 0; i < dims.length; i++) n *= dims[i];
  return n;
}

export function sameDims(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Whether both strides lead to the same elements: the stride of a dimension of one entry never matters. */
export function sameStrides(dims: readonly number[], a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0; i < dims.length; i++) if (dims[i] > 1 && a[i] !== b[i]) return false;
  return true;
}

export function rowMajorStrides(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length);
  let stride = 1;
  for (let i = dims.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= dims[i];
  }
  return strides;
}

/**
 * Strides that repeat an array of `dims` over `to` by NumPy's rule: aligned at the last dimension, a dimension that is
 * missing or of one entry is repeated. Undefined where the rule does not allow it.
 */
export function broadcastStrides(
  dims: readonly number[],
  strides: readonly number[],
  to: readonly number[],
): number[] | undefined {
  const missing = to.length - dims.length;
  if (missing < 0) return undefined;
  const result = new Array<number>(to.length).fill(0);
  for (let i = 0; i < dims.length; i++) {
    if (dims[i] === to[missing + i]) result[missing + i] = strides[i];
    else if (dims[i] !== 1) return undefined;
  }
  return result;
}

/** The lowest and the highest element that dims and strides reach; undefined when there are no elements. */
export function extent(
  dims: readonly number[],
  strides: readonly number[],
  offset: number,
): { low: number; high: number } | undefined {
  let low = offset;
  let high = offset;
  for (let i = 0; i < dims.length; i++) {
    if (dims[i] === 0) return undefined;
    const span = (dims[i] - 1) * strides[i];
    if (span < 0) low += span;
    else high += span;
  }
  return { low, high };
}

/** The default for each rank, made once. */
const LAST_AXIS: readonly (readonly number[])[] = [[0], [1], [2], [3]];

/**
 * Class axes from the caller's `axis`: one, several (kept in their order), or null for all. Counted from the end when
 * negative; default the last one.
 */
export function resolveAxes(axis: unknown, rank: number): readonly number[] {
  if (axis === undefined && rank > 0 && rank <= LAST_AXIS.length) return LAST_AXIS[rank - 1];
  if (axis === undefined) return [resolveAxis(-1, rank)];
  if (axis === null) return Array.from({ length: rank }, (_, i) => i);
  if (!Array.isArray(axis)) return [resolveAxis(axis, rank)];
  if (axis.length === 0) throw rangeError("axis", "at least one axis", axis);
  const axes: number[] = [];
  for (let i = 0; i < axis.length; i++) {
    const resolved = resolveAxis(axis[i], rank, indexPath(i));
    if (axes.includes(resolved)) throw rangeError("axis", "distinct axes", axis);
    axes.push(resolved);
  }
  return axes;
}

function resolveAxis(axis: unknown, rank: number, where?: string): number {
  if (typeof axis !== "number") throw typeError("axis", "integer, array of integers or null", axis, where);
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    const expected = rank === 0 ? "null, as the array has no dimensions" : `integer in [${-rank}, ${rank})`;
    throw rangeError("axis", expected, axis, where);
  }
  return axis < 0 ? axis + rank : axis;
}

/** Where an index points in an array of several dimensions, from offsets by strides. */
export function offsetAt(index: number, dims: readonly number[], strides: readonly number[]): number {
  let offset = 0;
  let rest = index;
  for (let i = dims.length - 1; i >= 0; i--) {
    const next = Math.floor(rest / dims[i]);
    offset += (rest - next * dims[i]) * strides[i];
    rest = next;
  }
  return offset;
}

/** "at index 17", or "at index [1][2]" in an array of two dimensions. */
export function indexPath(index: number, dims?: readonly number[]): string {
  if (dims === undefined || dims.length < 2) return `at index ${index}`;
  let path = "";
  let rest = index;
  for (let i = dims.length - 1; i >= 0; i--) {
    path = `[${rest % dims[i]}]${path}`;
    rest = Math.floor(rest / dims[i]);
  }
  return `at index ${path}`;
}

/** Dimensions as messages write them: `[2, 3]`. */
export function list(dims: readonly number[]): string {
  return `[${dims.join(", ")}]`;
}
