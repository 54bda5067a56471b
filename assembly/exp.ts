import { held, lt, madd, mul, nmadd, pmax, splat, sub } from "./lanes";

// eˣ, times EXP_SCALE.
//
// eˣ = 2ⁿ·eʳ, n = round(x·log₂e), r = x − n·ln 2 in [−ln 2/2, ln 2/2], with ln 2 in two parts so that n·LN2_HI is exact
// [Cody & Waite 1980]; with fused multiply-add one part does for float32: n·ln 2 is exact then, and what ln 2 itself is
// rounded by, 2·10⁻⁹ n, counts less than an ulp for |x| < 40. So the error does not grow with |x|, and nothing has to
// be subtracted from x before: the integer `shift` that 2ⁿ is divided by keeps it in range and costs nothing.
//
// float32: eʳ is a polynomial of degree 5, minimax in the relative error among those that begin 1 + r, divided by its
// leading coefficient: a softmax does not change when all its terms share a factor, and a monic polynomial saves a
// multiplication. EXP_SCALE is that factor. scripts/fit-exp.mjs prints the coefficients.
//
// float64: the Taylor polynomial of degree 13, whose remainder at |r| = ln 2/2 is 0.04 ulp. EXP_SCALE is 1.
//
// 2ⁿ is made without a conversion: z = x·log₂e·UNIT + MAGIC, UNIT the last place of numbers in [2, 4) and MAGIC = 2 +
// 127·UNIT (1023 for float64), rounds x·log₂e to an integer that stands, biased like an exponent, in the low bits of z;
// a shift moves it into place. What is out of range shows in the upper bits, see outOfRange. At the lower end, where
// the exponent is 0, the result is +0: what would be denormal is flushed.
//
// The bits of many z may be united before they are asked, because sign and exponent of [2, 4) have a single one: no z
// outside has only bits of those inside, but 0, for x·log₂e rounded to −MAGIC/UNIT, and its term is the least there is.
// Around 1.5·2²³ logits of −2.9·10⁶ would pass.
//
// Largest error, by scripts/accuracy.mjs: float32, simd, 2.4 ulp in [−87.3, 0]; relaxed 2.2 ulp in [−5, 0], 2.7 in
// [−20, 0] and 5.0 in [−87.3, 0]; float64 on a grid of [−708, 0], 1.0 ulp against Math.exp.

/** What {@link expScaled} is multiplied by. */
// @ts-ignore: decorator
@inline export function expScale<T>(): f64 {
  return sizeof<T>() == 8 ? 1 : EXP_SCALE_F32;
}

// @ts-ignore: decorator
@inline const EXP_SCALE_F32: f64 = 120.30038452148438; // the polynomial at 0: equal logits stay equal

// @ts-ignore: decorator
@inline const UNIT_F32: f64 = 1.0 / 4194304; // 2⁻²²
// @ts-ignore: decorator
@inline const UNIT_F64: f64 = 1.0 / 2251799813685248; // 2⁻⁵¹
// @ts-ignore: decorator
@inline const LN2: f64 = 0.693147180559945309;

/** MAGIC for results divided by 2^shift, |shift| < 2¹⁵. */
// @ts-ignore: decorator
@inline export function expMagic<T>(shift: f64): f64 {
  return sizeof<T>() == 8 ? 2 + UNIT_F64 * (1023 - shift) : 2 + UNIT_F32 * (127 - shift);
}

/** Where 2ⁿ/2^shift ends: smaller x are raised to this, which makes the result +0. */
// @ts-ignore: decorator
@inline export function expFloor<T>(shift: f64): f64 {
  return (shift - (sizeof<T>() == 8 ? 1023 : 127)) * LN2;
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
    1.44269504088896341 / 4194304, // log₂ e
    0.693359375 * 4194304, -2.12194440054690583e-4 * 4194304, // ln 2: 9 bits, and the rest
    120.30038452148438, 60.149269104003906, 20.050601959228516, 5.039397239685059,
    0.693147180559945309 * 4194304,
  ],
  16,
);
const EXP_F64: usize = memory.data<f64>(
  [
    1.44269504088896341 / 2251799813685248, // log₂ e
    // ln 2: 32 bits, and the rest
    0.693147180369123816490 * 2251799813685248, 1.90821492927058770002e-10 * 2251799813685248,
    1.0, 1.0 / 2, 1.0 / 6, 1.0 / 24,
    1.0 / 120, 1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600,
    1.0 / 6227020800,
  ],
  16,
);

