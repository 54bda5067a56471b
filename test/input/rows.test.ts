import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { floatElements, type NumberArray } from "../../src/input/elements.js";
import { copyRowsIn, copyRowsOut, type RowsView, rowsView, viewLike } from "../../src/input/rows.js";
import { resolveLogits } from "../../src/input/targets.js";
import { decode } from "../support/halves.js";
import { caught } from "./caught.js";
import { FakeFloat16Array } from "./fakeFloat16.js";

const SEED = 8;
const product = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);

/** Of arrays too long for the test runner's own comparison; −1 for none. */
function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return a.length === b.length ? Array.from(a).findIndex((value, i) => !Object.is(value, b[i])) : 0;
}

/** Element of class c of row r: the definition, digit by digit. */
function elementAt(
  dims: number[],
  strides: number[],
  offset: number,
  classAxes: number[],
  r: number,
  c: number,
): number {
  const rowAxes = dims.map((_, axis) => axis).filter((axis) => !classAxes.includes(axis));
  let at = offset;
  for (const [axes, index] of [
    [rowAxes, r],
    [classAxes, c],
  ] as const) {
    let rest = index;
    for (const axis of axes.toReversed()) {
      at += (rest % dims[axis]) * strides[axis];
      rest = Math.floor(rest / dims[axis]);
    }
  }
  return at;
}

/** Dims, strides that give each index an element of its own (axes in any order, gaps, backwards), class axes in any order. */
const layouts = fc
  .tuple(
    fc.oneof(
      fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 2 }),
    ),
    fc.infiniteStream(fc.nat(1000)),
  )
  .map(([dims, stream]) => {
    const next = (n: number) => (stream.next().value as number) % n;
    const shuffled = (axes: number[]) => {
      for (let i = axes.length - 1; i > 0; i--) {
        const j = next(i + 1);
        [axes[i], axes[j]] = [axes[j], axes[i]];
      }
      return axes;
    };
    const rowMajor = next(3) === 0;
    const axes = dims.map((_, axis) => axis);
    const order = rowMajor ? axes.toReversed() : shuffled([...axes]);
    const strides = new Array<number>(dims.length);
    let reach = 1;
    let offset = 0;
    for (const axis of order) {
      const gap = rowMajor ? 0 : next(3) === 0 ? next(4) : 0;
      const backwards = !rowMajor && next(4) === 0;
      strides[axis] = (backwards ? -1 : 1) * (reach + gap);
      if (backwards) offset += (dims[axis] - 1) * (reach + gap);
      reach += (dims[axis] - 1) * (reach + gap) + gap;
    }
    const classAxes = shuffled([...axes]).slice(0, 1 + next(dims.length));
    const rows = product(dims.filter((_, axis) => !classAxes.includes(axis)));
    const first = next(rows);
    const count = next(rows - first + 1);
    return { dims, strides, offset: offset + next(3), classAxes, first, count, length: reach + offset + 3 };
  });

/** Sources and destinations whose elements go over unchanged, or as the assignment converts them. */
const CLASSES = [
  { source: Float32Array, stage: Float32Array, type: "float32" },
  { source: Float64Array, stage: Float64Array, type: "float64" },
  { source: Float64Array, stage: Float32Array, type: "float64" },
  { source: Float32Array, stage: Float64Array, type: "float32" },
  { source: Uint16Array, stage: Uint16Array, type: "float16" },
  { source: Uint16Array, stage: Uint16Array, type: "bfloat16" },
] as const;

