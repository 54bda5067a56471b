import type { RowsView } from "../input/rows.js";
import {
  computeType,
  elementBytes,
  isNarrow,
  layout,
  PREFIX,
  rowsOfTile,
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

/** A binary cross-entropy as tiles, and what it adds up to. */
export class BinaryTiles implements Tiles {
  readonly stage;
  readonly end;
  readonly rows;
  readonly tile;
  readonly inputs: Input[];
  readonly result: Place | undefined;
  /** Σ of the weighted losses collected. */
  sum = 0;
  readonly #columns: number;
  readonly #bytes: number;
  readonly #at: ReturnType<
    typeof layout<"logits" | "targets" | "weight" | "posWeight" | "upstream" | "losses" | "result">
  >;
  readonly #weight: number;
  readonly #posWeight: number;
  readonly #upstream: number;

  constructor(private readonly call: BinaryCall) {
    const { weight, posWeight, upstream, by, out, grad } = call;
    const { type } = call.logits;
    const elements = call.logits.rows * call.logits.classes;
    const views = [call.logits, call.targets, weight, posWeight, upstream, grad].filter(
      (view) => typeof view === "object",
    );
    // Where everything lies in one run, tiles may end anywhere; otherwise they hold whole rows of the last dimension.
    const flat = views.every((view) => view.contiguous);
    const rowsOf = (view: RowsView): RowsView => (flat ? { ...view, rows: elements, classes: 1 } : view);
    const logits = rowsOf(call.logits);
    this.rows = logits.rows;
    this.#columns = logits.classes;

    const compute = computeType(type);
    this.#bytes = elementBytes(compute);
    const apart = grad !== undefined && isNarrow(type);
    const arrays = views.length - (grad === undefined ? 1 : 2) + (out === undefined ? 0 : 1) + (apart ? 1 : 0);
    const perElement = elementBytes(type) + this.#bytes * arrays;
    this.tile = rowsOfTile(perElement * this.#columns, this.rows);
    const size = this.tile * this.#columns;
    const sizes = {
      logits: Math.max(1, size * elementBytes(type)),
      targets: size * this.#bytes,
      weight: typeof weight === "number" ? 0 : size * this.#bytes,
      posWeight: typeof posWeight === "number" ? 0 : size * this.#bytes,
      upstream: typeof upstream === "number" ? 0 : size * this.#bytes,
      losses: out === undefined ? 0 : size * this.#bytes,
      result: apart ? size * this.#bytes : 0,
    };
    this.stage = sharedStage(layout(0, sizes).end);
    const at = layout(this.stage.base, sizes);
    if (grad !== undefined && !apart) at.result = at.logits;
    this.#at = at;
    this.end = at.end;

    this.inputs = [
      { view: logits, at: at.logits, type, edited: false },
      { view: rowsOf(call.targets), at: at.targets, type: compute, edited: false },
    ];
    for (const name of ["weight", "posWeight", "upstream"] as const) {
      const view = call[name];
      if (typeof view === "object")
        this.inputs.push({ view: rowsOf(view), at: at[name], type: compute, edited: false });
    }
    if (grad !== undefined) this.result = { view: rowsOf(grad), at: at.result, type };
    this.#weight = typeof weight === "number" ? weight : 1;
    this.#posWeight = typeof posWeight === "number" ? posWeight : 1;
    this.#upstream = by === 0 ? 0 : ((typeof upstream === "number" ? upstream : 1) * this.#weight) / by;
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
