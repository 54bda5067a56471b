import type { ElementType } from "../input/elements.js";
import type { RowsView } from "../input/rows.js";
import {
  computeType,
  elementBytes,
  isNarrow,
  layout,
  PREFIX,
  rowsOfTile,
  type Stage,
  sharedStage,
  type Views,
} from "../sweep/stage.js";
import type { Input, Place, Task, Tiles } from "../sweep/sweep.js";
import { product } from "./reduction.js";

/** A factor of the elements: one number, or a view of as many as there are logits. */
export type Factor = number | RowsView;

/** The checked arguments of a call. */
export interface BinaryCall {
  readonly logits: RowsView;
  readonly targets: RowsView;
  readonly weight: Factor;
  readonly posWeight: Factor;
  readonly upstream: Factor;
  /** What the gradient is divided by; 0 for a mean over nothing. */
  readonly by: number;
  /** Where the losses go, one an element. */
  readonly out: Float32Array | Float64Array | undefined;
  readonly grad: RowsView | undefined;
}

/** What is in the stage besides logits and targets, as bits. */
const WEIGHT = 1;
const POS_WEIGHT = 2;
const UPSTREAM = 4;
const LOSSES = 8;
const GRAD = 16;

/** Bytes that an element takes. */
function bytesOf(type: ElementType, contents: number): number {
  let arrays = 1;
  for (const bit of [WEIGHT, POS_WEIGHT, UPSTREAM, LOSSES]) if (contents & bit) arrays++;
  if (contents & GRAD && isNarrow(type)) arrays++;
  return elementBytes(type) + arrays * elementBytes(computeType(type));
}

function isFlat({ logits, targets, weight, posWeight, upstream, grad }: BinaryCall): boolean {
  const views = [logits, targets, weight, posWeight, upstream, grad];
  return views.every((view) => typeof view !== "object" || view.contiguous);
}

/** The shared stage laid out for elements of one kind. */
class BinaryLayout {
  readonly stage: Stage;
  readonly at: Record<"logits" | "targets" | "weight" | "posWeight" | "upstream" | "losses" | "result" | "end", number>;

  /**
   * @param contents the bits of what there is
   * @param size how many elements fit
   */
  constructor(
    private readonly type: ElementType,
    contents: number,
    private readonly size: number,
  ) {
    const bytes = size * elementBytes(computeType(type));
    const apart = (contents & GRAD) !== 0 && isNarrow(type);
    const sizes = {
      logits: Math.max(1, size * elementBytes(type)),
      targets: bytes,
      weight: contents & WEIGHT ? bytes : 0,
      posWeight: contents & POS_WEIGHT ? bytes : 0,
      upstream: contents & UPSTREAM ? bytes : 0,
      losses: contents & LOSSES ? bytes : 0,
      result: apart ? bytes : 0,
    };
    this.stage = sharedStage(layout(0, sizes).end);
    this.at = layout(this.stage.base, sizes);
    if (contents & GRAD && !apart) this.at.result = this.at.logits;
  }

  serves(type: ElementType, size: number): boolean {
    return size <= this.size && type === this.type && sharedStage(this.at.end - this.stage.base) === this.stage;
  }
}

/** The last layout of each kind of contents. */
const known: (BinaryLayout | undefined)[] = [];

function layoutFor(type: ElementType, contents: number, size: number): BinaryLayout {
  const last = known[contents];
  if (last?.serves(type, size)) return last;
  const created = new BinaryLayout(type, contents, size);
  // A stage whose place was taken is not kept alive.
  for (let i = 0; i < known.length; i++) if (known[i]?.stage !== created.stage) known[i] = undefined;
  while (known.length <= contents) known.push(undefined);
  known[contents] = created;
  return created;
}

/** A binary cross-entropy as tiles, and what it adds up to. */
export class BinaryTiles implements Tiles {
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
  readonly #at: BinaryLayout["at"];
  readonly #weight: number;
  readonly #posWeight: number;
  readonly #upstream: number;

