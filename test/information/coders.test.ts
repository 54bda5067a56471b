import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  empiricalDistribution,
  entropy,
  expectedCodeLength,
  huffmanCode,
  kraftSum,
  PrefixCode,
  shannonCode,
} from "../../src/information/index.js";
import { caught } from "../input/caught.js";
import { Rng } from "../support/rng.js";

const SEED = 1952;
const RUNS = { seed: SEED, numRuns: 300 };
const CODERS = [
  ["Shannon", shannonCode],
  ["Huffman", huffmanCode],
] as const;

const REPOSITORY = join(import.meta.dirname, "../..");
const TEXTS = ["README.md", "CONTRIBUTING.md", "LICENSE", "docs/maths.md", "docs/decisions.md"];

const weights = fc.array(
  fc.oneof(
    // Not below 10⁻⁹, where H + 1 would round to 1, which is what the second of two symbols costs.
    fc.double({ min: 1e-9, max: 1, noNaN: true }),
    fc.integer({ min: 1, max: 30 }).map((exponent) => 2 ** -exponent),
    fc.constant(0),
  ),
  { minLength: 1, maxLength: 60 },
);
const distribution = weights.map((values) => [...values, 0.125]);

describe.each(CODERS)("%s's code", (_, coder) => {
  test(`Kraft ≤ 1 and H ≤ L < H + 1 for any distribution [seed ${SEED}]`, () => {
    fc.assert(
      fc.property(distribution, (p) => {
        const { lengths } = coder(p, { normalize: true });
        expect(kraftSum(lengths)).toBeLessThanOrEqual(1);
        const h = entropy(p, { normalize: true });
        const l = expectedCodeLength(p, lengths, { normalize: true });
        expect(l).toBeGreaterThanOrEqual(h - 1e-12);
        expect(l).toBeLessThan(h + 1);
        p.forEach((value, i) => {
          expect(lengths[i] < Infinity).toBe(value > 0);
        });
      }),
      RUNS,
    );
  });

  test(`no codeword begins another [seed ${SEED}]`, () => {
    fc.assert(
      fc.property(distribution, (p) => {
        const words = [...coder(p, { normalize: true }).codewords.values()].sort();
        // Sorted, a word that begins others stands right before one of them.
        for (let i = 1; i < words.length; i++) expect(words[i].startsWith(words[i - 1])).toBe(false);
      }),
      RUNS,
    );
  });

  test(`decode ∘ encode is the identity on bytes [seed ${SEED}]`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 3000 }), (bytes) => {
        const code = coder(empiricalDistribution(bytes));
        expect(Uint8Array.from(code.decode(code.encode(bytes)))).toEqual(bytes);
      }),
      RUNS,
    );
  });

  test(`decode ∘ encode is the identity on texts with any character, lone surrogates too [seed ${SEED}]`, () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", minLength: 1, maxLength: 300 }),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 300 }),
      fc.array(fc.nat(0xffff), { minLength: 1 }).map((units) => String.fromCharCode(...units)),
    );
    fc.assert(
      fc.property(text, (data) => {
        const code = coder(empiricalDistribution(data));
        expect(code.decode(code.encode(data)).join("")).toBe(data);
      }),
      RUNS,
    );
  });

  test.each(TEXTS)("measured on %s: H ≤ bits a character < H + 1, and the text comes back", (path) => {
    const text = readFileSync(join(REPOSITORY, path), "utf8");
    const p = empiricalDistribution(text);
    const h = entropy([...p.values()]);
    const code = coder(p);
    const encoded = code.encode(text);
    const measured = encoded.bits / encoded.count;
    expect(encoded.count).toBe([...text].length);
    expect(encoded.bytes.length).toBe(Math.ceil(encoded.bits / 8));
    expect(measured).toBeGreaterThanOrEqual(h);
    expect(measured).toBeLessThan(h + 1);
    expect(measured).toBeCloseTo(expectedCodeLength([...p.values()], code.lengths), 12);
    expect(code.decode(encoded).join("")).toBe(text);
  });

  test("a receiver needs the lengths and nothing else", () => {
    const text = "the quick brown fox 🦊";
    const code = coder(empiricalDistribution(text));
    const sent = new Map(code.symbols.map((symbol, i) => [symbol, code.lengths[i]]));
    expect(new PrefixCode(sent).decode(code.encode(text)).join("")).toBe(text);
    expect(new PrefixCode(sent).codewords).toEqual(code.codewords);
  });

  test("a single symbol takes no bits", () => {
    const code = coder(empiricalDistribution("aaaa"));
    const encoded = code.encode("aaaa");
    expect(encoded).toEqual({ bytes: new Uint8Array(0), bits: 0, count: 4 });
    expect(code.decode(encoded)).toEqual(["a", "a", "a", "a"]);
  });

  test("the entropy of code lengths with powers of 2 is reached exactly", () => {
    const p = [1 / 2, 1 / 4, 1 / 8, 1 / 8];
    expect(coder(p).lengths).toEqual(Float64Array.of(1, 2, 3, 3));
    expect([...coder(p).codewords]).toEqual([
      [0, "0"],
      [1, "10"],
      [2, "110"],
      [3, "111"],
    ]);
  });

  test("long codewords: probabilities down to 2⁻⁶⁰ and 10⁻³⁰⁰", () => {
    const fibonacci = [1, 1];
    while (fibonacci.length < 90) fibonacci.push(fibonacci[fibonacci.length - 1] + fibonacci[fibonacci.length - 2]);
    for (const p of [fibonacci, [1, 1e-100, 1e-200, 1e-300], [0.5, 0.5, 2 ** -60], [1, 2 ** -60]]) {
      const code = coder(p, { normalize: true });
      const data = Array.from({ length: 50 }, (_, i) => i % p.length);
      expect(code.decode(code.encode(data))).toEqual(data);
    }
  });
});

