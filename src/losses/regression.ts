import {
  type ElementLoss,
  type ElementLossOptions,
  type ElementLossWithGrad,
  elementLoss,
  elementLossWithGrad,
  type Kind,
} from "./elementLoss.js";

const SQUARED: Kind<ElementLossOptions> = {
  input: "input",
  own: [],
  read: () => ({ op: "squared" }),
  sum: (x, targets, grad, factor) =>
    grad === undefined ? squares(x, targets) : squaresWithGrad(x, targets, grad, 2 * factor),
};

const ABSOLUTE: Kind<ElementLossOptions> = {
  input: "input",
  own: [],
  read: () => ({ op: "absolute" }),
  sum: (x, targets, grad, factor) =>
    grad === undefined ? distances(x, targets) : distancesWithGrad(x, targets, grad, factor),
};

// Four sums, for the chain of additions: docs/decisions.md, 2026-11-28.

function squares(x: Float32Array, t: Float32Array): number {
  const n = x.length;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const d0 = x[i] - t[i];
    const d1 = x[i + 1] - t[i + 1];
    const d2 = x[i + 2] - t[i + 2];
    const d3 = x[i + 3] - t[i + 3];
    s0 += d0 * d0;
    s1 += d1 * d1;
    s2 += d2 * d2;
    s3 += d3 * d3;
  }
  for (; i < n; i++) s0 += (x[i] - t[i]) ** 2;
  return s0 + s1 + (s2 + s3);
}

function squaresWithGrad(x: Float32Array, t: Float32Array, grad: Float32Array, factor: number): number {
  const n = x.length;
  let s0 = 0;
  let s1 = 0;
  let i = 0;
  for (; i + 2 <= n; i += 2) {
    const d0 = x[i] - t[i];
    const d1 = x[i + 1] - t[i + 1];
    s0 += d0 * d0;
    s1 += d1 * d1;
    grad[i] = d0 * factor;
    grad[i + 1] = d1 * factor;
  }
  if (i < n) {
    const d = x[i] - t[i];
    s0 += d * d;
    grad[i] = d * factor;
  }
  return s0 + s1;
}

function distances(x: Float32Array, t: Float32Array): number {
  const n = x.length;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    s0 += Math.abs(x[i] - t[i]);
    s1 += Math.abs(x[i + 1] - t[i + 1]);
    s2 += Math.abs(x[i + 2] - t[i + 2]);
    s3 += Math.abs(x[i + 3] - t[i + 3]);
  }
  for (; i < n; i++) s0 += Math.abs(x[i] - t[i]);
  return s0 + s1 + (s2 + s3);
}

function distancesWithGrad(x: Float32Array, t: Float32Array, grad: Float32Array, factor: number): number {
  const n = x.length;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const d = x[i] - t[i];
    sum += Math.abs(d);
    // A sign without a branch, which every other element would go the wrong way.
    const sign = Number(d > 0) - Number(d < 0);
    grad[i] = Number.isNaN(d) ? d : sign * factor;
  }
  return sum;
}

/**
 * Squared error (x − t)² of each element: the cross-entropy of a Gaussian of fixed variance, but for a factor and a
 * constant. PyTorch's `mse_loss`, with weights.
 *
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for shapes that do not fit or an option out of its range; nothing has been written then
 */
export const mseLoss: ElementLoss<ElementLossOptions> = /* @__PURE__ */ elementLoss(SQUARED);

/** {@link mseLoss} and its gradient 2(x − t). */
export const mseLossWithGrad: ElementLossWithGrad<ElementLossOptions> = /* @__PURE__ */ elementLossWithGrad(SQUARED);

/**
 * Absolute error |x − t| of each element: the cross-entropy of a Laplace distribution of fixed width, likewise.
 * PyTorch's `l1_loss`, with weights.
 *
 * @throws as {@link mseLoss}
 */
export const l1Loss: ElementLoss<ElementLossOptions> = /* @__PURE__ */ elementLoss(ABSOLUTE);

/** {@link l1Loss} and its gradient sign(x − t), 0 where x = t. */
export const l1LossWithGrad: ElementLossWithGrad<ElementLossOptions> = /* @__PURE__ */ elementLossWithGrad(ABSOLUTE);
