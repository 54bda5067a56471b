/** What a run leaves behind: the JSON file's shape, and the figures that follow from the measured ones. */
import type { Contender, Group } from "./catalog.js";
import type { Limits, Machine } from "./machine.js";
import type { Kind, Mode, Round } from "./protocol.js";
import type { Series } from "./workloads.js";

export const SCHEMA = 3;

export interface Budget {
  /** Milliseconds of running before the first sample: engines stay in their baseline compilers for many calls. */
  readonly warmup: number;
  readonly rounds: number;
  /** Milliseconds of samples in one round. */
  readonly time: number;
  /** Milliseconds that one sample takes at least: calls are batched until it does, so that the timer's grain is lost. */
  readonly sample: number;
}

export interface Results {
  readonly schema: typeof SCHEMA;
  /** ISO 8601, when the run began. */
  readonly date: string;
  readonly command: string;
  /** How many runs these are, joined; date and commit are those of the last, the command is that of the first. */
  readonly runs: number;
  readonly commit: string | null;
  readonly machine: Machine;
  /** Measured by bench:all only. */
  readonly limits: Limits | null;
  /** Bytes of simd.wasm and relaxed.wasm together, compressed with brotli. */
  readonly wasm: number | null;
  readonly engine: {
    readonly id: string;
    readonly name: string;
    readonly version: string;
    readonly v8: string | null;
    /** Flags that the processes of the relaxed kernel set got; null where the engine cannot run it. */
    readonly relaxedFlags: readonly string[] | null;
  };
  readonly budget: Budget;
  readonly seed: number;
  readonly contenders: Pick<Contender, "name" | "group" | "threads" | "note" | "flags">[];
  readonly cases: Case[];
  readonly warmup: Warmup[];
  /** Who had no way to do a job, and why: no failure. */
  readonly absent: Remark[];
  /** Wrong answers and crashes: a run with any of the project's own contenders among them ends with exit code 1. */
  readonly failed: Remark[];
}

export interface Remark {
  readonly workload: string;
  readonly mode: Mode;
  readonly contender: string;
  readonly reason: string;
}

/** One workload in one mode. */
export interface Case {
  readonly workload: string;
  readonly series: Series | null;
  readonly kind: Kind;
  readonly mode: Mode;
  readonly rows: number;
  readonly classes: number;
  readonly measurements: Measurement[];
}

/** Nanoseconds of the first calls in a fresh process, one by one: of several processes the median. */
export interface Warmup {
  readonly contender: string;
  readonly workload: string;
  readonly mode: Mode;
  readonly times: readonly number[];
}

/** Times in nanoseconds a call. */
export interface Measurement {
  readonly contender: string;
  readonly group: Group;
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
  /** How many times as fast as the naive loop; null where that was not measured. */
  readonly timesNaive: number | null;
  /** How many times as fast as the fastest plain JavaScript: naive, plain, tuned, the kernel set js. */
  readonly timesBestJs: number | null;
  /** Time of native code with the same 128-bit instructions over this one's; null for whom that is no limit. */
  readonly shareOfLimit: number | null;
}

/** Native code that does with 128 bits what a kernel set may do: without fused multiply-add, and with it. */
export const LIMITS = { simd: "native sse4.1", relaxed: "native fma128" } as const;

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

type Timed = Omit<Measurement, "nsPerElement" | "timesNaive" | "timesBestJs" | "shareOfLimit">;

/** Adds what follows from comparing a case's contenders with one another. */
export function compare(elements: number, timed: readonly Timed[]): Measurement[] {
  const named = (name: string) => timed.find(({ contender }) => contender === name)?.median;
  const naive = named("naive");
  const plain = timed.filter(({ group }) => group === "plain").map(({ median }) => median);
  // One of them alone would be a straw man.
  const bestJs = plain.length > 1 ? Math.min(...plain) : undefined;
  const over = (base: number | undefined, { median }: Timed) =>
    base === undefined ? null : significant(base / median);
  return timed.map((one) => ({
    ...one,
    nsPerElement: significant(one.median / elements),
    timesNaive: over(naive, one),
    timesBestJs: over(bestJs, one),
    shareOfLimit: over(named(limitOf(one.contender) ?? ""), one),
  }));
}

/**
 * Two runs as one: the rounds of both, of which the best counts, and what only one of them has measured. For machines that
 * are busy at times.
 *
 * @throws {Error} unless engine, processor, the size of the binaries and the data's seed are the same
 */
export function joined(before: Results, after: Results): Results {
  for (const [what, of] of Object.entries(SAME))
    if (of(before) !== of(after)) throw new Error(`another ${what}, ${of(before)} before and ${of(after)} now`);
  const cases = before.cases.map((of) => {
    const now = after.cases.find((one) => isSameCase(of, one));
    return now ? joinedCase(of, now) : of;
  });
  const news = after.cases.filter((now) => !before.cases.some((of) => isSameCase(of, now)));
  const contenders = new Map([...before.contenders, ...after.contenders].map((one) => [one.name, one]));
  // What was wrong with a contender that is measured now is mended.
  const stands = ({ workload, mode, contender }: Remark) =>
    !after.cases.some((of) => of.workload === workload && of.mode === mode && measurementOf(of, contender));
  return {
    ...after,
    command: before.command,
    runs: before.runs + after.runs,
    limits: joinedLimits(before.limits, after.limits),
    contenders: [...contenders.values()],
    cases: [...cases, ...news],
    warmup: after.warmup.length > 0 ? after.warmup : before.warmup,
    absent: distinct([...before.absent.filter(stands), ...after.absent]),
    failed: distinct([...before.failed.filter(stands), ...after.failed]),
  };
}

