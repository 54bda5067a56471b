/** One HTML page that needs nothing else: no network, no files beside it, no script. */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { bits } from "../evaluation.js";
import { count, duration, nats, percent } from "../format.js";
import { explainComparison, explainLoss, type Outcome } from "../outcome.js";
import { confidence, lossParts } from "./certainty.js";
import { curves } from "./curves.js";
import { escapeHtml, paragraph, section, table } from "./html.js";
import { confusion, worstDigits } from "./mistakes.js";

export function renderReport(outcome: Outcome): string {
  const style = readFileSync(new URL("report.css", import.meta.url), "utf8");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>MNIST with celoss: ${percent(outcome.evaluation.accuracy)}</title>
<link rel="icon" href="data:,">
<style>
${style}</style>
</head>
<body>
<main>
${[header, curves, confusion, worstDigits, lossParts, confidence, cost].map((part) => part(outcome)).join("\n")}
${footer(outcome)}
</main>
</body>
</html>
`;
}

function header(outcome: Outcome): string {
  const { evaluation, comparison, time, size, trainRows } = outcome;
  const facts: [name: string, value: string, note: string][] = [
    ["Test accuracy", percent(evaluation.accuracy), `${count(evaluation.correct)} of ${count(evaluation.rows)} digits`],
    ["Test loss", `${nats(bits(evaluation.loss))} bits`, `${nats(evaluation.loss)} nats a digit`],
    ["Perplexity", Math.exp(evaluation.loss).toFixed(3), `1 is certainty, ${size.classes} is guessing`],
    ["Total time", duration(time.total), `${duration(time.steps)} of it in training steps`],
    [
      "Loss, share of a step",
      percent(comparison.celoss.share, 3),
      `${percent(comparison.plain.share, 3)} in plain JavaScript`,
    ],
  ];
  const items = facts.map(
    ([name, value, note]) => `<div><dt>${name}</dt><dd>${value}<small>${note}</small></dd></div>`,
  );
  return `<header>
<h1>Handwritten digits, learned with cross-entropy</h1>
<p>A network of ${size.inputs} – ${size.hidden} – ${size.classes} units saw ${count(trainRows)} digits of MNIST
${outcome.options.epochs === 1 ? "once" : `${outcome.options.epochs} times`}. celoss computed its loss and the gradient of each step.</p>
<dl class="facts">${items.join("\n")}</dl>
${explainLoss(outcome).map(paragraph).join("\n")}
</header>`;
}

function cost(outcome: Outcome): string {
  const { comparison, size, variant } = outcome;
  const rows = (
    [
      [`celoss (${variant})`, comparison.celoss],
      ["plain JavaScript", comparison.plain],
    ] as const
  ).map(([name, { time, share }]) => [name, duration(time), percent(share, 3)]);
  return section(
    "What the loss costs",
    table(
      `Loss and gradient of ${size.rows} rows × ${size.classes} classes, on the logits of the same step; medians of ${count(comparison.steps)} steps.`,
      ["Loss", "One call", "Share of a step"],
      rows,
    ),
    ...explainComparison(outcome).map(paragraph),
  );
}

function footer({ options, size, learningRate, trainRows, test }: Outcome): string {
  const parameters = (size.inputs + 1) * size.hidden + (size.hidden + 1) * size.classes;
  const quick = options.quick ? " --quick" : "";
  return `<footer><p>Written by <code>npm start -- --epochs ${options.epochs} --seed ${options.seed}${quick}</code>:
${count(parameters)} parameters, Adam with a learning rate of ${learningRate} that falls to 0 in a line, ${size.rows} rows a step,
${count(trainRows)} training and ${count(test.rows)} test digits. Node ${process.version} on ${escapeHtml(cpus()[0]?.model ?? process.arch)}.</p></footer>`;
}
