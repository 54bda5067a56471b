/** What the rivals ask for in place of class indices. Built outside of every timing. */

/** Targets as a rows × classes float32 matrix. */
export function oneHot(targets, classes) {
  const labels = new Float32Array(targets.length * classes);
  for (let row = 0; row < targets.length; row++) labels[row * classes + targets[row]] = 1;
  return labels;
}

/** Binary is flat: with a last dimension of 1, ONNX Runtime multiplies by a scalar in loops of length 1. */
export function shapeOf({ kind, rows, classes }) {
  return kind === "binary" ? [rows * classes] : [rows, classes];
}
