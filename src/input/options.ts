/** Checks of options: numbers, names, factors, and the names of the options themselves. */
import { numberElements } from "./elements.js";
import { rangeError, typeError } from "./errors.js";
import { copyRowsIn, repeat, rowsView } from "./rows.js";
import { indexPath, product, sameDims } from "./shape.js";

/** Inclusive, but for `above`. */
export interface Bounds {
  min?: number;
  max?: number;
  above?: number;
}

/** What a factor may be, for messages. */
export const NUMBER_OR_NUMBERS = "number, typed array, array of numbers or tensor";

export const POSITIVE: Bounds = { above: 0 };
export const NOT_NEGATIVE: Bounds = { min: 0 };
export const FRACTION: Bounds = { min: 0, max: 1 };

/** A finite number within bounds; `fallback` for undefined. */
export function finiteNumber(name: string, value: unknown, fallback: number, bounds?: Bounds): number {
  if (value === undefined) return fallback;
  if (typeof value !== "number") throw typeError(name, "number", value);
  if (!Number.isFinite(value) || !isWithin(value, bounds)) {
    throw rangeError(name, describe("finite number", bounds), value);
  }
  return value;
}

export function boolean(name: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value !== "boolean") throw typeError(name, "boolean", value);
  return value;
}

/** An integer that a number holds exactly, within bounds; `fallback` for undefined, an error where there is none. */
export function integer(name: string, value: unknown, fallback: number | undefined, bounds?: Bounds): number {
  if (value === undefined && fallback !== undefined) return fallback;
  if (typeof value !== "number") throw typeError(name, "integer", value);
  if (!Number.isSafeInteger(value) || !isWithin(value, bounds)) {
    throw rangeError(name, describe("integer", bounds), value);
  }
  return value;
}

function isWithin(value: number, bounds: Bounds | undefined): boolean {
  if (bounds === undefined) return true;
  const { min = -Infinity, max = Infinity, above = -Infinity } = bounds;
  return value >= min && value <= max && value > above;
}

function describe(kind: string, bounds: Bounds = {}): string {
  const { min, max, above } = bounds;
  if (min !== undefined && max !== undefined) return `${kind} in [${min}, ${max}]`;
  if (above !== undefined && max !== undefined) return `${kind} in (${above}, ${max}]`;
  if (above !== undefined) return `${kind} > ${above}`;
  if (min !== undefined) return `${kind} >= ${min}`;
  return max === undefined ? kind : `${kind} <= ${max}`;
}

/** One of a few names; `fallback` for undefined. */
export function oneOf<T extends string>(name: string, value: unknown, allowed: readonly T[], fallback: T): T {
  if (value === undefined) return fallback;
  if (allowed.includes(value as T)) return value as T;
  const error = typeof value === "string" ? rangeError : typeError;
  throw error(name, allowed.map((entry) => `"${entry}"`).join(", "), value);
}

/**
 * Class weights: one finite number a class, as float64 unless the caller has them as float32.
 *
 * @throws {RangeError} for another length, and for the first weight that is not finite
 */
export function classWeights(
  value: unknown,
  classes: number,
  name = "weight",
): Float64Array | Float32Array | undefined {
  if (value === undefined) return undefined;
  const weights = factors(name, value, [classes], `${classes} elements, one a class`);
  return weights instanceof Float32Array || weights instanceof Float64Array ? weights : Float64Array.from(weights);
}

/** One factor for all rows, or one a row. */
export type RowFactors = number | ArrayLike<number>;

/**
 * Factors of rows: a number (1 for undefined), or one a row, as an array or as a tensor-like of dimensions that
 * broadcast to the rows'.
 *
 * @throws {RangeError} for another shape, and for the first factor that is not finite
 */
export function rowFactors(name: string, value: unknown, rows: number, rowDims: readonly number[]): RowFactors {
  if (value === undefined || typeof value === "number") return finiteNumber(name, value, 1);
  return factors(name, value, rowDims, `${rows} elements, one a row`, NUMBER_OR_NUMBERS);
}

function factors(
  name: string,
  value: unknown,
  dims: readonly number[],
  expected: string,
  kinds?: string,
): ArrayLike<number> {
  let elements = numberElements(name, value, "number", kinds);
  const total = product(dims);
  const own = elements.dims;
  if (own === undefined && elements.data.length !== total) throw rangeError(name, expected, elements.data.length);
  if (own !== undefined && !sameDims(own, dims)) elements = repeat(name, elements, own, dims);

  const view = rowsView(name, elements, dims, []);
  const plain = view.type === "float32" || view.type === "float64";
  let values: ArrayLike<number> = view.data;
  if (!plain || !view.contiguous || view.data.length !== total) {
    const copy = new Float64Array(total);
    copyRowsIn(view, 0, total, copy, 0);
    values = copy;
  }
  for (let i = 0; i < total; i++) {
    if (Number.isFinite(values[i])) continue;
    throw rangeError(name, "finite numbers", values[i], indexPath(i, own === undefined ? undefined : dims));
  }
  return values;
}

/** What calls without options share, so that nothing is asked of them. */
export const NO_OPTIONS: object = Object.freeze({});

/** @throws {TypeError} when the options, or what else has that name, are no object or hold a name that is not allowed */
export function knownOptions(value: unknown, allowed: readonly string[], name = "options"): void {
  if (value === undefined || value === NO_OPTIONS) return;
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw typeError(name, "object", value);
  for (const key in value) {
    if (!allowed.includes(key)) throw unknownOption(key, allowed, name);
  }
}

function unknownOption(key: string, allowed: readonly string[], name: string): TypeError {
  const meant = nearest(key, allowed);
  const hint = meant === undefined ? undefined : `(did you mean "${meant}"?)`;
  return typeError(name, "names that this function knows", key, hint);
}

/** The allowed name that differs in case, underscores and at most two letters. */
function nearest(key: string, allowed: readonly string[]): string | undefined {
  const plain = plainName(key);
  let best: string | undefined;
  let least = Math.min(3, plain.length / 2);
  for (const name of allowed) {
    const distance = editDistance(plain, plainName(name));
    if (distance < least) {
      best = name;
      least = distance;
    }
  }
  return best;
}

function plainName(name: string): string {
  return name.replace(/[_-]/g, "").toLowerCase();
}

/** Letters to insert, delete or replace (Levenshtein), row by row of the usual table. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, above[j] + 1, row[j - 1] + 1));
    }
    above = row;
  }
  return above[b.length];
}
