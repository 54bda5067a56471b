import { describe, expect, test } from "vitest";
import { near } from "../support/near.js";
import { Rng } from "../support/rng.js";
import { encoded } from "./arena.js";
import { type Case, check, run, unit } from "./crossentropy.js";
import { describeSets, PREFIXES } from "./sets.js";

const LENGTHS = [2, 5, 16, 33];
const SMOOTH = { labelSmoothing: 0.1 };

/** Changes a row of logits whose target is y. */
type Edit = (x: Float64Array, y: number) => void;

const none: Edit = () => undefined;
const all =
  (value: number): Edit =>
  (x) => {
    x.fill(value);
  };
const one =
  (place: (n: number, y: number) => number) =>
  (value: number): Edit =>
  (x, y) => {
    x[place(x.length, y)] = value;
  };
const first = one(() => 0);
const last = one((n) => n - 1);
const target = one((_, y) => y);
const beside = one((n, y) => (y + 1) % n);
/** 1 everywhere but at the target, which is d above. */
const confident =
  (d: number): Edit =>
  (x, y) => {
    x.fill(1);
    x[y] = 1 + d;
  };

/** Rows of n ordinary logits with indices, one row for each of `edits`. */
function rows(n: number, edits: Edit[], options: Case["options"] = {}): Case {
  const rng = new Rng(n);
  const logits = rng.fill(edits.length * n, (r) => r.normal(3));
  const targets = rng.labels(edits.length, n);
  for (const [r, edit] of edits.entries()) edit(logits.subarray(r * n, (r + 1) * n), targets[r]);
  return { rows: edits.length, n, logits, targets, options };
}

/** The same rows with probabilities: one-hot, so that zeros meet infinities. */
function oneHot(input: Case): Case {
  const targets = new Float64Array(input.rows * input.n);
  for (let r = 0; r < input.rows; r++) targets[r * input.n + input.targets[r]] = 1;
  return { ...input, targets };
}

