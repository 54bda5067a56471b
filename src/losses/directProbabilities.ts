/** Direct calls (direct.ts) of the cross-entropy with class probabilities for targets, whose shape `classes` says. */

import { sumOfRows } from "../kernels/rowSum.js";
import { isCurrent } from "../sweep/stage.js";
import type { LossWithGrad } from "./crossEntropy.js";
import { DEFAULTS } from "./crossEntropyOptions.js";
import type { CrossEntropyBlock } from "./crossEntropyRows.js";
import { blockFor } from "./crossEntropyTiles.js";
import { copyInDirect, copyOutDirect, directClasses, directGrad, hasOnly, isDirectPair } from "./direct.js";

/** The layout of the latest call: a training loop's next one is like it. */
let latest: CrossEntropyBlock | undefined;

/** The layout of a direct call; undefined for any other, and where a tile would not hold all rows. */
function blockOf(logits: unknown, targets: unknown, options: { classes?: unknown }): CrossEntropyBlock | undefined {
  if (!isDirectPair(logits, targets)) return undefined;
  const classes = directClasses(logits, options);
  if (classes === undefined || options.classes === undefined) return undefined;
  const rows = logits.length / classes;
  const last = latest;
  if (last !== undefined && last.contents.classes === classes && rows <= last.rows && isCurrent(last.stage))
    return last;
  const block = blockFor({ type: "float32", classes, probabilities: true, weight: false, result: "inPlace" }, rows);
  if (rows > block.rows) return undefined;
  latest = block;
  return block;
}

function mean(block: CrossEntropyBlock, logits: Float32Array, targets: Float32Array, grad?: Float32Array): number {
  const { at, stage } = block;
  const { f32, f64 } = stage;
  const rows = logits.length / block.contents.classes;
  copyInDirect(logits, f32, at.logits);
  copyInDirect(targets, f32, at.probabilities);
  block.configure(stage, DEFAULTS, { loss: rows, zLoss: rows, grad: rows }, undefined, -1);
  block.run(rows, false, false, grad !== undefined);
  if (grad !== undefined) copyOutDirect(f32, at.result, grad);
  return sumOfRows(f64, at.losses >>> 3, rows) / rows;
}

/** The mean of a direct call; undefined for any other. */
export function directProbabilityLoss(logits: unknown, targets: unknown, options: object): number | undefined {
  const block = blockOf(logits, targets, options);
  if (block === undefined || !hasOnly(options, "classes")) return undefined;
  return mean(block, logits as Float32Array, targets as Float32Array);
}

/** The same with the gradient; nothing has been written where it is undefined. */
export function directProbabilityLossWithGrad(
  logits: unknown,
  targets: unknown,
  options: object,
): LossWithGrad | undefined {
  const block = blockOf(logits, targets, options);
  if (block === undefined) return undefined;
  const grad = directGrad(options, logits as Float32Array, targets as Float32Array, "classes");
  if (grad === undefined) return undefined;
  return { loss: mean(block, logits as Float32Array, targets as Float32Array, grad), grad };
}