/** Constant i of {@link expScaled}, i in 0…6. */
// @ts-ignore: decorator
@inline export function expConstant<T>(i: usize): v128 {
  // Relaxed, float32: ln 2 in one part.
  if (ASC_FEATURE_RELAXED_SIMD && sizeof<T>() != 8 && i == 1) return v128.load32_splat(EXP_F32 + (7 << 2));
  return sizeof<T>() == 8 ? v128.load64_splat(EXP_F64 + (i << 3)) : v128.load32_splat(EXP_F32 + (i << 2));
}

// The hot loops of float32 rows take fewer operations, and those of which processors have more to spare: 2ⁿ is not
// multiplied by, but added to the exponent of the mantissa, as integers. What is added, the low bits of z, lies in
// [0, 127], and nothing can overflow.
//
// Fused, the mantissa is that of expScaled. Its exponent is near 2⁷, so z holds HOT_ABOVE − n, which is subtracted.
//
// Unfused, the reduction in two parts would cost three operations more than f = x·log₂e − n, which errs by half an ulp
// of x·log₂e. So |x| has to stay below 22, where that is 6.6·10⁻⁷, with 2ᶠ as a polynomial adapted to 8 operations
// [Knuth 1962]: y = (f + a)f, ((y + b)(f + c) + d)(y + e), 2.4·10⁻⁷; with log₂e's own rounding, 2.9·10⁻⁷ at 22, at
// most 1.2·10⁻⁶, which is up to 20 ulp. What is above 22 shows as out of range; what is below −22 is as much less
// accurate as it is less. f comes in UNITs, like z; the polynomial, monic in that, is 2ᶠ·HOT_SCALE·2⁻¹¹⁰, so small that
// n + HOT_BELOW can be added as it is.

/** log₂e and a…e of y = (f + a)f, ((y + b)(f + c) + d)(y + e) = HOT_SCALE·2ᶠ. */
const EXP_HOT: usize = memory.data<f32>(
  [
    1.44269504088896341,
    4.797399997711182, 29.267168045043945, -2.307063579559326, 132.10671997070312, 11.662250518798828,
  ],
  16,
);
// @ts-ignore: decorator
@inline const HOT_SCALE: f64 = 753.2122590398262;

/** Powers of 2 that there is room for above and below: of the class k, and unfused of 0. */
// @ts-ignore: decorator
@inline const HOT_ABOVE: f64 = ASC_FEATURE_RELAXED_SIMD ? 47 : 32;
// @ts-ignore: decorator
@inline const HOT_BELOW: f64 = 127 - HOT_ABOVE;

/** Whether the exponential of the hot loops is good for terms around 0 only. */
// @ts-ignore: decorator
@inline export function hotIsFixed(): bool {
  return !ASC_FEATURE_RELAXED_SIMD;
}
/** How far from 0 what the others are compared with may lie then; and what their sum has to be, e^−HOT_FAR. */
// @ts-ignore: decorator
@inline export const HOT_FAR: f64 = 22;
// @ts-ignore: decorator
@inline export const HOT_LEAST: f64 = 2.789e-10;

/** Constant i of the hot loops, i in 0…5. */
// @ts-ignore: decorator
@inline export function hotConstant(i: i32): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return expConstant<f32>(i < 2 ? i : i + 1);
  // As many UNITs as the power of f that it stands for.
  const power = i == 2 || i == 5 ? 2 : i == 4 ? 3 : 1;
  return f32x4.splat(load<f32>(EXP_HOT + (<usize>i << 2)) * reinterpret<f32>((127 - 22 * power) << 23));
}

/** MAGIC of the hot loops for terms divided by 2^shift. */
// @ts-ignore: decorator
@inline export function hotMagic(shift: f64): f64 {
  return 2 + UNIT_F32 * (ASC_FEATURE_RELAXED_SIMD ? HOT_ABOVE + shift : HOT_BELOW - shift);
}

/** An x that is in range, but whose term is too small to count. */
// @ts-ignore: decorator
@inline export function hotNegligible(shift: f64): f64 {
  return (shift - HOT_BELOW + 1) * LN2;
}

/** What z and the term are made of. */
// @ts-ignore: decorator
@inline export function hotArgument(x: v128, log2e: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? x : f32x4.mul(x, log2e);
}

// @ts-ignore: decorator
@inline export function hotExponent(t: v128, log2e: v128, magic: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? nmadd<f32>(t, log2e, magic) : f32x4.add(t, magic);
}

