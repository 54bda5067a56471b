/** Copying elements between typed arrays: runs, blocks with strides, and 16-bit patterns to numbers. */
import type { NumberArray } from "./elements.js";
import { copySharedRun } from "./sharedMemory.js";

/**
 * Up to these lengths a loop is faster than `set`, which costs 10 ns whatever the length, and than `subarray` and `set`,
 * which cost 50 (Node 20).
 */
const LOOP_LENGTH = 4;
const LOOP_LENGTH_OF_PART = 32;

/** `count` adjacent elements, converted by assignment where the classes differ. */
export function copyRun(from: NumberArray, start: number, count: number, to: NumberArray, at: number): void {
  // Reading many classes of arrays in one loop makes it five times slower for all of them: integers go the other way.
  const whole = start === 0 && count === from.length;
  if (count <= (whole ? LOOP_LENGTH : LOOP_LENGTH_OF_PART) && from.constructor === to.constructor) {
    for (let i = 0; i < count; i++) to[at + i] = from[start + i];
  } else if (!copySharedRun(from, start, count, to, at)) {
    to.set(whole ? from : from.subarray(start, start + count), at);
  }
}

/**
 * A block of rows × classes, each side with its own strides.
 *
 * Four rows at a time, since with one of the strides 1 that is both a quarter of the loop's overhead and, when class
 * axes are transposed, a part of each cache line used at once: 0.4–1.1 ns an element, against 1.5–1.7 for one row at a
 * time; eight or sixteen rows gain nothing (Node 20, EPYC, 3×50176 to 1000×1024).
 */
export function copyBlock(
  from: NumberArray,
  start: number,
  fromRow: number,
  fromClass: number,
  to: NumberArray,
  at: number,
  toRow: number,
  toClass: number,
  rows: number,
  classes: number,
): void {
  let row = 0;
  if (fromClass === 1 && toClass === 1) {
    for (; row < rows; row++) copyRun(from, start + row * fromRow, classes, to, at + row * toRow);
    return;
  }
  for (; row + 4 <= rows; row += 4) {
    let i = start + row * fromRow;
    let j = at + row * toRow;
    for (let c = 0; c < classes; c++) {
      const first = from[i];
      const second = from[i + fromRow];
      const third = from[i + 2 * fromRow];
      const fourth = from[i + 3 * fromRow];
      to[j] = first;
      to[j + toRow] = second;
      to[j + 2 * toRow] = third;
      to[j + 3 * toRow] = fourth;
      i += fromClass;
      j += toClass;
    }
  }
  for (; row < rows; row++) {
    let i = start + row * fromRow;
    let j = at + row * toRow;
    for (let c = 0; c < classes; c++) {
      to[j] = from[i];
      i += fromClass;
      j += toClass;
    }
  }
}

const SCRATCH = new Float32Array(1);
const SCRATCH_BITS = new Uint32Array(SCRATCH.buffer);

/** `count` adjacent 16-bit patterns, widened to numbers; exact. */
export function widenRun(
  from: Uint16Array,
  start: number,
  count: number,
  type: "float16" | "bfloat16",
  to: NumberArray,
  at: number,
): void {
  const widen = type === "float16" ? widenFloat16 : widenBfloat16;
  for (let i = 0; i < count; i++) to[at + i] = widen(from[start + i]);
}

/** A bfloat16 is the upper half of a float32. */
function widenBfloat16(bits: number): number {
  SCRATCH_BITS[0] = bits << 16;
  return SCRATCH[0];
}

/** Exponent and fraction moved to their places in a float32, then the difference of the exponents' biases: 127 − 15. */
function widenFloat16(bits: number): number {
  SCRATCH_BITS[0] = ((bits & 0x8000) << 16) | ((bits & 0x7fff) << 13);
  if ((bits & 0x7c00) === 0x7c00) SCRATCH_BITS[0] |= 0x7f800000;
  return SCRATCH[0] * 2 ** 112;
}
