/**
 * npm run bench, bench:all and bench:engines: checks every contender's answers, then times them in interleaved rounds,
 * each in a process of its own. bench/README.md says how to read what comes out.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleContenders } from "./bundle.js";
import {
  type Catalog,
  type Contender,
  isForEngines,
  isQuick,
  nativeContenders,
  ownContenders,
  rivalContenders,
  takesPart,
} from "./catalog.js";
import { type Engine, findEngines } from "./engines.js";
import { blankResults, limits } from "./machine.js";
import { type Choice, choose, HELP, UsageError } from "./options.js";
import { Desk, type Entry, race, warmup } from "./race.js";
import { caseTable, caseTitle, engineTitle, losses } from "./report.js";
import { type Budget, fromJson, joined, type Results, toJson } from "./results.js";
import { MODES, POINTS, WARMUP_WORKLOAD, WORKLOADS, type Workload } from "./workloads.js";

const root = fileURLToPath(new URL("..", import.meta.url));
/** A point of a curve says less than a table's line, and there are many. */
const SERIES_BUDGET: Pick<Budget, "warmup" | "rounds" | "time"> = { warmup: 250, rounds: 2, time: 60 };
const WARMUP_CONTENDERS = /^(tuned|(js|simd|relaxed) workspace(, revectorize)?)$/;

/** Progress goes to stderr, over itself on a terminal: stdout holds the tables alone. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

/** The engines that were asked for: by default the one that runs this, for the suite of engines all. */
function enginesOf({ engines: wanted, suite }: Choice): Engine[] {
  const found = findEngines();
  if (wanted === undefined) return suite === "engines" ? found : found.slice(0, 1);
  return [...new Set(wanted)].map((id) => {
    const engine = found.find((one) => one.id === id);
    if (!engine) throw new UsageError(`--engine expected one of ${found.map((one) => one.id).join(", ")}, got "${id}"`);
    return engine;
  });
}

function find({ suite, only }: Choice, engine: Engine): Catalog {
  const own = ownContenders(engine);
  if (suite === "quick" && !only) return { contenders: own, missing: [] };
  const native = nativeContenders();
  const rivals = suite === "engines" ? { contenders: [], missing: [] } : rivalContenders();
  return {
    contenders: [...own, ...native.contenders, ...rivals.contenders],
    missing: [...native.missing, ...rivals.missing],
  };
}

function entriesOf({ suite, only }: Choice, contenders: readonly Contender[]): Entry[] {
  const asked = (contender: Contender, workload: Workload, mode: string) => {
    const { id, series } = workload;
    if (only) return only(`${series ? `series ${series} ` : ""}${id} ${mode} ${contender.name}`);
    return suite === "all" || (suite === "quick" ? isQuick : isForEngines)(contender, workload);
  };
  return [...WORKLOADS, ...POINTS]
    .flatMap((workload) =>
      MODES.map((mode) => ({
        workload,
        mode,
        contenders: contenders.filter((one) => takesPart(one, workload, mode) && asked(one, workload, mode)),
      })),
    )
    .filter((entry) => entry.contenders.length > 0);
}

function begin({ suite, budget }: Choice, engine: Engine, contenders: readonly Contender[]): Results {
  const script = suite === "quick" ? "bench" : `bench:${suite}`;
  const words = process.argv.slice(2).filter((word) => word !== `--${suite}`);
  const command = [`npm run ${script}`, ...(words.length > 0 ? ["--", ...words] : [])].join(" ");
  const results = blankResults(command, engine, budget, contenders);
  return suite === "all" ? { ...results, limits: limits() } : results;
}

function preface({ machine, engine, commit, budget }: Results): string {
  const { cpu, cores, load } = machine;
  const lines = [
    `celoss bench: ${cpu}, ${cores} cores; ${engineTitle(engine)}; commit ${commit ?? "none"}`,
    `Answers checked against float64. Warm-up ${budget.warmup} ms, then ${budget.rounds} rounds of ${budget.time} ms in turn, ` +
      `more where the best two differ;\nsamples of ≥ ${budget.sample} ms; the best round's median counts. × = times as fast.`,
  ];
  if (load > cores / 4) lines.push(`Load average ${load}: something else is running, and figures may be too slow.`);
  if (engine.relaxedFlags === null)
    lines.push("relaxed: left out, this engine has no relaxed SIMD and no flag for it.");
  else if (engine.relaxedFlags.length > 0)
    lines.push(`relaxed: in processes with ${engine.relaxedFlags.join(" ")}, off by default here.`);
  return `${lines.join("\n")}\n`;
}

