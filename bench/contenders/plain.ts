/** The loops of `baseline.ts`. */
import {
  binaryCrossEntropyWithLogitsPlain,
  binaryCrossEntropyWithLogitsWithGradPlain,
  crossEntropyPlain,
  crossEntropyWithGradPlain,
} from "../baseline.js";
import type { Prepared } from "../child.js";
import type { Data } from "../data.js";
import { isLoss, lossOf } from "../losses/losses.js";
import { prepareLoss } from "../losses/prepare.js";
import type { Job } from "../protocol.js";

export function preparePlain({ kind, mode, classes }: Job, data: Data): Prepared {
  if (isLoss(kind)) return prepareLoss(mode, data, (grad) => lossOf(kind).plain(data, grad));
  const { logits, targets, labels } = data;
  const grad = new Float32Array(logits.length);
  const gradient = () => grad;
  if (kind === "binary")
    return mode === "forward"
      ? { call: () => binaryCrossEntropyWithLogitsPlain(logits, labels) }
      : { call: () => binaryCrossEntropyWithLogitsWithGradPlain(logits, labels, grad), gradient };
  return mode === "forward"
    ? { call: () => crossEntropyPlain(logits, targets, classes) }
    : { call: () => crossEntropyWithGradPlain(logits, targets, classes, grad), gradient };
}
