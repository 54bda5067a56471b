/** The course of the training: loss and accuracy after each epoch, and what is in them in numbers. */
import { nats, percent } from "../format.js";
import type { Point } from "../history.js";
import type { Outcome } from "../outcome.js";
import { type Axis, chart, type Line } from "./charts.js";
import { columns, legend, paragraph, section, table } from "./html.js";

const LOSS_TICKS = [3, 1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001];
const ERROR_TICKS = [1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002];

export function curves({ history, size, options }: Outcome): string {
  const { train, test } = history;
  const points = [...train, ...test];
  const guessing = Math.log(size.classes);
  const epochs: Axis = {
    title: "epochs",
    domain: [0, options.epochs],
    ticks: wholeTicks(options.epochs).map((value) => ({ value, label: String(value) })),
  };
  const lossTicks = ticksDownTo(LOSS_TICKS, Math.min(...points.map(({ loss }) => loss)));
  const losses: Axis = {
    title: "loss in nats",
    domain: [lossTicks[lossTicks.length - 1], lossTicks[0]],
    ticks: lossTicks.map((value) => ({ value, label: String(value) })),
    log: true,
  };
  const errorTicks = ticksDownTo(ERROR_TICKS, Math.min(...points.map(({ accuracy }) => 1 - accuracy)));
  const accuracies: Axis = {
    title: "accuracy",
    domain: [1, errorTicks[errorTicks.length - 1]],
    ticks: errorTicks.map((value) => ({ value, label: `${Number((100 * (1 - value)).toFixed(2))} %` })),
    log: true,
  };
  const lines = (value: (point: Point) => number): Line[] => [
    { className: "train", points: train.map((point) => [point.epoch, value(point)]) },
    { className: "test", points: test.map((point) => [point.epoch, value(point)]), dots: true },
  ];
  const start: Line = { className: "reference", points: epochs.domain.map((epoch) => [epoch, guessing]) };
  const [first, last] = [test[0], test[test.length - 1]];
  return section(
    "Loss and accuracy",
    columns(
      chart(`Test loss falls from ${nats(first.loss)} to ${nats(last.loss)} nats.`, epochs, losses, {
        lines: [start, ...lines((point) => point.loss)],
      }),
      chart(`Test accuracy rises from ${percent(first.accuracy)} to ${percent(last.accuracy)}.`, epochs, accuracies, {
        lines: lines((point) => 1 - point.accuracy),
      }),
    ),
    legend(["train", "training, means over a tenth of an epoch"], ["test", "test, after each epoch"]),
    paragraph(
      `Both scales are logarithmic, in the loss and in the share of errors. The dotted line is ln ${size.classes} = ${nats(guessing)}, ` +
        "where the network starts: its last layer is zero at first and gives each digit the same probability.",
    ),
    `<details><summary>The numbers</summary>${table(
      "Training: means over the epoch, while the network changes. Test: after it. Losses in nats.",
      ["Epoch", "Training loss", "Test loss", "Training accuracy", "Test accuracy"],
      test.slice(1).map((point) => {
        const inEpoch = train.filter(({ epoch }) => epoch > point.epoch - 1 && epoch < point.epoch);
        return [
          String(point.epoch),
          nats(mean(inEpoch.map(({ loss }) => loss))),
          nats(point.loss),
          percent(mean(inEpoch.map(({ accuracy }) => accuracy))),
          percent(point.accuracy),
        ];
      }),
    )}</details>`,
  );
}

/** The ticks from the largest to the first that is at or below `smallest`. */
function ticksDownTo(ticks: readonly number[], smallest: number): number[] {
  const end = ticks.findIndex((tick) => tick <= smallest);
  return ticks.slice(0, end === -1 ? ticks.length : end + 1);
}

/** About ten whole numbers from 0 to `last`. */
function wholeTicks(last: number): number[] {
  const step = Math.ceil(last / 10);
  return Array.from({ length: Math.floor(last / step) + 1 }, (_, i) => i * step);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