  constructor(private readonly call: BinaryCall) {
    const { targets, weight, posWeight, upstream, by, out, grad } = call;
    const { type } = call.logits;
    const compute = computeType(type);
    this.#bytes = elementBytes(compute);
    const contents =
      (typeof weight === "number" ? 0 : WEIGHT) |
      (typeof posWeight === "number" ? 0 : POS_WEIGHT) |
      (typeof upstream === "number" ? 0 : UPSTREAM) |
      (out === undefined ? 0 : LOSSES) |
      (grad === undefined ? 0 : GRAD);
    const perElement = bytesOf(type, contents);
    const elements = call.logits.rows * call.logits.classes;
    // Of what takes several tiles, those may end anywhere where everything lies in one run; otherwise they hold whole
    // rows of the last dimension.
    const flat = rowsOfTile(perElement, elements) < elements && isFlat(call);
    const rowsOf = (view: RowsView): RowsView => (flat ? { ...view, rows: elements, classes: 1 } : view);
    this.#columns = flat ? 1 : call.logits.classes;
    this.rows = flat ? elements : call.logits.rows;
    this.tile = rowsOfTile(perElement * this.#columns, this.rows);
    const { stage, at } = layoutFor(type, contents, this.tile * this.#columns);
    this.stage = stage;
    this.end = at.end;
    this.#at = at;

    this.inputs = [
      { view: rowsOf(call.logits), at: at.logits, type, edited: false },
      { view: rowsOf(targets), at: at.targets, type: compute, edited: false },
    ];
    if (typeof weight === "object") this.#add(rowsOf(weight), at.weight, compute);
    if (typeof posWeight === "object") this.#add(rowsOf(posWeight), at.posWeight, compute);
    if (typeof upstream === "object") this.#add(rowsOf(upstream), at.upstream, compute);
    this.result = grad === undefined ? undefined : { view: rowsOf(grad), at: at.result, type };
    this.#weight = typeof weight === "number" ? weight : 1;
    this.#posWeight = typeof posWeight === "number" ? posWeight : 1;
    this.#upstream = by === 0 ? 0 : ((typeof upstream === "number" ? upstream : 1) * this.#weight) / by;
  }

  #add(view: RowsView, at: number, type: ElementType): void {
    this.inputs.push({ view, at, type, edited: false });
  }

  prepare(): void {}

  fill(): void {}

  run(count: number): number {
    const { kernels } = this.stage;
    const { logits, targets, weight, posWeight, losses, upstream, result } = this.#at;
    const prefix = PREFIX[this.call.logits.type];
    const n = count * this.#columns;
    if (this.result === undefined) {
      return kernels[`${prefix}_bce`](n, logits, targets, weight, posWeight, this.#posWeight, losses);
    }
    const run = kernels[`${prefix}_bce_grad`];
    return run(n, logits, targets, weight, posWeight, this.#posWeight, losses, upstream, this.#upstream, result);
  }

  collect({ f32, f64 }: Views, first: number, count: number, partial: number): void {
    const { out } = this.call;
    this.sum += product(this.#weight, partial);
    if (out === undefined) return;
    const from = this.#bytes === 8 ? f64 : f32;
    const losses = this.#at.losses / this.#bytes;
    const begin = first * this.#columns;
    for (let i = 0; i < count * this.#columns; i++) out[begin + i] = product(this.#weight, from[losses + i]);
  }

  task(): Task {
    const { logits, targets, weight, posWeight, losses, upstream, result } = this.#at;
    const withGrad = this.result !== undefined;
    const forward = [logits, targets, weight, posWeight, this.#posWeight, losses];
    return {
      kernel: `${PREFIX[this.call.logits.type]}_bce${withGrad ? "_grad" : ""}`,
      args: withGrad ? [...forward, upstream, this.#upstream, result] : forward,
      perRow: this.#columns,
      constants: [],
      inputs: [],
      outputs: losses === 0 ? [] : [{ at: losses, bytes: this.#bytes * this.#columns }],
    };
  }
}
