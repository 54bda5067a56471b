import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { backend, crossEntropy, init, useBackend } from "../../src/index.js";

const BYTES = readFileSync(new URL("../../build/simd.wasm", import.meta.url));

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
  useBackend();
});

/** The library as it starts in an engine whose WebAssembly is `stub`. */
async function startedWith(stub: unknown) {
  vi.stubGlobal("WebAssembly", stub);
  vi.resetModules();
  return await import("../../src/index.js");
}

describe("backend", () => {
  test("chooses the fused set where it runs, as it does under this test's flags", () => {
    expect(backend()).toEqual({ variant: "relaxed", threads: 1, forced: false });
  });

  test.each(["js", "simd", "relaxed"] as const)("is forced to %s and let go", (variant) => {
    useBackend(variant);
    expect(backend()).toEqual({ variant, threads: 1, forced: true });
    expect(crossEntropy([0, 0], [1])).toBeCloseTo(Math.LN2, 15);
    useBackend();
    expect(backend().forced).toBe(false);
  });

  test("what it returns is the caller's own", () => {
    backend().variant = "js";
    expect(backend().variant).toBe("relaxed");
  });

  test("refuses a name that is none", () => {
    expect(() => useBackend("avx" as never)).toThrow('"variant" expected one of relaxed, simd, js, got "avx"');
  });

  test("without WebAssembly js serves, says why, and nothing else can be forced", async () => {
    const celoss = await startedWith(undefined);
    expect(celoss.backend()).toEqual({ variant: "js", threads: 1, forced: false, reason: "WebAssembly is missing" });
    expect(celoss.crossEntropy([0, 0], [1])).toBeCloseTo(Math.LN2, 15);
    expect(() => celoss.useBackend("simd")).toThrow("WebAssembly is missing");
  });

  test("where compiling is forbidden js serves and says why", async () => {
    const { validate, Instance } = WebAssembly;
    class Module {
      constructor() {
        throw new WebAssembly.CompileError("Wasm code generation disallowed by embedder");
      }
    }
    const { CompileError } = WebAssembly;
    const celoss = await startedWith({ validate, Instance, Module, CompileError });
    expect(celoss.backend()).toMatchObject({ variant: "js", forced: false });
    expect(celoss.backend().reason).toMatch(/^WebAssembly is forbidden: .*disallowed/);
  });

  test("without relaxed SIMD simd serves and says why", async () => {
    const { Instance, Module, Memory, Table, Global } = WebAssembly;
    const { validate: real } = WebAssembly;
    // The probe for fused multiply-add is the only module that is this small.
    const validate = (bytes: Uint8Array<ArrayBuffer>) => bytes.length > 1000 && real(bytes);
    const celoss = await startedWith({ Instance, Module, Memory, Table, Global, validate });
    expect(celoss.backend()).toEqual({
      variant: "simd",
      threads: 1,
      forced: false,
      reason: "relaxed SIMD is missing or does not fuse multiply-add",
    });
  });
});

describe("init", () => {
  test.each([
    ["bytes", BYTES],
    ["a module", new WebAssembly.Module(BYTES)],
  ])("takes %s", (_, source) => {
    init(source);
    expect(backend()).toEqual({ variant: "simd", threads: 1, forced: true });
    expect(crossEntropy(Float32Array.of(0, 0), [1])).toBeCloseTo(Math.LN2, 7);
  });

  test("refuses what is neither, and other modules, and leaves the choice as it was", () => {
    useBackend("js");
    expect(() => init("core.wasm" as never)).toThrow('"source" expected WebAssembly.Module or its bytes');
    expect(() => init(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))).toThrow('"source" expected the module of celoss');
    expect(() => init(BYTES, "js" as never)).toThrow('"variant" expected one of relaxed, simd, got "js"');
    expect(() => init(BYTES.subarray(0, 100))).toThrow(WebAssembly.CompileError);
    expect(backend().variant).toBe("js");
  });
});
