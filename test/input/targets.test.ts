import { describe, expect, test } from "vitest";
import { type InputOptions, resolveInputs, resolveLogits } from "../../src/input/targets.js";
import { caught } from "./caught.js";

const x = (length: number) => new Float32Array(length);
const nested = [
  [0, 1],
  [1, 0],
  [2, 2],
];

describe("resolveInputs", () => {
  type Case = [
    name: string,
    logits: unknown,
    targets: unknown,
    options: InputOptions,
    kind: "indices" | "probabilities",
    dims: number[],
    rowDims: number[],
    classes: number,
  ];
  const cases: Case[] = [
    ["rows from indices", x(12), [0, 1, 2], {}, "indices", [3, 4], [3], 4],
    ["rows from an Int32Array", x(12), new Int32Array(3), {}, "indices", [3, 4], [3], 4],
    ["rows from a Uint8Array", x(12), new Uint8Array(3), {}, "indices", [3, 4], [3], 4],
    ["rows from a Uint16Array", x(12), new Uint16Array(3), {}, "indices", [3, 4], [3], 4],
    ["rows from a BigInt64Array", x(12), new BigInt64Array(3), {}, "indices", [3, 4], [3], 4],
    ["one class: indices", x(3), [0, 0, 0], {}, "indices", [3, 1], [3], 1],
    ["one class: a tensor of plain indices", x(3), { data: [0, 0, 0], dims: [3] }, {}, "indices", [3, 1], [3], 1],
    [
      "a scalar of no class axes",
      { data: x(1), dims: [] },
      { data: [0], dims: [] },
      { axis: null },
      "indices",
      [],
      [],
      1,
    ],
    ["rows from nested indices", x(12), nested, {}, "indices", [3, 2, 2], [3, 2], 2],
    [
      "rows from an index tensor",
      x(12),
      { data: new Int32Array(6), dims: [2, 3] },
      {},
      "indices",
      [2, 3, 2],
      [2, 3],
      2,
    ],
    ["a scalar tensor", x(4), { data: new Int32Array(1), dims: [] }, {}, "indices", [4], [], 4],
    ["rows from a tensor of plain indices", x(6), { data: [0, 1], dims: [2] }, {}, "indices", [2, 3], [2], 3],
    ["no rows", x(0), [], {}, "indices", [0, 0], [0], 0],
    ["no rows, classes", x(0), [], { classes: 3 }, "indices", [0, 3], [0], 3],
    ["no rows, dims", x(0), [], { dims: [0, 3] }, "indices", [0, 3], [0], 3],
    [
      "no rows of no classes",
      x(0),
      new Float32Array(0),
      { dims: [2, 3, 0], axis: 1 },
      "probabilities",
      [2, 3, 0],
      [2, 0],
      3,
    ],
    ["class axis first", x(12), [0, 1, 2], { axis: 0 }, "indices", [4, 3], [3], 4],
    ["class axis within indices", x(12), nested, { axis: 1 }, "indices", [3, 2, 2], [3, 2], 2],
    ["classes", x(12), [0, 1, 2], { classes: 4 }, "indices", [3, 4], [3], 4],
    ["classes and axis", x(12), [0, 1, 2], { classes: 4, axis: 0 }, "indices", [4, 3], [3], 4],
    [
      "classes and an index tensor",
      x(12),
      { data: new Int8Array(6), dims: [2, 3] },
      { classes: 2 },
      "indices",
      [2, 3, 2],
      [2, 3],
      2,
    ],
    ["classes and probabilities", x(12), x(12), { classes: 4 }, "probabilities", [3, 4], [3], 4],
    ["classes and plain probabilities", x(4), [0.5, 0.5, 1, 0], { classes: 2 }, "probabilities", [2, 2], [2], 2],
    ["classes 1 and plain numbers", x(2), [0, 0], { classes: 1 }, "indices", [2, 1], [2], 1],
    ["flat probabilities", x(3), Float64Array.of(1, 0, 0), { dims: [3] }, "probabilities", [3], [], 3],
    [
      "nested probabilities",
      x(6),
      [
        [1, 0, 0],
        [0, 0.5, 0.5],
      ],
      {},
      "probabilities",
      [2, 3],
      [2],
      3,
    ],
    ["a probability tensor", x(6), { data: x(6), dims: [2, 3] }, {}, "probabilities", [2, 3], [2], 3],
    ["a probability tensor and axis", x(6), { data: x(6), dims: [2, 3] }, { axis: 0 }, "probabilities", [2, 3], [3], 2],
    [
      "float16 probabilities",
      x(3),
      { data: new Uint16Array(3), dims: [3], type: "float16" },
      {},
      "probabilities",
      [3],
      [],
      3,
    ],
    ["dims", x(24), new Int32Array(6), { dims: [2, 3, 4] }, "indices", [2, 3, 4], [2, 3], 4],
    ["dims and axis", x(24), new Int32Array(8), { dims: [2, 3, 4], axis: 1 }, "indices", [2, 3, 4], [2, 4], 3],
    ["dims and two axes", x(24), [0, 11], { dims: [2, 3, 4], axis: [2, 1] }, "indices", [2, 3, 4], [2], 12],
    ["dims and all axes", x(24), [23], { dims: [2, 3, 4], axis: null }, "indices", [2, 3, 4], [], 24],
    ["dims of one dimension", x(5), [3], { dims: [5] }, "indices", [5], [], 5],
    ["dims and classes that agree", x(12), [0, 1, 2], { dims: [3, 4], classes: 4 }, "indices", [3, 4], [3], 4],
    ["own dims", { data: x(12), dims: [3, 4] }, [0, 1, 2], {}, "indices", [3, 4], [3], 4],
    ["own dims and nested indices", { data: x(12), dims: [3, 2, 2] }, nested, {}, "indices", [3, 2, 2], [3, 2], 2],
    ["own dims and nested probabilities", { data: x(6), dims: [3, 2] }, nested, {}, "probabilities", [3, 2], [3], 2],
    ["own dims in another shape", { data: x(12), dims: [12] }, [0, 1, 2], { dims: [3, 4] }, "indices", [3, 4], [3], 4],
    [
      "strides and the same dims",
      { data: x(12), dims: [3, 4], strides: [1, 3] },
      [0, 1, 2],
      { dims: [3, 4] },
      "indices",
      [3, 4],
      [3],
      4,
    ],
    [
      "nested logits",
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      [0, 1, 0],
      {},
      "indices",
      [3, 2],
      [3],
      2,
    ],
    [
      "nested logits and flat probabilities",
      [
        [1, 2],
        [3, 4],
      ],
      [1, 0, 0, 1],
      {},
      "probabilities",
      [2, 2],
      [2],
      2,
    ],
    ["nested logits and indices", [[[1, 2]], [[3, 4]]], [[0], [1]], {}, "indices", [2, 1, 2], [2, 1], 2],
    ["one row of nested logits", [[1, 2, 3]], [2], {}, "indices", [1, 3], [1], 3],
    ["nested logits of one class and one row", [[1]], [[1]], {}, "probabilities", [1, 1], [1], 1],
  ];
  test.each(cases)("%s", (_, logits, targets, options, kind, dims, rowDims, classes) => {
    const resolved = resolveInputs(logits, targets, options);
    const rows = rowDims.reduce((a, b) => a * b, 1);
    expect(resolved.logits).toMatchObject({ name: "logits", dims, rowDims, rows, classes });
    expect(resolved.targets.kind).toBe(kind);
    expect(resolved.targets.view).toMatchObject({ name: "targets", rows });
    if (kind === "probabilities") expect(resolved.targets.view).toMatchObject({ dims, rowDims, classes });
  });

  test("the short way for flat arrays resolves to what the general way does", () => {
    const cases: [logits: unknown, targets: unknown, options: InputOptions][] = [
      [x(12), [0, 1, 2], {}],
      [x(12), [0, 1, 2], { classes: 4 }],
      [new Float64Array(12), Int32Array.of(0, 1), {}],
      [x(3), [0, 0, 0], { classes: 1 }],
      [x(12).subarray(4), Int32Array.of(1, 1, 1, 1), {}],
    ];
    for (const [logits, targets, options] of cases) {
      const short = resolveInputs(logits, targets, options);
      const general = resolveInputs(logits, targets, { ...options, axis: -1 });
      expect(short).toEqual(general);
      expect(short.logits.data).toBe(logits);
      expect(short.targets.view.data).toBe(targets);
    }
  });

  const errors: [name: string, logits: unknown, targets: unknown, options: object, message: string][] = [
    [
      "no targets",
      x(3),
      undefined,
      {},
      'TypeError: "targets" expected class indices or probabilities (typed array, array of numbers or tensor), got undefined',
    ],
    [
      "a string",
      x(3),
      "1",
      {},
      'TypeError: "targets" expected class indices or probabilities (typed array, array of numbers or tensor), got "1"',
    ],
    [
      "a number",
      x(3),
      1,
      {},
      'TypeError: "targets" expected class indices or probabilities (typed array, array of numbers or tensor), got 1',
    ],
    [
      "a DataView",
      x(3),
      new DataView(new ArrayBuffer(4)),
      {},
      'TypeError: "targets" expected class indices or probabilities (typed array, array of numbers or tensor), got DataView(4)',
    ],
    [
      "a number of indices that does not divide",
      x(10),
      [0, 1, 2],
      {},
      'RangeError: "targets" expected a number of indices that divides the 10 logits, got 3',
    ],
    [
      "no indices",
      x(10),
      [],
      {},
      'RangeError: "targets" expected a number of indices that divides the 10 logits, got 0',
    ],
    ["indices without logits", x(0), [0], {}, 'RangeError: "logits" expected dims with at least one class, got [1, 0]'],
    [
      "dims without classes",
      x(0),
      [0, 0],
      { dims: [2, 0] },
      'RangeError: "logits" expected dims with at least one class, got [2, 0]',
    ],
    [
      "a tensor that does not divide",
      x(10),
      { data: new Int32Array(4), dims: [2, 2] },
      {},
      'RangeError: "targets" expected a number of indices that divides the 10 logits, got 4',
    ],
    [
      "classes that do not divide",
      x(10),
      [0],
      { classes: 3 },
      'RangeError: "classes" expected a divisor of 10, the length of "logits", got 3',
    ],
    ["classes 0", x(10), [0], { classes: 0 }, 'RangeError: "classes" expected integer >= 1, got 0'],
    ["fractional classes", x(10), [0], { classes: 2.5 }, 'RangeError: "classes" expected integer >= 1, got 2.5'],
    ["classes as a string", x(10), [0], { classes: "10" }, 'TypeError: "classes" expected integer, got "10"'],
    [
      "classes against dims",
      x(12),
      [0, 1, 2],
      { dims: [3, 4], classes: 3 },
      'RangeError: "classes" expected 4 for dims [3, 4], got 3',
    ],
    [
      "classes against the indices' shape",
      x(12),
      nested,
      { classes: 3 },
      'RangeError: "classes" expected 2 for dims [3, 2, 2], got 3',
    ],
    [
      "too few indices",
      x(12),
      [0, 1],
      { classes: 4 },
      'RangeError: "targets" expected 3 class indices or 12 probabilities, got 2',
    ],
    [
      "too few typed indices",
      x(12),
      new Int32Array(2),
      { classes: 4 },
      'RangeError: "targets" expected 3 class indices for dims [3, 4], got 2',
    ],
    [
      "as many indices as logits",
      x(12),
      new Int32Array(12),
      { classes: 4 },
      'RangeError: "targets" expected 3 class indices for dims [3, 4], got 12',
    ],
    [
      "float indices",
      x(12),
      x(3),
      { classes: 4 },
      'RangeError: "targets" expected 12 probabilities for dims [3, 4], got 3 (class indices belong in an integer array)',
    ],
    [
      "too few probabilities",
      x(12),
      x(11),
      { classes: 4 },
      'RangeError: "targets" expected 12 probabilities for dims [3, 4], got 11',
    ],
    [
      "flat probabilities that could be any number of rows",
      x(12),
      x(12),
      {},
      'RangeError: "classes" expected the number of classes, or dims, with flat probabilities, got undefined (class indices belong in an integer array)',
    ],
    [
      "a probability tensor of another size",
      x(12),
      { data: x(6), dims: [2, 3] },
      {},
      'RangeError: "targets" expected 12 probabilities, as many as logits, got [2, 3]',
    ],
    [
      "a probability tensor of another shape",
      { data: x(12), dims: [3, 4] },
      { data: x(12), dims: [4, 3] },
      {},
      'RangeError: "targets" expected dims [3, 4], got [4, 3]',
    ],
    [
      "an index tensor of another shape",
      { data: x(16), dims: [4, 4] },
      { data: new Int32Array(4), dims: [2, 2] },
      {},
      'RangeError: "targets" expected dims [4] for logits of dims [4, 4], got [2, 2]',
    ],
    [
      "nested targets of another shape",
      { data: x(12), dims: [4, 3] },
      nested,
      {},
      'RangeError: "targets" expected dims [4] for logits of dims [4, 3], got [3, 2]',
    ],
    [
      "ragged targets",
      x(4),
      [[0, 1], [1]],
      {},
      'RangeError: "targets" expected array of 2 entries, got [1] at index 1',
    ],
    [
      "a nested target that is no number",
      x(4),
      [[0], ["1"]],
      {},
      'TypeError: "targets" expected number, got "1" at index [1][0]',
    ],
    [
      "dims of another product",
      x(12),
      [0],
      { dims: [3, 5] },
      'RangeError: "dims" expected a product of 12, the length of "logits", got [3, 5]',
    ],
    ["dims that are no list", x(12), [0], { dims: "3,4" }, 'TypeError: "dims" expected array of integers, got "3,4"'],
    ["null for dims", x(12), [0], { dims: null }, 'TypeError: "dims" expected array of integers, got null'],
    [
      "dims that reshape strides",
      { data: x(12), dims: [3, 4], strides: [1, 3] },
      [0],
      { dims: [12] },
      'RangeError: "dims" expected [3, 4], as strides cannot be reshaped, got [12]',
    ],
    [
      "an axis out of range",
      x(12),
      [0, 1, 2],
      { dims: [3, 4], axis: 2 },
      'RangeError: "axis" expected integer in [-2, 2), got 2',
    ],
    [
      "an axis below the range",
      x(12),
      [0, 1, 2],
      { dims: [3, 4], axis: -3 },
      'RangeError: "axis" expected integer in [-2, 2), got -3',
    ],
    ["a fractional axis", x(12), [0, 1, 2], { axis: 0.5 }, 'RangeError: "axis" expected integer in [-2, 2), got 0.5'],
    [
      "an axis that is no number",
      x(12),
      [0, 1, 2],
      { axis: "1" },
      'TypeError: "axis" expected integer, array of integers or null, got "1"',
    ],
    [
      "an axis in a list out of range",
      x(12),
      [0],
      { dims: [3, 4], axis: [0, 5] },
      'RangeError: "axis" expected integer in [-2, 2), got 5 at index 1',
    ],
    [
      "an axis in a list that is no number",
      x(12),
      [0],
      { dims: [3, 4], axis: [0, null] },
      'TypeError: "axis" expected integer, array of integers or null, got null at index 1',
    ],
    [
      "an axis twice",
      x(12),
      [0],
      { dims: [3, 4], axis: [1, -1] },
      'RangeError: "axis" expected distinct axes, got [1, -1]',
    ],
    ["no axis", x(12), [0], { dims: [3, 4], axis: [] }, 'RangeError: "axis" expected at least one axis, got []'],
    [
      "several axes without dims",
      x(12),
      [0, 1, 2],
      { axis: [0, 1] },
      'RangeError: "axis" expected one axis where no dims are given, got [0, 1]',
    ],
    [
      "an axis of a scalar",
      { data: x(1), dims: [] },
      [0],
      {},
      'RangeError: "axis" expected null, as the array has no dimensions, got -1',
    ],
  ];
  test.each(errors)("refuses %s", (_, logits, targets, options, message) => {
    expect(caught(() => resolveInputs(logits, targets, options as InputOptions))).toBe(message);
  });
});

