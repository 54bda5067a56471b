import { backend, useBackend } from "./choose.js";
import { relaxedFuses } from "./probe.js";

/** What {@link enableEngineExperiments} switched on; false for what was on already, or is not there. */
export interface EngineExperiments {
  /** Node 20: relaxed SIMD, which the kernel set `"relaxed"` needs. Every later Node has it without an experiment. */
  readonly relaxedSimd: boolean;
}

interface NodeProcess {
  readonly versions?: { readonly node?: string };
  getBuiltinModule?(name: string): { setFlagsFromString(flags: string): void } | undefined;
}

let enabled: EngineExperiments | undefined;

/**
 * Switches on features of the JavaScript engine that it has, but keeps behind flags because they were not finished in its
 * version, and that make celoss faster. They hold for the whole process, other libraries and worker threads included, and
 * until it ends. Results stay within the bounds of the kernel set that runs, see `backend()`.
 *
 * An automatic choice of the kernel set that was made before is made again; one that was forced stays, and so does that
 * of workspaces that are there already. A second call does nothing.
 */
export function enableEngineExperiments(): EngineExperiments {
  enabled ??= { relaxedSimd: enableRelaxedSimd() };
  return enabled;
}

function enableRelaxedSimd(): boolean {
  const { process } = globalThis as { process?: NodeProcess };
  // Others have it by default or not at all, and engines complain about flags that they do not know.
  if (!process?.versions?.node?.startsWith("20.")) return false;
  if (typeof WebAssembly !== "object" || relaxedFuses()) return false;
  process.getBuiltinModule?.("node:v8")?.setFlagsFromString("--experimental-wasm-relaxed-simd");
  if (!relaxedFuses()) return false;
  if (!backend().forced) useBackend();
  return true;
}
