import { describe, expect, test } from "vitest";
import { type Prefix, scratchElements } from "../../src/kernels/kernels.js";
import { FLOAT32, FLOAT64, transformBounds } from "../support/bounds.js";
import { near } from "../support/near.js";
import * as reference from "../support/reference.js";
import { Rng } from "../support/rng.js";
import { type Arena, computeType, encoded } from "./arena.js";
import { describeSets, LENGTHS, PREFIXES } from "./sets.js";

const unit = (prefix: Prefix) => (prefix === "f64" ? FLOAT64 : FLOAT32);

interface Results {
  softmax: Float32Array | Float64Array;
  logSoftmax: Float32Array | Float64Array;
  logSumExp: Float64Array;
}

function run(arena: Arena, prefix: Prefix, logits: ArrayLike<number>, rows: number, n: number): Results {
  arena.clear();
  const { kernels } = arena;
  const type = computeType(prefix);
  const x = arena.input(encoded(logits, prefix));
  const p = arena.output<Float32Array | Float64Array>(type, rows * n);
  const logP = arena.output<Float32Array | Float64Array>(type, rows * n);
  const lse = arena.output(Float64Array, rows);
  arena.run(() => kernels[`${prefix}_softmax`](rows, n, x.at, p.at, 0));
  arena.run(() => kernels[`${prefix}_logsoftmax`](rows, n, x.at, logP.at, 0));
  arena.run(() => kernels[`${prefix}_logsumexp`](rows, n, x.at, lse.at));
  return { softmax: p.data.slice(), logSoftmax: logP.data.slice(), logSumExp: lse.data.slice() };
}

function check(got: Results, prefix: Prefix, logits: ArrayLike<number>, rows: number, n: number): void {
  const x = Float64Array.from(encoded(logits, prefix));
  const dims = [rows, n];
  const bounds = transformBounds(x, { dims }, unit(prefix));
  near(got.softmax, reference.softmax(x, { dims }), { abs: bounds.softmax }, `softmax n=${n}`);
  near(got.logSoftmax, reference.logSoftmax(x, { dims }), { abs: bounds.logSoftmax }, `logsoftmax n=${n}`);
  near(got.logSumExp, reference.logSumExp(x, { dims }), { abs: bounds.logSumExp }, `logsumexp n=${n}`);
}

