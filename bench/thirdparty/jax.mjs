/**
 * jax-js on its WebAssembly backend, everything under jit. Its gradient of a gather fails there, so the gradient takes
 * one-hot labels; forward takes class indices. Node has no web workers: one thread. Inputs are arrays of the library
 * already, and the gradient stays one.
 */
import { defaultDevice, init, jit, nn, numpy as np, valueAndGrad } from "@jax-js/jax";
import { oneHot, shapeOf } from "./labels.mjs";

export async function prepare(workload, { logits, targets, labels }, mode) {
  const { kind, rows, classes } = workload;
  await init("wasm");
  defaultDevice("wasm");
  const shape = shapeOf(workload);
  const x = np.array(logits).reshape(shape);
  const [loss, y] =
    kind === "binary"
      ? [binary, np.array(labels).reshape(shape)]
      : mode === "forward"
        ? [ofIndices, np.array(targets, { dtype: np.int32 }).reshape([rows, 1])]
        : [ofOneHot, np.array(oneHot(targets, classes)).reshape(shape)];
  const release = () => {
    x.dispose();
    y.dispose();
  };
  if (mode === "forward") {
    const forward = jit(loss);
    return { call: () => forward(x.ref, y.ref).dataSync()[0], gradient: () => undefined, dispose: release };
  }
  const both = jit(valueAndGrad(loss));
  let grad;
  return {
    async call() {
      grad?.dispose();
      const [value, latest] = both(x.ref, y.ref);
      grad = latest;
      await grad.blockUntilReady();
      return value.dataSync()[0];
    },
    gradient: () => grad.ref.dataSync(),
    dispose() {
      grad?.dispose();
      release();
    },
  };
}

// Passing an array gives it away in jax-js; `ref` keeps it for one more use.
const binary = (x, y) => np.mean(nn.softplus(x.ref).sub(x.mul(y)));
const ofIndices = (x, t) => np.mean(nn.logsumexp(x.ref, -1).sub(np.squeeze(np.takeAlongAxis(x, t, -1), -1)));
const ofOneHot = (x, y) => np.mean(nn.logsumexp(x.ref, -1).sub(np.sum(x.mul(y), -1)));
