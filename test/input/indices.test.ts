import { describe, expect, test } from "vitest";
import { checkIndices, copyIndicesIn, type IndexView, indexView } from "../../src/input/indices.js";
import { takeApart } from "../../src/input/source.js";
import { caught } from "./caught.js";

const view = (value: unknown): IndexView => indexView(takeApart("targets", value, "class indices"));
const read = (of: IndexView): number[] => {
  const to = new Int32Array(of.rows + 1);
  copyIndicesIn(of, 0, of.rows, to, 1, -100, -1);
  return Array.from(to.subarray(1));
};

describe("indexView", () => {
  const unaligned = new BigInt64Array(new ArrayBuffer(40), 8, 3);
  unaligned.set([2n, -100n, 0n]);
  const cases: [name: string, value: unknown][] = [
    ["number[]", [2, -100, 0]],
    ["Int8Array", Int8Array.of(2, -100, 0)],
    ["Int16Array", Int16Array.of(2, -100, 0)],
    ["Int32Array", Int32Array.of(2, -100, 0)],
    ["BigInt64Array", BigInt64Array.of(2n, -100n, 0n)],
    ["BigInt64Array within a buffer", unaligned],
    ["nested arrays", [[2], [-100], [0]]],
    ["a tensor", { data: BigInt64Array.of(2n, -100n, 0n), dims: [3], type: "int64" }],
    ["a tensor with an offset", { data: BigInt64Array.of(9n, 2n, -100n, 0n), dims: [3], offset: 1 }],
    ["a tensor with strides", { data: Int32Array.of(0, 9, -100, 9, 2), dims: [3], strides: [-2], offset: 4 }],
    [
      "a BigInt tensor with strides",
      { data: BigInt64Array.of(0n, -100n, 2n), dims: [3, 1], strides: [-1, 5], offset: 2 },
    ],
  ];
  test.each(cases)("%s", (_, value) => {
    expect(view(value).rows).toBe(3);
    expect(read(view(value))).toEqual([2, -1, 0]);
    expect(checkIndices(view(value), 3, -100)).toEqual({ count: 2, weightSum: 2 });
  });

  test("unsigned arrays", () => {
    for (const array of [
      Uint8Array.of(2, 255),
      Uint8ClampedArray.of(2, 255),
      Uint16Array.of(2, 255),
      Uint32Array.of(2, 255),
      BigUint64Array.of(2n, 255n),
    ]) {
      expect(read(view(array))).toEqual([2, 255]);
      expect(checkIndices(view(array), 3, 255)).toEqual({ count: 1, weightSum: 1 });
    }
  });

  test("refuses floats", () => {
    expect(caught(() => view(Float32Array.of(1)))).toBe(
      'TypeError: "targets" expected class indices, got Float32Array(1)',
    );
  });
});

describe("checkIndices", () => {
  test("counts what is not ignored and adds its weights in float64", () => {
    const weight = Float32Array.of(0.5, 0.25, 4);
    const targets = view([2, 0, 1, 1, 0, 2, 2]);
    expect(checkIndices(targets, 3, -100, weight)).toEqual({ count: 7, weightSum: 13.5 });
    expect(checkIndices(targets, 3, 2, weight)).toEqual({ count: 4, weightSum: 1.5 });
    expect(checkIndices(targets, 3, 2)).toEqual({ count: 4, weightSum: 4 });
    expect(checkIndices(view([]), 0, -100, [])).toEqual({ count: 0, weightSum: 0 });
    expect(checkIndices(view([5, 5]), 3, 5, weight)).toEqual({ count: 0, weightSum: 0 });
    expect(checkIndices(view([-0]), 1, -100)).toEqual({ count: 1, weightSum: 1 });
  });

  const valid = Array.from({ length: 17 }, (_, i) => i);
  const cases: [name: string, value: unknown, message: string][] = [
    ["one too large", [...valid, 1000], 'RangeError: "targets" expected integer in [0, 1000), got 1000 at index 17'],
    ["one negative", Int32Array.of(0, -1), 'RangeError: "targets" expected integer in [0, 1000), got -1 at index 1'],
    [
      "the first of two",
      Int16Array.of(0, 2000, 3000),
      'RangeError: "targets" expected integer in [0, 1000), got 2000 at index 1',
    ],
    ["a fraction", [0, 0.5], 'RangeError: "targets" expected integer in [0, 1000), got 0.5 at index 1'],
    ["NaN", [Number.NaN], 'RangeError: "targets" expected integer in [0, 1000), got NaN at index 0'],
    ["infinity", [Infinity], 'RangeError: "targets" expected integer in [0, 1000), got Infinity at index 0'],
    ["a string", [0, "1"], 'TypeError: "targets" expected integer in [0, 1000), got "1" at index 1'],
    ["a BigInt among numbers", [0, 1n], 'TypeError: "targets" expected integer in [0, 1000), got 1n at index 1'],
    ["null", [null], 'TypeError: "targets" expected integer in [0, 1000), got null at index 0'],
    ["a boolean", [true], 'TypeError: "targets" expected integer in [0, 1000), got true at index 0'],
    ["a symbol", [Symbol("a")], 'TypeError: "targets" expected integer in [0, 1000), got Symbol(a) at index 0'],
    ["a hole", new Array(1), 'TypeError: "targets" expected integer in [0, 1000), got undefined at index 0'],
    ["nested", [[0], [1000]], 'RangeError: "targets" expected integer in [0, 1000), got 1000 at index [1][0]'],
    [
      "a tensor of one dimension",
      { data: [0, 1000], dims: [2] },
      'RangeError: "targets" expected integer in [0, 1000), got 1000 at index 1',
    ],
    [
      "a tensor",
      { data: [0, 1, 2, 1000, 0, 0], dims: [3, 2] },
      'RangeError: "targets" expected integer in [0, 1000), got 1000 at index [1][1]',
    ],
    [
      "strides",
      { data: Int32Array.of(1000, 1), dims: [2], strides: [-1], offset: 1 },
      'RangeError: "targets" expected integer in [0, 1000), got 1000 at index 1',
    ],
    [
      "a wide integer",
      BigInt64Array.of(0n, 2n ** 32n),
      'RangeError: "targets" expected integer in [0, 1000), got 4294967296n at index 1',
    ],
    [
      "a wide negative",
      BigInt64Array.of(-(2n ** 63n)),
      'RangeError: "targets" expected integer in [0, 1000), got -9223372036854775808n at index 0',
    ],
    [
      "a wide tensor",
      { data: BigInt64Array.of(9n, 1000n), dims: [1], offset: 1 },
      'RangeError: "targets" expected integer in [0, 1000), got 1000n at index 0',
    ],
    [
      "an unsigned −100",
      BigUint64Array.of(2n ** 64n - 100n),
      'RangeError: "targets" expected integer in [0, 1000), got 18446744073709551516n at index 0',
    ],
  ];
  test.each(cases)("refuses %s", (_, value, message) => {
    expect(caught(() => checkIndices(view(value), 1000, -100))).toBe(message);
  });
});

test("copyIndicesIn copies the rows of a tile only, ignored ones as they shall be written", () => {
  for (const value of [Int32Array.of(3, 1, 4, 1, 5), BigInt64Array.of(3n, 1n, 4n, 1n, 5n), [3, 1, 4, 1, 5]]) {
    const to = new Int32Array(6).fill(9);
    copyIndicesIn(view(value), 1, 3, to, 2, 4, -7);
    expect(Array.from(to)).toEqual([9, 9, 1, -7, 1, 9]);
  }
});
