import { expect, test } from "vitest";
import * as celoss from "../../src/index.js";
import { FLOAT32, FLOAT64 } from "../support/bounds.js";
import * as reference from "../support/elementReference.js";
import { decode, encode } from "../support/halves.js";
import { identical, near } from "../support/near.js";
import { total } from "../support/reference.js";
import { Rng } from "../support/rng.js";
import { describeSets } from "../support/sets.js";

type Of = (x: number, t: number) => reference.ElementResult;
type Floats = Float32Array | Float64Array;

interface Loss {
  name: string;
  run(x: celoss.FloatInput, t: celoss.FloatInput, options: object): number | Floats;
  withGrad(
    x: celoss.FloatInput,
    t: celoss.FloatInput,
    options: object,
  ): { loss: number | Floats; grad: ArrayLike<number> };
  of: Of;
  x(rng: Rng): number;
  t(rng: Rng): number;
}

const normal = (rng: Rng) => rng.normal(3);
const unit = (rng: Rng) => rng.pick([0, 1, rng.uniform(), rng.uniform() * 1e-6, 1 - rng.uniform() * 1e-5]);
const counts = (rng: Rng) => rng.integer(9);
const positive = (rng: Rng) => rng.uniform() * rng.pick([1e-3, 1, 30]);

function loss<O extends object>(
  name: string,
  run: celoss.ElementLoss<O>,
  withGrad: celoss.ElementLossWithGrad<O>,
  own: O,
  of: Of,
  [x, t]: [Loss["x"], Loss["t"]],
): Loss {
  return {
    name: `${name} ${JSON.stringify(own)}`,
    run: (input, targets, options) => run(input, targets, { ...own, ...options }) as number | Floats,
    withGrad: (input, targets, options) => withGrad(input, targets, { ...own, ...options }) as never,
    of,
    x,
    t,
  };
}

const { binaryCrossEntropy: bce, binaryCrossEntropyWithGrad: bceGrad } = celoss;
const LOSSES: Loss[] = [
  loss("binaryCrossEntropy", bce, bceGrad, {}, (p, t) => reference.binaryCrossEntropy(p, t), [unit, unit]),
  loss(
    "binaryCrossEntropy",
    bce,
    bceGrad,
    { posWeight: 2.5, labelSmoothing: 0.25 },
    (p, t) => reference.binaryCrossEntropy(p, t * 0.75 + 0.125, 2.5),
    [unit, unit],
  ),
  loss("klDivLoss", celoss.klDivLoss, celoss.klDivLossWithGrad, {}, reference.klDiv, [normal, unit]),
  loss("klDivLoss", celoss.klDivLoss, celoss.klDivLossWithGrad, { logTarget: true }, reference.klDivLog, [
    normal,
    normal,
  ]),
  ...[
    { alpha: 0.25, gamma: 2 },
    { alpha: -1, gamma: 0 },
    { alpha: 0.75, gamma: 0.5 },
    { alpha: 0, gamma: 3 },
  ].map((own) =>
    loss(
      "sigmoidFocalLoss",
      celoss.sigmoidFocalLoss,
      celoss.sigmoidFocalLossWithGrad,
      own,
      (x, t) => reference.sigmoidFocal(x, t, own.alpha, own.gamma),
      [normal, unit],
    ),
  ),
  loss("mseLoss", celoss.mseLoss, celoss.mseLossWithGrad, {}, reference.squared, [normal, normal]),
  loss("l1Loss", celoss.l1Loss, celoss.l1LossWithGrad, {}, reference.absolute, [normal, normal]),
  ...[false, true].flatMap((full) => [
    loss(
      "poissonNllLoss",
      celoss.poissonNllLoss,
      celoss.poissonNllLossWithGrad,
      { full },
      (x, t) => reference.poisson(x, t, true, full, 1e-8),
      [normal, counts],
    ),
    loss(
      "poissonNllLoss",
      celoss.poissonNllLoss,
      celoss.poissonNllLossWithGrad,
      { logInput: false, full, eps: 1e-3 },
      (x, t) => reference.poisson(x, t, false, full, 1e-3),
      [positive, counts],
    ),
  ]),
];

/**
 * Units in the last place that an element may be off by, of the sizes of its terms: a logarithm and an exponential of 3
 * ulp each with its argument's rounding, and some ten operations. The exponential's argument is up to 30 in size.
 */
