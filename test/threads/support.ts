import { afterAll, beforeAll, describe, expect } from "vitest";
import { backend, useBackend, useThreads } from "../../src/index.js";
import { setThreadMinimum } from "../../src/sweep/sweep.js";
import { SETS } from "../support/sets.js";

/** Runs `body` as a describe block over every kernel set and number of threads, all of whose calls of two tiles spread. */
export function describeThreads(name: string, body: () => void, threads: readonly number[] = [1, 2, 3]): void {
  for (const set of SETS) {
    for (const count of threads) {
      describe(`${name} [${set}, ${count} threads]`, () => {
        let minimum = 0;
        beforeAll(async () => {
          minimum = setThreadMinimum(0);
          useBackend(set);
          await useThreads(count);
          expect(backend()).toMatchObject({ variant: set, threads: count });
        });
        afterAll(async () => {
          setThreadMinimum(minimum);
          useBackend();
          await useThreads(1);
        });
        body();
      });
    }
  }
}

/** What `call` gives on one thread. */
export function alone<T>(call: () => T): T {
  const minimum = setThreadMinimum(Infinity);
  try {
    return call();
  } finally {
    setThreadMinimum(minimum);
  }
}

/** A copy on shared memory, from element `begin` on. */
export function shared<A extends Float32Array | Float64Array | Uint16Array>(array: A, begin = 0): A {
  const Class = array.constructor as new (buffer: SharedArrayBuffer, at: number, length: number) => A;
  const copy = new Class(
    new SharedArrayBuffer((array.length + begin) * array.BYTES_PER_ELEMENT),
    begin * array.BYTES_PER_ELEMENT,
    array.length,
  );
  copy.set(array as never);
  return copy;
}
