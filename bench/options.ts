/** The command line of the benchmarks. */
import { parseArgs } from "node:util";
import type { Budget } from "./results.js";

export const HELP = `Usage: npm run bench -- [options]          the chosen few, under two minutes
       npm run bench:all -- [options]      everything that is found here, about half an hour
       npm run bench:engines -- [options]  celoss in every engine that is installed in bench/engines

  --only PATTERN    what has every word of PATTERN in "workload mode contender", of everything that is found here:
                    "256x1000 gradient", "binary simd"; points of curves by "series classes", "series rows 1x10",
                    "series threads"; given again, it adds to the choice
  --engine ID       run celoss in this engine: that of bench/engines named so (node24, bun …); given again, it adds one
  --json FILE       where the results go (default bench/results/latest.json, which git ignores); bench:engines, and
                    several engines, write into FILE's folder (bench/results/engines), ID.json for each
  --add             add the rounds to those that FILE holds, if engine, processor and the size of the binaries are the
                    same: the best of all count, which helps where the machine is busy at times
  --rounds N        rounds of every contender
  --time MS         time of a round
  --warmup MS       warm-up of every contender before its first round
  --list            print what --only chooses from, and stop
  --help            print this, and stop

Exit code: 0; 1 when an answer of celoss was wrong or it crashed; 2 for a wrong option.`;

export type Suite = "quick" | "all" | "engines";

const BUDGETS: Record<Suite, Budget> = {
  quick: { warmup: 150, rounds: 3, time: 50, sample: 0.5 },
  all: { warmup: 400, rounds: 5, time: 150, sample: 2 },
  engines: { warmup: 500, rounds: 5, time: 120, sample: 2 },
};

export interface Choice {
  readonly suite: Suite;
  readonly budget: Budget;
  /** Whether "workload mode contender" was asked for; undefined when nothing in particular was. */
  readonly only: ((text: string) => boolean) | undefined;
  readonly patterns: readonly string[];
  readonly engines: readonly string[] | undefined;
  readonly json: string | undefined;
  readonly add: boolean;
  readonly list: boolean;
}

/** A wrong option; the message says which. */
export class UsageError extends Error {}

/** Reads the command line; undefined when it asked for help. @throws {UsageError} */
export function choose(args: string[]): Choice | undefined {
  const { values } = parse(args);
  if (values.help) return undefined;
  if (values.all && values.engines) throw new UsageError("--all and --engines exclude each other");
  const suite = values.all ? "all" : values.engines ? "engines" : "quick";
  const patterns = values.only ?? [];
  if (patterns.some((pattern) => pattern.trim() === "")) throw new UsageError('--only expected words, got ""');
  if (values.json === "") throw new UsageError('--json expected the name of a file, got ""');
  const words = patterns.map((pattern) => folded(pattern).split(/\s+/));
  return {
    suite,
    budget: {
      warmup: positive("--warmup", values.warmup) ?? BUDGETS[suite].warmup,
      rounds: positive("--rounds", values.rounds, true) ?? BUDGETS[suite].rounds,
      time: positive("--time", values.time) ?? BUDGETS[suite].time,
      sample: BUDGETS[suite].sample,
    },
    only: values.only && ((text) => words.some((pattern) => chooses(pattern, folded(text)))),
    patterns,
    engines: values.engine,
    json: values.json,
    add: values.add ?? false,
    list: values.list ?? false,
  };
}

/** Points of curves are chosen by those that say so. */
function chooses(words: readonly string[], text: string): boolean {
  if (text.startsWith("series ") && !words.includes("series")) return false;
  return words.every((word) => text.includes(word));
}

function folded(text: string): string {
  return text.toLowerCase().replaceAll("×", "x");
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        all: { type: "boolean" },
        engines: { type: "boolean" },
        only: { type: "string", multiple: true },
        engine: { type: "string", multiple: true },
        json: { type: "string" },
        add: { type: "boolean" },
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

function positive(name: string, text: string | undefined, integer = false): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value) && (!integer || Number.isInteger(value))))
    throw new UsageError(`${name} expected a positive ${integer ? "integer" : "number"}, got "${text}"`);
  return value;
}
