/** What stands at the top of a run: machine and commit, and the limits that the machine sets. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { arch, cpus, loadavg, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";

import type { Contender } from "./catalog.js";
import { SEED } from "./data.js";
import type { Engine } from "./engines.js";
import { type Budget, type Results, SCHEMA } from "./results.js";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  /** One-minute load average when the run began: more than a little, and the figures are not to be trusted. */
  readonly load: number;
  readonly os: string;
}

/** Limits of one core. */
export interface Limits {
  /** 10⁹ bytes a second read from main memory. */
  readonly memory: number;
  /** Nanoseconds for one exp, added up, of numbers in the first cache: by instruction set. Empty without a compiler. */
  readonly exp: Readonly<Record<string, number>>;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const NATIVE = fileURLToPath(new URL("./native/build/native", import.meta.url));
/** More than any cache holds. */
const SCANNED_BYTES = 2 ** 30;

function machine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? "unknown",
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    load: Math.round(loadavg()[0] * 100) / 100,
    os: `${platform()} ${release()} ${arch()}`,
  };
}

/** Short hash, with "+" when the working tree differs from it; null outside of a repository with commits. */
function commit(): string | null {
  const git = (...args: string[]) =>
    execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain") ? "+" : "");
  } catch {
    return null;
  }
}

/** The results of a run that has measured nothing yet. */
export function blankResults(
  command: string,
  engine: Engine,
  budget: Budget,
  contenders: readonly Contender[],
): Results {
  const { id, name, version, v8, relaxedFlags } = engine;
  return {
    schema: SCHEMA,
    date: new Date().toISOString(),
    command,
    runs: 1,
    commit: commit(),
    machine: machine(),
    limits: null,
    wasm: wasmBytes(),
    engine: { id, name, version, v8, relaxedFlags },
    budget,
    seed: SEED,
    contenders: contenders.map(({ name, group, threads, note, flags }) => ({ name, group, threads, note, flags })),
    cases: [],
    warmup: [],
    absent: [],
    failed: [],
  };
}

/** Bytes of both binaries after brotli, in one stream, as a page that loads the bundle has them. */
function wasmBytes(): number {
  const files = ["simd", "relaxed"].map((variant) => readFileSync(join(root, `dist/${variant}.wasm`)));
  return brotliCompressSync(Buffer.concat(files)).length;
}

export function limits(): Limits {
  const exp: Record<string, number> = {};
  let memory = scanRate();
  if (existsSync(NATIVE)) {
    const { stdout } = spawnSync(NATIVE, ["--floor"], { encoding: "utf8" });
    for (const line of stdout.split("\n").filter(Boolean)) {
      const floor = parseFloor(line);
      exp[floor.set] = floor.exp;
      memory = Math.max(memory, floor.memory);
    }
  }
  return { memory, exp };
}

/** GB/s of looking for a byte that is not there: engines hand this to the C library's memchr. */
function scanRate(): number {
  const bytes = Buffer.alloc(SCANNED_BYTES, 1);
  const times = Array.from({ length: 3 }, () => {
    const start = performance.now();
    if (bytes.indexOf(7) !== -1) throw new Error("unreachable: there is no 7");
    return performance.now() - start;
  });
  return Number((SCANNED_BYTES / Math.min(...times) / 1e6).toPrecision(3));
}

/** A line of `native --floor`: instruction set, nanoseconds an exp, GB/s. */
export function parseFloor(line: string): { set: string; exp: number; memory: number } {
  const { set, expSum, readGBs } = JSON.parse(line);
  if (!(typeof set === "string" && expSum > 0 && readGBs > 0)) throw new Error(`no floor: ${line}`);
  return { set, exp: expSum, memory: readGBs };
}
