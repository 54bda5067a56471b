// float32 → the 16-bit types, rounded to nearest even.

/** Four float32 → binary16 in the low halves. */
// @ts-ignore: decorator
@inline function halfBits(v: v128): v128 {
  const sign = v128.and(i32x4.shr_u(v, 16), i32x4.splat(0x8000));
  const bits = v128.and(v, i32x4.splat(0x7fffffff));
  // Normal numbers: rebias the exponent by −112, round by adding half of what is cut, less one where the kept bit is 0.
  const odd = v128.and(i32x4.shr_u(bits, 13), i32x4.splat(1));
  const normal = i32x4.shr_u(i32x4.add(i32x4.sub(bits, i32x4.splat(0x38000000 - 0xfff)), odd), 13);
  // Below 2⁻¹⁴ the addition of ½ makes the unit of a float32 that of a binary16 denormal, 2⁻²⁴.
  const tiny = i32x4.sub(f32x4.add(bits, f32x4.splat(0.5)), i32x4.splat(0x3f000000));
  let h = v128.bitselect(tiny, normal, i32x4.lt_s(bits, i32x4.splat(0x38800000)));
  h = v128.bitselect(i32x4.splat(0x7c00), h, i32x4.gt_s(bits, i32x4.splat(0x477fefff)));
  h = v128.bitselect(i32x4.splat(0x7e00), h, i32x4.gt_s(bits, i32x4.splat(0x7f800000)));
  return v128.or(h, sign);
}

/** Four float32 → bfloat16 in the low halves. */
// @ts-ignore: decorator
@inline function brainBits(v: v128): v128 {
  const odd = v128.and(i32x4.shr_u(v, 16), i32x4.splat(1));
  const rounded = i32x4.shr_u(i32x4.add(i32x4.add(v, i32x4.splat(0x7fff)), odd), 16);
  const quiet = v128.or(i32x4.shr_u(v, 16), i32x4.splat(0x40));
  return v128.bitselect(rounded, quiet, f32x4.eq(v, v));
}

/** T as in lanes.ts: u16 float16, i16 bfloat16. `to` may be `from`: what is written has been read. */
// @ts-ignore: decorator
@inline export function narrow<T>(n: usize, from: usize, to: usize): void {
  const whole = n & ~3;
  let i: usize = 0;
  for (; i < whole; i += 4) {
    const h = isSigned<T>() ? brainBits(v128.load(from + (i << 2))) : halfBits(v128.load(from + (i << 2)));
    v128.store64_lane(to + (i << 1), i16x8.narrow_i32x4_u(h, h), 0);
  }
  for (; i < n; i++) {
    const one = v128.load32_splat(from + (i << 2));
    v128.store16_lane(to + (i << 1), isSigned<T>() ? brainBits(one) : halfBits(one), 0);
  }
}
