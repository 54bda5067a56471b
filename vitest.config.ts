import { defineConfig } from "vitest/config";

// Node 20 (V8 11.3) has relaxed SIMD behind a flag, every later Node by default; some of those no longer know the flag.
const relaxedSimd = process.versions.node.startsWith("20.") ? ["--experimental-wasm-relaxed-simd"] : [];

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    execArgv: relaxedSimd,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: process.env.CI ? ["default", "json"] : ["default"],
    outputFile: { json: "build/test-results.json" },
  },
});
