/** A workload's numbers: made once by the runner, read from files by whoever is measured. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Rng } from "../test/support/rng.js";
import { isLoss, lossOf } from "./losses/losses.js";
import type { Job, Kind } from "./protocol.js";

export interface Data {
  /** rows × classes, normal with standard deviation 4. */
  readonly logits: Float32Array;
  /** Class indices, uniform; empty for binary. */
  readonly targets: Int32Array;
  /** Labels 0 or 1, or targets of another loss, one a logit; empty for class indices. */
  readonly labels: Float32Array;
}

export const SEED = 20261121;
const LOGIT_DEVIATION = 4;

/** The same numbers in every run: they depend on the shape and SEED alone. */
export function generate({ kind, rows, classes }: { kind: Kind; rows: number; classes: number }): Data {
  const rng = new Rng(SEED + rows + classes);
  if (isLoss(kind)) {
    const { input, target } = lossOf(kind);
    const draw = (of: (rng: Rng) => number) => Float32Array.from({ length: rows * classes }, () => of(rng));
    const logits = draw(input);
    return {
      logits,
      targets: rng.labels(target ? 0 : rows, classes),
      labels: target ? draw(target) : new Float32Array(0),
    };
  }
  const logits = new Float32Array(rows * classes);
  for (let i = 0; i < logits.length; i++) logits[i] = rng.normal(LOGIT_DEVIATION);
  const binary = kind === "binary";
  const targets = rng.labels(binary ? 0 : rows, classes);
  const labels = Float32Array.from(rng.labels(binary ? rows : 0, 2));
  return { logits, targets, labels };
}

/** Whether each element has a target, and not each row a class. */
function hasLabels(kind: Kind): boolean {
  return isLoss(kind) ? lossOf(kind).target !== undefined : kind === "binary";
}

/** The files of a {@link Job}, into `folder`, which need not exist. */
export function writeData(folder: string, { logits, targets, labels }: Data): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "logits.f32"), logits);
  if (targets.length > 0) writeFileSync(join(folder, "targets.i32"), targets);
  if (labels.length > 0) writeFileSync(join(folder, "labels.f32"), labels);
}

/** @throws {RangeError} when the files are not of the job's size */
export function readData({ folder, kind, rows, classes }: Job): Data {
  const binary = hasLabels(kind);
  return {
    logits: new Float32Array(read(join(folder, "logits.f32"), rows * classes)),
    targets: new Int32Array(binary ? new ArrayBuffer(0) : read(join(folder, "targets.i32"), rows)),
    labels: new Float32Array(binary ? read(join(folder, "labels.f32"), rows) : new ArrayBuffer(0)),
  };
}

/** `length` elements of four bytes, in a buffer of their own. */
export function read(file: string, length: number): ArrayBuffer {
  const bytes = readFileSync(file);
  if (bytes.length !== 4 * length)
    throw new RangeError(`"${file}" expected ${4 * length} bytes, got ${bytes.length} bytes`);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
}
