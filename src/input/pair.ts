/** The arguments of element-wise functions: one shape, and no class axis. */
import { type ElementType, floatElements, numberElements } from "./elements.js";
import { rangeError } from "./errors.js";
import { copyRowsIn, flatView, type RowsView, rowsView, viewOfElements } from "./rows.js";
import { indexPath, offsetAt, product } from "./shape.js";
import { givenDims } from "./targets.js";

/** What the caller says of the shape and the element type of the first argument. */
export interface PairOptions {
  dims?: readonly number[];
  dtype?: ElementType;
}

/**
 * Logits, or whatever `name` is, and targets of one shape: `dims`, else the logits' own, else the targets' own, else one dimension. A row is
 * what lies along the last dimension. Targets may be any numbers: integer arrays and booleans too.
 *
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} when shapes do not go together
 */
export function resolvePair(
  input: unknown,
  targets: unknown,
  options: PairOptions,
  name = "logits",
): { x: RowsView; targets: RowsView } {
  const { dims: given, dtype } = options;
  // What is usual takes an eighth of the time this way.
  if (given === undefined && dtype === undefined && isFlat(input) && isFlat(targets)) {
    if (input.length === targets.length && input.length > 0) {
      return { x: flatView(name, input, undefined), targets: flatView("targets", targets, undefined) };
    }
  }
  const elements = floatElements(name, input, dtype);
  const targetElements = numberElements("targets", targets, "number or boolean");
  const { length } = elements.data;
  const own = targetElements.dims;
  const dims = givenDims(name, elements, given) ?? (own !== undefined && product(own) === length ? own : [length]);
  const view = rowsView(name, elements, dims, dims.length === 0 ? [] : [dims.length - 1]);
  return { x: view, targets: viewOfElements("targets", targetElements, view, false) };
}

function isFlat(value: unknown): value is Float32Array | Float64Array {
  return value instanceof Float32Array || value instanceof Float64Array;
}

/** One argument alone. */
export function resolveElements(name: string, input: unknown, { dims: given, dtype }: PairOptions): RowsView {
  const elements = floatElements(name, input, dtype);
  const dims = givenDims(name, elements, given) ?? [elements.data.length];
  return rowsView(name, elements, dims, dims.length === 0 ? [] : [dims.length - 1]);
}

/** How the caller finds element i, in row-major order, of what may be repeated. */
function placeOf({ source, dims, strides, offset }: RowsView, i: number): string {
  if (!ArrayBuffer.isView(source)) return indexPath(i, dims.length > 1 ? dims : undefined);
  return indexPath(strides === undefined ? i : offsetAt(i, dims, strides) - offset, undefined);
}

/** Where the first of `count` values is that lies outside of [low, high], or the end. Four at a time: half the time. */
function firstOutside(values: ArrayLike<number>, from: number, count: number, low: number, high: number): number {
  const end = from + count;
  let i = low === 0 ? firstByBits(values, from, count, high) : from;
  for (; i + 4 <= end; i += 4) {
    const a = values[i];
    const b = values[i + 1];
    const c = values[i + 2];
    const d = values[i + 3];
    if (a < low || a > high || b < low || b > high || c < low || c > high || d < low || d > high) break;
  }
  while (i < end && !(values[i] < low || values[i] > high)) i++;
  return i;
}

/**
 * Where, but for a few elements, the first of many float32 is whose bits are below those of 0 or above those of `high`,
 * or the end: integers take half the time. −0 and NaN among them have yet to be told from what is outside.
 */
function firstByBits(values: ArrayLike<number>, from: number, count: number, high: number): number {
  if (!(values instanceof Float32Array) || count < 256) return from;
  const bits = new Int32Array(values.buffer, values.byteOffset + 4 * from, count);
  const [most] = new Int32Array(Float32Array.of(high).buffer);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const a = bits[i];
    const b = bits[i + 1];
    const c = bits[i + 2];
    const d = bits[i + 3];
    if ((a | b | c | d) < 0 || a > most || b > most || c > most || d > most) break;
  }
  return from + i;
}

/** Elements that are looked at together where they cannot be where they lie. */
const CHECKED = 4096;

/**
 * @throws {RangeError} for the first element outside of [low, high]; NaN passes, and makes what follows NaN
 */
export function checkRange(view: RowsView, low: number, high: number): void {
  const { rows, classes } = view;
  const expected = high === Infinity ? `numbers >= ${low}` : `numbers in [${low}, ${high}]`;
  const check = (values: ArrayLike<number>, from: number, count: number, first: number) => {
    const at = firstOutside(values, from, count, low, high);
    if (at < from + count) throw rangeError(view.name, expected, values[at], placeOf(view, first + at - from));
  };
  if (view.contiguous && (view.type === "float32" || view.type === "float64")) {
    check(view.data, view.offset, rows * classes, 0);
    return;
  }
  const some = Math.max(1, Math.min(rows, Math.floor(CHECKED / Math.max(1, classes))));
  const copy = new Float64Array(some * classes);
  for (let row = 0; row < rows; row += some) {
    const count = Math.min(some, rows - row);
    copyRowsIn(view, row, count, copy, 0);
    check(copy, 0, count * classes, row * classes);
  }
}
