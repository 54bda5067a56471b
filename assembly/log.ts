import { add, div, madd, mul, splat } from "./lanes";

// ln(1 + u) for u ≥ 0.
//
// float64: y = 1 + u, whose rounding error c is recovered exactly and added back as c/y [Kahan 1987]. y = 2ᵏ·m, m in
// [√½, √2); with s = (m − 1)/(m + 1), |s| ≤ 0.1716, ln m = 2·artanh s = 2(s + s³/3 + s⁵/5 + …), cut behind s²¹/21
// where the remainder is below 2⁻⁵⁷ relative. ln 2 in two parts, k·LN2_HI exact.
//
// float32, u in [0, 1] only: ln(1 + u) = 2·artanh(u/(2 + u)), |s| ≤ 1/3, cut behind s¹⁵/15: no rounding of 1 + u, no
// decomposition, and small u keep their relative accuracy.
//
// Largest error, by scripts/accuracy.mjs: float32, every one of [2⁻¹²⁶, 1], 1.97 ulp; float64 on a grid of [0, 2·10⁵],
// 2.0 ulp against Math.log1p.

const ARTANH_F64: usize = memory.data<f64>(
  [1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3],
  16,
);
const ARTANH_F32: usize = memory.data<f32>([1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3], 16);

// @ts-ignore: decorator
@inline function inverseOdd(i: usize): v128 {
  return v128.load64_splat(ARTANH_F64 + (i << 3));
}

// @ts-ignore: decorator
@inline function inverseOddF32(i: usize): v128 {
  return v128.load32_splat(ARTANH_F32 + (i << 2));
}

/** ln(1 + u), u ≥ 0 or NaN. */
function log1pF64x2(u: v128): v128 {
  const one = f64x2.splat(1);
  const y = f64x2.add(one, u);
  const c = v128.bitselect(
    f64x2.sub(one, f64x2.sub(y, u)),
    f64x2.sub(u, f64x2.sub(y, one)),
    f64x2.gt(u, one),
  );
  const shifted = i64x2.sub(y, i64x2.splat(0x3fe6a09e667f3bcd)); // √½: m lies above it
  const k = i64x2.shr_s(shifted, 52);
  const m = i64x2.sub(y, i64x2.shl(k, 52));
  const magic = f64x2.splat(6755399441055744.0); // 1.5·2⁵²: makes an integer of few bits a float64
  const n = f64x2.sub(i64x2.add(k, magic), magic);
  const s = f64x2.div(f64x2.sub(m, one), f64x2.add(m, one));
  const w = f64x2.mul(s, s);
  let p = inverseOdd(0);
  p = madd<f64>(p, w, inverseOdd(1));
  p = madd<f64>(p, w, inverseOdd(2));
  p = madd<f64>(p, w, inverseOdd(3));
  p = madd<f64>(p, w, inverseOdd(4));
  p = madd<f64>(p, w, inverseOdd(5));
  p = madd<f64>(p, w, inverseOdd(6));
  p = madd<f64>(p, w, inverseOdd(7));
  p = madd<f64>(p, w, inverseOdd(8));
  p = madd<f64>(p, w, inverseOdd(9));
  const twice = f64x2.add(s, s);
  let low = madd<f64>(n, f64x2.splat(1.90821492927058770002e-10), f64x2.div(c, y));
  low = madd<f64>(f64x2.mul(twice, w), p, low);
  const result = madd<f64>(n, f64x2.splat(0.693147180369123816490), f64x2.add(twice, low));
  // The bits of NaN pass for a number above: put it back.
  return v128.bitselect(result, u, f64x2.eq(u, u));
}

export function log1p(u: f64): f64 {
  return f64x2.extract_lane(log1pF64x2(f64x2.splat(u)), 0);
}

/** ln(1 + u), u in [0, 1] or NaN. */
// @ts-ignore: decorator
@inline export function log1pUnit<T>(u: v128): v128 {
  if (sizeof<T>() == 8) return log1pF64x2(u);
  const s = div<T>(u, add<T>(u, splat<T>(2)));
  const w = mul<T>(s, s);
  let p = inverseOddF32(0);
  p = madd<T>(p, w, inverseOddF32(1));
  p = madd<T>(p, w, inverseOddF32(2));
  p = madd<T>(p, w, inverseOddF32(3));
  p = madd<T>(p, w, inverseOddF32(4));
  p = madd<T>(p, w, inverseOddF32(5));
  p = madd<T>(p, w, inverseOddF32(6));
  const twice = add<T>(s, s);
  return madd<T>(mul<T>(twice, w), p, twice);
}
