import { describe, expect, test } from "vitest";
import { floatElements, numberElements } from "../../src/input/elements.js";
import { caught } from "./caught.js";
import { FakeFloat16Array } from "./fakeFloat16.js";

const EXPECTED = "Float32Array, Float64Array, Float16Array, Uint16Array with dtype, array of numbers or tensor";

describe("floatElements", () => {
  test("typed arrays are taken as they are", () => {
    const shared = new Float32Array(new SharedArrayBuffer(12));
    const subarray = new Float64Array(8).subarray(3, 5);
    for (const [array, type] of [
      [new Float32Array(3), "float32"],
      [new Float32Array(0), "float32"],
      [shared, "float32"],
      [subarray, "float64"],
    ] as const) {
      const elements = floatElements("logits", array);
      expect(elements.data).toBe(array);
      expect(elements.array).toBe(array);
      expect(elements.source).toBe(array);
      expect(elements).toMatchObject({ type, dims: undefined, strides: undefined, offset: 0 });
      expect(floatElements("logits", array, type).type).toBe(type);
    }
  });

  test("raw 16-bit data needs a dtype or a tensor's own", () => {
    const bits = Uint16Array.of(1, 2);
    expect(floatElements("logits", bits, "float16")).toMatchObject({ type: "float16", data: bits });
    expect(floatElements("logits", bits, "bfloat16")).toMatchObject({ type: "bfloat16", data: bits });
    expect(floatElements("logits", { data: bits, dims: [2], type: "bfloat16" })).toMatchObject({ type: "bfloat16" });
    expect(floatElements("logits", { data: bits, dims: [2], dtype: "float16" }, "float16").type).toBe("float16");
    expect(floatElements("logits", { data: bits, dims: [2], type: "uint16" }, "float16").type).toBe("float16");
  });

  test("a Float16Array is seen as its bit patterns on the same memory", () => {
    const array = new FakeFloat16Array(new ArrayBuffer(16), 4, 3);
    const { data, array: own, type } = floatElements("logits", array);
    expect(own).toBe(array);
    expect(type).toBe("float16");
    expect(data).toBeInstanceOf(Uint16Array);
    expect(data.buffer).toBe(array.buffer);
    expect([data.byteOffset, data.length]).toEqual([4, 3]);
  });

  test("plain arrays become a fresh Float64Array; only nested ones have dims", () => {
    const cases: [value: unknown, data: number[], dims: number[] | undefined][] = [
      [[], [], undefined],
      [[1, Number.NaN, -Infinity], [1, Number.NaN, -Infinity], undefined],
      [[[]], [], [1, 0]],
      [[[], []], [], [2, 0]],
      [
        [[1], [2]],
        [1, 2],
        [2, 1],
      ],
      [
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        [1, 2, 3, 4, 5, 6],
        [2, 3],
      ],
      [
        [
          [[1], [2]],
          [[3], [4]],
          [[5], [6]],
        ],
        [1, 2, 3, 4, 5, 6],
        [3, 2, 1],
      ],
      [{ data: [1, 2, 3, 4], shape: [2, 2] }, [1, 2, 3, 4], [2, 2]],
    ];
    for (const [value, data, dims] of cases) {
      const elements = floatElements("logits", value);
      expect(elements.data).toEqual(Float64Array.from(data));
      expect(elements.dims).toEqual(dims);
      expect(elements.type).toBe("float64");
    }
  });

  test("plain arrays are float32 where that is said", () => {
    for (const elements of [
      floatElements("logits", [0.1, 2], "float32"),
      floatElements("logits", { data: [0.1, 2], dims: [2], type: "float32" }),
    ]) {
      expect(elements).toMatchObject({ data: Float32Array.of(0.1, 2), type: "float32" });
    }
    expect(floatElements("logits", { data: [1], dims: [1], dtype: "generic" }).type).toBe("float64");
  });

  test("tensor-likes of other libraries", () => {
    const data = Float32Array.from({ length: 12 }, (_, i) => i);
    const onnx = { data, dims: [3, 4], type: "float32", size: 12, location: "cpu" };
    const transformers = { data, dims: [3, 4], type: "float32", stride: () => [4, 1] };
    const scijs = { data, shape: [2, 3], stride: [4, -1], offset: 3, dtype: "float32" };
    const stdlib = { data, shape: [3, 4], strides: [1, 3], offset: 0, dtype: "float32", order: "column-major" };
    expect(floatElements("x", onnx)).toMatchObject({ data, dims: [3, 4], strides: undefined, offset: 0 });
    expect(floatElements("x", transformers)).toMatchObject({ data, dims: [3, 4], strides: undefined, offset: 0 });
    expect(floatElements("x", scijs)).toMatchObject({ data, dims: [2, 3], strides: [4, -1], offset: 3 });
    expect(floatElements("x", stdlib)).toMatchObject({ data, dims: [3, 4], strides: [1, 3], offset: 0 });
    expect(floatElements("x", { data })).toMatchObject({ data, dims: undefined });
    expect(floatElements("x", { data, dims: [2, 3], offset: 5 })).toMatchObject({ dims: [2, 3], offset: 5 });
    expect(floatElements("x", { data, dims: [], strides: [], offset: 7 })).toMatchObject({ dims: [], offset: 7 });
    expect(floatElements("x", { data, dims: Int32Array.of(3, 4) }).dims).toEqual([3, 4]);
    expect(floatElements("x", { data, dims: [0, 4], strides: [99, 1] }).dims).toEqual([0, 4]);
    class Getters {
      get data() {
        return data;
      }
      get shape() {
        return [12];
      }
    }
    expect(floatElements("x", new Getters())).toMatchObject({ data, dims: [12] });
  });

  const six = new Float32Array(6);
  const detached = new Float32Array(4);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  const cases: [name: string, value: unknown, dtype: unknown, message: string][] = [
    ["undefined", undefined, undefined, `TypeError: "x" expected ${EXPECTED}, got undefined`],
    ["null", null, undefined, `TypeError: "x" expected ${EXPECTED}, got null`],
    ["a string", "1,2", undefined, `TypeError: "x" expected ${EXPECTED}, got "1,2"`],
    ["a number", 3, undefined, `TypeError: "x" expected ${EXPECTED}, got 3`],
    ["a Map", new Map(), undefined, `TypeError: "x" expected ${EXPECTED}, got Map`],
    ["an object", { length: 2 }, undefined, `TypeError: "x" expected ${EXPECTED}, got { length }`],
    ["an ArrayBuffer", new ArrayBuffer(8), undefined, `TypeError: "x" expected ${EXPECTED}, got ArrayBuffer`],
    ["a DataView", new DataView(new ArrayBuffer(8)), undefined, `TypeError: "x" expected ${EXPECTED}, got DataView(8)`],
    ["integers", new Int32Array(2), undefined, `TypeError: "x" expected ${EXPECTED}, got Int32Array(2)`],
    ["BigInts", new BigInt64Array(2), undefined, `TypeError: "x" expected ${EXPECTED}, got BigInt64Array(2)`],
    [
      "an integer tensor",
      { data: new Uint8Array(2) },
      undefined,
      `TypeError: "x" expected ${EXPECTED}, got Uint8Array(2)`,
    ],
    [
      "a detached buffer",
      detached,
      undefined,
      'TypeError: "x" expected array with its buffer, got Float32Array(0) whose buffer is detached',
    ],
    [
      "a tensor with a detached buffer",
      { data: detached, dims: [4] },
      undefined,
      'TypeError: "x" expected array with its buffer, got Float32Array(0) whose buffer is detached',
    ],
    [
      "a tensor of TensorFlow.js",
      { data: async () => six },
      undefined,
      'TypeError: "x.data" expected typed array or array, got function data',
    ],
    [
      "bits",
      Uint16Array.of(1),
      undefined,
      'TypeError: "x" expected dtype "float16" or "bfloat16" for a Uint16Array, got undefined',
    ],
    [
      "float32 bits",
      Uint16Array.of(1),
      "float32",
      'TypeError: "x" expected dtype "float16" or "bfloat16" for a Uint16Array, got "float32"',
    ],
    ["a wrong dtype", six, "float64", 'RangeError: "x" expected dtype "float32" for a Float32Array, got "float64"'],
    [
      "a plain array as float16",
      [1],
      "float16",
      'RangeError: "x" expected dtype "float64" for plain arrays, got "float16"',
    ],
    [
      "an unknown dtype",
      six,
      "int8",
      'RangeError: "dtype" expected "float32", "float64", "float16", "bfloat16", got "int8"',
    ],
    [
      "a dtype that is no string",
      six,
      32,
      'TypeError: "dtype" expected "float32", "float64", "float16", "bfloat16", got 32',
    ],
    [
      "a dtype against the tensor's",
      { data: Uint16Array.of(1), type: "float16" },
      "bfloat16",
      'RangeError: "dtype" expected "float16" as "x" says itself, got "bfloat16"',
    ],
    ["a string entry", [1, "2"], undefined, 'TypeError: "x" expected number, got "2" at index 1'],
    ["a hole", new Array(2), undefined, 'TypeError: "x" expected number, got undefined at index 0'],
    ["a boolean entry", [true], undefined, 'TypeError: "x" expected number, got true at index 0'],
    ["a BigInt entry", [1n], undefined, 'TypeError: "x" expected number, got 1n at index 0'],
    ["a late row", [1, [2]], undefined, 'TypeError: "x" expected number, got [2] at index 1'],
    ["ragged rows", [[1, 2], [3]], undefined, 'RangeError: "x" expected array of 2 entries, got [3] at index 1'],
    ["a number as a row", [[1, 2], 3], undefined, 'TypeError: "x" expected array of 2 entries, got 3 at index 1'],
    [
      "a row too deep",
      [
        [1, 2],
        [3, [4]],
      ],
      undefined,
      'TypeError: "x" expected number, got [4] at index [1][1]',
    ],
    [
      "a deep entry",
      [
        [[1], [2]],
        [[3], [null]],
      ],
      undefined,
      'TypeError: "x" expected number, got null at index [1][1][0]',
    ],
    [
      "deep ragged rows",
      [
        [[1], [2]],
        [[3], [4, 5]],
      ],
      undefined,
      'RangeError: "x" expected array of 1 entries, got [4, 5] at index [1][1]',
    ],
    [
      "rows as typed arrays",
      [new Float32Array(2)],
      undefined,
      'TypeError: "x" expected number, got Float32Array(2) at index 0',
    ],
    [
      "dims of another product",
      { data: six, dims: [4] },
      undefined,
      'RangeError: "x.dims" expected a product of 6, the length of its data, got [4]',
    ],
    [
      "a shape of another product",
      { data: six, shape: [2] },
      undefined,
      'RangeError: "x.shape" expected a product of 6, the length of its data, got [2]',
    ],
    [
      "dims beyond the offset",
      { data: six, dims: [6], offset: 1 },
      undefined,
      'RangeError: "x.dims" expected a product of 5, the length of its data, got [6]',
    ],
    [
      "dims that are no list",
      { data: six, dims: 6 },
      undefined,
      'TypeError: "x.dims" expected array of integers, got 6',
    ],
    [
      "dims of strings",
      { data: six, dims: ["6"] },
      undefined,
      'TypeError: "x.dims" expected integers, got "6" at index 0',
    ],
    [
      "dims of BigInts",
      { data: six, dims: [6n] },
      undefined,
      'TypeError: "x.dims" expected integers, got 6n at index 0',
    ],
    [
      "fractional dims",
      { data: six, dims: [2, 1.5] },
      undefined,
      'RangeError: "x.dims" expected integers, got 1.5 at index 1',
    ],
    [
      "negative dims",
      { data: six, dims: [2, -3] },
      undefined,
      'RangeError: "x.dims" expected non-negative integers, got -3 at index 1',
    ],
    [
      "too few strides",
      { data: six, dims: [2, 3], strides: [1] },
      undefined,
      'RangeError: "x.strides" expected one stride for each of dims [2, 3], got [1]',
    ],
    [
      "strides past the end",
      { data: six, dims: [2, 3], stride: [4, 1] },
      undefined,
      'RangeError: "x.stride" expected to reach elements in [0, 6), got 6',
    ],
    [
      "strides before the start",
      { data: six, dims: [2, 3], strides: [-3, 1] },
      undefined,
      'RangeError: "x.strides" expected to reach elements in [0, 6), got -3',
    ],
    [
      "strides past the end by offset",
      { data: six, dims: [2], strides: [1], offset: 5 },
      undefined,
      'RangeError: "x.strides" expected to reach elements in [0, 6), got 6',
    ],
    [
      "fractional strides",
      { data: six, dims: [2], strides: [0.5] },
      undefined,
      'RangeError: "x.strides" expected integers, got 0.5 at index 0',
    ],
    [
      "strides without dims",
      { data: six, strides: [1] },
      undefined,
      'TypeError: "x.dims" expected array of integers, got undefined',
    ],
    [
      "an offset without dims",
      { data: six, offset: 2 },
      undefined,
      'TypeError: "x.dims" expected array of integers, got undefined',
    ],
    [
      "a negative offset",
      { data: six, dims: [2], offset: -1 },
      undefined,
      'RangeError: "x.offset" expected integer >= 0, got -1',
    ],
    [
      "an offset that is no number",
      { data: six, dims: [2], offset: "1" },
      undefined,
      'TypeError: "x.offset" expected integer, got "1"',
    ],
  ];
  test.each(cases)("refuses %s", (_, value, dtype, message) => {
    expect(caught(() => floatElements("x", value, dtype as "float32" | undefined))).toBe(message);
  });
});

