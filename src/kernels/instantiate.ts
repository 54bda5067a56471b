import { instantiateSync } from "@assemblyscript/loader";
import relaxedHex from "../generated/relaxed.js";
import simdHex from "../generated/simd.js";
import { instantiateJs } from "./js/index.js";
import type { KernelInstance, Kernels, Variant, WasmVariant } from "./kernels.js";

// Hexadecimal, and not base64: compression finds in one binary what the other one has, at bytes that stay bytes.
const HEX: Record<WasmVariant, string> = { simd: simdHex, relaxed: relaxedHex };
const PAGE = 65536;
const modules: Partial<Record<WasmVariant, WebAssembly.Module>> = {};

export function wasmBytes(variant: WasmVariant): Uint8Array<ArrayBuffer> {
  const hex = HEX[variant];
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = 16 * digit(hex, 2 * i) + digit(hex, 2 * i + 1);
  return bytes;
}

/** The value of a hexadecimal digit in lower case. */
function digit(hex: string, i: number): number {
  const code = hex.charCodeAt(i);
  return code < 58 ? code - 48 : code - 87;
}

/** Compiles once; throws what the engine throws where WebAssembly, or the feature, is missing or forbidden. */
export function moduleOf(variant: WasmVariant): WebAssembly.Module {
  modules[variant] ??= new WebAssembly.Module(wasmBytes(variant));
  return modules[variant];
}

/** Uses a module that the caller compiled: for hosts that only take modules they have seen at build time. */
export function provideModule(variant: WasmVariant, module: WebAssembly.Module): void {
  modules[variant] = module;
}

interface Exports extends Kernels, Record<string, unknown> {
  memory: WebAssembly.Memory;
  base(): number;
}

/** A kernel set with a memory of its own that holds `bytes` from `base` on. */
export function instantiate(variant: Variant, bytes: number): KernelInstance {
  if (variant === "js") return instantiateJs(bytes);
  return withMemory(variant, instantiateSync<Exports>(moduleOf(variant)).instance.exports, bytes);
}

/** The same of a module that another thread compiled. */
export function instantiateModule(variant: WasmVariant, module: WebAssembly.Module, bytes: number): KernelInstance {
  return withMemory(variant, new WebAssembly.Instance(module).exports, bytes);
}

/** The binary asks for the least memory; it is grown to its size here, before any view exists, and never again. */
function withMemory(variant: WasmVariant, exports: unknown, bytes: number): KernelInstance {
  const kernels = exports as Exports;
  const base = kernels.base();
  const missing = Math.ceil((base + bytes) / PAGE) - kernels.memory.buffer.byteLength / PAGE;
  if (missing > 0) kernels.memory.grow(missing);
  return { variant, buffer: kernels.memory.buffer as ArrayBuffer, base, kernels };
}
