/** Takes an argument apart: an array, and for a tensor-like where its elements lie. What they mean is decided later. */
import { rangeError, typeError } from "./errors.js";
import { checkDims, checkStrides, extent, product } from "./shape.js";

export interface Source {
  /** The argument's name, for messages. */
  readonly name: string;
  /** What the argument may be, for messages. */
  readonly expected: string;
  /** The argument as the caller passed it. */
  readonly value: unknown;
  /** The typed array (`tag` is its class) or the plain array (`tag` is "Array"). */
  readonly data: ArrayLike<unknown>;
  readonly tag: string;
  /** What a tensor-like says of its element type. */
  readonly dtype: string | undefined;
  readonly dims: readonly number[] | undefined;
  /** Undefined when row-major. */
  readonly strides: readonly number[] | undefined;
  readonly offset: number;
}

/** @throws {TypeError} for anything but a typed array, a plain array or a tensor-like */
export function takeApart(name: string, value: unknown, expected: string): Source {
  const tag = arrayTag(value);
  if (tag === undefined) return takeTensorApart(name, value, expected);
  const data = value as ArrayLike<unknown>;
  if (data.length === 0) checkAttached(name, data, tag);
  return { name, expected, value, data, tag, dtype: undefined, dims: undefined, strides: undefined, offset: 0 };
}

/** The class of an array, whichever realm it comes from. */
export function arrayTag(value: unknown): string | undefined {
  if (ArrayBuffer.isView(value)) return (value as Uint8Array)[Symbol.toStringTag];
  return Array.isArray(value) ? "Array" : undefined;
}

/** An array whose buffer was transferred away looks empty, but its methods throw. */
function checkAttached(name: string, data: ArrayLike<unknown>, tag: string): void {
  if (tag === "Array") return;
  try {
    (data as Uint8Array).at(0);
  } catch {
    throw typeError(name, "array with its buffer", data, "whose buffer is detached");
  }
}

function takeTensorApart(name: string, value: unknown, expected: string): Source {
  if (typeof value !== "object" || value === null || !("data" in value)) throw typeError(name, expected, value);
  const tensor = value as Record<string, unknown>;
  const data = tensor.data as ArrayLike<unknown>;
  const tag = arrayTag(data);
  if (tag === undefined) throw typeError(`${name}.data`, "typed array or array", data);
  if (data.length === 0) checkAttached(name, data, tag);

  const typeKey = property(tensor, "type", "dtype");
  const dtype = typeKey !== undefined && typeof tensor[typeKey] === "string" ? tensor[typeKey] : undefined;
  const dimsKey = property(tensor, "dims", "shape");
  const stridesKey = property(tensor, "strides", "stride");
  const offset = property(tensor, "offset") === undefined ? 0 : checkOffset(`${name}.offset`, tensor.offset);
  if (dimsKey === undefined) {
    if (stridesKey !== undefined || offset !== 0) throw typeError(`${name}.dims`, "array of integers", undefined);
    return { name, expected, value, data, tag, dtype, dims: undefined, strides: undefined, offset };
  }

  const dims = checkDims(`${name}.${dimsKey}`, tensor[dimsKey]);
  if (stridesKey === undefined) {
    const available = data.length - offset;
    // An offset without strides points into a larger array; without one, elements left over are a mistake.
    if (offset === 0 ? product(dims) !== available : product(dims) > available) {
      throw rangeError(`${name}.${dimsKey}`, `a product of ${available}, the length of its data`, dims);
    }
    return { name, expected, value, data, tag, dtype, dims, strides: undefined, offset };
  }
  const strides = checkStrides(`${name}.${stridesKey}`, tensor[stridesKey], dims);
  const reached = extent(dims, strides, offset);
  if (reached !== undefined && (reached.low < 0 || reached.high >= data.length)) {
    const outside = reached.low < 0 ? reached.low : reached.high;
    throw rangeError(`${name}.${stridesKey}`, `to reach elements in [0, ${data.length})`, outside);
  }
  return { name, expected, value, data, tag, dtype, dims, strides, offset };
}

/** The first of these names under which the tensor has a value: transformers.js has a method called `stride`. */
function property(tensor: Record<string, unknown>, ...names: string[]): string | undefined {
  return names.find((name) => tensor[name] !== undefined && typeof tensor[name] !== "function");
}

function checkOffset(name: string, value: unknown): number {
  if (typeof value !== "number") throw typeError(name, "integer", value);
  if (!Number.isSafeInteger(value) || value < 0) throw rangeError(name, "integer >= 0", value);
  return value;
}
