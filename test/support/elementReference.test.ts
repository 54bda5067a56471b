import { describe, test } from "vitest";
import { slope } from "./differences.js";
import * as reference from "./elementReference.js";
import { near } from "./near.js";

const XS = [-3.2, -0.7, 0.2, 1.1, 2.9];
const POSITIVE = [0.05, 0.3, 0.52, 0.9];

/** fourth-order central differences: 1e-9 of the largest term. */
function check(name: string, of: (x: number, t: number) => reference.ElementResult, xs: number[], ts: number[]): void {
  test(`${name}: derivative against finite differences, 1e-8`, () => {
    for (const x of xs) {
      for (const t of ts) {
        const numeric = slope(([value]) => of(value, t).loss, Float64Array.of(x), 0);
        const { grad, gradSize } = of(x, t);
        near(numeric, grad, { abs: 1e-8 * (1 + gradSize) }, `${name} ${x} ${t}`);
      }
    }
  });
}

describe("element-wise reference", () => {
  check("binaryCrossEntropy", (p, t) => reference.binaryCrossEntropy(p, t, 1.7), POSITIVE, [0, 0.3, 1]);
  check("klDiv", reference.klDiv, XS, [0, ...POSITIVE]);
  check("klDivLog", reference.klDivLog, XS, XS);
  for (const [alpha, gamma] of [
    [0.25, 2],
    [-1, 0],
    [0.6, 0.5],
    [0.25, 3.5],
  ]) {
    check(`sigmoidFocal ${alpha} ${gamma}`, (x, t) => reference.sigmoidFocal(x, t, alpha, gamma), XS, [0, 0.3, 1]);
  }
  check(
    "squared",
    reference.squared,
    XS,
    XS.map((x) => x + 0.5),
  );
  check(
    "absolute",
    reference.absolute,
    XS,
    XS.map((x) => x + 0.5),
  );
  check("gaussian", (x, t) => reference.gaussian(x, t, 0.7, true, 1e-6), XS, XS);
  check("poisson of log", (x, t) => reference.poisson(x, t, true, true, 1e-8), XS, [0, 1, 5]);
  check("poisson", (x, t) => reference.poisson(x, t, false, false, 1e-8), POSITIVE, [0, 1, 5]);

  test("gaussian: derivative to the variance against finite differences, 1e-8", () => {
    for (const v of POSITIVE) {
      const numeric = slope(([value]) => reference.gaussian(1, 0.4, value, false, 1e-6).loss, Float64Array.of(v), 0);
      const { gradVariance, gradVarianceSize } = reference.gaussian(1, 0.4, v, false, 1e-6);
      near(numeric, gradVariance, { abs: 1e-6 * (1 + gradVarianceSize) }, `variance ${v}`);
    }
  });
});
