// Merging is exact: whatever the batches, their order and the states they were merged from, the same bits.

import fc from "fast-check";
import { expect, test } from "vitest";
import { CrossEntropyState, type UpdateOptions } from "../../src/metrics/index.js";
import { setTileBytes } from "../../src/sweep/stage.js";
import { Rng } from "../support/rng.js";
import { describeSets } from "../support/sets.js";

const SEED = 4711;
const RUNS = { seed: SEED, numRuns: 80 };
const SETTINGS = { topK: [1, 2], calibrationBins: 7, confusionMatrix: true };

/** Logits that make losses of every size, none, infinite and no number at all. */
const ordinary = fc.double({ min: -40, max: 40, noNaN: true });
const extreme = fc.oneof(
  { weight: 2, arbitrary: ordinary },
  fc.constantFrom(1e308, -1e308, 1e-308, -1e-308, 5e-324, -5e-324, 1e38, -1e38, 36.7, 0),
);
const any = fc.oneof({ weight: 40, arbitrary: extreme }, fc.constantFrom(-Infinity, Infinity, Number.NaN));
const factor = fc.oneof(
  { weight: 3, arbitrary: fc.double({ min: -2, max: 2, noNaN: true }) },
  { weight: 2, arbitrary: fc.constantFrom(1e308, -1e308, 1e-308, 5e-324, -5e-324, 0) },
);
/** Few classes, so that many rows hold no infinity and the sums stay finite in many runs. */
const rowsOf = (classes: number, x: fc.Arbitrary<number>) => {
  const row = fc.record({
    x: fc.array(x, { minLength: classes, maxLength: classes }),
    y: fc.oneof({ weight: 8, arbitrary: fc.nat({ max: classes - 1 }) }, fc.constant(-100)),
    factor,
  });
  return fc.record({ classes: fc.constant(classes), rows: fc.array(row, { minLength: 1, maxLength: 40 }) });
};
type Batch = { classes: number; rows: { x: number[]; y: number; factor: number }[] };

function update(state: CrossEntropyState, { classes, rows }: Batch, Floats: typeof Float32Array | typeof Float64Array) {
  const options: UpdateOptions = {
    classes,
    sampleWeight: rows.map((row) => row.factor),
    weight: Float64Array.of(0.1, 1e-308, 3).subarray(0, classes),
    bytes: rows.length,
  };
  const logits = Floats.from(rows.flatMap((row) => row.x));
  return state.update(
    logits,
    Int32Array.from(rows, (row) => row.y),
    options,
  );
}

function shuffled<T>(values: readonly T[], rng: Rng): T[] {
  const left = [...values];
  return values.map(() => left.splice(rng.integer(left.length), 1)[0]);
}

/** The rows in any order, in any batches, over any states, merged in any order. */
function scattered({ classes, rows }: Batch, Floats: typeof Float32Array | typeof Float64Array, rng: Rng) {
  const states = Array.from({ length: 1 + rng.integer(5) }, () => new CrossEntropyState(SETTINGS));
  for (let left = shuffled(rows, rng); left.length > 0; ) {
    update(rng.pick(states), { classes, rows: left.splice(0, 1 + rng.integer(7)) }, Floats);
  }
  while (states.length > 1) {
    const [taken] = states.splice(rng.integer(states.length), 1);
    rng.pick(states).merge(taken);
  }
  return states[0];
}

function expectSame(got: CrossEntropyState, want: CrossEntropyState): void {
  expect(got.compute()).toStrictEqual(want.compute());
  expect(got.toJSON()).toStrictEqual(want.toJSON());
  expect(got.toBytes()).toStrictEqual(want.toBytes());
}

describeSets("merging changes no bit", () => {
  for (const Floats of [Float32Array, Float64Array]) {
    for (const [name, x] of [
      ["ordinary logits", ordinary],
      ["extreme logits", extreme],
      ["any logits", any],
    ] as const) {
      test(`${Floats.name}, ${name}: any order, batches and states give what one update gives [seed ${SEED}]`, () => {
        fc.assert(
          fc.property(
            fc.integer({ min: 1, max: 3 }).chain((c) => rowsOf(c, x)),
            fc.nat(),
            (batch, seed) => {
              const whole = update(new CrossEntropyState(SETTINGS), batch, Floats);
              expectSame(scattered(batch, Floats, new Rng(seed)), whole);
            },
          ),
          RUNS,
        );
      });
    }
  }

  test(`wide rows and tiles of any size are the same to the bit [seed ${SEED}]`, () => {
    const rng = new Rng(SEED);
    const [rows, classes] = [61, 503];
    const x = rng.logits(rows * classes);
    const y = rng.labels(rows, classes);
    const options = {
      scale: 0.7,
      softcap: 9,
      zLoss: 0.01,
      labelSmoothing: 0.1,
      sampleWeight: rng.fill(rows, (r) => r.normal()),
    };
    const whole = new CrossEntropyState().update(x, y, options);
    for (const bytes of [1, 5_000, 50_000]) {
      setTileBytes(bytes);
      try {
        expectSame(new CrossEntropyState().update(x, y, options), whole);
      } finally {
        setTileBytes();
      }
    }
    const single = new CrossEntropyState();
    for (const r of shuffled(Array.from(y.keys()), rng)) {
      const row = x.subarray(r * classes, (r + 1) * classes);
      const sampleWeight = options.sampleWeight[r];
      single.merge(new CrossEntropyState().update(row, y.subarray(r, r + 1), { ...options, sampleWeight }));
    }
    expectSame(single, whole);
  });

  test("ordinary addition would not do: the mean of 10¹⁶, 1 and −10¹⁶ keeps its 1 in every order", () => {
    const loss = Math.log(2);
    const factors = [1e16 / loss, 1 / loss, -1e16 / loss];
    const orders = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 2, 0],
    ].map((order) => {
      const state = new CrossEntropyState();
      for (const i of order) state.update([0, 0], [0], { sampleWeight: factors[i] });
      return state.compute().loss;
    });
    expect(orders[0]).toBeGreaterThan(0.2);
    expect(orders).toEqual([orders[0], orders[0], orders[0]]);
  });
});

test("merging leaves the other state as it was, and a state with itself doubles", () => {
  const one = new CrossEntropyState().update([2, 1, 0.1], [1], { bytes: 4 });
  const before = one.toJSON();
  const both = new CrossEntropyState().merge(one).merge(one);
  expect(one.toJSON()).toEqual(before);
  both.update([1, 2, 3], [0]);
  expect(one.toJSON()).toEqual(before);
  const doubled = new CrossEntropyState().merge(one);
  expect(doubled.merge(doubled).compute()).toMatchObject({ count: 2, loss: one.compute().loss });
});

test("an empty state is neutral", () => {
  const one = new CrossEntropyState({ confusionMatrix: true }).update([2, 1, 0.1], [1]);
  const empty = new CrossEntropyState({ confusionMatrix: true });
  expect(new CrossEntropyState({ confusionMatrix: true }).merge(empty).merge(one).toBytes()).toEqual(one.toBytes());
  expect(new CrossEntropyState({ confusionMatrix: true }).merge(one).merge(empty).toBytes()).toEqual(one.toBytes());
});