describe("numberElements", () => {
  test("takes integers as they are, 64-bit integers and booleans as float64", () => {
    const bytes = Uint8Array.of(0, 1, 255);
    const raw = Uint16Array.of(0, 1);
    expect(numberElements("t", bytes, "number").data).toBe(bytes);
    expect(numberElements("t", raw, "number")).toMatchObject({ data: raw, type: "float64" });
    expect(numberElements("t", { data: raw, type: "float16" }, "number").type).toBe("float16");
    expect(numberElements("t", BigInt64Array.of(-1n, 2n), "number").data).toEqual(Float64Array.of(-1, 2));
    expect(numberElements("t", BigUint64Array.of(2n ** 63n), "number").data).toEqual(Float64Array.of(2 ** 63));
    const booleans = numberElements("t", [[true], [false]], "number or boolean");
    expect(booleans).toMatchObject({ data: Float64Array.of(1, 0), dims: [2, 1] });
    expect(numberElements("t", [true, 0.5], "number or boolean").data).toEqual(Float64Array.of(1, 0.5));
  });

  test("refuses what is no number", () => {
    expect(caught(() => numberElements("t", [true], "number"))).toBe(
      'TypeError: "t" expected number, got true at index 0',
    );
    expect(caught(() => numberElements("t", ["1"], "number or boolean"))).toBe(
      'TypeError: "t" expected number or boolean, got "1" at index 0',
    );
    expect(caught(() => numberElements("t", new DataView(new ArrayBuffer(1)), "number"))).toBe(
      'TypeError: "t" expected typed array, array of numbers or tensor, got DataView(1)',
    );
  });
});
