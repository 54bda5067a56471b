import { describe, expect, test } from "vitest";
import { type PairOptions, resolvePair } from "../../src/input/pair.js";
import { copyRowsIn } from "../../src/input/rows.js";
import { caught } from "./caught.js";

const x = (length: number) => new Float32Array(length);

describe("resolvePair", () => {
  const cases: [name: string, logits: unknown, targets: unknown, options: PairOptions, dims: number[]][] = [
    ["flat arrays", x(3), x(3), {}, [3]],
    ["dims", x(6), x(6), { dims: [2, 3] }, [2, 3]],
    ["the logits' dims", { data: x(6), dims: [2, 3] }, x(6), {}, [2, 3]],
    ["the targets' dims", x(6), { data: x(6), shape: [3, 2] }, {}, [3, 2]],
    [
      "nested targets",
      x(4),
      [
        [0, 1],
        [1, 0],
      ],
      {},
      [2, 2],
    ],
    ["scalars", { data: x(1), dims: [] }, x(1), {}, []],
    ["nothing", x(0), [], {}, [0]],
  ];
  test.each(cases)("%s", (_, logits, targets, options, dims) => {
    const resolved = resolvePair(logits, targets, options);
    const classes = dims.length === 0 ? 1 : dims[dims.length - 1];
    expect(resolved.x).toMatchObject({ name: "logits", dims, classes, contiguous: true });
    expect(resolved.targets).toMatchObject({ name: "targets", dims, classes });
    expect(resolved.targets.rows).toBe(resolved.x.rows);
  });

  test("targets are numbers of any kind", () => {
    const logits = x(2);
    for (const targets of [
      [0, 1],
      [false, true],
      [0n, 1n].map(Number),
      Float32Array.of(0, 1),
      Float64Array.of(0, 1),
      Uint8Array.of(0, 1),
      Int8Array.of(0, 1),
      Uint16Array.of(0, 1),
      Int32Array.of(0, 1),
      Uint32Array.of(0, 1),
      BigInt64Array.of(0n, 1n),
      BigUint64Array.of(0n, 1n),
      { data: Uint8Array.of(0, 1), dims: [2], type: "bool" },
      { data: Uint16Array.of(0, 0x3c00), dims: [2], type: "float16" },
      { data: Uint8Array.of(1, 0), dims: [2], strides: [-1], offset: 1 },
    ]) {
      const tile = new Float32Array(2);
      const view = resolvePair(logits, targets, {}).targets;
      copyRowsIn(view, 0, view.rows, tile, 0);
      expect(Array.from(tile)).toEqual([0, 1]);
    }
  });

  const errors: [name: string, logits: unknown, targets: unknown, options: PairOptions, message: string][] = [
    [
      "integer logits",
      new Int32Array(2),
      x(2),
      {},
      'TypeError: "logits" expected Float32Array, Float64Array, Float16Array, Uint16Array with dtype, array of numbers or tensor, got Int32Array(2)',
    ],
    [
      "no targets",
      x(2),
      undefined,
      {},
      'TypeError: "targets" expected typed array, array of numbers or tensor, got undefined',
    ],
    [
      "a string among the targets",
      x(2),
      [0, "1"],
      {},
      'TypeError: "targets" expected number or boolean, got "1" at index 1',
    ],
    ["another length", x(3), x(2), {}, 'RangeError: "targets" expected 3 elements for dims [3], got 2'],
    [
      "another shape",
      { data: x(9), dims: [3, 3] },
      { data: x(3), dims: [3, 1] },
      {},
      'RangeError: "targets" expected dims [3, 3], got [3, 1]',
    ],
    [
      "targets of another size",
      x(4),
      { data: x(3), dims: [3] },
      {},
      'RangeError: "targets" expected dims [4], got [3]',
    ],
    [
      "dims of another size",
      x(4),
      x(4),
      { dims: [3] },
      'RangeError: "dims" expected a product of 4, the length of "logits", got [3]',
    ],
  ];
  test.each(errors)("refuses %s", (_, logits, targets, options, message) => {
    expect(caught(() => resolvePair(logits, targets, options))).toBe(message);
  });
});