/** Each reason once, with how often it was given. */
function absences({ absent }: Results): string[] {
  const counts = new Map<string, number>();
  for (const { contender, reason } of absent) {
    const line = `${contender}: ${reason}`;
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  return [...counts].map(([line, count]) => `absent: ${line}${count > 1 ? ` (${count} cases)` : ""}`);
}

async function runIn({ engine, json, before }: Plan, choice: Choice): Promise<Results> {
  const { contenders, missing } = find(choice, engine);
  const entries = entriesOf(choice, contenders);
  if (entries.length === 0)
    throw new UsageError(`--only "${choice.patterns.join('", "')}" chooses nothing; --list shows what there is`);
  const named = contenders.filter((one) => entries.some((entry) => entry.contenders.includes(one)));
  const results = begin(choice, engine, named);
  console.log([preface(results), ...missing.map((line) => `not here: ${line}`)].join("\n"));
  const folder = mkdtempSync(join(tmpdir(), "celoss-bench-"));
  try {
    const desk = new Desk(folder);
    for (const [i, entry] of entries.entries()) {
      const { workload, mode } = entry;
      const label = `[${i + 1}/${entries.length}] ${workload.id} ${mode}:`;
      const budget = workload.series ? { ...choice.budget, ...least(choice.budget) } : choice.budget;
      const result = await race(entry, budget, desk, results, (text) => progress(text && `${label} ${text}`));
      progress("");
      if (result.measurements.length === 0) continue;
      results.cases.push(result);
      console.log(`${caseTitle(result)}\n${caseTable(result)}\n`);
    }
    if (choice.suite !== "quick" && !choice.only) {
      const workload = WORKLOADS.find(({ id }) => id === WARMUP_WORKLOAD) as Workload;
      for (const contender of contenders.filter(({ name }) => WARMUP_CONTENDERS.test(name))) {
        progress(`warm-up curve: ${contender.name}`);
        const curve = await warmup(contender, workload, "forward", desk);
        if (curve) results.warmup.push(curve);
      }
      progress("");
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  console.log([...absences(results), losses(results)].join("\n"));
  const all = before ? joined(before, results) : results;
  writeFileSync(json, toJson(all));
  console.log(
    `Results: ${relative(process.cwd(), json)}${all.runs > 1 ? `, with those of ${all.runs - 1} before` : ""}\n`,
  );
  return results;
}

interface Plan {
  readonly engine: Engine;
  /** Where the results go. */
  readonly json: string;
  /** What they are added to. */
  readonly before: Results | undefined;
}

/** Asks before hours are spent on measuring what could be wrong with the file. @throws {UsageError} */
function plan(engine: Engine, json: string, { add, budget }: Choice): Plan {
  try {
    mkdirSync(dirname(json), { recursive: true });
    if (existsSync(json) && !statSync(json).isFile()) throw new Error("it is no file");
  } catch (error) {
    throw new UsageError(`--json expected a file that can be written, got ${json}: ${(error as Error).message}`);
  }
  if (!add || !existsSync(json)) return { engine, json, before: undefined };
  try {
    const before = fromJson(readFileSync(json, "utf8"), json);
    joined(before, blankResults("", engine, budget, []));
    return { engine, json, before };
  } catch (error) {
    throw new UsageError(`--add expected results to add to: ${(error as Error).message}`);
  }
}

/** The smaller of the run's budget and that of a point of a curve. */
function least(budget: Budget): Pick<Budget, "warmup" | "rounds" | "time"> {
  const { warmup, rounds, time } = SERIES_BUDGET;
  return {
    warmup: Math.min(warmup, budget.warmup),
    rounds: Math.min(rounds, budget.rounds),
    time: Math.min(time, budget.time),
  };
}

async function main(): Promise<number> {
  const choice = choose(process.argv.slice(2));
  if (!choice) {
    console.log(HELP);
    return 0;
  }
  await bundleContenders();
  const engines = enginesOf(choice);
  if (choice.list) {
    for (const { workload, mode, contenders } of entriesOf(choice, find(choice, engines[0]).contenders))
      for (const { name } of contenders)
        console.log(`${workload.series ? `series ${workload.series} ` : ""}${workload.id} ${mode} ${name}`);
    return 0;
  }
  const json = resolve(
    choice.json ?? join(root, "bench/results", choice.suite === "engines" ? "engines/any.json" : "latest.json"),
  );
  const several = choice.suite === "engines" || engines.length > 1;
  const fileOf = ({ id }: Engine) => (several ? join(dirname(json), `${id}.json`) : json);
  const plans = engines.map((engine) => plan(engine, fileOf(engine), choice));
  let failed = 0;
  for (const one of plans) {
    const results = await runIn(one, choice);
    const groups = new Map(results.contenders.map(({ name, group }) => [name, group]));
    failed += results.failed.filter(({ contender }) => groups.get(contender) !== "rival").length;
  }
  if (failed > 0) console.error(`${failed} contender runs FAILED, see above.`);
  return failed > 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`bench: ${error.message}\nTry: npm run bench -- --help`);
  process.exitCode = 2;
}
