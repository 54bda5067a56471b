/** Who is measured: the project's own contenders, native programs and other libraries, found where they are. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { CHILD } from "./bundle.js";
import { nameOf, OPTIONS, type Ours, VARIANTS } from "./contenders/ours.js";
import type { Engine } from "./engines.js";
import type { Command } from "./process.js";
import type { Mode } from "./protocol.js";
import { LIMITS } from "./results.js";
import { DETAIL_WORKLOAD, NARROW_WORKLOADS, type Workload } from "./workloads.js";

export type Group = "plain" | "celoss" | "native" | "rival";

export interface Contender extends Command {
  readonly name: string;
  readonly group: Group;
  readonly threads: number;
  /** What celoss is asked for; undefined for everyone else. */
  readonly ours?: Ours;
  /** What a reader should know of it. */
  readonly note?: string;
  /** Flags of the engine that are off by default, in words. */
  readonly flags?: readonly string[];
  /** Workloads or kinds of loss that it is restricted to. */
  readonly workloads?: readonly string[];
}

/** Contenders that were found, and a line for each kind that was not. */
export interface Catalog {
  readonly contenders: readonly Contender[];
  readonly missing: readonly string[];
}

export const PLAIN: readonly { readonly name: string; readonly note: string }[] = [
  { name: "naive", note: "the textbook formulas, an Math.exp for each use" },
  { name: "plain", note: "typed arrays, hoisted maximum, one Math.exp an element" },
  { name: "tuned", note: "plain JavaScript with an exp from a table" },
];
const QUICK = ["naive", "tuned", "js end to end", "simd workspace", "simd end to end"];
const QUICK_RELAXED = ["relaxed workspace", "relaxed end to end", "relaxed shared, 2 threads"];
const QUICK_WORKLOADS = ["1×10", "64×10", "256×1000", "128×32000", "binary 1e6"];
/** Libraries' ways that another way of theirs outdoes everywhere: they have no curves. */
const SLOWER_RIVALS = /cpu|losses|operator/;
/** Below it threads are not what anybody waits for. */
const THREADS_ELEMENTS = 600;

/** What the quick run measures, and every engine with its experiments. */
export const isQuick = ({ name }: Contender, { id, series }: Workload) =>
  [...QUICK, ...QUICK_RELAXED].includes(name) && QUICK_WORKLOADS.includes(id) && series === undefined;

/** celoss in its plainest ways in: what is compared across engines. */
export const isForEngines = ({ name, ours, flags }: Contender, { id, series }: Workload) => {
  if (series !== undefined || !QUICK_WORKLOADS.includes(id)) return false;
  if (name === "tuned" || name === "relaxed shared, 2 threads" || Object.values<string>(LIMITS).includes(name))
    return true;
  if (!ours || ours.threads > 1 || ours.option || ours.dtype !== "float32") return false;
  const small = id === "1×10" && flags === undefined;
  return ours.path === "workspace" || (small && ours.path !== "shared");
};

/** The project's own contenders as the engine runs them. */
export function ownContenders(engine: Engine): Contender[] {
  const [program, ...words] = engine.command;
  const command = (flags: readonly string[], ...rest: string[]) => [program, ...words, ...flags, CHILD, ...rest];
  const plain = PLAIN.map(({ name, note }) => ({
    name,
    group: "plain" as const,
    threads: 1,
    note,
    command: command([], name),
  }));
  const celoss = (ours: Ours, experiment?: string): Contender[] => {
    const flags = ours.variant === "relaxed" ? engine.relaxedFlags : [];
    if (flags === null) return [];
    const all = [...flags, ...(experiment === undefined ? [] : engine.experiments[experiment])];
    const name = nameOf(ours) + (experiment === undefined ? "" : `, ${experiment}`);
    const group = ours.variant === "js" ? ("plain" as const) : ("celoss" as const);
    return [
      {
        name,
        group,
        threads: ours.threads,
        ours,
        command: command(all, "celoss", JSON.stringify(ours)),
        ...(all.length > 0 && { flags: all }),
      },
    ];
  };
  const usual = { threads: 1, dtype: "float32" } as const;
  return [
    ...plain,
    ...VARIANTS.flatMap((variant) => [
      ...celoss({ ...usual, variant, path: "workspace" }),
      ...celoss({ ...usual, variant, path: "end to end" }),
    ]),
    ...(["simd", "relaxed"] as const).flatMap((variant) => [
      ...celoss({ ...usual, variant, path: "allocating" }),
      ...celoss({ ...usual, variant, path: "shared" }),
      ...Array.from({ length: cpus().length - 1 }, (_, i) => [
        ...celoss({ ...usual, variant, path: "end to end", threads: i + 2 }),
        ...celoss({ ...usual, variant, path: "shared", threads: i + 2 }),
      ]).flat(),
      ...(["float16", "bfloat16"] as const).flatMap((dtype) => [
        ...celoss({ ...usual, variant, path: "workspace", dtype }),
        ...celoss({ ...usual, variant, path: "workspace", dtype, gradDtype: dtype }),
      ]),
      ...OPTIONS.flatMap((option) => celoss({ ...usual, variant, path: "workspace", option })),
      ...Object.keys(engine.experiments).flatMap((name) =>
        (["workspace", "end to end"] as const).flatMap((path) => celoss({ ...usual, variant, path }, name)),
      ),
    ]),
  ];
}

