/** JavaScript engines that celoss is measured in: the one that runs this, and those installed in bench/engines. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { arch, platform } from "node:os";
import { fileURLToPath } from "node:url";
import { CHILD } from "./bundle.js";

export interface Engine {
  /** As `--engine` and file names have it: "node24", "bun". */
  readonly id: string;
  /** "Node", "Bun", "Deno". */
  readonly name: string;
  readonly version: string;
  /** Version of V8; null in an engine without. */
  readonly v8: string | null;
  /** The program with the words that come before a script, without the flags below. */
  readonly command: readonly string[];
  /** Flags without which it cannot run relaxed SIMD, mostly none; null when it cannot at all. */
  readonly relaxedFlags: readonly string[] | null;
  /** Flags that are off by default and might pay, by the name of the experiment. */
  readonly experiments: Readonly<Record<string, readonly string[]>>;
}

/** What `main.js probe` says of the engine that runs it. */
export interface Probe {
  readonly name: string;
  readonly version: string;
  readonly v8: string | null;
  readonly relaxed: boolean;
}

const FOLDER = new URL("./engines/", import.meta.url);
const RELAXED_FLAG = "--experimental-wasm-relaxed-simd";

/** Where the packages of bench/engines/package.json have their programs, and the words before a script. */
const PLACES: readonly { readonly id: string; readonly file: string; readonly words?: readonly string[] }[] = [
  ...["node22", "node24", "node26"].map((id) => ({ id, file: `${id}-${platform()}-${arch()}/bin/node` })),
  { id: "bun", file: `@oven/bun-${platform()}-${arch() === "arm64" ? "aarch64" : arch()}/bin/bun` },
  { id: "deno", file: `@deno/${platform()}-${arch()}-glibc/deno`, words: ["run", "--allow-all", "--no-lock"] },
];

/** The engine that runs this first, then the installed ones, each once. */
export function findEngines(): Engine[] {
  const here = { id: `node${process.versions.node.split(".")[0]}`, command: [process.execPath] };
  const installed = PLACES.filter(({ id }) => id !== here.id).flatMap(({ id, file, words = [] }) => {
    const program = fileURLToPath(new URL(`node_modules/${file}`, FOLDER));
    return existsSync(program) ? [{ id, command: [program, ...words] }] : [];
  });
  const { experiments } = JSON.parse(readFileSync(new URL("package.json", FOLDER), "utf8"));
  return [here, ...installed].flatMap(({ id, command }) => {
    const probe = ask(command, []);
    if (!probe) return [];
    const { name, version, v8 } = probe;
    const relaxedFlags = probe.relaxed ? [] : ask(command, [RELAXED_FLAG])?.relaxed ? [RELAXED_FLAG] : null;
    return [{ id, name, version, v8, command, relaxedFlags, experiments: experiments[id] ?? {} }];
  });
}

function ask(command: readonly string[], flags: readonly string[]): Probe | undefined {
  const [program, ...words] = command;
  const { status, stdout } = spawnSync(program, [...words, ...flags, CHILD, "probe"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return status === 0 ? (JSON.parse(stdout) as Probe) : undefined;
}
