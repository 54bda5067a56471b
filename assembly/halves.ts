import { held, loadTail } from "./lanes";

// The 16-bit types: u16 stands for float16 (IEEE binary16), i16 for bfloat16. Rows of them are widened to float32,
// exactly, before a kernel reads them, and what it wrote is rounded to nearest even.

// Loaded before the loop, like those of exp.ts.
const HALF: usize = memory.data<u32>(
  [
    0x8000, 0x7fffffff, 1, 0x38000000 - 0xfff, 0x3f000000, 0x38800000, 0x7c00, 0x477fefff, 0x7e00, 0x7f800000,
  ],
  16,
);
/** In pairs of 16 bits the sign, the magnitude, the largest finite number, the exponent of a float32; 2¹¹². */
const WIDE: usize = memory.data<u32>([0x80008000, 0x7fff7fff, 0x7bff7bff, 0x7f807f80, 0x77800000], 16);
const BRAIN: usize = memory.data<u32>([1, 0x7fff, 0x40], 16);

/** Four float32 → binary16 in the low halves. */
// @ts-ignore: decorator
@inline function halfBits(
  v: v128, signBit: v128, rest: v128, one: v128, rebias: v128, half: v128, least: v128, infinity: v128, most: v128,
  nan: v128, exponent: v128,
): v128 {
  const sign = v128.and(i32x4.shr_u(v, 16), signBit);
  const bits = v128.and(v, rest);
  // Normal numbers: rebias the exponent by −112, round by adding half of what is cut, less one where the kept bit is 0.
  const odd = v128.and(i32x4.shr_u(bits, 13), one);
  const normal = i32x4.shr_u(i32x4.add(i32x4.sub(bits, rebias), odd), 13);
  // Below 2⁻¹⁴ the addition of ½ makes the unit of a float32 that of a binary16 denormal, 2⁻²⁴.
  const tiny = i32x4.sub(f32x4.add(bits, half), half);
  let h = v128.bitselect(tiny, normal, i32x4.lt_s(bits, least));
  h = v128.bitselect(infinity, h, i32x4.gt_s(bits, most));
  h = v128.bitselect(nan, h, i32x4.gt_s(bits, exponent));
  return v128.or(h, sign);
}

/** Four float32 → bfloat16 in the low halves. */
// @ts-ignore: decorator
@inline function brainBits(v: v128, one: v128, almostHalf: v128, quietBit: v128): v128 {
  const upper = i32x4.shr_u(v, 16);
  const rounded = i32x4.shr_u(i32x4.add(i32x4.add(v, almostHalf), v128.and(upper, one)), 16);
  return v128.bitselect(rounded, v128.or(upper, quietBit), f32x4.eq(v, v));
}

// @ts-ignore: decorator
@inline function half(i: usize): v128 {
  return v128.load32_splat(HALF + (i << 2));
}

/** `to` may be `from`: what is written has been read. */
// @ts-ignore: decorator
@inline export function narrow<T>(n: usize, from: usize, to: usize): void {
  const h0 = half(0), h1 = half(1), h2 = half(2), h3 = half(3), h4 = half(4);
  const h5 = half(5), h6 = half(6), h7 = half(7), h8 = half(8), h9 = half(9);
  const b0 = v128.load32_splat(BRAIN), b1 = v128.load32_splat(BRAIN, 4), b2 = v128.load32_splat(BRAIN, 8);
  for (let i: usize = 0; i < n; i += 4) {
    const left = n - i;
    const v = left < 4 ? loadTail<f32>(from + (i << 2), left, b0) : v128.load(from + (i << 2));
    const h = isSigned<T>() ? brainBits(v, b0, b1, b2) : halfBits(v, h0, h1, h2, h3, h4, h5, h6, h7, h8, h9);
    const packed = i16x8.narrow_i32x4_u(h, h);
    if (left >= 4) {
      v128.store64_lane(to + (i << 1), packed, 0);
    } else {
      v128.store16_lane(to + (i << 1), packed, 0);
      if (left > 1) v128.store16_lane(to + (i << 1), packed, 1, 2);
      if (left > 2) v128.store16_lane(to + (i << 1), packed, 2, 4);
    }
  }
}

/** Two vectors, of eight elements of T. */
// @ts-ignore: decorator
@inline function storeWide<T>(
  to: usize, h: v128, zero: v128, sign: v128, magnitude: v128, most: v128, exponent: v128, factor: v128,
): void {
  let upper = h;
  let low = zero;
  let high = zero;
  if (!isSigned<T>()) {
    const size = v128.and(h, magnitude);
    upper = v128.or(v128.and(h, sign), v128.and(i16x8.gt_s(size, most), exponent));
    // Exponent and fraction moved into place; × 2¹¹² rebiases the exponent and normalises denormals.
    low = f32x4.mul(i32x4.shl(i32x4.extend_low_i16x8_u(size), 13), factor);
    high = f32x4.mul(i32x4.shl(i32x4.extend_high_i16x8_u(size), 13), factor);
  }
  v128.store(to, v128.or(low, i16x8.shuffle(zero, upper, 0, 8, 1, 9, 2, 10, 3, 11)));
  v128.store(to, v128.or(high, i16x8.shuffle(zero, upper, 4, 12, 5, 13, 6, 14, 7, 15)), 16);
}

/** What is widened of the last elements, before it is copied. */
const LAST: usize = memory.data(32, 16);

/**
 * n elements of T to float32. `from` may be the second half of the place that they go to: what is written has been
 * read.
 */
// @ts-ignore: decorator
@inline export function widen<T>(n: usize, from: usize, to: usize): void {
  const zero = held<f32>(0);
  const sign = v128.load32_splat(WIDE), magnitude = v128.load32_splat(WIDE, 4), most = v128.load32_splat(WIDE, 8);
  const exponent = v128.load32_splat(WIDE, 12), factor = v128.load32_splat(WIDE, 16);
  let i: usize = 0;
  for (; i + 8 <= n; i += 8) {
    storeWide<T>(to + (i << 2), v128.load(from + (i << 1)), zero, sign, magnitude, most, exponent, factor);
  }
  if (i == n) return;
  storeWide<T>(LAST, v128.load(from + (i << 1)), zero, sign, magnitude, most, exponent, factor);
  memory.copy(to + (i << 2), LAST, (n - i) << 2);
}
