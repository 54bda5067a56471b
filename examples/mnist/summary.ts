/** What the terminal says at the end. */
import { relative } from "node:path";
import type { LossCost } from "./comparison.js";
import { count, duration, percent } from "./format.js";
import { explainComparison, explainLoss, type Outcome } from "./outcome.js";

const WIDTH = 78;
const INDENT = "  ";

export function summary(outcome: Outcome): string {
  const { evaluation, comparison, size, time } = outcome;
  const costRow = (name: string, cost: LossCost) =>
    `${INDENT}${name.padEnd(20)}${duration(cost.time).padStart(10)}${percent(cost.share, 3).padStart(16)}`;
  return [
    "",
    `Test accuracy  ${percent(evaluation.accuracy)}  (${count(evaluation.correct)} of ${count(evaluation.rows)} digits)`,
    `Total time     ${duration(time.total)}, of which training steps ${duration(time.steps)}`,
    "",
    ...explainLoss(outcome).flatMap(wrap),
    "",
    `What the loss costs, ${size.rows} rows × ${size.classes} classes, medians of ${count(comparison.steps)} steps`,
    `${INDENT}${"".padEnd(20)}${"one call".padStart(10)}${"share of step".padStart(16)}`,
    costRow(`celoss (${outcome.variant})`, comparison.celoss),
    costRow("plain JavaScript", comparison.plain),
    ...explainComparison(outcome).flatMap(wrap),
    "",
    `Report         ${relative(process.cwd(), outcome.options.report)}`,
  ].join("\n");
}

/** Lines of at most WIDTH characters. */
function wrap(paragraph: string): string[] {
  const lines = [""];
  for (const word of paragraph.split(" ")) {
    const last = lines[lines.length - 1];
    if (last !== "" && last.length + 1 + word.length > WIDTH - INDENT.length) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines.map((line) => INDENT + line);
}
