import type { RowsView } from "../input/rows.js";
import type { ElementKernel, ElementOp } from "../kernels/kernels.js";
import { copyOut } from "../sweep/rows.js";
import {
  type ComputeType,
  computeType,
  elementBytes,
  isCurrent,
  layout,
  PREFIX,
  rowsOfTile,
  type Stage,
  sharedStage,
  type Views,
} from "../sweep/stage.js";
import type { Input, Place, Task, Tiles } from "../sweep/sweep.js";
import { copyInDirect, copyOutDirect } from "./direct.js";
import { product } from "./reduction.js";

/** A factor of the elements: one number, or a view of as many as there are elements. */
export type Factor = number | RowsView;

/** A formula and its numbers, as src/kernels/kernels.ts defines them. */
export interface Formula {
  /** "bce" for the binary cross-entropy with logits, which has kernels of its own. */
  readonly op: ElementOp | "bce";
  readonly p?: number;
  readonly q?: number;
}

/** The checked arguments of a call. */
export interface ElementCall extends Formula {
  readonly x: RowsView;
  readonly targets: RowsView | undefined;
  /** What the formula takes besides: the positive weight, or the variance. */
  readonly extra: Factor;
  /** s of t(1 − s) + s/2 in place of t. */
  readonly smoothing: number;
  readonly weight: Factor;
  readonly upstream: Factor;
  /** What the gradient is divided by; 0 for a mean over nothing. */
  readonly by: number;
  /** Where the losses go, one an element. */
  readonly out: Float32Array | Float64Array | undefined;
  readonly grad: RowsView | undefined;
  /** Where the gradient with respect to `extra` goes. */
  readonly gradExtra: RowsView | undefined;
}

/** What is in the stage besides x, as bits. */
const WEIGHT = 1;
const EXTRA = 2;
const UPSTREAM = 4;
const LOSSES = 8;
const GRAD = 16;
const TARGETS = 32;
const GRAD_EXTRA = 64;

/** Bytes that an element takes. */
function bytesOf(type: ComputeType, contents: number): number {
  let arrays = 1;
  for (const bit of [WEIGHT, EXTRA, UPSTREAM, LOSSES, TARGETS, GRAD_EXTRA]) if (contents & bit) arrays++;
  return arrays * elementBytes(type);
}

function isFlat({ x, targets, weight, extra, upstream, grad, gradExtra }: ElementCall): boolean {
  const views = [x, targets, weight, extra, upstream, grad, gradExtra];
  return views.every((view) => typeof view !== "object" || view.contiguous);
}

type Region = "x" | "targets" | "weight" | "extra" | "upstream" | "losses" | "result" | "resultExtra";

/** The shared stage laid out for elements of one kind. */
class ElementLayout {
  readonly stage: Stage;
  readonly at: Record<Region | "end", number>;
  readonly #kernels: Partial<Record<ElementOp, ElementKernel>> = {};

  /**
   * @param contents the bits of what there is
   * @param size how many elements fit
   */
  constructor(
    private readonly type: ComputeType,
    contents: number,
    private readonly size: number,
  ) {
    const bytes = size * elementBytes(type);
    const sizes = {
      x: Math.max(1, bytes),
      targets: contents & TARGETS ? bytes : 0,
      weight: contents & WEIGHT ? bytes : 0,
      extra: contents & EXTRA ? bytes : 0,
      upstream: contents & UPSTREAM ? bytes : 0,
      losses: contents & LOSSES ? bytes : 0,
      resultExtra: contents & GRAD_EXTRA ? bytes : 0,
    };
    this.stage = sharedStage(layout(0, sizes).end);
    const at = layout(this.stage.base, sizes);
    this.at = { ...at, result: contents & GRAD ? at.x : 0 };
  }

  /** Runs the kernel over the first n elements: Σ of their losses. */
  run(n: number, { op, p = 0, q = 0 }: Formula, extraNumber: number, upstreamNumber: number): number {
    const { x, targets, weight, extra, losses, upstream, result, resultExtra: dv } = this.at;
    if (op !== "bce") {
      const run = this.#kernel(op);
      return run(n, x, targets, extra, extraNumber, weight, p, q, losses, upstream, upstreamNumber, result, dv);
    }
    const { kernels } = this.stage;
    const run = kernels[`${PREFIX[this.type]}_bce`];
    return run(n, x, targets, weight, extra, extraNumber, losses, upstream, upstreamNumber, result);
  }

