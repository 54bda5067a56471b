/** One contender in a process of its own: what the engine learns of its types is not blurred by the others. */
import { errorsOf, failureOf } from "./check.js";
import { contenderOf, type Prepared, prepare } from "./contenders.js";
import { type Budget, Stopwatch } from "./measure.js";
import type { Prepare, Reply, Request } from "./process.js";
import { type Data, generate, workloadOf } from "./workloads.js";

const contender = contenderOf(process.argv[2]);
let workloadId = "";
let data: Data;
let prepared: Prepared | undefined;
let stopwatch: Stopwatch;

async function begin({ workload: id, mode, budget }: Prepare & { budget: Budget }) {
  prepared?.dispose();
  const workload = workloadOf(id);
  if (workloadId !== id) {
    data = generate(workload);
    workloadId = id;
  }
  prepared = await prepare(contender, workload, data, mode);
  const loss = prepared.call();
  const errors = errorsOf(workload, data, loss, prepared.gradient());
  stopwatch = new Stopwatch(prepared.call, budget);
  return { errors, failure: failureOf(errors) };
}

async function answer(request: Request): Promise<unknown> {
  if (request.method === "prepare") return begin(request);
  if (request.method === "warm") return stopwatch.warm();
  return stopwatch.round();
}

process.on("message", async (request: Request) => {
  let reply: Reply;
  try {
    reply = { value: await answer(request) };
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  process.send?.(reply);
});
