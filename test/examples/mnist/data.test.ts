import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { batches, readIdx, readMnist } from "../../../examples/mnist/mnist.js";
import { seededRandom } from "../../../examples/mnist/random.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "celoss-mnist-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ["train", 60_000, [5, 0, 4, 1, 9], [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]],
  ["test", 10_000, [7, 2, 1, 0, 4], [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]],
] as const)(
  "MNIST %s: %i digits, the first labels %j, and as many of each digit as published",
  (set, rows, first, perDigit) => {
    const digits = readMnist(set);
    expect(digits).toMatchObject({ rows, pixels: 784, width: 28 });
    expect(digits.images).toHaveLength(rows * 784);
    expect(digits.labels).toHaveLength(rows);
    expect([...digits.labels.subarray(0, 5)]).toEqual(first);
    expect(perDigit.map((_, digit) => digits.labels.filter((label) => label === digit).length)).toEqual(perDigit);
  },
);

test("MNIST train: mean of the pixels over 255 is the published 0.1307 to its four decimals", () => {
  const { images } = readMnist("train");
  const mean = images.reduce((sum, grey) => sum + grey, 0) / images.length / 255;
  expect(Math.abs(mean - 0.1307)).toBeLessThan(5e-5);
});

test("MNIST: more rows than there are is refused", () => {
  expect(() => readMnist("test", 10_001)).toThrow(new RangeError('"rows" expected at most 10000, got 10001'));
});

test.each([
  ["cut short", [0, 0, 8, 1, 0, 0, 0, 3, 7, 7], RangeError, '"labels-idx1" expected 11 bytes, got 10'],
  ["too long", [0, 0, 8, 1, 0, 0, 0, 1, 7, 7], RangeError, '"labels-idx1" expected 9 bytes, got 10'],
  ["cut in its header", [0, 0, 8, 3, 0, 0, 0, 1], RangeError, '"labels-idx1" expected 16 bytes of header, got 8'],
  [
    "of floats",
    [0, 0, 13, 1, 0, 0, 0, 0],
    TypeError,
    "expected idx file of unsigned bytes (00 00 08 …), got 00 00 0d 01",
  ],
  ["without content", [], TypeError, "expected idx file of unsigned bytes (00 00 08 …), got nothing"],
])("idx file %s: refused by name", (_, bytes, kind, message) => {
  const path = join(folder, "labels-idx1");
  writeFileSync(path, Uint8Array.from(bytes));
  expect(() => readIdx(path)).toThrow(kind);
  expect(() => readIdx(path)).toThrow(message);
});

test("idx file: dimensions and elements in their order", () => {
  const path = join(folder, "matrix-idx2");
  writeFileSync(path, Uint8Array.from([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]));
  const { dims, data } = readIdx(path);
  expect(dims).toEqual([2, 3]);
  expect([...data]).toEqual([1, 2, 3, 4, 5, 6]);
});

const DIGITS = {
  images: Uint8Array.from([0, 51, 102, 153, 204, 255, 1, 2]),
  labels: Uint8Array.from([3, 1, 4, 5]),
  rows: 4,
  pixels: 2,
  width: 2,
};

test("batches: each image in [0, 1] beside its label, as they stand without a random order", () => {
  const seen = Array.from(batches(DIGITS, 2), ({ images, labels }) => [[...images], [...labels]]);
  const expected = [0, 51, 102, 153, 204, 255, 1, 2].map((grey) => Math.fround(grey / 255));
  expect(seen).toEqual([
    [expected.slice(0, 4), [3, 1]],
    [expected.slice(4), [4, 5]],
  ]);
});

test("batches: a random order holds each digit once and depends on the seed alone (seeds 1 to 8)", () => {
  const order = (seed: number) =>
    Array.from(batches(DIGITS, 1, seededRandom(seed)), ({ images, labels }) => {
      const row = DIGITS.labels.indexOf(labels[0]);
      expect(Math.round(255 * images[1])).toBe(DIGITS.images[2 * row + 1]);
      return labels[0];
    });
  const orders = [1, 2, 3, 4, 5, 6, 7, 8].map(order);
  for (const labels of orders) expect([...labels].sort()).toEqual([1, 3, 4, 5]);
  expect(new Set(orders.map(String)).size).toBeGreaterThan(1);
  expect(order(1)).toEqual(order(1));
});

test("batches: a size that leaves digits over is refused", () => {
  expect(() => batches(DIGITS, 3).next()).toThrow(new RangeError('"size" expected divisor of 4, got 3'));
});
