import { held } from "./lanes";

// The 16-bit types: u16 stands for float16 (IEEE binary16), i16 for bfloat16. Rows of them are widened to float32,
// exactly, before a kernel reads them, and what it wrote is rounded to nearest even.

// Loaded before the loop, like those of exp.ts. 2¹¹²; in pairs of 16 bits the sign and the shifted magnitude, the
// magnitude, the largest finite number.
const WIDE: usize = memory.data<u32>([0x77800000, 0x8fff8fff, 0x7fff7fff, 0x7bff7bff], 16);
// The magnitude of a float32, 65536, the exponent, 2⁻¹⁴, 2⁻¹; in pairs of 16 bits the sign; the quiet bit of a
// binary16.
const HALF: usize = memory.data<u32>(
  [0x7fffffff, 0x47800000, 0x7f800000, 0x38800000, 0x38800000 + (13 << 23), 0x80008000, 0x200],
  16,
);
const BRAIN: usize = memory.data<u32>([1, 0x7fff, 0x40], 16);

/** Magnitudes of four float32 → binary16 in the low halves, NaN → ∞. */
// @ts-ignore: decorator
@inline function halfSize(v: v128, rest: v128, most: v128, exponent: v128, least: v128, up: v128): v128 {
  // 65536 and above becomes ∞ as it is.
  const size = i32x4.min_u(v128.and(v, rest), most);
  // The exponent's distance from that of 2⁻¹⁴, below which all have one unit.
  const above = i16x8.sub_sat_u(v128.and(size, exponent), least);
  // What is 2¹³ times as large, and has no fraction, has for its unit that of the result: the sum is rounded to it.
  const large = i32x4.add(above, up);
  return i32x4.add(i32x4.shr_u(above, 13), i32x4.sub(f32x4.add(size, large), large));
}

/** The quiet bit where a lane is NaN. */
// @ts-ignore: decorator
@inline function quiet(v: v128, bit: v128): v128 {
  return v128.and(f32x4.ne(v, v), bit);
}

/** Four float32 → bfloat16 in the low halves, no NaN. */
// @ts-ignore: decorator
@inline function brainBits(v: v128, one: v128, almostHalf: v128): v128 {
  return i32x4.shr_u(i32x4.add(i32x4.add(v, almostHalf), v128.and(i32x4.shr_u(v, 16), one)), 16);
}

/** The same of any. */
// @ts-ignore: decorator
@inline function brainBitsOfAny(v: v128, one: v128, almostHalf: v128, quietBit: v128): v128 {
  return v128.bitselect(brainBits(v, one, almostHalf), v128.or(i32x4.shr_u(v, 16), quietBit), f32x4.eq(v, v));
}

// @ts-ignore: decorator
@inline function half(i: usize): v128 {
  return v128.load32_splat(HALF + (i << 2));
}

/** `to` may be `from`: what is written has been read. */
export function narrow<T>(n: usize, from: usize, to: usize): void {
  const h0 = half(0), h1 = half(1), h2 = half(2), h3 = half(3), h4 = half(4), h5 = half(5), h6 = half(6);
  const b0 = v128.load32_splat(BRAIN), b1 = v128.load32_splat(BRAIN, 4), b2 = v128.load32_splat(BRAIN, 8);
  let i: usize = 0;
  for (; i + 8 <= n; i += 8) {
    const v0 = v128.load(from + (i << 2));
    const v1 = v128.load(from + (i << 2), 16);
    // NaN where one of them is, or ∞ meets −∞.
    const sum = f32x4.add(v0, v1);
    const ordinary = !v128.any_true(f32x4.ne(sum, sum));
    let r0: v128, r1: v128;
    if (!isSigned<T>()) {
      r0 = halfSize(v0, h0, h1, h2, h3, h4);
      r1 = halfSize(v1, h0, h1, h2, h3, h4);
      if (!ordinary) {
        r0 = v128.or(r0, quiet(v0, h6));
        r1 = v128.or(r1, quiet(v1, h6));
      }
    } else if (ordinary) {
      r0 = brainBits(v0, b0, b1);
      r1 = brainBits(v1, b0, b1);
    } else {
      r0 = brainBitsOfAny(v0, b0, b1, b2);
      r1 = brainBitsOfAny(v1, b0, b1, b2);
    }
    let r = i16x8.narrow_i32x4_u(r0, r1);
    // Saturated, a float32 keeps its sign.
    if (!isSigned<T>()) r = v128.or(r, v128.and(i16x8.narrow_i32x4_s(v0, v1), h5));
    v128.store(to + (i << 1), r);
  }
  if (i == n) return;
  narrow<T>(8, from + (i << 2), LAST);
  memory.copy(to + (i << 1), LAST, (n - i) << 1);
}

