// Answers of other projects that are wrong at the edges, and what celoss gives in their place. Theirs are recorded in the
// conformance data, or follow from their formulas as docs/maths.md and the README of the data quote them.

import * as celoss from "../../src/index.js";

export interface Peer {
  project: string;
  wrong: string;
  right: string;
  /** celoss's answer, the right one from the definition, and the other project's where it is a number. */
  ours(): ArrayLike<number>;
  exact: readonly number[];
  theirs: readonly number[];
}

const ROW = Float32Array.of(2, 1, 0.1);

export const PEERS: readonly Peer[] = [
  {
    project: "TensorFlow.js",
    wrong: "sparse categorical cross-entropy clips the logits: 0.8782 for (2, 1, 0.1), class 0",
    right: "lse − x₀ = 0.417030",
    ours: () => [celoss.crossEntropy(ROW, [0])],
    exact: [0.41703001627783],
    theirs: [0.8782],
  },
  {
    project: "TensorFlow.js, jax-js",
    wrong: "a class masked with −∞ makes the loss NaN",
    right: "it has probability 0, and the others share the rest",
    ours: () => [celoss.crossEntropy(Float32Array.of(2, 1, -Infinity), [0])],
    exact: [Math.log1p(Math.exp(-1))],
    theirs: [Number.NaN],
  },
  {
    project: "TensorFlow.js, transformers.js",
    wrong: "logits times 100 give an infinite loss",
    right: "the difference of the logits",
    ours: () => [celoss.crossEntropy(Float32Array.of(400, -400), [1])],
    exact: [800],
    theirs: [Number.POSITIVE_INFINITY],
  },
  {
    project: "PyTorch",
    wrong: "an ignored row that holds NaN or only −∞ has a gradient of NaN",
    right: "an ignored row contributes nothing: gradient 0",
    ours: () =>
      celoss.crossEntropyWithGrad(Float64Array.of(Number.NaN, 1, 0, 0), [-100, 0], { classes: 2, reduction: "sum" })
        .grad,
    exact: [0, 0, -0.5, 0.5],
    theirs: [Number.NaN, Number.NaN, -0.5, 0.5],
  },
  {
    project: "PyTorch, MLX, Optax",
    wrong: "a probability of 0 on a class of −∞ gives NaN, 0·∞",
    right: "0·∞ counts as 0",
    ours: () => [celoss.crossEntropy(Float64Array.of(0, 0, -Infinity), Float64Array.of(0.5, 0.5, 0), { classes: 3 })],
    exact: [Math.LN2],
    theirs: [Number.NaN],
  },
  {
    project: "PyTorch",
    wrong: "a class weight of 0 on a target of −∞ gives NaN, 0·∞",
    right: "a weight of 0 leaves nothing",
    ours: () => [celoss.crossEntropy([0, -Infinity], [1], { classes: 2, weight: [1, 0], reduction: "sum" })],
    exact: [0],
    theirs: [Number.NaN],
  },
  {
    project: "PyTorch",
    wrong: "kl_div of a target of 0 and an input of −∞ is NaN",
    right: "a target of 0 costs nothing",
    ours: () => [celoss.klDivLoss([0, -Infinity], [1, 0], { reduction: "sum" })],
    exact: [0],
    theirs: [Number.NaN],
  },
  {
    project: "TensorFlow",
    wrong: "the gradient is p − t also where the target row does not sum to 1",
    right: "p·Σt − t, the derivative of the loss",
    ours: () => celoss.crossEntropyWithGrad([0, 0], Float64Array.of(0.5, 0), { classes: 2, reduction: "sum" }).grad,
    exact: [-0.25, 0.25],
    theirs: [0, 0.5],
  },
  {
    project: "ONNX Runtime, TensorFlow.js, jax-js",
    wrong: "float32 running sums: the mean of 2²⁰ equal binary losses is off by up to 8·10⁻⁴",
    right: "sums run in float64",
    ours: () => [celoss.binaryCrossEntropyWithLogits(new Float32Array(2 ** 20), new Float32Array(2 ** 20))],
    exact: [Math.LN2],
    theirs: [Math.LN2 * (1 + 8e-4)],
  },
];
