// The cases of celoss/information, which computes in float64 and has no kernels: every kernel set runs the same code.

import { entropy, klDivergence, relEntr } from "../../src/information/index.js";
import { layout } from "../support/layout.js";
import { total } from "../support/reference.js";
import type { Call } from "./calls.js";
import type { Case } from "./load.js";

const NATS = { base: Math.E };

/** What float64 arithmetic may be off is within the least that judge.ts allows it. */
function call(c: Case, run: () => Record<string, number | ArrayLike<number>>): Call {
  const sizes = Object.entries(c.outputs ?? {}).map(([name, { data }]) => [name, new Float64Array(data.length)]);
  return {
    run: () => {
      const results = Object.entries(run());
      return Object.fromEntries(results.map(([name, value]) => [name, typeof value === "number" ? [value] : value]));
    },
    bounds: () => Object.fromEntries(sizes),
  };
}

function klDivProb(c: Case): Call | undefined {
  const { attrs, inputs } = c;
  const { pred, target, sample_weight: weight } = inputs;
  const axis = attrs.axis as number;
  if (attrs.normalize) {
    return call(c, () => ({ loss: klDivergence(target, pred, { ...NATS, normalize: true, axis }) }));
  }
  const clamp = clampOf(attrs.clamp as { mode: string; value: number });
  if (clamp === undefined) return undefined;
  // What is no distribution has no divergence, but terms of one.
  return call(c, () => {
    const terms = relEntr(target.data.map(clamp), pred.data.map(clamp), NATS);
    const at = layout(target.dims, axis);
    const rows = Float64Array.from({ length: at.rows }, (_, r) => {
      const row = Array.from({ length: at.classes }, (_, j) => terms[at.at(r, j)]);
      return (weight?.data[0] ?? 1) * total(row);
    });
    return { loss: attrs.reduction === "mean" ? total(rows) / rows.length : rows };
  });
}

function clampOf({ mode, value }: { mode: string; value: number }): ((p: number) => number) | undefined {
  if (mode === "clip") return (p) => Math.min(Math.max(p, value), 1);
  return mode === "add" ? (p) => p + value : undefined;
}

export const INFORMATION_CALLS: Record<string, (c: Case) => Call | undefined> = {
  kl_div_prob: klDivProb,
  entropy: (c) => {
    const { axis, normalize } = c.attrs as { axis: number; normalize: boolean };
    return call(c, () => ({ y: entropy(c.inputs.prob, { ...NATS, axis, normalize }) }));
  },
  rel_entr: (c) => call(c, () => ({ y: relEntr(c.inputs.x.data, c.inputs.y_in.data, NATS) })),
};