const SAME: Record<string, (results: Results) => string | number | null> = {
  engine: ({ engine }) => nameAndVersion(engine),
  processor: ({ machine }) => `${machine.cpu}, ${machine.cores} cores`,
  "size of the binaries": ({ wasm }) => wasm,
  seed: ({ seed }) => seed,
};

function isSameCase(a: Case, b: Case): boolean {
  return a.workload === b.workload && a.series === b.series && a.kind === b.kind && a.mode === b.mode;
}

function joinedCase(before: Case, after: Case): Case {
  const now = new Map(after.measurements.map((one) => [one.contender, one]));
  const timed = before.measurements.map((one) => {
    const other = now.get(one.contender);
    now.delete(one.contender);
    if (!other) return one;
    return {
      ...other,
      median: Math.min(one.median, other.median),
      min: Math.min(one.min, other.min),
      roundMedians: [...one.roundMedians, ...other.roundMedians],
      samples: one.samples + other.samples,
    };
  });
  return { ...after, measurements: compare(after.rows * after.classes, [...timed, ...now.values()]) };
}

function joinedLimits(before: Limits | null, after: Limits | null): Limits | null {
  if (before === null || after === null) return after ?? before;
  const best = (set: string) => Math.min(before.exp[set] ?? Number.POSITIVE_INFINITY, after.exp[set]);
  return {
    memory: Math.max(before.memory, after.memory),
    exp: Object.fromEntries(Object.keys(after.exp).map((set) => [set, best(set)])),
  };
}

function distinct(remarks: readonly Remark[]): Remark[] {
  return [...new Map(remarks.map((remark) => [JSON.stringify(remark), remark])).values()];
}

/** The results as if celoss had run with an experiment of the engine's; what was measured without it alone is left out. */
export function withExperiment(results: Results, name: string): Results {
  const suffix = `, ${name}`;
  const cases = results.cases.map((of) => {
    const timed = of.measurements.flatMap(({ contender, ...one }) => {
      if (contender.endsWith(suffix)) return [{ ...one, contender: contender.slice(0, -suffix.length) }];
      return one.group === "celoss" ? [] : [{ ...one, contender }];
    });
    return { ...of, measurements: compare(of.rows * of.classes, timed) };
  });
  return { ...results, wasm: null, cases };
}

/** The native contender that does the same job with the same instructions as this one of celoss. */
function limitOf(contender: string): string | undefined {
  const bare = /^(simd|relaxed) (workspace|end to end|shared|allocating)$/.exec(contender);
  return bare ? LIMITS[bare[1] as keyof typeof LIMITS] : undefined;
}

export function nameAndVersion({ name, version }: Results["engine"]): string {
  return `${name} ${version}`;
}

export function measurementOf(of: Case | undefined, contender: string): Measurement | undefined {
  return of?.measurements.find((one) => one.contender === contender);
}

/** How much slower the worst round's median was than the best one's, as a fraction. */
export function spreadOf({ roundMedians, median }: Measurement): number {
  return Math.max(...roundMedians) / median - 1;
}

/** JSON with what holds only scalars, and lists of them, on one line each: a measurement a line. */
export function toJson(results: Results): string {
  const flat = (text: string) => text.replace(/\n\s+/g, " ");
  const lists = JSON.stringify(results, null, 2).replace(/\[\n\s+[^[\]{}]+?\n\s+\]/g, flat);
  return `${lists.replace(/\{\n\s+[^{}]+?\n\s+\}/g, flat)}\n`;
}

/** @throws {Error} for text of another version of this suite, and for what is damaged */
export function fromJson(text: string, name: string): Results {
  let value: Results;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${name} is no JSON: ${(error as Error).message}`);
  }
  if (value?.schema !== SCHEMA) throw new Error(`${name} has schema ${value?.schema}, this suite reads ${SCHEMA}`);
  if (!isWhole(value)) throw new Error(`${name} is damaged`);
  return value;
}

/** Whether it has what a run writes, as far as joining asks for it. */
function isWhole({ runs, engine, machine, contenders, cases, warmup, absent, failed }: Results): boolean {
  const lists = [contenders, cases, warmup, absent, failed];
  const isTime = (value: unknown) => typeof value === "number" && value > 0;
  const isTimed = ({ median, min, roundMedians }: Measurement) =>
    Array.isArray(roundMedians) && [median, min, ...roundMedians].every(isTime);
  return (
    isTime(runs) &&
    typeof engine?.name === "string" &&
    typeof machine?.cpu === "string" &&
    lists.every(Array.isArray) &&
    cases.every(({ measurements }) => Array.isArray(measurements) && measurements.every(isTimed))
  );
}

/** Four digits: what lies beyond is noise. */
export function significant(value: number): number {
  return Number(value.toPrecision(4));
}
