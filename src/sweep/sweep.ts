/** Moves tiles of rows through a stage: on the calling thread, or on it and those of a pool. */
import type { ElementType, NumberArray } from "../input/elements.js";
import { copyRowsIn, copyRowsOut, type RowsView } from "../input/rows.js";
import { COPIES_FAST, copyBytes, isShared, phaseOf } from "../input/sharedMemory.js";
import { KERNELS, type Kernels, VARIANTS } from "../kernels/kernels.js";
import { STATE, STEP, TASK, TYPES } from "./board.js";
import type { Pool } from "./pool.js";
import { copyOut, widen } from "./rows.js";
import { type ComputeType, elementBytes, isNarrow, type Stage, type Views } from "./stage.js";
import { currentPool, workersServed } from "./threads.js";

/** Rows of the caller's, their place in the stage and how they stand there. */
export interface Place {
  readonly view: RowsView;
  readonly at: number;
  readonly type: ComputeType;
}

export interface Input extends Place {
  /** Whether `fill` changes what was copied. */
  readonly edited: boolean;
}

/** Bytes a row, or bytes that all rows have in common. */
export interface Region {
  readonly at: number;
  readonly bytes: number;
}

/** What another thread needs to know to compute a tile; all offsets are those of the stage. */
export interface Task {
  readonly kernel: (typeof KERNELS)[number] & keyof Kernels;
  /** The kernel's arguments behind the first one, which is how many rows or elements there are. */
  readonly args: readonly number[];
  readonly perRow: number;
  readonly constants: readonly Region[];
  /** What `fill` writes. */
  readonly inputs: readonly Region[];
  /** What `collect` reads. */
  readonly outputs: readonly Region[];
}

/** A call, cut into tiles of `tile` rows, which are `rows` together. */
export interface Tiles {
  readonly stage: Stage;
  /** Where the regions end in the stage. */
  readonly end: number;
  readonly rows: number;
  readonly tile: number;
  readonly inputs: readonly Input[];
  /** Where results go, in the element type of the logits. */
  readonly result: Place | undefined;
  /** Writes what all tiles have in common. */
  prepare(memory: Views): void;
  /** Writes what the kernel reads of rows first…first + count besides the inputs. */
  fill(memory: Views, first: number, count: number): void;
  /** Runs the kernel over the first `count` rows of the stage; returns what it returns. */
  run(count: number): number;
  /** Takes what the kernel left, in row order. */
  collect(memory: Views, first: number, count: number, value: number): void;
  task(): Task;
}

/** Elements of a call from which on other threads take part: below, telling them costs more than they gain. */
let minimum = 48_000;
/** So many times that where something goes through slots and shared memory is slow to copy. */
const TIMES_WITH_SLOW_SLOTS = 5;
/** Bytes of a tile above which slots would need too much memory. */
const SLOT_LIMIT = 2 ** 24;
/** The share of a tile's time on the calling thread up to which handing it over pays. */
const WORTH = 0.9;
/** Tiles handed over before that is asked: the first ones wake a worker, or meet code that is not compiled yet. */
const TRIALS = 8;
/** Calls of ordinary arrays that stay on this thread after one in which handing tiles over did not pay. */
const REST = 30;
let resting = 0;
let calls = 0;

/** For tests: elements from which on calls are spread over threads, 0 for all that have two tiles. Returns what it was. */
export function setThreadMinimum(elements: number): number {
  const was = minimum;
  minimum = elements;
  return was;
}

export function sweep(tiles: Tiles): void {
  const { rows, tile, stage, inputs } = tiles;
  tiles.prepare(stage);
  const elements = rows * inputs[0].view.classes;
  if (rows > tile && elements >= minimum && tiles.end <= SLOT_LIMIT) {
    const pool = currentPool();
    if (pool !== undefined && elements >= breakEven(tiles) && (minimum === 0 || isDirectCall(tiles) || hasRested())) {
      new SharedSweep(tiles, pool).run();
      return;
    }
  }
  for (let first = 0; first < rows; first += tile) {
    const count = Math.min(tile, rows - first);
    tiles.collect(stage, first, count, compute(tiles, first, count));
  }
}

function breakEven(tiles: Tiles): number {
  return COPIES_FAST || isDirectCall(tiles) ? minimum : minimum * TIMES_WITH_SLOW_SLOTS;
}

function hasRested(): boolean {
  if (resting === 0) return true;
  resting--;
  return false;
}