describe(`copyRowsIn and copyRowsOut (seed ${SEED})`, () => {
  for (const { source, stage, type } of CLASSES) {
    test(`${type} in a ${source.name} and a ${stage.name}: any strides and class axes, to the bit as by the definition`, () => {
      fc.assert(
        fc.property(layouts, (layout) => {
          const { dims, strides, offset, classAxes, first, count, length } = layout;
          const data = new source(length);
          for (let i = 0; i < length; i++) data[i] = i + 1;
          const tensor = { data, dims, strides, offset, type };
          const view = resolveLogits(tensor, { axis: classAxes });
          const at = 5;
          const { classes } = view;

          const want = new stage(at + count * classes + 7);
          for (let r = 0; r < count; r++) {
            for (let c = 0; c < classes; c++) {
              want[at + r * classes + c] = data[elementAt(dims, strides, offset, classAxes, first + r, c)];
            }
          }
          const tile = new stage(want.length);
          copyRowsIn(view, first, count, tile, at);
          expect(tile).toEqual(want);

          const back = new source(length);
          const target = { ...view, data: back, array: back };
          copyRowsOut(tile, at, target, first, count);
          const wantBack = new source(length);
          for (let r = 0; r < count; r++) {
            for (let c = 0; c < classes; c++) {
              const i = elementAt(dims, strides, offset, classAxes, first + r, c);
              wantBack[i] = data[i];
            }
          }
          expect(back).toEqual(wantBack);
        }),
        { seed: SEED, numRuns: 300 },
      );
    });
  }

  test("which layouts are contiguous", () => {
    const data = new Float32Array(24);
    const cases: [
      dims: number[],
      strides: number[] | undefined,
      axis: number | number[] | null,
      contiguous: boolean,
    ][] = [
      [[24], undefined, -1, true],
      [[4, 6], undefined, -1, true],
      [[4, 6], undefined, 0, false],
      [[2, 3, 4], undefined, -1, true],
      [[2, 3, 4], undefined, 1, false],
      [[2, 3, 4], undefined, [1, 2], true],
      [[2, 3, 4], undefined, [2, 1], false],
      [[2, 3, 4], undefined, null, true],
      [[1, 6, 4], undefined, [0, 2], true],
      [[24, 1], undefined, 0, true],
      [[6, 1, 4], undefined, 1, true],
      [[4, 6], [6, 1], 1, true],
      [[4, 6], [1, 4], 0, true],
      [[4, 5], [6, 1], 1, false],
      [[1, 6], [99, 1], 1, true],
      [[6, 1], [1, 99], 1, true],
      [[4, 0], undefined, 0, true],
    ];
    for (const [dims, strides, axis, contiguous] of cases) {
      const tensor = { data: product(dims) === 0 ? data.subarray(0, 0) : data, dims, strides };
      expect([dims, strides, axis, resolveLogits(tensor, { axis }).contiguous]).toEqual([
        dims,
        strides,
        axis,
        contiguous,
      ]);
    }
  });

  test("runs of every length around the loop's, from unaligned and shared memory", () => {
    for (const buffer of [new ArrayBuffer(4096), new SharedArrayBuffer(4096)]) {
      const all = new Float32Array(buffer).map((_, i) => i + 0.5);
      new Float32Array(buffer).set(all);
      for (const n of [0, 1, 3, 31, 32, 33, 64, 1000]) {
        for (const start of [0, 1, 3]) {
          const view = resolveLogits(new Float32Array(buffer, 4 * start, n), {});
          const tile = new Float32Array(n + 3);
          copyRowsIn(view, 0, 1, tile, 2);
          expect(tile).toEqual(Float32Array.of(0, 0, ...all.subarray(start, start + n), 0));
        }
      }
    }
  });

  test("16-bit patterns stay what they are, those of NaN included", () => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const half = new FakeFloat16Array(bits.buffer);
    for (const view of [resolveLogits(bits, { dtype: "bfloat16" }), resolveLogits(half, {})]) {
      const tile = new Uint16Array(65536);
      copyRowsIn(view, 0, 1, tile, 0);
      expect(firstDifference(tile, bits)).toBe(-1);
    }
  });

  for (const dtype of ["float16", "bfloat16"] as const) {
    test(`${dtype}: every pattern widens exactly into float32 and float64, contiguous or not`, () => {
      const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
      const want = decode(bits, dtype);
      for (const stage of [Float32Array, Float64Array]) {
        const tile = new stage(65536);
        copyRowsIn(resolveLogits(bits, { dtype }), 0, 1, tile, 0);
        expect(firstDifference(tile, want)).toBe(-1);
        const backwards = { data: bits, dims: [256, 256], strides: [-256, -1], offset: 65535 };
        copyRowsIn(resolveLogits(backwards, { dtype }), 0, 256, tile, 0);
        expect(firstDifference(tile, want.toReversed())).toBe(-1);
      }
    });
  }

  test("integers convert by assignment", () => {
    for (const data of [Uint8Array.of(1, 2, 3, 4), Int32Array.of(1, 2, 3, 4), Uint16Array.of(1, 2, 3, 4)]) {
      const like = resolveLogits(new Float32Array(4), { dims: [2, 2] });
      for (const value of [data, { data, dims: [2, 2], strides: [1, 2] }]) {
        const tile = new Float32Array(4);
        copyRowsIn(viewLike("t", value, like, { integers: true }), 0, 2, tile, 0);
        expect(Array.from(tile)).toEqual(value === data ? [1, 2, 3, 4] : [1, 3, 2, 4]);
      }
    }
  });
});

