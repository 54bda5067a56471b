import { madd, nmadd, pmax, splat, sub } from "./lanes";

// eˣ, times EXP_SCALE.
//
// eˣ = 2ⁿ·eʳ, n = round(x·log₂e), r = x − n·ln 2 in [−ln 2/2, ln 2/2], with ln 2 in two parts so that n·LN2_HI is exact
// [Cody & Waite 1980]; with fused multiply-add one part does for float32: n·ln 2 is exact then, and what ln 2 itself is
// rounded by, 2·10⁻⁹ n, counts less than an ulp for |x| < 40. So the error does not grow with |x|, and nothing has to be
// subtracted from x before: the integer `shift` that 2ⁿ is divided by keeps it in range and costs nothing.
//
// float32: eʳ is a polynomial of degree 5, minimax in the relative error among those that are 1 at 0, divided by its
// leading coefficient: a softmax does not change when all its terms share a factor, and a monic polynomial saves a
// multiplication. EXP_SCALE is that factor. scripts/fit-exp.mjs prints the coefficients.
//
// float64: the Taylor polynomial of degree 13, whose remainder at |r| = ln 2/2 is 0.04 ulp. EXP_SCALE is 1.
//
// 2ⁿ is made without a conversion: adding MAGIC = 1.5·2²³ + 127 (1.5·2⁵² + 1023) rounds x·log₂e to an integer that
// stands, biased like an exponent, in the low bits of z; a shift moves it into place. z out of range shows in its upper
// bits, see outOfRange; at the lower end, where the exponent is 0, the result is +0: what would be denormal is flushed.
//
// Largest error, by scripts/accuracy.mjs: float32, every one of [−87.3, −0], 2.36 ulp simd, 2.12 ulp relaxed; float64
// on a grid of [−708, 0], 1.0 ulp against Math.exp.

/** What {@link expScaled} is multiplied by. */
// @ts-ignore: decorator
@inline export function expScale<T>(): f64 {
  return sizeof<T>() == 8 ? 1 : EXP_SCALE_F32;
}

// @ts-ignore: decorator
@inline const EXP_SCALE_F32: f64 = 120.62266540527344; // the polynomial at 0: equal logits stay equal

// @ts-ignore: decorator
@inline const MAGIC_F32: f64 = 12583039; // 1.5·2²³ + 127
// @ts-ignore: decorator
@inline const MAGIC_F64: f64 = 6755399441056767; // 1.5·2⁵² + 1023
// @ts-ignore: decorator
@inline const LN2: f64 = 0.693147180559945309;

/** MAGIC for results divided by 2^shift, |shift| < 2¹⁵. */
// @ts-ignore: decorator
@inline export function expMagic<T>(shift: f64): f64 {
  return (sizeof<T>() == 8 ? MAGIC_F64 : MAGIC_F32) - shift;
}

/** Where 2ⁿ/2^shift ends: smaller x are raised to this, which makes the result +0. */
// @ts-ignore: decorator
@inline export function expFloor<T>(shift: f64): f64 {
  return (shift - (sizeof<T>() == 8 ? 1023 : 127)) * LN2;
}

/** An x that is in range, but whose term is too small to count. */
// @ts-ignore: decorator
@inline export function expNegligible<T>(shift: f64): f64 {
  return (shift - (sizeof<T>() == 8 ? 1000 : 116)) * LN2;
}

/** The shift that brings eˣ near 1; NaN where x is. */
// @ts-ignore: decorator
@inline export function expShift(x: f64): f64 {
  return nearest(x * (1 / LN2));
}

// Constants live in linear memory and are loaded into locals before a loop: Node 24 and later rebuild a v128.const in
// every iteration. See docs/decisions.md, 2026-11-21.
const EXP_F32: usize = memory.data<f32>(
  [
    1.44269504088896341, // log₂ e
    0.693359375, -2.12194440054690583e-4, // ln 2: 9 bits, and the rest
    120.62266540527344, 120.62262725830078, 60.310306549072266, 20.10494613647461, 5.053840160369873,
    0.693147180559945309,
  ],
  16,
);
const EXP_F64: usize = memory.data<f64>(
  [
    1.44269504088896341, // log₂ e
    0.693147180369123816490, 1.90821492927058770002e-10, // ln 2: 32 bits, and the rest
    1.0, 1.0, 1.0 / 2, 1.0 / 6, 1.0 / 24,
    1.0 / 120, 1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600,
    1.0 / 6227020800,
  ],
  16,
);

