/** Which of celoss's ways are measured; what the runner and the contender's process must both know. */
import type { Data } from "../data.js";

export const VARIANTS = ["js", "simd", "relaxed"] as const;
export type Variant = (typeof VARIANTS)[number];
/**
 * How the numbers get in: `workspace` stands in WebAssembly memory already, `end to end` goes from a Float32Array to a
 * loss and a given `grad`, `shared` the same with arrays of `sharedFloat32`, `allocating` with a new gradient a call.
 */
export type Path = "workspace" | "end to end" | "shared" | "allocating";
export type ElementType = "float32" | "float16" | "bfloat16";
export const OPTIONS = ["weight", "labelSmoothing", "ignoreIndex", "zLoss", "softcap"] as const;
export type Option = (typeof OPTIONS)[number];

export interface Ours {
  readonly variant: Variant;
  readonly path: Path;
  readonly threads: number;
  readonly dtype: ElementType;
  /** That of the gradient; default float32. */
  readonly gradDtype?: ElementType;
  readonly option?: Option;
}

export interface Options {
  weight?: Float32Array;
  labelSmoothing?: number;
  ignoreIndex?: number;
  zLoss?: number;
  softcap?: number;
}

/** The values with which an option is measured; the exact answer is formed with the same. */
export function optionsOf(option: Option | undefined, { classes }: { classes: number }, { targets }: Data): Options {
  if (option === "weight") return { weight: Float32Array.from({ length: classes }, (_, j) => 0.5 + (j % 8) / 8) };
  if (option === "labelSmoothing") return { labelSmoothing: 0.1 };
  // A class that occurs, so that the branch is taken, but not so often that the work is less.
  if (option === "ignoreIndex") return { ignoreIndex: targets[0] };
  if (option === "zLoss") return { zLoss: 1e-4 };
  if (option === "softcap") return { softcap: 30 };
  return {};
}

/** The words after which a table, a plot or `--only` looks for a contender. */
export function nameOf({ variant, path, threads, dtype, gradDtype, option }: Ours): string {
  const name = `${variant} ${path}`;
  if (option) return `${name}, ${option}`;
  if (dtype !== "float32") return `${name}, ${dtype}${gradDtype ? ", its gradient too" : ""}`;
  return threads > 1 ? `${name}, ${threads} threads` : name;
}
