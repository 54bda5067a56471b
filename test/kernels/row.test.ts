import { expect, test } from "vitest";
import { type CrossEntropyRowKernel, ROW_CLASSES } from "../../src/kernels/kernels.js";
import { Rng } from "../support/rng.js";
import type { Arena } from "./arena.js";
import { describeSets } from "./sets.js";

/** The kernel's call of a row, with `behind` in the place of the logits that it does not have. */
function call(kernel: CrossEntropyRowKernel, x: Float32Array, k: number, dx: number, behind = Number.NaN): number {
  const all = Array.from({ length: ROW_CLASSES }, (_, j) => (j < x.length ? x[j] : behind));
  const row = [x.length, k, x[k], ...all, dx] as Parameters<CrossEntropyRowKernel>;
  return kernel(...row);
}

/** Loss and gradient of crossentropy_mean, for the same row in memory. */
function wanted(arena: Arena, row: Float32Array, k: number) {
  arena.clear();
  const x = arena.input(row);
  const y = arena.input(Int32Array.of(k));
  const loss = arena.output(Float64Array, 1);
  const dx = arena.output(Float32Array, row.length);
  const value = arena.run(() => arena.kernels.f32_crossentropy_mean(1, row.length, x.at, y.at, 0, loss.at, dx.at, 0));
  return { value, dx: dx.data.slice() };
}

describeSets("crossentropy_row", (arena, variant) => {
  const kernel = arena.kernels.f32_crossentropy_row;

  if (variant === "js") {
    test("declines: numbers are no faster than memory there", () => {
      expect(call(kernel, Float32Array.of(1, 2), 0, 0)).toBe(-1);
    });
    return;
  }

  test("ln(1 + e) of logits 1 and 2, to 5e-7", () => {
    expect(call(kernel, Float32Array.of(1, 2), 0, 0)).toBeCloseTo(Math.log1p(Math.E), 6);
  });

  test("as crossentropy_mean of one row, to the bit, for 1 to 12 classes and each target, whatever is behind them", () => {
    for (let n = 1; n <= ROW_CLASSES; n++) {
      for (const spread of [0, 0.1, 3, 15]) {
        const row = Float32Array.from(new Rng(n).fill(n, (rng) => rng.normal(spread)));
        for (let k = 0; k < n; k++) {
          const want = wanted(arena, row, k);
          for (const behind of [Number.NaN, 0, Infinity, -1e30]) {
            const dx = arena.output(Float32Array, n);
            const loss = arena.run(() => call(kernel, row, k, dx.at, behind));
            const alone = arena.run(() => call(kernel, row, k, 0, behind));
            // A row may be too confident for it, as one of a single class always is.
            if (loss !== -1) expect([loss, dx.data]).toEqual([want.value, want.dx]);
            else expect(spread === 15 || n === 1).toBe(true);
            expect(alone).toBe(loss);
          }
        }
      }
    }
  });

  test.each([
    ["∞", Infinity],
    ["−∞", -Infinity],
    ["NaN", Number.NaN],
    ["1000", 1000],
    ["−1000", -1000],
  ])("%s anywhere: −1, and nothing is written", (_, value) => {
    for (let n = 1; n <= ROW_CLASSES; n++) {
      for (let j = 0; j < n; j++) {
        const row = new Float32Array(n);
        row[j] = value;
        for (let k = 0; k < n; k++) {
          arena.clear();
          const dx = arena.input(new Float32Array(n).fill(3));
          expect(arena.run(() => call(kernel, row, k, dx.at, 0))).toBe(-1);
        }
      }
    }
  });
});
