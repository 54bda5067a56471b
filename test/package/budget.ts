/** Upper bounds on what users download, in bytes. Raise one only with a line in docs/decisions.md that says what for. */
export const BUDGET = {
  /** simd.wasm and relaxed.wasm one after the other, brotli-compressed: what they add to a page that loads both. */
  wasmBrotli: 24_000,
  /** The single-file bundle, brotli-compressed: what a page loads. */
  bundleBrotli: 65_500,
  /** The npm tarball, which holds each binary three times (as a file, inside its module, and in the bundle) and the worker script as often. */
  tarball: 381_000,
} as const;
