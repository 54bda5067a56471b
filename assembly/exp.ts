import { lt, madd, mul, nmadd, pmax, splat, sub } from "./lanes";

// eˣ, times EXP_SCALE.
//
// eˣ = 2ⁿ·eʳ, n = round(x·log₂e), r = x − n·ln 2 in [−ln 2/2, ln 2/2], with ln 2 in two parts so that n·LN2_HI is exact
// [Cody & Waite 1980]; with fused multiply-add one part does for float32: n·ln 2 is exact then, and what ln 2 itself is
// rounded by, 2·10⁻⁹ n, counts less than an ulp for |x| < 40. So the error does not grow with |x|, and nothing has to
// be subtracted from x before: the integer `shift` that 2ⁿ is divided by keeps it in range and costs nothing.
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
// Largest error, by scripts/accuracy.mjs: float32, simd, 2.4 ulp in [−87.3, 0]; relaxed 2.2 ulp in [−5, 0], 2.6 in
// [−20, 0] and 4.8 in [−87.3, 0]; float64 on a grid of [−708, 0], 1.0 ulp against Math.exp.

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

// The hot loops of float32 rows. With fused multiply-add they take expScaled as it is. Without, its reduction in two
// parts costs three operations more than f = x·log₂e − n, which errs by half an ulp of x·log₂e. So they take the latter
// for |x| < 22, where that is 6.6·10⁻⁷, with 2ᶠ as a polynomial adapted to 8 operations [Knuth 1962]: y = (f + a)f,
// ((y + b)(f + c) + d)(y + e), 2.4·10⁻⁷; together with log₂e's own rounding, 2.9·10⁻⁷ at 22, at most 1.2·10⁻⁶, which is
// up to 17 ulp. What is above 22 shows as out of range; what is below −22 is as much less accurate as it is less.

/** log₂e and a…e of y = (f + a)f, ((y + b)(f + c) + d)(y + e) = HOT_SCALE·2ᶠ. */
const EXP_HOT: usize = memory.data<f32>(
  [
    1.44269504088896341,
    4.797399044036865, 29.26716423034668, -2.3070642948150635, 132.10670471191406, 11.662250518798828,
  ],
  16,
);
/** The shift of the hot loops, where it is not free: terms above 2³² are out of range. */
// @ts-ignore: decorator
@inline export const HOT_SHIFT: f64 = 31;
/** How far from 0 what the others are compared with may lie; their sum may be as small as one of −22. */
// @ts-ignore: decorator
@inline export const HOT_FAR: f64 = 22;
/** What their terms are eˣ times of, but for the shift. */
// @ts-ignore: decorator
@inline export const HOT_SCALE: f64 = 753.211935658916;

/** Whether the hot loops of T have an exponential of their own. */
// @ts-ignore: decorator
@inline export function hasHotExp<T>(): bool {
  return !ASC_FEATURE_RELAXED_SIMD && sizeof<T>() != 8;
}

/** Constant i of the hot loops, i in 0…7. */
// @ts-ignore: decorator
@inline export function hotConstant<T>(i: usize): v128 {
  return hasHotExp<T>() ? v128.load32_splat(EXP_HOT + ((i < 6 ? i : 0) << 2)) : expConstant<T>(i);
}

/** What both z and the mantissa are made of. */
// @ts-ignore: decorator
@inline export function hotArgument<T>(x: v128, log2e: v128): v128 {
  return hasHotExp<T>() ? f32x4.mul(x, log2e) : x;
}

// @ts-ignore: decorator
@inline export function hotExponent<T>(t: v128, log2e: v128, magic: v128): v128 {
  return hasHotExp<T>() ? f32x4.add(t, magic) : exponent<T>(t, log2e, magic);
}

/** What 2ⁿ, which is z shifted by 23, is multiplied by. */
// @ts-ignore: decorator
@inline export function hotMantissa<T>(
  t: v128, z: v128, magic: v128, a: v128, b: v128, c: v128, d: v128, e: v128, p3: v128, p4: v128,
): v128 {
  if (!hasHotExp<T>()) return mantissa<T>(t, z, magic, a, b, c, d, e, p3, p4);
  return hotPolynomial(f32x4.add(t, f32x4.sub(magic, z)), a, b, c, d, e);
}

// @ts-ignore: decorator
@inline function hotPolynomial(f: v128, a: v128, b: v128, c: v128, d: v128, e: v128): v128 {
  const y = f32x4.mul(f32x4.add(f, a), f);
  return f32x4.mul(madd<f32>(f32x4.add(y, b), f32x4.add(f, c), d), f32x4.add(y, e));
}

/** Constant i of {@link hotTwoTo}, i in 1…5. */
// @ts-ignore: decorator
@inline export function twoToConstant(i: usize): v128 {
  return v128.load32_splat(EXP_HOT + (i << 2));
}

/** HOT_SCALE·2ᵗ/2^shift for t in range, in both variants. The constants are loaded by the caller. */
// @ts-ignore: decorator
@inline export function hotTwoTo(t: v128, magic: v128, a: v128, b: v128, c: v128, d: v128, e: v128): v128 {
  const z = f32x4.add(t, magic);
  return f32x4.mul(hotPolynomial(f32x4.add(t, f32x4.sub(magic, z)), a, b, c, d, e), i32x4.shl(z, 23));
}

/** The term of x, constants and all. */
// @ts-ignore: decorator
@inline export function expHotOnce(x: v128): v128 {
  const magic = f32x4.splat(<f32>expMagic<f32>(HOT_SHIFT));
  const t = hotArgument<f32>(x, hotConstant<f32>(0));
  const z = hotExponent<f32>(t, hotConstant<f32>(0), magic);
  return f32x4.mul(
    hotMantissa<f32>(
      t, z, magic, hotConstant<f32>(1), hotConstant<f32>(2), hotConstant<f32>(3), hotConstant<f32>(4),
      hotConstant<f32>(5), hotConstant<f32>(6), hotConstant<f32>(7),
    ),
    i32x4.shl(z, 23),
  );
}

