/** Where the network is wrong: which digits it takes for which, and the pictures it got most wrong. */
import { bits, confusionMatrix, worstRows } from "../evaluation.js";
import { percent } from "../format.js";
import type { Outcome } from "../outcome.js";
import { distribution } from "./charts.js";
import { legend, paragraph, section, table } from "./html.js";
import { pngDataUri } from "./png.js";

const WORST = 24;
const WHITE = 255;

export function confusion({ evaluation, test }: Outcome): string {
  const counts = confusionMatrix(evaluation, test.labels);
  const largest = Math.max(1, ...counts.flatMap((row, label) => row.filter((_, prediction) => prediction !== label)));
  const rows = counts.map((row, label) => {
    const total = row.reduce((sum, n) => sum + n, 0);
    const cells = row.map((n, prediction) => {
      if (n === 0) return '<span class="none">0</span>';
      if (prediction === label) return `<span class="right">${n}</span>`;
      return `<span class="wrong" style="--share:${Math.round((100 * n) / largest)}%">${n}</span>`;
    });
    return [String(label), ...cells, ((100 * row[label]) / total).toFixed(1)];
  });
  const digits = counts.map((_, digit) => String(digit));
  return section(
    "What is taken for what",
    `<div class="confusion">${table(
      "Rows: what the digit is. Columns: what the network says. Last column: what it gets right, in percent.",
      ["is", ...digits, "right"],
      rows,
    )}</div>`,
  );
}

export function worstDigits({ evaluation, test }: Outcome): string {
  const { classes, probabilities, predictions, losses } = evaluation;
  const cards = worstRows(evaluation, WORST).map((row) => {
    const ink = test.images.subarray(row * test.pixels, (row + 1) * test.pixels);
    const shares = Array.from(probabilities.subarray(row * classes, (row + 1) * classes));
    return card(ink, test.width, test.labels[row], predictions[row], shares, bits(losses[row]));
  });
  return section(
    `The ${WORST} digits it got most wrong`,
    paragraph(
      "Sorted by self-information, −log₂ p(label): by how many bits the label surprises the network. A bit is a " +
        "factor of two; 10 bits stand for a label that it expected once in a thousand times.",
    ),
    legend(["right", "the label"], ["wrong", "the network’s answer"]),
    `<ol class="digits">${cards.join("\n")}</ol>`,
  );
}

function card(
  ink: Uint8Array,
  width: number,
  label: number,
  prediction: number,
  shares: number[],
  surprise: number,
): string {
  const likeliest = shares
    .map((share, digit) => ({ share, digit }))
    .sort((a, b) => b.share - a.share)
    .slice(0, 3)
    .map(({ share, digit }) => `${digit} with ${percent(share, 1)}`);
  const classNames = shares.map((_, digit) => (digit === label ? "right" : digit === prediction ? "wrong" : ""));
  const picture = pngDataUri(
    ink.map((grey) => WHITE - grey),
    width,
  );
  return `<li><figure>
<img src="${picture}" width="${width}" height="${ink.length / width}" alt="Handwritten digit, labelled ${label}">
<figcaption>
<span>is <b class="right">${label}</b></span>
<span>read as <b class="wrong">${prediction}</b></span>
<span>${surprise.toFixed(1)} bits</span>
</figcaption>
${distribution(`Predicted: ${likeliest.join(", ")}`, shares, classNames)}
</figure></li>`;
}
