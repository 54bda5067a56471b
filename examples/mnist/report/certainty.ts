/** How certain the network is: where its loss comes from, and whether its probabilities can be taken at their word. */
import { bits, calibration, lossShares } from "../evaluation.js";
import { count, percent } from "../format.js";
import type { Outcome } from "../outcome.js";
import { type Axis, chart } from "./charts.js";
import { columns, legend, paragraph, section } from "./html.js";

const CALIBRATION_BINS = 10;
/** In bits a digit. */
const LOSS_EDGES = [0, 0.001, 0.01, 0.1, 1, Infinity];

export function lossParts({ evaluation }: Outcome): string {
  const shares = lossShares(evaluation.losses, LOSS_EDGES);
  const hard = shares[shares.length - 1];
  const largest = bits(evaluation.losses.reduce((max, loss) => Math.max(max, loss), 0));
  const picture = chart(
    `${percent(hard.digits, 1)} of the digits, those of more than one bit, hold ${percent(hard.loss, 1)} of the loss.`,
    {
      title: "self-information of the label in bits",
      domain: [0, shares.length],
      ticks: LOSS_EDGES.map((edge, i) => ({ value: i, label: edge === Infinity ? largest.toFixed(1) : String(edge) })),
    },
    percentAxis("share"),
    {
      bars: shares.flatMap(({ digits, loss }, i) => [
        { className: "digits-bar", from: i + 0.08, to: i + 0.48, value: digits, label: (100 * digits).toFixed(1) },
        { className: "loss-bar", from: i + 0.52, to: i + 0.92, value: loss, label: (100 * loss).toFixed(1) },
      ]),
    },
  );
  return section(
    "Where the loss comes from",
    columns(
      picture,
      legend(["digits-bar", "share of the test digits"], ["loss-bar", "share of the summed loss"]),
      paragraph(
        `${percent(hard.digits, 1)} of the digits cost more than one bit each, which means that the network gave their label a ` +
          `probability below one half. They hold ${percent(hard.loss, 1)} of the whole loss: cross-entropy looks at the mistakes.`,
      ),
    ),
  );
}

export function confidence({ evaluation, test }: Outcome): string {
  const { bins, error } = calibration(evaluation, test.labels, CALIBRATION_BINS);
  const picture = chart(
    `Accuracy against confidence in ${CALIBRATION_BINS} bins; expected calibration error ${percent(error)}.`,
    {
      title: "probability of the network’s answer",
      domain: [0, 1],
      ticks: [0, 0.2, 0.4, 0.6, 0.8, 1].map((value) => ({ value, label: percent(value, 0) })),
    },
    percentAxis("share that is right"),
    {
      bars: bins
        .filter((bin) => bin.count > 0)
        .map((bin) => ({
          className: "digits-bar",
          from: bin.from + 0.006,
          to: bin.to - 0.006,
          value: bin.accuracy,
          label: count(bin.count),
          labelInside: bin.accuracy >= 0.1,
        })),
      lines: [{ className: "reference", points: [0, 1].map((share) => [share, share]) }],
    },
  );
  const surest = bins[bins.length - 1];
  return section(
    "Does it know when it is wrong?",
    columns(
      picture,
      paragraph(
        "Bars: how often the answer is right among answers of like probability, and in each the number of digits. " +
          "On the dotted line the network is right as often as it claims to be.",
      ),
      paragraph(
        `Of the ${count(surest.count)} answers with at least ${percent(surest.from, 0)} it expects ${percent(surest.confidence)} to be right; ` +
          `${percent(surest.accuracy)} are. Expected calibration error over all digits: ${percent(error)}.`,
      ),
    ),
  );
}

function percentAxis(title: string): Axis {
  return {
    title,
    domain: [0, 1],
    ticks: [0, 0.25, 0.5, 0.75, 1].map((value) => ({ value, label: percent(value, 0) })),
  };
}
