import { afterEach, describe, expect, test } from "vitest";
import { CrossEntropyWorkspace, crossEntropyWithGrad, useBackend } from "../../src/index.js";
import { setTileBytes } from "../../src/sweep/stage.js";
import { identical, near } from "../support/near.js";
import { Rng } from "../support/rng.js";
import { describeSets } from "../support/sets.js";

const SEED = 77;
const OPTIONS = {
  "no options": {},
  sum: { reduction: "sum" },
  "one loss a row": { reduction: "none" },
  "all numeric options": {
    ignoreIndex: 2,
    labelSmoothing: 0.1,
    denominator: 7,
    scale: 0.5,
    softcap: 20,
    zLoss: 0.01,
    polyEpsilon: 0.5,
  },
  "an upstream gradient": { gradOutput: 3, zLoss: 0.1 },
} as const;

/** Random bits that are finite numbers of the 16-bit types, and floats for the others. */
function logits(dtype: string, length: number, rng: Rng): number[] {
  return Array.from({ length }, () =>
    dtype === "float16" ? rng.integer(0x4c00) : dtype === "bfloat16" ? 0x3f00 + rng.integer(0x180) : rng.normal(4),
  );
}

describeSets("CrossEntropyWorkspace", (set) => {
  afterEach(() => setTileBytes());

  for (const dtype of ["float32", "float64", "float16", "bfloat16"] as const) {
    for (const classes of [1, 3, 10, 100]) {
      test.each(Object.entries(OPTIONS))(
        `${dtype}, ${classes} classes, indices, %s: loss and gradient of the ordinary call to the bit [seed ${SEED}]`,
        (_name, options) => {
          const rng = new Rng(SEED + classes);
          const work = new CrossEntropyWorkspace({ rows: 6, classes, dtype, weight: true });
          work.logits.set(logits(dtype, 6 * classes, rng));
          work.targets.set(rng.fill(6, () => rng.integer(classes)));
          work.weight?.set(rng.fill(classes, () => rng.uniform(0.5, 2)));
          const before = work.logits.slice();
          const want = crossEntropyWithGrad(before, Int32Array.from(work.targets), {
            ...options,
            dtype,
            weight: work.weight?.slice(),
            dims: [6, classes],
          });
          const { gradOutput: _, ...forwardOptions } = { gradOutput: 1, ...options };
          const forward = work.forward(forwardOptions);
          const got = work.forwardWithGrad(options);
          // "none" rounds to float32 in the ordinary call; the view holds the kernels' float64.
          const round = (loss: number | ArrayLike<number>) =>
            typeof loss === "number" ? [loss] : Array.from(loss, dtype === "float64" ? Number : Math.fround);
          identical(round(forward), round(want.loss), "forward");
          identical(round(got.loss), round(want.loss), "loss");
          identical(round(got.zLoss ?? 0), round(want.zLoss ?? 0), "zLoss");
          identical(work.grad as Float32Array, want.grad as Float32Array, "grad");
          identical(work.logits, before, "logits");
        },
      );
    }
  }

  for (const dtype of ["float16", "bfloat16"] as const) {
    for (const targets of ["indices", "probabilities"] as const) {
      for (const [rows, gradDtype] of [
        [40, dtype],
        [33, dtype],
        [40, "float32"],
        [33, "float32"],
      ] as const) {
        const name = `${dtype}, gradient ${gradDtype}, ${targets}, tiles of 16 rows, ${rows} of 40`;
        test(`${name}: the ordinary call to the bit [seed ${SEED}]`, () => {
          const [all, classes] = [40, 9];
          const rng = new Rng(SEED);
          setTileBytes(1);
          const work = new CrossEntropyWorkspace({ rows: all, classes, dtype, gradDtype, targets });
          const Grad = gradDtype === "float32" ? Float32Array : Uint16Array;
          work.logits.set(logits(dtype, all * classes, rng));
          if (targets === "indices") work.targets.set(rng.labels(all, classes));
          else work.targets.set(rng.probabilities(all, classes));
          work.grad.fill(5);
          const gradOutput = rng.fill(rows, () => rng.normal());
          const options = { gradOutput, reduction: "none", zLoss: 0.01, labelSmoothing: 0.1 } as const;
          const x = work.logits.slice(0, rows * classes);
          const t = work.targets.slice(0, rows * (targets === "indices" ? 1 : classes));
          const got = work.forwardWithGrad({ ...options, rows });
          const grad = new Grad(rows * classes);
          const want = crossEntropyWithGrad(x, t, { ...options, dtype, dims: [rows, classes], grad });
          identical(Float32Array.from(got.loss), want.loss, "loss");
          identical(Float32Array.from(got.zLoss ?? []), want.zLoss ?? [], "z-loss");
          const left = new Array((all - rows) * classes).fill(5);
          identical(work.grad, Grad.of(...want.grad, ...left), "grad");
          identical(work.logits.slice(0, rows * classes), x, "logits");
        });
      }
    }
  }

  test("probabilities, in place: the gradient stands where the logits were", () => {
    const rng = new Rng(SEED);
    const work = new CrossEntropyWorkspace({ rows: 2, classes: 5, targets: "probabilities", inPlace: true });
    const x = rng.logits(10);
    const t = Float32Array.from(rng.fill(10, () => rng.uniform()));
    work.logits.set(x);
    work.targets.set(t);
    const want = crossEntropyWithGrad(x, t, { classes: 5 });
    const { loss, grad } = work.forwardWithGrad();
    expect(loss).toBe(want.loss);
    expect(grad).toBe(work.grad);
    expect(work.grad.byteOffset).toBe(work.logits.byteOffset);
    identical(work.logits, want.grad as Float32Array);
  });

  test("rows: the first ones of a batch that does not fill it; the rest of the gradient stays", () => {
    const rng = new Rng(SEED);
    const work = new CrossEntropyWorkspace({ rows: 4, classes: 3 });
    const x = rng.logits(12);
    work.logits.set(x);
    work.targets.set([0, 1, 99, 99]);
    work.grad.fill(5);
    const { loss } = work.forwardWithGrad({ rows: 2 });
    const want = crossEntropyWithGrad(x.subarray(0, 6), [0, 1]);
    expect(loss).toBe(want.loss);
    identical(work.grad, Float32Array.of(...(want.grad as Float32Array), 5, 5, 5, 5, 5, 5));
    expect(work.forward({ rows: 2, reduction: "none" })).toHaveLength(2);
    expect(work.forward({ rows: 0 })).toBeNaN();
  });

  test("its views stay valid while fifty others live, and while calls run", () => {
    const works = Array.from(
      { length: 50 },
      (_, i) => new CrossEntropyWorkspace({ rows: 1 + (i % 7), classes: 1 + i }),
    );
    const views = works.map((work) => [work.logits, work.targets, work.losses, work.grad]);
    for (const [i, work] of works.entries()) {
      work.logits.fill(i);
      work.targets.fill(i);
    }
    crossEntropyWithGrad(new Float32Array(1_000_000), [3]);
    for (const [i, work] of works.entries()) {
      // Equal logits: the loss is ln C, here to a few ulp of float32 in the sum of i ones.
      expect(work.forwardWithGrad().loss).toBeCloseTo(Math.log(1 + i), 6);
      expect([work.logits, work.targets, work.losses, work.grad].every((view, v) => view === views[i][v])).toBe(true);
      expect(views[i].every((view) => view.length > 0)).toBe(true);
      expect(new Set(views[i].map((view) => view.buffer)).size).toBe(1);
    }
  });

  test("its memory has the size that it needs: at most two pages above the views", () => {
    const work = new CrossEntropyWorkspace({ rows: 256, classes: 1000 });
    const views = work.logits.byteLength + work.grad.byteLength + work.targets.byteLength + work.losses.byteLength;
    expect(work.logits.buffer.byteLength).toBeGreaterThanOrEqual(views);
    expect(work.logits.buffer.byteLength).toBeLessThan(views + 2 * 65536);
  });

  test("lives on with its kernel set when another one is chosen", () => {
    const work = new CrossEntropyWorkspace({ rows: 1, classes: 3 });
    work.logits.set([1, 2, 3]);
    const before = work.forward();
    useBackend("js");
    expect(work.forward()).toBe(before);
    useBackend(set);
  });

  test("after dispose: an error that says so; views keep their contents", () => {
    let kept: ArrayLike<number>;
    {
      using work = new CrossEntropyWorkspace({ rows: 1, classes: 3 });
      work.logits.set([1, 2, 3]);
      kept = work.logits;
    }
    expect(Array.from(kept)).toEqual([1, 2, 3]);
    const work = new CrossEntropyWorkspace({ rows: 1, classes: 3 });
    work.dispose();
    work.dispose();
    for (const use of [() => work.logits, () => work.forward(), () => work.forwardWithGrad()]) {
      expect(use).toThrow("CrossEntropyWorkspace was disposed");
    }
  });
});

