import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, expectTypeOf, test } from "vitest";
import { ELEMENT_OPS, type Kernels, type Prefix } from "../../src/kernels/kernels.js";
import { REPOSITORY } from "./packed.js";

const PREFIXES = ["f32", "f64"] as const satisfies Prefix[];
const FAMILIES = ["crossentropy", "crossentropy_mean", "logsumexp", "softmax", "logsoftmax", "bce"] as const;
const OTHERS = [
  "f32_crossentropy_row",
  "f32_entropy",
  "f64_entropy",
  "f16_narrow",
  "bf16_narrow",
  "f16_widen",
  "bf16_widen",
] as const;
const ELEMENTS = PREFIXES.flatMap((prefix) => ELEMENT_OPS.map((op) => `${prefix}_${op}` as const));
const KERNELS = [
  ...ELEMENTS,
  ...PREFIXES.flatMap((prefix) => FAMILIES.map((family) => `${prefix}_${family}` as const)),
  ...OTHERS,
];
expectTypeOf<(typeof KERNELS)[number]>().toEqualTypeOf<keyof Kernels>();

describe.each(["simd", "relaxed"])("%s.wasm", (variant) => {
  const text = readFileSync(join(REPOSITORY, `build/${variant}.wat`), "utf8");
  const module = new WebAssembly.Module(readFileSync(join(REPOSITORY, `dist/${variant}.wasm`)));

  test("imports nothing", () => {
    expect(WebAssembly.Module.imports(module)).toEqual([]);
  });

  test("exports the kernel interface, the memory and where that is free", () => {
    const names = WebAssembly.Module.exports(module).map((entry) => `${entry.kind} ${entry.name}`);
    const functions = [...KERNELS, "base"].map((name) => `function ${name}`);
    expect(names.sort()).toEqual([...functions, "memory memory"].sort());
  });

  test(`holds ${variant === "simd" ? "no relaxed instruction" : "multiply-add as its only relaxed instruction"}`, () => {
    const relaxed = new Set(text.match(/\brelaxed_\w+/g));
    expect([...relaxed].sort()).toEqual(variant === "simd" ? [] : ["relaxed_madd", "relaxed_nmadd"]);
  });

  test("calls no function through a table", () => {
    expect(text).not.toMatch(/call_indirect|\(table /);
  });
});
