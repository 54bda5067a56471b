import type { ElementType } from "../input/elements.js";
import { currentVariant, newInstance } from "../kernels/choose.js";
import type { KernelInstance, Kernels, Prefix, Variant } from "../kernels/kernels.js";

/** Typed arrays over a stretch of memory; every offset counts from its first byte. */
export class Views<Buffer extends ArrayBufferLike = ArrayBufferLike> {
  readonly u8: Uint8Array<Buffer>;
  readonly u16: Uint16Array<Buffer>;
  readonly i32: Int32Array<Buffer>;
  readonly f32: Float32Array<Buffer>;
  readonly f64: Float64Array<Buffer>;
  /** What {@link run} was last asked for. */
  #run: Float32Array<Buffer> | Float64Array<Buffer> | Uint16Array<Buffer>;

  /** @param at a multiple of 8, as `bytes` is */
  constructor(buffer: Buffer, at = 0, bytes = buffer.byteLength) {
    this.u8 = new Uint8Array(buffer, at, bytes);
    this.u16 = new Uint16Array(buffer, at, bytes / 2);
    this.i32 = new Int32Array(buffer, at, bytes / 4);
    this.f32 = new Float32Array(buffer, at, bytes / 4);
    this.f64 = new Float64Array(buffer, at, bytes / 8);
    this.#run = this.f32;
  }

  /** The view for elements of a type as they lie in memory: the bits of the 16-bit types. */
  view(type: ElementType): Float32Array<Buffer> | Float64Array<Buffer> | Uint16Array<Buffer> {
    return type === "float32" ? this.f32 : type === "float64" ? this.f64 : this.u16;
  }

  /** The `count` elements of a type from byte `at` on. Most calls ask for those of the last one. */
  run(type: ElementType, at: number, count: number): Float32Array<Buffer> | Float64Array<Buffer> | Uint16Array<Buffer> {
    const view = this.view(type);
    const last = this.#run;
    const begin = this.u8.byteOffset + at;
    if (last.length === count && last.byteOffset === begin && last.constructor === view.constructor) return last;
    this.#run = view.subarray(at / view.BYTES_PER_ELEMENT, at / view.BYTES_PER_ELEMENT + count);
    return this.#run;
  }
}

/**
 * A kernel set's memory and the views over it. Sized once, never grown: a view stays valid as long as the stage lives.
 */
export class Stage extends Views<ArrayBuffer> {
  readonly variant: Variant;
  readonly kernels: Kernels;
  /** First byte of the regions: the same for every stage of a kernel set. */
  readonly base: number;
  /** Bytes from `base` on. */
  readonly capacity: number;
  readonly buffer: ArrayBuffer;

  constructor(instance: KernelInstance) {
    super(instance.buffer);
    this.variant = instance.variant;
    this.kernels = instance.kernels;
    this.base = align(instance.base);
    this.buffer = instance.buffer;
    this.capacity = this.buffer.byteLength - this.base - GUARD;
  }
}

/** Kernels read and put back whole vectors: the last one may reach this far behind the last element. */
const GUARD = 32;
const ALIGN = 16;
/**
 * Free bytes behind each region. Copies from and to shared memory take ten times as long where both sides do not stand
 * at the same place within 8 bytes (V8), so that data may begin up to 7 bytes behind the begin of its region there.
 */
const SLACK = 8;

/** What a tile should fill at most, so that it stays in a core's L2 cache from the copy in to the copy out. */
const TILE_BYTES = 128 * 1024;
let tileLimit = TILE_BYTES;

/** How many of `rows` rows a tile has: as many as stay in the cache, one at least. */
export function rowsOfTile(rowBytes: number, rows: number): number {
  return Math.max(1, Math.min(rows, Math.floor(tileLimit / rowBytes)));
}

/** For tests: what a tile should fill at most; by default what it is otherwise. */
export function setTileBytes(bytes = TILE_BYTES): void {
  tileLimit = bytes;
  shared = undefined; // and with it what calls remember of it
}

/** Whether it is the stage that calls share now. */
export function isCurrent(stage: Stage): boolean {
  return stage === shared && stage.variant === currentVariant();
}

export function align(bytes: number): number {
  return Math.ceil(bytes / ALIGN) * ALIGN; // not `& ~15`: int32 wraps at 2 GiB
}

/** Byte offsets of consecutive aligned regions from `base` on; 0 for those of no size. */
export function layout<K extends string>(base: number, sizes: Record<K, number>): Record<K | "end", number> {
  const offsets = { end: base } as Record<K | "end", number>;
  for (const name in sizes) {
    offsets[name] = sizes[name] === 0 ? 0 : offsets.end;
    offsets.end += sizes[name] === 0 ? 0 : align(sizes[name] + SLACK);
  }
  return offsets;
}

/** Bytes of an instance whose stage has a capacity of `bytes`. */
export function instanceBytes(bytes: number): number {
  return bytes + ALIGN + GUARD;
}

/** What a stage can have: a WebAssembly memory, less what the kernels keep for themselves. */
export const MEMORY_LIMIT = 2 ** 32 - 2 ** 17;

export function newStage(bytes: number): Stage {
  return new Stage(newInstance(instanceBytes(bytes)));
}

let shared: Stage | undefined;

/**
 * The stage that calls share, with room for `bytes`. A larger one takes the place of one that is too small; it serves
 * from then on.
 */
export function sharedStage(bytes: number): Stage {
  if (shared === undefined || shared.capacity < bytes || shared.variant !== currentVariant()) {
    shared = newStage(Math.max(bytes, 2 * TILE_BYTES));
  }
  return shared;
}

/** The types that kernels compute in. */
export type ComputeType = "float32" | "float64";

export const PREFIX: Record<ComputeType, Prefix> = { float32: "f32", float64: "f64" };

/** Bytes of an element in memory. */
export function elementBytes(type: ElementType): number {
  return type === "float64" ? 8 : type === "float32" ? 4 : 2;
}

/** The type that elements are computed in. */
export function computeType(type: ElementType): ComputeType {
  return type === "float64" ? "float64" : "float32";
}

export function isNarrow(type: ElementType): type is "float16" | "bfloat16" {
  return type === "float16" || type === "bfloat16";
}
