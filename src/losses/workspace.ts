/// <reference lib="esnext.disposable" preserve="true" />
import type { ElementType } from "../input/elements.js";
import { rangeError, typeError } from "../input/errors.js";
import { checkIndices, type IndexView } from "../input/indices.js";
import { boolean, classWeights, integer, knownOptions, NO_OPTIONS, oneOf, rowFactors } from "../input/options.js";
import { narrow, type RowContents, rowRegions, widen } from "../sweep/rows.js";
import { align, computeType, elementBytes, isNarrow, MEMORY_LIMIT, newStage, rowsOfTile } from "../sweep/stage.js";
import { type CrossEntropyScalars, DEFAULTS, readScalars, SCALAR_OPTIONS } from "./crossEntropyOptions.js";
import { addRows, CrossEntropyBlock, divisors, ignoredMark, reduced } from "./crossEntropyRows.js";

export interface WorkspaceShape {
  /** Rows that the views hold. */
  rows: number;
  classes: number;
  /** Element type of the logits and the gradient; default float32. */
  dtype?: ElementType;
  /** That of the gradient, where it is not theirs: float32 for 16-bit logits. */
  gradDtype?: ElementType;
  /** What `targets` holds; default `"indices"`. */
  targets?: "indices" | "probabilities";
  /** Whether there are class weights; default false. */
  weight?: boolean;
  /** Whether the gradient overwrites the logits, which halves the memory; default false. Not for 16-bit types. */
  inPlace?: boolean;
}

export interface WorkspaceOptions extends CrossEntropyScalars {
  /** How many rows stand in the views, from the first on; default all. */
  rows?: number;
}

export interface WorkspaceGradOptions extends WorkspaceOptions {
  /** Upstream gradient, a number or one a row; default 1. */
  gradOutput?: number | ArrayLike<number>;
}

type Computed = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
type Elements = Computed | Uint16Array<ArrayBuffer>;

/** What {@link CrossEntropyWorkspace.forwardWithGrad} returns. */
export interface WorkspaceResult<Loss> {
  loss: Loss;
  /** The view `grad`. */
  grad: Elements;
  /** The part of `loss` that is the z-loss, when there is one. */
  zLoss?: Loss;
}

/**
 * So many rows of 16 bits at least are widened at a time, wide as they may be: one by one, between memory that is read and
 * memory that is written, each takes half as long again.
 */
const WIDENED = 16;

const SHAPE = ["rows", "classes", "dtype", "gradDtype", "targets", "weight", "inPlace"];
const FORWARD = [...SCALAR_OPTIONS, "rows"];
const FORWARD_GRAD = [...FORWARD, "gradOutput"];
const TYPES = ["float32", "float64", "float16", "bfloat16"] as const;

/**
 * Memory of its own for a batch of one shape, with views to write logits and targets into and to read the gradient from:
 * no copy on the way in or out. The memory has exactly the size it needs and never grows, so the views stay valid until
 * {@link dispose}. As many as wanted can live side by side.
 *
 * ```ts
 * using work = new CrossEntropyWorkspace({ rows: 256, classes: 1000 });
 * work.logits.set(batch);
 * work.targets.set(labels);
 * const { loss, grad } = work.forwardWithGrad();
 * ```
 */
export class CrossEntropyWorkspace {
  readonly rows: number;
  readonly classes: number;
  readonly dtype: ElementType;
  readonly gradDtype: ElementType;
  readonly #logits: Elements;
  readonly #targets: Int32Array<ArrayBuffer> | Computed;
  readonly #weight: Computed | undefined;
  readonly #losses: Float64Array<ArrayBuffer>;
  readonly #grad: Elements;
  readonly #indices: IndexView;
  /** Whether logits and targets stand where the kernels take them, and no class weights beside them. */
  readonly #direct: boolean;
  #block: CrossEntropyBlock | undefined;

