/** What is measured: shapes that people meet, and series of shapes that show how time grows. */
import { LOSS_NAMES, lossOf } from "./losses/losses.js";
import type { Kind, Mode } from "./protocol.js";

export interface Workload {
  /** How it is named in tables and by `--only`. */
  readonly id: string;
  readonly kind: Kind;
  readonly rows: number;
  /** 1 for binary: every element is a row of its own. */
  readonly classes: number;
  /** The scaling curve that it is a point of, or that of the other losses. */
  readonly series?: Series;
}

export const SERIES = ["classes", "rows", "threads", "losses"] as const;
export type Series = (typeof SERIES)[number];
export const MODES: readonly Mode[] = ["forward", "gradient"];

/** Elements of every point of the series over classes: 4 MB of logits. */
const SERIES_ELEMENTS = 1_000_000;
const SERIES_CLASSES = [2, 5, 10, 25, 100, 250, 1000, 2500, 10_000, 50_000, 200_000];
const SERIES_ROWS = [1, 10, 100, 1000, 10_000, 100_000];
/** At 1000 classes, from well below to well above where threads begin to pay. */
const SERIES_THREADS_ROWS = [4, 16, 32, 64, 128, 256, 1024, 4096];

/** Elements of the other losses. */
const LOSS_ELEMENTS = [10, 1000, 100_000, 1_000_000];

export const WORKLOADS: readonly Workload[] = [
  softmax(1, 10),
  softmax(64, 10),
  softmax(256, 1000),
  softmax(1024, 1000),
  softmax(128, 32_000),
  softmax(64, 128_256),
  { id: "binary 1e6", kind: "binary", rows: 1_000_000, classes: 1 },
];

export const POINTS: readonly Workload[] = [
  ...SERIES_CLASSES.map((classes) => softmax(SERIES_ELEMENTS / classes, classes, "classes")),
  ...SERIES_ROWS.map((rows) => softmax(rows, 10, "rows")),
  ...SERIES_THREADS_ROWS.map((rows) => softmax(rows, 1000, "threads")),
  ...LOSS_NAMES.flatMap((kind) =>
    LOSS_ELEMENTS.map((elements): Workload => {
      const { classes } = lossOf(kind);
      return { id: `${kind} ${elements}`, kind, rows: elements / classes, classes, series: "losses" };
    }),
  ),
];

/** Of the warm-up curve. */
export const WARMUP_WORKLOAD = "256×1000";
/** Where options of the loss are measured, and where a fresh gradient a call is. */
export const DETAIL_WORKLOAD = "256×1000";
/** Where 16-bit logits are measured. */
export const NARROW_WORKLOADS: readonly string[] = ["256×1000", "128×32000"];

function softmax(rows: number, classes: number, series?: Series): Workload {
  return { id: `${rows}×${classes}`, kind: "crossEntropy", rows, classes, ...(series && { series }) };
}
