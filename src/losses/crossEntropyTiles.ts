import { type MaskView, markEmptyRows } from "../input/mask.js";
import type { RowFactors } from "../input/options.js";
import type { RowsView } from "../input/rows.js";
import { copyIndicesIn, type Targets } from "../input/targets.js";
import { OPTION_SLOTS } from "../kernels/kernels.js";
import { maskIn, type RowContents, remembering } from "../sweep/rows.js";
import { PREFIX, type Stage, type Views } from "../sweep/stage.js";
import { type Input, type Place, sweep, type Task, type Tiles } from "../sweep/sweep.js";
import type { Scalars } from "./crossEntropyOptions.js";
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

/** Computes a call, on the layout of an earlier one where that serves. */
export function sweepCrossEntropy(contents: RowContents, call: CrossEntropyCall): void {
  sweep(new CrossEntropyTiles(blockFor(contents, call.logits.rows), call));
}

export const blockFor = remembering((stage, contents, rows) => new CrossEntropyBlock(stage, contents, rows));

/** A cross-entropy as tiles. */
class CrossEntropyTiles implements Tiles {
  readonly stage: Stage;
  readonly end: number;
  readonly rows: number;
  readonly tile: number;
  readonly inputs: Input[];
  readonly result: Place | undefined;
  private readonly ignoredAs: number;

  constructor(
    private readonly block: CrossEntropyBlock,
    private readonly call: CrossEntropyCall,
  ) {
    const { at, contents } = block;
    const { logits, targets, grad, mask } = call;
    const { type } = contents;
    this.stage = block.stage;
    this.end = at.end;
    this.rows = logits.rows;
    this.tile = block.rows;
    const input = { view: logits, at: at.logits, type, edited: mask !== undefined };
    this.inputs =
      targets.kind === "indices" ? [input] : [input, { view: targets.view, at: at.probabilities, type, edited: false }];
    this.result = grad === undefined ? undefined : { view: grad, at: at.result, type };
    this.ignoredAs = ignoredMark(targets.kind === "indices" ? call.scalars.ignoreIndex : undefined);
  }

  prepare(memory: Views): void {
    const { scalars, by, weight, upstream, sampleWeight } = this.call;
    const { at, contents } = this.block;
    if (weight !== undefined) {
      const compute = contents.type === "float64" ? memory.f64 : memory.f32;
      compute.set(weight, at.weight / compute.BYTES_PER_ELEMENT);
    }
    this.block.configure(memory, scalars, by, weight, this.ignoredAs, upstream, sampleWeight);
  }

  fill(memory: Views, first: number, count: number): void {
    const { at, contents } = this.block;
    const { scalars, by, targets, mask, upstream, sampleWeight } = this.call;
    const indices = at.indices >>> 2;
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
      kernel: `${PREFIX[contents.type]}_crossentropy`,
      args: this.block.args(this.withIndices(), this.withLse(), withGrad),
      perRow: 1,
      constants: [{ at: at.options, bytes: OPTION_SLOTS * 8 }, ...weight],
      inputs: [
        ...(withGrad && this.block.withUpstream ? [{ at: at.upstream, bytes: 8 }] : []),
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
