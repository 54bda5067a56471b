import { type MaskView, markEmptyRows } from "../input/mask.js";
import { NO_OPTIONS, type RowFactors } from "../input/options.js";
import { flatView, type RowsView } from "../input/rows.js";
import { copyIndicesIn, type Targets } from "../input/targets.js";
import { OPTION_SLOTS } from "../kernels/kernels.js";
import { maskIn, type RowContents, remembering } from "../sweep/rows.js";
import { computeType, PREFIX, type Stage, type Views } from "../sweep/stage.js";
import { type Input, type Place, sweep, type Task, type Tiles } from "../sweep/sweep.js";
import { readScalars, type Scalars } from "./crossEntropyOptions.js";
import { addRows, CrossEntropyBlock, type Divisors, ignoredMark, type RowTotals } from "./crossEntropyRows.js";

/** The checked arguments of a call, and where its losses go. */
export interface CrossEntropyCall {
  readonly scalars: Scalars;
  readonly by: Divisors;
  readonly logits: RowsView;
  readonly targets: Targets;
  readonly weight: Float32Array | Float64Array | undefined;
  readonly sampleWeight: RowFactors;
  readonly upstream: RowFactors;
  readonly mask: MaskView | undefined;
  readonly grad: RowsView | undefined;
  readonly totals: RowTotals;
}

type Changing<T> = { -readonly [K in keyof T]: T[K] };

const NO_ROWS = flatView("logits", new Float32Array(0), undefined);
/** Between calls: arrays of earlier ones are not kept alive. */
const NO_CALL: CrossEntropyCall = {
  scalars: readScalars(NO_OPTIONS),
  by: { loss: 1, zLoss: 1, grad: 1 },
  logits: NO_ROWS,
  targets: { kind: "probabilities", view: NO_ROWS },
  weight: undefined,
  sampleWeight: 1,
  upstream: 1,
  mask: undefined,
  grad: undefined,
  totals: { loss: 0, zLoss: 0, lambda: 0, sampleWeight: 1, out: undefined, zOut: undefined },
};

/** Computes a call, on the layout of an earlier one where that serves. */
export function sweepCrossEntropy(contents: RowContents, call: CrossEntropyCall): void {
  const tiles = tilesFor(contents, call.logits.rows);
  tiles.begin(call);
  try {
    sweep(tiles);
  } finally {
    tiles.begin(NO_CALL);
  }
}

const tilesFor = remembering(
  (stage, contents, rows) => new CrossEntropyTiles(new CrossEntropyBlock(stage, contents, rows)),
);

/** A cross-entropy as tiles. Calls take turns in one: what has to be made anew for each costs as much as a small call. */
class CrossEntropyTiles implements Tiles {
  readonly stage: Stage;
  readonly end: number;
  readonly tile: number;
  readonly inputs: Changing<Input>[];
  readonly result: Changing<Place> | undefined;
  rows = 0;
  private readonly block: CrossEntropyBlock;
  private call = NO_CALL;
  private ignoredAs = 0;

  constructor(block: CrossEntropyBlock) {
    const { at, contents } = block;
    const { type } = contents;
    this.block = block;
    this.stage = block.stage;
    this.end = at.end;
    this.tile = block.rows;
    this.inputs = [{ view: NO_ROWS, at: at.logits, type, edited: false }];
    if (contents.probabilities) {
      this.inputs.push({ view: NO_ROWS, at: at.probabilities, type: computeType(type), edited: false });
    }
    this.result = contents.result === "none" ? undefined : { view: NO_ROWS, at: at.result, type };
  }

  serves(contents: RowContents, rows: number): boolean {
    return this.block.serves(contents, rows);
  }

  begin(call: CrossEntropyCall): void {
    const { logits, targets, grad, mask, scalars } = call;
    this.call = call;
    this.rows = logits.rows;
    this.inputs[0].view = logits;
    this.inputs[0].edited = mask !== undefined;
    if (this.inputs.length > 1) this.inputs[1].view = targets.kind === "probabilities" ? targets.view : NO_ROWS;
    if (this.result !== undefined) this.result.view = grad ?? NO_ROWS;
    this.ignoredAs = ignoredMark(targets.kind === "indices" ? scalars.ignoreIndex : undefined);
  }

  prepare(memory: Views): void {
    const { scalars, by, weight } = this.call;
    const { at, contents } = this.block;
    if (weight !== undefined) {
      const compute = contents.type === "float64" ? memory.f64 : memory.f32;
      compute.set(weight, at.weight / compute.BYTES_PER_ELEMENT);
    }
    this.block.configure(memory, scalars, by, weight, this.ignoredAs);
  }

  fill(memory: Views, first: number, count: number): void {
    const { at, contents } = this.block;
    const { scalars, by, targets, mask, upstream, sampleWeight } = this.call;
    const indices = at.indices / 4;
    if (mask !== undefined) maskIn(mask, first, count, memory, at.logits, contents.type);
    if (targets.kind === "indices") {
      copyIndicesIn(targets.view, first, count, memory.i32, indices, scalars.ignoreIndex, this.ignoredAs);
    } else if (mask !== undefined) {
      memory.i32.fill(0, indices, indices + count);
    }
    if (mask !== undefined) markEmptyRows(mask, first, count, memory.i32, indices, this.ignoredAs);
    if (this.result !== undefined) this.block.writeUpstream(memory, first, count, upstream, sampleWeight, by.grad);
  }

  run(count: number): number {
    this.block.run(count, this.withIndices(), this.withLse(), this.result !== undefined);
    return 0;
  }

  collect(memory: Views, first: number, count: number): void {
    addRows(this.call.totals, memory, this.block.at, first, count);
  }

  task(): Task {
    const { at, contents } = this.block;
    const withGrad = this.result !== undefined;
    const compute = contents.type === "float64" ? 8 : 4;
    const weight = contents.weight ? [{ at: at.weight, bytes: contents.classes * compute }] : [];
    return {
      kernel: `${PREFIX[contents.type]}_crossentropy${withGrad ? "_grad" : ""}`,
      args: this.block.args(this.withIndices(), this.withLse(), withGrad),
      perRow: 1,
      constants: [{ at: at.options, bytes: OPTION_SLOTS * 8 }, ...weight],
      inputs: [
        ...(withGrad ? [{ at: at.upstream, bytes: 8 }] : []),
        ...(this.withIndices() ? [{ at: at.indices, bytes: 4 }] : []),
      ],
      outputs: [{ at: at.losses, bytes: 8 }, ...(this.withLse() ? [{ at: at.logSumExp, bytes: 8 }] : [])],
    };
  }

  private withIndices(): boolean {
    return this.call.targets.kind === "indices" || this.call.mask !== undefined;
  }

  private withLse(): boolean {
    return this.call.scalars.zLoss !== 0;
  }
}
