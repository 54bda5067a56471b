import { describe, expect, test } from "vitest";
import { rangeError, show, typeError } from "../../src/input/errors.js";

describe("messages", () => {
  test("are of one form", () => {
    expect(String(rangeError("targets", "integer in [0, 1000)", 1000, "at index 17"))).toBe(
      'RangeError: "targets" expected integer in [0, 1000), got 1000 at index 17',
    );
    expect(String(typeError("logits", "array", null))).toBe('TypeError: "logits" expected array, got null');
  });

  class Tensor {}
  const cases: [value: unknown, shown: string][] = [
    [undefined, "undefined"],
    [null, "null"],
    [true, "true"],
    [1.5, "1.5"],
    [-0, "-0"],
    [Number.NaN, "NaN"],
    [-Infinity, "-Infinity"],
    [2n ** 63n, "9223372036854775808n"],
    [Symbol("s"), "Symbol(s)"],
    ["mean", '"mean"'],
    ['say "a"', '"say \\"a\\""'],
    ["x".repeat(50), `"${"x".repeat(40)}…"`],
    [() => 0, "function"],
    [Math.exp, "function exp"],
    [Tensor, "function Tensor"],
    [[], "[]"],
    [[2, 3], "[2, 3]"],
    [[1, "a", null, [1, 2]], '[1, "a", null, Array(2)]'],
    [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "[1, 2, 3, 4, 5, 6, 7, 8, … 2 more]"],
    [new Float32Array(10), "Float32Array(10)"],
    [new BigInt64Array(2), "BigInt64Array(2)"],
    [new DataView(new ArrayBuffer(8)), "DataView(8)"],
    [new ArrayBuffer(8), "ArrayBuffer"],
    [new Map(), "Map"],
    [new Tensor(), "Tensor"],
    [{}, "{}"],
    [{ data: [], dims: [] }, "{ data, dims }"],
    [Object.create(null), "{}"],
    [{ a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1 }, "{ a, b, c, d, e, f, g, h, … }"],
  ];
  test.each(cases)("show %#: %s is %s", (value, shown) => {
    expect(show(value)).toBe(shown);
  });
});
