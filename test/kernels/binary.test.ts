import { describe, expect, test } from "vitest";
import type { Prefix } from "../../src/kernels/kernels.js";
import { binaryBounds, FLOAT32, FLOAT64 } from "../support/bounds.js";
import { near } from "../support/near.js";
import { type BinaryOptions, binaryCrossEntropyWithLogitsWithGrad, total } from "../support/reference.js";
import { Rng } from "../support/rng.js";
import { type Arena, absent, computeType, encoded, type Numbers } from "./arena.js";
import { describeSets, LENGTHS, PREFIXES } from "./sets.js";

interface Case {
  logits: ArrayLike<number>;
  targets: ArrayLike<number>;
  weight?: ArrayLike<number>;
  posWeight?: ArrayLike<number> | number;
  g?: ArrayLike<number>;
  gScalar?: number;
}

interface Results {
  sum: number;
  loss: Float64Array;
  /** Gradients of the calls that also store losses, and that do not: a way of their own for plain elements. */
  withLosses: Float64Array;
  alone: Float64Array;
}

const unit = (prefix: Prefix) => (prefix === "f64" ? FLOAT64 : FLOAT32);

/** All four ways to call: with and without gradient, with and without single losses. */
function run(arena: Arena, prefix: Prefix, input: Case, inPlace = false): Results {
  arena.clear();
  const type = computeType(prefix);
  const n = input.logits.length;
  const place = (values?: ArrayLike<number>) => (values === undefined ? absent : arena.input(type.from(values)));
  const x = arena.input(encoded(input.logits, prefix));
  const t = place(input.targets);
  const weight = place(input.weight);
  const posWeight = typeof input.posWeight === "number" ? absent : place(input.posWeight);
  const scalar = typeof input.posWeight === "number" ? input.posWeight : 1;
  const g = place(input.g);
  const loss = arena.output<Numbers>(type, n, true);
  const apart = arena.output<Numbers>(type, n, true);
  const kernel = arena.kernels[`${prefix}_bce`];
  const head = [n, x.at, t.at, weight.at, posWeight.at, scalar] as const;
  const tail = [g.at, input.gScalar ?? 1] as const;
  const sum = arena.run(() => kernel(...head, 0, 0, 0, 0));
  const sums = [arena.run(() => kernel(...head, loss.at, 0, 0, 0))];
  const losses = loss.data.slice();
  loss.data.fill(0);
  sums.push(arena.run(() => kernel(...head, loss.at, ...tail, apart.at)));
  expect(loss.data).toEqual(losses);
  if (inPlace) arena.writable(x, true);
  const dx = inPlace ? x : arena.output<Numbers>(type, n, true);
  sums.push(arena.run(() => kernel(...head, 0, ...tail, dx.at)));
  near(
    sums,
    [sum, sum, sum],
    { rel: (8 + 2 * Math.sqrt(n)) * unit(prefix) },
    "sum of the losses, however it is called",
  );
  const [withLosses, alone] = [apart, dx].map(({ data }) => Float64Array.from(data));
  return { sum, loss: Float64Array.from(losses), withLosses, alone };
}

function check(got: Results, prefix: Prefix, input: Case, what: string): void {
  const type = computeType(prefix);
  const n = input.logits.length;
  const tensor = (values?: ArrayLike<number>) => values && { data: type.from(values), dims: [n] };
  const { posWeight, gScalar = 1 } = input;
  const options: BinaryOptions = {
    ...{ dims: [n], reduction: "none", weight: tensor(input.weight) },
    posWeight: typeof posWeight === "number" ? posWeight : tensor(posWeight),
    gradOutput: input.g ? tensor(type.from(input.g).map((value) => value * gScalar)) : gScalar,
  };
  const x = Float64Array.from(encoded(input.logits, prefix));
  const want = binaryCrossEntropyWithLogitsWithGrad(x, type.from(input.targets), options);
  const bounds = binaryBounds(x, type.from(input.targets), options, unit(prefix));
  near(got.loss, want.loss, { abs: bounds.loss }, `${what}: loss`);
  near(got.sum, total(want.loss), { abs: total(bounds.loss) }, `${what}: sum`);
  near(got.withLosses, want.grad, { abs: bounds.grad }, `${what}: gradient beside losses`);
  near(got.alone, want.grad, { abs: bounds.grad }, `${what}: gradient`);
}

function sample(n: number, options: Partial<Case> = {}): Case {
  const rng = new Rng(n);
  return { logits: rng.logits(n, 6), targets: rng.fill(n, (r) => r.pick([0, 1, r.uniform()])), ...options };
}

const positive = (n: number) => new Rng(n + 1).fill(n, (rng) => rng.uniform(0.1, 4));