  /**
   * @throws {TypeError | RangeError} for a shape that is none, and where `inPlace` is asked of a 16-bit type
   */
  constructor(shape: WorkspaceShape) {
    if (shape === undefined) throw typeError("shape", "object", shape);
    knownOptions(shape, SHAPE, "shape");
    this.rows = integer("rows", shape.rows, undefined, { min: 1 });
    this.classes = integer("classes", shape.classes, undefined, { min: 1 });
    this.dtype = oneOf("dtype", shape.dtype, TYPES, "float32");
    const gradTypes: readonly ElementType[] = isNarrow(this.dtype) ? [this.dtype, "float32"] : [this.dtype];
    this.gradDtype = oneOf("gradDtype", shape.gradDtype, gradTypes, this.dtype);
    const probabilities = oneOf("targets", shape.targets, ["indices", "probabilities"], "indices") === "probabilities";
    const inPlace = boolean("inPlace", shape.inPlace, false);
    const weight = boolean("weight", shape.weight, false);
    if (inPlace && isNarrow(this.dtype)) throw rangeError("inPlace", `false for ${this.dtype} logits`, true);
    const halves = isNarrow(this.dtype);
    const elements = this.rows * this.classes;
    const contents: RowContents = {
      type: computeType(this.dtype),
      classes: this.classes,
      probabilities,
      weight,
      // What 16-bit logits are widened to is nobody's; their gradient stands behind them.
      result: inPlace || isNarrow(this.gradDtype) ? "inPlace" : halves ? "none" : "apart",
    };
    const tile = Math.max(rowsOfTile(4 * this.classes, this.rows), WIDENED);
    const present = halves ? Math.min(tile, this.rows) : this.rows;
    const { end } = rowRegions(0, contents, this.rows, present);
    const halvesBytes = halves ? align(2 * elements) : 0;
    const bytes = end + halvesBytes + (halves ? align(elementBytes(this.gradDtype) * elements) : 0);
    if (bytes > MEMORY_LIMIT) throw rangeError("rows", `a batch of at most ${MEMORY_LIMIT} bytes`, bytes);
    const block = new CrossEntropyBlock(newStage(bytes), contents, this.rows, present);
    const { at, stage } = block;
    const Compute = this.dtype === "float64" ? Float64Array : Float32Array;
    const Element = halves ? Uint16Array : Compute;
    const Grad = isNarrow(this.gradDtype) ? Uint16Array : Compute;
    this.#block = block;
    this.#direct = !probabilities && !weight && !halves;
    this.#logits = new Element(stage.buffer, halves ? at.end : at.logits, elements);
    this.#grad = new Grad(stage.buffer, halves ? at.end + halvesBytes : at.result, elements);
    this.#targets = probabilities
      ? new Compute(stage.buffer, at.probabilities, elements)
      : new Int32Array(stage.buffer, at.indices, this.rows);
    const data = this.#targets;
    this.#indices = {
      name: "targets",
      data,
      halves: undefined,
      unsigned: false,
      offset: 0,
      rows: this.rows,
      dims: undefined,
    };
    this.#weight = weight ? new Compute(stage.buffer, at.weight, this.classes).fill(1) : undefined;
    this.#losses = new Float64Array(stage.buffer, at.losses, this.rows);
  }

  /** rows × classes, row-major; raw bits for the 16-bit types. */
  get logits(): Elements {
    this.#alive();
    return this.#logits;
  }

  /** One class index a row (Int32Array), or rows × classes probabilities. */
  get targets(): Int32Array<ArrayBuffer> | Computed {
    this.#alive();
    return this.#targets;
  }

  /** One weight a class, 1 at first; undefined unless `weight: true` asked for it. */
  get weight(): Computed | undefined {
    this.#alive();
    return this.#weight;
  }

  /** One loss a row in nats, of the last call, the z-loss in it. */
  get losses(): Float64Array<ArrayBuffer> {
    this.#alive();
    return this.#losses;
  }

  /** rows × classes, the gradient of the last {@link forwardWithGrad}; the logits themselves when in place. */
  get grad(): Elements {
    this.#alive();
    return this.#grad;
  }

  /**
   * The loss of what stands in the views; as `crossEntropy`.
   *
   * @returns a number, or the view `losses` for `reduction: "none"`
   */
  forward(options: WorkspaceOptions & { reduction: "none" }): Float64Array<ArrayBuffer>;
  forward(options?: WorkspaceOptions & { reduction?: "mean" | "sum" }): number;
  forward(options?: WorkspaceOptions): number | Float64Array<ArrayBuffer>;
  forward(options: WorkspaceOptions = NO_OPTIONS): number | Float64Array<ArrayBuffer> {
    if (options === NO_OPTIONS) {
      const mean = this.#mean(false);
      if (mean !== undefined) return mean;
    }
    knownOptions(options, FORWARD);
    return this.#run(options, false).loss;
  }

  /** The same, and its gradient into the view `grad`; as `crossEntropyWithGrad`. */
  forwardWithGrad(options: WorkspaceGradOptions & { reduction: "none" }): WorkspaceResult<Float64Array<ArrayBuffer>>;
  forwardWithGrad(options?: WorkspaceGradOptions & { reduction?: "mean" | "sum" }): WorkspaceResult<number>;
  forwardWithGrad(options?: WorkspaceGradOptions): WorkspaceResult<number | Float64Array<ArrayBuffer>>;
  forwardWithGrad(options: WorkspaceGradOptions = NO_OPTIONS): WorkspaceResult<number | Float64Array<ArrayBuffer>> {
    if (options === NO_OPTIONS) {
      const loss = this.#mean(true);
      if (loss !== undefined) return { loss, grad: this.#grad };
    }
    knownOptions(options, FORWARD_GRAD);
    return this.#run(options, true);
  }

  /** Lets go of the memory. Views taken before keep their contents for as long as they are held. */
  dispose(): void {
    this.#block = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #alive(): CrossEntropyBlock {
    if (this.#block === undefined) throw new Error("CrossEntropyWorkspace was disposed");
    return this.#block;
  }

  /** The loss without options; undefined where it takes more: widening, probabilities, weights, ignored rows, an error. */
  #mean(withGrad: boolean): number | undefined {
    const block = this.#alive();
    return this.#direct ? block.mean(this.rows, DEFAULTS, withGrad) : undefined;
  }

  #run(options: WorkspaceGradOptions, withGrad: boolean): WorkspaceResult<number | Float64Array<ArrayBuffer>> {
    const block = this.#alive();
    const scalars = readScalars(options);
    const all = this.rows;
    const rows = options.rows === undefined ? all : integer("rows", options.rows, all, { min: 0, max: all });
    const full = rows === all;
    const { gradOutput } = options;
    const upstream = gradOutput === undefined ? 1 : rowFactors("gradOutput", gradOutput, rows, [rows]);
    const weight = this.#weight === undefined ? undefined : classWeights(this.#weight, this.classes);
    const { probabilities } = block.contents;
    const counted = probabilities
      ? { count: rows, weightSum: rows }
      : checkIndices(
          full ? this.#indices : { ...this.#indices, rows },
          this.classes,
          scalars.ignoreIndex,
          this.#weight,
        );
    const by = divisors(scalars, counted.count, counted.weightSum);
    block.configure(block.stage, scalars, by, weight, ignoredMark(scalars.ignoreIndex), upstream);
    if (withGrad) block.writeUpstream(block.stage, 0, rows, upstream, 1, by.grad);
    const { stage, at, present } = block;
    for (let first = 0; first < rows; first += present) {
      const count = Math.min(present, rows - first);
      const elements = count * this.classes;
      const logits = this.#logits.byteOffset + 2 * first * this.classes;
      const grad = this.#grad.byteOffset + this.#grad.BYTES_PER_ELEMENT * first * this.classes;
      if (isNarrow(this.dtype)) widen(stage, logits, elements, this.dtype, at.logits);
      const to = isNarrow(this.gradDtype) ? at.result : grad;
      block.run(count, !probabilities, scalars.zLoss !== 0, withGrad, first, to);
      if (withGrad && isNarrow(this.gradDtype)) narrow(stage, at.result, elements, this.gradDtype, grad);
    }
    const losses = full ? this.#losses : this.#losses.subarray(0, rows);
    const none = scalars.reduction.kind === "none";
    const zOut = none && scalars.zLoss !== 0 ? new Float64Array(rows) : undefined;
    // Without a z-loss they stand in the view already.
    const out = none || scalars.zLoss !== 0 ? losses : undefined;
    const totals = { loss: 0, zLoss: 0, lambda: scalars.zLoss, sampleWeight: 1, out, zOut };
    addRows(totals, block.stage, block.at, 0, rows);
    const result = reduced(totals, scalars.reduction, by) as WorkspaceResult<number | Float64Array<ArrayBuffer>>;
    if (withGrad) result.grad = this.#grad;
    return result;
  }
}
