import { expect, test } from "vitest";
import {
  calibration,
  confusionMatrix,
  type Evaluation,
  evaluate,
  lossShares,
  worstRows,
} from "../../../examples/mnist/evaluation.js";
import { readMnist } from "../../../examples/mnist/mnist.js";
import { Network } from "../../../examples/mnist/network.js";
import { seededRandom } from "../../../examples/mnist/random.js";
import { near } from "../../support/near.js";

// A loss is within 2e-7 relative of the exact one, and rounded to float32.
const LOSS_BOUND = 2e-7 + 2 ** -24;

test(`evaluation: an untrained network costs ln 10 nats a digit, within ${LOSS_BOUND.toExponential(1)} relative`, () => {
  const digits = readMnist("test", 200);
  const network = new Network({ rows: 50, inputs: digits.pixels, hidden: 8, classes: 10 }, seededRandom(1));
  const { loss, losses, probabilities, correct, accuracy } = evaluate(network, digits, 50, 10);
  near(losses, new Float64Array(200).fill(Math.log(10)), { rel: LOSS_BOUND });
  near(loss, Math.log(10), { rel: LOSS_BOUND });
  near(probabilities, new Float64Array(2000).fill(0.1), { rel: 2e-6 });
  // All logits are equal, and the first class wins.
  expect(correct).toBe(digits.labels.filter((label) => label === 0).length);
  expect(accuracy).toBe(correct / 200);
});

const LABELS = Uint8Array.of(0, 1, 1, 0);
const EVALUATION: Evaluation = {
  rows: 4,
  classes: 2,
  losses: Float32Array.of(0.5, 0.25, 3, 0.25).map((bits) => bits * Math.LN2),
  probabilities: Float32Array.of(0.7, 0.3, 0.1, 0.9, 0.875, 0.125, 0.75, 0.25),
  predictions: Uint8Array.of(0, 1, 0, 0),
  loss: Math.LN2,
  correct: 3,
  accuracy: 0.75,
};

test("evaluation: confusion matrix has a row for each label", () => {
  expect(confusionMatrix(EVALUATION, LABELS)).toEqual([
    [2, 0],
    [1, 1],
  ]);
});

test("evaluation: worst rows are those of the largest losses", () => {
  expect(worstRows(EVALUATION, 2)).toEqual([2, 0]);
});

test("evaluation: calibration counts, means and error by hand, within 2^-23", () => {
  const { bins, error } = calibration(EVALUATION, LABELS, 4);
  expect(bins.map(({ count }) => count)).toEqual([0, 0, 1, 3]);
  expect(bins[0].accuracy).toBeNaN();
  near([bins[2].confidence, bins[2].accuracy], [0.7, 1], { abs: 2 ** -23 });
  near([bins[3].confidence, bins[3].accuracy], [(0.9 + 0.875 + 0.75) / 3, 2 / 3], { abs: 2 ** -23 });
  near(error, (Math.abs(1 - 0.7) + Math.abs(2 - (0.9 + 0.875 + 0.75))) / 4, { abs: 2 ** -23 });
});

test("evaluation: shares of digits and of the loss by hand, within 2^-23", () => {
  const shares = lossShares(EVALUATION.losses, [0, 0.4, 1, Infinity]);
  near(
    shares.map(({ digits }) => digits),
    [0.5, 0.25, 0.25],
    {},
  );
  near(
    shares.map(({ loss }) => loss),
    [0.5 / 4, 0.5 / 4, 3 / 4],
    { abs: 2 ** -23 },
  );
});
