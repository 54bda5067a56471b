/** A float array seen as rows × classes, wherever the class axes lie, and copying tiles of its rows in and out. */
import { copyBlock, copyRun, widenRun } from "./copy.js";
import {
  type Elements,
  type ElementType,
  type Float16ArrayLike,
  floatElements,
  type NumberArray,
  numberElements,
} from "./elements.js";
import { rangeError } from "./errors.js";
import { broadcastStrides, list, offsetAt, product, rowMajorStrides, sameDims } from "./shape.js";

export interface RowsView {
  /** The argument's name, for messages. */
  readonly name: string;
  /** The argument as the caller passed it. */
  readonly source: unknown;
  /** The array that holds the elements, as the caller knows it. */
  readonly array: NumberArray | Float16ArrayLike;
  /** `array`, or the bit patterns of a Float16Array. */
  readonly data: NumberArray;
  /** How `data` reads: the 16-bit types are bit patterns, everything else plain numbers. */
  readonly type: ElementType;
  readonly dims: readonly number[];
  /** In elements, one a dimension, 0 where the array is repeated; undefined when row-major. */
  readonly strides: readonly number[] | undefined;
  readonly offset: number;
  readonly classAxes: readonly number[];
  /** The dimensions without the class axes. */
  readonly rowDims: readonly number[];
  readonly rows: number;
  readonly classes: number;
  /** Whether row r starts at `offset + r·classes`, its classes adjacent. */
  readonly contiguous: boolean;
  /** How to walk through the elements; undefined when contiguous. */
  readonly walk: Walk | undefined;
}

/** Rows, and classes in the order of the class axes. */
interface Walk {
  readonly rows: Steps;
  readonly classes: Steps;
}

/** Some axes, those that continue one another merged and those of one entry left out. */
interface Steps {
  readonly dims: readonly number[];
  readonly strides: readonly number[];
}

/** @param dims with `elements.strides` where it has them; as many elements as there are otherwise */
export function rowsView(
  name: string,
  elements: Elements,
  dims: readonly number[],
  classAxes: readonly number[],
): RowsView {
  const { source, array, data, type, strides, offset } = elements;
  const last = dims.length - 1;
  let rowDims: readonly number[];
  let rows: number;
  let classes: number;
  let walk: Walk | undefined;
  if (strides === undefined && classAxes.length === 1 && classAxes[0] === last) {
    rowDims = last === 1 ? [dims[0]] : dims.slice(0, last);
    rows = product(rowDims);
    classes = dims[last];
  } else {
    const rowAxes = axesWithout(dims.length, classAxes);
    rowDims = rowAxes.map((axis) => dims[axis]);
    rows = product(rowDims);
    classes = product(classAxes.map((axis) => dims[axis]));
    walk = walkOf(dims, strides ?? rowMajorStrides(dims), rowAxes, classAxes);
    if (rows * classes === 0 || (isRun(walk.classes, 1) && isRun(walk.rows, classes))) walk = undefined;
  }
  const contiguous = walk === undefined;
  return {
    name,
    source,
    array,
    data,
    type,
    dims,
    strides,
    offset,
    classAxes,
    rowDims,
    rows,
    classes,
    contiguous,
    walk,
  };
}

/** A row-major array of the shape of the logits. */
export function rowMajorLike(
  like: RowsView,
  name: string,
  source: unknown,
  array: NumberArray | Float16ArrayLike,
  data: NumberArray,
  type: ElementType,
): RowsView {
  const { dims, classAxes, rowDims, rows, classes } = like;
  if (like.strides !== undefined) {
    return rowsView(name, { source, array, data, type, dims, strides: undefined, offset: 0 }, dims, classAxes);
  }
  const { contiguous, walk } = like;
  return {
    name,
    source,
    array,
    data,
    type,
    dims,
    strides: undefined,
    offset: 0,
    classAxes,
    rowDims,
    rows,
    classes,
    contiguous,
    walk,
  };
}

