import {
  abs, add, div, eq, held, lanes, lt, madd, mul, mulZero, pmax, splat, sub, sumLanes, tailMask, tailOf,
  upperHalf,
} from "./lanes";
import { expAny, expScale, expScaledAt } from "./exp";
import { joined } from "./bce";
import { log, log1p, log1pUnit } from "./log";

// Losses of single elements x with targets t, other than the binary cross-entropy with logits (bce.ts): a formula each,
// and one sweep for all. v is a further array or number, p and q are numbers; src/kernels/kernels.ts says of what. A
// formula returns the loss and, if asked, leaves its derivative in DERIVATIVE. 0·∞ counts as 0.
//
// Float32 elements without factors, of which only the sum and the gradient are wanted, are what nearly every call has.
// Of those the differences have a loop of their own, and probabilities of labels and variances one logarithm for many,
// of their product.
//
// Loss and derivative are within 40 ulp of the sizes of their terms, in both types: test/losses/elements.test.ts.

const DERIVATIVE: usize = memory.data(32, 16);

// @ts-ignore: decorator
@inline function derivative(d: v128): void {
  v128.store(DERIVATIVE, d);
}

/** The derivative to v, of the one formula that has it. */
// @ts-ignore: decorator
@inline function derivativeToV(d: v128): void {
  v128.store(DERIVATIVE, d, 16);
}

/** e^−|x|. */
// @ts-ignore: decorator
@inline function decay<T>(x: v128): v128 {
  const below = sub<T>(splat<T>(0), abs<T>(x));
  // Down to the smallest normal number, which expAny does not reach; of float64 the function that is there.
  return sizeof<T>() == 8 ? expAny<T>(below) : mul<T>(expScaledAt<T>(below, 0), splat<T>(1 / expScale<T>()));
}

/** σ(x), a map: what it is goes where derivatives go, and its loss is 0. */
// @ts-ignore: decorator
@inline function sigmoid<T>(x: v128): v128 {
  const e = decay<T>(x);
  const zero = splat<T>(0);
  derivative(div<T>(v128.bitselect(e, splat<T>(1), lt<T>(x, zero)), add<T>(splat<T>(1), e)));
  return zero;
}

/** p·softplus(p·x), p = ±1: softplus(x), or −softplus(−x) = ln σ(x). A map. */
// @ts-ignore: decorator
@inline function softplus<T>(x: v128, p: v128): v128 {
  const a = mul<T>(p, x);
  const zero = splat<T>(0);
  derivative(mul<T>(p, add<T>(pmax<T>(zero, a), log1pUnit<T>(decay<T>(a)))));
  return zero;
}

/**
 * −v·t·ln x − (1 − t)·ln(1 − x), each logarithm at least −100, the derivative's denominator at least 10⁻¹². NaN
 * outside of [0, 1].
 */
// @ts-ignore: decorator
@inline function probability<T>(x: v128, t: v128, v: v128, grad: bool): v128 {
  const zero = splat<T>(0);
  const one = splat<T>(1);
  const least = splat<T>(-100);
  const rest = sub<T>(one, x);
  const on = mul<T>(v, t);
  const off = sub<T>(one, t);
  if (grad) {
    const d = sub<T>(mul<T>(off, x), mul<T>(on, rest));
    derivative(div<T>(d, pmax<T>(mul<T>(x, rest), splat<T>(1e-12))));
  }
  // ln(1 − x), with what 1 − x was rounded by.
  const lost = div<T>(sub<T>(sub<T>(one, rest), x), rest);
  if (sizeof<T>() == 8) {
    // Labels are usually 0 or 1: one logarithm does. Of float32 they have blocks of their own.
    const certain = eq<T>(t, one);
    const p = v128.bitselect(x, rest, certain);
    const logP = pmax<T>(v128.bitselect(least, add<T>(log<T>(p), v128.andnot(lost, certain)), eq<T>(p, zero)), least);
    let logX = logP;
    if (v128.any_true(v128.andnot(t, certain))) logX = pmax<T>(log<T>(x), least);
    const value = add<T>(mul<T>(on, logX), mul<T>(off, logP));
    // A mask of ones is a NaN.
    return v128.or(sub<T>(zero, value), lt<T>(mul<T>(x, rest), zero));
  }
  const logRest = v128.bitselect(least, add<T>(log<T>(rest), lost), eq<T>(rest, zero));
  return sub<T>(zero, add<T>(mul<T>(on, pmax<T>(log<T>(x), least)), mul<T>(off, pmax<T>(logRest, least))));
}

