/**
 * What the calling thread and its workers share besides the data: a word that is rung when there is something new, the
 * state of each slot, and the task of the tile in it. A task is a short program; workers know nothing of losses.
 */
import type { ElementType } from "../input/elements.js";
import type { WasmVariant } from "../kernels/kernels.js";

/** Words of the board, each on a cache line of its own. */
export const WORD = {
  /** Changes whenever a worker should look around. */
  bell: 0,
  /** Messages that were posted to each worker. */
  messages: 16,
  /** Workers that wait for the bell. */
  sleepers: 32,
  /** 1 while the calling thread waits for a slot. */
  waiting: 48,
} as const;
const FIRST_STATE = 64;
const STATE_STRIDE = 16;

/** States of a slot. Workers only turn `ready` into `taken`, and that into `writing` and `done`, or `failed`. */
export const STATE = { free: 0, ready: 1, taken: 2, writing: 3, done: 4, failed: 5, lost: 6, own: 7 } as const;

/** float64 slots of a task: these, then its program. */
export const TASK = {
  /** Index of the kernel set. */
  variant: 0,
  /** Capacity that the stage must have. */
  bytes: 1,
  /** Number of the call, whose tiles have their constants in common. */
  call: 2,
  /** What the kernel returned. */
  value: 3,
  program: 4,
} as const;
const TASK_LENGTH = 128;

/** Steps of a program, each followed by its operands. `array` is the number of a shared array, 0 for the slot itself. */
export const STEP = {
  end: 0,
  /** at, bytes: from the constants to the stage, once a call. */
  constant: 1,
  /** array, offset, at, bytes: to the stage. */
  copyIn: 2,
  /** kernel, count, that many arguments. */
  call: 3,
  /** at, elements, type that they were computed in, 16-bit type. */
  narrow: 4,
  /** from, elements, 16-bit type, at: the way in. */
  widen: 7,
  /** Nothing may be written outside of the stage before; nothing is, when the tile was given up meanwhile. */
  commit: 5,
  /** array, offset, at, bytes: from the stage. */
  copyOut: 6,
} as const;

/** Element types by their number. */
export const TYPES: readonly ElementType[] = ["float32", "float64", "float16", "bfloat16"];

/** News for a worker; what is there replaces what it had. */
export interface Message {
  readonly board?: { readonly buffer: SharedArrayBuffer; readonly slots: number };
  /** Slots of `stride` bytes, and one more with the constants of a call. */
  readonly ring?: { readonly buffer: SharedArrayBuffer; readonly stride: number };
  readonly module?: { readonly variant: WasmVariant; readonly module: WebAssembly.Module };
  /** A shared array and its number; without the array it is let go. */
  readonly array?: { readonly id: number; readonly buffer?: SharedArrayBuffer };
}

export class Board {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly tasks: readonly Float64Array[];

  constructor(
    readonly slots: number,
    buffer?: SharedArrayBuffer,
  ) {
    const words = FIRST_STATE + STATE_STRIDE * slots;
    this.buffer = buffer ?? new SharedArrayBuffer(words * 4 + slots * TASK_LENGTH * 8);
    this.words = new Int32Array(this.buffer, 0, words);
    const task = (_: unknown, i: number) => new Float64Array(this.buffer, words * 4 + i * TASK_LENGTH * 8, TASK_LENGTH);
    this.tasks = Array.from({ length: slots }, task);
  }

  /** Where the state of a slot stands among the words. */
  at(slot: number): number {
    return FIRST_STATE + STATE_STRIDE * slot;
  }

  /** Has every worker look around. */
  ring(): void {
    Atomics.add(this.words, WORD.bell, 1);
    if (Atomics.load(this.words, WORD.sleepers) > 0) Atomics.notify(this.words, WORD.bell);
  }
}

/** How long either side spins before it sleeps, in ms. */
export const SPIN = 0.03;
