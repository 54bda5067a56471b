/** What is measured: shapes that people meet, filled with seeded data. */
import { Rng } from "../test/support/rng.js";

export type Kind = "crossEntropy" | "binary";
export type Mode = "forward" | "gradient";

export interface Workload {
  /** How it is named in tables and by `--only`. */
  readonly id: string;
  readonly kind: Kind;
  readonly rows: number;
  /** 1 for binary: every element is a row of its own. */
  readonly classes: number;
}

export interface Data {
  /** rows × classes, normal with standard deviation 4. */
  readonly logits: Float32Array;
  /** Class indices, uniform; empty for binary. */
  readonly targets: Int32Array;
  /** Labels 0 or 1, one a logit; empty for class indices. */
  readonly labels: Float32Array;
}

export const MODES: readonly Mode[] = ["forward", "gradient"];
export const SEED = 20261121;
const LOGIT_DEVIATION = 4;

export const WORKLOADS: readonly Workload[] = [
  softmaxWorkload(1, 10),
  softmaxWorkload(64, 10),
  softmaxWorkload(256, 1000),
  softmaxWorkload(1024, 1000),
  softmaxWorkload(128, 32_000),
  softmaxWorkload(64, 128_256),
  { id: "binary 1e6", kind: "binary", rows: 1_000_000, classes: 1 },
];

function softmaxWorkload(rows: number, classes: number): Workload {
  return { id: `${rows}×${classes}`, kind: "crossEntropy", rows, classes };
}

/** The workload named `id`; throws RangeError when there is none. */
export function workloadOf(id: string): Workload {
  const found = WORKLOADS.find((workload) => workload.id === id);
  if (!found) throw new RangeError(`"workload" expected one of ${WORKLOADS.map((w) => w.id).join(", ")}, got ${id}`);
  return found;
}

/** The same numbers in every process: they depend on the workload's shape and SEED alone. */
export function generate({ kind, rows, classes }: Workload): Data {
  const rng = new Rng(SEED + rows + classes);
  const logits = new Float32Array(rows * classes);
  for (let i = 0; i < logits.length; i++) logits[i] = rng.normal(LOGIT_DEVIATION);
  const binary = kind === "binary";
  const targets = rng.labels(binary ? 0 : rows, classes);
  const labels = Float32Array.from(rng.labels(binary ? rows : 0, 2));
  return { logits, targets, labels };
}