describe("CrossEntropyWorkspace refuses", () => {
  const shapes: [string, unknown, string][] = [
    ["no shape", undefined, '"shape" expected object, got undefined'],
    ["null for a shape", null, '"shape" expected object, got null'],
    ["no rows", { classes: 3 }, '"rows" expected integer, got undefined'],
    [
      "another gradient than theirs for float32",
      { rows: 1, classes: 3, gradDtype: "float16" },
      '"gradDtype" expected "float32", got "float16"',
    ],
    [
      "a gradient of the other 16-bit type",
      { rows: 1, classes: 3, dtype: "float16", gradDtype: "bfloat16" },
      '"gradDtype" expected "float16", "float32", got "bfloat16"',
    ],
    ["0 rows", { rows: 0, classes: 3 }, '"rows" expected integer >= 1, got 0'],
    ["a fraction", { rows: 1, classes: 1.5 }, '"classes" expected integer >= 1, got 1.5'],
    ["another type", { rows: 1, classes: 2, dtype: "int8" }, '"dtype" expected "float32"'],
    ["other targets", { rows: 1, classes: 2, targets: "labels" }, '"targets" expected "indices"'],
    ["16 bits in place", { rows: 1, classes: 2, dtype: "float16", inPlace: true }, '"inPlace" expected false'],
    [
      "an unknown name",
      { rows: 1, classes: 2, inplace: true },
      '"shape" expected names that this function knows, got "inplace" (did you mean "inPlace"?',
    ],
    ["more than a memory holds", { rows: 2 ** 20, classes: 2 ** 20 }, '"rows" expected a batch of at most'],
  ];
  test.each(shapes)("a shape with %s", (_, shape, message) => {
    expect(() => new CrossEntropyWorkspace(shape as never)).toThrow(message);
  });

  test("targets out of range and options out of theirs, before the gradient is touched", () => {
    const work = new CrossEntropyWorkspace({ rows: 2, classes: 3 });
    work.grad.fill(5);
    work.targets.set([0, 3]);
    expect(() => work.forwardWithGrad()).toThrow('"targets" expected integer in [0, 3), got 3 at index 1');
    work.targets.set([0, -100]);
    expect(() => work.forwardWithGrad({ rows: 3 })).toThrow('"rows" expected integer in [0, 2], got 3');
    expect(() => work.forwardWithGrad({ labelSmoothing: 2 })).toThrow('"labelSmoothing"');
    expect(() => work.forwardWithGrad({ gradOutput: [1] })).toThrow('"gradOutput"');
    expect(() => work.forward({ weight: [1] } as never)).toThrow('"options"');
    expect(Array.from(work.grad)).toEqual([5, 5, 5, 5, 5, 5]);
    expect(work.forwardWithGrad().loss).toBeCloseTo(Math.log(3), 7);
  });

  // In place 152 bytes a row: with so many numbers of rows the logits of one end just before the memory does. The bound:
  // eight additions of equal terms, 8·2⁻²⁴/ln 31, and 2.5 ulp of the logarithm.
  test("logits at the very end of the memory, label smoothing: nothing is read behind it, loss to 3e-7", () => {
    for (let rows = 1; rows <= 65536 / 152 + 1; rows++) {
      const work = new CrossEntropyWorkspace({ rows, classes: 31, inPlace: true });
      near(work.forward({ labelSmoothing: 0.1 }), Math.log(31), { rel: 3e-7 });
      work.dispose();
    }
  });
});
