import {
  crossEntropy,
  empiricalDistribution,
  entropy,
  expectedCodeLength,
  fixedCodeLength,
  huffmanCode,
  idealCodeLengths,
  klDivergence,
  kraftSum,
  multinomialLogLikelihood,
  selfInformation,
  shannonCode,
} from "celoss/information";
import { type Chapter, line, six } from "./lines.js";

/** Six words: two common ones, four rare ones; and the lengths of a code for them. */
export const P = [0.4, 0.4, 0.05, 0.05, 0.05, 0.05];
export const LENGTHS = [2, 2, 3, 3, 3, 3];
/** What those lengths believe: a word of l bits takes 2^−l of the space of codewords. */
export const Q = LENGTHS.map((length) => 2 ** -length);
/** A bit costs this many euros to send. */
const EUROS = 10;

/** Abraham Lincoln, Gettysburg, 1863. */
export const TEXT = `Four score and seven years ago our fathers brought forth on this continent, a new nation, conceived in
Liberty, and dedicated to the proposition that all men are created equal. Now we are engaged in a great civil war, testing
whether that nation, or any nation so conceived and so dedicated, can long endure. We are met on a great battle-field of
that war. We have come to dedicate a portion of that field, as a final resting place for those who here gave their lives
that that nation might live. It is altogether fitting and proper that we should do this.`;

export function surprise(): Chapter {
  return {
    title: "Surprise",
    idea: "What was likely tells little: −log₂ p bits. Surprises of independent events add up.",
    lines: [
      line("a certain event", "−log₂ 1", selfInformation(1) as number, "bits"),
      line("a coin", "−log₂ ½", selfInformation(0.5) as number, "bits"),
      line("a rare word", "−log₂ 0.05", selfInformation(0.05) as number, "bits"),
      line("coin and rare word", "−log₂ (½ · 0.05)", selfInformation(0.025) as number, "bits"),
    ],
  };
}

export function averageSurprise(): Chapter {
  return {
    title: "Entropy",
    idea: "The average surprise, H = −Σ p log₂ p: most where nothing is known.",
    lines: [
      line("six words alike", "log₂ 6", entropy(new Array(6).fill(1 / 6)) as number, "bits"),
      line("two common, four rare", "−2·0.4·log₂ 0.4 − 4·0.05·log₂ 0.05", entropy(P) as number, "bits"),
      line("the same in nats", "H·ln 2", entropy(P, { base: Math.E }) as number, "nats"),
    ],
  };
}

/** What one word costs in each code, in bits. */
export function codeCosts() {
  const huffman = huffmanCode(P);
  const shannon = shannonCode(P);
  return {
    fixed: fixedCodeLength(6),
    given: expectedCodeLength(P, LENGTHS) as number,
    huffman: expectedCodeLength(P, huffman.lengths) as number,
    shannon: expectedCodeLength(P, shannon.lengths) as number,
    entropy: entropy(P) as number,
  };
}

export function codeLengths(): Chapter {
  const costs = codeCosts();
  const euros = (bits: number) => `${six(bits)} bits, ${(EUROS * bits).toFixed(2)} €`;
  return {
    title: "Code lengths",
    idea: "A word of l bits takes 2^−l of the space of codewords; all together fit when Σ 2^−l ≤ 1. No code beats H.",
    lines: [
      line("fixed length", "⌈log₂ 6⌉", euros(costs.fixed)),
      line("lengths 2, 2, 3, 3, 3, 3 fit", "2·2⁻² + 4·2⁻³", kraftSum(LENGTHS)),
      line("their average", "0.8·2 + 0.2·3", euros(costs.given)),
      line("Huffman's", "Σ p·l", euros(costs.huffman)),
      line("Shannon's, ⌈−log₂ p⌉", "0.8·2 + 0.2·5", euros(costs.shannon)),
      line("ideal length of p = 0.4", "−log₂ 0.4", idealCodeLengths(P)[0], "bits"),
      line("the floor", "H", euros(costs.entropy)),
    ],
  };
}

/** A text in a Huffman code of its own letters. */
export function codeText(text: string) {
  const distribution = empiricalDistribution(text);
  const code = huffmanCode(distribution);
  const encoded = code.encode(text);
  const back = code.decode(encoded).join("");
  const probabilities = Array.from(distribution.values());
  return {
    letters: encoded.count,
    bitsPerLetter: encoded.bits / encoded.count,
    entropy: entropy(probabilities, { normalize: true }) as number,
    same: back === text,
    bytes: encoded.bytes.length,
  };
}

export function realText(): Chapter {
  const { letters, bitsPerLetter, entropy: h, same, bytes } = codeText(TEXT);
  return {
    title: "A real text",
    idea: "Huffman's code of a text's own letters takes between H and H + 1 bits a letter, and gives the text back.",
    lines: [
      line("letters", "Gettysburg, the beginning", String(letters)),
      line("entropy of its letters", "H", h, "bits a letter"),
      line("Huffman", `${bitsPerLetter.toFixed(6)} · ${letters} / 8`, String(bytes), "bytes"),
      line(
        "H ≤ bits a letter < H + 1",
        `${six(h)} ≤ ${six(bitsPerLetter)} < ${six(h + 1)}`,
        String(h <= bitsPerLetter),
      ),
      line("decoded", "decode(encode(text)) === text", String(same)),
    ],
  };
}

export function wrongBelief(): Chapter {
  const h = entropy(P) as number;
  const cross = crossEntropy(P, Q) as number;
  return {
    title: "Cross-entropy and divergence",
    idea: "Words of p in a code made for q: H(p, q) = −Σ p log₂ q. What it wastes is KL(p‖q) = H(p, q) − H(p) ≥ 0.",
    lines: [
      line("cross-entropy", "−Σ p·log₂ 2^−l = Σ p·l", cross, "bits"),
      line("divergence", `${six(cross)} − ${six(h)}`, klDivergence(P, Q) as number, "bits"),
      line("the right belief wastes nothing", "KL(p‖p)", klDivergence(P, P) as number, "bits"),
    ],
  };
}

export function likelihood(): Chapter {
  const counts = [8, 8, 1, 1, 1, 1];
  const perWord = (q: number[]) => -multinomialLogLikelihood(counts, q, { base: Math.E }) / 20;
  const nats = (q: number[]) => crossEntropy(P, q, { base: Math.E }) as number;
  return {
    title: "Likelihood",
    idea: "The likeliest q is the one of least cross-entropy: −ln Π q^counts / n = H(counts/n, q). One word seen leaves −ln q.",
    lines: [
      line("20 words, −ln likelihood a word", "−(8·2·ln ¼ + 4·ln ⅛)/20", perWord(Q), "nats"),
      line("cross-entropy of their shares", "H(p, q)·ln 2", nats(Q), "nats"),
      line("likeliest of all", "q = p: H(p)·ln 2", nats(P), "nats"),
      line("one-hot target, q = 0.4", "−ln 0.4", crossEntropy([1, 0], [0.4, 0.6], { base: Math.E }) as number, "nats"),
    ],
  };
}
