import { expect, test } from "vitest";
import * as celoss from "../../src/index.js";
import { DIRECT } from "../../src/losses/direct.js";
import { FLOAT32 } from "../support/bounds.js";
import { identical, near } from "../support/near.js";
import { Rng } from "../support/rng.js";
import { describeSets } from "../support/sets.js";

type Values = Float32Array<ArrayBuffer>;
interface Result {
  loss: number;
  grad: Values;
}

/** A loss as a function of its first two arguments. */
interface Loss {
  readonly classes: number;
  readonly input: (rng: Rng) => number;
  /** In plain JavaScript, so that only the kernels' rounding is in common. */
  readonly plain?: boolean;
  /** Whether the targets are one number an element, though there are classes. */
  readonly probabilities?: boolean;
  loss(x: Values, targets: Values | Int32Array, options?: object): number;
  withGrad(x: Values, targets: Values | Int32Array, options?: object): Result;
}

const unit = (rng: Rng) => rng.uniform(0.01, 0.99);
const normal = (rng: Rng) => rng.normal(3);
const VARIANCE = new Map<Values, Values>();

/** The variance is what the means' array is joined by. */
function varianceOf(x: Values): Values {
  const known = VARIANCE.get(x) ?? Float32Array.from(x, (value) => 0.5 + Math.abs(value));
  VARIANCE.set(x, known);
  return known;
}

const gaussian = {
  loss: (x: Values, t: Values, options?: object) => celoss.gaussianNllLoss(x, t, varianceOf(x), options),
  withGrad: (x: Values, t: Values, options?: object) => celoss.gaussianNllLossWithGrad(x, t, varianceOf(x), options),
};
const soft = {
  loss: (x: Values, t: Values, options?: object) => celoss.crossEntropy(x, t, { classes: 7, ...options }),
  withGrad: (x: Values, t: Values, options?: object) => celoss.crossEntropyWithGrad(x, t, { classes: 7, ...options }),
};
const entropy = {
  loss: (x: Values, _: Int32Array, options?: object) => celoss.entropyLoss(x, { classes: 7, ...options }),
  withGrad: (x: Values, _: Int32Array, options?: object) => celoss.entropyLossWithGrad(x, { classes: 7, ...options }),
};

function named(loss: string, withGrad: string, rest: Pick<Loss, "classes" | "input" | "plain">): Loss {
  const all = celoss as unknown as Record<string, never>;
  return { ...rest, loss: all[loss], withGrad: all[withGrad] };
}

const LOSSES: Record<string, Loss> = {
  crossEntropy: named("crossEntropy", "crossEntropyWithGrad", { classes: 7, input: normal }),
  "crossEntropy of probabilities": {
    ...{ classes: 7, input: normal, probabilities: true },
    ...(soft as unknown as Pick<Loss, "loss" | "withGrad">),
  },
  focalLoss: named("focalLoss", "focalLossWithGrad", { classes: 7, input: normal }),
  nllLoss: named("nllLoss", "nllLossWithGrad", { classes: 7, input: (rng) => -unit(rng), plain: true }),
  entropyLoss: { classes: 7, input: normal, ...(entropy as unknown as Pick<Loss, "loss" | "withGrad">) },
  gaussianNllLoss: { classes: 1, input: normal, ...(gaussian as unknown as Pick<Loss, "loss" | "withGrad">) },
  binaryCrossEntropyWithLogits: named("binaryCrossEntropyWithLogits", "binaryCrossEntropyWithLogitsWithGrad", {
    classes: 1,
    input: normal,
  }),
  binaryCrossEntropy: named("binaryCrossEntropy", "binaryCrossEntropyWithGrad", { classes: 1, input: unit }),
  klDivLoss: named("klDivLoss", "klDivLossWithGrad", { classes: 1, input: normal }),
  sigmoidFocalLoss: named("sigmoidFocalLoss", "sigmoidFocalLossWithGrad", { classes: 1, input: normal }),
  poissonNllLoss: named("poissonNllLoss", "poissonNllLossWithGrad", { classes: 1, input: normal }),
  mseLoss: named("mseLoss", "mseLossWithGrad", { classes: 1, input: normal, plain: true }),
  l1Loss: named("l1Loss", "l1LossWithGrad", { classes: 1, input: normal, plain: true }),
};

