import { backend, useBackend } from "./choose.js";
import { relaxedFuses } from "./probe.js";

/** What {@link enableEngineExperiments} switched on; false for what was on already, or is not there. */
export interface EngineExperiments {
  /** Node 20: relaxed SIMD, which the kernel set `"relaxed"` needs. Every later Node has it without an experiment. */
  readonly relaxedSimd: boolean;
  /** Node 24 and 26 on x86-64: where two vectors of 128 bits lie side by side, V8 computes with one of 256 (AVX2). */
  readonly revectorization: boolean;
}

interface NodeProcess {
  readonly arch?: string;
  readonly execArgv?: readonly string[];
  readonly versions?: { readonly node?: string; readonly bun?: string; readonly deno?: string };
  getBuiltinModule?(name: string): { setFlagsFromString(flags: string): void } | undefined;
}

const RELAXED_SIMD = "--experimental-wasm-relaxed-simd";
const REVECTORIZATION = "--experimental-wasm-revectorize";

let enabled: EngineExperiments | undefined;

/**
 * Switches on features of the JavaScript engine that it has, but keeps behind flags because they were not finished in its
 * version, and that make celoss faster. They hold for the whole process, other libraries and worker threads included, and
 * until it ends. Results stay within the bounds of the kernel set that runs, see `backend()`; revectorization changes
 * none of their bits.
 *
 * An automatic choice of the kernel set that was made before is made again; one that was forced stays, and so does that
 * of workspaces that are there already. Code that the engine has compiled stays as it is. A second call does nothing.
 */
export function enableEngineExperiments(): EngineExperiments {
  enabled ??= { relaxedSimd: enableRelaxedSimd(), revectorization: enableRevectorization() };
  return enabled;
}

/** The process if it is Node's, of one of these major versions: engines complain about flags that they do not know. */
function nodeOf(...majors: readonly string[]): NodeProcess | undefined {
  const { process } = globalThis as { process?: NodeProcess };
  const { node, bun, deno } = process?.versions ?? {};
  const isOne = bun === undefined && deno === undefined && majors.includes(`${node?.split(".")[0]}`);
  return isOne && typeof WebAssembly === "object" ? process : undefined;
}

/** Whether it could be set. */
function setFlag(process: NodeProcess, flag: string): boolean {
  const v8 = process.getBuiltinModule?.("node:v8");
  v8?.setFlagsFromString(flag);
  return v8 !== undefined;
}

function enableRelaxedSimd(): boolean {
  // Others have it by default or not at all.
  const process = nodeOf("20");
  if (!process || relaxedFuses() || !setFlag(process, RELAXED_SIMD) || !relaxedFuses()) return false;
  if (!backend().forced) useBackend();
  return true;
}

function enableRevectorization(): boolean {
  // Those whose code all tests have run on. It does not pay in Node 22, and other processors do not have it.
  const process = nodeOf("24", "26");
  if (process?.arch !== "x64" || process.execArgv?.includes(REVECTORIZATION)) return false;
  return setFlag(process, REVECTORIZATION);
}
