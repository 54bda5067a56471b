import { describe, expect, test } from "vitest";
import { type Prefix, scratchElements } from "../../src/kernels/kernels.js";
import { sumOfRows } from "../../src/kernels/rowSum.js";
import { Rng } from "../support/rng.js";
import { type Arena, computeType, encoded, type Numbers } from "./arena.js";
import { describeSets, PREFIXES } from "./sets.js";

const ROWS = [1, 2, 3, 4, 5, 7, 8, 63, 64, 65, 200];
const CLASSES = [1, 2, 5, 8, 10, 13, 33];

/** A batch in the arena, with room for its results. */
function place(arena: Arena, prefix: Prefix, rows: number, n: number, targets: Int32Array) {
  arena.clear();
  const type = computeType(prefix);
  return {
    x: arena.input(encoded(new Rng(n).logits(rows * n), prefix)),
    y: arena.input(targets),
    loss: arena.output(Float64Array, rows),
    dx: arena.output<Numbers>(type, rows * n),
    scratch: arena.output<Numbers>(type, scratchElements(n)),
  };
}

describeSets("crossentropy_mean", (arena) => {
  describe.each(PREFIXES)("%s", (prefix) => {
    const mean = arena.kernels[`${prefix}_crossentropy_mean`];
    const kernel = arena.kernels[`${prefix}_crossentropy`];

    test.each([
      ["without options", {}],
      ["focal", { focalGamma: 2 }],
      ["with label smoothing", { labelSmoothing: 0.1 }],
    ])("%s: losses and gradient of crossentropy, and their sum over the rows, to the bit", (_, given) => {
      for (const rows of ROWS) {
        for (const n of CLASSES) {
          const { x, y, loss, dx, scratch } = place(arena, prefix, rows, n, new Rng(n).labels(rows, n));
          const options = arena.options({ weightSum: n, upstream: 1 / rows, ...given });
          arena.run(() => {
            kernel(rows, n, x.at, y.at, 0, 0, options.at, loss.at, 0, 0, dx.at, scratch.at);
          });
          const want = [loss.data.slice(), dx.data.slice()];
          const at = Object.keys(given).length === 0 ? 0 : options.at;
          loss.data.fill(0);
          const forward = arena.run(() => mean(rows, n, x.at, y.at, at, loss.at, 0, 0));
          expect(loss.data).toEqual(want[0]);
          expect(dx.data).toEqual(want[1]);
          dx.data.fill(0);
          const withGrad = arena.run(() => mean(rows, n, x.at, y.at, at, loss.at, dx.at, scratch.at));
          expect([loss.data, dx.data]).toEqual(want);
          expect([forward, withGrad]).toEqual(new Array(2).fill(sumOfRows(loss.data, 0, rows) / rows));
        }
      }
    });

    test("an index that is no class, wherever it stands: −1, and nothing is written", () => {
      const n = 10;
      for (const rows of [1, 2, 3, 4, 5, 6, 7, 8, 70]) {
        for (const index of [-1, n, -100, -(2 ** 31), 2 ** 31 - 1]) {
          for (let r = 0; r < rows; r++) {
            const targets = new Rng(rows).labels(rows, n);
            targets[r] = index;
            const { x, y, loss, dx, scratch } = place(arena, prefix, rows, n, targets);
            const before = [loss.data.slice(), dx.data.slice()];
            expect(arena.run(() => mean(rows, n, x.at, y.at, 0, loss.at, dx.at, scratch.at))).toBe(-1);
            expect([loss.data, dx.data]).toEqual(before);
          }
        }
      }
    });
  });
});
