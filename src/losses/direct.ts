/**
 * Direct calls: float32 arrays as they are, nothing to infer, and no option but where the gradient goes, or that says
 * what the lengths say already. In a training loop over small batches those are the calls, and what the others need costs
 * more than their arithmetic. What is not direct, or not right, is left to the way of all calls.
 */
import { areApart, SMALL } from "../input/outputs.js";

/**
 * Whether no options are given but, if at all, these. What is no plain object may have others that do not show. Best
 * asked once an option has been read: V8 knows the prototype of what it has just read from, and otherwise calls for it.
 */
export function hasOnly(options: object, name: string, other = name): boolean {
  if (Object.getPrototypeOf(options) !== Object.prototype) return false;
  for (const given in options) if (given !== name && given !== other) return false;
  return true;
}

/** What {@link isFit} approved last, of small arrays, as {@link areApart} remembers them. */
let fitGrad: Float32Array | undefined;
let fitX: Float32Array | undefined;
let fitTargets: Float32Array | Int32Array | undefined;

/**
 * Where the gradient of a direct call goes: a new array, or the caller's if it is the only option, as long as the input,
 * and lies over nothing but that.
 *
 * @param other an option that may stand beside it
 */
export function directGrad(
  options: object,
  x: Float32Array,
  targets: Float32Array | Int32Array | undefined,
  other = "grad",
): Float32Array | undefined {
  if (typeof options !== "object" || options === null) return undefined;
  const { grad } = options as { grad?: Float32Array };
  if (!hasOnly(options, "grad", other)) return undefined;
  if (grad === undefined) return new Float32Array(x.length);
  if (grad === fitGrad && x === fitX && targets === fitTargets && grad.length === x.length) return grad;
  return isFit(grad, x, targets) ? grad : undefined;
}

/**
 * The same of the option `out`, where there is no gradient and nothing but `classes` may stand beside it. One function
 * for what both do takes a gradient of ten logits 12 ns: V8 inlines so many of a call.
 */
export function directOut(options: { readonly out?: unknown }, x: Float32Array): Float32Array | undefined {
  const { out } = options;
  if (!hasOnly(options, "out", "classes")) return undefined;
  if (out === undefined) return new Float32Array(x.length);
  return isFit(out, x, undefined) ? out : undefined;
}

function isFit(grad: unknown, x: Float32Array, targets: Float32Array | Int32Array | undefined): grad is Float32Array {
  if (!(grad instanceof Float32Array) || grad.length !== x.length) return false;
  if (grad !== x && !areApart(grad, x, 0)) return false;
  if (targets !== undefined && !areApart(grad, targets, 1)) return false;
  if (grad.byteLength <= SMALL) {
    fitGrad = grad;
    fitX = x;
    fitTargets = targets;
  }
  return true;
}

/** Up to this length a loop copies faster than `set`, which takes 10 ns whatever the length, and a new view another 40. */
const LOOP_IN = 16;
const LOOP_OUT = 48;

/** Copies an array to byte `at` of the memory that `to` views. */
export function copyInDirect(from: Float32Array, to: Float32Array, at: number): void {
  const { length } = from;
  // A shift, unlike a division, leaves V8 with an integer for an index.
  const begin = at >>> 2;
  if (length > LOOP_IN) to.set(from, begin);
  else for (let i = 0; i < length; i++) to[begin + i] = from[i];
}

/** The same of indices: a function that sees both types of arrays is slower for each. */
export function copyIndicesDirect(from: Int32Array, to: Int32Array, at: number): void {
  const { length } = from;
  const begin = at >>> 2;
  if (length > LOOP_IN) to.set(from, begin);
  else for (let i = 0; i < length; i++) to[begin + i] = from[i];
}

/** The last results that were copied out, as a view: the calls of a training loop find them at the same place. */
let results: Float32Array = new Float32Array(0);
let resultsOf = results;
let resultsAt = 0;

/** Fills an array from byte `at` on of the memory that `from` views. */
export function copyOutDirect(from: Float32Array, at: number, to: Float32Array): void {
  const { length } = to;
  const begin = at >>> 2;
  if (length > LOOP_OUT) copyView(from, begin, to);
  else for (let i = 0; i < length; i++) to[i] = from[begin + i];
}

function copyView(from: Float32Array, begin: number, to: Float32Array): void {
  const { length } = to;
  if (resultsOf !== from || resultsAt !== begin || results.length !== length) {
    results = from.subarray(begin, begin + length);
    resultsOf = from;
    resultsAt = begin;
  }
  to.set(results);
}

/** Elements of a direct call that goes through a kernel: at most a tile, and few enough that what it spares counts. */
export const DIRECT = 4096;

/** Whether it is one target an element, of `most` elements at most. */
export function isDirectPair(x: unknown, targets: unknown, most = DIRECT): x is Float32Array {
  if (!(x instanceof Float32Array) || !(targets instanceof Float32Array)) return false;
  return x.length === targets.length && x.length > 0 && x.length <= most;
}

/** Whether it is one class index a row, of `most` elements at most. */
export function isDirectRows(x: unknown, targets: unknown, most = DIRECT): x is Float32Array {
  if (!(x instanceof Float32Array) || !(targets instanceof Int32Array) || x.length > most) return false;
  const classes = x.length / targets.length;
  return classes > 0 && Number.isInteger(classes);
}

/** The classes of a direct call of rows without targets: all elements where the option does not say. */
export function directClasses(logits: unknown, options: { readonly classes?: unknown }): number | undefined {
  if (!(logits instanceof Float32Array) || logits.length === 0 || logits.length > DIRECT) return undefined;
  if (typeof options !== "object" || options === null) return undefined;
  const classes: unknown = options.classes === undefined ? logits.length : options.classes;
  return typeof classes === "number" && classes > 0 && Number.isInteger(classes) && logits.length % classes === 0
    ? classes
    : undefined;
}
