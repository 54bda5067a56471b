import { describe, expect, test } from "vitest";
import { classWeights, finiteNumber, integer, knownOptions, oneOf, rowFactors } from "../../src/input/options.js";
import { caught } from "./caught.js";

describe("finiteNumber", () => {
  test("passes what is within bounds, and the fallback", () => {
    expect(finiteNumber("zLoss", undefined, 7)).toBe(7);
    expect(finiteNumber("zLoss", -1e300, 0)).toBe(-1e300);
    expect(finiteNumber("labelSmoothing", 0, 0, { min: 0, max: 1 })).toBe(0);
    expect(finiteNumber("labelSmoothing", 1, 0, { min: 0, max: 1 })).toBe(1);
    expect(finiteNumber("scale", 5e-324, 1, { above: 0 })).toBe(5e-324);
  });

  const cases: [value: unknown, bounds: object | undefined, message: string][] = [
    ["0.1", undefined, 'TypeError: "a" expected number, got "0.1"'],
    [null, undefined, 'TypeError: "a" expected number, got null'],
    [1n, undefined, 'TypeError: "a" expected number, got 1n'],
    [Number.NaN, undefined, 'RangeError: "a" expected finite number, got NaN'],
    [Infinity, { min: 0 }, 'RangeError: "a" expected finite number >= 0, got Infinity'],
    [-1, { min: 0 }, 'RangeError: "a" expected finite number >= 0, got -1'],
    [2, { max: 1 }, 'RangeError: "a" expected finite number <= 1, got 2'],
    [2, { min: 0, max: 1 }, 'RangeError: "a" expected finite number in [0, 1], got 2'],
    [Number.NaN, { min: 0, max: 1 }, 'RangeError: "a" expected finite number in [0, 1], got NaN'],
    [0, { above: 0 }, 'RangeError: "a" expected finite number > 0, got 0'],
    [0, { above: 0, max: 1 }, 'RangeError: "a" expected finite number in (0, 1], got 0'],
  ];
  test.each(cases)("refuses %s within %o", (value, bounds, message) => {
    expect(caught(() => finiteNumber("a", value, 0, bounds))).toBe(message);
  });
});

describe("integer", () => {
  test("passes what is within bounds, and the fallback", () => {
    expect(integer("ignoreIndex", undefined, -100)).toBe(-100);
    expect(integer("ignoreIndex", 2 ** 53 - 1, 0)).toBe(2 ** 53 - 1);
    expect(integer("rows", 3, 0, { min: 0, max: 3 })).toBe(3);
  });

  const cases: [value: unknown, bounds: object | undefined, message: string][] = [
    ["1", undefined, 'TypeError: "a" expected integer, got "1"'],
    [0.5, undefined, 'RangeError: "a" expected integer, got 0.5'],
    [2 ** 53, undefined, 'RangeError: "a" expected integer, got 9007199254740992'],
    [Number.NaN, { min: 1 }, 'RangeError: "a" expected integer >= 1, got NaN'],
    [4, { min: 0, max: 3 }, 'RangeError: "a" expected integer in [0, 3], got 4'],
  ];
  test.each(cases)("refuses %s within %o", (value, bounds, message) => {
    expect(caught(() => integer("a", value, 0, bounds))).toBe(message);
  });
});

test("oneOf", () => {
  const allowed = ["mean", "sum", "none"] as const;
  expect(oneOf("reduction", undefined, allowed, "mean")).toBe("mean");
  expect(oneOf("reduction", "none", allowed, "mean")).toBe("none");
  expect(caught(() => oneOf("reduction", "avg", allowed, "mean"))).toBe(
    'RangeError: "reduction" expected "mean", "sum", "none", got "avg"',
  );
  expect(caught(() => oneOf("reduction", 1, allowed, "mean"))).toBe(
    'TypeError: "reduction" expected "mean", "sum", "none", got 1',
  );
});

describe("classWeights", () => {
  test("are float64 unless they are float32, and the caller's own array where that is so", () => {
    const own = Float32Array.of(1, 2, 3);
    expect(classWeights(undefined, 3)).toBeUndefined();
    expect(classWeights(own, 3)).toBe(own);
    const cases: [value: unknown, want: number[]][] = [
      [
        [1, -2, 0.5],
        [1, -2, 0.5],
      ],
      [Float64Array.of(1, 2, 3), [1, 2, 3]],
      [Int32Array.of(1, 2, 3), [1, 2, 3]],
      [{ data: Float32Array.of(1, 2, 3), dims: [3], type: "float32" }, [1, 2, 3]],
      [{ data: Uint16Array.of(0x3f80, 0x4000, 0), dims: [3], type: "bfloat16" }, [1, 2, 0]],
      [{ data: Float32Array.of(9, 3, 2, 1), shape: [3], stride: [-1], offset: 3 }, [1, 2, 3]],
      [{ data: Float32Array.of(1, 2, 3, 4), shape: [3], stride: [1], offset: 0 }, [1, 2, 3]],
      [{ data: [2], dims: [1] }, [2, 2, 2]],
    ];
    for (const [value, want] of cases) {
      const got = classWeights(value, 3);
      expect(ArrayBuffer.isView(got)).toBe(true);
      expect(Array.from(got as Float64Array)).toEqual(want);
    }
  });

  const cases: [value: unknown, message: string][] = [
    ["1", 'TypeError: "weight" expected typed array, array of numbers or tensor, got "1"'],
    [null, 'TypeError: "weight" expected typed array, array of numbers or tensor, got null'],
    [[1, true], 'TypeError: "weight" expected number, got true at index 1'],
    [[1, 2, 3], 'RangeError: "weight" expected 2 elements, one a class, got 3'],
    [{ data: [1, 2, 3], dims: [3] }, 'RangeError: "weight" expected dims that broadcast to [2], got [3]'],
    [[1, Number.NaN], 'RangeError: "weight" expected finite numbers, got NaN at index 1'],
    [Float32Array.of(Infinity, 1), 'RangeError: "weight" expected finite numbers, got Infinity at index 0'],
  ];
  test.each(cases)("refuse %o", (value, message) => {
    expect(caught(() => classWeights(value, 2))).toBe(message);
  });
});

