/** The workers of a call, and the memory that they share with the calling thread. */
import { moduleOf } from "../kernels/instantiate.js";
import type { Variant } from "../kernels/kernels.js";
import { Board, type Message, SPIN, STATE, WORD } from "./board.js";
import { openWorker, type WorkerHandle } from "./host.js";
import { Views } from "./stage.js";

/**
 * Tiles in flight for each worker: waiting, being computed, and computed but not collected yet. With few slots their
 * lines go straight from one core's cache to the other's, which is slower than by way of a cache that both share.
 */
const SLOTS_PER_WORKER = 8;
/** How long a worker may take to start, in ms. */
const START = 30_000;
/** A tile whose worker has not moved for this long is lost: in ms, and in tiles of the calling thread. */
const PATIENCE = 500;
const PATIENCE_TILES = 100;

export class Pool {
  readonly board: Board;
  /** A tile each, laid out like the stage. */
  slots: readonly Views[] = [];
  /** What all tiles of a call have in common, at its place in the stage. */
  constants = new Views(new SharedArrayBuffer(0));
  /** Whether tiles may be posted. */
  usable = true;
  readonly #workers: WorkerHandle[] = [];
  readonly #arrays = new WeakMap<SharedArrayBuffer, number>();
  readonly #released = new FinalizationRegistry<number>((id) => this.#send({ array: { id } }));
  readonly #modules = new Map<Variant, WebAssembly.Module>();
  readonly #mayBlock = mayBlock();
  #ended = false;
  #stride = 0;
  #ids = 0;

  private constructor(
    readonly asked: number,
    private readonly onFailure: (pool: Pool, reason: string) => void,
  ) {
    this.board = new Board(asked * SLOTS_PER_WORKER);
  }

  /** Workers that are there. */
  get size(): number {
    return this.#workers.length;
  }