/**
 * n elements of T to float32. `from` may be the second half of the place that they go to: what is written has been
 * read.
 */
export function widen<T>(n: usize, from: usize, to: usize): void {
  const zero = held<f32>(0);
  const scale = v128.load32_splat(WIDE), signAndSize = v128.load32_splat(WIDE, 4);
  const magnitude = v128.load32_splat(WIDE, 8), finite = v128.load32_splat(WIDE, 12);
  let largest = zero;
  let i: usize = 0;
  // Nothing but loads, stores and what a loop takes besides.
  for (; isSigned<T>() && i + 16 <= n; i += 16) {
    const h0 = v128.load(from + (i << 1));
    const h1 = v128.load(from + (i << 1), 16);
    v128.store(to + (i << 2), i16x8.shuffle(zero, h0, 0, 8, 1, 9, 2, 10, 3, 11));
    v128.store(to + (i << 2), i16x8.shuffle(zero, h0, 4, 12, 5, 13, 6, 14, 7, 15), 16);
    v128.store(to + (i << 2), i16x8.shuffle(zero, h1, 0, 8, 1, 9, 2, 10, 3, 11), 32);
    v128.store(to + (i << 2), i16x8.shuffle(zero, h1, 4, 12, 5, 13, 6, 14, 7, 15), 48);
  }
  for (; i + 8 <= n; i += 8) {
    const h = v128.load(from + (i << 1));
    const upper = isSigned<T>() ? h : v128.and(i16x8.shr_s(h, 3), signAndSize);
    const lower = isSigned<T>() ? zero : i16x8.shl(h, 13);
    let low = i16x8.shuffle(lower, upper, 0, 8, 1, 9, 2, 10, 3, 11);
    let high = i16x8.shuffle(lower, upper, 4, 12, 5, 13, 6, 14, 7, 15);
    if (!isSigned<T>()) {
      // Exponent and fraction moved into place; × 2¹¹² rebiases the exponent and normalises denormals.
      low = f32x4.mul(low, scale);
      high = f32x4.mul(high, scale);
      largest = i16x8.max_s(largest, v128.and(h, magnitude));
    }
    v128.store(to + (i << 2), low);
    v128.store(to + (i << 2), high, 16);
  }
  if (v128.any_true(i16x8.gt_s(largest, finite))) putInfinite(to, to + (i << 2));
  if (i == n) return;
  widen<T>(8, from + (i << 1), LAST);
  memory.copy(to + (i << 2), LAST, (n - i) << 2);
}

/** Gives what is 65536 or above, which no finite number of binary16 is, the exponent of ∞ and NaN. */
function putInfinite(p: usize, end: usize): void {
  const rest = half(0), least = half(1), exponent = half(2);
  for (; p < end; p += 16) {
    const v = v128.load(p);
    v128.store(p, v128.or(v, v128.and(i32x4.ge_u(v128.and(v, rest), least), exponent)));
  }
}

/** What becomes of the last elements, fewer than 8, before it is copied to its place. */
const LAST: usize = memory.data(32, 16);
