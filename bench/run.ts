/**
 * npm run bench: checks every contender's answers, then times them in interleaved rounds, each in a process of its own.
 * bench/README.md says how to read what comes out.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { arch, cpus, loadavg, platform, release, totalmem } from "node:os";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { CONTENDERS, type Contender, takesPart } from "./contenders.js";
import type { Budget, Round } from "./measure.js";
import { type Checked, ContenderProcess, flagsForRelaxed } from "./process.js";
import { caseTable, caseTitle, ratio } from "./report.js";
import { type Case, compare, type Results, summarise, toJson, usesWasm } from "./results.js";
import { MODES, type Mode, SEED, WORKLOADS, type Workload } from "./workloads.js";

const HELP = `Usage: npm run bench -- [options]

  --quick           short rounds, the whole suite in under two minutes (default)
  --all             the same suite with more and longer rounds, about ten minutes
  --only PATTERN    what has every word of PATTERN in "workload mode contender": "256x1000 gradient", "binary simd";
                    given again, it adds to the choice
  --json FILE       where the results go (default bench/results/latest.json, which git ignores)
  --rounds N        rounds of every contender
  --time MS         time of a round
  --warmup MS       warm-up of every contender before its first round
  --list            print what --only chooses from, and stop
  --help            print this, and stop

Exit code: 0; 1 when an answer was wrong or a contender crashed; 2 for a wrong option.`;

const PRESETS: Record<"quick" | "all", Budget> = {
  quick: { warmup: 300, rounds: 4, time: 80, sample: 0.5 },
  all: { warmup: 1000, rounds: 8, time: 400, sample: 2 },
};

/** Two rounds agree when their medians are within this factor. */
const AGREEMENT = 1.05;
/** How many times the rounds of the budget a contender may get until two agree. */
const EXTENSION = 3;

interface Entry {
  readonly workload: Workload;
  readonly mode: Mode;
  readonly contenders: Contender[];
}
interface Choice {
  readonly entries: Entry[];
  readonly budget: Budget;
  readonly json: string;
}

class UsageError extends Error {}

const root = fileURLToPath(new URL("..", import.meta.url));

/** Reads the command line; undefined when it asked for words only. */
function choose(args: string[]): Choice | undefined {
  const { values } = parse(args);
  if (values.help) {
    console.log(HELP);
    return undefined;
  }
  if (values.quick && values.all) throw new UsageError("--quick and --all exclude each other");
  const folded = (text: string) => text.toLowerCase().replaceAll("×", "x");
  const patterns = (values.only ?? [""]).map((pattern) => folded(pattern).split(/\s+/));
  const chosen = (text: string) => patterns.some((words) => words.every((word) => folded(text).includes(word)));
  const entries = WORKLOADS.flatMap((workload) =>
    MODES.map((mode) => ({
      workload,
      mode,
      contenders: CONTENDERS.filter(
        (contender) => takesPart(contender, workload, mode) && chosen(`${workload.id} ${mode} ${contender.name}`),
      ),
    })),
  ).filter((entry) => entry.contenders.length > 0);
  if (entries.length === 0)
    throw new UsageError(`--only "${values.only?.join('", "')}" chooses nothing; --list shows what there is`);
  if (values.list) {
    for (const { workload, mode, contenders } of entries)
      for (const { name } of contenders) console.log(`${workload.id} ${mode} ${name}`);
    return undefined;
  }
  const preset = PRESETS[values.all ? "all" : "quick"];
  const budget = {
    warmup: positive("--warmup", values.warmup) ?? preset.warmup,
    rounds: positive("--rounds", values.rounds, Number.isInteger) ?? preset.rounds,
    time: positive("--time", values.time) ?? preset.time,
    sample: preset.sample,
  };
  return { entries, budget, json: values.json ? resolve(values.json) : resolve(root, "bench/results/latest.json") };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        quick: { type: "boolean" },
        all: { type: "boolean" },
        only: { type: "string", multiple: true },
        json: { type: "string" },
        rounds: { type: "string" },
        time: { type: "string" },
        warmup: { type: "string" },
        list: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function positive(name: string, text: string | undefined, also = (_: number) => true): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value) && also(value)))
    throw new UsageError(
      `${name} expected a positive ${also === Number.isInteger ? "integer" : "number"}, got "${text}"`,
    );
  return value;
}

/** Progress goes to stderr, over itself on a terminal: stdout holds the tables alone. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

/** The processes of a run, one a contender, started when first needed. */
class Pool {
  readonly #running = new Map<string, ContenderProcess>();
  readonly #relaxedFlags: readonly string[];

  constructor(relaxedFlags: readonly string[]) {
    this.#relaxedFlags = relaxedFlags;
  }

