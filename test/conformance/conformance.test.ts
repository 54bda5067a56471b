import { describe, expect, test } from "vitest";
import * as celoss from "../../src/index.js";
import { near } from "../support/near.js";
import { describeSets, SETS } from "../support/sets.js";
import { type Api, callOf, type Outputs } from "./calls.js";
import { DEVIATIONS, NOT_COVERED, type NotCovered, type Standing, standing } from "./exceptions.js";
import { judge, recorded, widths } from "./judge.js";
import { type Case, loadFamilies, readmeCounts } from "./load.js";
import { renderPage } from "./page.js";

const api: Api = celoss;
const families = loadFamilies();
const all = families.flatMap(({ cases }) => cases);
const standings = new Map<Case, Standing>(all.map((c) => [c, standing(c)]));
const ran = new Map<string, Set<string>>(SETS.map((set) => [set, new Set()]));

describeSets("conformance: tolerance of the case, and for float32 the rounding of support/bounds.ts", (set) => {
  for (const c of all) {
    const place = standings.get(c);
    if (place?.kind === "error") {
      test(`${c.id} is rejected: ${c.expect_error}`, () => {
        reject(c);
        ran.get(set)?.add(c.id);
      });
    } else if (place?.kind === "run" || place?.kind === "deviation") {
      for (const width of widths(c)) {
        test(`${c.id} ${width === Float32Array ? "float32" : "float64"}`, () => {
          const call = callOf(c, width);
          if (!call) throw new Error("cannot run");
          const ours = place.kind === "deviation" ? place.deviation.ours : {};
          if ("throws" in ours) expect(() => call.run(api)).toThrow(ours.throws as RegExp);
          else judge(c, call, api, width, { ...recorded(c), ...(ours as Outputs) });
          ran.get(set)?.add(c.id);
        });
      }
    }
  }
});

/** Tensor-likes, so that the shapes that do not fit reach the library. */
function reject(c: Case): void {
  const { logits, target, weight, sample_weight: sampleWeight } = c.inputs;
  const floats = ({ data, dims }: { data: Float64Array; dims: number[] }) => ({ data: Float32Array.from(data), dims });
  const axis = c.attrs.axis as number;
  const run = () => {
    if (c.op === "bce") return celoss.binaryCrossEntropyWithGrad(floats(c.inputs.prob), floats(target));
    if (c.op === "prob_cross_entropy_index") {
      const { data, dims } = c.inputs.prob;
      const labels = { data: Int32Array.from(target.data), dims: target.dims };
      return celoss.nllLossWithGrad({ data: Float32Array.from(data, Math.log), dims }, labels);
    }
    if (c.op === "bce_with_logits") {
      return celoss.binaryCrossEntropyWithLogitsWithGrad(floats(logits), floats(target), {
        ...(sampleWeight && { weight: floats(sampleWeight) }),
      });
    }
    const indices = { data: Int32Array.from(target.data), dims: target.dims };
    return celoss.crossEntropyWithGrad(floats(logits), c.op === "cross_entropy" ? indices : floats(target), {
      axis,
      ...(weight && { weight: Float32Array.from(weight.data) }),
      ...(sampleWeight && { sampleWeight: Float32Array.from(sampleWeight.data) }),
      ...(c.attrs.ignore_index !== undefined && { ignoreIndex: Number(c.attrs.ignore_index) }),
    });
  };
  expect(run).toThrow(/^"\w+" expected .*, got /);
}

describe("conformance data", () => {
  test("holds as many cases as its README says", () => {
    const counts = new Map(families.map(({ family, cases }) => [family, cases.length]));
    expect(counts).toEqual(readmeCounts());
    for (const { family, count, cases } of families) expect(cases.length, family).toBe(count);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  });

  test("every deviation names a case and still deviates", () => {
    for (const { id, ours } of DEVIATIONS) {
      const c = all.find((candidate) => candidate.id === id);
      if (!c) throw new Error(`${id}: no such case`);
      if ("throws" in ours) continue;
      const tolerance = { rel: c.tolerance.rtol, abs: c.tolerance.atol };
      for (const [name, values] of Object.entries(ours as Outputs)) {
        expect(() => near(values, recorded(c)[name], tolerance), `${id} ${name}`).toThrow();
      }
    }
  });

  test("every entry of what is not covered is of as many cases as it says", () => {
    const listed = (entry: NotCovered) => {
      return all.filter((c) => {
        const place = standings.get(c);
        return place?.kind === "not covered" && place.entry === entry;
      });
    };
    const counts = (of: (entry: NotCovered) => number) => NOT_COVERED.map((entry) => `${entry.op}: ${of(entry)}`);
    expect(counts((entry) => listed(entry).length)).toEqual(counts((entry) => entry.cases));
  });

  test("every case ran on every kernel set or is listed", () => {
    const wanted = all.filter((c) => standings.get(c)?.kind !== "not covered").map(({ id }) => id);
    for (const set of SETS) expect([...(ran.get(set) ?? [])].sort(), set).toEqual([...wanted].sort());
  });

  test("docs/conformance.md says what this run found; --update writes it", async () => {
    const passed = ({ id }: Case) => SETS.every((set) => ran.get(set)?.has(id));
    await expect(renderPage(families, standings, passed)).toMatchFileSnapshot("../../docs/conformance.md");
  });
});
