import { describe, expect, test } from "vitest";
import { errorsOf, failureOf, GRADIENT_BOUND, LOSS_BOUND } from "../../bench/check.js";
import { type Data, generate, type Workload } from "../../bench/workloads.js";
import * as reference from "../support/reference.js";

const SOFTMAX: Workload = { id: "5×37", kind: "crossEntropy", rows: 5, classes: 37 };
const BINARY: Workload = { id: "binary 41", kind: "binary", rows: 41, classes: 1 };

function answer(workload: Workload, data: Data): { loss: number; grad: Float32Array } {
  const { rows, classes } = workload;
  const { loss, grad } =
    workload.kind === "binary"
      ? reference.binaryCrossEntropyWithLogitsWithGrad(data.logits, data.labels, { dims: [rows] })
      : reference.crossEntropyWithGrad(data.logits, data.targets, { dims: [rows, classes] });
  return { loss: loss[0], grad: Float32Array.from(grad) };
}

for (const workload of [SOFTMAX, BINARY])
  describe(`the check before timing, ${workload.id}`, () => {
    const data = generate(workload);
    const { loss, grad } = answer(workload, data);
    const largest = grad.reduce((at, value, i) => (Math.abs(value) > Math.abs(grad[at]) ? i : at), 0);

    test("the reference's answer passes: loss within 1e-14, gradient within half an ulp of float32", () => {
      const errors = errorsOf(workload, data, loss, grad);
      expect(errors.loss).toBeLessThan(1e-14);
      expect(errors.gradient).toBeGreaterThan(0);
      expect(errors.gradient).toBeLessThanOrEqual(1.01 * 2 ** -24);
      expect(failureOf(errors)).toBeUndefined();
      expect(errorsOf(workload, data, loss).gradient).toBeNull();
    });

    test("a loss beyond its bound fails, and so does NaN", () => {
      expect(failureOf(errorsOf(workload, data, loss * (1 + 1.1 * LOSS_BOUND)))).toMatch(
        /^loss is off by 1\.1e-5 relative, allowed 1e-5/,
      );
      expect(failureOf(errorsOf(workload, data, loss * (1 + 0.9 * LOSS_BOUND)))).toBeUndefined();
      expect(failureOf(errorsOf(workload, data, Number.NaN))).toMatch(/^loss is off by NaN/);
    });

    test("one element of the gradient beyond its bound fails, and so does NaN", () => {
      const off = (i: number, value: number) => errorsOf(workload, data, loss, grad.with(i, value));
      expect(failureOf(off(largest, grad[largest] * (1 + 1.2 * GRADIENT_BOUND)))).toMatch(/^gradient is off by/);
      expect(failureOf(off(largest, grad[largest] * (1 + 0.8 * GRADIENT_BOUND)))).toBeUndefined();
      expect(failureOf(off(0, Number.NaN))).toMatch(/^gradient is off by NaN/);
    });

    test("a small element may be off by 1e-7 of its row's largest", () => {
      const smallest = grad.reduce((at, value, i) => (Math.abs(value) < Math.abs(grad[at]) ? i : at), 0);
      const row = Math.floor(smallest / workload.classes) * workload.classes;
      const peers = workload.kind === "binary" ? grad : grad.subarray(row, row + workload.classes);
      const allowed = 1e-7 * peers.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const off = (by: number) => errorsOf(workload, data, loss, grad.with(smallest, grad[smallest] + by));
      expect(failureOf(off(0.9 * allowed))).toBeUndefined();
      expect(failureOf(off(1.1 * allowed))).toMatch(/^gradient is off by/);
    });
  });
