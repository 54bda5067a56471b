/** celoss: every kernel set, way in, number of threads, element type and option that is measured. */
import { decode, encode } from "../../test/support/halves.js";
import { Absent, type Prepared } from "../child.js";
import type { Data } from "../data.js";
import { isLoss, lossOf } from "../losses/losses.js";
import { prepareLoss } from "../losses/prepare.js";
import type { Job } from "../protocol.js";
import { type Ours, optionsOf } from "./ours.js";

/** What `celoss` has, or will have: this file is also run against versions without threads. */
interface Threads {
  useThreads?(threads: number): Promise<void>;
  sharedFloat32?(length: number): Float32Array;
}

type Library = Omit<typeof import("celoss"), keyof Threads> & Threads;

export async function prepareCeloss(ours: Ours, job: Job, data: Data): Promise<Prepared> {
  const celoss: Library = await import("celoss");
  try {
    celoss.useBackend(ours.variant);
  } catch (error) {
    throw new Absent((error as Error).message);
  }
  const runs = celoss.backend().variant;
  if (runs !== ours.variant) throw new Error(`useBackend("${ours.variant}") left "${runs}" in charge`);
  if (ours.threads > 1) {
    if (!celoss.useThreads) throw new Absent("celoss has no useThreads");
    await celoss.useThreads(ours.threads);
    const { threads } = celoss.backend();
    if (threads !== ours.threads) throw new Absent(`useThreads(${ours.threads}) left ${threads} running`);
  }
  if (ours.path === "workspace") return prepareWorkspace(celoss, ours, job, data);
  if (ours.path !== "shared") return prepareCalls(celoss, job, data, ours.path === "allocating");
  const { sharedFloat32 } = celoss;
  if (!sharedFloat32) throw new Absent("celoss has no sharedFloat32");
  const shared = (values: Float32Array) => {
    const array = sharedFloat32(values.length);
    array.set(values);
    return array;
  };
  const { logits, targets, labels } = data;
  return prepareCalls(celoss, job, { logits: shared(logits), targets, labels: shared(labels) }, false, sharedFloat32);
}

function prepareWorkspace(celoss: Library, ours: Ours, job: Job, data: Data): Prepared {
  const { kind, rows, classes, mode } = job;
  if (kind === "binary") {
    const work = new celoss.BinaryCrossEntropyWorkspace({ elements: rows * classes });
    work.logits.set(data.logits);
    work.targets.set(data.labels);
    const dispose = () => work.dispose();
    if (mode === "forward") return { call: () => work.forward(), dispose };
    return { call: () => work.forwardWithGrad().loss, gradient: () => work.grad as Float32Array, dispose };
  }
  if (kind !== "crossEntropy") throw new Absent("a workspace holds cross-entropies only");
  const { dtype, gradDtype = "float32" } = ours;
  const { weight, ...options } = optionsOf(ours.option, job, data);
  const work = new celoss.CrossEntropyWorkspace({
    rows,
    classes,
    dtype,
    weight: weight !== undefined,
    // Versions without it are measured too, of float32.
    ...(dtype !== "float32" && { gradDtype }),
  });
  work.logits.set(dtype === "float32" ? data.logits : encode(data.logits, dtype));
  work.targets.set(data.targets);
  if (weight) work.weight?.set(weight);
  // Without options the bare call: that of most users.
  const bare = Object.keys(options).length === 0;
  const dispose = () => work.dispose();
  if (mode === "forward") return { call: bare ? () => work.forward() : () => work.forward(options), dispose };
  return {
    call: bare ? () => work.forwardWithGrad().loss : () => work.forwardWithGrad(options).loss,
    gradient: () =>
      gradDtype === "float32" ? (work.grad as Float32Array) : Float32Array.from(decode(work.grad, gradDtype)),
    dispose,
  };
}

function prepareCalls(
  celoss: Library,
  { kind, mode }: Job,
  { logits, targets, labels }: Data,
  allocating: boolean,
  newArray: (length: number) => Float32Array = (length) => new Float32Array(length),
): Prepared {
  const data = { logits, targets, labels };
  if (isLoss(kind)) return prepareLoss(mode, data, (grad) => lossOf(kind).ours(celoss as never, data, grad));
  const { crossEntropy, crossEntropyWithGrad } = celoss;
  const { binaryCrossEntropyWithLogits, binaryCrossEntropyWithLogitsWithGrad } = celoss;
  const binary = kind === "binary";
  if (mode === "forward")
    return {
      call: binary ? () => binaryCrossEntropyWithLogits(logits, labels) : () => crossEntropy(logits, targets),
    };
  if (allocating) {
    if (binary) throw new Absent("measured on cross-entropy only");
    let latest: Float32Array;
    const call = () => {
      const { loss, grad } = crossEntropyWithGrad(logits, targets);
      latest = grad as Float32Array;
      return loss;
    };
    return { call, gradient: () => latest };
  }
  const grad = newArray(logits.length) as Float32Array<ArrayBuffer>;
  return {
    call: binary
      ? () => binaryCrossEntropyWithLogitsWithGrad(logits, labels, { grad }).loss
      : () => crossEntropyWithGrad(logits, targets, { grad }).loss,
    gradient: () => grad,
  };
}
