import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BuildOptions, buildSync } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Project, packedProject, runNode } from "./packed.js";

/** −ln softmax(2, 1, 0.1)₀ on the two sets of kernels that every supported Node runs without a flag. */
const USE = `
const losses = ["simd", "js"].map((variant) => {
  celoss.useBackend(variant);
  return celoss.crossEntropy([2, 1, 0.1], [0]);
});
console.log(JSON.stringify(losses));
`;
const EXPECTED = 0.41703001627783;

function expectLosses(printed: string): void {
  const losses: number[] = JSON.parse(printed);
  expect(losses).toHaveLength(2);
  for (const loss of losses) expect(Math.abs(loss - EXPECTED)).toBeLessThan(1e-13);
}

let project: Project;
let empty: string;
beforeAll(() => {
  project = packedProject();
  empty = mkdtempSync(join(tmpdir(), "celoss-alone-"));
});
afterAll(() => {
  project?.dispose();
  if (empty) rmSync(empty, { recursive: true, force: true });
});

test("import: from the packed library, loss within 1e-13", () => {
  expectLosses(runNode(project.write("import.mjs", `import * as celoss from "celoss";${USE}`)));
});

test("require(): from CommonJS where Node has it, else ERR_REQUIRE_ESM", () => {
  const script = project.write("require.cjs", `const celoss = require("celoss");${USE}`);
  if (process.features.require_module) expectLosses(runNode(script));
  else expect(() => runNode(script)).toThrow("ERR_REQUIRE_ESM");
});

test("core.wasm and relaxed.wasm: their paths resolve to WebAssembly", () => {
  for (const name of ["celoss/core.wasm", "celoss/relaxed.wasm"]) {
    const path = createRequire(join(project.root, "package.json")).resolve(name);
    expect(readFileSync(path).subarray(0, 4).toString("latin1")).toBe("\0asm");
  }
});

test("bundle: one file that runs without node_modules, loss within 1e-13", () => {
  const script = join(empty, "bundle.mjs");
  copyFileSync(join(project.library, "dist/celoss.bundle.js"), join(empty, "celoss.bundle.js"));
  writeFileSync(script, `import * as celoss from "./celoss.bundle.js";${USE}`);
  expectLosses(runNode(script));
});

describe("esbuild", () => {
  const bundle = (text: string, options: BuildOptions) => {
    const { outputFiles } = buildSync({
      stdin: { contents: text, resolveDir: project.root },
      bundle: true,
      write: false,
      logLevel: "silent",
      ...options,
    });
    return outputFiles?.[0].text ?? "";
  };

  test.each(["browser", "node"] as const)("an application for the %s runs alone, loss within 1e-13", (platform) => {
    const script = join(empty, `${platform}.mjs`);
    writeFileSync(script, bundle(`import * as celoss from "celoss";${USE}`, { platform, format: "esm" }));
    expectLosses(runNode(script));
  });

  test("an import that nobody uses leaves nothing behind", () => {
    expect(bundle(`import { crossEntropy } from "celoss";`, { format: "esm", minify: true }).trim()).toBe("");
  });
});

describe("TypeScript", () => {
  const CONSUMER = `
import { CrossEntropyWorkspace, backend, crossEntropy, crossEntropyWithGrad, softmax } from "celoss";
import core from "celoss/core.wasm";

const logits = new Float32Array([2, 1, 0.1]);
export const loss: number = crossEntropy(logits, [0]);
export const losses: Float32Array | Float64Array = crossEntropy(logits, [0], { reduction: "none" });
export const both: { loss: number; grad: ArrayLike<number> } = crossEntropyWithGrad(logits, [0], { labelSmoothing: 0.1 });
export const probabilities: ArrayLike<number> = softmax(logits);
export const variant: "simd" | "relaxed" | "js" = backend().variant;
export const tensor: number = crossEntropy({ data: logits, dims: [1, 3], type: "float32" }, new BigInt64Array([0n]));
const work = new CrossEntropyWorkspace({ rows: 1, classes: 3 });
export const views: Float64Array = work.losses;
work.dispose();
export const module: WebAssembly.Module = core;
// @ts-expect-error: no such reduction
crossEntropy(logits, [0], { reduction: "average" });
// @ts-expect-error: no such option
crossEntropy(logits, [0], { ignore_index: 1 });
// @ts-expect-error: logits are numbers
crossEntropy("2, 1, 0.1", [0]);
`;
  const require = createRequire(import.meta.url);
  const tsc = join(require.resolve("typescript/package.json"), "..", require("typescript/package.json").bin.tsc);

  test.each([
    { module: "nodenext", moduleResolution: "nodenext" },
    { module: "esnext", moduleResolution: "bundler" },
  ])("strict, $moduleResolution resolution, checking the library's own types too", (resolution) => {
    project.write("consumer.ts", CONSUMER);
    const compilerOptions = { target: "es2022", strict: true, skipLibCheck: false, noEmit: true, types: [] };
    const config = { compilerOptions: { ...compilerOptions, ...resolution }, files: ["consumer.ts"] };
    const path = project.write("tsconfig.json", JSON.stringify(config));
    const { stdout, status } = spawnSync(process.execPath, [tsc, "-p", path], { encoding: "utf8" });
    expect(stdout).toBe("");
    expect(status).toBe(0);
  });
});
