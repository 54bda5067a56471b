import { describe, expect, test } from "vitest";
import { oneHot } from "../../src/index.js";
import { FLOAT32, FLOAT64 } from "../support/bounds.js";
import { near } from "../support/near.js";
import * as reference from "../support/reference.js";

describe("oneHot", () => {
  const labels = Int32Array.of(2, 0, -100, 1);

  test("rows of 0 with one 1; an ignored row is 0 throughout", () => {
    expect(oneHot(labels, 3)).toEqual(Float32Array.of(0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0));
  });

  test("takes indices in any integer array, plain or of BigInts", () => {
    const want = Float32Array.of(0, 1, 1, 0);
    const kinds = [Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array];
    for (const kind of kinds) expect(oneHot(kind.of(1, 0), 2)).toEqual(want);
    expect(oneHot(BigInt64Array.of(1n, 0n), 2)).toEqual(want);
    expect(oneHot([1, 0], 2)).toEqual(want);
  });

  test("labelSmoothing: (1 − ε)·e + ε/C, within 3u", () => {
    const want = reference.oneHot(labels, 3, { labelSmoothing: 0.1 });
    near(oneHot(labels, 3, { labelSmoothing: 0.1 }), want, { rel: 3 * FLOAT32 });
    const wide = oneHot(labels, 3, { labelSmoothing: 0.1, dtype: "float64" });
    expect(wide).toBeInstanceOf(Float64Array);
    near(wide, want, { rel: 3 * FLOAT64 });
  });

  test("ignoreIndex and out", () => {
    const want = [0, 0, 0, 0, 1, 0];
    expect(Array.from(oneHot([0, 1], 3, { ignoreIndex: 0 }))).toEqual(want);
    const out = new Float64Array(6).fill(7);
    expect(oneHot([0, 1], 3, { ignoreIndex: 0, out })).toBe(out);
    expect(Array.from(out)).toEqual(want);
  });

  test("a class axis among the others: dims [2, 2] and axis 1 give [2, 3, 2]", () => {
    const got = oneHot({ data: Int32Array.of(0, 2, 1, -100), dims: [2, 2] }, 3, { axis: 1 });
    expect(got).toEqual(Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0));
  });

  test("an index out of range is named and nothing is written", () => {
    const out = new Float32Array(6).fill(7);
    expect(() => oneHot([0, 3], 3, { out })).toThrow(
      new RangeError('"indices" expected integer in [0, 3), got 3 at index 1'),
    );
    expect(() => oneHot([0, 1], 3, { out: new Float32Array(5) })).toThrow(/^"out" expected/);
    expect(() => oneHot([0, 1], 0)).toThrow(/^"classes" expected/);
    expect(() => oneHot([0, 1], 3, { labelSmoothing: 2, out })).toThrow(/^"labelSmoothing" expected/);
    expect(Array.from(out)).toEqual([7, 7, 7, 7, 7, 7]);
  });
});
