/** The numbers of an argument: the caller's own typed array where there is one, and the type of its elements. */
import { rangeError, typeError } from "./errors.js";
import { type Entries, flatten, nestedDims } from "./nested.js";
import { product } from "./shape.js";
import { type Source, takeApart } from "./source.js";

/** What an element is. The 16-bit types are stored as their bit patterns. */
export type ElementType = "float32" | "float64" | "float16" | "bfloat16";

/** The part of a Float16Array that is needed here; engines older than 2025 do not have the class. */
export interface Float16ArrayLike {
  readonly [Symbol.toStringTag]: "Float16Array";
  readonly BYTES_PER_ELEMENT: number;
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly length: number;
  [index: number]: number;
}

/** Arrays that floating-point results can be in: Uint16Array for raw 16-bit data. */
export type FloatData = Float32Array | Float64Array | Uint16Array | Float16ArrayLike;

/** Typed arrays whose elements read as numbers. */
export type NumberArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/** Arrays of arrays of numbers, all of one length at each level. */
export type NestedNumbers = readonly number[] | readonly NestedNumbers[];

/**
 * A tensor of another library, by its structure: ONNX Runtime and transformers.js (`dims`, `type`), scijs ndarray
 * (`shape`, `stride`, `offset`), stdlib ndarray (`shape`, `strides`, `offset`). Strides and offset count elements.
 */
export interface TensorLike {
  readonly data: ArrayLike<unknown>;
  readonly dims?: readonly number[];
  readonly shape?: readonly number[];
  readonly type?: string;
  readonly dtype?: string;
  readonly stride?: readonly number[] | ((...args: never[]) => unknown);
  readonly strides?: readonly number[];
  readonly offset?: number;
}

/**
 * Floating-point input, flat and row-major unless it says otherwise. Plain arrays are read as float64, or as float32
 * where `dtype` or a tensor-like's own `type` says so. A Uint16Array holds raw float16 or bfloat16 and needs one of the
 * two to say which.
 */
export type FloatInput = Float32Array | Float64Array | Float16ArrayLike | Uint16Array | NestedNumbers | TensorLike;

/** Typed arrays that a result of the shape of the logits can be written to. */
export type FloatOutput = FloatData | TensorLike;

/** The array of a result that was not told where to go: of the element type of the logits. */
export type ResultOf<Logits> = Logits extends Float32Array
  ? Float32Array
  : Logits extends Float64Array | NestedNumbers
    ? Float64Array
    : Logits extends Uint16Array
      ? Uint16Array
      : FloatData;

/** Class indices: one integer a row. */
export type IndexInput =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | NestedNumbers
  | TensorLike;

export interface Elements {
  /** The argument as the caller passed it. */
  readonly source: unknown;
  /** The array that holds the elements: the caller's typed array, or a copy of plain numbers. */
  readonly array: NumberArray | Float16ArrayLike;
  /** `array`, or the bit patterns of a Float16Array. */
  readonly data: NumberArray;
  /** How `data` reads. Integer arrays, where they are allowed, count as float64. */
  readonly type: ElementType;
  readonly dims: readonly number[] | undefined;
  /** Undefined when row-major. */
  readonly strides: readonly number[] | undefined;
  readonly offset: number;
}

const FLOATS = "Float32Array, Float64Array, Float16Array, Uint16Array with dtype, array of numbers or tensor";
const NUMBERS = "typed array, array of numbers or tensor";

/**
 * Floating-point elements. Typed arrays are never copied; plain and nested arrays become a fresh Float64Array, or a
 * Float32Array where the dtype says so.
 *
 * @param dtype what the caller says of the element type
 * @throws {TypeError} for anything else, and for an entry that is no number
 * @throws {RangeError} for ragged arrays, a contradicting dtype, and dims or strides that do not fit
 */
export function floatElements(name: string, value: unknown, dtype?: ElementType, expected = FLOATS): Elements {
  return toFloats(takeApart(name, value, expected), dtype);
}

/** The same for any kind of number: integer arrays too, and booleans as 0 and 1 where plain arrays may have them. */
export function numberElements(name: string, value: unknown, entries: Entries, expected = NUMBERS): Elements {
  const source = takeApart(name, value, expected);
  switch (kindOf(source)) {
    case "plain":
      return fromPlain(source, entries, "float64");
    case "wide": {
      const copy = Float64Array.from(source.data as BigInt64Array, Number);
      return elementsOf(source, copy, copy, "float64", source.dims);
    }
    case "integers": {
      const data = source.data as NumberArray;
      return elementsOf(source, data, data, "float64", source.dims);
    }
    default:
      return toFloats(source, undefined);
  }
}

