/** What the engine that runs this is, and whether it knows relaxed SIMD. */
import type { Probe } from "../engines.js";

/** A module whose one function is f32x4.relaxed_madd of zeros: an engine without relaxed SIMD finds it invalid. */
const RELAXED = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // magic, version 1
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // type 0: () → v128
  ...[0x03, 0x02, 0x01, 0x00], // function 0 of type 0
  ...[0x0a, 0x13, 0x01, 0x11, 0x00], // code: one body of 17 bytes, no locals
  ...[0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f], // three times i8x16.splat(0)
  ...[0xfd, 0x85, 0x02, 0x0b], // f32x4.relaxed_madd, end
);

export function probe(): Probe {
  const { node, bun, deno, v8 } = process.versions as Record<string, string | undefined>;
  const [name, version] = bun ? ["Bun", bun] : deno ? ["Deno", deno] : ["Node", node as string];
  return {
    name,
    version,
    // Bun names a V8 version for the sake of compatibility.
    v8: bun ? null : (v8 ?? null),
    relaxed: typeof WebAssembly === "object" && WebAssembly.validate(RELAXED),
  };
}