// eˣ itself for float32 x ≤ 0, with the same two polynomials: divided by their value at 0, so that e⁰ is 1. Largest
// error, by scripts/accuracy.mjs: relaxed as above; simd, where it grows with |x|, 6 ulp in [−5, 0], 16 in [−20, 0] and
// 60, which is 5·10⁻⁶, in [−87.3, 0].

const NEGATIVE_FUSED: usize = memory.data<f32>(
  [
    1.44269504088896341, 12583039, -88.03, 0.693147180559945309,
    1, 0.9999997019767761, 0.4999915063381195, 0.1666763573884964, 0.04189793020486832, 0.008290315978229046,
  ],
  16,
);
const NEGATIVE_UNFUSED: usize = memory.data<f32>(
  [
    1.44269504088896341, 12583039, -88.03,
    4.797399044036865, 29.26716423034668, -2.3070642948150635, 132.10670471191406, 11.662250518798828,
    0.0013276474783197045, 0,
  ],
  16,
);

/** Constant i of {@link expOfNegative}, i in 0…9. */
// @ts-ignore: decorator
@inline export function negativeConstant(i: usize): v128 {
  return v128.load32_splat((ASC_FEATURE_RELAXED_SIMD ? NEGATIVE_FUSED : NEGATIVE_UNFUSED) + (i << 2));
}

/** eˣ for x ≤ 0, −∞ or NaN. The constants are loaded by the caller. */
// @ts-ignore: decorator
@inline export function expOfNegative(
  x: v128, log2e: v128, magic: v128, floor: v128, c3: v128, c4: v128, c5: v128, c6: v128, c7: v128, c8: v128, c9: v128,
): v128 {
  x = f32x4.pmax(x, floor);
  if (ASC_FEATURE_RELAXED_SIMD) {
    const z = madd<f32>(x, log2e, magic);
    const r = nmadd<f32>(f32x4.sub(z, magic), c3, x);
    let p = madd<f32>(c9, r, c8);
    p = madd<f32>(p, r, c7);
    p = madd<f32>(p, r, c6);
    p = madd<f32>(p, r, c5);
    return f32x4.mul(madd<f32>(p, r, c4), i32x4.shl(z, 23));
  }
  const t = f32x4.mul(x, log2e);
  const z = f32x4.add(t, magic);
  return f32x4.mul(f32x4.mul(hotMantissa<f32>(t, z, magic, c3, c4, c5, c6, c7, c7, c7), i32x4.shl(z, 23)), c8);
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

/** Whether one of the z whose bits are united in `seen` was NaN or has no place in an exponent; `hot` as said above. */
// @ts-ignore: decorator
@inline export function outOfRange<T>(seen: v128, hot: bool): bool {
  if (hot && hasHotExp<T>()) return v128.any_true(i32x4.shr_u(v128.xor(seen, nothingSeen<T>()), 7));
  return sizeof<T>() == 8
    ? v128.any_true(i64x2.shr_u(v128.xor(seen, nothingSeen<T>()), 11))
    : v128.any_true(i32x4.shr_u(v128.xor(seen, nothingSeen<T>()), 8));
}

/** EXP_SCALE·eˣ/2^shift for z = {@link exponent} of x in range. The constants are loaded by the caller. */
// @ts-ignore: decorator
@inline export function expScaled<T>(
  x: v128, z: v128, magic: v128, ln2Hi: v128, ln2Lo: v128, p0: v128, p1: v128, p2: v128, p3: v128, p4: v128,
): v128 {
  const p = mantissa<T>(x, z, magic, ln2Hi, ln2Lo, p0, p1, p2, p3, p4);
  return sizeof<T>() == 8 ? f64x2.mul(p, i64x2.shl(z, 52)) : f32x4.mul(p, i32x4.shl(z, 23));
}

/** What 2ⁿ is multiplied by. */
// @ts-ignore: decorator
@inline export function mantissa<T>(
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
    return madd<f32>(p, r, p0);
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
  return f64x2.add(p0, madd<f64>(f64x2.mul(r, r), p, r));
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

/** By this power of 2 {@link expAny} is kept from overflowing before it is scaled. */
// @ts-ignore: decorator
@inline const ANY_SHIFT: f64 = 10;

/**
 * eˣ of any x: 0 where it would be below 2⁻¹¹⁶ (2⁻¹⁰¹² in float64), ∞ where it overflows, NaN of NaN. Largest error, by
 * scripts/accuracy.mjs: float32, simd, 2.94 ulp in [−80, 88.7]; relaxed 3.19 ulp in [−20, 5] and 5.62 in [−80,
 * 88.7]; float64 on a grid of [−700, 709], 1.0 ulp against Math.exp.
 */
// @ts-ignore: decorator
@inline export function expAny<T>(x: v128): v128 {
  return sizeof<T>() == 8 ? expAnyF64x2(x) : expAnyOf<f32>(x);
}

function expAnyF64x2(x: v128): v128 {
  return expAnyOf<f64>(x);
}

// @ts-ignore: decorator
@inline function expAnyOf<T>(x: v128): v128 {
  const most = splat<T>(sizeof<T>() == 8 ? 710 : 89);
  const e = expScaledAt<T>(v128.bitselect(most, x, lt<T>(most, x)), ANY_SHIFT);
  return mul<T>(e, splat<T>(1024 / expScale<T>()));
}