describeSets("bce", (arena) => {
  describe.each(PREFIXES)("%s", (prefix) => {
    const options: Record<string, (n: number) => Partial<Case>> = {
      none: () => ({}),
      "gScalar of −0.25": () => ({ gScalar: -0.25 }),
      "posWeight of 3": () => ({ posWeight: 3 }),
      "a weight, posWeight and g for each": (n) => ({
        ...{
          weight: positive(n),
          posWeight: positive(n + 7),
          g: new Rng(n).fill(n, (rng) => rng.normal()),
          gScalar: 0.5,
        },
      }),
      "a weight for each": (n) => ({ weight: positive(n) }),
      "a posWeight for each": (n) => ({ posWeight: positive(n) }),
      "a g for each": (n) => ({ g: new Rng(n).fill(n, (rng) => rng.normal()) }),
      "targets outside of [0, 1]": (n) => ({ targets: new Rng(n).fill(n, (rng) => rng.normal(2)), posWeight: 2 }),
    };
    test.each(Object.keys(options))(
      "%s: every length (seed n), within the bounds of test/support/bounds.ts",
      (name) => {
        for (const n of [...LENGTHS, 5000]) {
          const input = sample(n, options[name](n));
          check(run(arena, prefix, input), prefix, input, `n=${n}`);
        }
      },
    );

    test("±∞, NaN, 0 and extremes with targets 0, 1, ½, at every place of a vector: within the bounds, 0·∞ = 0", () => {
      const large = 1e30;
      const tiny = { f32: 2 ** -149, f64: 2 ** -1074 }[prefix];
      const values = [Infinity, 0, tiny, large, 88, 104, 710, 1000].flatMap((value) => [value, -value]);
      for (const value of [...values, Number.NaN]) {
        for (const target of [0, 1, 0.5]) {
          for (const posWeight of [1, 2]) {
            const input = { ...sample(9), posWeight };
            for (let i = 0; i < 9; i++) {
              const [logits, targets] = [Float64Array.from(input.logits), Float64Array.from(input.targets)];
              logits[i] = value;
              targets[i] = target;
              const each = { ...input, logits, targets };
              check(run(arena, prefix, each), prefix, each, `x=${value} t=${target} w₊=${posWeight} at ${i}`);
            }
          }
          const block = sample(300);
          for (const i of [0, 130, 255]) {
            const [logits, targets] = [Float64Array.from(block.logits), Float64Array.from(block.targets)];
            logits[i] = value;
            targets[i] = target;
            check(
              run(arena, prefix, { logits, targets }),
              prefix,
              { logits, targets },
              `x=${value} t=${target} at ${i}`,
            );
          }
        }
      }
    });

    test("weights of 0 and posWeights of 0 at infinite logits: their loss counts as 0", () => {
      const logits = [Infinity, -Infinity, 1, -Infinity, Infinity, -2];
      const targets = [0, 1, 1, 1, 0.5, 0];
      const weighted = { logits, targets, weight: [0, 0, 1, 0, 0, 1] };
      const positive = {
        logits: [1, -Infinity, -2, -Infinity, 3],
        targets: [1, 1, 0, 1, 0],
        posWeight: [2, 0, 1, 0, 1],
      };
      for (const input of [weighted, positive]) {
        const got = run(arena, prefix, input);
        check(got, prefix, input, "0·∞");
        expect(got.sum).toBeLessThan(Infinity);
      }
    });

    test("NaN among the targets: that loss, that gradient and the sum NaN, nothing else", () => {
      for (const n of [5, 600]) {
        const input = sample(n);
        const targets = Array.from(input.targets, (t, i) => (i === 2 ? Number.NaN : t));
        const got = run(arena, prefix, { ...input, targets });
        for (const dx of [got.withLosses, got.alone]) {
          expect([got.sum, got.loss[2], dx[2]]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
          expect([...got.loss, ...dx].filter(Number.isNaN)).toHaveLength(2);
        }
      }
    });

    const relative = prefix === "f64" ? 1e-13 : 1e-5;
    test(`confident elements, |x| = 20 … 80: every loss, the sum and the gradient to a relative ${relative}`, () => {
      // 300: more than a block of one logarithm.
      for (const [d, n] of [20, 32, 64, 80].flatMap((d) => [
        [d, 7],
        [d, 300],
      ])) {
        const targets = Array.from({ length: n }, (_, i) => Number(i % 5 < 2));
        const logits = targets.map((t) => (t === 1 ? d : -d));
        const got = run(arena, prefix, { logits, targets });
        const loss = Math.log1p(Math.exp(-d));
        near(
          got.loss,
          targets.map(() => loss),
          { rel: relative },
        );
        near(got.sum, n * loss, { rel: relative });
        near(
          got.alone,
          targets.map((t) => (t === 1 ? -1 : 1) / (1 + Math.exp(d))),
          { rel: relative },
        );
      }
    });

    test("no elements: sum 0", () => {
      expect(run(arena, prefix, { logits: [], targets: [] }).sum).toBe(0);
    });
  });

  test.each(["f32", "f64"] as const)("%s in place, every length: the same to the bit", (prefix) => {
    for (const n of [...LENGTHS, 5000]) {
      for (const input of [sample(n), sample(n, { weight: positive(n), posWeight: 2 })]) {
        expect(run(arena, prefix, input, true)).toEqual(run(arena, prefix, input));
      }
    }
  });

  test("f32: 300,000 elements (seed n): the sum to a relative 1e-8", () => {
    const input = sample(300_000);
    arena.clear();
    const x = arena.input(Float32Array.from(input.logits));
    const t = arena.input(Float32Array.from(input.targets));
    const sum = arena.run(() => arena.kernels.f32_bce(x.data.length, x.at, t.at, 0, 0, 1, 0, 0, 0, 0));
    const { loss } = binaryCrossEntropyWithLogitsWithGrad(x.data, t.data, { dims: [x.data.length], reduction: "sum" });
    near(sum, loss, { rel: 1e-8 });
  });
});
