// Where shared memory is slow to copy, as in browsers: this process and its workers find no Buffer.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { crossEntropyWithGrad, useThreads } from "../../src/index.js";
import { COPIES_FAST, phaseOf } from "../../src/input/sharedMemory.js";
import { setThreadMinimum } from "../../src/sweep/sweep.js";
import { currentPool } from "../../src/sweep/threads.js";
import { REPOSITORY } from "../package/packed.js";
import { encode } from "../support/halves.js";
import { identical } from "../support/near.js";
import { Rng } from "../support/rng.js";
import { alone, shared } from "./support.js";

const HIDE = `
  const { getBuiltinModule } = process;
  process.getBuiltinModule = (name) => (name === "node:buffer" ? undefined : getBuiltinModule(name));
`;
vi.hoisted(() => {
  const { getBuiltinModule } = process;
  process.getBuiltinModule = ((name: string) =>
    name === "node:buffer" ? undefined : getBuiltinModule(name)) as typeof getBuiltinModule;
});

const SEED = 31;
let folder = "";
let minimum = 0;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "celoss-"));
  const worker = join(folder, "worker.mjs");
  writeFileSync(
    worker,
    `${HIDE} await import(${JSON.stringify(String(pathToFileURL(join(REPOSITORY, "dist/worker.js"))))});`,
  );
  minimum = setThreadMinimum(0);
  await useThreads(2, { workerUrl: pathToFileURL(worker) });
});
afterAll(async () => {
  setThreadMinimum(minimum);
  await useThreads(1);
  rmSync(folder, { recursive: true });
});

test("data keep their place within 8 bytes", () => {
  expect(COPIES_FAST).toBe(false);
  expect([0, 4, 8, 14].map(phaseOf)).toEqual([0, 4, 0, 6]);
});

describe(`the same to the bit as on one thread, ordinary and shared arrays that begin anywhere [seed ${SEED}]`, () => {
  for (const [rows, classes] of [
    [157, 1_003],
    [5, 50_257],
  ] as const) {
    const rng = new Rng(SEED + classes);
    const labels = rng.labels(rows, classes);
    const float32 = rng.logits(rows * classes);
    const bits = encode(float32, "bfloat16");

    const place = <A extends Float32Array | Uint16Array>(array: A, begin: number | undefined): A =>
      begin === undefined ? (array.slice() as A) : shared(array, begin);

    test.each([
      [undefined, undefined],
      [0, 0],
      [1, 0],
      [0, 1],
      [3, 1],
      [1, undefined],
      [undefined, 1],
    ])(`${rows}×${classes}, logits from %s, gradient from %s`, (from, to) => {
      for (const array of [float32, bits]) {
        const call = () => {
          const grad = place(array, to).fill(0);
          return crossEntropyWithGrad(place(array, from), labels, {
            classes,
            grad,
            ...(array === bits && { dtype: "bfloat16" as const }),
          });
        };
        const want = alone(call);
        const pool = currentPool();
        expect(pool).toBeDefined();
        for (let i = 0; i < 3; i++) {
          const got = call();
          expect(got.loss).toBe(want.loss);
          identical(got.grad as Float32Array, want.grad as Float32Array, "gradient");
        }
        expect(currentPool()).toBe(pool);
      }
    });
  }
});