/** {@link hotUnit} times eˣ of {@link hotArgument} t and {@link hotExponent} z, in range. */
// @ts-ignore: decorator
@inline export function hotTerm(
  t: v128, z: v128, magic: v128, c1: v128, c2: v128, c3: v128, c4: v128, c5: v128,
): v128 {
  const n = f32x4.sub(magic, z);
  const power = i32x4.shl(z, 23);
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.sub(monic(nmadd<f32>(n, c1, t), c2, c3, c4, c5), power);
  return i32x4.add(adapted(f32x4.add(t, n), c1, c2, c3, c4, c5), power);
}

// @ts-ignore: decorator
@inline function monic(r: v128, p0: v128, p2: v128, p3: v128, p4: v128): v128 {
  let p = f32x4.add(r, p4);
  p = madd<f32>(p, r, p3);
  p = madd<f32>(p, r, p2);
  p = madd<f32>(p, r, p0);
  return madd<f32>(p, r, p0);
}

// @ts-ignore: decorator
@inline function adapted(f: v128, a: v128, b: v128, c: v128, d: v128, e: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    const fa = f32x4.add(f, a);
    return f32x4.mul(madd<f32>(madd<f32>(fa, f, b), f32x4.add(f, c), d), madd<f32>(fa, f, e));
  }
  const y = f32x4.mul(f32x4.add(f, a), f);
  return f32x4.mul(madd<f32>(f32x4.add(y, b), f32x4.add(f, c), d), f32x4.add(y, e));
}

/** The term of x, constants and all. */
// @ts-ignore: decorator
@inline export function hotTermOf(x: v128, shift: f64): v128 {
  const log2e = hotConstant(0);
  const magic = f32x4.splat(<f32>hotMagic(shift));
  const t = hotArgument(x, log2e);
  return hotTerm(
    t, hotExponent(t, log2e, magic), magic, hotConstant(1), hotConstant(2), hotConstant(3), hotConstant(4),
    hotConstant(5),
  );
}

/** What terms are eˣ times of, `shift` an integer. */
// @ts-ignore: decorator
@inline export function hotUnit(shift: f64): f64 {
  const power = ASC_FEATURE_RELAXED_SIMD ? -HOT_ABOVE - shift : HOT_BELOW - shift - 110;
  return (ASC_FEATURE_RELAXED_SIMD ? EXP_SCALE_F32 : HOT_SCALE) * reinterpret<f64>((1023 + <i64>power) << 52);
}

/** Constant i of {@link hotTwoTo}, i in 1…5. */
// @ts-ignore: decorator
@inline export function twoToConstant(i: usize): v128 {
  return v128.load32_splat(EXP_HOT + (i << 2));
}

/** MAGIC of {@link hotTwoTo}: 1.5·2²³ + 127 where n is not scaled. */
// @ts-ignore: decorator
@inline export function twoToMagic(shift: f64): f64 {
  return 12583039 - shift;
}

/** HOT_SCALE·2ᵗ/2^shift for t in range, in both variants. The constants are loaded by the caller. */
// @ts-ignore: decorator
@inline export function hotTwoTo(t: v128, magic: v128, a: v128, b: v128, c: v128, d: v128, e: v128): v128 {
  const z = f32x4.add(t, magic);
  return f32x4.mul(adapted(f32x4.add(t, f32x4.sub(magic, z)), a, b, c, d, e), i32x4.shl(z, 23));
}

// eˣ itself for float32 x ≤ 0, with the same two polynomials: divided by their value at 0, so that e⁰ is 1. Largest
// error, by scripts/accuracy.mjs: relaxed as above; simd, where it grows with |x|, 7 ulp in [−5, 0], 18 in [−20, 0] and
// 65, which is 5·10⁻⁶, in [−87.3, 0].

const NEGATIVE_FUSED: usize = memory.data<f32>(
  [
    1.44269504088896341, 12583039, -88.03, 0.693147180559945309,
    1, 0.499992311000824, 0.16667114198207855, 0.041890114545822144, 0.008312526158988476,
  ],
  16,
);
const NEGATIVE_UNFUSED: usize = memory.data<f32>(
  [
    1.44269504088896341, 12583039, -88.03,
    4.797399997711182, 29.267168045043945, -2.307063579559326, 132.10671997070312, 11.662250518798828,
    0.0013276468962430954,
  ],
  16,
);

