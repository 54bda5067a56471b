/**
 * The one interface that every kernel set implements: arithmetic over byte offsets into one memory.
 *
 * Kernels know offsets, rows, classes and numbers. They never throw, check nothing and know no defaults. Offset 0 means
 * "absent". Prefix = element type of everything but what is said to be float64 or int32; rows of the 16-bit types are
 * widened first. Rows follow one another without padding and need no alignment beyond that of their elements. A kernel
 * may write to `x` while it runs, and up to a vector behind what it writes, and puts back what it found there unless an
 * output was asked to be in that place; kernels of elements leave their last vector whole.
 */
export type Prefix = "f32" | "f64";

/** Slots of the options block: float64 each, at the offset that the cross-entropy kernels get as `options`. */
export const OPTION = {
  /** ε in [0, 1]. */
  labelSmoothing: 0,
  /** Logits are multiplied by this first; 1 for none. */
  scale: 1,
  /** c of z = c·tanh(scale·x/c); 0 for none. */
  softcap: 2,
  /** ε₁ of the term ε₁·Σ t′(1 − p). */
  polyEpsilon: 3,
  /** λ of the term λ·lse² in the gradient, in units of the row's `g`. The loss does not contain it: see `lse`. */
  zLoss: 4,
  /** Σ of the class weights; the number of classes when there are none. */
  weightSum: 5,
  /** Rows whose `y` is this are left out: loss, lse and gradient 0. */
  ignoreIndex: 6,
  /** γ of the focal factor (1 − p_y)^γ of index targets' losses; 0 for none. Without smoothing, Poly-1 and z-loss. */
  focalGamma: 7,
  /** What the gradients of all rows are multiplied by, where there is no `g`. */
  upstream: 8,
} as const;
/** float64 slots of the whole block: the rest is the kernels' scratch. */
export const OPTION_SLOTS = 16;

/**
 * Row losses of docs/maths.md §3 without the z-loss term, and their gradients: index targets when `t` is 0, class
 * probabilities otherwise.
 * @param x logits, rows × classes
 * @param y int32, one a row; with `t` it only marks ignored rows and may be 0
 * @param t probabilities, rows × classes, or 0
 * @param weight class weights, or 0
 * @param options block of OPTION_SLOTS float64
 * @param loss float64 out, one a row
 * @param lse float64 out, one a row (of the scaled and capped logits), or 0
 * @param g float64, one a row: what the row's gradient is multiplied by; 0 for OPTION.upstream
 * @param dx gradient out, rows × classes; may be `x`; 0 for none
 * @param scratch where `dx` is `x`, room for {@link scratchElements} elements of the type
 */
export type CrossEntropyKernel = (
  rows: number,
  classes: number,
  x: number,
  y: number,
  t: number,
  weight: number,
  options: number,
  loss: number,
  lse: number,
  g: number,
  dx: number,
  scratch: number,
) => void;

/**
 * The mean of the losses of rows with class indices, the arguments as above; −1, with nothing written, where an index is
 * outside of [0, classes).
 * @param options block of which no row is left out, its OPTION.upstream 1/rows; 0 for none
 * @param loss float64 out, one a row
 * @param dx its gradient out, rows × classes; may be `x`; 0 for none
 */
export type CrossEntropyMeanKernel = (
  rows: number,
  classes: number,
  x: number,
  y: number,
  options: number,
  loss: number,
  dx: number,
  scratch: number,
) => number;

/** Classes that {@link CrossEntropyRowKernel} takes. */
export const ROW_CLASSES = 12;

/**
 * The same of one float32 row of n ≤ {@link ROW_CLASSES} logits that come as numbers, which is faster than by way of
 * memory; −1, with nothing written, where it has to go that way.
 * @param k its class index, in [0, n)
 * @param own the logit of k
 * @param x0 the logits; what is behind n is not looked at
 * @param dx gradient out, n elements; 0 for none
 */
export type CrossEntropyRowKernel = (
  n: number,
  k: number,
  own: number,
  x0: number,
  x1: number,
  x2: number,
  x3: number,
  x4: number,
  x5: number,
  x6: number,
  x7: number,
  x8: number,
  x9: number,
  x10: number,
  x11: number,
  dx: number,
) => number;

/**
 * Two rows: one is put together apart from `dx`, so that the logits are there to read again, while the one before is
 * finished; vectors reach over the end of each.
 */
export function scratchElements(classes: number): number {
  return 2 * (classes + 4);
}

/** lse: float64 out, one a row. A row without classes is −∞. */
export type LogSumExpKernel = (rows: number, classes: number, x: number, lse: number) => void;

/**
 * @param y out, rows × classes; may be `x`
 * @param scratch {@link scratchElements}, for `y` = `x`; log-softmax has no use for it
 */
export type SoftmaxKernel = (rows: number, classes: number, x: number, y: number, scratch: number) => void;

/**
 * Entropy of softmax(scale·x) of each row, in float32 and float64.
 * @param loss float64 out, one a row
 * @param g float64, one a row: what the row's gradient is multiplied by; only with `dx`
 * @param dx gradient out, rows × classes; may be `x`; 0 for none
 */
