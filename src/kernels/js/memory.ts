import { bfloat16Values, float16Values, type WideTable } from "./halves.js";

/** Elements that are loaded and computed together: a few arrays of them in float64 stay in the L1 cache. */
export const BLOCK = 2048;

/** From here on the engine's own conversion to float64 (`set`) beats a loop; the way back never does. */
const NATIVE_FROM = 64;

/** The views over an instance's memory, and float64 scratch arrays outside of it. */
export class Memory {
  readonly buffer: ArrayBuffer;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly u16: Uint16Array;
  readonly #scratch: Float64Array[] = [];

  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer;
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.u16 = new Uint16Array(buffer);
  }

  /** Scratch array number i, of `length` elements at least, with anything in it. */
  scratch(i: number, length: number): Float64Array {
    const array = this.#scratch[i];
    if (array !== undefined && array.length >= length) return array;
    this.#scratch[i] = new Float64Array(Math.max(length, BLOCK));
    return this.#scratch[i];
  }
}

/** An element type in memory. Whatever the type, all is computed in float64. */
export interface Elements {
  readonly bytes: number;
  /** Whether results need all the digits of float64. */
  readonly exact: boolean;
  /** n elements at byte offset `at` to the beginning of `to`. */
  load(at: number, n: number, to: Float64Array): void;
}

/** An element type that kernels compute in, and store their results in. */
export interface ComputeElements extends Elements {
  /** factor·from[first … first + n) to byte offset `at`. */
  store(from: Float64Array, first: number, n: number, factor: number, at: number): void;
  /** `value` to byte offset `at`, n times. */
  fill(value: number, n: number, at: number): void;
}

export class Float32Elements implements ComputeElements {
  readonly bytes = 4;
  readonly exact = false;
  readonly #view: Float32Array;

  constructor(memory: Memory) {
    this.#view = memory.f32;
  }

  load(at: number, n: number, to: Float64Array): void {
    const view = this.#view;
    const start = at / 4;
    if (n < NATIVE_FROM) for (let j = 0; j < n; j++) to[j] = view[start + j];
    else to.set(view.subarray(start, start + n));
  }

  store(from: Float64Array, first: number, n: number, factor: number, at: number): void {
    const view = this.#view;
    const shift = at / 4 - first;
    const end = first + n;
    let j = first;
    for (; j < end - 3; j += 4) {
      const i = shift + j;
      view[i] = factor * from[j];
      view[i + 1] = factor * from[j + 1];
      view[i + 2] = factor * from[j + 2];
      view[i + 3] = factor * from[j + 3];
    }
    for (; j < end; j++) view[shift + j] = factor * from[j];
  }

  fill(value: number, n: number, at: number): void {
    this.#view.fill(value, at / 4, at / 4 + n);
  }
}

/** The same in float64. A copy, so that each loop meets one kind of array: V8 compiles it for that one only. */
export class Float64Elements implements ComputeElements {
  readonly bytes = 8;
  readonly exact = true;
  readonly #view: Float64Array;

  constructor(memory: Memory) {
    this.#view = memory.f64;
  }

  load(at: number, n: number, to: Float64Array): void {
    const view = this.#view;
    const start = at / 8;
    if (n < NATIVE_FROM) for (let j = 0; j < n; j++) to[j] = view[start + j];
    else to.set(view.subarray(start, start + n));
  }

  store(from: Float64Array, first: number, n: number, factor: number, at: number): void {
    const view = this.#view;
    const shift = at / 8 - first;
    const end = first + n;
    let j = first;
    for (; j < end - 3; j += 4) {
      const i = shift + j;
      view[i] = factor * from[j];
      view[i + 1] = factor * from[j + 1];
      view[i + 2] = factor * from[j + 2];
      view[i + 3] = factor * from[j + 3];
    }
    for (; j < end; j++) view[shift + j] = factor * from[j];
  }

  fill(value: number, n: number, at: number): void {
    this.#view.fill(value, at / 8, at / 8 + n);
  }
}

/** float16 or bfloat16: read only, results are float32. */
class HalfElements implements Elements {
  readonly bytes = 2;
  readonly exact = false;
  readonly #view: Uint16Array;
  readonly #values: () => WideTable;

  constructor(memory: Memory, values: () => WideTable) {
    this.#view = memory.u16;
    this.#values = values;
  }

  load(at: number, n: number, to: Float64Array): void {
    const view = this.#view;
    const values = this.#values();
    const start = at / 2;
    let j = 0;
    for (; j < n - 3; j += 4) {
      const i = start + j;
      to[j] = values[view[i]];
      to[j + 1] = values[view[i + 1]];
      to[j + 2] = values[view[i + 2]];
      to[j + 3] = values[view[i + 3]];
    }
    for (; j < n; j++) to[j] = values[view[start + j]];
  }
}

export function float16Elements(memory: Memory): Elements {
  return new HalfElements(memory, float16Values);
}

export function bfloat16Elements(memory: Memory): Elements {
  return new HalfElements(memory, bfloat16Values);
}