function arguments_(
  { classes, input, probabilities }: Loss,
  rows: number,
): { x: Values; targets: Values | Int32Array } {
  const rng = new Rng(rows);
  const x = Float32Array.from({ length: rows * classes }, () => input(rng));
  const targets =
    classes === 1 || probabilities
      ? Float32Array.from(x, () => unit(rng))
      : Int32Array.from({ length: rows }, () => rng.integer(classes));
  return { x, targets };
}

/** Named, it makes a call that is not direct and is the same otherwise. */
const MEAN = { reduction: "mean" } as const;

describeSets("direct calls", (set) => {
  for (const [name, loss] of Object.entries(LOSSES)) {
    const sizes = [1, 2, 5, 16, 17, 48, 49, Math.floor(DIRECT / loss.classes), Math.floor(DIRECT / loss.classes) + 1];
    const bound = loss.plain ? "within 2 ulp" : "bit for bit";

    test(`${name}: what the call with a named reduction gives, ${bound}; new, own and the input's gradient`, () => {
      const same = (got: number | Values, want: number | Values, title: string) => {
        if (loss.plain) near(got, want, { rel: 2 * FLOAT32 }, title);
        else if (typeof got === "number") expect(got, title).toBe(want);
        else identical(got, want as Values);
      };
      for (const rows of sizes) {
        const { x, targets } = arguments_(loss, rows);
        const want = loss.withGrad(x, targets, MEAN);
        same(loss.loss(x, targets), loss.loss(x, targets, MEAN), `${rows} rows`);
        const fresh = loss.withGrad(x, targets);
        same(fresh.loss, want.loss, `${rows} rows`);
        same(fresh.grad, want.grad, `${rows} rows`);
        const grad = new Float32Array(x.length).fill(7);
        for (let again = 0; again < 2; again++) {
          const given = loss.withGrad(x, targets, { grad });
          expect(given.grad).toBe(grad);
          same(given.loss, want.loss, `${rows} rows`);
          same(grad, want.grad, `${rows} rows`);
        }
        const inPlace = x.slice();
        if (name === "gaussianNllLoss") VARIANCE.set(inPlace, varianceOf(x));
        expect(loss.withGrad(inPlace, targets, { grad: inPlace }).grad).toBe(inPlace);
        same(inPlace, want.grad, `${rows} rows in place`);
      }
      expect(celoss.backend().variant).toBe(set);
    });

    test(`${name}: other gradients and options go the way of all calls, and what is wrong is refused there`, () => {
      const { x, targets } = arguments_(loss, 6);
      const want = loss.withGrad(x, targets);
      const wide = new Float64Array(x.length);
      const into = loss.withGrad(x, targets, { grad: wide });
      expect(into.grad).toBe(wide);
      near(wide, want.grad, { rel: 2 * FLOAT32 });
      expect(() => loss.withGrad(x, targets, { grad: new Float32Array(x.length + 1) })).toThrow(/^"grad" expected/);
      expect(() => loss.withGrad(x, targets, { grad: [...x] })).toThrow(/^"grad" expected/);
      expect(() => loss.withGrad(x, targets, { grade: wide })).toThrow(/"grade"/);
      expect(() => loss.loss(x, targets, { reductions: "sum" })).toThrow(/"reductions"/);
      const over = new Float32Array(x.buffer.slice(0), 0, x.length);
      const shifted = new Float32Array(2 * x.length).subarray(1, x.length + 1);
      shifted.set(x);
      const overlapping = new Float32Array(shifted.buffer, 0, x.length);
      if (name === "gaussianNllLoss") VARIANCE.set(shifted, varianceOf(x));
      expect(() => loss.withGrad(shifted, targets, { grad: overlapping })).toThrow(/^"grad" expected memory apart/);
      identical(shifted, over);
      if (name === "entropyLoss") return;
      const alike = new Float32Array(targets.buffer, 0, targets.length);
      if (alike.length !== x.length) return;
      expect(() => loss.withGrad(x, targets, { grad: alike })).toThrow(/^"grad" expected memory apart from that of "t/);
      expect(() => loss.loss(x, targets.subarray(1))).toThrow(RangeError);
    });
  }

  const { softmax, logSoftmax, logSumExp } = celoss;
  for (const [name, call] of Object.entries({ softmax, logSoftmax, logSumExp })) {
    const transform = call as (x: unknown, options?: object) => Values;
    /** Named, it makes a call that is not direct and is the same otherwise. */
    const axis = -1;

    test(`${name}: what the call with a named axis gives, to the bit, whatever stands in a row; new, own and in place`, () => {
      const rng = new Rng(9);
      for (const classes of [1, 2, 7, 10, 12, 13, 32, 33, 500]) {
        for (const rows of [1, 2, 5, 65, Math.floor(DIRECT / classes), Math.floor(DIRECT / classes) + 1]) {
          const x = rng.logits(rows * classes);
          for (const value of [Infinity, -Infinity, Number.NaN, 1e30]) {
            if (rng.uniform() < 0.2) x[rng.integer(x.length)] = value;
          }
          const want = transform(x, { classes, axis });
          identical(transform(x, { classes }), want);
          if (rows === 1) identical(transform(x), want);
          const out = new Float32Array(want.length).fill(7);
          for (let again = 0; again < 2; again++) expect(transform(x, { classes, out: out.fill(7) })).toBe(out);
          identical(out, want);
          if (name === "logSumExp") continue;
          const inPlace = x.slice();
          expect(transform(inPlace, { classes, out: inPlace })).toBe(inPlace);
          identical(inPlace, want);
        }
      }
    });

    test(`${name}: other outputs and options go the way of all calls, and what is wrong is refused there`, () => {
      const memory = new Float32Array(40).fill(1);
      const x = memory.subarray(10, 30);
      const wide = new Float64Array(name === "logSumExp" ? 2 : 20);
      const want = transform(x, { classes: 10 });
      expect(transform(x, { classes: 10, out: wide })).toBe(wide);
      near(wide, want, { rel: 2 * FLOAT32 });
      const before = memory.slice();
      for (const classes of [0, 3, 7.5, -10, Number.NaN, "10", null]) {
        expect(() => transform(x, { classes }), `${classes}`).toThrow(/"classes"/);
      }
      const overlapping = memory.subarray(11, 11 + want.length);
      expect(() => transform(x, { classes: 10, out: overlapping })).toThrow(/^"out" expected memory apart/);
      expect(() => transform(x, { classes: 10, out: new Float32Array(want.length + 1) })).toThrow(/^"out" expected/);
      expect(() => transform(x, { classes: 10, out: [...want] })).toThrow(/^"out" expected/);
      expect(() => transform(x, { classes: 10, outs: want })).toThrow(/"outs"/);
      expect(() => transform(x, null as never)).toThrow(TypeError);
      expect(() => transform(x, Object.create({ axis: 4 }))).toThrow(/"axis"/);
      identical(memory, before);
    });
  }

  test("crossEntropy: one row of 1 to 13 classes, whatever stands in it, as the call with a named reduction, to the bit", () => {
    const rng = new Rng(5);
    const odd = [Infinity, -Infinity, Number.NaN, 500, -500, 1e38, -0];
    for (let n = 1; n <= 13; n++) {
      const rows = [rng.fill(n, normal), rng.fill(n, () => 40 * rng.normal(1)), new Float64Array(n).fill(-Infinity)];
      for (const value of odd) rows.push(rng.fill(n, normal).fill(value, rng.integer(n), n));
      for (const row of rows) {
        const x = Float32Array.from(row);
        const y = Int32Array.of(rng.integer(n));
        const want = celoss.crossEntropyWithGrad(x, y, MEAN);
        const grad = new Float32Array(n);
        expect(celoss.crossEntropy(x, y)).toBe(want.loss);
        expect(celoss.crossEntropyWithGrad(x, y, { grad }).loss).toBe(want.loss);
        identical(grad, want.grad as Values);
        expect(celoss.crossEntropyWithGrad(x, y, { grad: x }).loss).toBe(want.loss);
        identical(x, want.grad as Values);
      }
    }
  });

  test("crossEntropy, focalLoss: with `classes` as the lengths have it, what they are without, to the bit; others are refused", () => {
    for (const name of ["crossEntropy", "focalLoss"]) {
      const loss = LOSSES[name];
      for (const rows of [1, 6]) {
        const { x, targets } = arguments_(loss, rows);
        const want = loss.withGrad(x, targets);
        expect(loss.loss(x, targets, { classes: 7 })).toBe(want.loss);
        const grad = new Float32Array(x.length);
        for (const options of [
          { classes: 7, grad },
          { classes: undefined, grad },
        ]) {
          expect(loss.withGrad(x, targets, options).loss).toBe(want.loss);
          identical(grad, want.grad);
        }
        grad.fill(3);
        for (const classes of [6, 7.5, 14, 0, Number.NaN, "7", null]) {
          expect(() => loss.loss(x, targets, { classes }), `${classes}`).toThrow(/"classes"|"targets"|"logits"/);
          expect(() => loss.withGrad(x, targets, { classes, grad }), `${classes}`).toThrow(
            /"classes"|"targets"|"logits"/,
          );
        }
        expect(() => loss.loss(x, targets, { classes: 7, class: 7 })).toThrow(/"class"/);
        expect(grad.every((value) => value === 3)).toBe(true);
      }
    }
  });

  test("crossEntropy: an index that is no class of a single row is refused before anything is written", () => {
    const grad = Float32Array.of(3, 3);
    for (const k of [2, -1, -(2 ** 31)]) {
      const call = () => celoss.crossEntropyWithGrad(Float32Array.of(1, 2), Int32Array.of(k), { grad });
      expect(call).toThrow(`"targets" expected integer in [0, 2), got ${k}`);
    }
    identical(grad, Float32Array.of(3, 3));
    const ignored = celoss.crossEntropyWithGrad(Float32Array.of(1, 2), Int32Array.of(-100), { grad });
    expect(ignored.loss).toBeNaN();
    identical(grad, new Float32Array(2));
  });

  for (const name of ["crossEntropy", "focalLoss", "nllLoss"]) {
    test(`${name}: ignored rows count for nothing, other indices are refused before anything is written`, () => {
      const loss = LOSSES[name];
      const { x, targets } = arguments_(loss, 5);
      targets[1] = -100;
      targets[4] = -100;
      const want = loss.withGrad(x, targets, MEAN);
      const got = loss.withGrad(x, targets);
      near(got.loss, want.loss, { rel: 2 * FLOAT32 });
      near(got.grad, want.grad, { rel: 2 * FLOAT32 });
      expect(loss.loss(x, targets)).toBe(got.loss);
      const none = loss.withGrad(x, targets.map(() => -100) as Int32Array);
      expect(none.loss).toBeNaN();
      identical(none.grad, new Float32Array(x.length));
      for (const wrong of [7, -1, 2 ** 31 - 1, -(2 ** 31)]) {
        const grad = new Float32Array(x.length).fill(3);
        targets[3] = wrong;
        expect(() => loss.withGrad(x, targets, { grad })).toThrow(`"targets" expected integer in [0, 7), got ${wrong}`);
        expect(() => loss.loss(x, targets)).toThrow(`got ${wrong} at index 3`);
        expect(grad.every((value) => value === 3)).toBe(true);
      }
    });
  }

  test("probabilities and variances out of range are refused before anything is written; NaN passes", () => {
    const grad = Float32Array.of(3, 3);
    const t = Float32Array.of(0, 1);
    const call = (p: number) => celoss.binaryCrossEntropyWithGrad(Float32Array.of(0.5, p), t, { grad });
    expect(() => call(1.5)).toThrow('"probabilities" expected numbers in [0, 1], got 1.5 at index 1');
    expect(() => celoss.gaussianNllLossWithGrad(t, Float32Array.of(1, 2), Float32Array.of(1, -1), { grad })).toThrow(
      '"variance" expected numbers >= 0, got -1 at index 1',
    );
    identical(grad, Float32Array.of(3, 3));
    expect(call(Number.NaN).loss).toBeNaN();
    identical(grad.subarray(1), Float32Array.of(Number.NaN));
    expect(celoss.l1LossWithGrad(Float32Array.of(Number.NaN, 2, 1), Float32Array.of(1, 2, 3)).grad).toEqual(
      Float32Array.of(Number.NaN, 0, -1 / 3),
    );
  });

  test("probabilities and variances out of range are found wherever they are, in calls of any kind", () => {
    const refused = (n: number, at: number, wrong: number, options: celoss.BinaryCrossEntropyGradOptions) => {
      const x = new Float32Array(n).fill(0.25);
      const t = Float32Array.from(x, (_, i) => i % 2);
      x[at] = wrong;
      const expected = `"probabilities" expected numbers in [0, 1], got ${x[at]} at index ${at}`;
      const { grad, gradOutput, ...rest } = options;
      expect(() => celoss.binaryCrossEntropyWithGrad(x, t, options)).toThrow(expected);
      if (options !== NONE) expect(() => celoss.binaryCrossEntropy(x, t, rest)).toThrow(expected);
      else expect(() => celoss.binaryCrossEntropy(x, t)).toThrow(expected);
      const variance = new Float32Array(n).fill(2);
      variance[at] = -Math.abs(wrong);
      const negative = `"variance" expected numbers >= 0, got ${variance[at]} at index ${at}`;
      expect(() => celoss.gaussianNllLoss(x, t, variance)).toThrow(negative);
      expect(() => celoss.gaussianNllLossWithGrad(x, t, variance, { grad, gradOutput })).toThrow(negative);
    };
    const NONE = {};
    for (const [n, at] of [
      [1, 0],
      [6, 5],
      [131, 130],
      [300, 7],
      [5000, 4999],
      [40_001, 20_000],
    ]) {
      for (const wrong of [-1e-6, 1 + 2 ** -22, Infinity, -Infinity]) {
        const grad = new Float32Array(n).fill(3);
        for (const options of [
          NONE,
          { grad },
          { weight: 0 },
          { gradOutput: 0 },
          { posWeight: 0 },
          { labelSmoothing: 0.5 },
          { reduction: "none" as never },
        ]) {
          refused(n, at, wrong, options);
        }
        expect(grad.every((value) => value === 3)).toBe(true);
      }
    }
    const halves = Uint16Array.of(0x3800, 0x4000);
    expect(() => celoss.binaryCrossEntropy(halves, [0, 1], { dtype: "float16" })).toThrow(
      '"probabilities" expected numbers in [0, 1], got 2 at index 1',
    );
  });

  test("shared memory, and logits in a part of an array", () => {
    const { x, targets } = arguments_(LOSSES.crossEntropy, 9);
    const shared = new Float32Array(new SharedArrayBuffer(x.byteLength)) as unknown as Values;
    shared.set(x);
    const part = new Float32Array(x.length + 3).subarray(2, x.length + 2);
    part.set(x);
    const want = celoss.crossEntropyWithGrad(x, targets as Int32Array, MEAN);
    for (const logits of [shared, part]) {
      const got = celoss.crossEntropyWithGrad(logits, targets as Int32Array);
      expect(got.loss).toBe(want.loss);
      identical(got.grad, want.grad as Values);
    }
  });

  test("options that are no plain object, arrays and null as classes go the way of all calls", () => {
    const x = Float32Array.of(1, 2, 3, 4);
    const y = Int32Array.of(1, 0);
    class Options {
      get reduction(): "sum" {
        return "sum";
      }
    }
    const sum = celoss.crossEntropy(x, y, { reduction: "sum" });
    expect(celoss.crossEntropyWithGrad(x, y, new Options()).loss).toBe(sum);
    expect(celoss.focalLossWithGrad(x, y, Object.create({ reduction: "sum" })).loss).toBe(
      celoss.focalLoss(x, y, { reduction: "sum" }),
    );
    expect(() => celoss.crossEntropyWithGrad(x, y, [] as never)).toThrow('"options" expected object, got []');
    expect(() => celoss.mseLossWithGrad(x, x.slice(), [] as never)).toThrow('"options" expected object, got []');
    expect(() => celoss.entropyLoss(x, { classes: null } as never)).toThrow('"classes" expected integer, got null');
  });

  test("a squared error's gradient does not overflow before it is divided", () => {
    const x = new Float32Array(16);
    x[0] = 3e38;
    const t = new Float32Array(16);
    const want = Math.fround((2 * x[0]) / 16);
    near(celoss.mseLossWithGrad(x, t).grad[0], want, { rel: FLOAT32 });
    near(celoss.mseLossWithGrad(x, t, MEAN).grad[0], want, { rel: FLOAT32 });
  });
});