describeSets("softmax family", (arena) => {
  describe.each(PREFIXES)("%s", (prefix) => {
    // exp(x) overflows here, exp(x − max) does not: a kernel that forgets the shift fails loudly.
    test("logits in [90, 100], every length (seed n): within the bounds of test/support/bounds.ts", () => {
      for (const n of LENGTHS) {
        const x = new Rng(n).fill(3 * n, (rng) => rng.uniform(90, 100));
        check(run(arena, prefix, x, 3, n), prefix, x, 3, n);
      }
    });

    test("normal logits × 4 and × 200, every length (seed n): within the bounds", () => {
      for (const n of LENGTHS) {
        for (const deviation of [4, 200]) {
          const x = new Rng(n).logits(3 * n, deviation);
          check(run(arena, prefix, x, 3, n), prefix, x, 3, n);
        }
      }
    });

    test("many short rows (seed 1): within the bounds", () => {
      const x = new Rng(1).logits(1000 * 7);
      check(run(arena, prefix, x, 1000, 7), prefix, x, 1000, 7);
    });

    test("logits in [−22, 22] and [18, 22] (seed n): softmax to 2e-6 of itself or 1e-7 of the row's largest", () => {
      for (const n of [2, 3, 10, 32, 33, 1000]) {
        for (const low of [-22, 18]) {
          const x = new Rng(n).fill(20 * n, (rng) => rng.uniform(low, 22));
          const want = reference.softmax(Float64Array.from(encoded(x, prefix)), { dims: [20, n] });
          const abs = want.map((p, i) => {
            const row = want.subarray(i - (i % n), i - (i % n) + n);
            return Math.max(2e-6 * p, 1e-7 * Math.max(...row));
          });
          near(run(arena, prefix, x, 20, n).softmax, want, { abs }, `n = ${n}`);
        }
      }
    });

    test("rows do not depend on those beside them, whatever stands there: as each alone, to the bit (seed n)", () => {
      for (const n of [1, 3, 10, 32, 33, 100]) {
        const rng = new Rng(n);
        const rows = 150;
        const x = rng.logits(rows * n);
        for (const value of [Infinity, -Infinity, Number.NaN, 1e30, 95, -95, 23, -60]) {
          for (let i = 0; i < 3; i++) x[rng.integer(rows) * n + rng.integer(n)] = value;
        }
        const all = run(arena, prefix, x, rows, n);
        for (let r = 0; r < rows; r++) {
          const alone = run(arena, prefix, x.subarray(r * n, (r + 1) * n), 1, n);
          for (const name of ["softmax", "logSoftmax"] as const) {
            expect(all[name].subarray(r * n, (r + 1) * n), `${name}, n = ${n}, row ${r}`).toEqual(alone[name]);
          }
          expect(all.logSumExp[r], `logSumExp, n = ${n}, row ${r}`).toBe(alone.logSumExp[0]);
        }
      }
    });

    test("every place of the maximum, of −∞, of +∞ and of NaN in rows of 19: within the bounds", () => {
      for (const special of [30, -Infinity, Infinity, Number.NaN]) {
        const x = new Rng(2).logits(19 * 19);
        for (let j = 0; j < 19; j++) x[20 * j] = special;
        check(run(arena, prefix, x, 19, 19), prefix, x, 19, 19);
      }
    });

    test("rows of −∞, of NaN and −∞, of +∞, of ±∞, of NaN and +∞: no softmax, lse −∞, NaN, +∞, +∞, NaN", () => {
      for (const n of [2, 5, 16, 33]) {
        const pair = (even: number, odd: number) => Array.from({ length: n }, (_, j) => (j % 2 ? odd : even));
        const x = [
          ...[pair(-Infinity, -Infinity), pair(-Infinity, Number.NaN), pair(Infinity, Infinity)],
          ...[pair(-Infinity, Infinity), pair(Number.NaN, Infinity)],
        ].flat();
        const got = run(arena, prefix, x, 5, n);
        expect([...got.logSumExp]).toEqual([-Infinity, Number.NaN, Infinity, Infinity, Number.NaN]);
        expect(got.softmax.every(Number.isNaN) && got.logSoftmax.every(Number.isNaN)).toBe(true);
      }
    });

    test("equal logits of any size, denormals included: p = 1/n and ln p = −ln n to 2 units of roundoff", () => {
      const largest = 1e20;
      const smallest = { f32: 2 ** -149, f64: 2 ** -1074 }[prefix];
      for (const value of [largest, -largest, smallest, -smallest, 0]) {
        const got = run(arena, prefix, new Float64Array(12).fill(value), 1, 12);
        near(got.softmax, new Float64Array(12).fill(1 / 12), { rel: 4 * unit(prefix) });
        near(got.logSoftmax, new Float64Array(12).fill(-Math.log(12)), { rel: 4 * unit(prefix) });
      }
    });

    test("logits of 1e20 among ordinary ones: the others get 0, and their log-probabilities are exact", () => {
      const large = Float64Array.from(encoded([1e20], prefix))[0];
      const x = [1, large, 0, -large, 2];
      const got = run(arena, prefix, x, 1, 5);
      expect([...got.softmax]).toEqual([0, 1, 0, 0, 0]);
      const rounded = computeType(prefix).from(x.map((value) => value - large));
      expect([...got.logSoftmax]).toEqual([...rounded]);
    });

    test("tails: n − 1 classes at distance d have p = e^−d to the bounds, down to what the type can hold", () => {
      for (const d of prefix === "f64" ? [1, 36, 300, 690] : [1, 16, 50, 80]) {
        const x = new Float64Array(9).fill(-d);
        x[4] = 0;
        check(run(arena, prefix, x, 1, 9), prefix, x, 1, 9);
        expect(run(arena, prefix, x, 1, 9).softmax[0]).toBeGreaterThan(0);
      }
    });

    test("rows of no classes: lse −∞, nothing else written", () => {
      expect([...run(arena, prefix, [], 3, 0).logSumExp]).toEqual([-Infinity, -Infinity, -Infinity]);
    });
  });

  test.each(["f32", "f64"] as const)("%s in place, every length: the same to the bit", (prefix) => {
    for (const n of LENGTHS) {
      const logits = new Rng(n).logits(3 * n);
      const apart = run(arena, prefix, logits, 3, n);
      for (const [op, want] of [
        ["softmax", apart.softmax],
        ["logsoftmax", apart.logSoftmax],
      ] as const) {
        arena.clear();
        const x = arena.input(encoded(logits, prefix));
        arena.writable(x);
        const scratch = arena.output<Float32Array | Float64Array>(computeType(prefix), scratchElements(n));
        arena.run(() => arena.kernels[`${prefix}_${op}`](3, n, x.at, x.at, scratch.at));
        expect(x.data).toEqual(want);
      }
    }
  });

  test("f32: 128256 classes (seed 3): within the bounds", () => {
    const x = new Rng(3).logits(128256);
    check(run(arena, "f32", x, 1, x.length), "f32", x, 1, x.length);
  });
});
