/**
 * Trains a two-layer network on MNIST with celoss's cross-entropy, says how it went and writes a report.
 *
 *   npm start -- --help
 */
import { writeFileSync } from "node:fs";
import { backend, crossEntropyWithGrad } from "celoss";
import { LossComparison } from "./comparison.js";
import { countCorrect, evaluate } from "./evaluation.js";
import { History, Mean } from "./history.js";
import { batches, readMnist } from "./mnist.js";
import { Adam, Network } from "./network.js";
import { HELP, type Options, readOptions } from "./options.js";
import type { Outcome } from "./outcome.js";
import { startProgress } from "./progress.js";
import { seededRandom } from "./random.js";
import { renderReport } from "./report/report.js";
import { summary } from "./summary.js";

const ROWS = 100;
const HIDDEN = 128;
const CLASSES = 10;
const LEARNING_RATE = 3e-3;
const QUICK = { train: 10_000, test: 2_000 };

function train(options: Options): Outcome {
  const started = performance.now();
  const digits = readMnist("train", options.quick ? QUICK.train : undefined);
  const test = readMnist("test", options.quick ? QUICK.test : undefined);
  const stepsPerEpoch = digits.rows / ROWS;
  const steps = options.epochs * stepsPerEpoch;

  const random = seededRandom(options.seed);
  const size = { rows: ROWS, inputs: digits.pixels, hidden: HIDDEN, classes: CLASSES };
  const network = new Network(size, random);
  const adam = new Adam(network.parameters);
  const history = new History(stepsPerEpoch);
  const comparison = new LossComparison(ROWS, CLASSES);

  let evaluation = evaluate(network, test, ROWS, CLASSES);
  history.addTest(0, evaluation);
  let step = 0;
  let stepsTime = 0;
  for (let epoch = 1; epoch <= options.epochs; epoch++) {
    const progress = startProgress(epoch, options.epochs, digits.rows);
    const mean = new Mean();
    let rowsDone = 0;
    for (const { images, labels } of batches(digits, ROWS, random)) {
      const stepStarted = performance.now();
      network.forward(images);
      const { loss } = crossEntropyWithGrad(network.logits, labels, { classes: CLASSES, grad: network.gradLogits });
      network.backward(images);
      adam.step(LEARNING_RATE * (1 - step++ / steps));
      const stepTime = performance.now() - stepStarted;

      stepsTime += stepTime;
      comparison.add(network.logits, labels, stepTime);
      const correct = countCorrect(network.logits, labels, CLASSES);
      mean.add(loss, correct, ROWS);
      history.addStep(loss, correct, ROWS);
      rowsDone += ROWS;
      progress.update(rowsDone, mean);
    }
    evaluation = evaluate(network, test, ROWS, CLASSES);
    history.addTest(epoch, evaluation);
    progress.finish(evaluation.accuracy);
  }

  return {
    options,
    size,
    learningRate: LEARNING_RATE,
    trainRows: digits.rows,
    test,
    history,
    evaluation,
    comparison: comparison.result(),
    variant: backend().variant,
    time: { total: performance.now() - started, steps: stepsTime },
  };
}

function main(): void {
  let options: Options | "help";
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\nTry: npm start -- --help`);
    process.exitCode = 2;
    return;
  }
  if (options === "help") {
    console.log(HELP);
    return;
  }
  const outcome = train(options);
  writeFileSync(options.report, renderReport(outcome));
  console.log(summary(outcome));
}

main();