/** a·b, 0 where a is, unless x is NaN. */
// @ts-ignore: decorator
@inline function counted<T>(a: v128, b: v128, x: v128): v128 {
  return v128.bitselect(mulZero<T>(a, b), x, eq<T>(x, x));
}

/** t·(ln t − x), x = ln q. */
// @ts-ignore: decorator
@inline function divergence<T>(x: v128, t: v128, grad: bool): v128 {
  if (grad) derivative(sub<T>(splat<T>(0), t));
  return counted<T>(t, sub<T>(log<T>(t), x), x);
}

/** eᵗ·(t − x). */
// @ts-ignore: decorator
@inline function logDivergence<T>(x: v128, t: v128, grad: bool): v128 {
  const e = expAny<T>(t);
  if (grad) derivative(sub<T>(splat<T>(0), e));
  return counted<T>(e, sub<T>(t, x), x);
}

/**
 * α_t·(1 − p_t)^γ·CE, p_t = t·σ + (1 − t)(1 − σ), α_t = p·t + (1 − p)(1 − t) or 1 for p < 0, γ = q [Lin 2017]. With
 * r = 1 − p_t the derivative is α_t·r^γ·[σ − t + γ(1 − 2t)·σ(1 − σ)/r·CE]; the fraction is at most 1.
 */
// @ts-ignore: decorator
@inline function focal<T>(x: v128, t: v128, p: v128, q: v128, squared: bool, grad: bool): v128 {
  const zero = splat<T>(0);
  const one = splat<T>(1);
  const off = sub<T>(one, t);
  const negative = lt<T>(x, zero);
  const e = decay<T>(x);
  const large = div<T>(one, add<T>(one, e));
  const small = mul<T>(e, large);
  const sigma = v128.bitselect(small, large, negative);
  const complement = v128.bitselect(large, small, negative);
  const linear = v128.bitselect(mulZero<T>(t, sub<T>(zero, x)), mulZero<T>(off, x), negative);
  const ce = add<T>(linear, log1pUnit<T>(e));
  const alpha = v128.bitselect(one, add<T>(mul<T>(p, t), mul<T>(sub<T>(one, p), off)), lt<T>(p, zero));
  const r = madd<T>(t, complement, mul<T>(off, sigma));
  // Two is what is usual, and a product is more accurate.
  const power = squared ? mul<T>(r, r) : expAny<T>(mulZero<T>(q, log<T>(r)));
  const factor = mul<T>(alpha, power);
  if (grad) {
    const share = v128.andnot(div<T>(mul<T>(sigma, complement), r), eq<T>(r, zero));
    const turn = mul<T>(mul<T>(q, sub<T>(off, t)), mulZero<T>(share, ce));
    const d = add<T>(sub<T>(mul<T>(off, sigma), mul<T>(t, complement)), turn);
    derivative(mul<T>(factor, d));
  }
  return counted<T>(factor, ce, x);
}

/** (x − t)²; half the derivative, which is not to overflow before it is scaled. */
// @ts-ignore: decorator
@inline function squared<T>(x: v128, t: v128, grad: bool): v128 {
  const d = sub<T>(x, t);
  if (grad) derivative(d);
  return mul<T>(d, d);
}

/** |x − t|; derivative 0 at 0. `one` and `minus`, −0, are built outside of the loop. */
// @ts-ignore: decorator
@inline function absolute<T>(x: v128, t: v128, one: v128, minus: v128, grad: bool): v128 {
  const d = sub<T>(x, t);
  const size = abs<T>(d);
  if (grad) {
    const sign = v128.or(v128.and(d, minus), one);
    derivative(v128.bitselect(sign, d, lt<T>(splat<T>(0), size)));
  }
  return size;
}

