import { describe, expect, test } from "vitest";
import { copyRun } from "../../src/input/copy.js";
import { COPIES_FAST, copyBytes, isShared, phaseOf } from "../../src/input/sharedMemory.js";

const LENGTHS = [0, 1, 31, 1023, 1024, 1025, 5000];
const buffers = (bytes: number) => [new ArrayBuffer(bytes), new SharedArrayBuffer(bytes)];

test("Node copies shared memory like any other, from any place", () => {
  expect(COPIES_FAST).toBe(true);
  expect([0, 4, 7].map(phaseOf)).toEqual([0, 0, 0]);
});

test("isShared", () => {
  expect(buffers(8).map((buffer) => isShared(new Float32Array(buffer)))).toEqual([false, true]);
});

describe.each(LENGTHS)("%i elements, and nothing beside them", (length) => {
  const places = [0, 1, 3].flatMap((start) => [0, 1, 5].map((at) => [start, at] as const));

  test("copyBytes", () => {
    for (const [start, at] of places) {
      for (const source of buffers(length + start)) {
        for (const target of buffers(length + at + 9)) {
          const from = new Uint8Array(source, start, length);
          for (let i = 0; i < length; i++) from[i] = i * 7 + 1;
          const to = new Uint8Array(target).fill(255);
          copyBytes(from, to, at);
          expect([...to]).toEqual([...new Uint8Array(at).fill(255), ...from, ...new Uint8Array(9).fill(255)]);
        }
      }
    }
  });

  test("copyRun: the same class and another, NaN and all", () => {
    for (const [start, at] of places) {
      for (const source of buffers(4 * (length + start + 2))) {
        for (const target of buffers(4 * (length + at + 3))) {
          for (const Class of [Float32Array, Int32Array]) {
            // Views that do not begin where their buffers do.
            const from = new Float32Array(source as ArrayBuffer, 4).fill(Number.NaN);
            const values = Array.from({ length }, (_, i) => i + (Class === Float32Array ? 0.5 : 0));
            from.set(values, start);
            const to = new Class(target as ArrayBuffer, 4).fill(-1);
            copyRun(from, start, length, to, at);
            expect([...to]).toEqual([...new Array(at).fill(-1), ...values, -1, -1]);
          }
        }
      }
    }
  });
});