const FLAT_AXES = [1] as const;
const ONLY_AXIS = [0] as const;
const ONE_ROW: readonly number[] = [];

/** A flat array as it is: `rows` rows, or without the axis of rows one. */
export function flatView(name: string, array: Float32Array | Float64Array, rows: number | undefined): RowsView {
  const classes = rows === undefined ? array.length : array.length / rows;
  return {
    name,
    source: array,
    array,
    data: array,
    type: array instanceof Float32Array ? "float32" : "float64",
    dims: rows === undefined ? [classes] : [rows, classes],
    strides: undefined,
    offset: 0,
    classAxes: rows === undefined ? ONLY_AXIS : FLAT_AXES,
    rowDims: rows === undefined ? ONE_ROW : [rows],
    rows: rows ?? 1,
    classes,
    contiguous: true,
    walk: undefined,
  };
}

function axesWithout(rank: number, classAxes: readonly number[]): number[] {
  const axes: number[] = [];
  for (let axis = 0; axis < rank; axis++) if (!classAxes.includes(axis)) axes.push(axis);
  return axes;
}

function walkOf(
  dims: readonly number[],
  strides: readonly number[],
  rowAxes: readonly number[],
  classAxes: readonly number[],
): Walk {
  return { rows: stepsOf(dims, strides, rowAxes), classes: stepsOf(dims, strides, classAxes) };
}

function stepsOf(dims: readonly number[], strides: readonly number[], axes: readonly number[]): Steps {
  const merged: { dims: number[]; strides: number[] } = { dims: [], strides: [] };
  for (const axis of axes) {
    const end = merged.dims.length - 1;
    if (dims[axis] === 1) continue;
    if (end >= 0 && merged.strides[end] === dims[axis] * strides[axis]) {
      merged.dims[end] *= dims[axis];
      merged.strides[end] = strides[axis];
    } else {
      merged.dims.push(dims[axis]);
      merged.strides.push(strides[axis]);
    }
  }
  return merged;
}

function isRun(steps: Steps, stride: number): boolean {
  return steps.dims.length === 0 || (steps.dims.length === 1 && steps.strides[0] === stride);
}

/**
 * Copies rows first…first + count to `to` from element `at` on: row-major count × classes, no padding. Elements of the
 * 16-bit types go to a Uint16Array bit for bit and are widened for any other class; the rest converts by assignment.
 */
export function copyRowsIn(view: RowsView, first: number, count: number, to: NumberArray, at: number): void {
  const bits = view.type === "float16" || view.type === "bfloat16";
  if (bits && !(to instanceof Uint16Array)) {
    widenRowsIn(view, view.type as "float16" | "bfloat16", first, count, to, at);
  } else if (view.contiguous) {
    copyRun(view.data, view.offset + first * view.classes, count * view.classes, to, at);
  } else {
    copyTile(view, first, count, to, at, true);
  }
}

function widenRowsIn(
  view: RowsView,
  type: "float16" | "bfloat16",
  first: number,
  count: number,
  to: NumberArray,
  at: number,
): void {
  const elements = count * view.classes;
  if (view.contiguous) {
    widenRun(view.data as Uint16Array, view.offset + first * view.classes, elements, type, to, at);
  } else {
    const tile = new Uint16Array(elements);
    copyTile(view, first, count, tile, 0, true);
    widenRun(tile, 0, elements, type, to, at);
  }
}

/** The way back. A Uint16Array `from` holds bit patterns of the view's own 16-bit type. */
export function copyRowsOut(from: NumberArray, at: number, view: RowsView, first: number, count: number): void {
  if (view.contiguous) copyRun(from, at, count * view.classes, view.data, view.offset + first * view.classes);
  else copyTile(view, first, count, from, at, false);
}

