/**
 * ONNX Runtime, options `web|node operator|graph THREADS`; see onnx-models.mjs for the two styles. Its tensors wrap the
 * caller's arrays; what it copies of them, and of its outputs, happens in every call and is timed.
 */
import { oneHot, shapeOf } from "./labels.mjs";
import { modelOf } from "./onnx-models.mjs";

export async function prepare(workload, { logits, targets, labels }, mode, runtime, style, threads) {
  const ort = await import(`onnxruntime-${runtime}`);
  if (runtime === "web") ort.env.wasm.numThreads = Number(threads);
  const { rows, classes } = workload;
  const shape = shapeOf(workload);
  const { bytes, taken } = modelOf(workload, mode, style);
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: [runtime === "web" ? "wasm" : "cpu"],
    intraOpNumThreads: Number(threads),
    interOpNumThreads: 1,
  });
  const inputs = {
    t: () =>
      style === "operator"
        ? new ort.Tensor("int32", targets, [rows])
        : new ort.Tensor("int64", BigInt64Array.from(targets, BigInt), [rows, 1]),
    y: () => new ort.Tensor("float32", labels ?? oneHot(targets, classes), shape),
  };
  const feeds = { x: new ort.Tensor("float32", logits, shape) };
  for (const name of taken) feeds[name] = inputs[name]();
  let latest;
  return {
    async call() {
      latest = await session.run(feeds);
      return latest.loss.data[0];
    },
    gradient: () => latest.grad?.data,
    dispose: () => session.release(),
  };
}
