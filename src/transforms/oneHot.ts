import type { IndexInput } from "../input/elements.js";
import { rangeError, typeError } from "../input/errors.js";
import { checkIndices, copyIndicesIn, indexView } from "../input/indices.js";
import { finiteNumber, integer, knownOptions, oneOf } from "../input/options.js";
import { product, resolveAxes } from "../input/shape.js";
import { takeApart } from "../input/source.js";

export interface OneHotOptions {
  /** Where the class axis goes among the axes of the indices; default −1, the last. */
  axis?: number;
  /** Element type of a new result; default float32. */
  dtype?: "float32" | "float64";
  /** Where the result goes: exactly indices × classes elements. */
  out?: Float32Array | Float64Array;
  /** ε in [0, 1]: (1 − ε)·one-hot + ε/C; default 0. */
  labelSmoothing?: number;
  /** Indices whose entries are all 0; default −100. */
  ignoreIndex?: number;
}

const OPTIONS = ["axis", "dtype", "out", "labelSmoothing", "ignoreIndex"];

/**
 * Class indices as probabilities: 1 at the index, 0 elsewhere; with label smoothing what the losses take as target then.
 *
 * @param indices integers in [0, classes) or `ignoreIndex`, of any shape
 * @returns indices × classes, row-major, the class axis at `axis`
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for an index out of range, or an `out` of another length; nothing has been written then
 */
export function oneHot(indices: IndexInput, classes: number, options: OneHotOptions = {}): Float32Array | Float64Array {
  knownOptions(options, OPTIONS);
  const view = indexView(takeApart("indices", indices, "class indices (typed array, array of numbers or tensor)"));
  const count = integer("classes", classes, undefined, { min: 1 });
  const epsilon = finiteNumber("labelSmoothing", options.labelSmoothing, 0, { min: 0, max: 1 });
  const ignoreIndex = integer("ignoreIndex", options.ignoreIndex, -100);
  const dtype = oneOf("dtype", options.dtype, ["float32", "float64"], "float32");
  checkIndices(view, count, ignoreIndex);
  const rowDims = view.dims ?? [view.rows];
  const [axis] = resolveAxes(options.axis, rowDims.length + 1);
  const inner = product(rowDims.slice(axis));

  const length = view.rows * count;
  const out = options.out ?? new (dtype === "float64" ? Float64Array : Float32Array)(length);
  if (!(out instanceof Float32Array || out instanceof Float64Array)) {
    throw typeError("out", "Float32Array or Float64Array", out);
  }
  if (out.length !== length) throw rangeError("out", `${length} elements`, out.length);

  const off = epsilon / count;
  const on = 1 - epsilon + off;
  const targets = new Int32Array(view.rows);
  copyIndicesIn(view, 0, view.rows, targets, 0, ignoreIndex, -1);
  out.fill(off);
  for (let r = 0; r < view.rows; r++) {
    const at = (r - (r % inner)) * count + (r % inner);
    if (targets[r] >= 0) out[at + targets[r] * inner] = on;
    else for (let c = 0; c < count; c++) out[at + c * inner] = 0;
  }
  return out;
}
