/** Of a joint distribution p(x, y), given as a table (Cover, Thomas, Elements of Information Theory, ch. 2). */
import { knownOptions, oneOf } from "../input/options.js";
import { type DistributionOptions, jointTable, type NormalizeOptions, type NumberInput, unitOf } from "./arguments.js";
import { entropyBits, surpriseBits } from "./discrete.js";
import { klBits } from "./divergence.js";
import { Sum, total } from "./sum.js";

const OPTIONS = ["base", "normalize"];

/**
 * H(X, Y) = −Σ p(x, y) log p(x, y).
 *
 * @param joint the table: rows are x, columns y; nested arrays, or a tensor-like of two dims. Counts with `normalize`
 * @returns in bits, or units of `base`
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for another number of dimensions, and for numbers that are negative, not finite or, without
 *   `normalize`, off a sum of 1 by over 10⁻⁶
 */
export function jointEntropy(joint: NumberInput, options: DistributionOptions = {}): number {
  knownOptions(options, OPTIONS);
  const unit = unitOf(options.base);
  return Math.max(0, entropyBits(jointTable(joint, options).table)) * unit;
}

export interface ConditionalEntropyOptions extends DistributionOptions {
  /** The variable that is known: "x", the rows (the default: H(Y|X)), or "y", the columns (H(X|Y)). */
  given?: "x" | "y";
}

/**
 * H(Y|X) = Σ p(x, y) log (p(x)/p(x, y)) = H(X, Y) − H(X): what is left to know of Y for one who knows X. At most H(Y).
 *
 * @param joint, results and errors as for {@link jointEntropy}
 */
export function conditionalEntropy(joint: NumberInput, options: ConditionalEntropyOptions = {}): number {
  knownOptions(options, [...OPTIONS, "given"]);
  const unit = unitOf(options.base);
  const given = oneOf("given", options.given, ["x", "y"], "x");
  const { table, x, y } = marginals(joint, options);
  const sum = new Sum();
  for (let i = 0; i < table.length; i++) {
    const known = given === "x" ? x[Math.floor(i / y.length)] : y[i % y.length];
    if (table[i] > 0) sum.add(table[i] * surpriseBits(table[i] / known));
  }
  return sum.value * unit;
}

/**
 * I(X; Y) = KL(p(x, y) ‖ p(x)p(y)) = H(X) + H(Y) − H(X, Y) ≥ 0: what each tells about the other. Symmetric, and 0 only
 * for independent variables. Computed as Σ p(x) KL(p(y|x) ‖ p(y)), which is accurate for nearly independent ones too.
 *
 * @param joint, results and errors as for {@link jointEntropy}
 */
export function mutualInformation(joint: NumberInput, options: DistributionOptions = {}): number {
  knownOptions(options, OPTIONS);
  const unit = unitOf(options.base);
  const { table, x, y } = marginals(joint, options);
  const sum = new Sum();
  for (let r = 0; r < x.length; r++) {
    if (x[r] === 0) continue;
    const conditional = table.slice(r * y.length, (r + 1) * y.length).map((p) => p / x[r]);
    sum.add(x[r] * klBits(conditional, y));
  }
  return sum.value * unit;
}

/** The table, and its sums p(x) over rows and p(y) over columns. */
function marginals(joint: NumberInput, options: NormalizeOptions) {
  const { table, columns } = jointTable(joint, options);
  const rows = table.length / columns;
  const x = Float64Array.from({ length: rows }, (_, r) => total(table.subarray(r * columns, (r + 1) * columns)));
  const perColumn = Array.from({ length: columns }, () => new Sum());
  for (let i = 0; i < table.length; i++) perColumn[i % columns].add(table[i]);
  return { table, x, y: Float64Array.from(perColumn, (sum) => sum.value) };
}