  /**
   * Starts up to `workers` workers.
   *
   * @param background whether the process may end meanwhile
   * @param onFailure called when a worker is gone, or could not be started while others could
   * @throws when none can be started
   */
  static async start(
    workers: number,
    source: string,
    url: string | URL | undefined,
    variant: Variant,
    background: boolean,
    onFailure: (pool: Pool, reason: string) => void,
  ): Promise<{ pool: Pool; missing?: string }> {
    const pool = new Pool(workers, onFailure);
    const first: Message = { board: { buffer: pool.board.buffer, slots: pool.board.slots }, ...pool.#news(variant) };
    Atomics.store(pool.board.words, WORD.messages, 1);
    const starts = Array.from({ length: workers }, () => pool.#open(source, url, first, background));
    const failed = (await Promise.allSettled(starts)).find((start) => start.status === "rejected");
    const missing = failed === undefined ? undefined : String(failed.reason?.message ?? failed.reason);
    if (pool.size > 0) return { pool, missing };
    pool.usable = false;
    throw new Error(`no worker could be started: ${missing}`);
  }

  /** Opens a worker, which counts once it is ready. */
  #open(source: string, url: string | URL | undefined, first: Message, background: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let ready = false;
      const fail = (reason: string) => {
        clearTimeout(timer);
        if (ready) this.fail(reason);
        else {
          worker?.end();
          reject(new Error(reason));
        }
      };
      const timer = setTimeout(() => fail(`no answer within ${START / 1000} s`), START);
      let worker: WorkerHandle | undefined;
      worker = openWorker(source, url, {
        failure: fail,
        message: () => {
          clearTimeout(timer);
          ready = true;
          worker?.release();
          this.#workers.push(worker as WorkerHandle);
          resolve();
        },
      });
      if (background) {
        worker.release();
        (timer as { unref?(): void }).unref?.();
      }
      worker.post(first);
    });
  }

  /** Ends the workers. What they write from now on, nobody reads. */
  end(): void {
    this.usable = false;
    this.#ended = true;
    for (const worker of this.#workers) worker.end();
  }

  /** For tests: ends one worker, as if it had died. */
  endOne(): void {
    this.#workers[0].end();
  }

  /** Gives the workers up. */
  fail(reason: string): void {
    if (this.#ended) return;
    this.end();
    this.onFailure(this, reason);
  }

  /** Makes ready for tiles of a kernel set, whose regions end at byte `bytes` of the stage. */
  prepare(variant: Variant, bytes: number): void {
    const module = this.#news(variant);
    if (module !== undefined) this.#send(module);
    if (bytes <= this.#stride) return;
    const stride = Math.ceil(bytes / 65536) * 65536;
    const { slots } = this.board;
    const buffer = new SharedArrayBuffer((slots + 1) * stride);
    const views = Array.from({ length: slots + 1 }, (_, i) => new Views(buffer, i * stride, stride));
    this.#stride = stride;
    this.slots = views;
    this.constants = views[slots];
    this.#send({ ring: { buffer, stride } });
  }

  /** The module of a kernel set where the workers do not have it yet. */
  #news(variant: Variant): Message | undefined {
    if (variant === "js") return undefined;
    const module = moduleOf(variant);
    if (this.#modules.get(variant) === module) return undefined;
    this.#modules.set(variant, module);
    return { module: { variant, module } };
  }

  /** The number under which the workers know a shared array; they are told where they do not. */
  share(buffer: SharedArrayBuffer): number {
    let id = this.#arrays.get(buffer);
    if (id === undefined) {
      id = ++this.#ids;
      this.#arrays.set(buffer, id);
      this.#released.register(buffer, id);
      this.#send({ array: { id, buffer } });
    }
    return id;
  }

  #send(message: Message): void {
    if (this.#ended) return;
    for (const worker of this.#workers) worker.post(message);
    Atomics.add(this.board.words, WORD.messages, 1);
    this.board.ring();
  }

  state(slot: number): number {
    return Atomics.load(this.board.words, this.board.at(slot));
  }

  set(slot: number, state: number): void {
    Atomics.store(this.board.words, this.board.at(slot), state);
  }

  /** Takes a tile that no worker has begun away from them. */
  takeBack(slot: number): boolean {
    const at = this.board.at(slot);
    return Atomics.compareExchange(this.board.words, at, STATE.ready, STATE.own) === STATE.ready;
  }

  /**
   * Waits for a tile that a worker has begun.
   *
   * @param tile how long the calling thread takes for one, in ms
   * @returns false when it will not come: the worker failed, or has not moved for too long
   */
  wait(slot: number, tile: number): boolean {
    const { words } = this.board;
    const at = this.board.at(slot);
    // Once the workers are given up, only those that are writing right now matter.
    const patience = this.usable ? Math.max(PATIENCE, PATIENCE_TILES * tile) : 0;
    const begin = performance.now();
    for (;;) {
      const state = Atomics.load(words, at);
      if (state === STATE.done) return true;
      if (state === STATE.failed) {
        this.usable = false; // the worker's error follows, as an event
        return false;
      }
      const waited = performance.now() - begin;
      if (waited >= patience && this.#giveUp(at, waited >= patience + PATIENCE)) return false;
      if (waited < SPIN || !this.#mayBlock) continue;
      Atomics.store(words, WORD.waiting, 1);
      Atomics.wait(words, at, state, PATIENCE / 4);
      Atomics.store(words, WORD.waiting, 0);
    }
  }

  /** A worker that is writing its results needs a moment; only one that died there never ends. */
  #giveUp(at: number, evenWriting: boolean): boolean {
    const was = Atomics.compareExchange(this.board.words, at, STATE.taken, STATE.lost);
    if (was !== STATE.taken && !evenWriting) return false;
    this.fail("a worker did not answer");
    return true;
  }
}

/** Whether this thread may sleep; a browser's main thread may not. */
function mayBlock(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1);
    return true;
  } catch {
    return false;
  }
}
