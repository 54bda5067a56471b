/**
 * From surprise to the loss of deep learning, in numbers that can be checked by hand.
 *
 *   npm run theory
 */
import { averageSurprise, codeLengths, likelihood, realText, surprise, wrongBelief } from "./information.js";
import { whyItTrains } from "./learning.js";
import { maximumTrick } from "./logits.js";

const CHAPTERS = [surprise, averageSurprise, codeLengths, realText, wrongBelief, likelihood, maximumTrick, whyItTrains];

for (const [i, chapter] of CHAPTERS.entries()) {
  const { title, idea, lines } = chapter();
  console.log(`${i + 1}. ${title}\n   ${idea}\n\n${lines.join("\n")}\n`);
}
