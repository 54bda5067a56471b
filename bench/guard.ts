/**
 * npm run bench:guard: whether celoss is still many times as fast as plain JavaScript beside it. Ratios in one run, the
 * best of interleaved rounds, and bounds far below what is measured: a busy machine does not trip it, a kernel that fell
 * back to scalar code does. Exit code 1 when a bound is missed.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleContenders } from "./bundle.js";
import { ownContenders } from "./catalog.js";
import { findEngines } from "./engines.js";
import { blankResults } from "./machine.js";
import type { Mode } from "./protocol.js";
import { Desk, race } from "./race.js";
import { ratio } from "./report.js";
import { type Budget, measurementOf } from "./results.js";
import { WORKLOADS, type Workload } from "./workloads.js";

interface Guard {
  readonly workload: string;
  readonly mode: Mode;
  readonly fast: string;
  /** Plain JavaScript that it is compared with. */
  readonly slow: string;
  /** How many times as fast it has to be. */
  readonly bound: number;
}

function guard(workload: string, mode: Mode, slow: string, bounds: Readonly<Record<string, number>>): Guard[] {
  return Object.entries(bounds).map(([fast, bound]) => ({ workload, mode, fast, slow, bound }));
}

const GUARDS: readonly Guard[] = [
  ...guard("256×1000", "forward", "js workspace", {
    "simd workspace": 3.2,
    "simd end to end": 2.7,
    "relaxed workspace": 4.5,
    "relaxed end to end": 3.5,
  }),
  ...guard("256×1000", "gradient", "js workspace", {
    "simd workspace": 3.7,
    "simd end to end": 2.6,
    "relaxed workspace": 4.2,
    "relaxed end to end": 2.9,
  }),
  ...guard("256×1000", "forward", "naive", { "js workspace": 2.5 }),
  ...guard("64×10", "forward", "naive", { "simd workspace": 8, "relaxed workspace": 9.5 }),
  ...guard("64×10", "gradient", "naive", { "simd workspace": 10, "relaxed workspace": 11 }),
  ...guard("1×10", "forward", "naive", { "simd end to end": 1.8 }),
  ...guard("1×10", "gradient", "naive", { "simd workspace": 3, "simd end to end": 1.7 }),
  ...guard("binary 1e6", "gradient", "naive", { "simd end to end": 14, "relaxed end to end": 16 }),
];

const BUDGET: Budget = { warmup: 300, rounds: 4, time: 50, sample: 1 };

await bundleContenders();
const [engine] = findEngines();
const contenders = ownContenders(engine);
const results = blankResults("npm run bench:guard", engine, BUDGET, contenders);
const folder = mkdtempSync(join(tmpdir(), "celoss-guard-"));
const missed: string[] = [];
try {
  const desk = new Desk(folder);
  const cases = new Map(GUARDS.map((one) => [`${one.workload} ${one.mode}`, one]));
  for (const { workload: id, mode } of cases.values()) {
    const workload = WORKLOADS.find((one) => one.id === id) as Workload;
    const guards = GUARDS.filter((one) => one.workload === id && one.mode === mode);
    const names = new Set(guards.flatMap(({ fast, slow }) => [slow, fast]));
    const entry = { workload, mode, contenders: contenders.filter(({ name }) => names.has(name)) };
    const result = await race(entry, BUDGET, desk, results, () => {});
    for (const { fast, slow, bound } of guards) {
      const [one, other] = [measurementOf(result, fast), measurementOf(result, slow)];
      // Not even there without relaxed SIMD; what was wrong or crashed is among the failed.
      if (!one || !other) continue;
      const times = other.median / one.median;
      const line = `${`${id} ${mode}`.padEnd(22)} ${fast.padEnd(20)} ${ratio(times).padStart(6)} × ${slow.padEnd(13)} bound ${bound}`;
      console.log(line);
      if (times < bound) missed.push(line);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
const wrong = [...results.failed, ...results.absent].map(
  ({ workload, mode, contender, reason }) => `${workload} ${mode} ${contender}: ${reason}`,
);
if (missed.length + wrong.length > 0) {
  console.error(`\nbench:guard FAILED\n${[...missed.map((line) => `too slow: ${line}`), ...wrong].join("\n")}`);
  process.exitCode = 1;
} else console.log("\nbench:guard passed");