/** ½(ln v + (x − t)²/v) + q, v at least p; NaN for v < 0. Derivatives (x − t)/v, and to v ½(1 − (x − t)²/v)/v. */
// @ts-ignore: decorator
@inline function gaussian<T>(x: v128, t: v128, v: v128, p: v128, q: v128, grad: bool): v128 {
  const half = splat<T>(0.5);
  const variance = v128.bitselect(v, pmax<T>(v, p), lt<T>(v, splat<T>(0)));
  const d = sub<T>(x, t);
  const share = div<T>(mul<T>(d, d), variance);
  if (grad) {
    derivative(div<T>(d, variance));
    derivativeToV(div<T>(mul<T>(half, sub<T>(splat<T>(1), share)), variance));
  }
  return add<T>(mul<T>(half, add<T>(log<T>(variance), share)), q);
}

/** ln t! by Stirling, t ln t − t + ½ ln 2πt, of t > 1, else 0. */
// @ts-ignore: decorator
@inline function stirling<T>(t: v128): v128 {
  const half = splat<T>(0.5);
  const value = add<T>(sub<T>(mul<T>(add<T>(t, half), log<T>(t)), t), splat<T>(0.918938533204672742));
  return v128.and(value, lt<T>(splat<T>(1), t));
}

/** eˣ − t·x, and Stirling's ln t! for q ≠ 0. */
// @ts-ignore: decorator
@inline function poissonOfLog<T>(x: v128, t: v128, grad: bool): v128 {
  const e = expAny<T>(x);
  if (grad) derivative(sub<T>(e, t));
  return sub<T>(e, mulZero<T>(t, x));
}

/** x − t·ln(x + p). */
// @ts-ignore: decorator
@inline function poisson<T>(x: v128, t: v128, p: v128, grad: bool): v128 {
  const rate = add<T>(x, p);
  if (grad) derivative(sub<T>(splat<T>(1), div<T>(t, rate)));
  // NaN of a rate below 0 at t = 0 too.
  return v128.or(sub<T>(x, mulZero<T>(t, log<T>(rate))), lt<T>(rate, splat<T>(0)));
}

// Literals by which the compiler chooses; nothing outside of this file knows them.
// @ts-ignore: decorator
@inline const SIGMOID: i32 = 0;
// @ts-ignore: decorator
@inline const PROBABILITY: i32 = 1;
// @ts-ignore: decorator
@inline const DIVERGENCE: i32 = 2;
// @ts-ignore: decorator
@inline const LOG_DIVERGENCE: i32 = 3;
// @ts-ignore: decorator
@inline const FOCAL: i32 = 4;
// @ts-ignore: decorator
@inline const SQUARED: i32 = 5;
// @ts-ignore: decorator
@inline const ABSOLUTE: i32 = 6;
// @ts-ignore: decorator
@inline const GAUSSIAN: i32 = 7;
// @ts-ignore: decorator
@inline const POISSON_OF_LOG: i32 = 8;
// @ts-ignore: decorator
@inline const POISSON: i32 = 9;
// @ts-ignore: decorator
@inline const SOFTPLUS: i32 = 10;

// @ts-ignore: decorator
@inline function formula<T>(op: i32, x: v128, t: v128, v: v128, p: v128, q: v128, flag: bool, grad: bool): v128 {
  if (op == SIGMOID) return sigmoid<T>(x);
  if (op == SOFTPLUS) return softplus<T>(x, p);
  if (op == PROBABILITY) return probability<T>(x, t, v, grad);
  if (op == DIVERGENCE) return divergence<T>(x, t, grad);
  if (op == LOG_DIVERGENCE) return logDivergence<T>(x, t, grad);
  if (op == FOCAL) return focal<T>(x, t, p, q, flag, grad);
  if (op == SQUARED) return squared<T>(x, t, grad);
  if (op == ABSOLUTE) return absolute<T>(x, t, v, p, grad);
  if (op == GAUSSIAN) return gaussian<T>(x, t, v, p, q, grad);
  const value = op == POISSON_OF_LOG ? poissonOfLog<T>(x, t, grad) : poisson<T>(x, t, p, grad);
  return flag ? add<T>(value, stirling<T>(t)) : value;
}

