import { describe, expect, test } from "vitest";
import {
  BinaryCrossEntropyWorkspace,
  binaryCrossEntropyWithLogits,
  binaryCrossEntropyWithLogitsWithGrad,
  useBackend,
} from "../../src/index.js";
import { identical } from "../support/near.js";
import { Rng } from "../support/rng.js";
import { describeSets } from "../support/sets.js";

const SEED = 78;
const OPTIONS = {
  "no options": {},
  sum: { reduction: "sum" },
  "a denominator": { denominator: 7 },
  "a positive weight and an upstream gradient": { posWeight: 2.5, gradOutput: -3 },
} as const;

describeSets("BinaryCrossEntropyWorkspace", (set) => {
  for (const dtype of ["float32", "float64"] as const) {
    for (const weight of [false, true]) {
      test.each(Object.entries(OPTIONS))(
        `${dtype}, ${weight ? "weights" : "no weights"}, %s, every length: the ordinary call to the bit [seed ${SEED}]`,
        (_name, options) => {
          const rng = new Rng(SEED);
          for (const elements of [1, 2, 3, 5, 8, 100, 1003]) {
            const work = new BinaryCrossEntropyWorkspace({ elements, dtype, weight });
            work.logits.set(rng.fill(elements, () => rng.normal(4)));
            work.targets.set(rng.fill(elements, () => rng.uniform()));
            work.weight?.set(rng.fill(elements, () => rng.uniform(0.5, 2)));
            const [x, t] = [work.logits.slice(), work.targets.slice()];
            const want = binaryCrossEntropyWithLogitsWithGrad(x, t, { ...options, weight: work.weight?.slice() });
            const { gradOutput: _, ...forwardOptions } = { gradOutput: 1, ...options };
            expect(work.forward(forwardOptions)).toBe(
              binaryCrossEntropyWithLogits(x, t, { ...forwardOptions, weight: work.weight?.slice() }),
            );
            const got = work.forwardWithGrad(options);
            expect(got.loss).toBe(want.loss);
            expect(got.grad).toBe(work.grad);
            identical(work.grad, want.grad as Float32Array, `${elements} elements`);
            identical(work.logits, x, "logits");
          }
        },
      );
    }
  }

  test.each([false, true])("elements: the first ones of those that fit, in place %s; the rest stays", (inPlace) => {
    const rng = new Rng(SEED);
    for (const elements of [1, 2, 5, 6, 7, 9]) {
      const work = new BinaryCrossEntropyWorkspace({ elements: 10, inPlace });
      const x = Float32Array.from(rng.fill(10, () => rng.normal(4)));
      const t = Float32Array.from(rng.fill(10, () => rng.integer(2)));
      work.logits.set(x);
      work.targets.set(t);
      if (!inPlace) work.grad.fill(5);
      const { loss, grad } = work.forwardWithGrad({ elements });
      const want = binaryCrossEntropyWithLogitsWithGrad(x.subarray(0, elements), t.subarray(0, elements));
      expect(loss).toBe(want.loss);
      const left = inPlace ? x.subarray(elements) : new Array(10 - elements).fill(5);
      identical(grad, Float32Array.of(...(want.grad as Float32Array), ...left));
      expect(grad === work.logits).toBe(inPlace);
    }
  });

  test("no elements: a mean over nothing, as the ordinary call has it", () => {
    const work = new BinaryCrossEntropyWorkspace({ elements: 3 });
    work.grad.fill(5);
    expect(work.forward({ elements: 0 })).toBeNaN();
    expect(work.forward({ elements: 0, onEmpty: "zero" })).toBe(0);
    expect(() => work.forwardWithGrad({ elements: 0, onEmpty: "throw" })).toThrow("something to average");
    expect(work.forwardWithGrad({ elements: 0, reduction: "sum" }).loss).toBe(0);
    expect([...work.grad]).toEqual([5, 5, 5]);
  });

  test("keeps its kernels when the library changes to others, and is of no use after dispose", () => {
    const work = new BinaryCrossEntropyWorkspace({ elements: 1 });
    work.targets[0] = 1;
    const before = work.forward();
    useBackend("js");
    expect(work.forward()).toBe(before);
    useBackend(set);
    const { grad } = work;
    work.dispose();
    for (const use of [
      () => work.logits,
      () => work.targets,
      () => work.weight,
      () => work.grad,
      () => work.forward(),
    ]) {
      expect(use).toThrow("BinaryCrossEntropyWorkspace was disposed");
    }
    expect(grad.length).toBe(1);
  });
});

describe("BinaryCrossEntropyWorkspace refuses", () => {
  const shapes: [string, unknown, string][] = [
    ["no shape", undefined, '"shape" expected object, got undefined'],
    ["null for a shape", null, '"shape" expected object, got null'],
    ["no elements", {}, '"elements" expected integer, got undefined'],
    ["0 elements", { elements: 0 }, '"elements" expected integer >= 1, got 0'],
    ["a 16-bit type", { elements: 1, dtype: "float16" }, '"dtype" expected "float32", "float64", got "float16"'],
    ["a weight that is no yes or no", { elements: 1, weight: [1] }, '"weight" expected boolean'],
    [
      "an unknown name",
      { elements: 1, inplace: true },
      '"shape" expected names that this function knows, got "inplace" (did you mean "inPlace"?',
    ],
    ["more than a memory holds", { elements: 2 ** 30 }, '"elements" expected arrays of at most'],
  ];
  test.each(shapes)("a shape with %s", (_, shape, message) => {
    expect(() => new BinaryCrossEntropyWorkspace(shape as never)).toThrow(message);
  });

  test("options out of their range, before the gradient is touched", () => {
    const work = new BinaryCrossEntropyWorkspace({ elements: 2 });
    work.grad.fill(5);
    expect(() => work.forwardWithGrad({ elements: 3 })).toThrow('"elements" expected integer in [0, 2], got 3');
    expect(() => work.forwardWithGrad({ reduction: "none" as never })).toThrow('"reduction" expected "mean", "sum"');
    expect(() => work.forwardWithGrad({ posWeight: Number.NaN })).toThrow('"posWeight" expected finite number');
    expect(() => work.forwardWithGrad({ gradOutput: [1] as never })).toThrow('"gradOutput" expected number');
    expect(() => work.forward({ gradOutput: 1 } as never)).toThrow('"options"');
    expect([...work.grad]).toEqual([5, 5]);
  });
});
