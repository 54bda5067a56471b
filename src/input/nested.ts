/** Plain arrays, flat or nested, checked entry by entry. */
import { rangeError, typeError } from "./errors.js";
import { indexPath } from "./shape.js";
import type { Source } from "./source.js";

/** Which entries a plain array may have; also the words for it in messages. */
export type Entries = "number" | "boolean" | "number or boolean";

/** Deeper than any tensor, and shallow enough to end in an array that holds itself. */
const DEEPEST = 32;

/** The dimensions that the first entries of each level suggest; undefined for a flat array and for a tensor's data. */
export function nestedDims(source: Source): readonly number[] | undefined {
  let first = source.data[0];
  if (source.dims !== undefined || !Array.isArray(first)) return undefined;
  const dims = [source.data.length];
  while (Array.isArray(first)) {
    if (dims.length === DEEPEST) throw rangeError(source.name, `arrays nested at most ${DEEPEST} deep`, "deeper ones");
    dims.push(first.length);
    first = first[0];
  }
  return dims;
}

/**
 * Writes the entries of nested arrays of these dimensions to `to`, booleans as 0 and 1.
 *
 * @throws {RangeError} when the arrays are ragged
 * @throws {TypeError} for an entry of another kind, holes included
 */
export function flatten<T extends Float32Array | Float64Array | Uint8Array>(
  name: string,
  value: ArrayLike<unknown>,
  dims: readonly number[],
  entries: Entries,
  to: T,
): T {
  flattenLevel(name, value, dims, 0, entries, to, 0);
  return to;
}

/** @param index which array of this level it is, counted over the whole */
function flattenLevel(
  name: string,
  value: ArrayLike<unknown>,
  dims: readonly number[],
  level: number,
  entries: Entries,
  to: Float32Array | Float64Array | Uint8Array,
  index: number,
): void {
  const start = index * value.length;
  if (level === dims.length - 1) {
    for (let i = 0; i < value.length; i++) {
      const entry = value[i];
      if (typeof entry === "number" ? entries === "boolean" : typeof entry !== "boolean" || entries === "number") {
        throw typeError(name, entries, entry, indexPath(start + i, dims));
      }
      to[start + i] = entry as number;
    }
    return;
  }
  const length = dims[level + 1];
  for (let i = 0; i < value.length; i++) {
    const inner = value[i];
    if (!Array.isArray(inner) || inner.length !== length) {
      const where = indexPath(start + i, dims.slice(0, level + 1));
      if (!Array.isArray(inner)) throw typeError(name, `array of ${length} entries`, inner, where);
      throw rangeError(name, `array of ${length} entries`, inner, where);
    }
    flattenLevel(name, inner, dims, level + 1, entries, to, start + i);
  }
}
