import {
  abs, add, div, eq, held, lanes, lt, madd, mul, mulZero, nmadd, pmax, splat, sub, sumLanes, tailOf, upperHalf,
} from "./lanes";
import {
  expOfNegative, expScale, expScaledAt, expScaledOnce, hotArgument, nearConstant, nearMagic, nearMantissa, nearMost,
  nearSize, negativeConstant, notNear, plusMagic,
} from "./exp";
import { log1p, log1pUnit } from "./log";

// Binary cross-entropy with logits, element by element. With E = e^{−|x|}, L = ln(1 + E), w₊ the positive weight,
// c = 1 + (w₊ − 1)t:
//
//   (1 − t)x + c·softplus(−x)  =  c·L + (x ≥ 0 ? (1 − t)x : −w₊t·x)
//   derivative                 =  (1 − t)·σ(x) − w₊t·σ(−x),   σ(|x|) = 1/(1 + E),  σ(−|x|) = E/(1 + E)
//
// Both sides hold terms of one sign only, for t in [0, 1]: nothing cancels. 0·∞ counts as 0.
//
// Without weights the sum of many elements takes one logarithm: Σ ln(1 + Eᵢ) = ln(1 + S), where S + 1 = Π(1 + Eᵢ) is
// built up as S ← S + E(1 + S), of pairs: E₀ + E₁(1 + E₀) in place of E. S, and not 1 + S, so that elements that are
// nearly certain count with all their digits.

/**
 * One vector of elements from i on, `left` of which are of the array. Returns the losses, 0 behind the end; the
 * gradient goes to dx.
 */
// @ts-ignore: decorator
@inline function step<T>(
  i: usize, left: usize, x: usize, t: usize, w: usize, pw: usize, pwScalar: v128, g: usize, gScalar: v128, dx: usize,
): v128 {
  const size = sizeof<T>();
  const zero = splat<T>(0);
  const one = splat<T>(1);
  const xV = v128.load(x + i * size);
  const tV = v128.load(t + i * size);
  const negative = lt<T>(xV, zero);
  const below = sub<T>(zero, abs<T>(xV));
  const scaled = sizeof<T>() == 8 ? expScaledOnce<T>(below) : expScaledAt<T>(below, 0);
  const e = mul<T>(scaled, splat<T>(1 / expScale<T>()));
  const off = sub<T>(one, tV);
  const on = mul<T>(pw ? v128.load(pw + i * size) : pwScalar, tV);
  const linear = v128.bitselect(mulZero<T>(on, sub<T>(zero, xV)), mulZero<T>(off, xV), negative);
  let value = madd<T>(add<T>(off, on), log1pUnit<T>(e), linear);
  const wV = w ? v128.load(w + i * size) : one;
  // Here a NaN has to survive a weight of 0; above it reaches the sum through the logarithm.
  if (w) value = v128.bitselect(mulZero<T>(wV, value), value, eq<T>(value, value));
  if (left < lanes<T>()) value = tailOf<T>(value, left);
  if (dx) {
    const large = div<T>(one, add<T>(one, e));
    const small = mul<T>(e, large);
    const sigma = v128.bitselect(small, large, negative);
    const complement = v128.bitselect(large, small, negative);
    let d = sub<T>(mul<T>(off, sigma), mul<T>(on, complement));
    if (w) d = mul<T>(d, wV);
    if (g) d = mul<T>(d, v128.load(g + i * size));
    d = mul<T>(d, gScalar);
    v128.store(dx + i * size, d);
  }
  return value;
}

/** Elements of a block, whose sums are carried over to float64: S of a lane stays below 2⁶⁴. */
// @ts-ignore: decorator
@inline const ELEMENTS: usize = 256;

/** Σ x·([x ≥ 0] − t) of the latest block; NaN where 0·∞ should be 0. */
const LINEAR: usize = memory.data(8, 8);

