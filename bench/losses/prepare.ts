import type { Prepared } from "../child.js";
import type { Data } from "../data.js";
import type { Mode } from "../protocol.js";

/** A loss as a contender: `call` with the array that its gradient goes to, or without. */
export function prepareLoss(
  mode: Mode,
  { logits }: Data,
  call: (grad: Float32Array<ArrayBuffer> | undefined) => number,
): Prepared {
  if (mode === "forward") return { call: () => call(undefined) };
  const grad = new Float32Array(logits.length);
  return { call: () => call(grad), gradient: () => grad };
}