/** d·f, where with `factors` 0·∞ counts as 0. */
// @ts-ignore: decorator
@inline function scaled<T>(d: v128, f: v128, factors: bool): v128 {
  const value = mul<T>(d, f);
  if (!factors) return value;
  return v128.bitselect(value, v128.andnot(value, eq<T>(d, d)), eq<T>(value, value));
}

/** Elements whose losses are added up before they are carried over to float64. */
// @ts-ignore: decorator
@inline const ELEMENTS: usize = 64;

/** A vector of squared or absolute errors; their derivatives times gV go to dx. */
// @ts-ignore: decorator
@inline function distances(
  op: i32, at: usize, x: usize, t: usize, one: v128, minus: v128, gV: v128, dx: usize,
): v128 {
  const value = formula<f32>(op, v128.load(x + at), v128.load(t + at), one, minus, minus, false, dx != 0);
  if (dx) v128.store(dx + at, mul<f32>(v128.load(DERIVATIVE), gV));
  return value;
}

/**
 * Π 1/p − 1 of the probabilities of labels that are 0 or 1: the logarithm of the product is their loss. As in bce.ts,
 * S ← S + E(1 + S), as S(1 + E) + E, with E = (1 − p)/p: so probabilities near 1 count with all their digits. NaN where
 * a label is neither or an x is outside of [0, 1], ∞ where an x is NaN or the product is no float32.
 */
function oddsOfLabels(count: usize, x: usize, t: usize): f64 {
  const one = held<f32>(1);
  const minus = held<f32>(-0.0);
  let S = f32x4.splat(0), others = S;
  let i: usize = 0;
  for (; i + 8 <= count; i += 8) {
    const x0 = v128.load(x + (i << 2));
    const t0 = v128.load(t + (i << 2));
    const x1 = v128.load(x + (i << 2), 16);
    const t1 = v128.load(t + (i << 2), 16);
    const e0 = oddsOf(x0, t0, one, minus);
    const pair = madd<f32>(add<f32>(e0, one), oddsOf(x1, t1, one, minus), e0);
    others = v128.or(others, v128.or(notLabel(x0, t0, one, minus), notLabel(x1, t1, one, minus)));
    S = madd<f32>(S, add<f32>(pair, one), pair);
  }
  for (; i < count; i += 4) {
    const left = min(4, count - i);
    const xV = v128.load(x + (i << 2));
    const tV = v128.load(t + (i << 2));
    const odds = tailOf<f32>(oddsOf(xV, tV, one, minus), left);
    others = v128.or(others, tailOf<f32>(notLabel(xV, tV, one, minus), left));
    S = madd<f32>(S, add<f32>(odds, one), odds);
  }
  const product = joined(S);
  return v128.any_true(others) ? NaN : product < Infinity ? product : Infinity;
}

/** (1 − p)/p of p = x for the label 1, else 1 − x. */
// @ts-ignore: decorator
@inline function oddsOf(x: v128, t: v128, one: v128, minus: v128): v128 {
  const p = v128.bitselect(x, f32x4.sub(one, x), f32x4.eq(t, one));
  return f32x4.div(v128.andnot(f32x4.sub(x, t), minus), p);
}

/** Bits where t is neither 0 nor 1, or x is outside of [0, 1]. */
// @ts-ignore: decorator
@inline function notLabel(x: v128, t: v128, one: v128, minus: v128): v128 {
  return v128.or(v128.andnot(t, f32x4.eq(t, one)), v128.and(v128.or(x, f32x4.sub(one, x)), minus));
}

/** Derivatives of the losses of such labels, times `factor`, to dx. */
function derivativesOfLabels(count: usize, x: usize, t: usize, factor: v128, dx: usize): void {
  const one = held<f32>(1);
  const least = held<f32>(1e-12);
  for (let i: usize = 0; i < count; i += 4) {
    const xV = v128.load(x + (i << 2));
    const d = sub<f32>(xV, v128.load(t + (i << 2)));
    v128.store(dx + (i << 2), mul<f32>(div<f32>(d, pmax<f32>(mul<f32>(xV, sub<f32>(one, xV)), least)), factor));
  }
}

