/** Time of one call, of calls that answer at once and of calls that are awaited. tinybench takes the samples. */
import { Bench } from "tinybench";

/** Even of calls that outlast a round: a median of fewer says nothing. */
const MIN_SAMPLES = 3;
const NS_PER_MS = 1e6;

export class Stopwatch {
  #call;
  #batch = 1;
  #awaited;
  /** Keeps an engine from leaving out calls whose result nobody reads. */
  sink = 0;

  /** `call` does the whole job once and returns the loss; with `awaited`, a promise of it. */
  constructor(call, awaited) {
    this.#call = call;
    this.#awaited = awaited;
  }

  /** Runs for `ms`, then fixes how many calls make a sample of at least `sampleMs`. Before it, a batch is one call. */
  async warm(ms, sampleMs) {
    this.#batch = 1;
    const end = performance.now() + ms;
    do await this.#sample();
    while (performance.now() < end);
    for (;;) {
      const elapsed = await this.#shortest();
      if (elapsed >= sampleMs) return { batch: this.#batch };
      // At most doubled: a first short reading must not ask for a batch of minutes.
      this.#batch = Math.ceil(this.#batch * Math.min(2, (1.1 * sampleMs) / elapsed));
    }
  }

  /** Milliseconds of the shortest of a few samples: one that was interrupted must not end the doubling. */
  async #shortest() {
    let shortest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < MIN_SAMPLES; i++) {
      const start = performance.now();
      await this.#sample();
      shortest = Math.min(shortest, performance.now() - start);
    }
    return shortest;
  }

  /** At least three samples, and `ms` of them. Nanoseconds a call. */
  async round(ms) {
    const bench = new Bench({
      time: ms,
      iterations: MIN_SAMPLES,
      warmup: false,
      timestampProvider: "hrtimeNow",
      throws: true,
    });
    bench.add("call", () => this.#sample(), { async: this.#awaited });
    const [{ result }] = await bench.run();
    if (result.state !== "completed") throw new Error(`tinybench ended as "${result.state}"`);
    const { p50, min, samplesCount } = result.latency;
    const perCall = NS_PER_MS / this.#batch;
    return { median: p50 * perCall, min: min * perCall, samples: samplesCount, batch: this.#batch };
  }

  /** Nanoseconds of each of the next `calls` calls. */
  async curve(calls) {
    const times = [];
    for (let i = 0; i < calls; i++) {
      const start = process.hrtime.bigint();
      const loss = this.#call();
      this.sink += this.#awaited ? await loss : loss;
      times.push(Number(process.hrtime.bigint() - start));
    }
    return { times };
  }

  #sample() {
    return this.#awaited ? this.#sampleAwaited() : this.#sampleAtOnce();
  }

  #sampleAtOnce() {
    const call = this.#call;
    let sink = 0;
    for (let i = 0; i < this.#batch; i++) sink += call();
    this.sink += sink;
  }

  async #sampleAwaited() {
    const call = this.#call;
    let sink = 0;
    for (let i = 0; i < this.#batch; i++) sink += await call();
    this.sink += sink;
  }
}
