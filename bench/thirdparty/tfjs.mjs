/**
 * TensorFlow.js, options `cpu|wasm losses|fused`. `losses`: tf.losses and its automatic gradient. `fused`: the ops that
 * a user picks who knows the gradient, softmax − one-hot; its loss is −log of the softmax, which underflows for a
 * target far below the maximum. The stable log-sum-exp of this library takes four times as long. Inputs are tensors
 * already, and the gradient stays one.
 */
import { createRequire } from "node:module";
import { dirname } from "node:path";
import tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { oneHot, shapeOf } from "./labels.mjs";

export async function prepare(workload, { logits, targets, labels }, mode, backend, style) {
  const { kind, rows, classes } = workload;
  tf.enableProdMode();
  if (backend === "wasm") {
    const main = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm");
    setWasmPaths(`${dirname(main)}/`);
  }
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js has no backend "${backend}" here`);
  const shape = shapeOf(workload);
  const x = tf.tensor(logits, shape);
  const y = tf.tensor(labels ?? oneHot(targets, classes), shape);
  const pairs = Int32Array.from({ length: kind === "binary" ? 0 : 2 * rows }, (_, i) =>
    i % 2 ? targets[i >> 1] : i >> 1,
  );
  const at = tf.tensor2d(pairs, [pairs.length / 2, 2], "int32");
  const pass = { losses, fused }[style](kind, mode, x, y, at);

  let grad;
  const call = () => {
    grad?.dispose();
    const { loss, grad: latest } = tf.tidy(pass);
    grad = latest;
    const value = loss.dataSync()[0];
    loss.dispose();
    return value;
  };
  return {
    call,
    gradient: () => grad?.dataSync(),
    dispose: () => tf.dispose([x, y, at, grad].filter(Boolean)),
  };
}

function losses(kind, mode, x, y) {
  const loss = (z) => (kind === "binary" ? tf.losses.sigmoidCrossEntropy(y, z) : tf.losses.softmaxCrossEntropy(y, z));
  if (mode === "forward") return () => ({ loss: loss(x) });
  const both = tf.valueAndGrad(loss);
  return () => {
    const { value, grad } = both(x);
    return { loss: value, grad };
  };
}

function fused(kind, mode, x, y, at) {
  if (kind === "binary")
    return () => {
      // ln(1 + e^−|x|) = −ln σ(|x|): twice as fast as tf.softplus, and as exact.
      const rest = tf.log(tf.sigmoid(tf.abs(x)));
      const loss = tf.mean(tf.sub(tf.sub(tf.relu(x), rest), tf.mul(x, y)));
      return { loss, grad: mode === "gradient" ? tf.mul(tf.sub(tf.sigmoid(x), y), 1 / x.size) : undefined };
    };
  const scale = 1 / x.shape[0];
  return () => {
    const p = tf.softmax(x);
    const loss = tf.neg(tf.mean(tf.log(tf.gatherND(p, at))));
    return { loss, grad: mode === "gradient" ? tf.mul(tf.sub(p, y), scale) : undefined };
  };
}
