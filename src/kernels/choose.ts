import { rangeError, typeError } from "../input/errors.js";
import { instantiate, provideModule, wasmBytes } from "./instantiate.js";
import { type KernelInstance, VARIANTS, type Variant } from "./kernels.js";
import { relaxedFuses } from "./probe.js";

/** Which code runs. */
export interface Backend {
  /** The kernel set: SIMD WebAssembly with fused multiply-add, SIMD WebAssembly, or plain JavaScript. */
  variant: Variant;
  /** Threads that a call may use, the caller's included: see {@link useThreads}. */
  threads: number;
  /** Whether {@link useBackend} or {@link init} chose it. */
  forced: boolean;
  /** Why not a faster one, or fewer threads than were asked for. */
  reason?: string;
}

let chosen: Omit<Backend, "threads"> | undefined;
let threads = 1;
let fewerThreads: string | undefined;

/** What keeps a variant from running here; undefined when nothing does. */
function obstacle(variant: Variant): string | undefined {
  if (variant === "js") return undefined;
  if (typeof WebAssembly !== "object") return "WebAssembly is missing";
  try {
    if (variant === "relaxed" && !relaxedFuses()) return "relaxed SIMD is missing or does not fuse multiply-add";
    if (!WebAssembly.validate(wasmBytes(variant))) return "WebAssembly SIMD is missing";
    instantiate(variant, 0);
    return undefined;
  } catch (error) {
    return `WebAssembly is forbidden: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function choose(): Omit<Backend, "threads"> {
  let reason: string | undefined;
  for (const variant of VARIANTS) {
    const why = obstacle(variant);
    if (why === undefined) return { variant, forced: false, ...(reason !== undefined && { reason }) };
    reason = why;
  }
  throw new Error("unreachable: the js kernels always run");
}

function current(): Omit<Backend, "threads"> {
  chosen ??= choose();
  return chosen;
}

/** Which kernel set runs on how many threads, whether it was forced, and why nothing faster does. */
export function backend(): Backend {
  const { variant, forced, reason } = current();
  const reasons = [reason, fewerThreads].filter((text) => text !== undefined);
  return { variant, threads, forced, ...(reasons.length > 0 && { reason: reasons.join("; ") }) };
}

/** Tells {@link backend} how many threads there are, and why not as many as were asked for. */
export function setThreads(count: number, reason?: string): void {
  threads = count;
  fewerThreads = reason;
}

/**
 * Forces a kernel set for all calls and workspaces to come; without an argument the choice is automatic again.
 *
 * @throws {RangeError} for an unknown name, and for a set that cannot run here, with the reason
 */
export function useBackend(variant?: Variant): void {
  if (variant === undefined) {
    chosen = undefined;
    return;
  }
  if (!VARIANTS.includes(variant)) throw rangeError("variant", `one of ${VARIANTS.join(", ")}`, variant);
  const why = obstacle(variant);
  if (why !== undefined) throw new RangeError(`"variant" expected a kernel set that runs here, got ${variant}: ${why}`);
  chosen = { variant, forced: true };
}

/**
 * Brings the WebAssembly module along, where compiling bytes is forbidden but modules known at deployment are allowed
 * (`import core from "celoss/core.wasm"` in workerd). Not needed anywhere else. It forces that kernel set.
 *
 * @param source compiled module or bytes of `celoss/core.wasm`, or of `celoss/relaxed.wasm` with `variant: "relaxed"`
 * @throws {TypeError} when it is neither, or the module of something else
 * @throws {RangeError} for an unknown variant
 * @throws {WebAssembly.CompileError} when the bytes cannot be compiled here
 */
export function init(source: WebAssembly.Module | BufferSource, variant: "simd" | "relaxed" = "simd"): void {
  if (variant !== "simd" && variant !== "relaxed") throw rangeError("variant", "one of relaxed, simd", variant);
  if (typeof WebAssembly !== "object") throw new TypeError("WebAssembly is missing");
  const compiled = source instanceof WebAssembly.Module;
  if (!compiled && !(source instanceof ArrayBuffer) && !ArrayBuffer.isView(source)) {
    throw typeError("source", "WebAssembly.Module or its bytes", source);
  }
  const module = compiled ? source : new WebAssembly.Module(source);
  const names = WebAssembly.Module.exports(module).map(({ name }) => name);
  if (!names.includes("f32_crossentropy"))
    throw typeError("source", "the module of celoss/core.wasm", names, "as exports");
  provideModule(variant, module);
  chosen = { variant, forced: true };
}

/** An instance of the kernel set that runs now. */
export function newInstance(bytes: number): KernelInstance {
  return instantiate(current().variant, bytes);
}

export function currentVariant(): Variant {
  return current().variant;
}