describeSets("special rows of crossentropy", (arena) => {
  describe.each(PREFIXES)("%s", (prefix) => {
    const relative = prefix === "f64" ? 1e-13 : 1e-5;

    test("−∞ at the target: loss ∞, finite gradient; −∞ elsewhere: e and gradient 0", () => {
      for (const n of LENGTHS) {
        const input = rows(n, [target(-Infinity), beside(-Infinity)]);
        for (const each of [input, oneHot(input)]) {
          const got = run(arena, prefix, each);
          check(got, prefix, each, `n=${n}`);
          expect(got.loss[0]).toBe(Infinity);
          expect(got.dx.every(Number.isFinite)).toBe(true);
          const y = input.targets[1];
          expect(got.dx[n + ((y + 1) % n)]).toBe(0);
        }
      }
    });

    test("−∞ anywhere with label smoothing: loss ∞", () => {
      for (const n of LENGTHS) {
        const input = rows(n, [beside(-Infinity), target(-Infinity)], SMOOTH);
        for (const each of [input, oneHot(input)]) {
          const got = run(arena, prefix, each);
          check(got, prefix, each, `n=${n}`);
          expect([...got.loss]).toEqual([Infinity, Infinity]);
        }
      }
    });

    test("−∞ under a class weight of 0, with and without smoothing: nothing of it in the loss", () => {
      for (const n of LENGTHS) {
        for (const options of [{}, SMOOTH, { labelSmoothing: 1 }]) {
          const input = rows(n, [first(-Infinity)], options);
          const weight = new Float64Array(n).fill(1);
          weight[0] = 0;
          const atZero = { ...input, weight, targets: Int32Array.of(0) };
          for (const each of [atZero, oneHot(atZero), { ...atZero, targets: Int32Array.of(1) }]) {
            const got = run(arena, prefix, each);
            check(got, prefix, each, `n=${n}`);
            expect(got.loss[0]).toBeLessThan(Infinity);
          }
        }
      }
    });

    test("under a soft cap −∞ stays out and +∞ becomes the cap; their gradients are 0", () => {
      for (const n of LENGTHS) {
        for (const options of [{ softcap: 5 }, { softcap: 5, scale: 0.5, zLoss: 0.1 }]) {
          const input = rows(n, [beside(-Infinity), beside(Infinity)], options);
          const got = run(arena, prefix, input);
          check(got, prefix, input, `n=${n}`);
          for (const r of [0, 1]) expect(Math.abs(got.dx[r * n + ((input.targets[r] + 1) % n)])).toBe(0);
        }
      }
    });

    test("rows of NaN, with a NaN, with +∞, of −∞ only: loss and every gradient NaN, whatever the options", () => {
      const edits = [
        ...[all(Number.NaN), first(Number.NaN), last(Number.NaN)],
        ...[first(Infinity), last(Infinity), target(Infinity), all(-Infinity)],
      ];
      for (const n of LENGTHS) {
        for (const options of [{}, SMOOTH, { polyEpsilon: 1, zLoss: 0.1 }, { scale: 2 }]) {
          const input = rows(n, edits, options);
          for (const each of [input, oneHot(input)]) {
            const got = run(arena, prefix, each);
            expect([...got.loss, ...got.dx].every(Number.isNaN)).toBe(true);
          }
        }
      }
    });

    test("a NaN under a class weight of 0 at the target, and elsewhere: loss and gradient NaN all the same", () => {
      for (const n of LENGTHS) {
        for (const edit of [target(Number.NaN), beside(Number.NaN), beside(Infinity)]) {
          const input = rows(n, [edit]);
          const weight = new Float64Array(n).fill(1);
          weight[input.targets[0]] = 0;
          for (const each of [input, oneHot(input)]) {
            const got = run(arena, prefix, { ...each, weight });
            expect([...got.loss, ...got.dx].every(Number.isNaN)).toBe(true);
          }
        }
      }
    });

    test("one row in nine out of range among 300: every row as if it were alone, to the bit [seed n]", () => {
      for (const n of [2, 3, 8, 10, 32, 33, 100]) {
        const edits = [beside(-Infinity), all(1e6), confident(60), target(-Infinity), all(Number.NaN), first(-1e5)];
        for (const options of [{}, SMOOTH, { zLoss: 0.1 }, { focalGamma: 2 }]) {
          const rng = new Rng(n);
          const many = rows(
            n,
            Array.from({ length: 300 }, () => (rng.integer(9) === 0 ? edits[rng.integer(edits.length)] : none)),
            options,
          );
          const together = run(arena, prefix, many);
          expect(run(arena, prefix, many, true)).toEqual(together);
          for (let r = 0; r < many.rows; r++) {
            const logits = Array.from(many.logits).slice(r * n, (r + 1) * n);
            const alone = run(arena, prefix, { ...many, rows: 1, logits, targets: many.targets.slice(r, r + 1) });
            expect(together.loss.slice(r, r + 1), `row ${r} of ${n}`).toEqual(alone.loss);
            expect(together.lse.slice(r, r + 1)).toEqual(alone.lse);
            expect(together.dx.slice(r * n, (r + 1) * n)).toEqual(alone.dx);
          }
        }
      }
    });

    test("ignored rows with NaN and ±∞ in them: loss, lse and gradient 0, their neighbours untouched", () => {
      const edits = [none, all(Number.NaN), none, all(-Infinity), first(Infinity), none];
      for (const n of LENGTHS) {
        for (const ignoreIndex of [-100, 0, -1, 255]) {
          for (const options of [{}, SMOOTH, { softcap: 5, polyEpsilon: 0.3 }]) {
            const input = rows(n, edits, { ...options, ignoreIndex });
            const targets = (input.targets as Int32Array).map((y, r) =>
              [1, 3, 4].includes(r) ? ignoreIndex : Math.max(y, 1),
            );
            const got = run(arena, prefix, { ...input, targets });
            check(got, prefix, { ...input, targets }, `n=${n}`);
            for (const r of [1, 3, 4]) {
              const row = [got.loss[r], got.lse[r], ...got.dx.subarray(r * n, (r + 1) * n)];
              expect(row.every((value) => value === 0)).toBe(true);
            }
          }
        }
      }
    });

    test(`confident rows, all other classes d = 32 … 80 below: loss and gradient to a relative ${relative}`, () => {
      for (const n of LENGTHS) {
        for (const d of [32, 40, 64, 80]) {
          const input = rows(n, [confident(d)]);
          const [far] = Float64Array.from(encoded([1 + d], prefix));
          // The reference forms p − 1, and has no digits here.
          const e = Math.exp(1 - far);
          const rest = (n - 1) * e;
          const gradient = new Float64Array(n).fill(e / (1 + rest));
          gradient[input.targets[0]] = -rest / (1 + rest);
          for (const each of [input, oneHot(input)]) {
            const got = run(arena, prefix, each);
            near(got.loss, [Math.log1p(rest)], { rel: relative });
            near(got.dx, gradient, { rel: relative });
          }
        }
      }
    });

    test("logits of 1e20, of denormals and 0: within the bounds of bounds.ts", () => {
      const large = 1e20;
      const tiny = { f32: 2 ** -149, f64: 2 ** -1074 }[prefix];
      const edits = [
        ...[target(large), beside(large), all(large), all(-large)],
        ...[all(tiny), all(-tiny), beside(tiny), target(-tiny)],
      ];
      for (const n of LENGTHS) {
        const input = rows(n, edits);
        for (const each of [input, oneHot(input)]) check(run(arena, prefix, each), prefix, each, `n=${n}`);
      }
    });

    test("one class: loss 0, gradient 0", () => {
      const input = { rows: 3, n: 1, logits: [5, -3, 0], targets: new Int32Array(3) };
      const got = run(arena, prefix, input);
      expect([...got.loss, ...got.dx].every((value) => value === 0)).toBe(true);
      expect([...got.lse]).toEqual([5, -3, 0]);
    });

    test("upstream gradients of 0, of 1e-30 and 1e30: gradient in proportion", () => {
      const input = { ...rows(17, [none, none, none]), g: [0, 1e-30, 1e30] };
      const got = run(arena, prefix, input);
      check(got, prefix, input, "g");
      expect(got.dx.subarray(0, 17).every((value) => value === 0)).toBe(true);
    });

    test("upstream gradients from 1e-22 to 1e-32 of targets far below the others: gradient in proportion", () => {
      for (const n of [10, 34, 1000]) {
        for (const d of [-35, -28, -21, -60]) {
          const g = [1e-22, 1e-26, 1e-30, 1e-32];
          const input = { ...rows(n, new Array(g.length).fill(confident(d))), g };
          check(run(arena, prefix, input), prefix, input, `n=${n} d=${d}`);
        }
      }
    });

    test("gradient rows of index targets sum to 0 within n units of roundoff of their largest", () => {
      for (const n of [3, 64, 1000]) {
        const input = rows(n, [none], { labelSmoothing: 0.1, zLoss: 0 });
        const { dx } = run(arena, prefix, input);
        const largest = Math.max(...dx.map(Math.abs));
        expect(Math.abs(dx.reduce((a, b) => a + b, 0))).toBeLessThan(n * unit(prefix) * largest);
      }
    });
  });

  test("y marks ignored rows among probabilities", () => {
    for (const n of LENGTHS) {
      const input = oneHot(rows(n, [none, all(Number.NaN), none]));
      const without = run(arena, "f32", input);
      const got = run(arena, "f32", { ...input, ignored: Int32Array.of(0, -100, 0) });
      expect([got.loss[1], got.lse[1], ...got.dx.subarray(n, 2 * n)].every((value) => value === 0)).toBe(true);
      for (const r of [0, 2]) {
        expect(got.loss[r]).toBe(without.loss[r]);
        expect(got.dx.subarray(r * n, (r + 1) * n)).toEqual(without.dx.subarray(r * n, (r + 1) * n));
      }
    }
  });
});