/** x·([x ≥ 0] − t); NaN where 0·∞ should be 0. */
// @ts-ignore: decorator
@inline function linearOf(x: v128, t: usize): v128 {
  return nmadd<f32>(x, v128.load(t), pmax<f32>(f32x4.splat(0), x));
}

/** Π(1 + S) − 1 over the lanes. */
// @ts-ignore: decorator
@inline export function joined(S: v128): f64 {
  const low = f64x2.promote_low_f32x4(S);
  const pair = f64x2.add(low, f64x2.mul(f64x2.promote_low_f32x4(upperHalf(S)), f64x2.add(f64x2.splat(1), low)));
  const first = f64x2.extract_lane(pair, 0);
  return first + f64x2.extract_lane(pair, 1) * (1 + first);
}

/** Where S is below it, what was raised to e⁻⁸⁶ would count. */
// @ts-ignore: decorator
@inline const CERTAIN: f64 = 1e-26;

/** The E of a block. */
const TERMS: usize = memory.data(<i32>ELEMENTS * 4, 16);

/** Computes the E of a block, and leaves its linear sum. */
function termsOfBlock(count: usize, x: usize, t: usize): void {
  const sign = held<f32>(-0.0);
  const c0 = negativeConstant(0), c1 = negativeConstant(1), c2 = negativeConstant(2), c3 = negativeConstant(3);
  const c4 = negativeConstant(4), c5 = negativeConstant(5), c6 = negativeConstant(6), c7 = negativeConstant(7);
  const c8 = negativeConstant(8);
  let linear = f32x4.splat(0);
  for (let i: usize = 0; i < count; i += 8) {
    const x0 = v128.load(x + (i << 2));
    const x1 = v128.load(x + (i << 2), 16);
    v128.store(TERMS + (i << 2), expOfNegative(v128.or(x0, sign), c0, c1, c2, c3, c4, c5, c6, c7, c8));
    v128.store(TERMS + (i << 2), expOfNegative(v128.or(x1, sign), c0, c1, c2, c3, c4, c5, c6, c7, c8), 16);
    linear = add<f32>(linear, add<f32>(linearOf(x0, t + (i << 2)), linearOf(x1, t + (i << 2) + 16)));
  }
  store<f64>(LINEAR, sumLanes<f32>(linear));
}

/** A block without weights, `count` a multiple of 8: returns its S, NaN where there is none, and leaves LINEAR. */
function plainBlock(count: usize, x: usize, t: usize): f64 {
  const one = held<f32>(1);
  const sign = held<f32>(-0.0);
  const magic = nearMagic();
  const most = nearMost();
  const c0 = nearConstant(0), c1 = nearConstant(1), c3 = nearConstant(3), c4 = nearConstant(4);
  const c2 = ASC_FEATURE_RELAXED_SIMD ? one : nearConstant(2);
  const c5 = nearConstant(5), c6 = nearConstant(6);
  let S = f32x4.splat(0), linear = S, seen = magic;
  for (let i: usize = 0; i < count; i += 8) {
    const x0 = v128.load(x + (i << 2));
    const t0 = hotArgument(nearSize(x0, sign, most), c0);
    const z0 = plusMagic(t0, c0, magic);
    const p0 = nearMantissa(t0, z0, magic, c1, c2, c3, c4, c5, c6);
    const e0 = i32x4.sub(p0, i32x4.shl(z0, 23));
    const x1 = v128.load(x + (i << 2), 16);
    const t1 = hotArgument(nearSize(x1, sign, most), c0);
    const z1 = plusMagic(t1, c0, magic);
    const p1 = nearMantissa(t1, z1, magic, c1, c2, c3, c4, c5, c6);
    seen = v128.or(seen, v128.or(z0, z1));
    // (1 + E₀)(1 + E₁) − 1
    const pair = madd<f32>(p1, i32x4.sub(add<f32>(e0, one), i32x4.shl(z1, 23)), e0);
    S = madd<f32>(add<f32>(S, one), pair, S);
    linear = add<f32>(linear, add<f32>(linearOf(x0, t + (i << 2)), linearOf(x1, t + (i << 2) + 16)));
  }
  store<f64>(LINEAR, sumLanes<f32>(linear));
  return notNear(seen, magic) ? NaN : joined(S);
}

