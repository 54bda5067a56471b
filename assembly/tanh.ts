import { abs, add, div, lt, madd, mul, splat, sub } from "./lanes";
import { expScale, expScaledOnce } from "./exp";

// tanh v and its derivative, for the soft cap z = c·tanh(v).
//
// |v| < 0.3: v·(1 − v²/3 + 2v⁴/15 − …), the Taylor series, whose terms shrink by (v·2/π)² < 0.0365 each: 5 terms behind
// the 1 for float32, 11 for float64. Otherwise (1 − E)/(1 + E) with E = e^{−2|v|} ≤ 0.55, where the difference loses no
// more than one bit. 1 − tanh² = 4E/(1 + E)² is formed without cancellation: a saturated logit keeps its gradient.
//
// Largest error of tanh, by scripts/accuracy.mjs: float32, every one of [2⁻¹²⁶, 20], 4.41 ulp simd, 4.31 ulp relaxed,
// which is below 1.2·2⁻²³ in absolute terms; float64 on a grid of [0, 25], 3.0 ulp against Math.tanh.

const TAYLOR_F32: usize = memory.data<f32>([-1382.0 / 155925, 62.0 / 2835, -17.0 / 315, 2.0 / 15, -1.0 / 3], 16);
const TAYLOR_F64: usize = memory.data<f64>(
  [
    -113927491862.0 / 2900518163668125, 18888466084.0 / 194896477400625, -443861162.0 / 1856156927625,
    6404582.0 / 10854718875, -929569.0 / 638512875, 21844.0 / 6081075, -1382.0 / 155925, 62.0 / 2835, -17.0 / 315,
    2.0 / 15, -1.0 / 3,
  ],
  16,
);

// @ts-ignore: decorator
@inline function term<T>(i: usize): v128 {
  return sizeof<T>() == 8 ? v128.load64_splat(TAYLOR_F64 + (i << 3)) : v128.load32_splat(TAYLOR_F32 + (i << 2));
}

/** E = e^{−2|v|}. */
// @ts-ignore: decorator
@inline function decay<T>(v: v128): v128 {
  return mul<T>(expScaledOnce<T>(mul<T>(abs<T>(v), splat<T>(-2))), splat<T>(1 / expScale<T>()));
}

// Functions of their own: the row loops would otherwise hold these many times over.

function tanhF32x4(v: v128): v128 {
  return tanhOf<f32>(v);
}

function tanhF64x2(v: v128): v128 {
  return tanhOf<f64>(v);
}

function tanhDerivativeF32x4(v: v128): v128 {
  return tanhDerivativeOf<f32>(v);
}

function tanhDerivativeF64x2(v: v128): v128 {
  return tanhDerivativeOf<f64>(v);
}

// @ts-ignore: decorator
@inline export function tanh<T>(v: v128): v128 {
  return sizeof<T>() == 8 ? tanhF64x2(v) : tanhF32x4(v);
}

/** 1 − tanh²v. */
// @ts-ignore: decorator
@inline export function tanhDerivative<T>(v: v128): v128 {
  return sizeof<T>() == 8 ? tanhDerivativeF64x2(v) : tanhDerivativeF32x4(v);
}

// @ts-ignore: decorator
@inline function tanhOf<T>(v: v128): v128 {
  const w = mul<T>(v, v);
  let p = term<T>(0);
  p = madd<T>(p, w, term<T>(1));
  p = madd<T>(p, w, term<T>(2));
  p = madd<T>(p, w, term<T>(3));
  p = madd<T>(p, w, term<T>(4));
  if (sizeof<T>() == 8) {
    p = madd<T>(p, w, term<T>(5));
    p = madd<T>(p, w, term<T>(6));
    p = madd<T>(p, w, term<T>(7));
    p = madd<T>(p, w, term<T>(8));
    p = madd<T>(p, w, term<T>(9));
    p = madd<T>(p, w, term<T>(10));
  }
  const small = madd<T>(mul<T>(v, w), p, v);
  const e = decay<T>(v);
  const one = splat<T>(1);
  const large = div<T>(sub<T>(one, e), add<T>(one, e));
  const signed = v128.bitselect(v, large, splat<T>(-0.0));
  return v128.bitselect(small, signed, lt<T>(abs<T>(v), splat<T>(0.3)));
}

// @ts-ignore: decorator
@inline function tanhDerivativeOf<T>(v: v128): v128 {
  const e = decay<T>(v);
  const sum = add<T>(splat<T>(1), e);
  return div<T>(mul<T>(splat<T>(4), e), mul<T>(sum, sum));
}
