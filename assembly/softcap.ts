import { expShift, hotTwoTo, twoToConstant, twoToMagic } from "./exp";
import { BLOCK, first, laneMask, lanes, loadOne, madd, nmadd, storeTail, sumLanes, tailOf } from "./lanes";
import { MOST } from "./logsumexp";
import { tanh, tanhDerivative } from "./tanh";

// Soft-capped float32 rows around a class k: Σ_{j ≠ k} e^{zⱼ − z_k}, z = c·tanh v, v = scale·x/c, in one pass.
//
// Where |v| ≤ 1, tanh v = v·P(v²), with P of degree 6, minimax in the relative error: 7·10⁻⁸ (scripts/fit-tanh.mjs).
// There 1 − tanh²v loses no more than two bits. c·log₂e is a factor of P, so that 2ᵗ with t = z·log₂e follows at once,
// and since |z| ≤ c, nothing can be out of range. A block in which some |v| is above 1, as it is for ±∞, is done again
// with the functions that serve all v. 2ᵗ is the hot loops' of simd in both variants: half an ulp of t more does not
// count beside the roundings of z. t is good to 4.1 ulp, 1 − tanh²v to 13·2⁻²⁴ relative, at c up to 50.

/** P. */
const TANH: usize = memory.data<f32>(
  [
    0.9999999403953552, -0.33332839608192444, 0.13325203955173492, -0.05345702916383743, 0.020289979875087738,
    -0.006203379016369581, 0.0010410225950181484,
  ],
  16,
);
// @ts-ignore: decorator
@inline const LOG2E: f64 = 1.44269504088896341;
// @ts-ignore: decorator
@inline const LN2: f64 = 0.693147180559945309;
/** The largest |zⱼ − z_k| may be: terms, times HOT_SCALE and (c·log₂e)², stay in range. */
// @ts-ignore: decorator
@inline const NEAR: f64 = 70;

/** c·log₂e times coefficient i of P. */
// @ts-ignore: decorator
@inline function scaled(i: usize, unit: f64): v128 {
  return f32x4.splat(<f32>(unit * <f64>load<f32>(TANH + (i << 2))));
}

/** t of |v| ≤ 1, w = v². */
// @ts-ignore: decorator
@inline function near(
  v: v128, w: v128, p0: v128, p1: v128, p2: v128, p3: v128, p4: v128, p5: v128, p6: v128,
): v128 {
  // Estrin's scheme: the chain of operations is what a processor waits for here.
  const w2 = f32x4.mul(w, w);
  const upper = madd<f32>(p6, w2, madd<f32>(p5, w, p4));
  const p = madd<f32>(madd<f32>(upper, w2, madd<f32>(p3, w, p2)), w2, madd<f32>(p1, w, p0));
  return f32x4.mul(p, v);
}

// @ts-ignore: decorator
@inline function put(terms: usize, i: usize, n: usize, v: v128): void {
  if (i + 4 <= n) v128.store(terms + (i << 2), v);
  else storeTail<f32>(terms + (i << 2), n - i, v);
}

/** What is known of the latest row. */
const ROW: usize = memory.data(32, 16);

/** Σ_{j ≠ k} e^{zⱼ − z_k} of the latest row. */
// @ts-ignore: decorator
@inline export function cappedU(): f64 {
  return load<f64>(ROW);
}

/** What the terms that it stored are e^{zⱼ − z_k}·(1 − tanh²vⱼ) times of. */
// @ts-ignore: decorator
@inline export function cappedUnit(): f64 {
  return load<f64>(ROW, 8);
}

/** z_k. */
// @ts-ignore: decorator
@inline export function cappedPeak(): f64 {
  return load<f64>(ROW, 16);
}

/** 1 − tanh²v_k. */
// @ts-ignore: decorator
@inline export function cappedChain(): f64 {
  return load<f64>(ROW, 24);
}