/**
 * The same, and the gradient times `factor` to dx: in two sweeps, whose numbers fit the registers. NaN, with nothing
 * written, where LINEAR is.
 */
function plainBlockWithGrad(count: usize, x: usize, t: usize, factor: v128, dx: usize): f64 {
  // Before the gradient may overwrite the logits.
  termsOfBlock(count, x, t);
  if (isNaN(load<f64>(LINEAR))) return NaN;
  const one = held<f32>(1);
  const sign = held<f32>(-0.0);
  let S = f32x4.splat(0);
  for (let i: usize = 0; i < count; i += 8) {
    const e0 = v128.load(TERMS + (i << 2));
    const e1 = v128.load(TERMS + (i << 2), 16);
    v128.store(dx + (i << 2), gradientOf(v128.load(x + (i << 2)), e0, t + (i << 2), one, sign, factor));
    v128.store(dx + (i << 2), gradientOf(v128.load(x + (i << 2), 16), e1, t + (i << 2) + 16, one, sign, factor), 16);
    const pair = madd<f32>(add<f32>(e0, one), e1, e0);
    // S + E(1 + S), so that one operation waits for S: this loop, unlike plainBlock's, would wait for two.
    S = madd<f32>(S, add<f32>(pair, one), pair);
  }
  return joined(S);
}

/** (1 − t) − E/(1 + E) or E/(1 + E) − t by the sign of x, that of −0 too, times `factor`: both ask the same bit. */
// @ts-ignore: decorator
@inline function gradientOf(x: v128, e: v128, t: usize, one: v128, sign: v128, factor: v128): v128 {
  const small = div<f32>(e, add<f32>(one, e));
  const off = sub<f32>(v128.andnot(one, i32x4.shr_s(x, 31)), v128.load(t));
  return mul<f32>(add<f32>(off, v128.xor(small, v128.andnot(sign, x))), factor);
}

export function binaryCrossEntropy<T>(
  n: usize, x: usize, t: usize, w: usize, pw: usize, pwScalar: f64, loss: usize, g: usize, gScalar: f64, dx: usize,
): f64 {
  const size = sizeof<T>();
  const grad = dx != 0;
  const pwV = splat<T>(pwScalar);
  const gV = splat<T>(gScalar);
  const plain = sizeof<T>() != 8 && !w && !pw && pwScalar == 1 && !g && !loss;
  let total: f64 = 0;
  let S: f64 = 0;
  let i: usize = 0;
  while (i < n) {
    const count = min(ELEMENTS, n - i) & ~7;
    if (plain && count) {
      const s = grad ? plainBlockWithGrad(count, x + i * size, t + i * size, gV, dx + i * size)
        : plainBlock(count, x + i * size, t + i * size);
      const linear = load<f64>(LINEAR);
      // What has no such sum, or is certain beyond the range of E, goes element by element.
      if (linear == linear && (grad || s > CERTAIN)) {
        total += linear;
        S += s * (1 + S);
        // As many blocks share a logarithm as a float64 has room for.
        if (S > 1e100) {
          total += log1p<f32>(S);
          S = 0;
        }
        i += count;
        continue;
      }
    }
    let sum = splat<T>(0);
    for (const stop = min(i + ELEMENTS / 2, n); i < stop; i += lanes<T>()) {
      const value = step<T>(i, n - i, x, t, w, pw, pwV, g, gV, dx);
      sum = add<T>(sum, value);
      if (loss) v128.store(loss + i * size, value);
    }
    total += sumLanes<T>(sum);
  }
  return total + (plain ? log1p<f32>(S) : 0);
}
