// The forms that logits, targets and results may have. A form changes where numbers lie, never what comes out.

import { describe, expect, test } from "vitest";
import { crossEntropy, crossEntropyWithGrad, logSumExp, softmax } from "../../src/index.js";
import type { Float16ArrayLike } from "../../src/input/elements.js";
import { decode, encode } from "../support/halves.js";
import { near } from "../support/near.js";
import { describeSets } from "../support/sets.js";

const DIMS = [2, 3, 4];
const CLASSES = 4;
/** Quarters below 16: exact in every element type. */
const VALUES = Array.from({ length: 24 }, (_, i) => (((i * 37) % 61) - 30) / 4);
const LABELS = [0, 3, -100, 2, 1, 0];
const PROBABILITIES = VALUES.map((_, i) => ((i * 5) % 8) / 8);
const none = { reduction: "none" } as const;

const nest = (flat: readonly number[], [a, b, c]: readonly number[]): number[][][] => {
  return Array.from({ length: a }, (_, i) => {
    return Array.from({ length: b }, (_, j) => flat.slice((i * b + j) * c, (i * b + j + 1) * c));
  });
};

/** The values in column-major order, for strides that undo it. */
const transposed = <T>(flat: readonly T[], [a, b, c]: readonly number[]): T[] => {
  const at = (k: number) => ((k % a) * b + (Math.floor(k / a) % b)) * c + Math.floor(k / (a * b));
  return flat.map((_, k) => flat[at(k)]);
};
const COLUMN_MAJOR = [1, 2, 6];

const shared = (values: readonly number[]) => {
  const array = new Float32Array(new SharedArrayBuffer(4 * values.length));
  array.set(values);
  return array;
};
/** Starts one element into its buffer: aligned to 4 bytes, not to 16. */
const unaligned = (values: readonly number[]) => Float32Array.of(9, ...values, 9).subarray(1, values.length + 1);

const FLOAT32_LOGITS = {
  "a flat Float32Array and dims": [Float32Array.from(VALUES), { dims: DIMS }],
  "a flat Float32Array and classes": [Float32Array.from(VALUES), { classes: CLASSES }],
  "a flat Float32Array, rows from the targets": [Float32Array.from(VALUES), {}],
  "a subarray that is not aligned to 16 bytes": [unaligned(VALUES), { dims: DIMS }],
  "an array on a SharedArrayBuffer": [shared(VALUES), { dims: DIMS }],
  "a tensor of ONNX Runtime": [{ data: Float32Array.from(VALUES), dims: DIMS, type: "float32" }, {}],
  "a tensor with shape and dtype": [{ data: Float32Array.from(VALUES), shape: DIMS, dtype: "float32" }, {}],
  "an ndarray with stride": [
    { data: Float32Array.from(transposed(VALUES, DIMS)), shape: DIMS, stride: COLUMN_MAJOR, offset: 0 },
    {},
  ],
  "an ndarray with strides and offset": [
    { data: Float32Array.of(9, 9, ...transposed(VALUES, DIMS)), shape: DIMS, strides: COLUMN_MAJOR, offset: 2 },
    {},
  ],
  "an ndarray that runs backwards": [
    { data: Float32Array.from(VALUES).reverse(), shape: DIMS, stride: [-12, -4, -1], offset: 23 },
    {},
  ],
} as const;

const FLOAT64_LOGITS = {
  "a Float64Array": [Float64Array.from(VALUES), { dims: DIMS }],
  "a plain array": [VALUES, { dims: DIMS }],
  "nested arrays": [nest(VALUES, DIMS), {}],
  "a tensor around a plain array": [{ data: VALUES, dims: DIMS }, {}],
} as const;

const LABEL_FORMS = {
  Int32Array: Int32Array.from(LABELS),
  Int8Array: Int8Array.from(LABELS),
  Int16Array: Int16Array.from(LABELS),
  BigInt64Array: BigInt64Array.from(LABELS, BigInt),
  "a plain array": LABELS,
  "nested arrays": [LABELS.slice(0, 3), LABELS.slice(3)],
  "an int64 tensor": { data: BigInt64Array.from(LABELS, BigInt), dims: [2, 3], type: "int64" },
  "a tensor with strides": { data: Int32Array.of(0, 2, 3, 1, -100, 0), shape: [2, 3], strides: [1, 2] },
  "Int32Array on a SharedArrayBuffer": new Int32Array(new SharedArrayBuffer(24)).fill(0).map((_, i) => LABELS[i]),
} as const;

const UNSIGNED_FORMS = { Uint8Array, Uint16Array, Uint32Array, Int32Array };

