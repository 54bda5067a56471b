import type { KernelInstance, Prefix } from "../../src/kernels/kernels.js";
import { OPTION, OPTION_SLOTS } from "../../src/kernels/kernels.js";

export type Numbers = Float32Array | Float64Array | Int32Array | Uint16Array | Uint32Array;
type Constructor<T extends Numbers> = new (buffer: ArrayBuffer, offset: number, length: number) => T;

/** Elements of an array in kernel memory. */
export interface Region<T extends Numbers> {
  /** Byte offset, as kernels take it. */
  readonly at: number;
  readonly data: T;
}

export const absent = { at: 0 } as const;

const GUARD = 64;
/** Bytes behind the last array that are watched as well. */
const BEHIND = 4096;
const FILL = 0xa5;

/**
 * The memory of a kernel set as a test lays it out: arrays between guard bytes, none aligned beyond its elements.
 *
 * `run` fails when the kernel changed a byte outside of the outputs: guards, inputs, and what no array covers.
 */
export class Arena {
  readonly #instance: KernelInstance;
  readonly #bytes: Uint8Array;
  #outputs: { at: number; end: number }[] = [];
  #end = 0;
  #arrays = 0;

  constructor(instance: KernelInstance) {
    this.#instance = instance;
    this.#bytes = new Uint8Array(instance.buffer);
    this.#end = this.#bytes.length;
    this.clear();
  }

  get kernels() {
    return this.#instance.kernels;
  }

  /** Starts an empty layout. */
  clear(): void {
    this.#bytes.fill(FILL, this.#instance.base, this.#end + BEHIND);
    this.#outputs = [];
    this.#end = this.#instance.base;
    this.#arrays = 0;
  }

  #place<T extends Numbers>(type: Constructor<T>, length: number): Region<T> {
    const size = new type(new ArrayBuffer(0), 0, 0).BYTES_PER_ELEMENT;
    const vector = Math.ceil((this.#end + GUARD) / 16) * 16;
    const at = vector + ((this.#arrays++ * size) % 16);
    this.#end = at + length * size;
    if (this.#end + GUARD > this.#bytes.length) throw new RangeError(`the arena has no ${length * size} bytes left`);
    return { at, data: new type(this.#instance.buffer, at, length) };
  }

  input<T extends Numbers>(values: T): Region<T> {
    const region = this.#place(values.constructor as Constructor<T>, values.length);
    region.data.set(values);
    return region;
  }

  /** Holds garbage until a kernel writes; with `whole` it may complete its last vector. */
  output<T extends Numbers>(type: Constructor<T>, length: number, whole = false): Region<T> {
    const region = this.#place(type, length);
    this.writable(region, whole);
    return region;
  }

  /** Lets kernels write to a region that was an input. */
  writable<T extends Numbers>({ at, data }: Region<T>, whole = false): void {
    const bytes = whole ? Math.ceil(data.byteLength / 16) * 16 : data.byteLength;
    this.#outputs.push({ at, end: at + bytes });
  }

  /** Options block; what is not given is off. Slots behind the options are the kernels' own. */
  options(values: Partial<Record<keyof typeof OPTION, number>>): Region<Float64Array> {
    const region = this.input(new Float64Array(OPTION_SLOTS));
    const all = { scale: 1, ignoreIndex: -100, ...values };
    for (const [name, value] of Object.entries(all)) region.data[OPTION[name as keyof typeof OPTION]] = value;
    this.#outputs.push({ at: region.at + 8 * Object.keys(OPTION).length, end: region.at + region.data.byteLength });
    return region;
  }

  /** Bytes below the base are the kernels' own. */
  run<R>(kernel: () => R): R {
    const watched = this.#bytes.subarray(0, this.#end + BEHIND);
    const before = watched.slice();
    const result = kernel();
    before.set(watched.subarray(0, this.#instance.base));
    for (const { at, end } of this.#outputs) before.set(watched.subarray(at, end), at);
    if (Buffer.compare(before, watched) !== 0) {
      const at = before.findIndex((byte, i) => byte !== watched[i]);
      throw new Error(`the kernel changed byte ${at}, which is in no output`);
    }
    return result;
  }
}

/** Type of weights, probabilities, gradients and results for logits of a prefix. */
export function computeType(prefix: Prefix): Float32ArrayConstructor | Float64ArrayConstructor {
  return prefix === "f64" ? Float64Array : Float32Array;
}

/** Numbers as logits of a prefix. */
export function encoded(values: ArrayLike<number>, prefix: Prefix): Float32Array | Float64Array {
  return computeType(prefix).from(values);
}