/** Two halves of Π v of the latest block: in float64, which neither rounds a variance near 1 nor overflows soon. */
const PRODUCTS: usize = memory.data(16, 8);

/**
 * Σ (x − t)²/v of a block, and PRODUCTS; derivatives times `factor` where they are wanted. NaN where a variance is
 * below 0.
 */
function gaussianBlock(count: usize, x: usize, t: usize, v: usize, p: f64, factor: v128, dx: usize, dv: usize): f64 {
  const zero = f32x4.splat(0);
  const one = held<f32>(1);
  const half = held<f32>(0.5);
  const least = held<f32>(p);
  let sum = zero, below = zero, low = f64x2.splat(1), high = low;
  for (let i: usize = 0; i < count; i += 4) {
    const at = i << 2;
    const given = v128.load(v + at);
    let isBelow = lt<f32>(given, zero);
    let variance = pmax<f32>(given, least);
    const d = sub<f32>(v128.load(x + at), v128.load(t + at));
    const r = div<f32>(one, variance);
    let share = mul<f32>(mul<f32>(d, d), r);
    if (dx) v128.store(dx + at, mul<f32>(mul<f32>(d, r), factor));
    if (dv) v128.store(dv + at, mul<f32>(mul<f32>(mul<f32>(half, sub<f32>(one, share)), r), factor));
    if (count - i < 4) {
      const inside = tailMask<f32>(count - i);
      variance = v128.bitselect(variance, one, inside);
      share = v128.and(share, inside);
      isBelow = v128.and(isBelow, inside);
    }
    sum = add<f32>(sum, share);
    low = f64x2.mul(low, f64x2.promote_low_f32x4(variance));
    high = f64x2.mul(high, f64x2.promote_low_f32x4(upperHalf(variance)));
    below = v128.or(below, isBelow);
  }
  v128.store(PRODUCTS, f64x2.mul(low, high));
  return v128.any_true(below) ? NaN : sumLanes<f32>(sum);
}

/**
 * Σ ln v of a block whose PRODUCTS are no ordinary numbers. Inlined though it is seldom met: where the sweep holds a
 * call in its place, weighted losses take twice as long.
 */
// @ts-ignore: decorator
@inline function logsOfVariances(count: usize, v: usize, p: f64): f64 {
  const least = held<f32>(p);
  let sum = f32x4.splat(0);
  for (let i: usize = 0; i < count; i += 4) {
    const logs = log<f32>(pmax<f32>(v128.load(v + (i << 2)), least));
    sum = add<f32>(sum, count - i < 4 ? tailOf<f32>(logs, count - i) : logs);
  }
  return sumLanes<f32>(sum);
}

// @ts-ignore: decorator
@inline function isOrdinary(product: f64): bool {
  // By its exponent, that of NaN among others.
  return <u32>(reinterpret<u64>(product) >> 52) - 23 < 2000;
}

// @ts-ignore: decorator
@inline function logOfOne(product: f64): f64 {
  return f64x2.extract_lane(log<f64>(f64x2.splat(product)), 0);
}

