import { madd, nmadd, pmax, sub } from "./lanes";


// eˣ for x ≤ 0, times EXP_SCALE.
//
// eˣ = 2ⁿ·eʳ, n = round(x·log₂e), r = x − n·ln 2 in [−ln 2/2, ln 2/2], with ln 2 in two parts so that n·LN2_HI is exact
// [Cody & Waite 1980].
//
// float32: eʳ is a polynomial of degree 5, minimax in the relative error among those that are 1 at 0, divided by its
// leading coefficient: a softmax does not change when all its terms share a factor, and a monic polynomial saves a
// multiplication. EXP_SCALE is that factor. scripts/fit-exp.mjs prints the coefficients.
//
// float64: the Taylor polynomial of degree 13, whose remainder at |r| = ln 2/2 is 0.04 ulp. EXP_SCALE is 1.
//
// 2ⁿ is made without a conversion: adding MAGIC = 1.5·2²³ + 127 (1.5·2⁵² + 1023) rounds x·log₂e to an integer that
// stands, biased like an exponent, in the low bits; a shift moves it into place. Below FLOOR the biased exponent is 0
// and so is the result: what would be denormal is flushed to +0. NaN stays NaN.
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

// Constants live in linear memory and are loaded into locals before a loop: Node 24 and later rebuild a v128.const in
// every iteration. See docs/decisions.md, 2026-11-21.
const EXP_F32: usize = memory.data<f32>(
  [
    1.44269504088896341, // log₂ e
    12583039.0, // 1.5·2²³ + 127
    -88.03, // 127·ln 2, rounded away from 0
    0.693359375, -2.12194440054690583e-4, // ln 2: 9 bits, and the rest
    120.62266540527344, 120.62262725830078, 60.310306549072266, 20.10494613647461, 5.053840160369873,
  ],
  16,
);
const EXP_F64: usize = memory.data<f64>(
  [
    1.44269504088896341, // log₂ e
    6755399441056767.0, // 1.5·2⁵² + 1023
    -709.1, // 1023·ln 2, rounded away from 0
    0.693147180369123816490, 1.90821492927058770002e-10, // ln 2: 32 bits, and the rest
    1.0, 1.0, 1.0 / 2, 1.0 / 6, 1.0 / 24,
    1.0 / 120, 1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600,
    1.0 / 6227020800,
  ],
  16,
);

/** Constant i of {@link expScaled}, i in 0…9. */
// @ts-ignore: decorator
@inline export function expConstant<T>(i: usize): v128 {
  return sizeof<T>() == 8 ? v128.load64_splat(EXP_F64 + (i << 3)) : v128.load32_splat(EXP_F32 + (i << 2));
}

/** EXP_SCALE·eˣ; x ≤ 0, −∞ or NaN, and a rounding error above 0. The constants are loaded by the caller. */
// @ts-ignore: decorator
@inline export function expScaled<T>(
  x: v128, log2e: v128, magic: v128, floor: v128, ln2Hi: v128, ln2Lo: v128,
  p0: v128, p1: v128, p2: v128, p3: v128, p4: v128,
): v128 {
  x = pmax<T>(x, floor);
  const z = madd<T>(x, log2e, magic);
  const n = sub<T>(z, magic);
  const r = nmadd<T>(n, ln2Lo, nmadd<T>(n, ln2Hi, x));
  if (sizeof<T>() == 4 || sizeof<T>() == 2) {
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
  return v128.load64_splat(EXP_F64 + ((k + 5) << 3));
}

/** EXP_SCALE·eˣ with the constants loaded on the spot, for code outside of hot loops. */
// @ts-ignore: decorator
@inline export function expScaledOnce<T>(x: v128): v128 {
  return expScaled<T>(
    x, expConstant<T>(0), expConstant<T>(1), expConstant<T>(2), expConstant<T>(3), expConstant<T>(4),
    expConstant<T>(5), expConstant<T>(6), expConstant<T>(7), expConstant<T>(8), expConstant<T>(9),
  );
}