describe("rowFactors", () => {
  test("one for all rows, or one a row", () => {
    const own = Float32Array.of(1, 2, 3, 4, 5, 6);
    expect(rowFactors("sampleWeight", undefined, 6, [2, 3])).toBe(1);
    expect(rowFactors("sampleWeight", -2.5, 6, [2, 3])).toBe(-2.5);
    expect(rowFactors("sampleWeight", own, 6, [2, 3])).toBe(own);
    const cases: [value: unknown, want: number[]][] = [
      [
        [1, 2, 3, 4, 5, 6],
        [1, 2, 3, 4, 5, 6],
      ],
      [Uint8Array.of(1, 2, 3, 4, 5, 6), [1, 2, 3, 4, 5, 6]],
      [
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        [1, 2, 3, 4, 5, 6],
      ],
      [{ data: own, dims: [2, 3], strides: [1, 2] }, [1, 3, 5, 2, 4, 6]],
      [{ data: [7], dims: [] }, [7, 7, 7, 7, 7, 7]],
      [{ data: [1, 2], dims: [2, 1] }, [1, 1, 1, 2, 2, 2]],
      [{ data: [1, 2, 3], dims: [3] }, [1, 2, 3, 1, 2, 3]],
    ];
    for (const [value, want] of cases) {
      expect(Array.from(rowFactors("sampleWeight", value, 6, [2, 3]) as ArrayLike<number>)).toEqual(want);
    }
  });

  test("of a row without dimensions of its own", () => {
    expect(Array.from(rowFactors("gradOutput", [3], 1, []) as ArrayLike<number>)).toEqual([3]);
    expect(Array.from(rowFactors("gradOutput", { data: [3], dims: [] }, 1, []) as ArrayLike<number>)).toEqual([3]);
  });

  const cases: [value: unknown, message: string][] = [
    ["1", 'TypeError: "gradOutput" expected number, typed array, array of numbers or tensor, got "1"'],
    [Number.NaN, 'RangeError: "gradOutput" expected finite number, got NaN'],
    [[1, 2, 3], 'RangeError: "gradOutput" expected 6 elements, one a row, got 3'],
    [{ data: [1, 2], dims: [2] }, 'RangeError: "gradOutput" expected dims that broadcast to [2, 3], got [2]'],
    [[1, 2, 3, 4, 5, Infinity], 'RangeError: "gradOutput" expected finite numbers, got Infinity at index 5'],
    [
      { data: [1, Infinity], dims: [2, 1] },
      'RangeError: "gradOutput" expected finite numbers, got Infinity at index [1][0]',
    ],
    [
      [
        [1, 2, 3],
        [4, Number.NaN, 6],
      ],
      'RangeError: "gradOutput" expected finite numbers, got NaN at index [1][1]',
    ],
  ];
  test.each(cases)("refuse %o", (value, message) => {
    expect(caught(() => rowFactors("gradOutput", value, 6, [2, 3]))).toBe(message);
  });
});

describe("knownOptions", () => {
  const allowed = ["ignoreIndex", "labelSmoothing", "weight", "out", "zLoss", "axis"];

  test("passes known names, whatever their values", () => {
    knownOptions(undefined, allowed);
    knownOptions({}, allowed);
    knownOptions({ weight: undefined, axis: "?" }, allowed);
    knownOptions(Object.create(null), allowed);
  });

  const unknown = '"options" expected names that this function knows, got';
  const cases: [value: unknown, message: string][] = [
    [null, '"options" expected object, got null'],
    [5, '"options" expected object, got 5'],
    ["mean", '"options" expected object, got "mean"'],
    [[1], '"options" expected object, got [1]'],
    [() => 0, '"options" expected object, got function'],
    [{ ignore_index: 1 }, `${unknown} "ignore_index" (did you mean "ignoreIndex"?)`],
    [{ label_smoothing: 1 }, `${unknown} "label_smoothing" (did you mean "labelSmoothing"?)`],
    [{ labelSmooting: undefined }, `${unknown} "labelSmooting" (did you mean "labelSmoothing"?)`],
    [{ IGNOREINDEX: 1 }, `${unknown} "IGNOREINDEX" (did you mean "ignoreIndex"?)`],
    [{ "z-loss": 1 }, `${unknown} "z-loss" (did you mean "zLoss"?)`],
    [{ weights: 1 }, `${unknown} "weights" (did you mean "weight"?)`],
    [{ weight: 1, wieght: 1 }, `${unknown} "wieght" (did you mean "weight"?)`],
    [{ axes: 1 }, `${unknown} "axes" (did you mean "axis"?)`],
    [{ temperature: 1 }, `${unknown} "temperature"`],
    [{ in: 1 }, `${unknown} "in"`],
  ];
  test.each(cases)("refuses %o", (value, message) => {
    expect(caught(() => knownOptions(value, allowed))).toBe(`TypeError: ${message}`);
  });
});
