/** One workload in one mode: checks, warms up and times its contenders in turn, each in a fresh process of its own. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Contender } from "./catalog.js";
import { type Errors, type Exact, errorsOf, exactOf, failureOf, leastOf, leastOfLoops } from "./check.js";
import { type Data, generate, read, writeData } from "./data.js";
import { AbsentError, ContenderProcess } from "./process.js";
import type { Job, Mode, Round } from "./protocol.js";
import { type Budget, type Case, compare, type Results, significant, summarise, type Warmup } from "./results.js";
import type { Workload } from "./workloads.js";

/** Two rounds agree when their medians are within this factor. */
const AGREEMENT = 1.05;
/** How many times the rounds of the budget a contender may get until two agree. */
const EXTENSION = 2;
/** Nanoseconds: of calls that take longer, one round says enough. */
const SLOW_CALL = 3e8;
/** Processes of which a warm-up curve is the median. */
const WARMUP_PROCESSES = 5;
/** Calls of a warm-up curve. */
const WARMUP_CALLS = 200;

export interface Entry {
  readonly workload: Workload;
  readonly mode: Mode;
  readonly contenders: readonly Contender[];
}

/** The data of one workload at a time, in files, and the exact answers to it. */
export class Desk {
  readonly #folder: string;
  #workload: Workload | undefined;
  #data: Data | undefined;
  #exact = new Map<string, Exact>();

  /** @param folder where the files go; whoever made it removes it */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The job of this workload, whose data then stand in files. */
  job(workload: Workload, mode: Mode): Job {
    const folder = join(this.#folder, "data");
    if (this.#workload?.id !== workload.id) {
      this.#exact.clear();
      this.#workload = workload;
      this.#data = generate(workload);
      rmSync(folder, { recursive: true, force: true });
      writeData(folder, this.#data);
    }
    const { kind, rows, classes } = workload;
    return { folder, kind, mode, rows, classes, gradientFile: join(this.#folder, "gradient.f32") };
  }

  /**
   * Errors of a contender that has just done the job, with the gradient that it left in its file; and what is wrong,
   * where that is too much. Another library's errors are its own.
   */
  check({ ours, group }: Contender, job: Job, loss: number): { errors: Errors; wrong: string | undefined } {
    const { dtype = "float32", gradDtype = "float32", option } = ours ?? {};
    const key = `${dtype} ${gradDtype} ${option}`;
    let exact = this.#exact.get(key);
    if (!exact) {
      exact = exactOf(this.#workload as Workload, this.#data as Data, dtype, gradDtype, option);
      this.#exact.set(key, exact);
    }
    let gradient: Float32Array | undefined;
    if (job.mode === "gradient") {
      gradient = new Float32Array(read(job.gradientFile, job.rows * job.classes));
      rmSync(job.gradientFile);
    }
    const loops = group === "plain" && ours === undefined;
    const errors = errorsOf(exact, loss, gradient, loops ? leastOfLoops(exact) : leastOf(gradDtype));
    return { errors, wrong: group === "rival" ? undefined : failureOf(errors, exact) };
  }
}

/** Two rounds have to agree: a machine with something else to do makes single rounds slow, never fast. */
function enough(rounds: readonly Round[], budget: Budget): boolean {
  const [best, next] = rounds.map(({ median }) => median).sort((a, b) => a - b);
  if (best > SLOW_CALL) return true;
  return rounds.length >= budget.rounds && next <= AGREEMENT * best;
}

/**
 * Contenders that are wrong, crash or have no way to do it are reported and left out. The project's own have to be
 * right; another library's error stands in the table.
 */
export async function race(
  { workload, mode, contenders }: Entry,
  budget: Budget,
  desk: Desk,
  results: Results,
  progress: (text: string) => void,
): Promise<Case> {
  const job = desk.job(workload, mode);
  const racing = new Map<Contender, { process: ContenderProcess; errors: Errors; rounds: Round[] }>();
  const processes: ContenderProcess[] = [];
  const leaveOut = (contender: Contender, error: unknown) => {
    const absent = error instanceof AbsentError;
    const remark = { workload: workload.id, mode, contender: contender.name, reason: (error as Error).message };
    (absent ? results.absent : results.failed).push(remark);
    progress("");
    if (!absent) console.error(`FAILED ${workload.id} ${mode}, ${contender.name}: ${remark.reason}`);
    racing.delete(contender);
  };
  try {
    for (const contender of contenders) {
      progress(`checking ${contender.name}`);
      const process = new ContenderProcess(contender);
      processes.push(process);
      try {
        const { errors, wrong } = desk.check(contender, job, await process.prepare(job));
        if (wrong) throw new Error(`wrong answer, not timed: ${wrong}`);
        racing.set(contender, { process, errors, rounds: [] });
      } catch (error) {
        leaveOut(contender, error);
        await process.end();
      }
    }
    for (let round = 0; round < EXTENSION * budget.rounds; round++)
      for (const [contender, { process, rounds }] of racing) {
        if (enough(rounds, budget)) continue;
        progress(`round ${round + 1}, ${contender.name}`);
        try {
          if (round === 0) await process.warm(budget.warmup, budget.sample);
          rounds.push(await process.round(budget.time));
        } catch (error) {
          leaveOut(contender, error);
        }
      }
  } finally {
    await Promise.all(processes.map((process) => process.end()));
  }
  const timed = [...racing].map(([{ name, group }, { errors, rounds }]) => ({
    contender: name,
    group,
    ...summarise(rounds),
    lossError: errors.loss,
    gradientError: errors.gradient,
  }));
  const { id, kind, rows, classes, series = null } = workload;
  return { workload: id, series, kind, mode, rows, classes, measurements: compare(rows * classes, timed) };
}

/** The first calls of a contender, one by one; undefined when it has no way to do it. */
export async function warmup(
  contender: Contender,
  workload: Workload,
  mode: Mode,
  desk: Desk,
): Promise<Warmup | undefined> {
  const job = desk.job(workload, mode);
  const curves: number[][] = [];
  for (let i = 0; i < WARMUP_PROCESSES; i++) {
    const process = new ContenderProcess(contender);
    try {
      await process.prepare(job);
      curves.push(await process.curve(WARMUP_CALLS));
    } catch (error) {
      if (error instanceof AbsentError) return undefined;
      throw error;
    } finally {
      await process.end();
    }
  }
  const times = curves[0].map((_, call) => significant(median(curves.map((curve) => curve[call]))));
  return { contender: contender.name, workload: workload.id, mode, times };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
