/** Elements that are loaded and computed together: a few arrays of them in float64 stay in the L1 cache. */
export const BLOCK = 2048;

/** Rows that may be computed together. */
export const ROWS = 256;

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
  /** factor[r]·z for `rows` rows of n, to byte offset `at`. */
  store(z: Float64Array, rows: number, n: number, factor: Float64Array, at: number): void;
  /** values[r] to element places[r] of the array at byte offset `at`. */
  scatter(values: Float64Array, places: Int32Array, count: number, at: number): void;
}

export class Float32Elements implements Elements {
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

  store(z: Float64Array, rows: number, n: number, factor: Float64Array, at: number): void {
    const view = this.#view;
    const shift = (at / 4) & 0x3fffffff; // why masked: see exp.ts
    for (let r = 0; r < rows; r++) {
      const g = factor[r];
      const end = ((r + 1) * n) & 0x3fffffff;
      let j = (r * n) & 0x3fffffff;
      for (; j < end - 7; j += 8) {
        const i = shift + j;
        view[i] = g * z[j];
        view[i + 1] = g * z[j + 1];
        view[i + 2] = g * z[j + 2];
        view[i + 3] = g * z[j + 3];
        view[i + 4] = g * z[j + 4];
        view[i + 5] = g * z[j + 5];
        view[i + 6] = g * z[j + 6];
        view[i + 7] = g * z[j + 7];
      }
      for (; j < end; j++) view[shift + j] = g * z[j];
    }
  }

  scatter(values: Float64Array, places: Int32Array, count: number, at: number): void {
    const view = this.#view;
    const start = at / 4;
    for (let r = 0; r < count; r++) view[start + places[r]] = values[r];
  }
}

/** The same in float64. A copy, so that each loop meets one kind of array: V8 compiles it for that one only. */
export class Float64Elements implements Elements {
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

  store(z: Float64Array, rows: number, n: number, factor: Float64Array, at: number): void {
    const view = this.#view;
    const shift = (at / 8) & 0x3fffffff; // why masked: see exp.ts
    for (let r = 0; r < rows; r++) {
      const g = factor[r];
      const end = ((r + 1) * n) & 0x3fffffff;
      let j = (r * n) & 0x3fffffff;
      for (; j < end - 7; j += 8) {
        const i = shift + j;
        view[i] = g * z[j];
        view[i + 1] = g * z[j + 1];
        view[i + 2] = g * z[j + 2];
        view[i + 3] = g * z[j + 3];
        view[i + 4] = g * z[j + 4];
        view[i + 5] = g * z[j + 5];
        view[i + 6] = g * z[j + 6];
        view[i + 7] = g * z[j + 7];
      }
      for (; j < end; j++) view[shift + j] = g * z[j];
    }
  }

  scatter(values: Float64Array, places: Int32Array, count: number, at: number): void {
    const view = this.#view;
    const start = at / 8;
    for (let r = 0; r < count; r++) view[start + places[r]] = values[r];
  }
}
