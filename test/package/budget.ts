/** Upper bounds on what users download, in bytes. Raise one only with a line in docs/decisions.md that says what for. */
export const BUDGET = {
  /** simd.wasm and relaxed.wasm, each brotli-compressed, together. */
  wasmBrotli: 34_000,
  /** The single-file bundle, brotli-compressed: what a page loads. */
  bundleBrotli: 79_000,
  /** The npm tarball, which holds each binary three times (as a file, inside its module, and in the bundle) and the worker script as often. */
  tarball: 380_000,
} as const;
