/** Time of one contender's call, in rounds that others' rounds can stand between. tinybench takes the samples. */
import { Bench, type Task } from "tinybench";

export interface Budget {
  /** Milliseconds of running before the first sample: engines stay in their baseline compilers for many calls. */
  readonly warmup: number;
  readonly rounds: number;
  /** Milliseconds of samples in one round. */
  readonly time: number;
  /** Milliseconds that one sample takes at least: calls are batched until it does, so that the timer's grain is lost. */
  readonly sample: number;
}

/** Nanoseconds a call. */
export interface Round {
  readonly median: number;
  readonly min: number;
  readonly samples: number;
  /** Calls in one sample. */
  readonly batch: number;
}

/** Even of calls that outlast the budget: a median of fewer says nothing. */
const MIN_SAMPLES = 3;
const NS_PER_MS = 1e6;

export class Stopwatch {
  readonly #call: () => number;
  readonly #task: Task;
  readonly #budget: Budget;
  #batch = 1;
  /** Keeps an engine from leaving out calls whose result nobody reads. */
  sink = 0;

  constructor(call: () => number, budget: Budget) {
    this.#call = call;
    this.#budget = budget;
    const bench = new Bench({
      time: budget.time,
      iterations: MIN_SAMPLES,
      warmupTime: budget.warmup,
      warmupIterations: 1,
      timestampProvider: "hrtimeNow",
      throws: true,
    });
    bench.add("call", () => this.#sample(), { async: false });
    this.#task = bench.getTask("call") as Task;
  }

  /** Warms up by time, then fixes how many calls make a sample. Before it, a batch is one call. */
  warm(): void {
    this.#task.warmupSync();
    this.#batch = 1;
    for (;;) {
      const start = performance.now();
      this.#sample();
      const elapsed = performance.now() - start;
      if (elapsed >= this.#budget.sample) return;
      // At most doubled: a first short reading must not ask for a batch of minutes.
      this.#batch = Math.ceil(this.#batch * Math.min(2, (1.1 * this.#budget.sample) / elapsed));
    }
  }

  round(): Round {
    this.#task.reset();
    this.#task.runSync();
    const { result } = this.#task;
    if (result.state !== "completed") throw new Error(`tinybench ended as "${result.state}"`);
    const { p50, min, samplesCount } = result.latency;
    const perCall = NS_PER_MS / this.#batch;
    return { median: p50 * perCall, min: min * perCall, samples: samplesCount, batch: this.#batch };
  }

  #sample(): void {
    const call = this.#call;
    let sink = 0;
    for (let i = 0; i < this.#batch; i++) sink += call();
    this.sink += sink;
  }
}
