import { describe } from "vitest";
import { instantiate } from "../../src/kernels/instantiate.js";
import type { Prefix, Variant } from "../../src/kernels/kernels.js";
import { Arena } from "./arena.js";

const VARIANTS: readonly Variant[] = ["js", "simd", "relaxed"];
export const PREFIXES: readonly Prefix[] = ["f32", "f64"];

/** Below, at and above one, two, four and eight vectors of every element type, and rows of several blocks. */
export const LENGTHS = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 1000, 1023];

const BYTES = 4 << 20;

/** Runs `body` as a describe block over every kernel set. A set that cannot run fails; none is skipped. */
export function describeSets(name: string, body: (arena: Arena, variant: Variant) => void): void {
  for (const variant of VARIANTS)
    describe(`${name} ${variant}`, () => body(new Arena(instantiate(variant, BYTES)), variant));
}
