import { finiteNumber, oneOf, POSITIVE } from "../input/options.js";

export type ReductionKind = "mean" | "sum" | "none";
export type OnEmpty = "nan" | "zero" | "throw";

/** How row losses become the result: the options that every loss has. */
export interface ReductionOptions {
  /** `"mean"` (default), `"sum"`, or `"none"` for one loss a row. */
  reduction?: ReductionKind;
  /** What `mean` divides by, instead of its own count. Finite, above 0. */
  denominator?: number;
  /** A mean over nothing is NaN (`"nan"`, default), 0 (`"zero"`), or a RangeError (`"throw"`). */
  onEmpty?: OnEmpty;
}

export interface Reduction {
  readonly kind: ReductionKind;
  readonly denominator: number | undefined;
  readonly onEmpty: OnEmpty;
}

const KINDS = ["mean", "sum", "none"] as const;
const ON_EMPTY = ["nan", "zero", "throw"] as const;

/** @param others further names of a mean */
export function readReduction(
  { reduction, denominator, onEmpty }: ReductionOptions,
  others: readonly string[] = [],
): Reduction {
  const kind = oneOf<string>("reduction", reduction, others.length === 0 ? KINDS : [...KINDS, ...others], "mean");
  return {
    kind: others.includes(kind) ? "mean" : (kind as ReductionKind),
    denominator: denominator === undefined ? undefined : finiteNumber("denominator", denominator, 1, POSITIVE),
    onEmpty: oneOf("onEmpty", onEmpty, ON_EMPTY, "nan"),
  };
}

/**
 * What the sum is divided by: 1 unless the reduction is `mean`. 0 stands for a mean over nothing.
 *
 * @param own the mean's own count: docs/maths.md §4
 * @param name the argument that it counts
 * @throws {RangeError} when there is nothing to average and `onEmpty` is `"throw"`
 */
export function divisor(reduction: Reduction, own: number, name = "targets"): number {
  if (reduction.kind !== "mean") return 1;
  if (reduction.denominator !== undefined) return reduction.denominator;
  if (own === 0 && reduction.onEmpty === "throw") {
    throw new RangeError(`"${name}" expected something to average, got nothing that counts (onEmpty: "throw")`);
  }
  return own;
}

/** sum / divisor, or what `onEmpty` says of a mean over nothing. */
export function divided(sum: number, by: number, onEmpty: OnEmpty): number {
  return by !== 0 ? sum / by : onEmpty === "zero" ? 0 : Number.NaN;
}

/** factor·value, where 0·∞ counts as 0. */
export function product(factor: number, value: number): number {
  return factor === 0 && !Number.isNaN(value) ? 0 : factor * value;
}
