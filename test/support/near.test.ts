import { describe, expect, test } from "vitest";
import { decode, encode } from "./halves.js";
import { broadcastAt, layout } from "./layout.js";
import { identical, near } from "./near.js";
import { allPairs } from "./pairs.js";

describe("near", () => {
  test("names the worst element with index, got, want, error and bound", () => {
    expect(() => near([1, 2.5, 3], [1, 2, 3.1], { abs: 0.05 }, "loss")).toThrow(
      "loss: 2 of 3 too far; worst at index 1: got 2.5, want 2, error 0.5000, bound 0.05000",
    );
  });

  test("allows abs + rel·|want|, one bound for all or one each, and nothing beyond", () => {
    near([1.5, 102], [1, 100], { abs: 0.5, rel: 0.015 });
    near([1.5, 102], [1, 100], { abs: [0.5, 2] });
    expect(() => near([1.5, 102], [1, 100], { abs: [0.5, 1.9] })).toThrow("index 1");
    expect(() => near(1.01, 1, { rel: 0.0099 })).toThrow("index 0");
  });

  test("NaN equals NaN alone, an infinity equals itself alone", () => {
    near([Number.NaN, Infinity, -Infinity], [Number.NaN, Infinity, -Infinity], {});
    for (const [got, want] of [
      [Number.NaN, 1],
      [1, Number.NaN],
      [Infinity, -Infinity],
      [1e308, Infinity],
      [Infinity, 1e308],
    ]) {
      expect(() => near(got, want, { abs: 1e300, rel: 1 })).toThrow("index 0");
    }
  });

  test("another length is a failure", () => {
    expect(() => near([1], [1, 2], { abs: 9 })).toThrow("got 1 elements, want 2");
    expect(() => identical([1, 2], [1])).toThrow("got 2 elements, want 1");
  });

  test("identical tells 0 from −0 and one ulp", () => {
    identical([Number.NaN, -0], [Number.NaN, -0]);
    expect(() => identical([0], [-0])).toThrow("index 0");
    expect(() => identical([1 + 2 ** -52], [1])).toThrow("index 0");
  });
});

describe("helpers", () => {
  test("float16 and bfloat16 round to nearest even, with denormals and overflow", () => {
    const values = [1, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 65519, 65520, 2 ** -24, 2 ** -25, -0, Number.NaN];
    const want = [1, 1, 1 + 2 ** -9, 65504, Infinity, 2 ** -24, 0, -0, Number.NaN];
    expect(Array.from(decode(encode(values, "float16"), "float16"))).toEqual(want);
    const wide = [1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 3.4e38, -Infinity, 2 ** -133, Number.NaN];
    const wideWant = [1, 1, 1 + 2 ** -6, Infinity, -Infinity, 2 ** -133, Number.NaN];
    expect(Array.from(decode(encode(wide, "bfloat16"), "bfloat16"))).toEqual(wideWant);
  });

  test("every 16-bit pattern that is a number reads back as itself", () => {
    for (const dtype of ["float16", "bfloat16"] as const) {
      const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
      const values = decode(bits, dtype);
      const numbers = bits.filter((i) => !Number.isNaN(values[i]));
      expect(encode(decode(numbers, dtype), dtype)).toEqual(numbers);
    }
  });

  test("layout takes several axes in their order", () => {
    const at = layout([2, 3, 4], [2, 0]);
    expect([at.rows, at.classes]).toEqual([3, 8]);
    expect(Array.from({ length: 8 }, (_, j) => at.at(1, j))).toEqual([4, 16, 5, 17, 6, 18, 7, 19]);
  });

  test("broadcastAt repeats dimensions of 1 and missing ones", () => {
    const read = (dims: number[], data: number[]) => {
      return Array.from({ length: 6 }, (_, i) => broadcastAt({ data: Float64Array.from(data), dims }, [2, 3], i));
    };
    expect(read([3], [1, 2, 3])).toEqual([1, 2, 3, 1, 2, 3]);
    expect(read([2, 1], [1, 2])).toEqual([1, 1, 1, 2, 2, 2]);
    expect(read([], [7])).toEqual([7, 7, 7, 7, 7, 7]);
  });

  test("allPairs meets every pair", () => {
    const factors = { a: [1, 2, 3], b: ["x", "y"], c: [true, false] };
    const choices = allPairs(factors, 1);
    for (const a of factors.a) {
      for (const b of factors.b) expect(choices.some((c) => c.a === a && c.b === b)).toBe(true);
      for (const c of factors.c) expect(choices.some((d) => d.a === a && d.c === c)).toBe(true);
    }
    for (const b of factors.b) {
      for (const c of factors.c) expect(choices.some((d) => d.b === b && d.c === c)).toBe(true);
    }
    expect(choices.length).toBeLessThan(12);
  });
});
