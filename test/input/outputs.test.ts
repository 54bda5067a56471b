import { describe, expect, test } from "vitest";
import { checkOverlap, newLike, outputView, rowsOutput } from "../../src/input/outputs.js";
import { copyRowsOut } from "../../src/input/rows.js";
import { resolveInputs, resolveLogits } from "../../src/input/targets.js";
import { caught } from "./caught.js";
import { FakeFloat16Array } from "./fakeFloat16.js";

const of = (logits: unknown, options = {}) => resolveLogits(logits, options);

describe("outputView", () => {
  const like = of(new Float32Array(6), { dims: [2, 3], axis: 0 });

  test("takes any float array of as many elements, row-major in the shape of the logits", () => {
    for (const [value, type] of [
      [new Float32Array(6), "float32"],
      [new Float64Array(6), "float64"],
      [new Float32Array(new SharedArrayBuffer(40), 4, 6), "float32"],
      [new FakeFloat16Array(6), "float16"],
    ] as const) {
      const view = outputView("grad", value, like);
      expect(view).toMatchObject({ name: "grad", type, dims: [2, 3], classAxes: [0], strides: undefined, rows: 3 });
      expect(view.array).toBe(value);
    }
    const bits = new Uint16Array(6);
    const narrow = of(new Uint16Array(6), { dims: [2, 3], dtype: "bfloat16" });
    expect(outputView("grad", bits, narrow)).toMatchObject({ array: bits, type: "bfloat16" });
    const half = new FakeFloat16Array(new ArrayBuffer(16), 2, 6);
    expect(outputView("grad", half, like).data).toEqual(new Uint16Array(6));
    expect(outputView("grad", half, like).data.byteOffset).toBe(2);
  });

  test("the logits themselves keep their strides", () => {
    const data = new Float32Array(12);
    const tensor = { data, shape: [2, 3], stride: [1, 4], offset: 2 };
    const logits = of(tensor, { axis: 0 });
    for (const value of [tensor, data]) {
      const view = outputView("grad", value, logits);
      expect(view).toEqual({ ...logits, name: "grad" });
      expect(view.array).toBe(data);
    }
    copyRowsOut(Float32Array.of(1, 2, 3, 4, 5, 6), 0, outputView("grad", tensor, logits), 0, 3);
    expect(Array.from(data)).toEqual([0, 0, 1, 2, 0, 0, 3, 4, 0, 0, 5, 6]);
  });

  const plain = { data: [1, 2, 3], dims: [3] };
  const repeated = { data: new Float32Array(3), dims: [2, 3], strides: [0, 1] };
  const interleaved = { data: new Float32Array(4), dims: [2, 3], strides: [1, 1] };
  const array = [1, 2, 3];
  const expected = "Float32Array, Float64Array, Float16Array or the logits' own typed array";
  const errors: [name: string, value: unknown, logits: unknown, message: string][] = [
    [
      "another length",
      new Float32Array(2),
      new Float32Array(3),
      'RangeError: "grad" expected 3 elements for dims [3], got 2',
    ],
    ["integers", new Int32Array(3), new Float32Array(3), `TypeError: "grad" expected ${expected}, got Int32Array(3)`],
    [
      "bits for float32",
      new Uint16Array(3),
      new Float32Array(3),
      `TypeError: "grad" expected ${expected}, got Uint16Array(3)`,
    ],
    ["a plain array", [0, 0, 0], new Float32Array(3), `TypeError: "grad" expected ${expected}, got [0, 0, 0]`],
    ["the logits as plain array", array, array, `TypeError: "grad" expected ${expected}, got [1, 2, 3]`],
    [
      "the logits as tensor around a plain array",
      plain,
      plain,
      `TypeError: "grad" expected ${expected}, got { data, dims }`,
    ],
    ["undefined", undefined, new Float32Array(3), `TypeError: "grad" expected ${expected}, got undefined`],
    [
      "repeated logits in place",
      repeated,
      repeated,
      'RangeError: "grad" expected elements of its own for each logit, got [0, 1] as strides',
    ],
    [
      "overlapping logits in place",
      interleaved,
      interleaved,
      'RangeError: "grad" expected elements of its own for each logit, got [1, 1] as strides',
    ],
  ];
  test.each(errors)("refuses %s", (_, value, logits, message) => {
    expect(caught(() => outputView("grad", value, of(logits)))).toBe(message);
  });

  test("refuses other classes for 16-bit logits, with the words for them", () => {
    const narrow = of(new Uint16Array(2), { dtype: "float16" });
    expect(caught(() => outputView("out", new Int8Array(2), narrow))).toBe(
      `TypeError: "out" expected Float32Array, Float64Array, Float16Array, Uint16Array or the logits' own typed array, got Int8Array(2)`,
    );
  });
});

test("newLike: a fresh row-major array of the element type of the logits", () => {
  const strided = { data: new Float32Array(12), dims: [2, 3], strides: [1, 4] };
  for (const [logits, kind, options] of [
    [new Float32Array(6), Float32Array, {}],
    [new Float64Array(6), Float64Array, {}],
    [[1, 2, 3, 4, 5, 6], Float64Array, {}],
    [new Uint16Array(6), Uint16Array, { dtype: "bfloat16" }],
    [new FakeFloat16Array(6), FakeFloat16Array, {}],
    [strided, Float32Array, {}],
  ] as const) {
    const like = of(logits, { dims: [2, 3], ...options });
    const fresh = newLike(like);
    expect(fresh).toMatchObject({ dims: [2, 3], strides: undefined, offset: 0, type: like.type, contiguous: true });
    expect(fresh.array).toBeInstanceOf(kind);
    expect(fresh.array.length).toBe(6);
    expect(fresh.array).not.toBe(like.array);
  }
});

