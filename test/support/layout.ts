/** Where the elements of each row stand in a row-major array whose class axis may be anywhere. */
export interface Layout {
  rows: number;
  classes: number;
  /** Flat index of class j of row r. */
  at(r: number, j: number): number;
}

/** One class axis, several that are flattened in their order, or all of them (null). Negative ones count from the end. */
export type Axis = number | readonly number[] | null;

/** Flat offsets of every combination of indices along `axes`, the last axis running fastest. */
function offsets(dims: readonly number[], axes: readonly number[]): number[] {
  let result = [0];
  for (const axis of axes) {
    const stride = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
    result = result.flatMap((start) => Array.from({ length: dims[axis] }, (_, i) => start + i * stride));
  }
  return result;
}

export function layout(dims: readonly number[], axis: Axis = -1): Layout {
  const all = dims.map((_, i) => i);
  const wanted = axis === null ? all : typeof axis === "number" ? [axis] : axis;
  const classAxes = wanted.map((a) => (a < 0 ? a + dims.length : a));
  const rowAxes = all.filter((a) => !classAxes.includes(a));
  const rowAt = offsets(dims, rowAxes);
  const classAt = offsets(dims, classAxes);
  return { rows: rowAt.length, classes: classAt.length, at: (r, j) => rowAt[r] + classAt[j] };
}

/** The dimensions that are left when the class axes are taken out. */
export function rowDims(dims: readonly number[], axis: Axis = -1): number[] {
  if (axis === null) return [];
  const axes = (typeof axis === "number" ? [axis] : axis).map((a) => (a < 0 ? a + dims.length : a));
  return dims.filter((_, i) => !axes.includes(i));
}

export interface Tensor {
  data: Float32Array | Float64Array;
  dims: readonly number[];
}

/**
 * Element of `tensor` that stands at flat index i of an array of shape `dims`, aligned at the last dimension;
 * a dimension of 1 is repeated, missing ones are 1.
 */
export function broadcastAt(tensor: Tensor, dims: readonly number[], i: number): number {
  let rest = i;
  let at = 0;
  let stride = 1;
  for (let k = 1; k <= dims.length; k++) {
    const n = dims[dims.length - k];
    const index = rest % n;
    rest = (rest - index) / n;
    const own = tensor.dims[tensor.dims.length - k] ?? 1;
    if (own > 1) at += index * stride;
    stride *= own;
  }
  return tensor.data[at];
}
