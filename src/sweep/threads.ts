import workerSource from "../generated/worker.js";
import { rangeError } from "../input/errors.js";
import { integer, knownOptions } from "../input/options.js";
import { currentVariant, setThreads } from "../kernels/choose.js";
import { parallelism } from "./host.js";
import { Pool } from "./pool.js";

export interface ThreadOptions {
  /**
   * Where `celoss/worker` is served, for pages whose content security policy forbids workers from `blob:` URLs; with the
   * header Cross-Origin-Embedder-Policy: require-corp, like the page. Not needed anywhere else.
   */
  workerUrl?: string | URL;
}

/** More than this by default gains little: the memory is the limit then. */
const DEFAULT_LIMIT = 16;
const LIMIT = 256;
/** How often in a row workers that died are replaced. */
const REPLACEMENTS = 3;

let wanted: { readonly threads: number; readonly url: string | URL | undefined } = { threads: 1, url: undefined };
let pool: Pool | undefined;
let changes: Promise<void> | undefined;
let replacements = 0;

/**
 * Spreads large inputs of all calls to come over several threads, the caller's among them; the functions stay
 * synchronous, and their results are the same to the bit. Small inputs stay on the calling thread, where they are faster.
 * Workers need no end: they sleep when there is nothing to do, and a process that has nothing else to do ends.
 *
 * @param threads how many, the caller's included; default as many as run at the same time here, 16 at most; 1 ends the
 *   workers
 * @returns when the workers are ready; `backend()` says how many there are
 * @throws {RangeError} unless 1 ≤ threads ≤ 256
 * @throws {Error} where the host has no SharedArrayBuffer or starts no workers; what ran before goes on
 */
export async function useThreads(threads?: number, options: ThreadOptions = {}): Promise<void> {
  knownOptions(options, ["workerUrl"]);
  const count = integer("threads", threads, Math.min(parallelism(), DEFAULT_LIMIT), { min: 1, max: LIMIT });
  await inTurn(() => change(count, options.workerUrl));
}

/** One change after another: each sees what the last one left. */
function inTurn(change: () => void | Promise<void>): Promise<void> {
  const turn = (changes ?? Promise.resolve()).then(change);
  changes = turn.catch(() => {}); // whoever asked for it hears of it
  return turn;
}

async function change(threads: number, url: string | URL | undefined): Promise<void> {
  if (threads > 1) requireShared("useThreads");
  if (pool?.usable && threads === pool.size + 1 && url === wanted.url) return;
  const next = threads > 1 ? await start(threads, url, false) : undefined;
  wanted = { threads, url };
  replacements = 0;
  use(next?.pool, next?.missing);
}

function start(threads: number, url: string | URL | undefined, background: boolean) {
  return Pool.start(threads - 1, workerSource, url, currentVariant(), background, replace);
}

function use(next: Pool | undefined, reason?: string): void {
  const old = pool;
  pool = next;
  old?.end();
  setThreads(next === undefined ? 1 : next.size + 1, reason);
}

/** Starts others in the place of workers that are gone; until they are ready, calls run on their own thread. */
function replace(lost: Pool, reason: string): void {
  if (lost !== pool) return;
  use(undefined, `a worker is gone: ${reason}`);
  if (replacements++ >= REPLACEMENTS) return;
  void inTurn(async () => {
    if (pool !== undefined || wanted.threads === 1) return;
    try {
      const next = await start(wanted.threads, wanted.url, true);
      use(next.pool, next.missing);
    } catch (error) {
      use(undefined, `workers that are gone were not replaced: ${error instanceof Error ? error.message : error}`);
    }
  });
}

/** The workers for a call, where there are any. */
export function currentPool(): Pool | undefined {
  return pool?.usable ? pool : undefined;
}

/** Notes that the workers did their part of a call: those that die later are replaced again. */
export function workersServed(): void {
  replacements = 0;
}

function requireShared(name: string): void {
  if (typeof SharedArrayBuffer === "function") return;
  throw new Error(
    `${name} needs SharedArrayBuffer, which a browser only has in pages served with the headers ` +
      "Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp",
  );
}

/**
 * A Float32Array on shared memory: workers read logits from it and write gradients to it without a copy. Any other
 * typed array on a SharedArrayBuffer serves as well.
 *
 * @param length elements, all 0
 * @throws {RangeError} for a length that cannot be
 * @throws {Error} where the host has no SharedArrayBuffer
 */
export function sharedFloat32(length: number): Float32Array<SharedArrayBuffer> {
  const elements = integer("length", length, undefined, { min: 0 });
  requireShared("sharedFloat32");
  try {
    return new Float32Array(new SharedArrayBuffer(4 * elements));
  } catch {
    throw rangeError("length", "as many float32 as memory can hold", length);
  }
}