describe("resolveLogits", () => {
  type Case = [
    name: string,
    logits: unknown,
    options: InputOptions,
    dims: number[],
    rowDims: number[],
    classes: number,
  ];
  const cases: Case[] = [
    ["a flat array is one row", x(6), {}, [6], [], 6],
    ["also by axis 0", x(6), { axis: 0 }, [6], [], 6],
    ["and by all axes", x(6), { axis: null }, [6], [], 6],
    ["an empty array is a row of no classes", x(0), {}, [0], [], 0],
    ["classes", x(6), { classes: 3 }, [2, 3], [2], 3],
    ["classes first", x(6), { classes: 3, axis: 0 }, [3, 2], [2], 3],
    ["dims", x(6), { dims: [1, 2, 3] }, [1, 2, 3], [1, 2], 3],
    ["dims with rows of no classes", x(0), { dims: [2, 0] }, [2, 0], [2], 0],
    ["no rows", x(0), { dims: [0, 2] }, [0, 2], [0], 2],
    ["all axes", x(6), { dims: [1, 2, 3], axis: null }, [1, 2, 3], [], 6],
    ["a scalar", { data: x(1), dims: [] }, { axis: null }, [], [], 1],
    ["own dims", { data: x(6), shape: [3, 2] }, { axis: -2 }, [3, 2], [2], 3],
    ["nested arrays", [[1, 2, 3]], {}, [1, 3], [1], 3],
  ];
  test.each(cases)("%s", (_, logits, options, dims, rowDims, classes) => {
    const rows = rowDims.reduce((a, b) => a * b, 1);
    expect(resolveLogits(logits, options)).toMatchObject({ dims, rowDims, rows, classes });
  });

  test("refuses classes of all axes that are not theirs", () => {
    expect(caught(() => resolveLogits(x(6), { classes: 3, axis: null }))).toBe(
      'RangeError: "classes" expected 6 for dims [2, 3], got 3',
    );
    expect(caught(() => resolveLogits(x(6), { axis: 1 }))).toBe(
      'RangeError: "axis" expected integer in [-1, 1), got 1',
    );
  });
});