/** Whether nothing goes through slots but what is small. */
function isDirectCall(tiles: Tiles): boolean {
  return tiles.inputs.every((input) => isDirect(tiles, input)) && (tiles.result === undefined || isDirectResult(tiles));
}

/** Whether workers can read an input where it is. */
function isDirect({ stage }: Tiles, input: Input): boolean {
  const { view, edited } = input;
  return !edited && isShared(view.data) && isRunLike(view, stage.view(arrivalType(input)));
}

/** Whether workers can write results where they go. One that dies while it writes must not take the logits with it. */
function isDirectResult({ stage, inputs, result }: Tiles): boolean {
  if (result === undefined || !isShared(result.view.data)) return false;
  if (!isRunLike(result.view, stage.view(slotType(result)))) return false;
  return inputs.every((input) => input.view.data.buffer !== result.view.data.buffer);
}

/** Type of the elements of a result in a slot. */
function slotType({ view, type }: Place): ElementType {
  return isNarrow(view.type) ? view.type : type;
}

/** Type that an input arrives in the stage in: 16-bit elements as they are, to be widened there unless to float64. */
function arrivalType({ view, type }: Place): ElementType {
  return isNarrow(view.type) && type === "float32" ? view.type : type;
}

/** Where elements of this type arrive: what is to be widened at the end of its place, as aligned as that is. */
function arrivalAt(at: number, type: ElementType, elements: number): number {
  return isNarrow(type) ? at + Math.ceil(elements / 4) * 8 : at;
}

/** A tile on this thread, from the caller's arrays to the result; what is left in the stage is for `collect`. */
function compute(tiles: Tiles, first: number, count: number): number {
  const { stage, inputs, result } = tiles;
  for (const input of inputs) {
    const { view } = input;
    const elements = count * view.classes;
    const type = arrivalType(input);
    const at = arrivalAt(input.at, type, elements);
    const to = stage.view(type);
    // Small arrays have no buffer until it is asked for.
    const phase = elements < 1024 || !isShared(view.data) ? 0 : phaseOfRow(view, first, to);
    copyRowsIn(view, first, count, to, (at + phase) / to.BYTES_PER_ELEMENT);
    if (phase !== 0) stage.u8.copyWithin(at, at + phase, at + phase + elements * to.BYTES_PER_ELEMENT);
    if (isNarrow(type)) widen(stage, at, elements, type, input.at);
  }
  tiles.fill(stage, first, count);
  const value = tiles.run(count);
  if (result !== undefined) copyOut(stage, result.at, result.type, result.view, first, count);
  return value;
}

/** Where a row should begin within 8 bytes, when rows follow one another as the elements of `there` do; 0 otherwise. */
function phaseOfRow(view: RowsView, first: number, there: NumberArray): number {
  return isRunLike(view, there) ? phaseOf(byteOf(view, first)) : 0;
}

function isRunLike(view: RowsView, there: NumberArray): boolean {
  return view.contiguous && view.data[Symbol.toStringTag] === there[Symbol.toStringTag];
}

function byteOf(view: RowsView, row: number): number {
  return view.data.byteOffset + (view.offset + row * view.classes) * view.data.BYTES_PER_ELEMENT;
}

/**
 * A sweep on several threads. Tile t stands in slot t mod slots from when it is posted, or computed here out of turn,
 * until it is collected. This thread posts what the workers can take soon, computes tiles itself meanwhile, takes back
 * in the end what none of them has begun, and waits for nothing but tiles that are being computed.
 */
class SharedSweep {
  readonly #task: Task;
  readonly #call = ++calls;
  readonly #count: number;
  /** For each input and the result, its number among shared arrays when workers may use it there; 0 otherwise. */
  readonly #direct: readonly number[];
  readonly #directResult: number;
  readonly #resultType: ElementType;
  readonly #isDirect: boolean;
  /** The task of a tile of so many rows; where each input and the result are copied in it, and how inputs arrive. */
  #program: readonly number[] = [];
  #programRows = 0;
  #arrivals: readonly { readonly type: ElementType; readonly at: number; readonly step: number }[] = [];
  #resultStep = 0;
  #posted = 0;
  #collected = 0;
  /** Whether a worker has computed a tile. */
  #served = false;
  /** The longest tile of this thread, in ms. */
  #longest = 0;
  /** Tiles handed over. */
  #handed = 0;
  /** The least that this thread spent on a tile of its own, on handing one over and on copying its result, in ms. */
  #own = Number.POSITIVE_INFINITY;
  #handing = Number.POSITIVE_INFINITY;
  #fetching = Number.POSITIVE_INFINITY;

