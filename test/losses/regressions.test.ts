import { expect, test } from "vitest";
import * as celoss from "../../src/index.js";
import {
  binaryCrossEntropyWithLogitsWithGrad,
  CrossEntropyWorkspace,
  crossEntropy,
  crossEntropyWithGrad,
  softmax,
} from "../../src/index.js";
import { FLOAT32 } from "../support/bounds.js";
import { identical, near } from "../support/near.js";
import * as reference from "../support/reference.js";
import { Rng } from "../support/rng.js";
import { describeSets } from "../support/sets.js";

describeSets("regressions", () => {
  // ln(1 + e^d) of the exact difference d of the logits, times the scale: 3 ulp of float32 in e^d, 1 in d.
  test("a scale multiplies differences of logits, which an offset does not blur: within 5e-7 relative", () => {
    const far = crossEntropy(Float32Array.of(1e6, 1e6 + 1), [0], { scale: 0.1 });
    expect(Math.abs(far / Math.log1p(Math.exp(0.1)) - 1)).toBeLessThan(5e-7);
    const close = crossEntropy(Float32Array.of(100.5, 101.25), [1], { scale: 1 / 0.7 });
    expect(Math.abs(close / Math.log1p(Math.exp(-0.75 / 0.7)) - 1)).toBeLessThan(5e-7);
  });

  test("a row whose maximum leads by 30 to 80: loss and gradient within 2e-6 of themselves [seed 5]", () => {
    const rng = new Rng(5);
    for (let i = 0; i < 500; i++) {
      const x = rng.logits(2 + rng.integer(60), 1);
      const y = rng.integer(x.length);
      x[y] = rng.uniform(40, 80);
      const want = reference.crossEntropyWithGrad(x, Int32Array.of(y), { dims: [1, x.length] });
      const { loss, grad } = crossEntropyWithGrad(x, [y]);
      near([loss], want.loss, { rel: 2e-6 });
      // p_y − 1 is 0 in float64 here; the row's gradients sum to 0.
      const wanted = Array.from(want.grad);
      wanted[y] = 0;
      wanted[y] = -wanted.reduce((sum, g) => sum + g, 0);
      near(grad, wanted, { rel: 2e-6, abs: 2 ** -149 });
    }
  });

  // Where the exponentials of the fast ways end, and the next ones begin.
  test("rows around ±21.9, ±66, ±88 and ±350: loss within 2e-6, gradient within 2e-6 or 1e-7 of its largest [seed 8]", () => {
    const rng = new Rng(8);
    for (const level of [21.9, 66, 88, 350, 0].flatMap((value) => [value, -value])) {
      for (const classes of [3, 10, 32, 33, 1000]) {
        for (const width of [0.5, 4, 30]) {
          const x = Float32Array.from({ length: classes }, () => level + rng.normal(width));
          const y = rng.integer(classes);
          const want = reference.crossEntropyWithGrad(x, Int32Array.of(y), { dims: [1, classes] });
          const { loss, grad } = crossEntropyWithGrad(x, [y]);
          near([loss], want.loss, { rel: 2e-6 });
          const others = want.grad.filter((_, j) => j !== y);
          const largest = others.reduce((a, b) => Math.max(a, b), 0);
          // p_y − 1 of the float64 reference cancels.
          const wanted = Array.from(want.grad);
          wanted[y] = -others.reduce((sum, g) => sum + g, 0);
          const abs = wanted.map((g) => Math.max(2e-6 * Math.abs(g), 1e-7 * largest, 2 ** -149));
          near(grad, wanted, { abs });
        }
      }
    }
  });

  // Where x·log₂e is a sum of few powers of 2, as far as the last places of a mantissa reach: 2²² … for float32, 2⁵¹ ….
  test.each([
    ["float32", 2e-6, Float32Array, 22],
    ["float64", 1e-13, Float64Array, 51],
  ] as const)("%s: a class at −2^k·ln 2 takes no part, k = 8 … 60: loss within %s", (_, rel, Floats, last) => {
    for (const classes of [3, 40, 1000]) {
      const others = new Floats(Array.from({ length: classes }, (_, i) => Math.sin(i)));
      const x = others.slice();
      others[classes >> 1] = -Infinity;
      const { loss: want } = reference.crossEntropyWithGrad(others, Int32Array.of(0), { dims: [1, classes] });
      for (const k of [8, 20, 30, 40, 60, last, last + Math.log2(2.25), last + Math.log2(2.5), last + Math.log2(3)]) {
        for (let beside = -1100; beside < 1100; beside += classes === 3 ? 0.75 : 23.25) {
          x[classes >> 1] = -(2 ** k) * Math.LN2 + (k === 8 ? -1100 : 0) + beside;
          if (Math.abs(crossEntropy(x, [0]) / want[0] - 1) > rel) throw new Error(`${x[classes >> 1]} takes part`);
        }
      }
    }
  });

  // The differences of the logits are exact, and their logarithm of sums is float64.
  test("a target where x·log₂e cancels what is added to it: its loss to 1e-9", () => {
    for (const x of [-5814606, -2907281]) {
      near([crossEntropy(Float32Array.of(0, x, 1), [1])], [Math.log1p(Math.E) - x], { rel: 1e-9 });
    }
  });

  test("few classes, all others far below 0: loss and gradient within 2e-6 of themselves", () => {
    for (const gap of [23, 35, 50, 64.1490478515625]) {
      const exact = Math.log1p(Math.exp(-gap));
      const { loss, grad } = crossEntropyWithGrad(Float32Array.of(0, Math.fround(-gap)), [0]);
      near([loss, ...grad], [exact, -exact, exact], { rel: 2e-6 });
    }
  });

  test("upstream gradients near the ends of float32 and beyond: in proportion to 1e-6, not finite where that is, 0 of ignored rows", () => {
    for (const classes of [4, 40]) {
      const weight = new Float32Array(classes).fill(1);
      const smoothed = { labelSmoothing: 0.1 };
      for (const options of [{}, smoothed, { polyEpsilon: 1 }, { ...smoothed, weight }]) {
        for (const level of [0, 1, -21]) {
          const logits = new Float32Array(classes).fill(level);
          const at = (gradOutput: number) => crossEntropyWithGrad(logits, [0], { ...options, gradOutput }).grad;
          const unit = at(1);
          for (const upstream of [1e-28, 1e28, 1e30]) {
            near(
              at(upstream),
              Array.from(unit, (value) => value * upstream),
              { rel: 1e-6 },
            );
          }
          expect(Number.isFinite(at(1e308)[0])).toBe(false);
        }
      }
    }
    const ignored = crossEntropyWithGrad(new Float32Array(4), [-100], { gradOutput: 1e300, reduction: "sum" });
    expect([...ignored.grad]).toEqual([0, 0, 0, 0]);
  });

  test("binary elements from 44 to 87: the loss within 6e-6 of itself, alone and with its gradient", () => {
    for (const x of [43.9, 44.5, 70, 85.9, 86.1, 87.2]) {
      for (const n of [8, 100, 1024]) {
        const logits = new Float32Array(n).fill(x);
        const ones = new Float32Array(n).fill(1);
        const exact = n * Math.log1p(Math.exp(-logits[0]));
        const alone = celoss.binaryCrossEntropyWithLogits(logits, ones, { reduction: "sum" });
        const { loss } = binaryCrossEntropyWithLogitsWithGrad(logits, ones, { reduction: "sum" });
        near([alone, loss], [exact, exact], { rel: 6e-6 });
      }
    }
  });

  test("certain elements, |x| from 22 to 80: binary loss and gradient within 6e-6 of themselves [seed 9]", () => {
    const rng = new Rng(9);
    const x = Float32Array.from({ length: 1000 }, () => rng.uniform(22, 80) * (rng.uniform() < 0.5 ? -1 : 1));
    const t = Float32Array.from(x, (value) => (value > 0 ? 1 : 0));
    const { loss, grad } = binaryCrossEntropyWithLogitsWithGrad(x, t, { reduction: "sum" });
    const exact = Array.from(x, (value) => Math.log1p(Math.exp(-Math.abs(value))));
    near([loss], [exact.reduce((sum, value) => sum + value, 0)], { rel: 6e-6 });
    near(
      grad,
      Array.from(x, (value) => -Math.sign(value) / (1 + Math.exp(Math.abs(value)))),
      { rel: 6e-6 },
    );
  });

  test("with all class weights 0 the gradient is that of the z-loss, label smoothing or not", () => {
    const options = { weight: [0, 1, 1], zLoss: 0.1 };
    const want = crossEntropyWithGrad([1, 2, 3], [0], options).grad as Float64Array;
    identical(crossEntropyWithGrad([1, 2, 3], [0], { ...options, labelSmoothing: 0.3 }).grad as Float64Array, want);
  });

  test("a workspace refuses what is no boolean, and weights that are no numbers", () => {
    const shape = { rows: 1, classes: 2 };
    for (const wrong of [{ weight: [5, 1] }, { weight: 1 }, { inPlace: "yes" }]) {
      expect(() => new CrossEntropyWorkspace({ ...shape, ...wrong } as never)).toThrow(/expected boolean, got/);
    }
    const work = new CrossEntropyWorkspace({ ...shape, weight: true });
    work.weight?.set([1, Number.NaN]);
    expect(() => work.forward()).toThrow('"weight" expected finite numbers, got NaN at index 1');
  });

  test("an array that holds itself is refused", () => {
    const circular: unknown[] = [];
    circular.push(circular);
    expect(() => softmax(circular as never)).toThrow('"logits" expected arrays nested at most 32 deep');
    expect(() => crossEntropy([[1]], circular as never)).toThrow('"targets" expected arrays nested at most 32 deep');
  });

  test("inherited options are options: focalLoss, klDivLoss with batchmean", () => {
    const x = Float32Array.of(1, 2, 3, 4);
    const y = Int32Array.of(1, 0);
    expect(celoss.focalLoss(x, y, Object.create({ reduction: "sum", gamma: 1 }))).toBe(
      celoss.focalLoss(x, y, { reduction: "sum", gamma: 1 }),
    );
    const t = Float32Array.of(0, 1, 0.5, 1);
    const options = { reduction: "batchmean", denominator: 8 } as const;
    expect(celoss.klDivLoss(x, t, Object.create(options))).toBe(celoss.klDivLoss(x, t, options));
  });

  test("entropyLoss: a row whose classes are all masked has loss and gradient 0, and counts", () => {
    const x = Float32Array.of(1, 2, 3, 4);
    for (const logits of [x, Float64Array.from(x)]) {
      const { loss, grad } = celoss.entropyLossWithGrad(logits, { classes: 2, mask: [false, false, true, true] });
      const alone = celoss.entropyLossWithGrad(logits.subarray(2));
      near(loss, alone.loss / 2, { rel: 4 * FLOAT32 });
      near(grad, [0, 0, alone.grad[0] / 2, alone.grad[1] / 2], { rel: 4 * FLOAT32 });
    }
  });

  test("what is out of range is named by the caller's own place", () => {
    const nested = [
      [1, 2],
      [3, 4],
    ];
    const call = (variance: never) => () => celoss.gaussianNllLoss(nested, nested, variance);
    expect(call([[1], [-4]] as never)).toThrow('"variance" expected numbers >= 0, got -4 at index [1][0]');
    expect(
      call([
        [1, 2],
        [3, -4],
      ] as never),
    ).toThrow('"variance" expected numbers >= 0, got -4 at index [1][1]');
    expect(call(Float32Array.of(1, -4) as never)).toThrow('"variance" expected numbers >= 0, got -4 at index 1');
    expect(() => celoss.binaryCrossEntropy([[0.5], [1.5]], [[1], [1]])).toThrow("got 1.5 at index [1][0]");
  });

  test("messages: own reductions, own names, numbers where they may be, class indices where nothing else may", () => {
    const x = Float32Array.of(1, 2, 3, 4);
    const t = Float32Array.of(0, 1, 0.5, 1);
    expect(() => celoss.klDivLoss(x, t, { reduction: "foo" } as never)).toThrow(
      '"reduction" expected "mean", "sum", "none", "batchmean", got "foo"',
    );
    expect(() => celoss.entropyLoss(new Float32Array(0), { classes: 3, onEmpty: "throw" })).toThrow(
      '"logits" expected something to average',
    );
    expect(() => celoss.mseLoss([], [], { onEmpty: "throw" })).toThrow('"input" expected something to average');
    for (const loss of [celoss.nllLoss, celoss.focalLoss]) {
      const call = loss as typeof celoss.nllLoss;
      expect(() => call(x, Float32Array.of(1, 0) as never)).toThrow(
        '"targets" expected class indices (integers), got Float32Array(2)',
      );
    }
    expect(() => celoss.mseLoss(x, t, { weight: "2" } as never)).toThrow('"weight" expected number, typed array');
    expect(() => celoss.logSumExp(x, { b: "1" } as never)).toThrow('"b" expected number, typed array');
    const plain = [1, 2];
    expect(() => celoss.crossEntropyWithGrad(plain, [1], { grad: plain as never })).toThrow("own typed array");
  });

  test("null is no factor, and an `out` that is not written to stands in nobody's way", () => {
    const x = Float32Array.of(1, 2);
    expect(() => celoss.crossEntropy(x, [1], { sampleWeight: null } as never)).toThrow(
      '"sampleWeight" expected number',
    );
    expect(() => celoss.crossEntropyWithGrad(x, [1], { gradOutput: null } as never)).toThrow('"gradOutput" expected');
    expect(() => celoss.logSumExp(x, { b: null } as never)).toThrow('"b" expected number');
    const grad = new Float32Array(2);
    expect(celoss.mseLossWithGrad(x, [0, 0], { grad, out: grad }).loss).toBe(2.5);
  });

  test("integers weigh elements too", () => {
    const [x, t] = [Float32Array.of(1, 2), Float32Array.of(0, 0)];
    expect(celoss.mseLoss(x, t, { weight: Int32Array.of(2, 3) as never })).toBe(7);
  });

  test("scale and soft cap at the ends of their ranges: finite, as in float64; beyond them refused", () => {
    const x = Float32Array.of(1, 2);
    for (const options of [{ scale: 1e-30 }, { softcap: 1e-20 }, { softcap: 1e30 }]) {
      const got = celoss.crossEntropyWithGrad(x, [0], options);
      const want = celoss.crossEntropyWithGrad(Float64Array.from(x), [0], options);
      near(got.loss, want.loss, { rel: 4 * FLOAT32 }, JSON.stringify(options));
      near(got.grad, want.grad, { abs: 4 * FLOAT32 }, JSON.stringify(options));
    }
    expect(celoss.crossEntropy(x, [0], { scale: 1e30 })).toBeCloseTo(1e30, -24);
    expect(() => celoss.crossEntropy(x, [0], { scale: 1e-46 })).toThrow(
      '"scale" expected finite number in [1e-30, 1e+30]',
    );
    expect(() => celoss.crossEntropy(x, [0], { softcap: 1e300 })).toThrow('"softcap" expected finite number in [1e-20');
  });

  test("600 variances: −0 and NaN pass, the first below 0 is found wherever it stands", () => {
    const x = new Float32Array(600);
    for (const at of [0, 3, 255, 256, 598, 599]) {
      const variance = new Float32Array(601).fill(1).subarray(1);
      variance[at] = -0;
      expect(celoss.gaussianNllLoss(x, x, variance)).toBeLessThan(0);
      variance[at] = Number.NaN;
      expect(celoss.gaussianNllLoss(x, x, variance)).toBeNaN();
      variance[at] = -Number.NaN;
      variance[Math.min(at + 1, 599)] = -2;
      const place = Math.min(at + 1, 599);
      expect(() => celoss.gaussianNllLoss(x, x, variance)).toThrow(`numbers >= 0, got -2 at index ${place}`);
    }
  });

  test("focal loss of a target at −∞: ∞, and the gradient of γ = 0, within 2e-6 of itself", () => {
    for (const classes of [3, 40]) {
      const x = new Rng(classes).logits(classes);
      x[1] = -Infinity;
      const want = celoss.focalLossWithGrad(x, [1], { gamma: 0 });
      for (const gamma of [0.5, 1, 2, 2.5]) {
        const { loss, grad } = celoss.focalLossWithGrad(x, [1], { gamma });
        expect(loss).toBe(Number.POSITIVE_INFINITY);
        near(grad, want.grad, { rel: 2e-6 }, `γ = ${gamma}, ${classes} classes`);
      }
    }
  });

  // Beside an upstream gradient of 1e30 the factors of a group's rows come apart.
  test("gradients of −0 stay −0, whatever the upstream gradients of other rows", () => {
    const x = Float32Array.of(1, -2, 3, 0.5, 2, 1, 0, 0, 1, 2, 3, 4);
    const alone = crossEntropyWithGrad(x.subarray(0, 6), [1], { gradOutput: [-0], reduction: "sum" });
    const both = crossEntropyWithGrad(x, [1, 1], { gradOutput: [-0, 1e30], reduction: "sum" });
    identical(both.grad.subarray(0, 6), alone.grad);
  });
});
