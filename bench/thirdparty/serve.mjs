/**
 * A rival's end of the bench's process protocol: `node serve.mjs ADAPTER [OPTION …]`. Requests are lines of words on
 * stdin, replies lines of JSON on stdout.
 *
 * An adapter exports `prepare(workload, data, mode, ...options)`, which may be asynchronous, and returns
 * `{ call, gradient, dispose }`: `call()` does the whole job once and returns the mean loss or a promise of it,
 * `gradient()` the gradient of the latest call as a Float32Array, `dispose()` frees or returns a promise of it. Where
 * the library has no way to do it: `{ absent: reason }`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Stopwatch } from "./stopwatch.mjs";

// stdout belongs to the replies, whatever a library has to say.
console.log = console.info = console.debug = console.error;

const [file, ...options] = process.argv.slice(2);
const adapter = await import(new URL(file, import.meta.url).href);
let prepared;
let stopwatch;

const methods = {
  prepare: begin,
  warm: (ms, sampleMs) => ready().warm(Number(ms), Number(sampleMs)),
  round: (ms) => ready().round(Number(ms)),
  curve: (calls) => ready().curve(Number(calls)),
};

for await (const line of createInterface({ input: process.stdin })) {
  const [method, ...words] = line.split(" ");
  let reply;
  try {
    if (!Object.hasOwn(methods, method))
      throw new RangeError(`expected prepare, warm, round or curve, got "${method}"`);
    reply = await methods[method](...words);
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
await prepared?.dispose();

async function begin(dir, kind, mode, rows, classes, gradFile) {
  await prepared?.dispose();
  prepared = stopwatch = undefined;
  const workload = { kind, rows: Number(rows), classes: Number(classes) };
  const found = await adapter.prepare(workload, load(dir, workload), mode, ...options);
  if (found.absent) return found;
  prepared = found;
  const returned = prepared.call();
  stopwatch = new Stopwatch(prepared.call, returned instanceof Promise);
  const loss = await returned;
  if (mode === "gradient") writeFileSync(gradFile, prepared.gradient());
  // JSON has no word for it.
  if (!Number.isFinite(loss)) throw new Error(`the loss is ${loss}`);
  return { loss };
}

function load(dir, { kind, rows, classes }) {
  const elements = rows * classes;
  const logits = read(Float32Array, join(dir, "logits.f32"), elements);
  return kind === "binary"
    ? { logits, labels: read(Float32Array, join(dir, "labels.f32"), elements) }
    : { logits, targets: read(Int32Array, join(dir, "targets.i32"), rows) };
}

function read(Type, path, length) {
  const array = new Type(new Uint8Array(readFileSync(path)).buffer);
  if (array.length !== length) throw new RangeError(`"${path}" expected ${length} numbers, got ${array.length}`);
  return array;
}

function ready() {
  if (!stopwatch) throw new Error('expected "prepare" first');
  return stopwatch;
}