const ULPS = 40;
const WIDTHS = [
  ["float32", Float32Array, FLOAT32, 2 ** -126],
  ["float64", Float64Array, FLOAT64, 2 ** -1000],
] as const;
function make(Width: { from(values: number[]): Floats }, n: number, draw: () => number): Floats {
  return Width.from(Array.from({ length: n }, draw));
}

/** Below one vector, whole vectors, one over, and several tiles. */
const LENGTHS = [1, 2, 3, 4, 5, 8, 67, 40_001];
/** The same of blocks of 64 and 128 elements, and where calls are direct no more. */
const BLOCKS = [1, 2, 3, 4, 5, 7, 63, 64, 66, 127, 128, 129, 131, 192, 255, 257, 1000, 4096, 4097, 40_001];

describeSets("element-wise losses", (set) => {
  for (const { name, run, withGrad, of, x: drawX, t: drawT } of LOSSES) {
    for (const [type, Width, u, tiny] of WIDTHS) {
      test(`${name}, ${type}: losses and gradients within ${ULPS} ulp of their terms`, () => {
        for (const n of LENGTHS) {
          const rng = new Rng(n);
          const x = make(Width, n, () => drawX(rng));
          const t = make(Width, n, () => drawT(rng));
          const w = make(Width, n, () => rng.pick([0, 1, 0.5, -2]));
          const g = make(Width, n, () => rng.normal());
          const want = Array.from(x, (value, i) => of(value, t[i]));
          const bounds = (sizes: number[]) => sizes.map((size) => ULPS * u * size + tiny);
          const plain = withGrad(x, t, { reduction: "none" });
          near(
            plain.loss,
            want.map((one) => one.loss),
            { abs: bounds(want.map((one) => one.lossSize)) },
            "loss",
          );
          near(
            plain.grad,
            want.map((one) => one.grad),
            { abs: bounds(want.map((one) => one.gradSize)) },
            "grad",
          );

          const weighted = withGrad(x, t, { reduction: "none", weight: w, gradOutput: g });
          near(
            weighted.loss,
            want.map((one, i) => w[i] * one.loss),
            { abs: bounds(want.map((one, i) => Math.abs(w[i]) * one.lossSize)) },
            "weighted loss",
          );
          near(
            weighted.grad,
            want.map((one, i) => g[i] * w[i] * one.grad),
            { abs: bounds(want.map((one, i) => Math.abs(g[i] * w[i]) * one.gradSize)) },
            "weighted grad",
          );
          const mean = total(want.map((one) => one.loss)) / n;
          const size = total(want.map((one) => one.lossSize)) / n;
          near(run(x, t, {}), mean, { abs: ULPS * u * size + tiny }, "mean");
          near(withGrad(x, t, { reduction: "sum" }).loss, mean * n, { abs: (ULPS * u * size + tiny) * n }, "sum");

          const inPlace = x.slice();
          identical(withGrad(inPlace, t, { reduction: "none", grad: inPlace }).grad, plain.grad, "in place");
        }
      });
    }

    test(`${name}, 16-bit: as the widened numbers, gradients rounded`, () => {
      const rng = new Rng(5);
      for (const dtype of ["float16", "bfloat16"] as const) {
        const bits = encode(
          Float32Array.from({ length: 33 }, () => drawX(rng)),
          dtype,
        );
        const wide = Float32Array.from(decode(bits, dtype));
        const t = Float32Array.from({ length: 33 }, () => drawT(rng));
        const narrow = withGrad(bits, t, { dtype, reduction: "sum" });
        const full = withGrad(wide, t, { reduction: "sum" });
        expect(narrow.loss).toBe(full.loss);
        identical(narrow.grad, encode(Float32Array.from(full.grad), dtype), "grad");
      }
    });

    test(`${name}: mean over nothing, denominator, unknown options`, () => {
      expect(run([], [], {})).toBeNaN();
      expect(run([], [], { onEmpty: "zero" })).toBe(0);
      expect(() => run([], [], { onEmpty: "throw" })).toThrow(RangeError);
      const [x, t] = [Float64Array.of(0.25, 0.5), Float64Array.of(1, 0)];
      near(run(x, t, { denominator: 8 }), (run(x, t, { reduction: "sum" }) as number) / 8, { rel: 4 * FLOAT64 });
      expect(() => run(x, t, { reduction: "median" })).toThrow(/"reduction" expected/);
      expect(() => run(x, t, { weigth: 1 })).toThrow(/did you mean "weight"/);
      expect(() => run(x, [1], {})).toThrow(/^"targets" expected 2 elements .*, got 1$/);
    });
  }

  for (const [type, Width, u] of WIDTHS) {
    test(`gaussianNllLoss, ${type}: losses and both gradients within ${ULPS} ulp of their terms`, () => {
      for (const [n, full] of [
        [1, false],
        [7, true],
        [20_003, true],
      ] as const) {
        const rng = new Rng(n);
        const mean = make(Width, n, () => rng.normal(3));
        const t = make(Width, n, () => rng.normal(3));
        const v = make(Width, n, () => rng.pick([0, 1e-9, rng.uniform(), 7]));
        // The least variance is a number of the width that is computed in.
        const eps = Width.of(1e-4)[0];
        const want = Array.from(mean, (x, i) => reference.gaussian(x, t[i], v[i], full, eps));
        const got = celoss.gaussianNllLossWithGrad(mean, t, v, { full, eps, reduction: "none" });
        const bounds = (sizes: number[]) => sizes.map((size) => ULPS * u * size);
        near(
          got.loss,
          want.map((one) => one.loss),
          { abs: bounds(want.map((one) => one.lossSize)) },
          "loss",
        );
        near(
          got.grad as Floats,
          want.map((one) => one.grad),
          { abs: bounds(want.map((one) => one.gradSize)) },
          "grad",
        );
        near(
          got.gradVariance as Floats,
          want.map((one) => one.gradVariance),
          { abs: bounds(want.map((one) => one.gradVarianceSize)) },
          "gradVariance",
        );
        const size = total(want.map((one) => one.lossSize)) / n;
        near(
          celoss.gaussianNllLoss(mean, t, v, { full, eps }),
          total(want.map((one) => one.loss)) / n,
          { abs: ULPS * u * size },
          "mean",
        );
      }
    });
  }

  // Blocks of elements share a logarithm: of 32 numbers a lane, each rounded by some 3 ulp, which as random errors add up
  // to 3·√32 = 17.
  test(`binaryCrossEntropy of labels, float32: the mean and its gradient within ${ULPS} ulp of their terms, any length`, () => {
    for (const n of BLOCKS) {
      const rng = new Rng(n);
      const x = Float32Array.from({ length: n }, () => unit(rng) * 0.999 + 1e-7);
      // Mostly right, as of a classifier that has learned something, and at times all of them.
      const t = Float32Array.from(x, (p) => (n % 3 === 0 || rng.uniform() < 0.9 ? Math.round(p) : rng.integer(2)));
      const want = Array.from(x, (p, i) => reference.binaryCrossEntropy(p, t[i]));
      const { loss, grad } = bceGrad(x, t);
      const size = total(want.map((one) => one.lossSize)) / n;
      near(loss, total(want.map((one) => one.loss)) / n, { abs: ULPS * FLOAT32 * size }, `${n} elements`);
      const bounds = want.map((one) => (ULPS * FLOAT32 * one.gradSize) / n);
      near(
        grad,
        want.map((one) => one.grad / n),
        { abs: bounds },
        `${n} elements`,
      );
      expect(bce(x, t)).toBe(loss);
      expect(bceGrad(x, t, { grad: x }).grad).toBe(x);
      identical(x, grad);
    }
  });

  test("binaryCrossEntropy of labels: a loss of 100 where p is 0, soft labels and NaN among the others", () => {
    const n = 300;
    const [x, t] = [new Float32Array(n).fill(0.75), new Float32Array(n).fill(1)];
    const one = -Math.log(0.75);
    for (const at of [0, 3, 140, 299]) {
      const [zero, soft, nan] = [x.slice(), t.slice(), x.slice()];
      zero[at] = 0;
      soft[at] = 0.5;
      nan[at] = Number.NaN;
      near(bce(zero, t), (100 + (n - 1) * one) / n, { rel: ULPS * FLOAT32 });
      const half = reference.binaryCrossEntropy(0.75, 0.5);
      const { loss, grad } = bceGrad(x, soft);
      near(loss, (half.loss + (n - 1) * one) / n, { rel: ULPS * FLOAT32 });
      near(grad[at], half.grad / n, { rel: ULPS * FLOAT32 });
      const broken = bceGrad(nan, t);
      expect(broken.loss).toBeNaN();
      expect(broken.grad.findIndex(Number.isNaN)).toBe(at);
      expect(broken.grad.filter(Number.isNaN)).toHaveLength(1);
    }
    // A product that is no float32.
    near(bce(new Float32Array(n).fill(1e-6), t), -Math.log(Math.fround(1e-6)), { rel: ULPS * FLOAT32 });
  });

  test(`gaussianNllLoss, float32: the mean and its gradients within ${ULPS} ulp of their terms, any length`, () => {
    for (const n of BLOCKS) {
      const rng = new Rng(n);
      const mean = Float32Array.from({ length: n }, () => rng.normal(3));
      const t = Float32Array.from(mean, () => rng.normal(3));
      const v = Float32Array.from(mean, () => rng.pick([0, -0, 1e-9, rng.uniform(), 7, 1e30 * rng.uniform()]));
      const eps = Math.fround(1e-6);
      const want = Array.from(mean, (x, i) => reference.gaussian(x, t[i], v[i], false, eps));
      const { loss, grad, gradVariance } = celoss.gaussianNllLossWithGrad(mean, t, v);
      const size = total(want.map((one) => one.lossSize)) / n;
      near(loss, total(want.map((one) => one.loss)) / n, { abs: ULPS * FLOAT32 * size }, `${n} elements`);
      const bounds = (sizes: number[]) => sizes.map((one) => (ULPS * FLOAT32 * one) / n + 2 ** -126);
      near(
        grad,
        want.map((one) => one.grad / n),
        { abs: bounds(want.map((one) => one.gradSize)) },
        `${n} means`,
      );
      near(
        gradVariance as Floats,
        want.map((one) => one.gradVariance / n),
        { abs: bounds(want.map((one) => one.gradVarianceSize)) },
        `${n} variances`,
      );
      near(celoss.gaussianNllLoss(mean, t, v), loss, { abs: FLOAT32 * size });
    }
    // Logarithms that are nearly 0, and blocks whose product is no ordinary float64.
    for (const spread of [0, 1e-6, 1e-4, 1e-2, 0.5]) {
      for (const scale of [1, 1e-3, 1e-6, 1e-12, 1e12, 1e30]) {
        const rng = new Rng(7);
        const v = Float32Array.from({ length: 300 }, () => scale * (1 + spread * rng.uniform(-1, 1)));
        const zero = new Float32Array(300);
        const want = Array.from(v, (one) => reference.gaussian(0, 0, one, false, Math.fround(1e-6)));
        const bound = ULPS * FLOAT32 * total(want.map((one) => one.lossSize));
        const sum = total(want.map((one) => one.loss));
        near(celoss.gaussianNllLoss(zero, zero.slice(), v) * 300, sum, { abs: bound }, `${scale} ± ${spread}`);
      }
    }
    const [x, v] = [new Float32Array(200), new Float32Array(200).fill(1)];
    v[150] = Infinity;
    expect(celoss.gaussianNllLoss(x, x.slice(), v)).toBe(Infinity);
    v[20] = Number.NaN;
    expect(celoss.gaussianNllLoss(x, x.slice(), v)).toBeNaN();
  });

  test(`mseLoss, l1Loss, float32: means and gradients within ${ULPS} ulp of their terms, any length`, () => {
    const losses = [
      [celoss.mseLossWithGrad, reference.squared],
      [celoss.l1LossWithGrad, reference.absolute],
    ] as const;
    for (const n of BLOCKS) {
      const rng = new Rng(n);
      const x = Float32Array.from({ length: n }, () => rng.pick([rng.normal(3), 1]));
      const t = Float32Array.from(x, () => rng.pick([rng.normal(3), 1]));
      for (const [run, of] of losses) {
        const want = Array.from(x, (value, i) => of(value, t[i]));
        const { loss, grad } = run(x, t);
        const mean = total(want.map((one) => one.loss)) / n;
        near(loss, mean, { rel: ULPS * FLOAT32 }, `${n} elements`);
        near(
          grad,
          want.map((one) => one.grad / n),
          { abs: want.map((one) => (ULPS * FLOAT32 * one.gradSize) / n) },
          `${n} elements`,
        );
        const given = x.slice();
        identical(run(given, t, { grad: given }).grad, grad);
      }
    }
  });

  test("gaussianNllLoss: one variance for all, both gradients into the caller's arrays, the mean's in place", () => {
    const [mean, t] = [Float64Array.of(1, 2, 3, 4), Float64Array.of(0, 2, 5, 4)];
    const apart = celoss.gaussianNllLossWithGrad(mean, t, 0.5);
    const grad = mean.slice();
    const gradVariance = new Float64Array(4);
    celoss.gaussianNllLossWithGrad(grad, t, 0.5, { grad, gradVariance });
    identical(grad, apart.grad as Floats);
    identical(gradVariance, apart.gradVariance as Floats);
    const variance = Float64Array.of(0.5, 0.5, 0.5, 0.5);
    celoss.gaussianNllLossWithGrad(mean, t, variance, { gradVariance: variance });
    identical(variance, apart.gradVariance as Floats);
  });

  test("gaussianNllLoss: refuses before anything is written", () => {
    const [mean, t] = [Float64Array.of(1, 2), Float64Array.of(0, 2)];
    const gradVariance = Float64Array.of(7, 7);
    const call = (variance: never, options: object) =>
      celoss.gaussianNllLossWithGrad(mean, t, variance, { gradVariance, ...options });
    expect(() => call(undefined as never, {})).toThrow(/^"variance" expected number/);
    expect(() => call([1, -2] as never, {})).toThrow('"variance" expected numbers >= 0, got -2 at index 1');
    expect(() => call(-1 as never, {})).toThrow(/^"variance" expected finite number >= 0, got -1/);
    expect(() => call(1 as never, { grad: gradVariance })).toThrow(
      /^"gradVariance" expected memory apart from that of "grad"/,
    );
    expect(() => call(mean as never, { gradVariance: mean })).toThrow(/^"gradVariance" expected memory apart/);
    expect(() => call(1 as never, { grad: new Float64Array(3) })).toThrow(/^"grad" expected 2 elements/);
    expect(gradVariance).toEqual(Float64Array.of(7, 7));
  });

  test("gaussianNllLoss: a float64 variance below 0 that no float32 tells from 0 is refused", () => {
    const x = Float32Array.of(0);
    expect(() => celoss.gaussianNllLoss(x, x.slice(), [-1e-50])).toThrow(
      '"variance" expected numbers >= 0, got -1e-50',
    );
    expect(() => celoss.gaussianNllLossWithGrad(x, x.slice(), Float64Array.of(-1e-50))).toThrow(/"variance" expected/);
  });

  test("a weight or an upstream gradient of 0 for an element leaves nothing of a derivative that overflows", () => {
    const f32 = (...values: number[]) => Float32Array.from(values);
    for (const zero of [{ weight: f32(1, 0) }, { gradOutput: f32(1, 0) }]) {
      const { grad } = celoss.poissonNllLossWithGrad(f32(0, 100), f32(1, 1), { ...zero, reduction: "sum" });
      identical(grad, f32(0, 0));
      const options = { ...zero, eps: 1e-30, reduction: "sum" } as const;
      const gaussian = celoss.gaussianNllLossWithGrad(f32(0, 0), f32(0, 92), f32(1, 0), options);
      expect([gaussian.grad[1] === 0, gaussian.gradVariance[1] === 0]).toEqual([true, true]);
      const { grad: ofNaN } = celoss.poissonNllLossWithGrad(f32(0, Number.NaN), f32(1, 1), {
        ...zero,
        reduction: "sum",
      });
      expect(ofNaN[1]).toBeNaN();
    }
  });

  test("NaN is none of what counts as 0: a NaN logit of weight α_t = 0, a rate below 0 at t = 0", () => {
    for (const Width of [Float32Array, Float64Array]) {
      const nan = Width.of(Number.NaN, 1);
      expect(celoss.sigmoidFocalLoss(nan, Width.of(0, 1), { alpha: 1, gamma: 0 })).toBeNaN();
      expect(celoss.poissonNllLoss(Width.of(-1), Width.of(0), { logInput: false })).toBeNaN();
    }
  });

  test("klDivLoss: batchmean divides by the first dimension", () => {
    const x = Float64Array.of(-1, -2, -3, -4, -1, -1);
    const t = Float64Array.of(0.2, 0.8, 0, 0.5, 0.3, 0.2);
    const sum = celoss.klDivLoss(x, t, { dims: [3, 2], reduction: "sum" });
    const { loss, grad } = celoss.klDivLossWithGrad(x, t, { dims: [3, 2], reduction: "batchmean" });
    near(loss, sum / 3, { rel: 4 * FLOAT64 });
    near(
      grad,
      t.map((value) => -value / 3),
      { rel: 2 * FLOAT64 },
    );
    expect(() => celoss.mseLoss(x, t, { reduction: "batchmean" as never })).toThrow(/"reduction" expected/);
  });

  test("binaryCrossEntropy: probabilities outside of [0, 1] are refused, NaN stays NaN", () => {
    expect(() => celoss.binaryCrossEntropy([0.5, 1.5], [1, 1])).toThrow(
      '"probabilities" expected numbers in [0, 1], got 1.5 at index 1',
    );
    expect(celoss.binaryCrossEntropy([0.5, Number.NaN], [1, 1])).toBeNaN();
    expect(celoss.binaryCrossEntropy([0, 1, 0, 1], [1, 0, 0, 1], { reduction: "none" })).toEqual(
      Float64Array.of(100, 100, 0, 0),
    );
  });

  test("binaryCrossEntropyWithLogits: label smoothing moves the targets towards ½", () => {
    const x = Float32Array.of(-3, 0.5, 2);
    const smoothed = celoss.binaryCrossEntropyWithLogitsWithGrad(x, [0, 1, 1], { labelSmoothing: 0.5 });
    const moved = celoss.binaryCrossEntropyWithLogitsWithGrad(x, [0.25, 0.75, 0.75]);
    expect(smoothed).toEqual(moved);
    expect(() => celoss.binaryCrossEntropyWithLogits(x, [0, 1, 1], { labelSmoothing: 2 })).toThrow(/labelSmoothing/);
  });

  test("infinities: 0·∞ counts as 0, what is certainly wrong is infinite", () => {
    const x = Float32Array.of(Infinity, -Infinity, Infinity, -Infinity);
    const t = Float32Array.of(1, 0, 0, 1);
    const { loss, grad } = celoss.sigmoidFocalLossWithGrad(x, t, { alpha: -1, reduction: "none" });
    expect(Array.from(loss)).toEqual([0, 0, Infinity, Infinity]);
    near(grad, [0, 0, 1, -1], {});
    expect(celoss.klDivLoss([-Infinity, -Infinity], [0, 1], { reduction: "none" })).toEqual(
      Float64Array.of(0, Infinity),
    );
    expect(celoss.klDivLoss([0], [-Infinity], { logTarget: true })).toBe(0);
    expect(celoss.poissonNllLoss([-Infinity, -Infinity], [0, 2], { reduction: "none" })).toEqual(
      Float64Array.of(0, Infinity),
    );
    expect(celoss.poissonNllLoss(Float32Array.of(200, 89), [0, 0], { reduction: "none" })).toEqual(
      Float32Array.of(Infinity, Infinity),
    );
  });

  for (const [type, Width, u, tiny] of WIDTHS) {
    test(`sigmoid, logSigmoid, softplus, ${type}: within 12 ulp`, () => {
      const rng = new Rng(3);
      for (const n of LENGTHS) {
        const x = make(Width, n, () => rng.pick([rng.normal(4), rng.normal(80), 0, -0]));
        near(celoss.softplus(x), Array.from(x, reference.softplus), { rel: 12 * u, abs: tiny });
        near(
          celoss.logSigmoid(x),
          Array.from(x, (v) => -reference.softplus(-v)),
          { rel: 12 * u, abs: tiny },
        );
        near(
          celoss.sigmoid(x),
          Array.from(x, (v) => (v < 0 ? Math.exp(v) / (1 + Math.exp(v)) : 1 / (1 + Math.exp(-v)))),
          {
            rel: 12 * u,
            abs: 8 * tiny,
          },
        );
      }
      const edges = Width.of(-Infinity, Infinity, Number.NaN);
      expect(Array.from(celoss.sigmoid(edges))).toEqual([0, 1, Number.NaN]);
      expect(Array.from(celoss.softplus(edges))).toEqual([0, Infinity, Number.NaN]);
      expect(Array.from(celoss.logSigmoid(edges))).toEqual([-Infinity, expect.closeTo(0), Number.NaN]);
    });
  }

  test("sigmoid: 16-bit stays 16-bit, nested and out are taken", () => {
    const bits = encode(Float32Array.of(-1, 0, 2), "float16");
    const want = encode(celoss.sigmoid(Float32Array.from(decode(bits, "float16"))), "float16");
    expect(celoss.sigmoid(bits, { dtype: "float16" })).toEqual(want);
    const x = Float32Array.of(-1, 0, 2);
    const out = new Float64Array(3);
    expect(celoss.softplus(x, { out })).toBe(out);
    identical(out, Float64Array.from(celoss.softplus(x)));
    expect(celoss.sigmoid(x, { out: x })).toBe(x);
    expect(() => celoss.sigmoid(x, { out: new Float32Array(2) })).toThrow(/"out" expected 3 elements/);
    expect(() => celoss.sigmoid(Int32Array.of(1) as never)).toThrow(TypeError);
    expect(set).toBe(celoss.backend().variant);
  });
});