  constructor(
    private readonly tiles: Tiles,
    private readonly pool: Pool,
  ) {
    const { stage, inputs, result } = tiles;
    this.#task = tiles.task();
    this.#count = Math.ceil(tiles.rows / tiles.tile);
    pool.prepare(stage.variant, tiles.end);
    tiles.prepare(pool.constants);
    this.#resultType = slotType(result ?? inputs[0]);
    this.#isDirect = isDirectCall(tiles);
    const share = ({ view }: Place) => pool.share(view.data.buffer as SharedArrayBuffer);
    this.#direct = inputs.map((input) => (isDirect(tiles, input) ? share(input) : 0));
    this.#directResult = result !== undefined && isDirectResult(tiles) ? share(result) : 0;
  }

  run(): void {
    const { pool } = this;
    const count = this.#count;
    const slots = pool.slots.length - 1;
    try {
      for (this.#collect(); this.#collected < count; this.#collect()) {
        if (this.#posted < count && this.#posted - this.#collected < slots) {
          if (this.#posted < count - 1 && this.#pays() && this.#waiting() < 2 * pool.size) this.#post(this.#posted++);
          else this.#compute(this.#posted++);
        } else this.#takeBackOrWait();
      }
    } catch (error) {
      pool.fail("a call was interrupted");
      throw error;
    }
    if (pool.usable && this.#served) workersServed();
    if (!this.#isDirect && !this.#pays()) resting = REST;
  }

  /**
   * Whether a tile costs this thread less when a worker computes it. What goes through slots moves from core to
   * core on its way in and out, which can take as long as the arithmetic.
   */
  #pays(): boolean {
    if (minimum === 0 || this.#isDirect || this.#handed < TRIALS) return this.pool.usable;
    const fetching = Number.isFinite(this.#fetching) ? this.#fetching : 0;
    return this.pool.usable && this.#handing + fetching < WORTH * this.#own;
  }

  /** Tiles that no worker has begun. */
  #waiting(): number {
    let waiting = 0;
    for (let t = this.#collected; t < this.#posted; t++) if (this.pool.state(this.#slot(t)) === STATE.ready) waiting++;
    return waiting;
  }

  #slot(t: number): number {
    return t % this.pool.board.slots;
  }

  #rows(t: number): number {
    return Math.min(this.tiles.tile, this.tiles.rows - t * this.tiles.tile);
  }

  /** Puts a tile and its task into its slot, for whichever worker comes first. */
  #post(t: number): void {
    const begin = this.#isDirect ? 0 : performance.now();
    const { tiles, pool } = this;
    const slot = this.#slot(t);
    const memory = pool.slots[slot];
    const first = t * tiles.tile;
    const rows = this.#rows(t);
    const task = pool.board.tasks[slot];
    if (rows !== this.#programRows) this.#assemble(rows);
    const program = this.#program;
    for (let i = 0; i < program.length; i++) task[i] = program[i];
    for (let k = 0; k < tiles.inputs.length; k++) {
      const { view, edited } = tiles.inputs[k];
      const { type, at, step } = this.#arrivals[k];
      const to = memory.view(type);
      const phase = edited ? 0 : phaseOfRow(view, first, to);
      const offset = this.#direct[k] !== 0 ? byteOf(view, first) : at + phase;
      if (this.#direct[k] === 0) copyRowsIn(view, first, rows, to, offset / to.BYTES_PER_ELEMENT);
      task[step + 2] = offset;
    }
    tiles.fill(memory, first, rows);
    const { result } = tiles;
    if (result !== undefined) {
      const direct = this.#directResult !== 0;
      task[this.#resultStep + 2] = direct ? byteOf(result.view, first) : this.#resultAt(result, first, memory);
    }
    pool.set(slot, STATE.ready);
    pool.board.ring();
    this.#handed++;
    if (!this.#isDirect) this.#handing = Math.min(this.#handing, performance.now() - begin);
  }

  /** Writes the task of a tile of `rows` rows, but for the offsets of what workers copy from and to where it lies. */
  #assemble(rows: number): void {
    const { tiles } = this;
    const { kernel, args, perRow, constants, inputs, outputs } = this.#task;
    const program = new Array<number>(TASK.program).fill(0);
    program[TASK.variant] = VARIANTS.indexOf(tiles.stage.variant);
    program[TASK.bytes] = tiles.end - tiles.stage.base;
    program[TASK.call] = this.#call;
    for (const { at, bytes } of constants) program.push(STEP.constant, at, bytes);
    // In the order of their places, before the rest: data out of phase reach a few bytes too far at first.
    this.#arrivals = tiles.inputs.map((input, k) => {
      const { view, edited } = input;
      const elements = rows * view.classes;
      // What `fill` changes has to be there in the type that it changes.
      const type = edited ? input.type : arrivalType(input);
      const at = arrivalAt(input.at, type, elements);
      const step = program.push(STEP.copyIn, this.#direct[k], 0, at, elements * elementBytes(type)) - 5;
      if (isNarrow(type)) program.push(STEP.widen, at, elements, TYPES.indexOf(type), input.at);
      return { type, at, step };
    });
    for (const { at, bytes } of inputs) program.push(STEP.copyIn, 0, at, at, bytes * rows);
    program.push(STEP.call, KERNELS.indexOf(kernel), args.length + 1, rows * perRow, ...args);
    const { result } = tiles;
    const elements = result === undefined ? 0 : rows * result.view.classes;
    if (result !== undefined && isNarrow(this.#resultType)) {
      program.push(STEP.narrow, result.at, elements, TYPES.indexOf(result.type), TYPES.indexOf(this.#resultType));
    }
    program.push(STEP.commit);
    for (const { at, bytes } of outputs) program.push(STEP.copyOut, 0, at, at, bytes * rows);
    if (result !== undefined) {
      const bytes = elements * elementBytes(this.#resultType);
      this.#resultStep = program.push(STEP.copyOut, this.#directResult, 0, result.at, bytes) - 5;
    }
    program.push(STEP.end);
    this.#program = program;
    this.#programRows = rows;
  }

  /** Where the result of rows from `first` on stands in a slot. */
  #resultAt({ view, at }: Place, first: number, memory: Views): number {
    return at + phaseOfRow(view, first, memory.view(this.#resultType));
  }

  /** Computes a tile here. Out of turn, what is to be collected waits in its slot. */
  #compute(t: number): void {
    const { tiles, pool } = this;
    const first = t * tiles.tile;
    const rows = this.#rows(t);
    // The clock is asked where that decides something, and once for how long to wait for another thread.
    const timed = !this.#isDirect || this.#longest === 0;
    const begin = timed ? performance.now() : 0;
    const value = compute(tiles, first, rows);
    if (timed) {
      const time = performance.now() - begin;
      this.#longest = Math.max(this.#longest, time);
      this.#own = Math.min(this.#own, time);
    }
    const slot = this.#slot(t);
    if (t === this.#collected) {
      tiles.collect(tiles.stage, first, rows, value);
      this.#collected++;
      pool.set(slot, STATE.free);
      return;
    }
    const { u8 } = tiles.stage;
    for (const { at, bytes } of this.#task.outputs)
      copyBytes(u8.subarray(at, at + bytes * rows), pool.slots[slot].u8, at);
    pool.board.tasks[slot][TASK.value] = value;
    pool.set(slot, STATE.own);
  }

  /** Collects what is ready, up to the first tile that is not. */
  #collect(): void {
    const { tiles, pool } = this;
    for (; this.#collected < this.#posted; this.#collected++) {
      const slot = this.#slot(this.#collected);
      const state = pool.state(slot);
      if (state !== STATE.done && state !== STATE.own) return;
      const first = this.#collected * tiles.tile;
      const rows = this.#rows(this.#collected);
      const memory = pool.slots[slot];
      this.#served ||= state === STATE.done;
      tiles.collect(memory, first, rows, pool.board.tasks[slot][TASK.value]);
      const { result } = tiles;
      if (state === STATE.done && result !== undefined && this.#directResult === 0) {
        const begin = performance.now();
        const from = memory.view(this.#resultType);
        copyRowsOut(from, this.#resultAt(result, first, memory) / from.BYTES_PER_ELEMENT, result.view, first, rows);
        this.#fetching = Math.min(this.#fetching, performance.now() - begin);
      }
      pool.set(slot, STATE.free);
    }
  }

  #takeBackOrWait(): void {
    const { pool } = this;
    for (let t = this.#collected; t < this.#posted; t++) {
      if (!pool.takeBack(this.#slot(t))) continue;
      this.#compute(t);
      return;
    }
    if (!pool.wait(this.#slot(this.#collected), this.#longest)) this.#compute(this.#collected);
  }
}