describe("viewLike", () => {
  const logits = resolveLogits(new Float32Array(24), { dims: [2, 3, 4], axis: 1 });
  const read = (view: RowsView): number[] => {
    const tile = new Float64Array(view.rows * view.classes);
    copyRowsIn(view, 0, view.rows, tile, 0);
    return Array.from(tile);
  };

  test("takes the shape and the class axes of the logits, and its own strides", () => {
    const data = Float64Array.from({ length: 24 }, (_, i) => i);
    const flat = viewLike("t", data, logits);
    expect(flat).toMatchObject({ name: "t", dims: [2, 3, 4], classAxes: [1], rowDims: [2, 4], rows: 8, classes: 3 });
    const reversed = { data, shape: [2, 3, 4], stride: [-12, -4, -1], offset: 23 };
    expect(read(viewLike("t", reversed, logits))).toEqual(read(flat).map((_, i) => 23 - read(flat)[i]));
    expect(read(viewLike("t", { data, dims: [2, 3, 4] }, logits))).toEqual(read(flat));
  });

  test("broadcast: numbers, the last dimension, and NumPy's rule", () => {
    const r = [0, 1];
    const c = [0, 1, 2];
    const s = [0, 1, 2, 3];
    const each = (f: (i: number, j: number, k: number) => number) =>
      r.flatMap((i) => s.flatMap((k) => c.map((j) => f(i, j, k))));
    const cases: [value: unknown, want: number[]][] = [
      [5, each(() => 5)],
      [[1, 2, 3, 4], each((_, __, k) => 1 + k)],
      [Float32Array.of(1, 2, 3, 4), each((_, __, k) => 1 + k)],
      [{ data: [7], dims: [] }, each(() => 7)],
      [{ data: [1, 2, 3], dims: [3, 1] }, each((_, j) => 1 + j)],
      [[[[1], [2], [3]]], each((_, j) => 1 + j)],
      [{ data: [1, 2], dims: [2, 1, 1] }, each((i) => 1 + i)],
      [{ data: [1, 2, 3, 4, 5, 6], dims: [2, 3, 1] }, each((i, j) => 1 + 3 * i + j)],
      [{ data: [9, 1, 9, 2], dims: [2, 1, 1], strides: [2, 1, 1], offset: 1 }, each((i) => 1 + i)],
    ];
    for (const [value, want] of cases) expect(read(viewLike("w", value, logits, { broadcast: true }))).toEqual(want);
  });

  const scalar = resolveLogits({ data: Float32Array.of(1), dims: [] }, { axis: null });
  const cases: [name: string, value: unknown, like: RowsView, broadcast: boolean, message: string][] = [
    ["another length", new Float32Array(23), logits, false, '"t" expected 24 elements for dims [2, 3, 4], got 23'],
    ["one column", new Float32Array(4), logits, false, '"t" expected 24 elements for dims [2, 3, 4], got 4'],
    [
      "another length to repeat",
      new Float32Array(3),
      logits,
      true,
      '"t" expected 4 or 24 elements for dims [2, 3, 4], got 3',
    ],
    ["another length for a scalar", [1, 2], scalar, true, '"t" expected 1 elements for dims [], got 2'],
    [
      "other dims",
      { data: new Float32Array(24), dims: [3, 2, 4] },
      logits,
      false,
      '"t" expected dims [2, 3, 4], got [3, 2, 4]',
    ],
    ["dims to repeat", { data: new Float32Array(4), dims: [4] }, logits, false, '"t" expected dims [2, 3, 4], got [4]'],
    [
      "dims that do not repeat",
      { data: [1, 2, 3], dims: [3] },
      logits,
      true,
      '"t" expected dims that broadcast to [2, 3, 4], got [3]',
    ],
    [
      "too many dims",
      { data: [1], dims: [1, 1, 1, 1] },
      logits,
      true,
      '"t" expected dims that broadcast to [2, 3, 4], got [1, 1, 1, 1]',
    ],
  ];
  test.each(cases)("refuses %s", (_, value, like, broadcast, message) => {
    expect(caught(() => viewLike("t", value, like, { broadcast }))).toBe(`RangeError: ${message}`);
  });

  test("a number only where it may be repeated", () => {
    expect(caught(() => viewLike("t", 1, logits))).toMatch(/^TypeError: "t" expected .*, got 1$/);
  });
});

test("rowsView with no class axes is one class a row", () => {
  const view = rowsView("f", floatElements("f", [1, 2, 3, 4, 5, 6]), [2, 3], []);
  expect(view).toMatchObject({ rows: 6, classes: 1, rowDims: [2, 3], contiguous: true });
  const out: NumberArray = new Float32Array(2);
  copyRowsIn(view, 3, 2, out, 0);
  expect(Array.from(out)).toEqual([4, 5]);
});
