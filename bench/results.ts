/** What a run leaves behind: the JSON file's shape, and the figures that follow from the measured ones. */
import type { Path, Variant } from "./contenders.js";
import type { Budget, Round } from "./measure.js";
import type { Mode } from "./workloads.js";

export interface Results {
  readonly schema: 1;
  /** ISO 8601, when the run began. */
  readonly date: string;
  readonly command: string;
  /** Short hash, with "+" when the working tree differed from it; null outside of a repository with commits. */
  readonly commit: string | null;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGiB: number;
    /** One-minute load average when the run began: more than a little, and the figures are not to be trusted. */
    readonly load: number;
    readonly os: string;
  };
  readonly engine: { readonly name: "node"; readonly version: string; readonly v8: string };
  /** Milliseconds. */
  readonly budget: Budget;
  readonly seed: number;
  readonly cases: Case[];
  /** Flags that the processes of the relaxed kernel set got; null where the engine cannot run it. */
  readonly relaxedFlags: readonly string[] | null;
  /** Wrong answers and crashes: a run with any ends with exit code 1. */
  readonly failed: {
    readonly workload: string;
    readonly mode: Mode;
    readonly contender: string;
    readonly reason: string;
  }[];
}

/** One workload in one mode. */
export interface Case {
  readonly workload: string;
  readonly mode: Mode;
  readonly rows: number;
  readonly classes: number;
  readonly measurements: Measurement[];
}

/** Times in nanoseconds a call. */
export interface Measurement {
  readonly contender: string;
  readonly variant: Variant;
  readonly path: Path;
  /** Of the best round. */
  readonly median: number;
  readonly min: number;
  readonly roundMedians: readonly number[];
  readonly samples: number;
  readonly batch: number;
  readonly lossError: number;
  readonly gradientError: number | null;
  /** Median over rows × classes. */
  readonly nsPerElement: number;
  /** How many times as fast as the plain loop; null where that was not measured. */
  readonly timesPlain: number | null;
  /** How many times as fast as the fastest contender without WebAssembly: plain, js workspace or js end to end. */
  readonly timesBestJs: number | null;
}

export function summarise(
  rounds: readonly Round[],
): Pick<Measurement, "median" | "min" | "roundMedians" | "samples" | "batch"> {
  const roundMedians = rounds.map((round) => significant(round.median));
  return {
    median: Math.min(...roundMedians),
    min: significant(Math.min(...rounds.map((round) => round.min))),
    roundMedians,
    samples: rounds.reduce((total, round) => total + round.samples, 0),
    batch: rounds[0].batch,
  };
}

type Timed = Omit<Measurement, "nsPerElement" | "timesPlain" | "timesBestJs">;

/** Adds what follows from comparing a case's contenders with one another. */
export function compare(elements: number, timed: readonly Timed[]): Measurement[] {
  const fastest = (some: readonly Timed[]) => Math.min(...some.map((one) => one.median));
  const plain = fastest(timed.filter((one) => one.variant === "plain"));
  const js = fastest(timed.filter((one) => one.variant === "js"));
  const times = (base: number, one: Timed) => (Number.isFinite(base) ? significant(base / one.median) : null);
  return timed.map((one) => ({
    ...one,
    nsPerElement: significant(one.median / elements),
    timesPlain: times(plain, one),
    // Without the js set the plain loop alone would be a straw man.
    timesBestJs: Number.isFinite(js) ? times(Math.min(plain, js), one) : null,
  }));
}

/** How much slower the worst round's median was than the best one's, as a fraction. */
export function spreadOf({ roundMedians, median }: Measurement): number {
  return Math.max(...roundMedians) / median - 1;
}

export function usesWasm({ variant }: Measurement): boolean {
  return variant === "simd" || variant === "relaxed";
}

/** JSON with lists of scalars on one line each, as the formatter wants them and as they are read best. */
export function toJson(results: Results): string {
  const text = JSON.stringify(results, null, 2);
  return `${text.replace(/\[\n\s+([^[\]{}]+?)\n\s+\]/g, (_, items: string) => `[${items.replace(/\n\s+/g, " ")}]`)}\n`;
}

/** Four digits: what lies beyond is noise. */
function significant(value: number): number {
  return Number(value.toPrecision(4));
}