/** What a folder's contenders.json lists, see bench/README.md. */
interface Listed {
  readonly name: string;
  readonly command: readonly string[];
  readonly threads?: number;
  readonly workloads?: readonly string[];
  readonly note?: string;
  readonly library?: string;
  readonly version?: string;
}

/** Programs in C, built here when there is a compiler. */
export function nativeContenders(): Catalog {
  const build = new URL("./native/build.mjs", import.meta.url);
  if (!existsSync(build)) return { contenders: [], missing: ["native: bench/native is not there"] };
  const { status, stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(build)], { encoding: "utf8" });
  if (status !== 0) return { contenders: [], missing: [`native: its build failed: ${stderr.trim()}`] };
  const contenders = listed("./native/", "build/contenders.json", "native");
  return { contenders, missing: contenders.length > 0 ? [] : [`native: ${stdout.trim() || "nothing was built"}`] };
}

/** Other libraries, once their packages are installed. */
export function rivalContenders(): Catalog {
  if (!existsSync(new URL("./thirdparty/node_modules", import.meta.url)))
    return { contenders: [], missing: ["other libraries: npm ci --prefix bench/thirdparty --ignore-scripts"] };
  return { contenders: listed("./thirdparty/", "contenders.json", "rival"), missing: [] };
}

function listed(folder: string, file: string, group: Group): Contender[] {
  const cwd = fileURLToPath(new URL(folder, import.meta.url));
  const path = fileURLToPath(new URL(folder + file, import.meta.url));
  if (!existsSync(path)) return [];
  return (JSON.parse(readFileSync(path, "utf8")) as Listed[]).map((one) => ({
    name: one.name,
    group,
    threads: one.threads ?? 1,
    cwd,
    // Words that name no program in PATH: this Node, and a file of the folder.
    command: one.command.map((word, i) =>
      i > 0 ? word : word === "node" ? process.execPath : fileURLToPath(new URL(folder + word, import.meta.url)),
    ),
    ...(one.workloads && { workloads: one.workloads }),
    note: [one.library && `${one.library} ${one.version ?? ""}`.trim(), one.note].filter(Boolean).join("; "),
  }));
}

/** Whether the contender is measured there: not every way of celoss says something new on every shape. */
export function takesPart({ ours, group, name, workloads, flags }: Contender, workload: Workload, mode: Mode): boolean {
  const { id, kind, series, rows, classes } = workload;
  if (workloads && !workloads.includes(id) && !workloads.includes(kind)) return false;
  if (name.endsWith("revectorize") && series !== undefined) return false;
  if (series === "losses") {
    if (group === "rival" || group === "native") return false;
    return ours ? ours.path === "end to end" && ours.threads === 1 && !/revect/.test(name) : name === "plain";
  }
  if (series === "threads") return ours?.path === "shared";
  if (series === "classes" || series === "rows") {
    if (group === "rival") return mode === "gradient" && !SLOWER_RIVALS.test(name);
    if (!ours) return name !== "plain";
    if (ours.threads > 1 || ours.option || ours.dtype !== "float32" || flags?.some((flag) => /revect/.test(flag)))
      return false;
    return ours.path === "workspace" || (ours.path === "end to end" && series === "rows");
  }
  if (!ours) return true;
  if (ours.option) return id === DETAIL_WORKLOAD;
  if (ours.gradDtype && mode === "forward") return false;
  if (ours.dtype !== "float32") return NARROW_WORKLOADS.includes(id);
  if (ours.path === "workspace") return true;
  if (ours.path === "allocating") return id === DETAIL_WORKLOAD && mode === "gradient";
  return ours.path === "end to end" && ours.threads === 1 ? true : rows * classes > THREADS_ELEMENTS;
}
