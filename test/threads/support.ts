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
