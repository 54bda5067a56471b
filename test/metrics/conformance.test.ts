// The mean losses of other projects' test data, as a state gives them from one row at a time.

import { expect, test } from "vitest";
import * as celoss from "../../src/index.js";
import { CrossEntropyState } from "../../src/metrics/index.js";
import { type Api, callOf } from "../conformance/calls.js";
import { standing } from "../conformance/exceptions.js";
import { judge, recorded, widths } from "../conformance/judge.js";
import { type Case, loadFamilies } from "../conformance/load.js";
import { layout } from "../support/layout.js";
import { type CrossEntropyOptions, type Floats, type Indices, isIndices } from "../support/reference.js";
import { describeSets } from "../support/sets.js";

/** The library, but mean losses come from a state. */
const api: Api = {
  ...celoss,
  crossEntropy(logits, targets, { reduction: _, ...options }) {
    const state = new CrossEntropyState();
    for (const row of rowsOf(logits, targets, options)) state.merge(new CrossEntropyState().update(...row));
    return state.compute().loss;
  },
};

function rowsOf(logits: Floats, targets: Floats | Indices, options: CrossEntropyOptions) {
  const { dims, axis, mask, sampleWeight, ...rest } = options;
  const at = layout(dims, axis);
  const classes = Array.from({ length: at.classes }, (__, j) => j);
  return Array.from({ length: at.rows }, (__, r) => {
    const places = classes.map((j) => at.at(r, j));
    const x = logits.slice(0, at.classes);
    for (const j of classes) x[j] = logits[places[j]];
    const y = isIndices(targets) ? targets.slice(r, r + 1) : Float64Array.from(places, (i) => targets[i]);
    const own = {
      ...rest,
      dims: [1, at.classes],
      ...(mask && { mask: Uint8Array.from(places, (i) => mask[i]) }),
      ...(sampleWeight !== undefined && {
        sampleWeight: typeof sampleWeight === "number" ? sampleWeight : sampleWeight[r],
      }),
    };
    return [x, y, own] as const;
  });
}

/** Those whose mean is divided by the library's own count. */
const cases = loadFamilies()
  .flatMap((family) => family.cases)
  .filter((c: Case) => {
    const { reduction, mean_denominator, zero_if_empty } = c.attrs;
    if (!["cross_entropy", "cross_entropy_prob"].includes(c.op) || reduction !== "mean") return false;
    if (zero_if_empty || standing(c).kind !== "run" || !c.outputs?.loss) return false;
    return mean_denominator === "weights" || (mean_denominator === "positions" && !c.inputs.sample_weight);
  });

describeSets("conformance of a state's loss, row by row", () => {
  for (const c of cases) {
    for (const width of widths(c)) {
      test(`${c.id} ${width === Float32Array ? "float32" : "float64"}`, () => {
        const call = callOf(c, width);
        if (!call) throw new Error("cannot run");
        const { forward } = call.run(api);
        judge(c, { ...call, run: () => ({ forward }) }, api, width, recorded(c));
      });
    }
  }
});

test("which are 118 cases at least", () => {
  expect(cases.length).toBeGreaterThanOrEqual(118);
});