/** Floats, integers, 64-bit integers, or a plain array. A Uint16Array is floats only where its tensor says so. */
export function kindOf(source: Source): "floats" | "integers" | "wide" | "plain" {
  switch (source.tag) {
    case "Float32Array":
    case "Float64Array":
    case "Float16Array":
      return "floats";
    case "Array":
      return "plain";
    case "Uint16Array":
      return source.dtype === "float16" || source.dtype === "bfloat16" ? "floats" : "integers";
    case "Int8Array":
    case "Uint8Array":
    case "Uint8ClampedArray":
    case "Int16Array":
    case "Int32Array":
    case "Uint32Array":
      return "integers";
    case "BigInt64Array":
    case "BigUint64Array":
      return "wide";
    default:
      throw typeError(source.name, source.expected, source.data);
  }
}

export function toFloats(source: Source, dtype: ElementType | undefined): Elements {
  const declared = declaredType(source, dtype);
  switch (source.tag) {
    case "Float32Array":
    case "Float64Array": {
      const type = source.tag === "Float32Array" ? "float32" : "float64";
      checkDeclared(source, declared, type);
      const data = source.data as Float32Array | Float64Array;
      return elementsOf(source, data, data, type, source.dims);
    }
    case "Float16Array": {
      checkDeclared(source, declared, "float16");
      const array = source.data as Float16ArrayLike;
      return elementsOf(source, array, dataOf(array), "float16", source.dims);
    }
    case "Uint16Array": {
      if (declared !== "float16" && declared !== "bfloat16") {
        throw typeError(source.name, 'dtype "float16" or "bfloat16" for a Uint16Array', declared);
      }
      const data = source.data as Uint16Array;
      return elementsOf(source, data, data, declared, source.dims);
    }
    case "Array":
      if (declared !== "float32") checkDeclared(source, declared, "float64");
      return fromPlain(source, "number", declared === "float32" ? "float32" : "float64");
    default:
      throw typeError(source.name, source.expected, source.data);
  }
}

/** The array, or the bit patterns of a Float16Array on the same memory. */
export function dataOf(array: NumberArray | Float16ArrayLike): NumberArray {
  if (array[Symbol.toStringTag] !== "Float16Array") return array as NumberArray;
  return new Uint16Array(array.buffer, array.byteOffset, array.length);
}

const TYPES: readonly string[] = ["float32", "float64", "float16", "bfloat16"] satisfies ElementType[];

function declaredType(source: Source, dtype: ElementType | undefined): ElementType | undefined {
  if (dtype !== undefined && !TYPES.includes(dtype)) {
    const error = typeof dtype === "string" ? rangeError : typeError;
    throw error("dtype", TYPES.map((type) => `"${type}"`).join(", "), dtype);
  }
  if (source.dtype === undefined || !TYPES.includes(source.dtype)) return dtype;
  if (dtype !== undefined && dtype !== source.dtype) {
    throw rangeError("dtype", `"${source.dtype}" as "${source.name}" says itself`, dtype);
  }
  return source.dtype as ElementType;
}

function checkDeclared(source: Source, declared: ElementType | undefined, actual: ElementType): void {
  if (declared === undefined || declared === actual) return;
  const kind = source.tag === "Array" ? "plain arrays" : `a ${source.tag}`;
  throw rangeError(source.name, `dtype "${actual}" for ${kind}`, declared);
}

function fromPlain(source: Source, entries: Entries, type: "float32" | "float64"): Elements {
  const nested = nestedDims(source);
  const dims = nested ?? [source.data.length];
  const length = product(dims);
  const copy = type === "float32" ? new Float32Array(length) : new Float64Array(length);
  flatten(source.name, source.data, dims, entries, copy);
  return elementsOf(source, copy, copy, type, nested ?? source.dims);
}

function elementsOf(
  source: Source,
  array: NumberArray | Float16ArrayLike,
  data: NumberArray,
  type: ElementType,
  dims: readonly number[] | undefined,
): Elements {
  return { source: source.value, array, data, type, dims, strides: source.strides, offset: source.offset };
}