/** Constant i of {@link expOfNegative}, i in 0…8. */
// @ts-ignore: decorator
@inline export function negativeConstant(i: usize): v128 {
  return v128.load32_splat((ASC_FEATURE_RELAXED_SIMD ? NEGATIVE_FUSED : NEGATIVE_UNFUSED) + (i << 2));
}

/** eˣ for x ≤ 0, −∞ or NaN. The constants are loaded by the caller. */
// @ts-ignore: decorator
@inline export function expOfNegative(
  x: v128, log2e: v128, magic: v128, floor: v128, c3: v128, c4: v128, c5: v128, c6: v128, c7: v128, c8: v128,
): v128 {
  x = f32x4.pmax(x, floor);
  const t = hotArgument(x, log2e);
  const z = plusMagic(t, log2e, magic);
  const e = f32x4.mul(negativeMantissa(t, z, magic, c3, c4, c5, c6, c7, c8), i32x4.shl(z, 23));
  return ASC_FEATURE_RELAXED_SIMD ? e : f32x4.mul(e, c8);
}

// The same for |x| up to 86: as in the hot loops, the low bits of z, here −n in [0, 124] and counted from 2²³, are
// subtracted from an exponent. Fused, larger ones count as 86; unfused, where a minimum takes longer than to unite the
// bits of the z, those of 44 and above are found by them.

// @ts-ignore: decorator
@inline const NEAR: f64 = 86;
// @ts-ignore: decorator
@inline const NEAR_MAGIC: f64 = 8388608; // 2²³: what is added to it only makes it larger

/** Constant i of |x| near 0: log₂e, and those of {@link nearMantissa}, i in 0…6. */
// @ts-ignore: decorator
@inline export function nearConstant(i: usize): v128 {
  return negativeConstant(i < 1 ? i : i + 2);
}

// @ts-ignore: decorator
@inline export function nearMagic(): v128 {
  return held<f32>(NEAR_MAGIC);
}

/** |x|; fused at most `most`, which is {@link nearMost}. */
// @ts-ignore: decorator
@inline export function nearSize(x: v128, sign: v128, most: v128): v128 {
  const size = v128.andnot(x, sign);
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.pmin(size, most) : size;
}

// @ts-ignore: decorator
@inline export function nearMost(): v128 {
  return held<f32>(NEAR);
}

/** Whether an |x| whose z are united in `seen` was out of range; fused, none is. */
// @ts-ignore: decorator
@inline export function notNear(seen: v128, magic: v128): bool {
  return !ASC_FEATURE_RELAXED_SIMD && v128.any_true(i32x4.shr_u(v128.xor(seen, magic), 6));
}

/** e^−|x|/2ⁿ of t = {@link hotArgument} of |x| and z = {@link plusMagic} of it, whose low bits are −n. */
// @ts-ignore: decorator
@inline export function nearMantissa(
  t: v128, z: v128, magic: v128, c1: v128, c2: v128, c3: v128, c4: v128, c5: v128, c6: v128,
): v128 {
  const n = f32x4.sub(magic, z);
  if (!ASC_FEATURE_RELAXED_SIMD) return f32x4.mul(adapted(f32x4.sub(f32x4.sub(z, magic), t), c1, c2, c3, c4, c5), c6);
  // In −r, so that every step subtracts.
  const r = madd<f32>(n, c1, t);
  let p = nmadd<f32>(c6, r, c5);
  p = nmadd<f32>(p, r, c4);
  p = nmadd<f32>(p, r, c3);
  p = nmadd<f32>(p, r, c2);
  return nmadd<f32>(p, r, c2);
}

/** x·log₂e + `magic` of t = {@link hotArgument} of x. */
// @ts-ignore: decorator
@inline export function plusMagic(t: v128, log2e: v128, magic: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? madd<f32>(t, log2e, magic) : f32x4.add(t, magic);
}

// @ts-ignore: decorator
@inline function negativeMantissa(
  t: v128, z: v128, magic: v128, c3: v128, c4: v128, c5: v128, c6: v128, c7: v128, c8: v128,
): v128 {
  if (!ASC_FEATURE_RELAXED_SIMD) return adapted(f32x4.add(t, f32x4.sub(magic, z)), c3, c4, c5, c6, c7);
  const r = nmadd<f32>(f32x4.sub(z, magic), c3, t);
  let p = madd<f32>(c8, r, c7);
  p = madd<f32>(p, r, c6);
  p = madd<f32>(p, r, c5);
  p = madd<f32>(p, r, c4);
  return madd<f32>(p, r, c4);
}

