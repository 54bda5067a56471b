import { FLOAT32, FLOAT64 } from "../support/bounds.js";
import { near } from "../support/near.js";
import type { Api, Call, Outputs, Width } from "./calls.js";
import type { Case } from "./load.js";

/** float64 results of float64 cases: 1e-11, unless the recorded number itself is not known that well. */
const FLOAT64_REL = 1e-11;

/**
 * Compares a call's results with `want`.
 *
 * float64 arithmetic: the case's own tolerance, which says how exactly the number is known, at least 1e-11 relative and
 * the rounding of support/bounds.ts. float32 arithmetic: the case's tolerance and the error analysis of support/bounds.ts.
 */
export function judge(c: Case, call: Call, api: Api, width: Width, want: Outputs): void {
  const got = call.run(api);
  const bounds = call.bounds(width === Float32Array ? FLOAT32 : FLOAT64);
  const { rtol, atol } = c.tolerance;
  const rel = width === Float32Array ? rtol : Math.max(rtol, FLOAT64_REL);
  for (const [name, values] of Object.entries(got)) {
    const expected = want[name === "forward" ? "loss" : name];
    if (expected === undefined) continue;
    const abs = Float64Array.from(expected, (_, i) => atol + bounds[name][i]);
    near(values, expected, { rel, abs }, `${c.id} ${name}`);
  }
}

/** The recorded outputs of a case. */
export function recorded(c: Case): Outputs {
  return Object.fromEntries(Object.entries(c.outputs ?? {}).map(([name, { data }]) => [name, data]));
}

/** float32 cases run as they are and widened to float64; float64 cases in float64 only, as they need not fit float32. */
export function widths(c: Case): Width[] {
  const types = Object.values(c.inputs).map(({ dtype }) => dtype);
  return types.includes("float64") ? [Float64Array] : [Float32Array, Float64Array];
}
