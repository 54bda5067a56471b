import { add, div, eq, lt, madd, mul, splat, sub } from "./lanes";

// ln(1 + u), once a row and once an element.
//
// A row's u is any number ≥ 0, in float64: y = 1 + u, whose rounding error c is recovered exactly and added back as c/y
// [Kahan 1987]. y = 2ᵏ·m, m in [√½, √2); with s = (m − 1)/(m + 1), |s| ≤ 0.1716, ln m = 2·artanh s = 2(s + s³/3 +
// s⁵/5 + …), cut behind s²¹/21 where the remainder is below 2⁻⁵⁷ relative; behind s¹¹/11, 10⁻⁹, for float32 rows, to
// which c matters only where y is nearly 1. ln 2 in two parts, k·LN2_HI exact.
//
// An element's u is in [0, 1]: ln(1 + u) = 2·artanh(u/(2 + u)), |s| ≤ 1/3, cut behind s¹⁵/15 for float32 and s³³/33 for
// float64: no rounding of 1 + u, no decomposition, and small u keep their relative accuracy.
//
// ln y of any y takes both: y = 2ᵏ·m as above, denormals scaled up first, and the series of a row's ln m.
//
// Largest error, by scripts/accuracy.mjs: of a float32 element, every one of [2⁻¹²⁶, 1], 1.97 ulp, of a float64 one on
// a grid of [0, 1], 2.0 ulp against Math.log1p; of a row on a grid of [0, 2·10⁵], 5·10⁻¹¹ relative for float32, 2.0 ulp
// for float64; of ln y, every float32 above 0, 1.97 ulp, and 2.0 ulp in float64.

const INVERSE_ODD_F32: usize = memory.data<f32>([1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3], 16);
const INVERSE_ODD_F64: usize = memory.data<f64>(
  [
    1.0 / 33, 1.0 / 31, 1.0 / 29, 1.0 / 27, 1.0 / 25, 1.0 / 23, 1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13,
    1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3,
  ],
  16,
);

/** ln(1 + u), u ≥ 0 or NaN, in vectors, where shifts and selections need no branches. */
// @ts-ignore: decorator
@inline export function log1pOfTwo<T>(u: v128): v128 {
  return log1pPair<T>(u);
}

/** As a function: losses would hold it many times over. */
function log1pPair<T>(u: v128): v128 {
  const one = f64x2.splat(1);
  const y = f64x2.add(one, u);
  // Of a float32 row c matters for small u only, where it needs no division.
  const small = f64x2.le(u, one);
  let c = v128.and(f64x2.sub(u, f64x2.sub(y, one)), small);
  if (sizeof<T>() == 8) c = f64x2.div(v128.bitselect(c, f64x2.sub(one, f64x2.sub(y, u)), small), y);
  // √½: m lies above it. y ≥ 1, so nothing here has a sign.
  const k = i64x2.shr_u(i64x2.sub(y, i64x2.splat(0x3fe6a09e667f3bcd)), 52);
  const m = i64x2.sub(y, i64x2.shl(k, 52));
  const s = f64x2.div(f64x2.sub(m, one), f64x2.add(m, one));
  const w = f64x2.mul(s, s);
  let p = coefficient<f64>(sizeof<T>() == 8 ? 21 : 11);
  if (sizeof<T>() == 8) {
    p = madd<f64>(p, w, coefficient<f64>(19));
    p = madd<f64>(p, w, coefficient<f64>(17));
    p = madd<f64>(p, w, coefficient<f64>(15));
    p = madd<f64>(p, w, coefficient<f64>(13));
    p = madd<f64>(p, w, coefficient<f64>(11));
  }
  p = madd<f64>(p, w, coefficient<f64>(9));
  p = madd<f64>(p, w, coefficient<f64>(7));
  p = madd<f64>(p, w, coefficient<f64>(5));
  p = madd<f64>(p, w, coefficient<f64>(3));
  const twice = f64x2.add(s, s);
  // 2⁵² + k, less 2⁵²: a conversion.
  const whole = f64x2.sub(v128.or(k, i64x2.splat(0x4330000000000000)), f64x2.splat(4503599627370496));
  const low = madd<f64>(f64x2.mul(twice, w), p, madd<f64>(whole, f64x2.splat(LN2_LO), c));
  const log = madd<f64>(whole, f64x2.splat(LN2_HI), f64x2.add(twice, low));
  // The bits of NaN pass for a number above.
  return v128.bitselect(log, u, f64x2.eq(u, u));
}

