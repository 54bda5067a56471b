/**
 * What the project has promised itself and this suite can show. Each target is judged by the case that comes out worst.
 * Ratios to a native contender, threads, narrow element types and options need contenders of their own: not in here.
 */
import type { Path, Variant } from "./contenders.js";
import { type Case, type Measurement, type Results, usesWasm } from "./results.js";
import type { Mode } from "./workloads.js";

export interface Target {
  readonly what: string;
  readonly bound: number;
  /** Whether figures must not fall below the bound, or not rise above it. */
  readonly side: "at least" | "at most";
  readonly unit: "×" | "relative";
  figure(one: Measurement, of: Case): number | null;
}

export interface Verdict {
  readonly target: Target;
  /** The figure of the case that comes out worst. */
  readonly worst: number;
  readonly where: string;
  readonly reached: boolean;
  /** How far the worst figure is on the wrong side, as a fraction of the bound; 0 when reached. */
  readonly missedBy: number;
}

const manyClasses = ({ classes }: Case) => classes >= 1000;
const softmax = ({ classes }: Case) => classes > 1;
const named =
  (id: string) =>
  ({ workload }: Case) =>
    workload === id;

function timesJs(
  bound: number,
  where: string,
  matches: (of: Case) => boolean,
  variant: Variant,
  path: Path,
  mode?: Mode,
): Target {
  const modes = mode === undefined ? "" : mode === "forward" ? ", forward" : ", gradient";
  return {
    what: `${variant} ${path} over the best plain JavaScript, ${where}${modes}`,
    bound,
    side: "at least",
    unit: "×",
    figure: (one, of) =>
      one.variant === variant && one.path === path && (mode ?? of.mode) === of.mode && matches(of)
        ? one.timesBestJs
        : null,
  };
}

const THOUSAND = "classes ≥ 1000";

export const TARGETS: readonly Target[] = [
  timesJs(3, THOUSAND, manyClasses, "simd", "workspace"),
  timesJs(5, THOUSAND, manyClasses, "simd", "workspace", "forward"),
  timesJs(6.5, THOUSAND, manyClasses, "simd", "workspace", "gradient"),
  timesJs(6.5, THOUSAND, manyClasses, "relaxed", "workspace", "forward"),
  timesJs(8, THOUSAND, manyClasses, "relaxed", "workspace", "gradient"),
  timesJs(8, "64×10", named("64×10"), "simd", "workspace"),
  timesJs(7.5, "binary 1e6", named("binary 1e6"), "simd", "end to end", "forward"),
  timesJs(6.5, "binary 1e6", named("binary 1e6"), "simd", "end to end", "gradient"),
  timesJs(9, "binary 1e6", named("binary 1e6"), "relaxed", "end to end", "forward"),
  timesJs(7.5, "binary 1e6", named("binary 1e6"), "relaxed", "end to end", "gradient"),
  timesJs(3, "1×10", named("1×10"), "simd", "workspace"),
  timesJs(1, "every workload", () => true, "simd", "end to end"),
  timesJs(1, "every workload", () => true, "relaxed", "end to end"),
  {
    what: "end to end over workspace time, simd and relaxed, every softmax workload",
    bound: 1.5,
    side: "at most",
    unit: "×",
    figure: (one, of) => {
      if (!usesWasm(one) || one.path !== "end to end") return null;
      const zeroCopy = of.measurements.find((other) => other.variant === one.variant && other.path === "workspace");
      return zeroCopy ? one.median / zeroCopy.median : null;
    },
  },
  {
    what: "error of the mean loss, simd and relaxed, every softmax workload",
    bound: 2e-7,
    side: "at most",
    unit: "relative",
    figure: (one, of) => (usesWasm(one) && softmax(of) ? one.lossError : null),
  },
  {
    what: "error of the mean loss, simd and relaxed, binary 1e6",
    bound: 1e-8,
    side: "at most",
    unit: "relative",
    figure: (one, of) => (usesWasm(one) && !softmax(of) ? one.lossError : null),
  },
];

/** A verdict for every target that the results say anything about. */
export function judge(results: Results): Verdict[] {
  return TARGETS.flatMap((target) => {
    const sign = target.side === "at least" ? 1 : -1;
    const figures = results.cases.flatMap((of) =>
      of.measurements.flatMap((one) => {
        const figure = target.figure(one, of);
        return figure === null ? [] : [{ figure, where: `${one.contender}, ${of.workload} ${of.mode}` }];
      }),
    );
    if (figures.length === 0) return [];
    const { figure: worst, where } = figures.reduce((a, b) => (sign * b.figure < sign * a.figure ? b : a));
    const missedBy = Math.max(0, (sign * (target.bound - worst)) / target.bound);
    return [{ target, worst, where, reached: missedBy === 0, missedBy }];
  });
}
