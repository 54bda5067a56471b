import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { codeCosts, codeText, LENGTHS, P, Q, TEXT } from "../../../examples/theory/information.js";
import { saturated, sketch } from "../../../examples/theory/learning.js";
import { fromLogits } from "../../../examples/theory/logits.js";
import { crossEntropy, klDivergence, kraftSum } from "../../../src/information/index.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const six = (value: number) => Number(value.toFixed(6));

describe("examples/theory", () => {
  test("code lengths: 3 fixed, 2.2 given, 2.0 Huffman, 2.6 Shannon, none below H = 1.921928", () => {
    const { fixed, given, huffman, shannon, entropy } = codeCosts();
    expect([fixed, given, huffman, shannon, entropy].map(six)).toEqual([3, 2.2, 2, 2.6, 1.921928]);
    expect(kraftSum(LENGTHS)).toBe(1);
  });

  test("cross-entropy 2.2, divergence 0.278072 = 2.2 − H", () => {
    expect(six(crossEntropy(P, Q) as number)).toBe(2.2);
    expect(six(klDivergence(P, Q) as number)).toBe(0.278072);
  });

  test("a real text takes between H and H + 1 bits a letter, and comes back", () => {
    const { bitsPerLetter, entropy, same, letters, bytes } = codeText(TEXT);
    expect(bitsPerLetter).toBeGreaterThanOrEqual(entropy);
    expect(bitsPerLetter).toBeLessThan(entropy + 1);
    expect(same).toBe(true);
    expect(letters).toBe(TEXT.length);
    expect(bytes).toBe(Math.ceil((bitsPerLetter * letters) / 8));
  });

  test("softmax (2, 1, 0.1), lse 2.417030, loss 0.417030; as the formula stands e^1000 gives NaN, here the same loss", () => {
    const { p, lse, loss, grad, naiveBig, big } = fromLogits();
    expect(p.map(six)).toEqual([0.659001, 0.242433, 0.098566]);
    expect([six(lse), six(loss), six(big)]).toEqual([2.41703, 0.41703, 0.41703]);
    expect(naiveBig).toBeNaN();
    expect(grad.map(six)).toEqual([-0.340999, 0.242433, 0.098566]);
  });

  test("a saturated neuron: slopes 0.982014 and 0.017345; after 10 steps one has learned, the other has not moved", () => {
    const { crossEntropy: ce, squaredError, crossEntropyCurve, squaredErrorCurve } = saturated();
    expect([six(ce), six(squaredError)]).toEqual([0.982014, 0.017345]);
    expect(crossEntropyCurve[10]).toBeLessThan(0.5);
    expect(squaredErrorCurve[10]).toBeGreaterThan(0.97);
  });

  test("a sketch has a letter for each step, at its height", () => {
    expect(sketch({ a: [1, 0.5, 0] })).toEqual([
      "  1.0 │a",
      ...["0.9", "0.8", "0.7", "0.6"].map((label) => `  ${label} │`),
      "  0.5 │ a",
      ...["0.4", "0.3", "0.2", "0.1"].map((label) => `  ${label} │`),
      "  0.0 │  a",
    ]);
  });

  test("the walk runs, prints eight chapters and ends", () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "examples/theory/walk.ts"], {
      cwd: ROOT,
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout.match(/^\d\. /gm)).toHaveLength(8);
    for (const number of ["1.921928", "2.200000", "0.278072", "0.417030", "0.982014", "0.017345"]) {
      expect(stdout).toContain(number);
    }
  });
});
