/** transformers.js: log_softmax row by row, and its exponential for the gradient. One file of the package is enough. */
import { log_softmax } from "./node_modules/@huggingface/transformers/src/utils/maths.js";

export function prepare({ kind, rows, classes }, { logits, targets }, mode) {
  if (kind === "binary") return { absent: "transformers.js has no log-sigmoid or softplus" };
  const grad = mode === "gradient" ? new Float32Array(rows * classes) : undefined;
  const scale = 1 / rows;
  const call = () => {
    let sum = 0;
    for (let row = 0; row < rows; row++) {
      const start = row * classes;
      const logP = log_softmax(logits.subarray(start, start + classes));
      sum -= logP[targets[row]];
      if (!grad) continue;
      for (let j = 0; j < classes; j++) grad[start + j] = Math.exp(logP[j]) * scale;
      grad[start + targets[row]] -= scale;
    }
    return sum * scale;
  };
  return { call, gradient: () => grad, dispose() {} };
}
