import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { transformSync } from "esbuild";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, type TestContext, test } from "vitest";
import { type Project, packedProject } from "../package/packed.js";
import { type Celoss, encode, type Report, runVariants, SEED, type Variant } from "./cases.js";
import { findChromium, launch, NO_BROWSER } from "./chromium.js";
import { type Page, type Server, serve } from "./server.js";

const VARIANTS = ["simd", "relaxed", "js"] as const satisfies Variant[];
/** What JSON leaves of a number: {@link encode} writes −0, NaN and ±∞ as strings. */
type Value = number | string;

const IMPORT_MAP = {
  imports: { celoss: "/celoss/dist/index.js", "@assemblyscript/loader": "/loader/index.js" },
};
const ISOLATION = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
/** No 'wasm-unsafe-eval': browsers then refuse to compile WebAssembly. */
const POLICY = { "content-security-policy": "default-src 'none'; script-src 'self' 'nonce-page'" };

/** WebAssembly may be compiled, but workers only come from files of the page's own. */
const WASM_POLICY = {
  "content-security-policy": "default-src 'none'; script-src 'self' 'nonce-page' 'wasm-unsafe-eval'; worker-src 'self'",
};

/** A page that puts the JSON text that its script ends up with into `<output>`. */
function page(script: string, options: { head?: string; headers?: Record<string, string> } = {}): Page {
  const body = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>celoss</title><link rel="icon" href="data:,">${options.head ?? ""}</head>
<body><output></output>
<script type="module" nonce="page">${script}</script>
</body>
</html>`;
  return { body, headers: options.headers };
}

const USE_BUNDLE = `
import * as celoss from "/celoss/dist/celoss.bundle.js";
import { encode, runVariants } from "/cases.js";`;
const SHOW = `document.querySelector("output").textContent =`;

/** One call on the page's own thread, then the same on three threads, until workers have had their share of one. */
const THREADS = `${USE_BUNDLE}
const [rows, classes] = [1000, 1000];
const logits = celoss.sharedFloat32(rows * classes);
for (let i = 0; i < logits.length; i++) logits[i] = Math.fround(8 * Math.sin(i * i));
const targets = Int32Array.from({ length: rows }, (_, r) => (r * 7) % classes);
const alone = celoss.crossEntropyWithGrad(logits, targets);
await celoss.useThreads(3);
const grad = celoss.sharedFloat32(logits.length);
let differences = 0;
for (let i = 0; i < 100; i++) {
  grad.fill(NaN);
  const { loss } = celoss.crossEntropyWithGrad(logits, targets, { grad });
  if (loss !== alone.loss || grad.some((g, j) => g !== alone.grad[j])) differences++;
}
const { threads, reason } = celoss.backend();
await celoss.useThreads(1);
${SHOW} encode({ threads, reason, differences, after: celoss.backend().threads });`;

const PAGES: Record<string, Page> = {
  "/cases.js": { body: stripTypes(join(import.meta.dirname, "cases.ts")) },
  "/import-map.html": page(
    `import * as celoss from "celoss";
     import { encode, runVariants } from "/cases.js";
     ${SHOW} encode(runVariants(celoss));`,
    { head: `<script type="importmap">${JSON.stringify(IMPORT_MAP)}</script>` },
  ),
  "/bundle.html": page(`${USE_BUNDLE} ${SHOW} encode(runVariants(celoss));`),
  "/policy.html": page(`${USE_BUNDLE} ${SHOW} encode({ backend: celoss.backend(), report: runVariants(celoss) });`, {
    headers: POLICY,
  }),
  "/worker.html": page(
    `const worker = new Worker("/worker.js", { type: "module" });
     worker.onmessage = ({ data }) => { ${SHOW} data; };
     worker.onerror = (event) => reportError(new Error("worker: " + event.message));`,
  ),
  "/worker.js": { body: `${USE_BUNDLE} self.postMessage(encode(runVariants(celoss)));` },
  "/threads.html": page(THREADS, { headers: ISOLATION }),
  "/threads-url.html": page(
    THREADS.replace("useThreads(3)", 'useThreads(3, { workerUrl: "/celoss/dist/worker.js" })'),
    {
      headers: { ...ISOLATION, ...WASM_POLICY },
    },
  ),
  "/threads-refused.html": page(
    `${USE_BUNDLE}
     const refusal = await celoss.useThreads(2).then(() => "none", String);
     ${SHOW} encode({ refusal, threads: celoss.backend().threads });`,
  ),
  "/isolated.html": page(
    `${USE_BUNDLE} ${SHOW} encode({ crossOriginIsolated, report: runVariants(celoss, SharedArrayBuffer) });`,
    { headers: ISOLATION },
  ),
};

function stripTypes(path: string): string {
  return transformSync(readFileSync(path, "utf8"), { loader: "ts", format: "esm" }).code;
}

/**
 * js takes logarithms and its table of powers from the engine, each within one ulp in Node and one in the browser: 2⁻⁵¹
 * between the two for either, 2⁻⁵⁰ for what both enter. WebAssembly's arithmetic is the same everywhere.
 */
const TOLERANCE: Record<Variant, number> = { simd: 0, relaxed: 0, js: 2 ** -50 };

/** The first number of each kind that differs from Node's, as text: thousands of them would drown the message. */
function differences(report: Report, variant: Variant): string[] {
  const got = report[variant];
  const want = node[variant];
  if (typeof got === "string" || typeof want === "string") return [`${variant}: got ${got}, in Node ${want}`];
  const same = (x: Value, y: Value) =>
    x === y ||
    (typeof x === "number" &&
      typeof y === "number" &&
      Math.abs(x - y) <= TOLERANCE[variant] * Math.max(1, Math.abs(y)));
  return Object.entries(want).flatMap(([name, fields]) =>
    Object.entries(fields).flatMap(([field, value]) => {
      const expected: Value[] = [value].flat();
      const actual: Value[] = [got[name]?.[field] ?? []].flat();
      if (actual.length !== expected.length) return [`${variant}, ${name}, ${field}: ${actual.length} numbers`];
      const at = expected.findIndex((x, i) => !same(actual[i], x));
      return at < 0 ? [] : [`${variant}, ${name}, ${field}[${at}]: got ${actual[at]}, in Node ${expected[at]}`];
    }),
  );
}

const executable = findChromium();
let project: Project;
let server: Server;
let browser: Browser | undefined;
let node: Report;

beforeAll(async () => {
  if (!executable) {
    console.warn(`browser tests do not run: ${NO_BROWSER}`);
    return;
  }
  project = packedProject();
  const folders = { celoss: project.library, loader: join(project.root, "node_modules/@assemblyscript/loader") };
  server = await serve(PAGES, folders);
  browser = await launch(executable);
  const library: Celoss = await import(/* @vite-ignore */ pathToFileURL(join(project.library, "dist/index.js")).href);
  node = JSON.parse(encode(runVariants(library)));
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
  project?.dispose();
});

/** Loads a page and returns what its script showed. Without a browser: a failure in CI, elsewhere a skip that says why. */
async function open<T>(context: TestContext, path: string): Promise<T> {
  if (!browser) {
    if (process.env.CI) throw new Error(NO_BROWSER);
    return context.skip(NO_BROWSER);
  }
  const tab = await browser.newPage();
  try {
    const failed = new Promise<never>((_, reject) => {
      tab.on("pageerror", reject);
      tab.on("response", (answer) => answer.ok() || reject(new Error(`${answer.url()}: status ${answer.status()}`)));
    });
    const shown = tab.goto(server.origin + path).then(() => tab.locator("output:not(:empty)").textContent());
    return JSON.parse((await Promise.race([shown, failed])) ?? "");
  } finally {
    await tab.close();
  }
}

function expectNumbersOfNode(report: Report): void {
  expect(VARIANTS.flatMap((variant) => differences(report, variant))).toEqual([]);
}

const SAME = `Node's numbers, simd and relaxed to the bit, js to 2⁻⁵⁰ of max(1, |value|), seed ${SEED}`;

test(`packed library by import map: ${SAME}`, async (context) => {
  expectNumbersOfNode(await open(context, "/import-map.html"));
});

test(`single-file bundle: ${SAME}`, async (context) => {
  expectNumbersOfNode(await open(context, "/bundle.html"));
});

test(`module worker: ${SAME}`, async (context) => {
  expectNumbersOfNode(await open(context, "/worker.html"));
});

test(`cross-origin isolated page, inputs on SharedArrayBuffer: ${SAME}`, async (context) => {
  const shown = await open<{ crossOriginIsolated: boolean; report: Report }>(context, "/isolated.html");
  expect(shown.crossOriginIsolated).toBe(true);
  expectNumbersOfNode(shown.report);
});

test("content security policy without wasm: js serves, says why, Node's numbers to 2⁻⁵⁰ of max(1, |value|)", async (context) => {
  type Shown = { backend: ReturnType<Celoss["backend"]>; report: Report };
  const { backend, report } = await open<Shown>(context, "/policy.html");
  expect(backend).toMatchObject({ variant: "js", forced: false });
  expect(backend.reason).toMatch(/content security policy/i);
  expect(differences(report, "js")).toEqual([]);
  for (const variant of ["simd", "relaxed"] as const) expect(report[variant]).toMatch(/content security policy/i);
});

for (const path of ["/threads.html", "/threads-url.html"]) {
  test(`threads, ${path}: the numbers of one thread, to the bit`, async (context) => {
    type Shown = { threads: number; reason?: string; differences: number; after: number };
    const { reason, ...shown } = await open<Shown>(context, path);
    expect(shown).toEqual({ threads: 3, differences: 0, after: 1 });
    expect(reason ?? "").not.toMatch("worker");
  });
}

test("threads without cross-origin isolation: refused, with the headers that are missing", async (context) => {
  const { refusal, threads } = await open<{ refusal: string; threads: number }>(context, "/threads-refused.html");
  expect(refusal).toContain("Cross-Origin-Embedder-Policy: require-corp");
  expect(threads).toBe(1);
});
