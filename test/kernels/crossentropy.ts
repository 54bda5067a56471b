import { expect } from "vitest";
import { type OPTION, type Prefix, scratchElements } from "../../src/kernels/kernels.js";
import { crossEntropyBounds, FLOAT32, FLOAT64, transformBounds } from "../support/bounds.js";
import { near } from "../support/near.js";
import { type CrossEntropyOptions, crossEntropyWithGrad } from "../support/reference.js";
import { type Arena, absent, computeType, encoded, type Numbers } from "./arena.js";

// One call of the cross-entropy kernels, and what the reference says about it.

export interface Case {
  rows: number;
  n: number;
  logits: ArrayLike<number>;
  /** One index a row, or one probability a logit. */
  targets: Int32Array | Float64Array;
  /** Indices beside probabilities, which only mark ignored rows. */
  ignored?: Int32Array;
  weight?: ArrayLike<number>;
  g?: ArrayLike<number>;
  options?: Partial<Record<keyof typeof OPTION, number>>;
}

export interface Results {
  loss: Float64Array;
  lse: Float64Array;
  dx: Float64Array;
}

export const unit = (prefix: Prefix) => (prefix === "f64" ? FLOAT64 : FLOAT32);
const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);

/** Without a gradient, then with it, which must agree to the bit; over the logits when `inPlace`. */
export function run(arena: Arena, prefix: Prefix, { rows, n, ...input }: Case, inPlace = false): Results {
  arena.clear();
  const type = computeType(prefix);
  const x = arena.input(encoded(input.logits, prefix));
  const indices = input.targets instanceof Int32Array;
  const marks = indices ? (input.targets as Int32Array) : input.ignored;
  const y = marks === undefined ? absent : arena.input(marks);
  const t = indices ? absent : arena.input(type.from(input.targets));
  const weight = input.weight === undefined ? absent : arena.input(type.from(input.weight));
  const weightSum = input.weight === undefined ? n : sum(type.from(input.weight));
  const options = arena.options({ weightSum, upstream: 1, ...input.options });
  const g = input.g === undefined ? absent : arena.input(Float64Array.from(input.g));
  const [loss, lse] = [arena.output(Float64Array, rows), arena.output(Float64Array, rows)];
  const kernel = arena.kernels[`${prefix}_crossentropy`];
  arena.run(() => kernel(rows, n, x.at, y.at, t.at, weight.at, options.at, loss.at, 0, 0, 0, 0));
  const withoutLse = loss.data.slice();
  arena.run(() => kernel(rows, n, x.at, y.at, t.at, weight.at, options.at, loss.at, lse.at, 0, 0, 0));
  expect(loss.data).toEqual(withoutLse);
  const apart = [loss.data.slice(), lse.data.slice()];
  const scratch = arena.output<Numbers>(type, scratchElements(n));

  const dx = inPlace ? x : arena.output<Numbers>(type, rows * n);
  if (inPlace) arena.writable(x);
  loss.data.fill(0);
  lse.data.fill(0);
  arena.run(() => {
    kernel(rows, n, x.at, y.at, t.at, weight.at, options.at, loss.at, lse.at, g.at, dx.at, scratch.at);
  });
  expect([loss.data, lse.data]).toEqual(apart);
  return { loss: loss.data.slice(), lse: lse.data.slice(), dx: Float64Array.from(dx.data) };
}

export function expected(prefix: Prefix, { rows, n, ...input }: Case) {
  const type = computeType(prefix);
  const { labelSmoothing, scale, softcap, polyEpsilon, zLoss, ignoreIndex } = input.options ?? {};
  const options: CrossEntropyOptions = {
    ...{ dims: [rows, n], reduction: "none", labelSmoothing, scale, softcap, polyEpsilon, zLoss, ignoreIndex },
    weight: input.weight && type.from(input.weight),
    gradOutput: Float64Array.from(input.g ?? new Float64Array(rows).fill(1)),
  };
  const x = Float64Array.from(encoded(input.logits, prefix));
  const targets = input.targets instanceof Int32Array ? input.targets : type.from(input.targets);
  const result = crossEntropyWithGrad(x, targets, options);
  return { result, bounds: crossEntropyBounds(result, options, unit(prefix)) };
}

/** Against the reference. lse where a row has one. */
export function check(got: Results, prefix: Prefix, input: Case, what: string): void {
  const { result, bounds } = expected(prefix, input);
  near(
    got.loss,
    result.rows.map((row) => row.loss),
    { abs: bounds.loss },
    `${what}: loss`,
  );
  near(got.dx, result.grad, { abs: bounds.grad }, `${what}: gradient`);
  result.rows.forEach((row, r) => {
    if (row.blank) expect(got.lse[r]).toBe(0);
    else if (Number.isFinite(row.max))
      near(got.lse[r], row.lse, { abs: lseBound(row.z, unit(prefix)) }, `${what}: lse`);
  });
}

/** Of rows after scale and soft cap, which move every z by up to 8u|z|. */
function lseBound(z: Float64Array, u: number): number {
  const size = z.reduce((most, value) => Math.max(most, Number.isFinite(value) ? Math.abs(value) : 0), 0);
  return transformBounds(z, { dims: [1, z.length] }, u).logSumExp[0] + 16 * u * size;
}