/** z: round(x·log₂e) + MAGIC. */
// @ts-ignore: decorator
@inline export function exponent<T>(x: v128, log2e: v128, magic: v128): v128 {
  return madd<T>(x, log2e, magic);
}

/** What the z of a row are united with at first: the bits that all of them have. */
// @ts-ignore: decorator
@inline export function nothingSeen<T>(): v128 {
  return sizeof<T>() == 8 ? i64x2.splat(0x4000000000000000) : i32x4.splat(0x40000000);
}

/** Whether one of the z whose bits are united in `seen` was NaN or out of range; `hot` for those of the hot loops. */
// @ts-ignore: decorator
@inline export function outOfRange<T>(seen: v128, hot: bool): bool {
  return v128.any_true(beyondRange<T>(seen, hot));
}

/** The same of every other vector's. Of what has no sign the sum will do, which engines go back from as in sumPair. */
// @ts-ignore: decorator
@inline export function pairOutOfRange<T>(a: v128, b: v128, hot: bool): bool {
  return v128.any_true(i32x4.add(beyondRange<T>(a, hot), beyondRange<T>(b, hot)));
}

/** 0, or what has no sign. */
// @ts-ignore: decorator
@inline function beyondRange<T>(seen: v128, hot: bool): v128 {
  const beyond = v128.xor(seen, nothingSeen<T>());
  return sizeof<T>() == 8 ? i64x2.shr_u(beyond, 11) : i32x4.shr_u(beyond, hot ? 7 : 8);
}

/** EXP_SCALE·eˣ/2^shift for z = {@link exponent} of x in range. The constants are loaded by the caller. */
// @ts-ignore: decorator
@inline export function expScaled<T>(
  x: v128, z: v128, magic: v128, ln2Hi: v128, ln2Lo: v128, p0: v128, p2: v128, p3: v128, p4: v128,
): v128 {
  const p = mantissa<T>(x, z, magic, ln2Hi, ln2Lo, p0, p2, p3, p4);
  return sizeof<T>() == 8 ? f64x2.mul(p, i64x2.shl(z, 52)) : f32x4.mul(p, i32x4.shl(z, 23));
}

/** What 2ⁿ is multiplied by. */
// @ts-ignore: decorator
@inline export function mantissa<T>(
  x: v128, z: v128, magic: v128, ln2Hi: v128, ln2Lo: v128, p0: v128, p2: v128, p3: v128, p4: v128,
): v128 {
  const n = sub<T>(z, magic);
  let r = nmadd<T>(n, ln2Hi, x);
  if (!ASC_FEATURE_RELAXED_SIMD || sizeof<T>() == 8) r = nmadd<T>(n, ln2Lo, r);
  if (sizeof<T>() != 8) return monic(r, p0, p2, p3, p4);
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
  return v128.load64_splat(EXP_F64 + ((k + 2) << 3));
}

/** EXP_SCALE·eˣ/2^shift, constants and all, for code outside of hot loops; 0 far below the range, nonsense above it. */
// @ts-ignore: decorator
@inline export function expScaledAt<T>(x: v128, shift: f64): v128 {
  const magic = splat<T>(expMagic<T>(shift));
  const raised = pmax<T>(x, splat<T>(expFloor<T>(shift)));
  return expScaled<T>(
    raised, exponent<T>(raised, expConstant<T>(0), magic), magic, expConstant<T>(1), expConstant<T>(2),
    expConstant<T>(3), expConstant<T>(4), expConstant<T>(5), expConstant<T>(6),
  );
}

/** The same for x ≤ 0, −∞ or NaN, without a shift. Not for each logit: it is a call. */
// @ts-ignore: decorator
@inline export function expScaledOnce<T>(x: v128): v128 {
  return expScaledBelow<T>(x);
}

function expScaledBelow<T>(x: v128): v128 {
  return expScaledAt<T>(x, 0);
}

/** By this power of 2 {@link expAny} is kept from overflowing before it is scaled. */
// @ts-ignore: decorator
@inline const ANY_SHIFT: f64 = 10;

/**
 * eˣ of any x: 0 where it would be below 2⁻¹¹⁶ (2⁻¹⁰¹² in float64), ∞ where it overflows, NaN of NaN. Largest error, by
 * scripts/accuracy.mjs: float32, simd, 3.2 ulp in [−80, 88.7]; relaxed 3.1 ulp in [−20, 5] and 6.4 in [−80,
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
