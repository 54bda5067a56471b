/**
 * A contender's process, seen from inside: what the engine learns of one contender's types is not blurred by the others.
 * A JavaScript contender is a file that calls {@link serve} with its way to prepare a job.
 */
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { type Data, readData } from "./data.js";
import { type Call, Stopwatch } from "./measure.js";
import { type Job, parseRequest, type Reply, type Request } from "./protocol.js";

/** A contender on one job. */
export interface Prepared {
  readonly call: Call;
  /** The gradient of the latest call; undefined when the job's mode is forward. */
  gradient?(): Float32Array;
  dispose?(): void;
}

export type Prepare = (job: Job, data: Data) => Prepared | Promise<Prepared>;

/** Thrown by a contender that has no way to do a job; the message says why. It is left out, which is no failure. */
export class Absent extends Error {}

/** Answers requests until stdin ends, then ends the process. */
export async function serve(prepare: Prepare): Promise<void> {
  let prepared: Prepared | undefined;
  let stopwatch: Stopwatch | undefined;

  async function answer(request: Request): Promise<Reply> {
    if (request.name === "prepare") {
      const { job } = request;
      prepared?.dispose?.();
      prepared = await prepare(job, readData(job));
      const first = prepared.call();
      const loss = await first;
      if (!Number.isFinite(loss)) return { error: `its loss is ${loss}` };
      if (job.mode === "gradient") writeFileSync(job.gradientFile, prepared.gradient?.() as Float32Array);
      stopwatch = new Stopwatch(prepared.call, typeof first !== "number");
      return { loss };
    }
    if (!stopwatch) return { error: `${request.name} before prepare` };
    if (request.name === "warm") return { batch: await stopwatch.warm(request.milliseconds, request.sample) };
    if (request.name === "round") return stopwatch.round(request.milliseconds);
    return { times: await stopwatch.curve(request.calls) };
  }

  for await (const line of createInterface({ input: process.stdin })) {
    let reply: Reply;
    try {
      reply = await answer(parseRequest(line));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      reply = error instanceof Absent ? { absent: message } : { error: message };
    }
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
  prepared?.dispose?.();
  process.exit(0);
}
