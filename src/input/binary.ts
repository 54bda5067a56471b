/** The arguments of an element-wise loss: one shape, and no class axis. */
import { type ElementType, floatElements, numberElements } from "./elements.js";
import { flatView, type RowsView, rowsView, viewOfElements } from "./rows.js";
import { product } from "./shape.js";
import { givenDims } from "./targets.js";

/** What the caller says of the shape and the element type of the logits. */
export interface BinaryOptions {
  dims?: readonly number[];
  dtype?: ElementType;
}

/**
 * Logits and targets of one shape: `dims`, else the logits' own, else the targets' own, else one dimension. A row is
 * what lies along the last dimension. Targets may be any numbers: integer arrays and booleans too.
 *
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} when shapes do not go together
 */
export function resolveBinary(
  logits: unknown,
  targets: unknown,
  options: BinaryOptions,
): { logits: RowsView; targets: RowsView } {
  const { dims: given, dtype } = options;
  // What is usual takes an eighth of the time this way.
  if (given === undefined && dtype === undefined && isFlat(logits) && isFlat(targets)) {
    if (logits.length === targets.length && logits.length > 0) {
      return { logits: flatView("logits", logits, undefined), targets: flatView("targets", targets, undefined) };
    }
  }
  const elements = floatElements("logits", logits, dtype);
  const targetElements = numberElements("targets", targets, "number or boolean");
  const { length } = elements.data;
  const own = targetElements.dims;
  const dims = givenDims(elements, given) ?? (own !== undefined && product(own) === length ? own : [length]);
  const view = rowsView("logits", elements, dims, dims.length === 0 ? [] : [dims.length - 1]);
  return { logits: view, targets: viewOfElements("targets", targetElements, view, false) };
}

function isFlat(value: unknown): value is Float32Array | Float64Array {
  return value instanceof Float32Array || value instanceof Float64Array;
}
