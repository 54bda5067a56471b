/** Direct calls of the losses that the cross-entropy kernels compute of class indices. */

import { NO_OPTIONS } from "../input/options.js";
import { currentVariant } from "../kernels/choose.js";
import { ROW_CLASSES } from "../kernels/kernels.js";
import type { RowContents } from "../sweep/rows.js";
import { isCurrent, newStage, type Stage } from "../sweep/stage.js";
import type { LossWithGrad } from "./crossEntropy.js";
import { DEFAULTS, type Scalars } from "./crossEntropyOptions.js";
import type { CrossEntropyBlock } from "./crossEntropyRows.js";
import { blockFor } from "./crossEntropyTiles.js";
import { copyInDirect, copyIndicesDirect, copyOutDirect, directGrad, hasOnly, isDirectRows } from "./direct.js";

/** The layout of the latest call, and its rows: a training loop's next one is like it. */
let latest: CrossEntropyBlock | undefined;
let latestRows = 0;

/** The layout of a direct call; undefined for any other, and where a tile would not hold all rows. */
function blockOf(logits: unknown, targets: unknown): CrossEntropyBlock | undefined {
  if (!(logits instanceof Float32Array) || !(targets instanceof Int32Array)) return undefined;
  const last = latest;
  const rows = targets.length;
  if (last !== undefined && rows === latestRows && rows * last.contents.classes === logits.length) {
    if (isCurrent(last.stage)) return last;
  }
  return isDirectRows(logits, targets) ? newBlock(logits.length / rows, rows) : undefined;
}

function newBlock(classes: number, rows: number): CrossEntropyBlock | undefined {
  const contents: RowContents = { type: "float32", classes, probabilities: false, weight: false, result: "inPlace" };
  const block = blockFor(contents, rows);
  if (rows > block.rows) return undefined;
  latest = block;
  latestRows = rows;
  return block;
}

/** Undefined, before anything is written, where an index is no class. */
function mean(
  block: CrossEntropyBlock,
  scalars: Scalars,
  logits: Float32Array,
  targets: Int32Array,
  grad?: Float32Array,
): number | undefined {
  const { at, stage } = block;
  const { f32 } = stage;
  copyInDirect(logits, f32, at.logits);
  copyIndicesDirect(targets, stage.i32, at.indices);
  const value = block.mean(targets.length, scalars, grad !== undefined);
  if (value !== undefined && grad !== undefined) copyOutDirect(f32, at.result, grad);
  return value;
}

/**
 * Where single rows of few classes are computed: a stage that no larger one replaces, because V8 calls a kernel of
 * sixteen numbers 25 ns faster where it has only ever been the same one.
 */
let rowStage: Stage | undefined;

function stageOfRows(): Stage {
  if (rowStage === undefined || rowStage.variant !== currentVariant()) rowStage = newStage(4 * ROW_CLASSES);
  return rowStage;
}

/** Whether it is a row whose logits the kernel takes as numbers. */
function isRow(scalars: Scalars, x: unknown, targets: unknown): boolean {
  if (scalars !== DEFAULTS || !(x instanceof Float32Array) || !(targets instanceof Int32Array)) return false;
  return targets.length === 1 && x.length <= ROW_CLASSES && targets[0] >= 0 && targets[0] < x.length;
}

/** The loss of such a row, its gradient to byte `dx` of the stage unless that is 0; below 0 where it takes the other way. */
function rowLoss({ kernels }: Stage, x: Float32Array, k: number, dx: number): number {
  const n = x.length;
  const run = kernels.f32_crossentropy_row;
  return run(
    n,
    k,
    x[k],
    x[0],
    n > 1 ? x[1] : 0,
    n > 2 ? x[2] : 0,
    n > 3 ? x[3] : 0,
    n > 4 ? x[4] : 0,
    n > 5 ? x[5] : 0,
    n > 6 ? x[6] : 0,
    n > 7 ? x[7] : 0,
    n > 8 ? x[8] : 0,
    n > 9 ? x[9] : 0,
    n > 10 ? x[10] : 0,
    n > 11 ? x[11] : 0,
    dx,
  );
}

/** Copies what it left there: by a loop it takes 4 ns more. */
function copyRow({ f32, base }: Stage, dx: Float32Array): void {
  const n = dx.length;
  const at = base >>> 2;
  dx[0] = f32[at];
  if (n > 1) dx[1] = f32[at + 1];
  if (n > 2) dx[2] = f32[at + 2];
  if (n > 3) dx[3] = f32[at + 3];
  if (n > 4) dx[4] = f32[at + 4];
  if (n > 5) dx[5] = f32[at + 5];
  if (n > 6) dx[6] = f32[at + 6];
  if (n > 7) dx[7] = f32[at + 7];
  if (n > 8) dx[8] = f32[at + 8];
  if (n > 9) dx[9] = f32[at + 9];
  if (n > 10) dx[10] = f32[at + 10];
  if (n > 11) dx[11] = f32[at + 11];
}

/** Whether the option `classes` says no more than the lengths of the arrays. */
function isImplied({ classes }: { classes?: unknown }, x: unknown, targets: unknown): boolean {
  if (classes === undefined) return true;
  if (!(x instanceof Float32Array) || !(targets instanceof Int32Array)) return false;
  return typeof classes === "number" && classes * targets.length === x.length;
}

/** The mean of a direct call; undefined for any other, and where an index is no class. */
export function directLoss(scalars: Scalars, logits: unknown, targets: unknown, options: object): number | undefined {
  if (options !== NO_OPTIONS) {
    if (typeof options !== "object" || options === null) return undefined;
    if (!isImplied(options, logits, targets) || !hasOnly(options, "classes")) return undefined;
  }
  if (isRow(scalars, logits, targets)) {
    const loss = rowLoss(stageOfRows(), logits as Float32Array, (targets as Int32Array)[0], 0);
    if (loss >= 0) return loss;
  }
  const block = blockOf(logits, targets);
  return block && mean(block, scalars, logits as Float32Array, targets as Int32Array);
}

/** The same with the gradient; nothing has been written where it is undefined. */
export function directLossWithGrad(
  scalars: Scalars,
  logits: unknown,
  targets: unknown,
  options: object,
): LossWithGrad | undefined {
  if (isRow(scalars, logits, targets)) {
    const grad = directGrad(options, logits as Float32Array, targets as Int32Array, "classes");
    if (grad === undefined || !isImplied(options, logits, targets)) return undefined;
    const stage = stageOfRows();
    const loss = rowLoss(stage, logits as Float32Array, (targets as Int32Array)[0], stage.base);
    if (loss >= 0) {
      copyRow(stage, grad);
      return { loss, grad };
    }
  }
  return severalWithGrad(scalars, logits, targets, options);
}

function severalWithGrad(
  scalars: Scalars,
  logits: unknown,
  targets: unknown,
  options: object,
): LossWithGrad | undefined {
  const block = blockOf(logits, targets);
  if (block === undefined) return undefined;
  const grad = directGrad(options, logits as Float32Array, targets as Int32Array, "classes");
  if (grad === undefined || !isImplied(options, logits, targets)) return undefined;
  const loss = mean(block, scalars, logits as Float32Array, targets as Int32Array, grad);
  return loss === undefined ? undefined : { loss, grad };
}