/** {@link cappedU} of a row, or false where that is out of range. With `keep` stores the terms, that of k as 0. */
export function sumExpCappedRow<T>(
  x: usize, n: usize, k: usize, scale: f64, cap: f64, keep: bool, terms: usize,
): bool {
  if (sizeof<T>() == 8) return false;
  const size = sizeof<T>();
  const step = lanes<T>();
  const unit = <f64>(<f32>(cap * LOG2E));
  const unitV = f32x4.splat(<f32>unit);
  const square = f32x4.splat(<f32>(unit * unit));
  const p0 = scaled(0, unit), p1 = scaled(1, unit), p2 = scaled(2, unit), p3 = scaled(3, unit);
  const p4 = scaled(4, unit), p5 = scaled(5, unit), p6 = scaled(6, unit);
  const a = twoToConstant(1), b = twoToConstant(2), c = twoToConstant(3), d = twoToConstant(4), e = twoToConstant(5);
  const factor = f32x4.splat(<f32>(scale / cap));
  const one = f32x4.splat(1);
  const none = f32x4.splat(-Infinity);
  const xK = f32x4.splat(<f32>loadOne<T>(x + k * size));
  const vK = f32x4.mul(xK, factor);
  const wK = f32x4.mul(vK, vK);
  const isNear = f32x4.extract_lane(wK, 0) <= 1;
  const tK = isNear ? near(vK, wK, p0, p1, p2, p3, p4, p5, p6) : f32x4.mul(tanh<f32>(vK), unitV);
  const peak = first<f32>(tK) * LN2;
  store<f64>(ROW, peak, 16);
  const chainK = isNear ? nmadd<f32>(tK, tK, square) : f32x4.mul(tanhDerivative<f32>(vK), square);
  store<f64>(ROW, first<f32>(chainK) / first<f32>(square), 24);
  if (first<f32>(xK) == -Infinity || !(cap + abs<f64>(peak) <= NEAR)) return false;
  const magic = f32x4.splat(<f32>twoToMagic(expShift(peak)));
  const unitK = first<f32>(hotTwoTo(tK, magic, a, b, c, d, e));
  store<f64>(ROW, unitK * first<f32>(square), 8);
  const whole = n - (n % step);
  const own = k - (k % step);
  let total: f64 = 0;
  let i: usize = 0;
  while (i < n) {
    // Pairs of vectors, or one of which not all lanes may count.
    const from = i;
    let stop = min(i + BLOCK * step, whole);
    if (own >= i && own < stop) stop = own;
    let counted = i32x4.splat(-1);
    let sum = f32x4.splat(0);
    let most = sum;
    for (; i + 2 * step <= stop; i += 2 * step) {
      const v0 = f32x4.mul(v128.load(x + i * size), factor);
      const w0 = f32x4.mul(v0, v0);
      const t0 = near(v0, w0, p0, p1, p2, p3, p4, p5, p6);
      const term0 = hotTwoTo(t0, magic, a, b, c, d, e);
      const v1 = f32x4.mul(v128.load(x + (i + step) * size), factor);
      const w1 = f32x4.mul(v1, v1);
      const t1 = near(v1, w1, p0, p1, p2, p3, p4, p5, p6);
      const term1 = hotTwoTo(t1, magic, a, b, c, d, e);
      most = f32x4.pmax(most, f32x4.pmax(w0, w1));
      sum = f32x4.add(sum, f32x4.add(term0, term1));
      if (keep) {
        v128.store(terms + (i << 2), f32x4.mul(term0, nmadd<f32>(t0, t0, square)));
        v128.store(terms + (i << 2), f32x4.mul(term1, nmadd<f32>(t1, t1, square)), 16);
      }
    }
    stop = i;
    if (i == from) {
      stop += step;
      counted = tailOf<f32>(v128.not(laneMask<f32>(k - i)), min(n - i, step));
      const v = f32x4.mul(v128.load(x + i * size), factor);
      most = f32x4.mul(v, v);
      const t = near(v, most, p0, p1, p2, p3, p4, p5, p6);
      sum = v128.and(hotTwoTo(t, magic, a, b, c, d, e), counted);
      if (keep) put(terms, i, n, f32x4.mul(sum, nmadd<f32>(t, t, square)));
      i = stop;
    }
    if (v128.any_true(f32x4.gt(most, one))) {
      sum = f32x4.splat(0);
      for (i = from; i < stop; i += step) {
        const xV = v128.load(x + i * size);
        const v = f32x4.mul(xV, factor);
        const term = hotTwoTo(f32x4.mul(tanh<f32>(v), unitV), magic, a, b, c, d, e);
        const finite = v128.andnot(v128.and(term, counted), f32x4.eq(xV, none));
        sum = f32x4.add(sum, finite);
        if (keep) put(terms, i, n, f32x4.mul(finite, f32x4.mul(tanhDerivative<f32>(v), square)));
      }
    }
    total += sumLanes<f32>(sum);
  }
  const u = total / unitK;
  store<f64>(ROW, u);
  return u < MOST;
}
