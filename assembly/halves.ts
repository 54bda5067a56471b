import { held } from "./lanes";

// The 16-bit types: u16 stands for float16 (IEEE binary16), i16 for bfloat16. Rows of them are widened to float32,
// exactly, before a kernel reads them, and what it wrote is rounded to nearest even.

// Loaded before the loop, like those of exp.ts.
const HALF: usize = memory.data<u32>(
  [0x8000, 0x7fffffff, 1, 0x38000000 - 0xfff, 0x3f000000, 0x38800000, 0x47800000, 0x200],
  16,
);
/** In pairs of 16 bits the sign, the magnitude, the largest finite number, the exponent of a float32; 2¹¹². */
const WIDE: usize = memory.data<u32>([0x80008000, 0x7fff7fff, 0x7bff7bff, 0x7f807f80, 0x77800000], 16);
const BRAIN: usize = memory.data<u32>([1, 0x7fff, 0x40], 16);

/** Four float32 → binary16 in the low halves. */
// @ts-ignore: decorator
@inline function halfBits(
  v: v128, signBit: v128, rest: v128, one: v128, rebias: v128, half: v128, least: v128, most: v128, quietBit: v128,
): v128 {
  const sign = v128.and(i32x4.shr_u(v, 16), signBit);
  // 65536 and above, NaN with them, become what follows the largest finite number: ∞.
  const bits = i32x4.min_u(v128.and(v, rest), most);
  // Normal numbers: rebias the exponent by −112, round by adding half of what is cut, less one where the kept bit is 0.
  const odd = v128.and(i32x4.shr_u(bits, 13), one);
  const normal = i32x4.shr_u(i32x4.add(i32x4.sub(bits, rebias), odd), 13);
  // Below 2⁻¹⁴ the addition of ½ makes the unit of a float32 that of a binary16 denormal, 2⁻²⁴.
  const tiny = i32x4.sub(f32x4.add(bits, half), half);
  const h = v128.bitselect(tiny, normal, i32x4.lt_s(bits, least));
  return v128.or(v128.or(h, sign), v128.and(f32x4.ne(v, v), quietBit));
}

/** Four float32 → bfloat16 in the low halves, no NaN. */
// @ts-ignore: decorator
@inline function brainBits(v: v128, one: v128, almostHalf: v128): v128 {
  return i32x4.shr_u(i32x4.add(i32x4.add(v, almostHalf), v128.and(i32x4.shr_u(v, 16), one)), 16);
}

/** The same of any. */
// @ts-ignore: decorator
@inline function brainBitsOfAny(v: v128, one: v128, almostHalf: v128, quietBit: v128): v128 {
  const quiet = v128.or(i32x4.shr_u(v, 16), quietBit);
  return v128.bitselect(brainBits(v, one, almostHalf), quiet, f32x4.eq(v, v));
}

// @ts-ignore: decorator
@inline function half(i: usize): v128 {
  return v128.load32_splat(HALF + (i << 2));
}

/** `to` may be `from`: what is written has been read. */
// @ts-ignore: decorator
@inline export function narrow<T>(n: usize, from: usize, to: usize): void {
  const h0 = half(0), h1 = half(1), h2 = half(2), h3 = half(3), h4 = half(4), h5 = half(5), h6 = half(6), h7 = half(7);
  const b0 = v128.load32_splat(BRAIN), b1 = v128.load32_splat(BRAIN, 4), b2 = v128.load32_splat(BRAIN, 8);
  let i: usize = 0;
  for (; i + 8 <= n; i += 8) {
    const v0 = v128.load(from + (i << 2));
    const v1 = v128.load(from + (i << 2), 16);
    let r0: v128, r1: v128;
    if (!isSigned<T>()) {
      r0 = halfBits(v0, h0, h1, h2, h3, h4, h5, h6, h7);
      r1 = halfBits(v1, h0, h1, h2, h3, h4, h5, h6, h7);
    } else if (i32x4.all_true(v128.and(f32x4.eq(v0, v0), f32x4.eq(v1, v1)))) {
      r0 = brainBits(v0, b0, b1);
      r1 = brainBits(v1, b0, b1);
    } else {
      r0 = brainBitsOfAny(v0, b0, b1, b2);
      r1 = brainBitsOfAny(v1, b0, b1, b2);
    }
    v128.store(to + (i << 1), i16x8.narrow_i32x4_u(r0, r1));
  }
  for (; i < n; i++) {
    const v = v128.load32_zero(from + (i << 2));
    const h = isSigned<T>() ? brainBitsOfAny(v, b0, b1, b2) : halfBits(v, h0, h1, h2, h3, h4, h5, h6, h7);
    v128.store16_lane(to + (i << 1), h, 0);
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
