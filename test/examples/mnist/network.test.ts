import { expect, test } from "vitest";
import { Adam, Network } from "../../../examples/mnist/network.js";
import { slope } from "../../support/differences.js";
import { near } from "../../support/near.js";
import { Rng } from "../../support/rng.js";

const SIZE = { rows: 4, inputs: 6, hidden: 5, classes: 3 };
const U = 2 ** -24;

/** Σ g·logits of the network in float64, from its parameters one after another, and the smallest |hidden unit before ReLU|. */
function reference(parameters: Float64Array, input: Float32Array, g: Float32Array): { sum: number; margin: number } {
  const { rows, inputs, hidden, classes } = SIZE;
  const ends = [inputs * hidden, hidden, hidden * classes, classes].map((_, i, lengths) =>
    lengths.slice(0, i + 1).reduce((a, b) => a + b),
  );
  const w1 = parameters.subarray(0, ends[0]);
  const b1 = parameters.subarray(ends[0], ends[1]);
  const w2 = parameters.subarray(ends[1], ends[2]);
  const b2 = parameters.subarray(ends[2], ends[3]);
  let sum = 0;
  let margin = Infinity;
  for (let row = 0; row < rows; row++) {
    const h = Array.from(b1, (bias, j) => {
      let z = bias;
      for (let i = 0; i < inputs; i++) z += input[row * inputs + i] * w1[i * hidden + j];
      margin = Math.min(margin, Math.abs(z));
      return Math.max(z, 0);
    });
    for (let c = 0; c < classes; c++) {
      const logit = h.reduce((total, unit, j) => total + unit * w2[j * classes + c], b2[c]);
      sum += g[row * classes + c] * logit;
    }
  }
  return { sum, margin };
}

// With the gradient g of the logits given, Σ g·logits is linear between the kinks of ReLU: differences are exact there
// up to 1e-12. A hidden unit, at most inputs + 1 = 7 here, is rounded inputs + 1 times and its gradient, at most
// classes = 3, once; a gradient of a weight then adds rows products, each rounded twice with the sum. All numbers are in
// [−1, 1], so that the sum is at most 7·rows.
const BOUND = (SIZE.inputs + 1 + 2 * SIZE.rows) * U * (SIZE.inputs + 1) * SIZE.rows;

for (const seed of [1, 2, 3])
  test(`network gradient seed=${seed}: within ${BOUND.toExponential(1)} of finite differences in float64`, () => {
    const rng = new Rng(seed);
    const network = new Network(SIZE, () => rng.uniform());
    const inUnitRange = (n: number) => Float32Array.from({ length: n }, () => rng.uniform(-1, 1));
    for (const { values } of network.parameters) values.set(inUnitRange(values.length));
    // Every third input is 0, as paper is.
    const input = inUnitRange(SIZE.rows * SIZE.inputs).map((x, i) => (i % 3 === 0 ? 0 : x));
    const g = inUnitRange(SIZE.rows * SIZE.classes);

    network.forward(input);
    network.gradLogits.set(g);
    network.backward(input);
    const got = network.parameters.flatMap(({ grad }) => [...grad]);

    const parameters = Float64Array.from(network.parameters.flatMap(({ values }) => [...values]));
    expect(reference(parameters, input, g).margin, "distance to a kink").toBeGreaterThan(1e-3);
    const want = got.map((_, i) => slope((at) => reference(at, input, g).sum, parameters, i));
    expect(want.filter((slope) => slope !== 0).length).toBeGreaterThan(want.length / 2);
    near(got, want, { abs: BOUND });
  });

test("network: a second backward gives the gradient again and adds nothing to the first", () => {
  const rng = new Rng(4);
  const network = new Network(SIZE, () => rng.uniform());
  const input = rng.logits(SIZE.rows * SIZE.inputs);
  network.forward(input);
  network.gradLogits.fill(0.5);
  network.backward(input);
  const first = network.parameters.map(({ grad }) => grad.slice());
  network.backward(input);
  expect(network.parameters.map(({ grad }) => grad)).toEqual(first);
});

// m̂/(√v̂ + ε) = g/(|g| + 1e-8): 1e-7 below one at |g| = 0.1. The moments and the value are rounded to float32, the second
// moment under a root.
const ADAM_BOUND = 1e-7 + 2.5 * U;

test(`Adam: the first step goes one learning rate against the gradient, within ${ADAM_BOUND.toExponential(1)} relative`, () => {
  const parameter = { values: new Float32Array(3), grad: Float32Array.of(0.1, -2, 0) };
  new Adam([parameter]).step(0.01);
  near(parameter.values, [-0.01, 0.01, 0], { rel: ADAM_BOUND });
});

test("Adam: finds the minimum of Σ (x − target)², within 1e-3 after 2000 steps", () => {
  const target = [3, -1];
  const parameter = { values: new Float32Array(2), grad: new Float32Array(2) };
  const adam = new Adam([parameter]);
  const steps = 2000;
  for (let step = 0; step < steps; step++) {
    parameter.grad.set(target.map((want, i) => 2 * (parameter.values[i] - want)));
    adam.step(0.1 * (1 - step / steps));
  }
  near(parameter.values, target, { abs: 1e-3 });
});
