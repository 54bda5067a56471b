/**
 * Sums over large distributions, by the kernels of the element-wise losses: a part at a time, whose sums are added up
 * compensated. Within 10⁻¹³ relative; the logarithms are natural ones, so that powers of 2 are not exact.
 */
import { layout, sharedStage } from "../sweep/stage.js";
import { Sum, total } from "./sum.js";

/** Elements from which on the copy pays, and of a part. */
export const LARGE = 4096;

/** −Σ p ln p = −Σ p(ln p − x) with x = 0. */
export function largeEntropyNats(p: Float64Array): number {
  return -sumOfParts("f64_divergence", p, undefined);
}

/** −Σ p ln q = Σ(q − p ln q) − Σ q. */
export function largeCrossEntropyNats(p: Float64Array, q: Float64Array): number {
  return sumOfParts("f64_poisson", p, q) - total(q);
}

/** Σ of a formula of x and targets; without x they are 0. */
function sumOfParts(op: "f64_divergence" | "f64_poisson", targets: Float64Array, x: Float64Array | undefined): number {
  const sizes = { x: 8 * LARGE, targets: 8 * LARGE };
  const { f64, kernels, base } = sharedStage(layout(0, sizes).end);
  const at = layout(base, sizes);
  if (x === undefined) f64.fill(0, at.x / 8, at.x / 8 + LARGE);
  const sum = new Sum();
  for (let first = 0; first < targets.length; first += LARGE) {
    const end = Math.min(first + LARGE, targets.length);
    if (x !== undefined) f64.set(x.subarray(first, end), at.x / 8);
    f64.set(targets.subarray(first, end), at.targets / 8);
    sum.add(kernels[op](end - first, at.x, at.targets, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0));
  }
  return sum.value;
}
