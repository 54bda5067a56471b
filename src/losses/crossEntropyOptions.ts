import type { ElementType, FloatInput, FloatOutput } from "../input/elements.js";
import type { MaskInput } from "../input/mask.js";
import { type Bounds, FRACTION, finiteNumber, integer, NO_OPTIONS } from "../input/options.js";
import { type Reduction, type ReductionOptions, readReduction } from "./reduction.js";

/** Where the classes are and what the numbers mean, when the arrays do not say it themselves. */
export interface ShapeOptions {
  /** Number of classes of flat logits. */
  classes?: number;
  /** Shape of flat logits, row-major. */
  dims?: readonly number[];
  /** Class axis, or several that are flattened in this order; default −1, the last. */
  axis?: number | readonly number[];
  /** Element type of the logits; needed for raw 16-bit data in a Uint16Array. */
  dtype?: ElementType;
}

/** The options of a cross-entropy that are single numbers. */
export interface CrossEntropyScalars extends ReductionOptions {
  /** Rows with this target are left out; default −100. Index targets only. */
  ignoreIndex?: number;
  /** ε in [0, 1]: the target becomes (1 − ε)·target + ε/C. */
  labelSmoothing?: number;
  /** Logits are multiplied by this first: 1/temperature. In [10⁻³⁰, 10³⁰]; default 1. */
  scale?: number;
  /** c of c·tanh(scale·x/c) in place of scale·x. A logit of −∞ stays −∞. In [10⁻²⁰, 10³⁰]; default none. */
  softcap?: number;
  /** λ of the term λ·lse²; default 0. */
  zLoss?: number;
  /** ε₁ of the Poly-1 term ε₁(1 − p_y); default 0. */
  polyEpsilon?: number;
}

/** All options of {@link crossEntropy}. */
export interface CrossEntropyOptions extends ShapeOptions, CrossEntropyScalars {
  /** One weight a class. */
  weight?: FloatInput;
  /** One factor a row of its loss and gradient; what `mean` divides by stays the same. */
  sampleWeight?: number | FloatInput;
  /**
   * Classes that take part, booleans like the logits; the others count as −∞, with label smoothing too, whose loss is +∞
   * then. A row with none has loss 0.
   */
  mask?: MaskInput;
  /** Where `reduction: "none"` writes its losses. */
  out?: Float32Array | Float64Array;
}

export interface CrossEntropyGradOptions<Grad = FloatOutput> extends CrossEntropyOptions {
  /**
   * Where the gradient goes: a typed array, row-major like the logits, or the logits themselves, strides and all. What
   * comes back as `grad` is that array.
   */
  grad?: Grad;
  /** Upstream gradient, a number or one a row; default 1. */
  gradOutput?: number | FloatInput;
}

export const SCALAR_OPTIONS = [
  "reduction",
  "denominator",
  "onEmpty",
  "ignoreIndex",
  "labelSmoothing",
  "scale",
  "softcap",
  "zLoss",
  "polyEpsilon",
] as const;

/** What neither vanishes nor overflows in float32, nor what is made of it. */
export const SCALES: Bounds = { min: 1e-30, max: 1e30 };
const CAPS: Bounds = { min: 1e-20, max: 1e30 };

/** Checked, with the defaults filled in. softcap 0 stands for none. */
export interface Scalars {
  readonly reduction: Reduction;
  readonly ignoreIndex: number;
  readonly labelSmoothing: number;
  readonly scale: number;
  readonly softcap: number;
  readonly zLoss: number;
  readonly polyEpsilon: number;
  /** γ of the focal loss; 0 for none. */
  readonly focalGamma: number;
}

export function readScalars(options: CrossEntropyScalars): Scalars {
  return options === NO_OPTIONS ? DEFAULTS : scalarsOf(options);
}

export const DEFAULTS = scalarsOf({});

function scalarsOf(options: CrossEntropyScalars): Scalars {
  return {
    reduction: readReduction(options),
    ignoreIndex: integer("ignoreIndex", options.ignoreIndex, -100),
    labelSmoothing: finiteNumber("labelSmoothing", options.labelSmoothing, 0, FRACTION),
    scale: finiteNumber("scale", options.scale, 1, SCALES),
    softcap: options.softcap === undefined ? 0 : finiteNumber("softcap", options.softcap, 0, CAPS),
    zLoss: finiteNumber("zLoss", options.zLoss, 0),
    polyEpsilon: finiteNumber("polyEpsilon", options.polyEpsilon, 0),
    focalGamma: 0,
  };
}
