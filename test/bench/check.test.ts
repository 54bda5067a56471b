import { describe, expect, test } from "vitest";
import {
  type Exact,
  errorsOf,
  exactOf,
  failureOf,
  GRADIENT_BOUND,
  LOSS_BOUND,
  leastOf,
  leastOfLoops,
} from "../../bench/check.js";
import { prepareNaive } from "../../bench/contenders/naive.js";
import { OPTIONS, optionsOf } from "../../bench/contenders/ours.js";
import { preparePlain } from "../../bench/contenders/plain.js";
import { prepareTuned } from "../../bench/contenders/tuned.js";
import { generate } from "../../bench/data.js";
import type { Workload } from "../../bench/workloads.js";
import { decode, encode } from "../support/halves.js";
import * as reference from "../support/reference.js";

const SOFTMAX: Workload = { id: "5×37", kind: "crossEntropy", rows: 5, classes: 37 };
const BINARY: Workload = { id: "binary 2041", kind: "binary", rows: 2041, classes: 1 };

for (const workload of [SOFTMAX, BINARY])
  describe(`the check before timing, ${workload.id}`, () => {
    const data = generate(workload);
    const exact = exactOf(workload, data);
    const { loss } = exact;
    const grad = Float32Array.from(exact.gradient);
    const largest = grad.reduce((at, value, i) => (Math.abs(value) > Math.abs(grad[at]) ? i : at), 0);

    test("the exact answer is the reference's: loss within 1e-14, gradient within 1e-13 of the row's largest", () => {
      const want =
        workload.kind === "binary"
          ? reference.binaryCrossEntropyWithLogitsWithGrad(data.logits, data.labels, { dims: [workload.rows] })
          : reference.crossEntropyWithGrad(data.logits, data.targets, { dims: [workload.rows, workload.classes] });
      expect(Math.abs(loss - want.loss[0])).toBeLessThanOrEqual(1e-14 * loss);
      const scale = Math.abs(grad[largest]);
      for (const [i, g] of want.grad.entries())
        expect(Math.abs(exact.gradient[i] - g)).toBeLessThanOrEqual(1e-13 * scale);
    });

    test("it passes rounded to float32: within half an ulp", () => {
      const errors = errorsOf(exact, loss, grad);
      expect(errors.gradient).toBeGreaterThan(0);
      expect(errors.gradient).toBeLessThanOrEqual(1.01 * 2 ** -24);
      expect(failureOf(errors, exact)).toBeUndefined();
      expect(errorsOf(exact, loss).gradient).toBeNull();
    });

    test("a loss beyond its bound fails, and so does NaN", () => {
      expect(failureOf(errorsOf(exact, loss * (1 + 1.1 * LOSS_BOUND)), exact)).toMatch(
        /^loss is off by 1\.1e-5 relative, allowed 1e-5/,
      );
      expect(failureOf(errorsOf(exact, loss * (1 + 0.9 * LOSS_BOUND)), exact)).toBeUndefined();
      expect(failureOf(errorsOf(exact, Number.NaN), exact)).toMatch(/^loss is off by NaN/);
    });

    test("one element of the gradient beyond its bound fails, and so does NaN", () => {
      const off = (i: number, value: number) => errorsOf(exact, loss, grad.with(i, value));
      const bound = GRADIENT_BOUND.float32;
      expect(failureOf(off(largest, grad[largest] * (1 + 1.2 * bound)), exact)).toMatch(/^gradient is off by/);
      expect(failureOf(off(largest, grad[largest] * (1 + 0.8 * bound)), exact)).toBeUndefined();
      expect(failureOf(off(0, Number.NaN), exact)).toMatch(/^gradient is off by NaN/);
    });

    test("a small element may be off by 1e-7 of its row's largest", () => {
      const smallest = grad.reduce((at, value, i) => (Math.abs(value) < Math.abs(grad[at]) ? i : at), 0);
      const row = Math.floor(smallest / exact.row) * exact.row;
      const allowed = 1e-7 * grad.subarray(row, row + exact.row).reduce((most, v) => Math.max(most, Math.abs(v)), 0);
      const off = (by: number) => errorsOf(exact, loss, grad.with(smallest, grad[smallest] + by));
      expect(failureOf(off(0.9 * allowed), exact)).toBeUndefined();
      expect(failureOf(off(1.1 * allowed), exact)).toMatch(/^gradient is off by/);
    });

    for (const prepare of [prepareNaive, preparePlain, prepareTuned])
      test(`${prepare.name}: both modes pass`, () => {
        const { rows, classes, kind } = workload;
        const job = { folder: "", gradientFile: "", kind, rows, classes };
        const forward = prepare({ ...job, mode: "forward" }, data);
        expect(failureOf(errorsOf(exact, forward.call() as number), exact)).toBeUndefined();
        const both = prepare({ ...job, mode: "gradient" }, data);
        const errors = errorsOf(exact, both.call() as number, both.gradient?.());
        expect(errors.loss).toBeLessThanOrEqual(1e-10);
        expect(failureOf(errors, exact)).toBeUndefined();
      });
  });

test("rows that are certain: what is left of p − 1 counts, except for the loops that subtract so", () => {
  const workload: Workload = { id: "1×2", kind: "crossEntropy", rows: 1, classes: 2 };
  const data = { logits: Float32Array.of(30, 0), targets: Int32Array.of(0), labels: new Float32Array(0) };
  const exact = exactOf(workload, data);
  const p = 1 / (1 + Math.exp(-30));
  expect(exact.gradient[0]).toBe(-exact.gradient[1]);
  const subtracted = Float32Array.of(p - 1, 1 - p);
  expect(failureOf(errorsOf(exact, exact.loss, subtracted), exact)).toMatch(/^gradient is off by/);
  expect(failureOf(errorsOf(exact, exact.loss, subtracted, leastOfLoops(exact)), exact)).toBeUndefined();
});

describe("16-bit logits", () => {
  const data = generate(SOFTMAX);
  for (const dtype of ["float16", "bfloat16"] as const)
    test(`${dtype}: the gradient rounded to it passes, four ulp off do not`, () => {
      const exact: Exact = exactOf(SOFTMAX, data, dtype, dtype);
      const rounded = Float32Array.from(decode(encode(exact.gradient, dtype), dtype));
      expect(failureOf(errorsOf(exact, exact.loss, rounded, leastOf(dtype)), exact)).toBeUndefined();
      const off = rounded.map((value) => value * (1 + 4 * GRADIENT_BOUND[dtype]));
      expect(failureOf(errorsOf(exact, exact.loss, off, leastOf(dtype)), exact)).toMatch(/^gradient is off by/);
      expect(exact.loss).not.toBe(exactOf(SOFTMAX, data).loss);
    });
});

describe("options", () => {
  const data = generate(SOFTMAX);
  for (const option of OPTIONS)
    test(`${option} changes the answer`, () => {
      expect(Object.keys(optionsOf(option, SOFTMAX, data))).toEqual([option]);
      expect(exactOf(SOFTMAX, data, "float32", "float32", option).loss).not.toBe(exactOf(SOFTMAX, data).loss);
    });
});
