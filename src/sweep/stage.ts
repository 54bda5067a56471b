import type { ElementType } from "../input/elements.js";
import { currentVariant, newInstance } from "../kernels/choose.js";
import type { KernelInstance, Kernels, Prefix, Variant } from "../kernels/kernels.js";

/**
 * A kernel set's memory and the views over it. Sized once, never grown: a view stays valid as long as the stage lives.
 */
export class Stage {
  readonly variant: Variant;
  readonly kernels: Kernels;
  /** First byte of the regions. */
  readonly base: number;
  /** Bytes from `base` on. */
  readonly capacity: number;
  readonly buffer: ArrayBuffer;
  readonly f32: Float32Array<ArrayBuffer>;
  readonly f64: Float64Array<ArrayBuffer>;
  readonly i32: Int32Array<ArrayBuffer>;
  readonly u16: Uint16Array<ArrayBuffer>;

  constructor(instance: KernelInstance) {
    this.variant = instance.variant;
    this.kernels = instance.kernels;
    this.base = align(instance.base);
    this.buffer = instance.buffer;
    this.capacity = this.buffer.byteLength - this.base - GUARD;
    this.f32 = new Float32Array(this.buffer);
    this.f64 = new Float64Array(this.buffer);
    this.i32 = new Int32Array(this.buffer);
    this.u16 = new Uint16Array(this.buffer);
  }

  /** The view for elements of a type as they lie in memory: the bits of the 16-bit types. */
  view(type: ElementType): Float32Array | Float64Array | Uint16Array {
    return type === "float32" ? this.f32 : type === "float64" ? this.f64 : this.u16;
  }
}

/** Kernels read whole vectors: the last one may reach this far behind the last element. */
const GUARD = 32;
const ALIGN = 16;

/** What a tile should fill at most, so that it stays in a core's L2 cache from the copy in to the copy out. */
export const TILE_BYTES = 256 * 1024;

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGN) * ALIGN; // not `& ~15`: int32 wraps at 2 GiB
}

/** Byte offsets of consecutive aligned regions from `base` on; 0 for those of no size. */
export function layout<K extends string>(base: number, sizes: Record<K, number>): Record<K | "end", number> {
  const offsets = { end: base } as Record<K | "end", number>;
  for (const name in sizes) {
    offsets[name] = sizes[name] === 0 ? 0 : offsets.end;
    offsets.end += align(sizes[name]);
  }
  return offsets;
}

export function newStage(bytes: number): Stage {
  return new Stage(newInstance(bytes + ALIGN + GUARD));
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

export const PREFIX: Record<ElementType, Prefix> = { float32: "f32", float64: "f64", float16: "f16", bfloat16: "bf16" };

/** Bytes of an element in memory. */
export function elementBytes(type: ElementType): number {
  return type === "float64" ? 8 : type === "float32" ? 4 : 2;
}

/** The type that rows are computed in. */
export function computeType(type: ElementType): "float32" | "float64" {
  return type === "float64" ? "float64" : "float32";
}

export function isNarrow(type: ElementType): type is "float16" | "bfloat16" {
  return type === "float16" || type === "bfloat16";
}