/** Walks the tile in blocks within which rows and classes each have one stride. */
function copyTile(view: RowsView, first: number, count: number, tile: NumberArray, at: number, inward: boolean): void {
  const { data, classes } = view;
  const walk = view.walk as Walk;
  const [rowRun, rowStride] = lastStep(walk.rows);
  const [classRun, classStride] = lastStep(walk.classes);
  const end = first + count;
  for (let row = first; row < end; ) {
    const rows = Math.min(rowRun - (row % rowRun), end - row);
    const rowOffset = view.offset + offsetAt(row, walk.rows.dims, walk.rows.strides);
    for (let c = 0; c < classes; c += classRun) {
      const there = rowOffset + offsetAt(c, walk.classes.dims, walk.classes.strides);
      const here = at + (row - first) * classes + c;
      if (inward) copyBlock(data, there, rowStride, classStride, tile, here, classes, 1, rows, classRun);
      else copyBlock(tile, here, classes, 1, data, there, rowStride, classStride, rows, classRun);
    }
    row += rows;
  }
}

/** Length and stride of the innermost step. */
function lastStep(steps: Steps): [length: number, stride: number] {
  const last = steps.dims.length - 1;
  return last < 0 ? [1, 0] : [steps.dims[last], steps.strides[last]];
}

export interface LikeOptions {
  /** Element type of raw 16-bit data. */
  dtype?: ElementType;
  /** Also a number, one entry for each of the last dimension, or dims that NumPy's rule repeats over the logits'. */
  broadcast?: boolean;
  /** Also integer arrays and booleans. */
  integers?: boolean;
  /** What a message says was expected. */
  expected?: string;
}

/**
 * An argument of the shape of the logits, with strides of its own. Flat arrays go by their length.
 *
 * @throws {RangeError} when it does not have that shape
 */
export function viewLike(name: string, value: unknown, logits: RowsView, options: LikeOptions = {}): RowsView {
  if (options.broadcast === true && typeof value === "number") return repeated(name, value, logits);
  const elements =
    options.integers === true
      ? numberElements(name, value, "number or boolean", options.expected)
      : floatElements(name, value, options.dtype, options.expected);
  return viewOfElements(name, elements, logits, options.broadcast === true);
}

function repeated(name: string, value: number, logits: RowsView): RowsView {
  const data = Float64Array.of(value);
  const strides = logits.dims.map(() => 0);
  const elements = { source: value, array: data, data, type: "float64", dims: [], strides, offset: 0 } as const;
  return rowsView(name, elements, logits.dims, logits.classAxes);
}

/** The same for elements that are resolved already. */
export function viewOfElements(name: string, elements: Elements, logits: RowsView, broadcast: boolean): RowsView {
  const { dims, classAxes } = logits;
  if (elements.dims === undefined) {
    const length = elements.data.length;
    const total = logits.rows * logits.classes;
    const columns = dims.length === 0 ? 1 : dims[dims.length - 1];
    if (length === total) return rowsView(name, elements, dims, classAxes);
    if (broadcast && length === columns) {
      return rowsView(name, repeat(name, elements, [columns], dims), dims, classAxes);
    }
    const expected = broadcast && columns !== total ? `${columns} or ${total}` : `${total}`;
    throw rangeError(name, `${expected} elements for dims ${list(dims)}`, length);
  }
  if (sameDims(elements.dims, dims)) return rowsView(name, elements, dims, classAxes);
  if (!broadcast) throw rangeError(name, `dims ${list(dims)}`, elements.dims);
  return rowsView(name, repeat(name, elements, elements.dims, dims), dims, classAxes);
}

/** Elements of `dims`, repeated over `to`. */
export function repeat(name: string, elements: Elements, dims: readonly number[], to: readonly number[]): Elements {
  const strides = broadcastStrides(dims, elements.strides ?? rowMajorStrides(dims), to);
  if (strides === undefined) throw rangeError(name, `dims that broadcast to ${list(to)}`, dims);
  return { ...elements, dims: to, strides };
}
