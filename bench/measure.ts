/** Time of one contender's call, in rounds that others' rounds can stand between. tinybench takes the samples. */
import { Bench, type Task } from "tinybench";
import type { Round } from "./protocol.js";

/** The whole job once. A promise where a rival has no synchronous way. */
export type Call = () => number | Promise<number>;

/** Even of calls that outlast a round: a median of fewer says nothing. */
const MIN_SAMPLES = 3;
const NS_PER_MS = 1e6;

export class Stopwatch {
  readonly #call: Call;
  readonly #asynchronous: boolean;
  #batch = 1;
  /** Keeps an engine from leaving out calls whose result nobody reads. */
  sink = 0;

  constructor(call: Call, asynchronous: boolean) {
    this.#call = call;
    this.#asynchronous = asynchronous;
  }

  /**
   * Warms up for `milliseconds`, then fixes how many calls make a sample of at least `sample` milliseconds. Before it,
   * a batch is one call.
   */
  async warm(milliseconds: number, sample: number): Promise<number> {
    this.#batch = 1;
    const task = this.#task({ warmupTime: milliseconds });
    await (this.#asynchronous ? task.warmup() : task.warmupSync());
    for (;;) {
      const start = performance.now();
      await this.#sample();
      const elapsed = performance.now() - start;
      if (elapsed >= sample) return this.#batch;
      // At most doubled: a first short reading must not ask for a batch of minutes.
      this.#batch = Math.ceil(this.#batch * Math.min(2, (1.1 * sample) / elapsed));
    }
  }

  async round(milliseconds: number): Promise<Round> {
    const task = this.#task({ time: milliseconds });
    await (this.#asynchronous ? task.run() : task.runSync());
    const { result } = task;
    if (result.state !== "completed") throw new Error(`tinybench ended as "${result.state}"`);
    const { p50, min, samplesCount } = result.latency;
    const perCall = NS_PER_MS / this.#batch;
    return { median: p50 * perCall, min: min * perCall, samples: samplesCount, batch: this.#batch };
  }

  /** Nanoseconds of each of the next `calls` calls. */
  async curve(calls: number): Promise<number[]> {
    const times: number[] = [];
    for (let i = 0; i < calls; i++) {
      const start = process.hrtime.bigint();
      const loss = this.#call();
      this.sink += this.#asynchronous ? await loss : (loss as number);
      times.push(Number(process.hrtime.bigint() - start));
    }
    return times;
  }

  #task(times: { time?: number; warmupTime?: number }): Task {
    const bench = new Bench({
      iterations: MIN_SAMPLES,
      warmupIterations: 1,
      timestampProvider: "hrtimeNow",
      throws: true,
      ...times,
    });
    bench.add("call", () => this.#sample(), { async: this.#asynchronous });
    return bench.getTask("call") as Task;
  }

  #sample(): void | Promise<void> {
    if (this.#asynchronous) return this.#awaited();
    const call = this.#call as () => number;
    let sink = 0;
    for (let i = 0; i < this.#batch; i++) sink += call();
    this.sink += sink;
  }

  async #awaited(): Promise<void> {
    for (let i = 0; i < this.#batch; i++) this.sink += await this.#call();
  }
}