/** ln(1 + u), u ≥ 0 or NaN, for a row of T. */
// @ts-ignore: decorator
@inline export function log1p<T>(u: f64): f64 {
  return f64x2.extract_lane(log1pOfTwo<T>(f64x2.splat(u)), 0);
}

/**
 * ln(sum/own) in float32, sum = own + others, own > 0 and others ≥ 0, small others too. sum = 2ᵏ·own·m, m in [⅔, 3/2]:
 * s, as above, is that of sum and 2ᵏ·own, with others in place of their difference where k is 0.
 * Largest error, by scripts/accuracy.mjs, 2.5 ulp; sum's own rounding is in it.
 */
// @ts-ignore: decorator
@inline export function logOfRatio(sum: v128, own: v128, others: v128): v128 {
  const k = i32x4.shr_u(i32x4.add(i32x4.sub(sum, own), v128.load32_splat(HALF_OCTAVE)), 23);
  const near = i32x4.add(own, i32x4.shl(k, 23));
  const f = v128.bitselect(others, f32x4.sub(sum, near), i32x4.eq(k, i32x4.splat(0)));
  const s = f32x4.div(f, f32x4.add(sum, near));
  const w = f32x4.mul(s, s);
  let p = coefficient<f32>(9);
  p = madd<f32>(p, w, coefficient<f32>(7));
  p = madd<f32>(p, w, coefficient<f32>(5));
  p = madd<f32>(p, w, coefficient<f32>(3));
  const twice = f32x4.add(s, s);
  const low = madd<f32>(f32x4.mul(twice, w), p, twice);
  return madd<f32>(f32x4.convert_i32x4_s(k), v128.load32_splat(LN2_F32), low);
}

/** Half of what a power of 2 is apart from the next in the bits of float32. */
const HALF_OCTAVE: usize = memory.data<u32>([0x400000], 4);
const LN2_F32: usize = memory.data<f32>([0.6931471805599453], 4);

// @ts-ignore: decorator
@inline const LN2_HI: f64 = 0.693147180369123816490; // 32 bits
// @ts-ignore: decorator
@inline const LN2_LO: f64 = 1.90821492927058770002e-10;

// @ts-ignore: decorator
@inline function coefficient<T>(n: usize): v128 {
  return sizeof<T>() == 8
    ? v128.load64_splat(INVERSE_ODD_F64 + (((33 - n) >> 1) << 3))
    : v128.load32_splat(INVERSE_ODD_F32 + (((15 - n) >> 1) << 2));
}

/** ln(1 + u), u in [0, 1] or NaN. */
// @ts-ignore: decorator
@inline export function log1pUnit<T>(u: v128): v128 {
  const s = div<T>(u, add<T>(u, splat<T>(2)));
  const w = mul<T>(s, s);
  let p = coefficient<T>(sizeof<T>() == 8 ? 33 : 15);
  if (sizeof<T>() == 8) {
    p = madd<T>(p, w, coefficient<T>(31));
    p = madd<T>(p, w, coefficient<T>(29));
    p = madd<T>(p, w, coefficient<T>(27));
    p = madd<T>(p, w, coefficient<T>(25));
    p = madd<T>(p, w, coefficient<T>(23));
    p = madd<T>(p, w, coefficient<T>(21));
    p = madd<T>(p, w, coefficient<T>(19));
    p = madd<T>(p, w, coefficient<T>(17));
    p = madd<T>(p, w, coefficient<T>(15));
  }
  p = madd<T>(p, w, coefficient<T>(13));
  p = madd<T>(p, w, coefficient<T>(11));
  p = madd<T>(p, w, coefficient<T>(9));
  p = madd<T>(p, w, coefficient<T>(7));
  p = madd<T>(p, w, coefficient<T>(5));
  p = madd<T>(p, w, coefficient<T>(3));
  const twice = add<T>(s, s);
  return madd<T>(mul<T>(twice, w), p, twice);
}