  #kernel(op: ElementOp): ElementKernel {
    // A name is made once: that takes longer than ten elements.
    const known = this.#kernels[op];
    if (known !== undefined) return known;
    const kernel = this.stage.kernels[`${PREFIX[this.type]}_${op}`];
    this.#kernels[op] = kernel;
    return kernel;
  }

  serves(type: ComputeType, size: number): boolean {
    return size <= this.size && type === this.type && isCurrent(this.stage);
  }
}

/** The last layout of each kind of contents. */
const known: (ElementLayout | undefined)[] = [];

function layoutFor(type: ComputeType, contents: number, size: number): ElementLayout {
  const last = known[contents];
  if (last?.serves(type, size)) return last;
  const created = new ElementLayout(type, contents, size);
  // A stage whose place was taken is not kept alive.
  for (let i = 0; i < known.length; i++) if (known[i]?.stage !== created.stage) known[i] = undefined;
  while (known.length <= contents) known.push(undefined);
  known[contents] = created;
  return created;
}

/**
 * Σ of the losses of a direct call, and its gradients over the number of elements. The arrays are of one length.
 *
 * @param checked whether a sum of NaN may come of elements that there is no loss for: nothing is written then
 */
export function directSum(
  formula: Formula,
  checked: boolean,
  x: Float32Array,
  targets: Float32Array,
  grad?: Float32Array,
  extra?: Float32Array,
  gradExtra?: Float32Array,
): number {
  const n = x.length;
  const contents =
    TARGETS |
    (extra === undefined ? 0 : EXTRA) |
    (grad === undefined ? 0 : GRAD) |
    (gradExtra === undefined ? 0 : GRAD_EXTRA);
  const layout = layoutFor("float32", contents, n);
  const { at, stage } = layout;
  const { f32 } = stage;
  copyInDirect(x, f32, at.x);
  copyInDirect(targets, f32, at.targets);
  if (extra !== undefined) copyInDirect(extra, f32, at.extra);
  const sum = layout.run(n, formula, 1, 1 / n);
  if (checked && Number.isNaN(sum)) return sum;
  if (grad !== undefined) copyOutDirect(f32, at.result, grad);
  if (gradExtra !== undefined) copyOutDirect(f32, at.resultExtra, gradExtra);
  return sum;
}

/** An element-wise loss or map as tiles, and what it adds up to. */
export class ElementTiles implements Tiles {
  readonly stage: Stage;
  readonly end: number;
  readonly rows: number;
  readonly tile: number;
  readonly inputs: Input[];
  readonly result: Place | undefined;
  /** Σ of the weighted losses collected. */
  sum = 0;
  readonly #columns: number;
  readonly #bytes: number;
  readonly #layout: ElementLayout;
  readonly #at: ElementLayout["at"];
  readonly #type: ComputeType;
  readonly #gradExtra: RowsView | undefined;
  readonly #weight: number;
  readonly #extra: number;
  readonly #upstream: number;