test("Huffman's code is the shortest: none of 200 random prefix codes for 6 symbols is below it [seed 6]", () => {
  const rng = new Rng(6);
  for (let run = 0; run < 200; run++) {
    const p = rng.probabilities(1, 6);
    const best = expectedCodeLength(p, huffmanCode(p).lengths);
    const other = huffmanCode(rng.probabilities(1, 6)).lengths;
    expect(best).toBeLessThanOrEqual(expectedCodeLength(p, other) + 1e-12);
    expect(best).toBeLessThanOrEqual(expectedCodeLength(p, shannonCode(p).lengths) + 1e-12);
  }
});

test("Huffman on English: README.md takes under 6 bits a character, of 8", () => {
  const text = readFileSync(join(REPOSITORY, "README.md"), "utf8");
  const { bits, count } = huffmanCode(empiricalDistribution(text)).encode(text);
  expect(bits / count).toBeLessThan(6);
});

test("empiricalDistribution counts characters, bytes or anything", () => {
  expect([...empiricalDistribution("a🦊a🦊")]).toEqual([
    ["a", 0.5],
    ["🦊", 0.5],
  ]);
  expect([...empiricalDistribution(Uint8Array.of(7, 7, 7, 255))]).toEqual([
    [7, 0.75],
    [255, 0.25],
  ]);
});

describe("bad streams", () => {
  const code = new PrefixCode(
    new Map([
      ["a", 1],
      ["b", 3],
      ["c", Infinity],
    ]),
  );
  const good = code.encode("abba");

  test.each([
    [
      "a symbol without codeword",
      () => code.encode("abc"),
      '"data" expected symbols that have a codeword, got "c" at index 2',
    ],
    [
      "a symbol that is not of the code",
      () => code.encode("z"),
      '"data" expected symbols that have a codeword, got "z" at index 0',
    ],
    [
      "data that is no iterable",
      () => code.encode(5 as never),
      '"data" expected string, array or other iterable of symbols, got 5',
    ],
    [
      "fewer bits",
      () => code.decode({ ...good, bits: 7 }),
      '"bits" expected codewords of 4 symbols, got 7 which end within symbol 3',
    ],
    ["more bits", () => code.decode({ ...good, count: 3 }), '"bits" expected codewords of 3 symbols, 7 bits, got 8'],
    ["bits beyond the bytes", () => code.decode({ ...good, bits: 9 }), '"bits" expected integer in [0, 8], got 9'],
    ["more symbols than bits", () => code.decode({ ...good, count: 9 }), '"count" expected integer in [0, 8], got 9'],
    [
      "a codeword that does not exist",
      () => code.decode({ bytes: Uint8Array.of(0xff), bits: 8, count: 4 }),
      '"bytes" expected codewords, got "none of them" before bit 2',
    ],
    ["no bytes", () => code.decode({ bytes: [1], bits: 8, count: 1 } as never), '"bytes" expected Uint8Array, got [1]'],
    [
      "too many short codewords",
      () => new PrefixCode([1, 1, 5]),
      '"lengths" expected a Kraft sum of at most 1, got Float64Array(3)',
    ],
    [
      "a length that is no integer",
      () => new PrefixCode([1, 1.5]),
      '"lengths" expected integers in [0, 2048] or Infinity, got 1.5 at index 1',
    ],
    [
      "a negative length",
      () => new PrefixCode([-1]),
      '"lengths" expected integers in [0, 2048] or Infinity, got -1 at index 0',
    ],
    ["no data", () => empiricalDistribution(""), '"data" expected at least one symbol, got ""'],
    [
      "nothing to iterate over",
      () => empiricalDistribution(undefined as never),
      '"data" expected string, array or other iterable of symbols, got undefined',
    ],
    [
      "probabilities that do not sum to 1",
      () => huffmanCode([0.5, 0.4]),
      '"p" expected a sum of 1 (or normalize: true), got 0.9',
    ],
    [
      "a negative weight",
      () => shannonCode(new Map([["a", -1]]), { normalize: true }),
      '"p" expected finite numbers >= 0, got -1 at index 0',
    ],
  ])("%s", (_, run, message) => {
    expect(caught(run)).toMatch(/^(Type|Range)Error: /);
    expect(caught(run).replace(/^\w+: /, "")).toBe(message);
  });
});