/** Constant i of {@link expScaled}, i in 0…7. */
// @ts-ignore: decorator
@inline export function expConstant<T>(i: usize): v128 {
  // Relaxed, float32: ln 2 in one part.
  if (ASC_FEATURE_RELAXED_SIMD && sizeof<T>() != 8 && i == 1) return v128.load32_splat(EXP_F32 + (8 << 2));
  return sizeof<T>() == 8 ? v128.load64_splat(EXP_F64 + (i << 3)) : v128.load32_splat(EXP_F32 + (i << 2));
}

/** z: round(x·log₂e) + MAGIC. */
// @ts-ignore: decorator
@inline export function exponent<T>(x: v128, log2e: v128, magic: v128): v128 {
  return madd<T>(x, log2e, magic);
}

/** What the z of a row are united with at first: the bits that all of them have. */
// @ts-ignore: decorator
@inline export function nothingSeen<T>(): v128 {
  return sizeof<T>() == 8 ? i64x2.splat(0x4338000000000000) : i32x4.splat(0x4b400000);
}

/** Whether one of the z whose bits are united in `seen` was NaN or has no place in an exponent. */
// @ts-ignore: decorator
@inline export function outOfRange<T>(seen: v128): bool {
  return sizeof<T>() == 8
    ? v128.any_true(i64x2.shr_u(v128.xor(seen, nothingSeen<T>()), 11))
    : v128.any_true(i32x4.shr_u(v128.xor(seen, nothingSeen<T>()), 8));
}

/** EXP_SCALE·eˣ/2^shift for z = {@link exponent} of x in range. The constants are loaded by the caller. */
// @ts-ignore: decorator
@inline export function expScaled<T>(
  x: v128, z: v128, magic: v128, ln2Hi: v128, ln2Lo: v128, p0: v128, p1: v128, p2: v128, p3: v128, p4: v128,
): v128 {
  const n = sub<T>(z, magic);
  let r = nmadd<T>(n, ln2Hi, x);
  if (!ASC_FEATURE_RELAXED_SIMD || sizeof<T>() == 8) r = nmadd<T>(n, ln2Lo, r);
  if (sizeof<T>() != 8) {
    let p = f32x4.add(r, p4);
    p = madd<f32>(p, r, p3);
    p = madd<f32>(p, r, p2);
    p = madd<f32>(p, r, p1);
    p = madd<f32>(p, r, p0);
    return f32x4.mul(p, i32x4.shl(z, 23));
  }
  let p = taylor(13);
  p = madd<f64>(p, r, taylor(12));
  p = madd<f64>(p, r, taylor(11));
  p = madd<f64>(p, r, taylor(10));
  p = madd<f64>(p, r, taylor(9));
  p = madd<f64>(p, r, taylor(8));
  p = madd<f64>(p, r, taylor(7));
  p = madd<f64>(p, r, taylor(6));
  p = madd<f64>(p, r, taylor(5));
  p = madd<f64>(p, r, p4);
  p = madd<f64>(p, r, p3);
  p = madd<f64>(p, r, p2);
  // 1 + (r + r²p): the large terms last.
  p = f64x2.add(p0, madd<f64>(f64x2.mul(r, r), p, r));
  return f64x2.mul(p, i64x2.shl(z, 52));
}

/** 1/k!, k in 5…13. */
// @ts-ignore: decorator
@inline function taylor(k: usize): v128 {
  return v128.load64_splat(EXP_F64 + ((k + 3) << 3));
}

/** EXP_SCALE·eˣ/2^shift, constants and all, for code outside of hot loops; 0 far below the range, nonsense above it. */
// @ts-ignore: decorator
@inline export function expScaledAt<T>(x: v128, shift: f64): v128 {
  const magic = splat<T>(expMagic<T>(shift));
  const raised = pmax<T>(x, splat<T>(expFloor<T>(shift)));
  return expScaled<T>(
    raised, exponent<T>(raised, expConstant<T>(0), magic), magic, expConstant<T>(1), expConstant<T>(2),
    expConstant<T>(3), expConstant<T>(4), expConstant<T>(5), expConstant<T>(6), expConstant<T>(7),
  );
}

/** The same for x ≤ 0, −∞ or NaN, without a shift. */
// @ts-ignore: decorator
@inline export function expScaledOnce<T>(x: v128): v128 {
  return expScaledAt<T>(x, 0);
}
