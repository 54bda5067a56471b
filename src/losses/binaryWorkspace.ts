/// <reference lib="esnext.disposable" preserve="true" />
import { rangeError, typeError } from "../input/errors.js";
import { boolean, finiteNumber, integer, knownOptions, NO_OPTIONS, oneOf } from "../input/options.js";
import type { BinaryKernel } from "../kernels/kernels.js";
import { elementBytes, layout, MEMORY_LIMIT, newStage, PREFIX } from "../sweep/stage.js";
import { divided, divisor, type ReductionOptions, readReduction } from "./reduction.js";

export interface BinaryWorkspaceShape {
  /** Elements that the views hold. */
  elements: number;
  /** Element type of everything; default float32. */
  dtype?: "float32" | "float64";
  /** Whether there is a weight for each element; default false. */
  weight?: boolean;
  /** Whether the gradient overwrites the logits; default false. */
  inPlace?: boolean;
}

export interface BinaryWorkspaceOptions extends ReductionOptions {
  reduction?: "mean" | "sum";
  /** How many elements stand in the views, from the first on; default all. */
  elements?: number;
  /** Factor w₊ of the positive part; default 1. */
  posWeight?: number;
}

export interface BinaryWorkspaceGradOptions extends BinaryWorkspaceOptions {
  /** Upstream gradient; default 1. */
  gradOutput?: number;
}

type Elements = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** Elements that a vector has at most. */
const LANES = 4;

const SHAPE = ["elements", "dtype", "weight", "inPlace"];
const FORWARD = ["reduction", "denominator", "onEmpty", "elements", "posWeight"];
const FORWARD_GRAD = [...FORWARD, "gradOutput"];

/**
 * Memory of its own for `binaryCrossEntropyWithLogits`, as `CrossEntropyWorkspace` is for `crossEntropy`: views to write
 * logits and targets into and to read the gradient from, no copy on the way in or out, and valid until {@link dispose}.
 *
 * ```ts
 * using work = new BinaryCrossEntropyWorkspace({ elements: 256 * 1000 });
 * work.logits.set(batch);
 * work.targets.set(labels);
 * const { loss, grad } = work.forwardWithGrad();
 * ```
 */
export class BinaryCrossEntropyWorkspace {
  readonly elements: number;
  readonly dtype: "float32" | "float64";
  readonly #logits: Elements;
  readonly #targets: Elements;
  readonly #weight: Elements | undefined;
  readonly #grad: Elements;
  #kernel: BinaryKernel | undefined;

  /**
   * @throws {TypeError | RangeError} for a shape that is none
   */
  constructor(shape: BinaryWorkspaceShape) {
    if (shape === undefined) throw typeError("shape", "object", shape);
    knownOptions(shape, SHAPE, "shape");
    this.elements = integer("elements", shape.elements, undefined, { min: 1 });
    this.dtype = oneOf("dtype", shape.dtype, ["float32", "float64"], "float32");
    const inPlace = boolean("inPlace", shape.inPlace, false);
    const weight = boolean("weight", shape.weight, false);
    const bytes = this.elements * elementBytes(this.dtype);
    const sizes = { logits: bytes, targets: bytes, weight: weight ? bytes : 0, grad: inPlace ? 0 : bytes };
    const all = layout(0, sizes).end;
    if (all > MEMORY_LIMIT) throw rangeError("elements", `arrays of at most ${MEMORY_LIMIT} bytes`, all);
    const { buffer, base, kernels } = newStage(all);
    const at = layout(base, sizes);
    const view = (begin: number) =>
      this.dtype === "float64"
        ? new Float64Array(buffer, begin, this.elements)
        : new Float32Array(buffer, begin, this.elements);
    this.#logits = view(at.logits);
    this.#targets = view(at.targets);
    this.#weight = weight ? view(at.weight).fill(1) : undefined;
    this.#grad = inPlace ? this.#logits : view(at.grad);
    this.#kernel = kernels[`${PREFIX[this.dtype]}_bce`];
  }

  get logits(): Elements {
    this.#alive();
    return this.#logits;
  }

  /** Usually in [0, 1]. */
  get targets(): Elements {
    this.#alive();
    return this.#targets;
  }

  /** A factor of each element's loss, 1 at first; undefined unless `weight: true` asked for it. */
  get weight(): Elements | undefined {
    this.#alive();
    return this.#weight;
  }

  /** The gradient of the last {@link forwardWithGrad}; the logits themselves when in place. */
  get grad(): Elements {
    this.#alive();
    return this.#grad;
  }

  /** The loss of what stands in the views, in nats; as `binaryCrossEntropyWithLogits`. */
  forward(options: BinaryWorkspaceOptions = NO_OPTIONS): number {
    knownOptions(options, FORWARD);
    return this.#run(options, false);
  }

  /** The same, and its gradient into the view `grad`; as `binaryCrossEntropyWithLogitsWithGrad`. */
  forwardWithGrad(options: BinaryWorkspaceGradOptions = NO_OPTIONS): { loss: number; grad: Elements } {
    knownOptions(options, FORWARD_GRAD);
    return { loss: this.#run(options, true), grad: this.#grad };
  }

  /** Lets go of the memory. Views taken before keep their contents for as long as they are held. */
  dispose(): void {
    this.#kernel = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #alive(): BinaryKernel {
    if (this.#kernel === undefined) throw new Error("BinaryCrossEntropyWorkspace was disposed");
    return this.#kernel;
  }

  #run(options: BinaryWorkspaceGradOptions, withGrad: boolean): number {
    const run = this.#alive();
    oneOf("reduction", options.reduction, ["mean", "sum"], "mean");
    const reduction = readReduction(options);
    const all = this.elements;
    const n = options.elements === undefined ? all : integer("elements", options.elements, all, { min: 0, max: all });
    const positive = finiteNumber("posWeight", options.posWeight, 1);
    const upstream = finiteNumber("gradOutput", options.gradOutput, 1);
    const by = divisor(reduction, n);
    const weight = this.#weight?.byteOffset ?? 0;
    const dx = withGrad ? this.#grad.byteOffset : 0;
    const share = by === 0 ? 0 : upstream / by;
    // The kernels leave their last vector whole.
    const behind = withGrad && n < all ? this.#grad.slice(n, n + LANES) : undefined;
    const sum = run(n, this.#logits.byteOffset, this.#targets.byteOffset, weight, 0, positive, 0, 0, share, dx);
    if (behind !== undefined) this.#grad.set(behind, n);
    return divided(sum, by, reduction.onEmpty);
  }
}