  constructor(private readonly call: ElementCall) {
    const { x, targets, weight, extra, upstream, smoothing, by, out, grad, gradExtra } = call;
    const type = computeType(x.type);
    this.#type = type;
    this.#bytes = elementBytes(type);
    const contents =
      (targets === undefined ? 0 : TARGETS) |
      (typeof weight === "number" ? 0 : WEIGHT) |
      (typeof extra === "number" ? 0 : EXTRA) |
      (typeof upstream === "number" ? 0 : UPSTREAM) |
      (out === undefined ? 0 : LOSSES) |
      (grad === undefined ? 0 : GRAD) |
      (gradExtra === undefined ? 0 : GRAD_EXTRA);
    const perElement = bytesOf(type, contents);
    const elements = x.rows * x.classes;
    // Of what takes several tiles, those may end anywhere where everything lies in one run; otherwise they hold whole
    // rows of the last dimension.
    const flat = rowsOfTile(perElement, elements) < elements && isFlat(call);
    const rowsOf = (view: RowsView): RowsView => (flat ? { ...view, rows: elements, classes: 1 } : view);
    this.#columns = flat ? 1 : x.classes;
    this.rows = flat ? elements : x.rows;
    this.tile = rowsOfTile(perElement * this.#columns, this.rows);
    this.#layout = layoutFor(type, contents, this.tile * this.#columns);
    const { stage, at } = this.#layout;
    this.stage = stage;
    this.end = at.end;
    this.#at = at;

    this.inputs = [{ view: rowsOf(x), at: at.x, type, edited: false }];
    if (targets !== undefined) {
      this.inputs.push({ view: rowsOf(targets), at: at.targets, type, edited: smoothing !== 0 });
    }
    if (typeof weight === "object") this.#add(rowsOf(weight), at.weight);
    if (typeof extra === "object") this.#add(rowsOf(extra), at.extra);
    if (typeof upstream === "object") this.#add(rowsOf(upstream), at.upstream);
    this.result = grad === undefined ? undefined : { view: rowsOf(grad), at: at.result, type };
    this.#gradExtra = gradExtra === undefined ? undefined : rowsOf(gradExtra);
    this.#weight = typeof weight === "number" ? weight : 1;
    this.#extra = typeof extra === "number" ? extra : 1;
    this.#upstream = by === 0 ? 0 : ((typeof upstream === "number" ? upstream : 1) * this.#weight) / by;
  }

  #add(view: RowsView, at: number): void {
    this.inputs.push({ view, at, type: this.#type, edited: false });
  }

  prepare(): void {}

  fill({ f32, f64 }: Views, _first: number, count: number): void {
    const { smoothing } = this.call;
    if (smoothing === 0) return;
    const targets = this.#bytes === 8 ? f64 : f32;
    const begin = this.#at.targets / this.#bytes;
    const end = begin + count * this.#columns;
    for (let i = begin; i < end; i++) targets[i] = targets[i] * (1 - smoothing) + smoothing / 2;
  }

  run(count: number): number {
    return this.#layout.run(count * this.#columns, this.call, this.#extra, this.#upstream);
  }

  collect(memory: Views, first: number, count: number, partial: number): void {
    const { out } = this.call;
    this.sum += product(this.#weight, partial);
    if (this.#gradExtra !== undefined) {
      const at = this.#at.resultExtra;
      const n = count * this.#columns;
      // Only the stage has kernels, which narrow.
      if (memory !== this.stage) this.stage.run(this.#type, at, n).set(memory.run(this.#type, at, n));
      copyOut(this.stage, at, this.#type, this.#gradExtra, first, count);
    }
    if (out === undefined) return;
    const { f32, f64 } = memory;
    const from = this.#bytes === 8 ? f64 : f32;
    const losses = this.#at.losses / this.#bytes;
    const begin = first * this.#columns;
    for (let i = 0; i < count * this.#columns; i++) out[begin + i] = product(this.#weight, from[losses + i]);
  }

  task(): Task {
    const bytes = this.#bytes * this.#columns;
    const { losses, resultExtra } = this.#at;
    return {
      ...this.#kernel(),
      perRow: this.#columns,
      constants: [],
      inputs: [],
      outputs: [losses, resultExtra].filter((at) => at !== 0).map((at) => ({ at, bytes })),
    };
  }

  /** What {@link run} calls, and with what behind the number of elements. */
  #kernel(): Pick<Task, "kernel" | "args"> {
    const { x, targets, weight, extra, losses, upstream, result, resultExtra } = this.#at;
    const { op, p = 0, q = 0 } = this.call;
    if (op !== "bce") {
      const factors = [
        targets,
        extra,
        this.#extra,
        weight,
        p,
        q,
        losses,
        upstream,
        this.#upstream,
        result,
        resultExtra,
      ];
      return { kernel: `${PREFIX[this.#type]}_${op}`, args: [x, ...factors] };
    }
    const args = [x, targets, weight, extra, this.#extra, losses, upstream, this.#upstream, result];
    return { kernel: `${PREFIX[this.#type]}_bce`, args };
  }
}
