import { describe, expect, test } from "vitest";
import { applyMask, markEmptyRows, maskView } from "../../src/input/mask.js";
import { resolveLogits } from "../../src/input/targets.js";
import { caught } from "./caught.js";

const logits = resolveLogits(new Float32Array(12), { dims: [2, 3, 2], axis: 1 });
/** Of the four rows of three classes: the second has none. */
const ROWS = [
  [1, 0, 1],
  [0, 0, 0],
  [0, 0, 1],
  [1, 1, 1],
];
const FLAT = [0, 1].flatMap((b) => [0, 1, 2].flatMap((c) => [0, 1].map((s) => ROWS[2 * b + s][c])));

describe("applyMask and markEmptyRows", () => {
  const booleans = FLAT.map(Boolean);
  const cases: [name: string, value: unknown, rows: number[][]][] = [
    ["bytes", Uint8Array.from(FLAT), ROWS],
    ["bytes other than 1", Uint8Array.from(FLAT, (bit) => bit * 255), ROWS],
    ["booleans", booleans, ROWS],
    ["nested booleans", [0, 6].map((b) => [0, 2, 4].map((c) => booleans.slice(b + c, b + c + 2))), ROWS],
    ["a tensor", { data: Uint8Array.from(FLAT), dims: [2, 3, 2], type: "bool" }, ROWS],
    ["a tensor of booleans", { data: booleans, shape: [2, 3, 2] }, ROWS],
    [
      "a tensor backwards",
      { data: Uint8Array.from(FLAT).reverse(), shape: [2, 3, 2], stride: [-6, -2, -1], offset: 11 },
      ROWS,
    ],
    ["classes for all rows", { data: [true, false, true], dims: [3, 1] }, [ROWS[0], ROWS[0], ROWS[0], ROWS[0]]],
    ["rows for all classes", { data: [true, false], dims: [2, 1, 1] }, [ROWS[3], ROWS[3], ROWS[1], ROWS[1]]],
    ["nested rows", [[[true, false]]], [ROWS[3], ROWS[1], ROWS[3], ROWS[1]]],
  ];
  test.each(cases)("%s", (_, value, rows) => {
    const mask = maskView(value, logits);
    for (const [first, count] of [
      [0, 4],
      [1, 2],
      [3, 1],
      [2, 0],
    ]) {
      const tile = new Float32Array(2 + 3 * count).fill(5);
      applyMask(mask, first, count, tile, 1, -Infinity);
      const wanted = rows.slice(first, first + count);
      expect(Array.from(tile)).toEqual([5, ...wanted.flatMap((row) => row.map((bit) => (bit ? 5 : -Infinity))), 5]);
      const marks = new Int32Array(count + 2).fill(7);
      markEmptyRows(mask, first, count, marks, 1, -9);
      expect(Array.from(marks)).toEqual([7, ...wanted.map((row) => (row.includes(1) ? 7 : -9)), 7]);
    }
  });

  test("contiguous rows are read in place, 16-bit elements get the pattern", () => {
    const like = resolveLogits(new Uint16Array(4), { dims: [2, 2], dtype: "float16" });
    const mask = maskView(Uint8Array.of(1, 0, 0, 0), like);
    const tile = Uint16Array.of(1, 2, 3, 4);
    applyMask(mask, 0, 2, tile, 0, 0xfc00);
    expect(Array.from(tile)).toEqual([1, 0xfc00, 0xfc00, 0xfc00]);
    const marks = new Int32Array(2);
    markEmptyRows(mask, 0, 2, marks, 0, -1);
    expect(Array.from(marks)).toEqual([0, -1]);
  });

  test("rows of no classes have none that takes part", () => {
    const mask = maskView([], resolveLogits(new Float32Array(0), { dims: [2, 0] }));
    const marks = new Int32Array(2);
    markEmptyRows(mask, 0, 2, marks, 0, -1);
    expect(Array.from(marks)).toEqual([-1, -1]);
  });
});

describe("maskView", () => {
  const expected = "Uint8Array, array of booleans or tensor of either";
  const errors: [name: string, value: unknown, message: string][] = [
    ["a string", "yes", `TypeError: "mask" expected ${expected}, got "yes"`],
    ["numbers", new Float32Array(12), `TypeError: "mask" expected ${expected}, got Float32Array(12)`],
    [
      "a tensor of numbers",
      { data: new Int32Array(12), dims: [2, 3, 2] },
      `TypeError: "mask" expected ${expected}, got Int32Array(12)`,
    ],
    ["plain numbers", new Array(12).fill(1), 'TypeError: "mask" expected boolean, got 1 at index 0'],
    ["another length", new Uint8Array(11), 'RangeError: "mask" expected 12 elements for dims [2, 3, 2], got 11'],
    ["a flat column", [true, false], 'RangeError: "mask" expected 12 elements for dims [2, 3, 2], got 2'],
    [
      "other dims",
      { data: new Uint8Array(12), dims: [3, 2, 2] },
      'RangeError: "mask" expected dims that broadcast to [2, 3, 2], got [3, 2, 2]',
    ],
    ["ragged booleans", [[true], []], 'RangeError: "mask" expected array of 1 entries, got [] at index 1'],
  ];
  test.each(errors)("refuses %s", (_, value, message) => {
    expect(caught(() => maskView(value, logits))).toBe(message);
  });
});