export type EntropyKernel = (
  rows: number,
  classes: number,
  x: number,
  scale: number,
  loss: number,
  g: number,
  dx: number,
) => void;

/**
 * Binary cross-entropy with logits over n elements; returns Σ loss in float64.
 * `t`, `weight`, `posWeight`, `loss` are n elements of the type; the last three may be 0.
 * Element loss: weight·[(1 − t)·x + (1 + (w₊ − 1)t)·softplus(−x)], w₊ = posWeight[i] or `posWeightScalar`.
 * Its gradient × gScalar × g[i] (`g` n elements, or 0) goes to `dx`, n elements, which may be `x`; 0 for none.
 */
export type BinaryKernel = (
  n: number,
  x: number,
  t: number,
  weight: number,
  posWeight: number,
  posWeightScalar: number,
  loss: number,
  g: number,
  gScalar: number,
  dx: number,
) => number;

/**
 * Losses of single elements other than the binary cross-entropy with logits: docs/maths.md. x, the targets t, a further
 * array or number v, and the numbers p and q.
 */
export const ELEMENT_OPS = [
  /** σ(x): a map, of which the value goes where derivatives go, and the loss is 0. No t. */
  "sigmoid",
  /** p·softplus(p·x), p = ±1: a map. */
  "softplus",
  /** −v·t·ln x − (1 − t)·ln(1 − x); NaN for x outside of [0, 1]. */
  "probability",
  /** t·(ln t − x). */
  "divergence",
  /** eᵗ·(t − x). */
  "logDivergence",
  /** Sigmoid focal loss with α = p, none below 0, and γ = q. */
  "focal",
  /** (x − t)². */
  "squared",
  /** |x − t|. */
  "absolute",
  /** ½(ln v + (x − t)²/v) + q, v at least p; NaN for v < 0. Its derivative to v too goes where `dv` says. */
  "gaussian",
  /** eˣ − t·x, and for q ≠ 0 Stirling's ln t!. */
  "poissonOfLog",
  /** x − t·ln(x + p), the same. */
  "poisson",
] as const;
export type ElementOp = (typeof ELEMENT_OPS)[number];

/**
 * Losses of n elements; returns Σ weight·loss in float64. `t` (0: none), `v` (0: `vScalar` for all), `weight` (0: 1),
 * `loss` (0: not wanted) and `g` (0: 1) are n elements of the type of x, as is `dx`, which may be x or 0: there goes
 * weight·derivative·g·gScalar; and with it to `dv` (0: not wanted) that of the derivative to v.
 */
export type ElementKernel = (
  n: number,
  x: number,
  t: number,
  v: number,
  vScalar: number,
  weight: number,
  p: number,
  q: number,
  loss: number,
  g: number,
  gScalar: number,
  dx: number,
  dv: number,
) => number;

/** Widens n elements of a 16-bit type at `from` to float32 at `to`, exactly; `from` may be the second half of that. */
export type WidenKernel = (n: number, from: number, to: number) => void;

/** Rounds n float32 at `from` to the 16-bit type at `to`, to nearest even; `to` may be `from`. */
export type NarrowKernel = (n: number, from: number, to: number) => void;

export type Kernels = { readonly [P in Prefix as `${P}_crossentropy`]: CrossEntropyKernel } & {
  readonly [P in Prefix as `${P}_crossentropy_mean`]: CrossEntropyMeanKernel;
} & {
  readonly [P in Prefix as `${P}_logsumexp`]: LogSumExpKernel;
} & {
  readonly [P in Prefix as `${P}_softmax` | `${P}_logsoftmax`]: SoftmaxKernel;
} & { readonly [P in Prefix as `${P}_bce`]: BinaryKernel } & {
  readonly [P in Prefix as `${P}_${ElementOp}`]: ElementKernel;
} & {
  readonly [P in Prefix as `${P}_entropy`]: EntropyKernel;
} & {
  readonly f32_crossentropy_row: CrossEntropyRowKernel;
  readonly f16_narrow: NarrowKernel;
  readonly bf16_narrow: NarrowKernel;
  readonly f16_widen: WidenKernel;
  readonly bf16_widen: WidenKernel;
};

const PREFIXES: readonly Prefix[] = ["f32", "f64"];
const FAMILIES = ["crossentropy", "logsumexp", "softmax", "logsoftmax", "bce"] as const;
/** The kernels of tiles by their number: what a thread can be told to run. */
export const KERNELS = [
  ...PREFIXES.flatMap((prefix) => FAMILIES.map((family) => `${prefix}_${family}` as const)),
  ...PREFIXES.flatMap((prefix) => ELEMENT_OPS.map((op) => `${prefix}_${op}` as const)),
  "f32_entropy",
  "f64_entropy",
] as const;

/** The kernel sets, the fastest first. */
export const VARIANTS = ["relaxed", "simd", "js"] as const;
export type Variant = (typeof VARIANTS)[number];
export type WasmVariant = Exclude<Variant, "js">;

/** A kernel set bound to a memory of its own that never grows. */
export interface KernelInstance {
  readonly variant: Variant;
  readonly buffer: ArrayBuffer;
  /** First byte that callers may use. */
  readonly base: number;
  readonly kernels: Kernels;
}
