import type { ElementType } from "../input/elements.js";
import { applyMask, type MaskView } from "../input/mask.js";
import { copyRowsOut, type RowsView } from "../input/rows.js";
import { OPTION_SLOTS, scratchElements } from "../kernels/kernels.js";
import {
  type ComputeType,
  elementBytes,
  isCurrent,
  isNarrow,
  layout,
  rowsOfTile,
  type Stage,
  sharedStage,
  type Views,
} from "./stage.js";

/** What of a row is in the stage. */
export interface RowContents {
  readonly type: ComputeType;
  readonly classes: number;
  readonly probabilities: boolean;
  readonly weight: boolean;
  /** Where the result goes: over the logits, or to a region of its own. */
  readonly result: "none" | "inPlace" | "apart";
}

/** Bytes that a row takes, without the padding between regions. */
function rowBytes({ type, classes, probabilities, result }: RowContents): number {
  const arrays = 1 + (probabilities ? 1 : 0) + (result === "apart" ? 1 : 0);
  return classes * arrays * elementBytes(type) + 28; // upstream, loss, lse: 8 each; index: 4
}

/** Byte offsets of the regions of a block of rows; 0 for what is absent. */
export type RowRegions = ReturnType<typeof rowRegions>;

/** Lays out `rows` rows from `base` on, with room for the logits and results of `present` of them at a time. */
export function rowRegions(base: number, contents: RowContents, rows: number, present = rows) {
  const bytes = elementBytes(contents.type);
  const elements = present * contents.classes;
  const regions = layout(base, {
    options: OPTION_SLOTS * 8,
    weight: contents.weight ? contents.classes * bytes : 0,
    scratch: contents.result !== "inPlace" ? 0 : scratchElements(contents.classes) * bytes,
    upstream: rows * 8,
    losses: rows * 8,
    logSumExp: rows * 8,
    indices: rows * 4,
    // Rows of no classes still have a place.
    logits: Math.max(1, elements * bytes),
    probabilities: contents.probabilities ? rows * contents.classes * bytes : 0,
    result: contents.result === "apart" ? elements * bytes : 0,
  });
  if (contents.result === "inPlace") regions.result = regions.logits;
  if (contents.result === "apart") {
    const shift = (PAGE + HALF_A_PAGE - ((regions.result - regions.logits) % PAGE)) % PAGE;
    regions.result += shift;
    regions.end += shift;
  }
  return regions;
}

/**
 * A processor takes a load for one of what was stored just before when both stand at the same place within their pages,
 * and waits. So a logit stands half a page from the place of its gradient, those beside it nearly so.
 */
const PAGE = 4096;
const HALF_A_PAGE = PAGE / 2;

/** How many of `rows` rows a tile has. */
function tileRows(contents: RowContents, rows: number): number {
  return rowsOfTile(rowBytes(contents), rows);
}

/** A stage laid out for rows of one kind. */
export class RowBlock {
  readonly at: RowRegions;

  /**
   * @param rows how many fit
   * @param present of how many of them the logits and results do
   */
  constructor(
    readonly stage: Stage,
    readonly contents: RowContents,
    readonly rows: number,
    readonly present = rows,
  ) {
    this.at = rowRegions(stage.base, contents, rows, present);
  }

  /** Whether tiles of a call of `rows` rows may stand in it, and it in the shared stage. */
  serves(contents: RowContents, rows: number): boolean {
    const own = this.contents;
    return (
      (rows <= this.rows || tileRows(contents, rows) === this.rows) &&
      contents.classes === own.classes &&
      contents.type === own.type &&
      contents.result === own.result &&
      contents.probabilities === own.probabilities &&
      contents.weight === own.weight &&
      isCurrent(this.stage)
    );
  }
}

/**
 * A source of what serves the tiles of calls, a block or something around one, in the shared stage: what an earlier call
 * got, where that serves again. Laying a block out takes ten times as long as a row of ten classes.
 */
export function remembering<B extends Pick<RowBlock, "serves" | "stage">>(
  create: (stage: Stage, contents: RowContents, rows: number) => B,
): (contents: RowContents, rows: number) => B {
  const last: Record<RowContents["result"], B | undefined> = { none: undefined, inPlace: undefined, apart: undefined };
  return (contents, rows) => {
    const { result } = contents;
    // By name: a property that is looked up by a string takes 3 ns.
    const known = result === "none" ? last.none : result === "inPlace" ? last.inPlace : last.apart;
    if (known?.serves(contents, rows)) return known;
    const tile = tileRows(contents, rows);
    const stage = sharedStage(rowRegions(0, contents, tile).end);
    // A stage whose place was taken is not kept alive.
    for (const kind of ["none", "inPlace", "apart"] as const) if (last[kind]?.stage !== stage) last[kind] = undefined;
    const created = create(stage, contents, tile);
    last[result] = created;
    return created;
  };
}

/** Makes −∞ of the logits that the mask leaves out of rows first…first + count, which lie from byte `at` on. */
export function maskIn(
  mask: MaskView,
  first: number,
  count: number,
  memory: Views,
  at: number,
  type: ComputeType,
): void {
  applyMask(mask, first, count, memory.view(type), at / elementBytes(type), -Infinity);
}

/** Widens `elements` elements of a 16-bit type at byte `from` to float32 at `to`; `from` may be the second half of that. */
export function widen(stage: Stage, from: number, elements: number, type: ElementType, to: number): void {
  const { kernels } = stage;
  if (type === "float16") kernels.f16_widen(elements, from, to);
  else kernels.bf16_widen(elements, from, to);
}

/** Rounds `elements` float32 at byte `from` to a 16-bit type at `to`; `to` may be `from`. */
export function narrow(stage: Stage, from: number, elements: number, type: ElementType, to = from): void {
  const { kernels } = stage;
  if (type === "float16") kernels.f16_narrow(elements, from, to);
  else kernels.bf16_narrow(elements, from, to);
}

/** Rounds `elements` results at byte `at`, in the type that they were computed in, to a 16-bit type: packed, from there on. */
export function narrowResults(stage: Stage, at: number, elements: number, from: ComputeType, to: ElementType): void {
  const { f32, f64 } = stage;
  if (from === "float64") for (let i = 0; i < elements; i++) f32[at / 4 + i] = f64[at / 8 + i];
  narrow(stage, at, elements, to);
}

/** Copies results at byte `at` to rows first…first + count of `to`, in the element type there. */
export function copyOut(stage: Stage, at: number, from: ComputeType, to: RowsView, first: number, count: number): void {
  if (isNarrow(to.type)) {
    narrowResults(stage, at, count * to.classes, from, to.type);
    copyRowsOut(stage.run(to.type, at, count * to.classes), 0, to, first, count);
  } else {
    copyRowsOut(stage.run(from, at, count * to.classes), 0, to, first, count);
  }
}