// @ts-ignore: decorator
@inline function sweep<T>(
  n: usize, op: i32, x: usize, t: usize, v: usize, vScalar: f64, w: usize, p: f64, q: f64, loss: usize, g: usize,
  gScalar: f64, dx: usize, dv: usize,
): f64 {
  const size = sizeof<T>();
  const step = lanes<T>();
  const one = splat<T>(1);
  const vV = op == ABSOLUTE ? held<T>(1) : splat<T>(vScalar);
  const pV = op == ABSOLUTE ? held<T>(-0.0) : splat<T>(p);
  const qV = splat<T>(q);
  const gV = splat<T>(op == SQUARED ? 2 * gScalar : gScalar);
  // γ = 2, or whether the constant counts.
  const flag = op == FOCAL ? q == 2 : q != 0;
  const grad = dx != 0;
  const map = op == SIGMOID || op == SOFTPLUS;
  const withV = op == PROBABILITY || op == GAUSSIAN;
  // What nearly every call has.
  const factors = w != 0 || g != 0;
  const usual = sizeof<T>() != 8 && !factors && !loss;
  const simple = (op == SQUARED || op == ABSOLUTE) && usual;
  const variances = op == GAUSSIAN && usual && v;
  let labels = op == PROBABILITY && usual && !v && vScalar == 1;
  let logs: f64 = 0;
  // Of the blocks that share a logarithm: Π v, or Π 1/p − 1.
  let product: f64 = op == GAUSSIAN ? 1 : 0;
  let total: f64 = 0;
  let i: usize = 0;
  while (i < n) {
    const at = i * size;
    if (op == GAUSSIAN && variances) {
      const count = min(2 * ELEMENTS, n - i);
      const share = gaussianBlock(count, x + at, t + at, v + at, p, gV, dx ? dx + at : 0, dv ? dv + at : 0);
      total += 0.5 * share + q * <f64>count;
      if (isOrdinary(load<f64>(PRODUCTS)) && isOrdinary(load<f64>(PRODUCTS, 8))) {
        for (let half = PRODUCTS; half < PRODUCTS + 16; half += 8) {
          const own = load<f64>(half);
          // The same of what may grow or shrink.
          if (!isOrdinary(product * own)) {
            logs += logOfOne(product);
            product = 1;
          }
          product *= own;
        }
      } else {
        logs += logsOfVariances(count, v + at, p);
      }
      i += count;
      continue;
    }
    if (op == PROBABILITY && sizeof<T>() != 8 && labels) {
      const count = min(2 * ELEMENTS, n - i);
      const own = oddsOfLabels(count, x + at, t + at);
      // Where one label is soft, others will be.
      labels = own == own;
      if (own < Infinity) {
        if (grad) derivativesOfLabels(count, x + at, t + at, gV, dx + at);
        product += own * (1 + product);
        // As many blocks share a logarithm as a float64 has room for.
        if (product > 1e100) {
          total += log1p<f32>(product);
          product = 0;
        }
        i += count;
        continue;
      }
    }
    let sum = splat<T>(0);
    const stop = min(i + ELEMENTS, n);
    if (simple) {
      let other = sum;
      for (; i + 8 <= stop; i += 8) {
        sum = f32x4.add(sum, distances(op, i << 2, x, t, vV, pV, gV, dx));
        other = f32x4.add(other, distances(op, (i + 4) << 2, x, t, vV, pV, gV, dx));
      }
      sum = f32x4.add(sum, other);
    }
    for (; i < stop; i += step) {
      const at = i * size;
      const left = n - i;
      // Of the last vector, what lies behind the end counts nothing.
      const whole = left >= step;
      const tV = map ? one : v128.load(t + at);
      const factor = withV && v ? v128.load(v + at) : vV;
      let value = formula<T>(op, v128.load(x + at), tV, factor, pV, qV, flag, grad);
      // A NaN survives a weight of 0.
      if (w) value = v128.bitselect(mulZero<T>(v128.load(w + at), value), value, eq<T>(value, value));
      if (!whole) value = tailOf<T>(value, left);
      sum = add<T>(sum, value);
      if (loss) v128.store(loss + at, value);
      if (grad) {
        let f = gV;
        if (w) f = mul<T>(f, v128.load(w + at));
        if (g) f = mul<T>(f, v128.load(g + at));
        v128.store(dx + at, scaled<T>(v128.load(DERIVATIVE), f, factors));
        if (op == GAUSSIAN && dv) v128.store(dv + at, scaled<T>(v128.load(DERIVATIVE, 16), f, factors));
      }
    }
    total += sumLanes<T>(sum);
  }
  if (op == GAUSSIAN && variances) total += 0.5 * (logs + logOfOne(product));
  if (op == PROBABILITY && usual) total += log1p<f32>(product);
  return total;
}

// A kernel for each formula and type: as parts of one function V8 spills what their loops need, which costs 0.4 ns an
// element.