describeSets("inputs", () => {
  const labels = Int32Array.from(LABELS);
  const plain32 = () => crossEntropyWithGrad(Float32Array.from(VALUES), labels, { ...none, dims: DIMS });
  const plain64 = () => crossEntropyWithGrad(Float64Array.from(VALUES), labels, { ...none, dims: DIMS });

  for (const [name, [logits, options]] of Object.entries(FLOAT32_LOGITS)) {
    test(`float32 logits as ${name}: the same to the bit`, () => {
      const got = crossEntropyWithGrad(logits, labels, { ...none, ...options });
      expect(got).toEqual(plain32());
      const dims = { dims: DIMS, ...options };
      expect(softmax(logits, dims)).toEqual(softmax(Float32Array.from(VALUES), { dims: DIMS }));
      expect(logSumExp(logits, dims)).toEqual(logSumExp(Float32Array.from(VALUES), { dims: DIMS }));
    });
  }

  for (const [name, [logits, options]] of Object.entries(FLOAT64_LOGITS)) {
    test(`float64 logits as ${name}: the same to the bit`, () => {
      const got = crossEntropyWithGrad(logits, labels, { ...none, ...options });
      expect(got).toEqual(plain64());
      expect(got.grad).toBeInstanceOf(Float64Array);
      expect(got.loss).toBeInstanceOf(Float64Array);
    });
  }

  for (const dtype of ["float16", "bfloat16"] as const) {
    const bits = encode(VALUES, dtype);
    test(`${dtype} logits as Uint16Array with dtype, or a tensor that says so: the loss of the same float32`, () => {
      expect(Array.from(decode(bits, dtype))).toEqual(VALUES);
      const forms = [
        [bits, { dims: DIMS, dtype }],
        [{ data: bits, dims: DIMS, type: dtype }, {}],
        [{ data: bits, shape: DIMS }, { dtype }],
      ] as const;
      const want = plain32();
      for (const [logits, options] of forms) {
        const got = crossEntropyWithGrad(logits, labels, { ...none, ...options });
        expect(got.loss).toEqual(want.loss);
        expect(got.grad).toEqual(encode(want.grad as Float32Array, dtype));
        const wide = new Float32Array(24);
        expect(crossEntropyWithGrad(logits, labels, { ...none, ...options, grad: wide }).grad).toBe(wide);
        expect(wide).toEqual(want.grad);
      }
    });
  }

  // Engines since 2025 have Float16Array; there it is an input and a result like any other.
  const { Float16Array } = globalThis as { Float16Array?: new (values: readonly number[]) => Float16ArrayLike };
  if (Float16Array) {
    test("float16 logits as Float16Array: the loss of the same float32, the gradient a Float16Array", () => {
      const got = crossEntropyWithGrad(new Float16Array(VALUES), labels, { ...none, dims: DIMS });
      const bits = crossEntropyWithGrad(encode(VALUES, "float16"), labels, { ...none, dims: DIMS, dtype: "float16" });
      expect(got.loss).toEqual(plain32().loss);
      expect(got.grad).toBeInstanceOf(Float16Array);
      expect(Array.from(got.grad)).toEqual(Array.from(decode(bits.grad as Uint16Array, "float16")));
    });
  }

  for (const [name, targets] of Object.entries(LABEL_FORMS)) {
    test(`class indices as ${name}`, () => {
      expect(crossEntropyWithGrad(Float32Array.from(VALUES), targets, { ...none, dims: DIMS })).toEqual(plain32());
    });
  }

  for (const [name, kind] of Object.entries(UNSIGNED_FORMS)) {
    test(`class indices as ${name} with ignoreIndex 3`, () => {
      const used = kind.from([0, 3, 1, 2, 1, 0]);
      const options = { ...none, dims: DIMS, ignoreIndex: 3 };
      const want = crossEntropyWithGrad(Float32Array.from(VALUES), [0, 3, 1, 2, 1, 0], options);
      expect(crossEntropyWithGrad(Float32Array.from(VALUES), used, options)).toEqual(want);
      expect((want.loss as Float32Array)[1]).toBe(0);
    });
  }

  test("probabilities as typed array, nested arrays, plain array, tensor and strided tensor", () => {
    const forms = [
      Float32Array.from(PROBABILITIES),
      Float64Array.from(PROBABILITIES),
      PROBABILITIES,
      nest(PROBABILITIES, DIMS),
      { data: Float32Array.from(PROBABILITIES), dims: DIMS, type: "float32" },
      { data: Float32Array.from(transposed(PROBABILITIES, DIMS)), shape: DIMS, stride: COLUMN_MAJOR },
      shared(PROBABILITIES),
      unaligned(PROBABILITIES),
    ];
    const [want, ...rest] = forms.map((targets) => {
      return crossEntropyWithGrad(Float32Array.from(VALUES), targets, { ...none, dims: DIMS });
    });
    for (const got of rest) expect(got).toEqual(want);
  });

  test("a plain array with one entry a row is indices, also where there is one class", () => {
    expect(crossEntropy([1, 2, 3], [0, 0, 0], { dims: [3, 1] })).toBe(0);
    expect(crossEntropy([1, 1], [1])).toBeCloseTo(Math.LN2, 15);
    expect(crossEntropy([1, 1], [0.5, 0.5], { classes: 2 })).toBeCloseTo(Math.LN2, 15);
  });

  test("weights, row factors and masks in any form", () => {
    const w = [0.5, 1, 2, 0.25];
    const s = [1, 0.5, 2, 0.25, 4, 1];
    const m = VALUES.map((_, i) => i % 4 === LABELS[Math.floor(i / 4)] || i % 3 !== 0);
    const call = (weight: unknown, sampleWeight: unknown, mask: unknown) => {
      const options = { ...none, dims: DIMS, weight, sampleWeight, mask, gradOutput: sampleWeight };
      return crossEntropyWithGrad(Float32Array.from(VALUES), labels, options as object);
    };
    const want = call(Float32Array.from(w), Float32Array.from(s), Uint8Array.from(m, Number));
    expect(call(w, s, m)).toEqual(want);
    const [weight, sampleWeight] = [Float64Array.from(w), { data: Float64Array.from(s), dims: [2, 3] }];
    expect(call(weight, sampleWeight, { data: Uint8Array.from(m, Number), dims: DIMS, type: "bool" })).toEqual(want);
    const strided = { data: Uint8Array.from(transposed(m, DIMS), Number), shape: DIMS, strides: COLUMN_MAJOR };
    expect(call(w, s, strided)).toEqual(want);
  });

  test("axis: the class axis anywhere, or several that are flattened in their order", () => {
    const x = Float32Array.from(VALUES);
    const dims = [2, 3, 4];
    for (const [axis, order, rows] of [
      [0, [1, 2, 0], 12],
      [1, [0, 2, 1], 8],
      [-2, [0, 2, 1], 8],
      [[1, 2], [0, 1, 2], 2],
      [[2, 1], [0, 2, 1], 2],
      [[0, -1], [1, 0, 2], 3],
    ] as const) {
      const moved = permute(VALUES, dims, order);
      const classes = 24 / rows;
      const y = Int32Array.from({ length: rows }, (_, r) => (r * 7) % classes);
      const want = crossEntropyWithGrad(Float32Array.from(moved), y, { ...none, classes });
      const got = crossEntropyWithGrad(x, y, { ...none, dims, axis });
      expect(got.loss).toEqual(want.loss);
      expect(permute(Array.from(got.grad as Float32Array), dims, order)).toEqual(Array.from(want.grad as Float32Array));
    }
  });
});

