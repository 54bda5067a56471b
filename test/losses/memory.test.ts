// What a program's memory does in the long run, in processes of their own: WebAssembly's own, and all of it.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { REPOSITORY } from "../package/packed.js";
import { SETS } from "../support/sets.js";

/** Runs a program that has celoss as `celoss`, on one kernel set, and gives what it prints as JSON. */
async function run(set: string, program: string): Promise<unknown> {
  const library = JSON.stringify(pathToFileURL(join(REPOSITORY, "dist/index.js")).href);
  const script = `
    const instances = [];
    WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
      construct(Instance, args) {
        instances.push(new Instance(...args));
        return instances.at(-1);
      },
    });
    const celoss = await import(${library});
    celoss.useBackend("${set}");
    ${program}`;
  const args = [...process.execArgv, "--expose-gc", "--input-type=module", "-e", script];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout);
}

for (const set of SETS.filter((set) => set !== "js"))
  test(`the memory of WebAssembly is the same after a batch of 1 and of 100,000 rows, and below 1 MB [${set}]`, async () => {
    const sizes = await run(
      set,
      `const sizes = [];
      for (const rows of [1, 100, 10_000, 100_000]) {
        const logits = new Float32Array(rows * 100);
        const labels = new Int32Array(rows);
        celoss.crossEntropyWithGrad(logits, labels, { labelSmoothing: 0.1 });
        celoss.softmax(logits, { classes: 100 });
        celoss.binaryCrossEntropyWithLogits(logits, logits);
        sizes.push(instances.reduce((sum, { exports }) => sum + (exports.memory?.buffer.byteLength ?? 0), 0));
      }
      console.log(JSON.stringify(sizes));`,
    );
    const [first] = sizes as number[];
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(1e6);
    expect(sizes).toEqual([first, first, first, first]);
  });

describe.each(SETS)("%s", (set) => {
  test("a million calls, which make 2.6 GB of gradients: all memory grows by less than 30 MB", async () => {
    const resident = await run(
      set,
      `const logits = Float32Array.from({ length: 640 }, (_, i) => Math.sin(i));
      const labels = Int32Array.from({ length: 64 }, (_, i) => i % 10);
      const resident = [];
      for (let i = 0; i <= 1_000_000; i++) {
        celoss.crossEntropyWithGrad(logits, labels);
        if (i % 100_000 !== 0) continue;
        gc();
        resident.push(process.memoryUsage.rss());
      }
      console.log(JSON.stringify(resident));`,
    );
    // What the first tenth leaves is the engine's heap and its compiled code.
    const [, first, ...rest] = resident as number[];
    expect(rest).toHaveLength(9);
    expect(Math.max(...rest) - first).toBeLessThan(30e6);
  }, 60_000);
});
