import { describe, expect, test } from "vitest";
import { Rng } from "../support/rng.js";
import { type Case, check, run } from "./crossentropy.js";
import { describeSets, LENGTHS, PREFIXES } from "./sets.js";

const ROWS = 3;

function sample(n: number, probabilities: boolean, weights: boolean, logits: (rng: Rng) => number): Case {
  const rng = new Rng(n);
  return {
    ...{ rows: ROWS, n, logits: rng.fill(ROWS * n, logits) },
    targets: probabilities ? rng.probabilities(ROWS, n) : rng.labels(ROWS, n),
    ...(weights && { weight: rng.fill(n, (r) => r.uniform(0.2, 3)) }),
    g: [1, -0.5, 2.5],
  };
}

const OPTIONS: Record<string, Case["options"]> = {
  none: {},
  "label smoothing": { labelSmoothing: 0.1 },
  "label smoothing of 1": { labelSmoothing: 1 },
  "scale and z-loss": { scale: 0.7, zLoss: 1e-2 },
  "soft cap": { softcap: 30 },
  "soft cap, scale and Poly-1": { softcap: 5, scale: 1.5, polyEpsilon: 0.8 },
  "Poly-1": { polyEpsilon: -0.5 },
  everything: { labelSmoothing: 0.2, scale: 1.3, softcap: 50, polyEpsilon: 0.4, zLoss: 1e-3 },
};

describeSets("crossentropy", (arena) => {
  describe.each(PREFIXES)("%s", (prefix) => {
    for (const probabilities of [false, true]) {
      const kind = probabilities ? "probabilities" : "indices";
      test.each(Object.keys(OPTIONS))(`${kind}, %s: every length (seed n), within the bounds of bounds.ts`, (name) => {
        for (const n of LENGTHS) {
          for (const weights of [false, true]) {
            // The first kind overflows without the shift by the maximum.
            for (const logits of [(rng: Rng) => rng.uniform(90, 100), (rng: Rng) => rng.normal(6)]) {
              const input = { ...sample(n, probabilities, weights, logits), options: OPTIONS[name] };
              check(run(arena, prefix, input), prefix, input, `n=${n} weights=${weights}`);
            }
          }
        }
      });
    }

    test("many short rows and few long ones (seed rows): within the bounds", () => {
      for (const [rows, n] of [
        [700, 3],
        [300, 10],
        [130, 37],
        [2, 5000],
        [2, 70003],
      ]) {
        const rng = new Rng(rows);
        const input = {
          rows,
          n,
          logits: rng.logits(rows * n),
          targets: rng.labels(rows, n),
          g: rng.fill(rows, (r) => r.normal()),
        };
        check(run(arena, prefix, input), prefix, input, `${rows}×${n}`);
      }
    });

    test("many rows of few classes with probabilities, smoothing and z-loss too (seed rows): within the bounds", () => {
      for (const [rows, n] of [
        [700, 3],
        [300, 10],
        [130, 32],
      ]) {
        for (const options of [{}, { labelSmoothing: 0.1 }, { zLoss: 1e-2 }]) {
          const rng = new Rng(rows);
          const logits = rng.logits(rows * n);
          const input = { rows, n, logits, targets: rng.probabilities(rows, n), options };
          check(run(arena, prefix, input), prefix, input, `${rows}×${n}`);
        }
      }
    });

    test("rows with probabilities do not depend on those beside them: as each alone, to the bit (seed n)", () => {
      for (const n of [1, 3, 10, 32, 33]) {
        const rng = new Rng(n);
        const rows = 150;
        const logits = rng.logits(rows * n);
        for (const value of [Infinity, -Infinity, Number.NaN, 1e30, 95, -95, 23, -60]) {
          for (let i = 0; i < 3; i++) logits[rng.integer(rows) * n + rng.integer(n)] = value;
        }
        const targets = rng.probabilities(rows, n);
        const all = run(arena, prefix, { rows, n, logits, targets });
        for (let r = 0; r < rows; r++) {
          const row = { logits: logits.subarray(r * n, (r + 1) * n), targets: targets.subarray(r * n, (r + 1) * n) };
          const alone = run(arena, prefix, { rows: 1, n, ...row });
          expect([all.loss[r], all.lse[r]], `n = ${n}, row ${r}`).toEqual([alone.loss[0], alone.lse[0]]);
          expect(all.dx.subarray(r * n, (r + 1) * n), `n = ${n}, row ${r}`).toEqual(alone.dx);
        }
      }
    });
  });

  describe.each(["f32", "f64"] as const)("%s in place", (prefix) => {
    test.each([false, true])(
      "probabilities %s, every option and length (seed n): the same to the bit",
      (probabilities) => {
        for (const n of LENGTHS) {
          for (const options of Object.values(OPTIONS)) {
            const input = { ...sample(n, probabilities, true, (rng) => rng.normal(6)), options };
            expect(run(arena, prefix, input, true)).toEqual(run(arena, prefix, input));
          }
        }
      },
    );
  });
});