  of(contender: Contender): ContenderProcess {
    let running = this.#running.get(contender.name);
    if (!running) {
      running = new ContenderProcess(contender, contender.variant === "relaxed" ? this.#relaxedFlags : []);
      this.#running.set(contender.name, running);
    }
    return running;
  }

  drop(contender: Contender): void {
    this.#running.get(contender.name)?.end();
    this.#running.delete(contender.name);
  }

  end(): void {
    for (const { contender } of [...this.#running.values()]) this.drop(contender);
  }
}

/** Whether the two best rounds agree: a machine with something else to do makes single rounds slow, never fast. */
function settled(rounds: readonly Round[]): boolean {
  const [best, next] = rounds.map(({ median }) => median).sort((a, b) => a - b);
  return next <= AGREEMENT * best;
}

/** Checks, warms up and times one case; contenders that fail are reported and left out. */
async function measure(entry: Entry, budget: Budget, pool: Pool, results: Results, label: string): Promise<Case> {
  const { workload, mode } = entry;
  const racing = new Map<ContenderProcess, { checked: Checked; rounds: Round[] }>();
  const fail = (contender: Contender, reason: string) => {
    results.failed.push({ workload: workload.id, mode, contender: contender.name, reason });
    console.error(
      `${process.stderr.isTTY ? "\r\x1b[K" : ""}FAILED ${workload.id} ${mode}, ${contender.name}: ${reason}`,
    );
    pool.drop(contender);
  };
  for (const contender of entry.contenders) {
    if (contender.variant === "relaxed" && results.relaxedFlags === null) continue;
    const running = pool.of(contender);
    progress(`${label} checking ${contender.name}`);
    try {
      const checked = await running.prepare({ workload: workload.id, mode }, budget);
      if (checked.failure) fail(contender, `wrong answer, not timed: ${checked.failure}`);
      else racing.set(running, { checked, rounds: [] });
    } catch (error) {
      fail(contender, (error as Error).message);
    }
  }
  for (let round = 0; round < EXTENSION * budget.rounds; round++) {
    for (const [running, { rounds }] of racing) {
      if (round >= budget.rounds && settled(rounds)) continue;
      progress(`${label} round ${round + 1}, ${running.contender.name}`);
      try {
        if (round === 0) await running.warm();
        rounds.push(await running.round());
      } catch (error) {
        racing.delete(running);
        fail(running.contender, (error as Error).message);
      }
    }
  }
  const timed = [...racing].map(([{ contender }, { checked, rounds }]) => ({
    contender: contender.name,
    variant: contender.variant,
    path: contender.path,
    ...summarise(rounds),
    lossError: checked.errors.loss,
    gradientError: checked.errors.gradient,
  }));
  const { rows, classes } = workload;
  return { workload: workload.id, mode, rows, classes, measurements: compare(rows * classes, timed) };
}

function begin(budget: Budget): Results {
  const processors = cpus();
  return {
    schema: 1,
    date: new Date().toISOString(),
    command: ["npm run bench", ...(process.argv.length > 2 ? ["--", ...process.argv.slice(2)] : [])].join(" "),
    commit: commit(),
    machine: {
      cpu: processors[0]?.model ?? "unknown",
      cores: processors.length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      load: Math.round(loadavg()[0] * 100) / 100,
      os: `${platform()} ${release()} ${arch()}`,
    },
    engine: { name: "node", version: process.versions.node, v8: process.versions.v8 },
    budget,
    seed: SEED,
    cases: [],
    relaxedFlags: flagsForRelaxed(),
    failed: [],
  };
}

function commit(): string | null {
  const git = (...args: string[]) =>
    execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain") ? "+" : "");
  } catch {
    return null;
  }
}

/** Where WebAssembly is slower than JavaScript, in words, so that nobody has to look for it. */
function losses(results: Results): string {
  const compared = results.cases.flatMap((of) =>
    of.measurements.flatMap((one) =>
      usesWasm(one) && one.timesBestJs !== null
        ? [{ times: one.timesBestJs, name: `${of.workload} ${of.mode}, ${one.contender}` }]
        : [],
    ),
  );
  if (compared.length === 0) return "WebAssembly and the js kernel set were not both measured: nothing to compare.";
  const lost = compared.filter(({ times }) => times < 1);
  if (lost.length === 0) return `WebAssembly was faster than the best plain JavaScript in all ${compared.length} runs.`;
  const lines = lost.map(({ times, name }) => `  ${name}: ${ratio(times)} × the best plain JavaScript`);
  return `Where WebAssembly loses:\n${lines.join("\n")}`;
}

async function main(): Promise<number> {
  const choice = choose(process.argv.slice(2));
  if (!choice) return 0;
  const { entries, budget, json } = choice;
  const results = begin(budget);
  const { machine, engine } = results;
  console.log(
    `celoss bench: ${machine.cpu}, ${machine.cores} cores; Node ${engine.version} (V8 ${engine.v8}); commit ${results.commit ?? "none"}`,
  );
  console.log(
    `Answers checked against float64. Warm-up ${budget.warmup} ms, then ${budget.rounds} rounds of ${budget.time} ms in turn, ` +
      `more where the best two differ;\nsamples of ≥ ${budget.sample} ms; the best round's median counts. × = times as fast.\n`,
  );
  if (machine.load > machine.cores / 4)
    console.log(`Load average ${machine.load}: something else is running, and figures may be too slow.\n`);
  if (entries.some(({ contenders }) => contenders.some(({ variant }) => variant === "relaxed"))) {
    const flags = results.relaxedFlags;
    if (flags === null) console.log("relaxed: left out, this engine has no relaxed SIMD and no flag for it.\n");
    else if (flags.length > 0) console.log(`relaxed: in processes with ${flags.join(" ")}, off by default here.\n`);
  }
  const pool = new Pool(results.relaxedFlags ?? []);
  try {
    for (const [i, entry] of entries.entries()) {
      const label = `[${i + 1}/${entries.length}] ${entry.workload.id} ${entry.mode}:`;
      const result = await measure(entry, budget, pool, results, label);
      progress("");
      results.cases.push(result);
      console.log(`${caseTitle(result)}\n${caseTable(result)}\n`);
    }
  } finally {
    pool.end();
  }
  console.log(losses(results));
  mkdirSync(dirname(json), { recursive: true });
  writeFileSync(json, toJson(results));
  console.log(`Results: ${relative(process.cwd(), json)}`);
  if (results.failed.length > 0) console.error(`${results.failed.length} contender runs FAILED, see above.`);
  return results.failed.length > 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`bench: ${error.message}\nTry: npm run bench -- --help`);
  process.exitCode = 2;
}