export function f32_sigmoid(
  n: usize, x: usize, t: usize, v: usize, vScalar: f64, w: usize, p: f64, q: f64, loss: usize, g: usize, gScalar: f64,
  dx: usize, dv: usize,
): f64 {
  return sweep<f32>(n, SIGMOID, x, t, v, vScalar, w, p, q, loss, g, gScalar, dx, dv);
}

export function f64_sigmoid(
  n: usize, x: usize, t: usize, v: usize, vScalar: f64, w: usize, p: f64, q: f64, loss: usize, g: usize, gScalar: f64,
  dx: usize, dv: usize,
): f64 {
  return sweep<f64>(n, SIGMOID, x, t, v, vScalar, w, p, q, loss, g, gScalar, dx, dv);
}

export function f32_softplus(
  n: usize, x: usize, t: usize, v: usize, vScalar: f64, w: usize, p: f64, q: f64, loss: usize, g: usize, gScalar: f64,
  dx: usize, dv: usize,
): f64 {
  return sweep<f32>(n, SOFTPLUS, x, t, v, vScalar, w, p, q, loss, g, gScalar, dx, dv);
}

export function f64_softplus(
  n: usize, x: usize, t: usize, v: usize, vScalar: f64, w: usize, p: f64, q: f64, loss: usize, g: usize, gScalar: f64,
  dx: usize, dv: usize,
): f64 {
  return sweep<f64>(n, SOFTPLUS, x, t, v, vScalar, w, p, q, loss, g, gScalar, dx, dv);
}

export function f32_probability(
  n: usize, x: usize, t: usize, v: usize, vScalar: f64, w: usize, p: f64, q: f64, loss: usize, g: usize, gScalar: f64,
  dx: usize, dv: usize,
): f64 {
  return sweep<f32>(n, PROBABILITY, x, t, v, vScalar, w, p, q, loss, g, gScalar, dx, dv);
}

export function f64_probability(
  n: usize, x: usize, t: usize, v: usize, vScalar: f64, w: usize, p: f64, q: f64, loss: usize, g: usize, gScalar: f64,
  dx: usize, dv: usize,
): f64 {
  return sweep<f64>(n, PROBABILITY, x, t, v, vScalar, w, p, q, loss, g, gScalar, dx, dv);
}

export function f32_divergence(
  n: usize, x: usize, t: usize, v: usize, vScalar: f64, w: usize, p: f64, q: f64, loss: usize, g: usize, gScalar: f64,
  dx: usize, dv: usize,
): f64 {
  return sweep<f32>(n, DIVERGENCE, x, t, v, vScalar, w, p, q, loss, g, gScalar, dx, dv);
}

export function f64_divergence(
  n: usize, x: usize, t: usize, v: usize, vScalar: f64, w: usize, p: f64, q: f64, loss: usize, g: usize, gScalar: f64,
  dx: usize, dv: usize,
): f64 {
  return sweep<f64>(n, DIVERGENCE, x, t, v, vScalar, w, p, q, loss, g, gScalar, dx, dv);
}

export function f32_logDivergence(
  n: usize, x: usize, t: usize, v: usize, vScalar: f64, w: usize, p: f64, q: f64, loss: usize, g: usize, gScalar: f64,
  dx: usize, dv: usize,
): f64 {
  return sweep<f32>(n, LOG_DIVERGENCE, x, t, v, vScalar, w, p, q, loss, g, gScalar, dx, dv);
}

export function f64_logDivergence(
  n: usize, x: usize, t: usize, v: usize, vScalar: f64, w: usize, p: f64, q: f64, loss: usize, g: usize, gScalar: f64,
  dx: usize, dv: usize,
): f64 {
  return sweep<f64>(n, LOG_DIVERGENCE, x, t, v, vScalar, w, p, q, loss, g, gScalar, dx, dv);
}

export function f32_focal(
  n: usize, x: usize, t: usize, v: usize, vScalar: f64, w: usize, p: f64, q: f64, loss: usize, g: usize, gScalar: f64,
  dx: usize, dv: usize,
): f64 {
  return sweep<f32>(n, FOCAL, x, t, v, vScalar, w, p, q, loss, g, gScalar, dx, dv);
}