/** Elements of a row-major array with its axes in another order. */
function permute(flat: readonly number[], dims: readonly number[], order: readonly number[]): number[] {
  const strides = dims.map((_, i) => dims.slice(i + 1).reduce((a, b) => a * b, 1));
  const [a, b, c] = order.map((axis) => dims[axis]);
  const [sa, sb, sc] = order.map((axis) => strides[axis]);
  const result: number[] = [];
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) for (let k = 0; k < c; k++) result.push(flat[i * sa + j * sb + k * sc]);
  }
  return result;
}

describe("results", () => {
  const x = Float32Array.from(VALUES);
  const y = Int32Array.from(LABELS);

  test("out and grad of any floating type and on shared memory", () => {
    const want = crossEntropyWithGrad(x, y, { ...none, dims: DIMS });
    for (const [out, grad] of [
      [new Float32Array(6), new Float32Array(24)],
      [new Float64Array(6), new Float64Array(24)],
      [unaligned(LABELS), shared(VALUES)],
    ] as const) {
      const got = crossEntropyWithGrad(x, y, { ...none, dims: DIMS, out, grad });
      expect(got.loss).toBe(out);
      expect(got.grad).toBe(grad);
      near(out, want.loss as Float32Array, { rel: 2 ** -23 });
      near(grad, want.grad as Float32Array, { rel: 2 ** -23 });
    }
  });

  test("in place: the logits' own array, from a subarray too, and nothing beside it", () => {
    const want = crossEntropyWithGrad(x, y, { dims: DIMS });
    const whole = Float32Array.of(7, ...VALUES, 7);
    const own = whole.subarray(1, 25);
    const got = crossEntropyWithGrad(own, y, { dims: DIMS, grad: own });
    expect(got.loss).toBe(want.loss);
    expect(own).toEqual(want.grad);
    expect([whole[0], whole[25]]).toEqual([7, 7]);
  });

  test("in place in a tensor with strides: the gradient takes the logits' places", () => {
    const want = crossEntropyWithGrad(x, y, { dims: DIMS });
    const data = Float32Array.of(7, ...transposed(VALUES, DIMS), 7);
    for (const own of ["tensor", "data"] as const) {
      const tensor = { data: data.slice(), shape: DIMS, strides: COLUMN_MAJOR, offset: 1 };
      crossEntropyWithGrad(tensor, y, { grad: own === "tensor" ? tensor : tensor.data });
      expect(tensor.data).toEqual(Float32Array.of(7, ...transposed(Array.from(want.grad as Float32Array), DIMS), 7));
    }
  });

  test("a forward pass changes none of its inputs", () => {
    const [logits, targets] = [x.slice(), y.slice()];
    crossEntropyWithGrad(logits, targets, { dims: DIMS, softcap: 3, scale: 2 });
    expect(logits).toEqual(x);
    expect(targets).toEqual(y);
  });
});
