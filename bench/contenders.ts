/** Who is measured, and how each one is called on a workload. */
import {
  binaryCrossEntropyWithLogitsPlain,
  binaryCrossEntropyWithLogitsWithGradPlain,
  crossEntropyPlain,
  crossEntropyWithGradPlain,
} from "./baseline.js";
import type { Data, Mode, Workload } from "./workloads.js";

export type Variant = "plain" | "js" | "simd" | "relaxed";
/**
 * How the numbers get in: `direct` reads the caller's arrays, `workspace` stands in WebAssembly memory already,
 * `end to end` goes from a Float32Array to a loss and a given `grad`, `allocating` the same with a new gradient a call.
 */
export type Path = "direct" | "workspace" | "end to end" | "allocating";

export interface Contender {
  readonly name: string;
  readonly variant: Variant;
  readonly path: Path;
}

/** A contender on one workload: `call` does the whole job once and returns the mean loss. */
export interface Prepared {
  call(): number;
  /** The gradient of the latest call. */
  gradient(): Float32Array | undefined;
  dispose(): void;
}

/** The one place where the cost of a fresh gradient a call is shown. */
const ALLOCATING_WORKLOAD = "256×1000";
const nothing = () => {};

export const CONTENDERS: readonly Contender[] = [
  { name: "plain", variant: "plain", path: "direct" },
  ...(["js", "simd", "relaxed"] as const).flatMap((variant) =>
    (["workspace", "end to end"] as const).map((path) => ({ name: `${variant} ${path}`, variant, path })),
  ),
  { name: "simd allocating", variant: "simd", path: "allocating" },
  { name: "relaxed allocating", variant: "relaxed", path: "allocating" },
];

export function contenderOf(name: string): Contender {
  const found = CONTENDERS.find((contender) => contender.name === name);
  if (!found)
    throw new RangeError(`"contender" expected one of ${CONTENDERS.map((c) => c.name).join(", ")}, got ${name}`);
  return found;
}

/** Whether the contender has a way to do this: a workspace holds softmax cross-entropy only. */
export function takesPart(contender: Contender, workload: Workload, mode: Mode): boolean {
  if (contender.path === "workspace") return workload.kind === "crossEntropy";
  if (contender.path === "allocating") return workload.id === ALLOCATING_WORKLOAD && mode === "gradient";
  return true;
}

/** Forces the contender's kernel set and builds what it needs; throws where the engine cannot run it. */
export async function prepare(contender: Contender, workload: Workload, data: Data, mode: Mode): Promise<Prepared> {
  if (contender.variant === "plain") return preparePlain(workload, data, mode);
  const { backend, useBackend } = await import("celoss");
  useBackend(contender.variant);
  const runs = backend().variant;
  if (runs !== contender.variant) throw new Error(`useBackend("${contender.variant}") left "${runs}" in charge`);
  if (contender.path === "workspace") return prepareWorkspace(workload, data, mode);
  return prepareEndToEnd(workload, data, mode, contender.path === "allocating");
}

function preparePlain(workload: Workload, { logits, targets, labels }: Data, mode: Mode): Prepared {
  const { classes } = workload;
  const binary = workload.kind === "binary";
  if (mode === "forward")
    return {
      call: binary
        ? () => binaryCrossEntropyWithLogitsPlain(logits, labels)
        : () => crossEntropyPlain(logits, targets, classes),
      gradient: () => undefined,
      dispose: nothing,
    };
  const grad = new Float32Array(logits.length);
  return {
    call: binary
      ? () => binaryCrossEntropyWithLogitsWithGradPlain(logits, labels, grad)
      : () => crossEntropyWithGradPlain(logits, targets, classes, grad),
    gradient: () => grad,
    dispose: nothing,
  };
}

async function prepareWorkspace(workload: Workload, data: Data, mode: Mode): Promise<Prepared> {
  const { CrossEntropyWorkspace } = await import("celoss");
  const work = new CrossEntropyWorkspace({ rows: workload.rows, classes: workload.classes });
  work.logits.set(data.logits);
  work.targets.set(data.targets);
  return mode === "forward"
    ? { call: () => work.forward(), gradient: () => undefined, dispose: () => work.dispose() }
    : {
        call: () => work.forwardWithGrad().loss,
        gradient: () => work.grad as Float32Array,
        dispose: () => work.dispose(),
      };
}

async function prepareEndToEnd(
  workload: Workload,
  { logits, targets, labels }: Data,
  mode: Mode,
  allocating: boolean,
): Promise<Prepared> {
  const celoss = await import("celoss");
  const { crossEntropy, crossEntropyWithGrad } = celoss;
  const { binaryCrossEntropyWithLogits, binaryCrossEntropyWithLogitsWithGrad } = celoss;
  const binary = workload.kind === "binary";
  if (mode === "forward")
    return {
      call: binary ? () => binaryCrossEntropyWithLogits(logits, labels) : () => crossEntropy(logits, targets),
      gradient: () => undefined,
      dispose: nothing,
    };
  if (allocating) {
    let latest: Float32Array | undefined;
    const call = () => {
      const { loss, grad } = crossEntropyWithGrad(logits, targets);
      latest = grad as Float32Array;
      return loss;
    };
    return { call, gradient: () => latest, dispose: nothing };
  }
  const grad = new Float32Array(logits.length);
  return {
    call: binary
      ? () => binaryCrossEntropyWithLogitsWithGrad(logits, labels, { grad }).loss
      : () => crossEntropyWithGrad(logits, targets, { grad }).loss,
    gradient: () => grad,
    dispose: nothing,
  };
}