export function f64_focal(
  n: usize, x: usize, t: usize, v: usize, vScalar: f64, w: usize, p: f64, q: f64, loss: usize, g: usize, gScalar: f64,
  dx: usize, dv: usize,
): f64 {
  return sweep<f64>(n, FOCAL, x, t, v, vScalar, w, p, q, loss, g, gScalar, dx, dv);
}

export function f32_squared(
  n: usize, x: usize, t: usize, v: usize, vScalar: f64, w: usize, p: f64, q: f64, loss: usize, g: usize, gScalar: f64,
  dx: usize, dv: usize,
): f64 {
  return sweep<f32>(n, SQUARED, x, t, v, vScalar, w, p, q, loss, g, gScalar, dx, dv);
}

export function f64_squared(
  n: usize, x: usize, t: usize, v: usize, vScalar: f64, w: usize, p: f64, q: f64, loss: usize, g: usize, gScalar: f64,
  dx: usize, dv: usize,
): f64 {
  return sweep<f64>(n, SQUARED, x, t, v, vScalar, w, p, q, loss, g, gScalar, dx, dv);
}

export function f32_absolute(
  n: usize, x: usize, t: usize, v: usize, vScalar: f64, w: usize, p: f64, q: f64, loss: usize, g: usize, gScalar: f64,
  dx: usize, dv: usize,
): f64 {
  return sweep<f32>(n, ABSOLUTE, x, t, v, vScalar, w, p, q, loss, g, gScalar, dx, dv);
}

export function f64_absolute(
  n: usize, x: usize, t: usize, v: usize, vScalar: f64, w: usize, p: f64, q: f64, loss: usize, g: usize, gScalar: f64,
  dx: usize, dv: usize,
): f64 {
  return sweep<f64>(n, ABSOLUTE, x, t, v, vScalar, w, p, q, loss, g, gScalar, dx, dv);
}

export function f32_gaussian(
  n: usize, x: usize, t: usize, v: usize, vScalar: f64, w: usize, p: f64, q: f64, loss: usize, g: usize, gScalar: f64,
  dx: usize, dv: usize,
): f64 {
  return sweep<f32>(n, GAUSSIAN, x, t, v, vScalar, w, p, q, loss, g, gScalar, dx, dv);
}

export function f64_gaussian(
  n: usize, x: usize, t: usize, v: usize, vScalar: f64, w: usize, p: f64, q: f64, loss: usize, g: usize, gScalar: f64,
  dx: usize, dv: usize,
): f64 {
  return sweep<f64>(n, GAUSSIAN, x, t, v, vScalar, w, p, q, loss, g, gScalar, dx, dv);
}

export function f32_poissonOfLog(
  n: usize, x: usize, t: usize, v: usize, vScalar: f64, w: usize, p: f64, q: f64, loss: usize, g: usize, gScalar: f64,
  dx: usize, dv: usize,
): f64 {
  return sweep<f32>(n, POISSON_OF_LOG, x, t, v, vScalar, w, p, q, loss, g, gScalar, dx, dv);
}

export function f64_poissonOfLog(
  n: usize, x: usize, t: usize, v: usize, vScalar: f64, w: usize, p: f64, q: f64, loss: usize, g: usize, gScalar: f64,
  dx: usize, dv: usize,
): f64 {
  return sweep<f64>(n, POISSON_OF_LOG, x, t, v, vScalar, w, p, q, loss, g, gScalar, dx, dv);
}

export function f32_poisson(
  n: usize, x: usize, t: usize, v: usize, vScalar: f64, w: usize, p: f64, q: f64, loss: usize, g: usize, gScalar: f64,
  dx: usize, dv: usize,
): f64 {
  return sweep<f32>(n, POISSON, x, t, v, vScalar, w, p, q, loss, g, gScalar, dx, dv);
}

export function f64_poisson(
  n: usize, x: usize, t: usize, v: usize, vScalar: f64, w: usize, p: f64, q: f64, loss: usize, g: usize, gScalar: f64,
  dx: usize, dv: usize,
): f64 {
  return sweep<f64>(n, POISSON, x, t, v, vScalar, w, p, q, loss, g, gScalar, dx, dv);
}
