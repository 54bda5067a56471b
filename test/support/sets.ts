import { afterAll, beforeAll, describe, expect } from "vitest";
import { backend, useBackend } from "../../src/index.js";

export const SETS = ["js", "simd", "relaxed"] as const;
export type KernelSet = (typeof SETS)[number];

/** Runs `body` as a describe block over every kernel set. A set that cannot run fails; none is skipped. */
export function describeSets(name: string, body: (set: KernelSet) => void): void {
  for (const set of SETS) {
    describe(`${name} [${set}]`, () => {
      beforeAll(() => {
        useBackend(set);
        expect(backend().variant).toBe(set);
      });
      afterAll(() => useBackend());
      body(set);
    });
  }
}