/** ln y: −∞ at 0, NaN below it, ∞ at ∞. Of float64 a function of its own: losses would hold it many times over. */
// @ts-ignore: decorator
@inline export function log<T>(y: v128): v128 {
  return sizeof<T>() == 8 ? logF64x2(y) : logOf<f32>(y);
}

function logF64x2(y: v128): v128 {
  return logOf<f64>(y);
}

// @ts-ignore: decorator
@inline function logOf<T>(y: v128): v128 {
  const zero = splat<T>(0);
  const one = splat<T>(1);
  const tiny = lt<T>(y, splat<T>(sizeof<T>() == 8 ? 2.2250738585072014e-308 : 1.1754943508222875e-38));
  const scaled = v128.bitselect(mul<T>(y, splat<T>(sizeof<T>() == 8 ? 18014398509481984 : 16777216)), y, tiny);
  let k: v128;
  let m: v128;
  if (sizeof<T>() == 8) {
    // Biased by 1024: no sign to carry through the shift, which x86 lacks for 64 bits.
    const biased = i64x2.shr_u(i64x2.add(scaled, i64x2.splat(0x4000000000000000 - 0x3fe6a09e667f3bcd)), 52);
    m = i64x2.sub(scaled, i64x2.shl(i64x2.sub(biased, i64x2.splat(1024)), 52));
    k = f64x2.sub(v128.or(biased, i64x2.splat(0x4330000000000000)), f64x2.splat(4503599627370496 + 1024));
    k = f64x2.sub(k, v128.and(f64x2.splat(54), tiny));
  } else {
    const whole = i32x4.shr_s(i32x4.sub(scaled, i32x4.splat(0x3f3504f3)), 23);
    m = i32x4.sub(scaled, i32x4.shl(whole, 23));
    k = f32x4.sub(f32x4.convert_i32x4_s(whole), v128.and(f32x4.splat(24), tiny));
  }
  const f = sub<T>(m, one);
  const s = div<T>(f, add<T>(f, splat<T>(2)));
  const w = mul<T>(s, s);
  let p = coefficient<T>(sizeof<T>() == 8 ? 21 : 11);
  if (sizeof<T>() == 8) {
    p = madd<T>(p, w, coefficient<T>(19));
    p = madd<T>(p, w, coefficient<T>(17));
    p = madd<T>(p, w, coefficient<T>(15));
    p = madd<T>(p, w, coefficient<T>(13));
    p = madd<T>(p, w, coefficient<T>(11));
  }
  p = madd<T>(p, w, coefficient<T>(9));
  p = madd<T>(p, w, coefficient<T>(7));
  p = madd<T>(p, w, coefficient<T>(5));
  p = madd<T>(p, w, coefficient<T>(3));
  const twice = add<T>(s, s);
  const low = madd<T>(mul<T>(twice, w), p, mul<T>(k, splat<T>(sizeof<T>() == 8 ? LN2_LO : 9.05800061445916e-6)));
  const value = madd<T>(k, splat<T>(sizeof<T>() == 8 ? LN2_HI : 0.693138122558594), add<T>(twice, low));
  // What has no such exponent: 0, ∞, what is below 0, and NaN, which is above nothing.
  const edge = v128.bitselect(splat<T>(-Infinity), v128.bitselect(y, splat<T>(NaN), lt<T>(zero, y)), eq<T>(y, zero));
  return v128.bitselect(value, edge, v128.and(lt<T>(zero, y), lt<T>(y, splat<T>(Infinity))));
}