test("rowsOutput", () => {
  const out = new Float64Array(3);
  expect(rowsOutput("out", out, 3)).toBe(out);
  expect(caught(() => rowsOutput("out", out, 4))).toBe('RangeError: "out" expected 4 elements, one a row, got 3');
  expect(caught(() => rowsOutput("out", [0], 1))).toBe(
    'TypeError: "out" expected Float32Array or Float64Array, got [0]',
  );
  expect(caught(() => rowsOutput("out", new Uint16Array(1), 1))).toBe(
    'TypeError: "out" expected Float32Array or Float64Array, got Uint16Array(1)',
  );
});

describe("checkOverlap", () => {
  const memory = new ArrayBuffer(256);
  const logitsArray = new Float32Array(memory, 0, 8);
  const logits = of(logitsArray, { dims: [2, 4] });
  const bytes = (start: number, length: number) => new Float32Array(memory, start, length);
  const overlap = (name: string, from: string, got: string) => {
    return `RangeError: "${name}" expected memory apart from that of "${from}", got ${got}`;
  };

  test("neighbours in one buffer, and other buffers, do not overlap", () => {
    checkOverlap(outputView("grad", bytes(32, 8), logits), { logits }, logits);
    checkOverlap(bytes(32, 2), { logits });
    checkOverlap(new Float32Array(2), { logits });
    checkOverlap(bytes(16, 0), { logits });
    checkOverlap(bytes(32, 2), { sampleWeight: 1, weight: undefined, gradOutput: [1, 2], mask: null });
  });

  test("in place means the same elements in the same order", () => {
    checkOverlap(outputView("grad", logitsArray, logits), { logits }, logits);
    checkOverlap(outputView("grad", bytes(0, 8), logits), { logits }, logits);
    const padded = of({ data: logitsArray, dims: [1, 8], strides: [99, 1] });
    checkOverlap(outputView("grad", bytes(0, 8), padded), { logits: padded }, padded);
    const transposed = of({ data: logitsArray, dims: [2, 4], strides: [1, 2] });
    checkOverlap(outputView("grad", logitsArray, transposed), { logits: transposed }, transposed);
    const message = overlap("grad", "logits", "Float32Array(8)");
    expect(
      caught(() => checkOverlap(outputView("grad", bytes(0, 8), transposed), { logits: transposed }, transposed)),
    ).toBe(message);
    expect(caught(() => checkOverlap(outputView("grad", bytes(4, 8), logits), { logits }, logits))).toBe(message);
    expect(caught(() => checkOverlap(outputView("grad", logitsArray, logits), { logits }))).toBe(message);
    const wide = new Float64Array(memory, 0, 8);
    expect(caught(() => checkOverlap(outputView("grad", wide, logits), { logits }, logits))).toBe(
      overlap("grad", "logits", "Float64Array(8)"),
    );
  });

  test("what was found apart does not hide what is not", () => {
    const [out, apart] = [bytes(0, 2), new Float32Array(2)];
    for (let i = 0; i < 2; i++) {
      checkOverlap(out, { logits: apart, targets: apart });
      expect(caught(() => checkOverlap(out, { logits: apart, targets: out }))).toBe(
        overlap("out", "targets", "Float32Array(2)"),
      );
      expect(caught(() => checkOverlap(out, { logits: bytes(4, 1), targets: apart }))).toBe(
        overlap("out", "logits", "Float32Array(2)"),
      );
      checkOverlap(apart, { logits: out });
      checkOverlap(out, { weight: undefined, targets: apart });
    }
  });

  test("views count from their first to their last element", () => {
    const first = of({ data: new Float32Array(memory), dims: [2, 4], strides: [8, 1] });
    checkOverlap(bytes(48, 2), { logits: first });
    expect(caught(() => checkOverlap(bytes(44, 2), { logits: first }))).toBe(
      overlap("out", "logits", "Float32Array(2)"),
    );
    const last = of({ data: new Float32Array(memory), dims: [4], strides: [-1], offset: 7 });
    checkOverlap(bytes(0, 4), { logits: last });
    expect(caught(() => checkOverlap(bytes(0, 5), { logits: last }))).toBe(overlap("out", "logits", "Float32Array(5)"));
  });

  test("indices, probabilities and named arrays", () => {
    const targets = resolveInputs(new Float32Array(8), new Int32Array(memory, 64, 2), {}).targets.view;
    checkOverlap(bytes(56, 2), { targets });
    expect(caught(() => checkOverlap(bytes(64, 1), { targets }))).toBe(overlap("out", "targets", "Float32Array(1)"));
    const wide = resolveInputs(new Float32Array(8), new BigInt64Array(memory, 64, 2), {}).targets.view;
    expect(caught(() => checkOverlap(bytes(76, 1), { targets: wide }))).toBe(
      overlap("out", "targets", "Float32Array(1)"),
    );
    expect(caught(() => checkOverlap(bytes(64, 1), { logits, weight: bytes(60, 2) }))).toBe(
      overlap("out", "weight", "Float32Array(1)"),
    );
    const both = resolveInputs(logitsArray, logitsArray, { classes: 4 });
    const grad = outputView("grad", logitsArray, both.logits);
    expect(caught(() => checkOverlap(grad, { logits: both.logits, targets: both.targets.view }, both.logits))).toBe(
      overlap("grad", "targets", "Float32Array(8)"),
    );
  });
});
