/** What the functions of this room take: bases of logarithms, and distributions, checked. */
import { type FloatInput, type IndexInput, numberElements } from "../input/elements.js";
import { rangeError, typeError } from "../input/errors.js";
import { type Bounds, boolean, finiteNumber } from "../input/options.js";
import { copyRowsIn, type RowsView, rowsView, viewOfElements } from "../input/rows.js";
import { indexPath, resolveAxes } from "../input/shape.js";
import { Sum } from "./sum.js";

/**
 * Numbers of any kind: typed arrays (a Uint16Array as integers), plain and nested arrays, tensor-likes. All are read as
 * float64.
 */
export type NumberInput = FloatInput | IndexInput;

export interface BaseOptions {
  /** Base of the logarithm, > 1: 2 for bits (the default), Math.E for nats, 10 for dits. */
  base?: number;
}

export interface NormalizeOptions {
  /** Divide by the sum, so that counts or weights will do; default false. */
  normalize?: boolean;
}

export type Axis = number | readonly number[];

export interface DistributionOptions<A extends Axis | undefined = undefined> extends BaseOptions, NormalizeOptions {
  /** One distribution along this axis, or these axes flattened, for each place of the others; by default one in all. */
  axis?: A;
}

/** A number; one a row where there is an axis. */
export type PerRow<A> = A extends undefined ? number : Float64Array;

export interface DensityOptions<A extends Axis | undefined = undefined> extends DistributionOptions<A> {
  /**
   * Width of a cell: the numbers are a density at the middles of cells, and sums become integrals Σ f·dx. Default 1:
   * the numbers are probabilities.
   */
  dx?: number;
}

export const DISTRIBUTION_OPTIONS = ["base", "normalize", "axis"];

/** What bits are multiplied by to be in units of the base. */
export function unitOf(base: unknown): number {
  return Math.LN2 * natUnitOf(base);
}

/** What nats are multiplied by to be in units of the base. */
export function natUnitOf(base: unknown): number {
  return 1 / Math.log(finiteNumber("base", base, 2, { above: 1 }));
}

/** How far a sum may be off 1, relatively: what float32 probabilities of any number add up to. */
const TOLERANCE = 1e-6;

type ReadOptions = Omit<DensityOptions<Axis | undefined>, "base">;

/** Distributions, one a row: checked, normalised and as float64 when they are asked for. */
export class Distributions {
  readonly dx: number;
  readonly #normalize: boolean;
  /** A row that cannot be handed out as it lies there. */
  #copy: Float64Array | undefined;

  private constructor(
    readonly view: RowsView,
    options: ReadOptions,
  ) {
    this.dx = finiteNumber("dx", options.dx, 1, { above: 0 });
    this.#normalize = boolean("normalize", options.normalize, false);
  }

  static read(name: string, value: unknown, options: ReadOptions): Distributions {
    const elements = numberElements(name, value, "number");
    const dims = elements.dims ?? [elements.data.length];
    const axes = resolveAxes(options.axis === undefined ? null : options.axis, dims.length);
    return new Distributions(rowsView(name, elements, dims, axes), options);
  }

  /** @throws {RangeError} when the shapes differ; a flat array goes by its length */
  static readLike(name: string, value: unknown, other: Distributions, options: ReadOptions): Distributions {
    const view = viewOfElements(name, numberElements(name, value, "number"), other.view, false);
    return new Distributions(view, options);
  }

  /**
   * A row: probabilities, or a density. Valid until the next is asked for, and not to be written to.
   *
   * @throws {RangeError} for an entry that is negative or not finite, and for a sum that is not 1
   */
  row(r: number): Float64Array {
    const { data, type, contiguous, offset, classes } = this.view;
    const start = offset + r * classes;
    const own = contiguous && type === "float64" && data instanceof Float64Array && !this.#normalize;
    const row = own ? data.subarray(start, start + classes) : this.#copyOf(r);
    const sum = this.#check(row, r) * this.dx;
    if (this.#normalize) for (let i = 0; i < row.length; i++) row[i] /= sum;
    return row;
  }

  #copyOf(r: number): Float64Array {
    this.#copy ??= new Float64Array(this.view.classes);
    copyRowsIn(this.view, r, 1, this.#copy, 0);
    return this.#copy;
  }

  #check(row: Float64Array, r: number): number {
    const { name, rows, dims } = this.view;
    const among = rows === 1 ? "" : ` of row ${r}`;
    const sum = new Sum();
    for (let i = 0; i < row.length; i++) {
      if (row[i] >= 0 && row[i] < Infinity) sum.add(row[i]);
      else throw rangeError(name, "finite numbers >= 0", row[i], indexPath(i, rows === 1 ? dims : undefined) + among);
    }
    const total = sum.value * this.dx;
    if (this.#normalize ? total > 0 && total < Infinity : Math.abs(total - 1) <= TOLERANCE) return sum.value;
    const kind = this.dx === 1 ? "a sum" : "an integral";
    const expected = this.#normalize ? `${kind} that is finite and > 0` : `${kind} of 1 (or normalize: true)`;
    throw rangeError(name, expected, total, rows === 1 ? undefined : `in row ${r}`);
  }
}

export function eachRow<A>(p: Distributions, { axis }: { axis?: A }, f: (row: number) => number): PerRow<A> {
  const result = axis === undefined ? f(0) : Float64Array.from({ length: p.view.rows }, (_, row) => f(row));
  return result as PerRow<A>;
}

/** Numbers in any shape, as float64 in row-major order. */
export function numbers(name: string, value: unknown): Float64Array {
  const elements = numberElements(name, value, "number or boolean");
  const dims = elements.dims ?? [elements.data.length];
  const view = rowsView(name, elements, dims, resolveAxes(null, dims.length));
  const copy = new Float64Array(view.classes);
  copyRowsIn(view, 0, 1, copy, 0);
  return copy;
}

/** Numbers, each within its bounds; `expected` are the words for that. */
export function numbersWithin(name: string, value: unknown, min: number, max: number, expected: string): Float64Array {
  const values = numbers(name, value);
  for (let i = 0; i < values.length; i++) {
    if (!(values[i] >= min && values[i] <= max)) throw rangeError(name, expected, values[i], indexPath(i));
  }
  return values;
}

/** A finite number within bounds that must be there. */
export function requiredNumber(name: string, value: unknown, bounds?: Bounds): number {
  if (value === undefined) throw typeError(name, "number", value);
  return finiteNumber(name, value, 0, bounds);
}

/** @throws {RangeError} unless there are `count` of them */
export function sameCount(name: string, values: ArrayLike<unknown>, count: number): void {
  if (values.length !== count) throw rangeError(name, `${count} elements`, values.length);
}

/** A joint distribution of two variables as its table: rows are x, columns y. */
export function jointTable(joint: unknown, options: NormalizeOptions): { table: Float64Array; columns: number } {
  const p = Distributions.read("joint", joint, options);
  const { dims } = p.view;
  if (dims.length !== 2) throw rangeError("joint", "two dimensions, x and y", dims);
  return { table: p.row(0), columns: dims[1] };
}
