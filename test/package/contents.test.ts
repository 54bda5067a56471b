import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUDGET } from "./budget.js";
import { type Project, packedProject } from "./packed.js";

const VARIANTS = ["simd", "relaxed"];
const ALLOWED = [
  /^package\.json$/,
  /^(README|CHANGELOG)\.md$/,
  /^LICENSE$/,
  /^dist\/(?:[\w-]+\/)*[\w.-]+\.(js|d\.ts)$/,
];

let project: Project;
beforeAll(() => {
  project = packedProject();
});
afterAll(() => project?.dispose());

test("tarball: holds compiled JavaScript, its types, the two binaries and the four documents, nothing else", () => {
  const wasm = VARIANTS.map((variant) => `dist/${variant}.wasm`);
  const paths = project.files.map((file) => file.path);
  const strangers = paths.filter((path) => !wasm.includes(path) && !ALLOWED.some((pattern) => pattern.test(path)));
  expect(strangers).toEqual([]);
  const needed = ["README.md", "LICENSE", "CHANGELOG.md", "dist/index.js", "dist/index.d.ts", "dist/celoss.bundle.js"];
  expect(paths).toEqual(expect.arrayContaining([...needed, ...wasm]));
});

test("tarball: every entry of exports, main and types is in it", () => {
  const manifest = JSON.parse(readFileSync(join(project.library, "package.json"), "utf8"));
  const targets: string[] = [manifest.main, manifest.types];
  JSON.stringify(manifest.exports, (_, value) => {
    if (typeof value === "string") targets.push(value);
    return value;
  });
  const paths = project.files.map((file) => `./${file.path}`);
  expect(paths).toEqual(expect.arrayContaining(targets));
});

test("tarball: depends on @assemblyscript/loader alone", () => {
  const manifest = JSON.parse(readFileSync(join(project.library, "package.json"), "utf8"));
  expect(Object.keys(manifest.dependencies)).toEqual(["@assemblyscript/loader"]);
  expect(manifest.peerDependencies).toBeUndefined();
  expect(manifest.optionalDependencies).toBeUndefined();
});

test(`tarball: at most ${BUDGET.tarball} bytes`, () => {
  console.log(`tarball: ${project.size} bytes, ${project.files.length} files`);
  expect(project.size).toBeLessThanOrEqual(BUDGET.tarball);
});

/** Prints the sizes of packed files, raw and compressed, and returns that of all of them in one stream. */
function brotliSize(...paths: string[]): number {
  const files = paths.map((path) => readFileSync(join(project.library, path)));
  for (const [i, bytes] of files.entries()) {
    console.log(`${paths[i]}: ${bytes.length} bytes, ${brotliCompressSync(bytes).length} bytes brotli`);
  }
  return brotliCompressSync(Buffer.concat(files)).length;
}

test(`bundle: at most ${BUDGET.bundleBrotli} bytes brotli`, () => {
  expect(brotliSize("dist/celoss.bundle.js")).toBeLessThanOrEqual(BUDGET.bundleBrotli);
});

test(`wasm: at most ${BUDGET.wasmBrotli} bytes brotli for both variants together`, () => {
  expect(brotliSize(...VARIANTS.map((variant) => `dist/${variant}.wasm`))).toBeLessThanOrEqual(BUDGET.wasmBrotli);
});
