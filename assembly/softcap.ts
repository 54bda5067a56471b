import { expShift, hotTwoTo, twoToConstant, twoToMagic } from "./exp";
import { first, held, heldPair, loadOne, loadTail, madd, nmadd, storeTail, sumPair } from "./lanes";
import { MOST } from "./logsumexp";
import { tanh, tanhDerivative } from "./tanh";

// Soft-capped float32 rows around a class k: Σ_{j ≠ k} e^{zⱼ − z_k}, z = c·tanh v, v = scale·x/c, in one pass, a block
// at a time: first its t, then their powers of 2, so that each loop has the registers for its constants.
//
// Where |v| ≤ 1, tanh v = v·(p₀ + p₁w + p₂w² + b/(w + d)) with w = v²: the pole next to 0, at w = −π²/4, is what would
// make a polynomial long. Minimax in the relative error, 4·10⁻⁹ (scripts/fit-tanh.mjs). There 1 − tanh²v loses no more
// than two bits. c·log₂e is a factor of it, so that 2ᵗ with t = z·log₂e follows at once, and since |z| ≤ c, nothing can
// be out of range. A block in which some |v| is above 1, as it is for ±∞, is done again with the functions that serve
// all v. 2ᵗ is the hot loops' of simd in both variants: half an ulp of t more does not count beside the roundings of z.
// t is good to 4 ulp, 1 − tanh²v to 11·2⁻²⁴ relative, at c up to 50; scripts/accuracy.mjs finds 3.6 and 7.3 ulp at 30.

/** p₀, p₁, p₂, b and d. */
const TANH: usize = memory.data<f64>(
  [0.18872711888385607, -0.004616681959193764, 0.00014188803859701933, 2.0022214807470267, 2.468], 16,
);
// @ts-ignore: decorator
@inline const LOG2E: f64 = 1.44269504088896341;
// @ts-ignore: decorator
@inline const LN2: f64 = 0.693147180559945309;
/** The largest |zⱼ − z_k| may be: terms, times HOT_SCALE and (c·log₂e)², stay in range. */
// @ts-ignore: decorator
@inline const NEAR: f64 = 70;

/** Logits of a block. */
// @ts-ignore: decorator
@inline const BLOCK: usize = 512;
/** t of a block and, with `keep`, (c·log₂e)²·(1 − tanh²v); what the last pair of vectors reaches over. */
export const POWERS: usize = memory.data(<i32>(BLOCK * 4), 16);
export const CHAINS: usize = memory.data(<i32>(BLOCK * 4), 16);
/** The same for t as a function of x, of the latest row. */
const SCALED: usize = memory.data(5 * 4, 16);

// @ts-ignore: decorator
@inline function coefficient(i: usize): v128 {
  return v128.load32_splat(SCALED + (i << 2));
}

/** SCALED for v = ratio·x and t = unit·tanh v; `steps` is the square of `ratio`. */
// @ts-ignore: decorator
@inline export function setCoefficients(unit: f32, ratio: f64, steps: f64): void {
  let power = unit * ratio;
  for (let i: usize = 0; i < 3; i++, power *= steps) {
    store<f32>(SCALED + (i << 2), <f32>(power * load<f64>(TANH + (i << 3))));
  }
  store<f32>(SCALED, <f32>(unit / ratio * load<f64>(TANH, 24)), 12);
  store<f32>(SCALED, <f32>(load<f64>(TANH, 32) / steps), 16);
}

/** t of |v| ≤ 1, w = x². */
// @ts-ignore: decorator
@inline function near(x: v128, w: v128, p0: v128, p1: v128, p2: v128, b: v128, d: v128): v128 {
  return f32x4.mul(f32x4.add(f32x4.div(b, f32x4.add(w, d)), madd<f32>(madd<f32>(p2, w, p1), w, p0)), x);
}

/** The logits of a block at x, 0 behind the last one. */
// @ts-ignore: decorator
@inline function logitsAt(x: usize, i: usize, count: usize): v128 {
  const p = x + (i << 2);
  return i + 4 > count ? loadTail<f32>(p, count - i, f32x4.splat(0)) : v128.load(p);
}

/** t of a block at x. Returns whether |v| ≤ 1 everywhere, that is x² ≤ `most`; where it is not, they are nothing. */
// @ts-ignore: decorator
@inline function nearBlockBy(count: usize, x: usize, most: f32, square: f32, keep: bool): bool {
  const p0 = coefficient(0), p1 = coefficient(1), p2 = coefficient(2), b = coefficient(3), d = coefficient(4);
  const squareV = f32x4.splat(square);
  let largest = f32x4.splat(0);
  const whole = count & ~7;
  let i: usize = 0;
  for (; i < whole; i += 8) {
    const at = i << 2;
    const x0 = v128.load(x + at);
    const x1 = v128.load(x + at, 16);
    const w1 = f32x4.mul(x1, x1);
    const t1 = near(x1, w1, p0, p1, p2, b, d);
    const w0 = f32x4.mul(x0, x0);
    const t0 = near(x0, w0, p0, p1, p2, b, d);
    v128.store(POWERS + at, t1, 16);
    v128.store(POWERS + at, t0);
    if (keep) {
      v128.store(CHAINS + at, nmadd<f32>(t1, t1, squareV), 16);
      v128.store(CHAINS + at, nmadd<f32>(t0, t0, squareV));
    }
    // Of numbers that are not negative, as integers: NaN is above ∞.
    largest = i32x4.max_s(largest, i32x4.max_s(w0, w1));
  }
  for (; i < count; i += 4) {
    const xV = logitsAt(x, i, count);
    const w = f32x4.mul(xV, xV);
    const t = near(xV, w, p0, p1, p2, b, d);
    v128.store(POWERS + (i << 2), t);
    if (keep) v128.store(CHAINS + (i << 2), nmadd<f32>(t, t, squareV));
    largest = i32x4.max_s(largest, w);
  }
  return !v128.any_true(i32x4.gt_s(largest, f32x4.splat(most)));
}

function nearBlock(count: usize, x: usize, most: f32): bool {
  return nearBlockBy(count, x, most, 0, false);
}

export function nearBlockWithChains(count: usize, x: usize, most: f32, square: f32): bool {
  return nearBlockBy(count, x, most, square, true);
}

/** The same of any v; `none` where a logit is −∞. */
function farBlock(count: usize, x: usize, factor: f32, unit: f32, square: f32, none: f32): void {
  for (let i: usize = 0; i < count; i += 4) {
    const xV = logitsAt(x, i, count);
    const v = f32x4.mul(xV, f32x4.splat(factor));
    const t = f32x4.mul(tanh<f32>(v), f32x4.splat(unit));
    v128.store(
      POWERS + (i << 2), v128.bitselect(f32x4.splat(none), t, f32x4.eq(xV, f32x4.splat(-Infinity))),
    );
    v128.store(CHAINS + (i << 2), f32x4.mul(tanhDerivative<f32>(v), f32x4.splat(square)));
  }
}

/** Σ of the terms of a block; with `keep` each, times its chain factor, to `terms`. */
// @ts-ignore: decorator
@inline function sumBlockBy(count: usize, magicOf: f64, keep: bool, terms: usize): f64 {
  const magic = held<f32>(magicOf);
  const a = twoToConstant(1), b = twoToConstant(2), c = twoToConstant(3), d = twoToConstant(4), e = twoToConstant(5);
  const pair = heldPair();
  let s0 = f32x4.splat(0), s1 = s0;
  const whole = keep ? count & ~7 : count;
  let i: usize = 0;
  for (; i < whole; i += 8) {
    const at = i << 2;
    const term0 = hotTwoTo(v128.load(POWERS + at), magic, a, b, c, d, e);
    const term1 = hotTwoTo(v128.load(POWERS + at, 16), magic, a, b, c, d, e);
    s0 = f32x4.add(s0, term0);
    s1 = f32x4.add(s1, term1);
    if (keep) {
      // Read before the other is stored, and stored last: as in around.ts.
      const chain0 = v128.load(CHAINS + at);
      v128.store(terms + at, f32x4.mul(term1, v128.load(CHAINS + at, 16)), 16);
      v128.store(terms + at, f32x4.mul(term0, chain0));
    }
  }
  if (i < count) {
    // Added as above: the sum is the same with terms and without.
    const at = i << 2;
    const term0 = hotTwoTo(v128.load(POWERS + at), magic, a, b, c, d, e);
    const term1 = hotTwoTo(v128.load(POWERS + at, 16), magic, a, b, c, d, e);
    s0 = f32x4.add(s0, term0);
    s1 = f32x4.add(s1, term1);
    put(terms, i, count, f32x4.mul(term0, v128.load(CHAINS + at)));
    if (i + 4 < count) put(terms, i + 4, count, f32x4.mul(term1, v128.load(CHAINS + at, 16)));
  }
  return sumPair<f32>(s0, s1, pair);
}

function sumBlock(count: usize, magic: f64): f64 {
  return sumBlockBy(count, magic, false, 0);
}

function sumBlockWithTerms(count: usize, magic: f64, terms: usize): f64 {
  return sumBlockBy(count, magic, true, terms);
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
  const unit = <f32>(cap * LOG2E);
  const square = unit * unit;
  const ratio = scale / cap;
  const factor = <f32>ratio;
  // Else the fifth power of v/x, or what it is multiplied by, may be no ordinary number.
  if (!(factor > 1.0 / 512 && factor < 512)) return false;
  const steps = ratio * ratio;
  const most = <f32>(1 / steps);
  setCoefficients(unit, ratio, steps);
  const xK = <f32>loadOne<T>(x + k * sizeof<T>());
  const own = x + (k << 2);
  if (!nearBlockWithChains(1, own, most, square)) farBlock(1, own, factor, unit, square, 0);
  const tK = v128.load32_splat(POWERS);
  const peak = first<f32>(tK) * LN2;
  store<f64>(ROW, peak, 16);
  store<f64>(ROW, load<f32>(CHAINS) / square, 24);
  if (xK == -Infinity || !(cap + abs<f64>(peak) <= NEAR)) return false;
  const shift = expShift(peak);
  const magic = twoToMagic(shift);
  const unitK = first<f32>(hotTwoTo(
    tK, f32x4.splat(<f32>magic), twoToConstant(1), twoToConstant(2), twoToConstant(3), twoToConstant(4),
    twoToConstant(5),
  ));
  store<f64>(ROW, unitK * square, 8);
  // Its power of 2 is 0.
  const none = <f32>(shift - 127);
  let total: f64 = 0;
  for (let block: usize = 0; block < n; block += BLOCK) {
    const from = x + (block << 2);
    const count = min(n - block, BLOCK);
    if (!(keep ? nearBlockWithChains(count, from, most, square) : nearBlock(count, from, most))) {
      farBlock(count, from, factor, unit, square, none);
    }
    const at = k - block;
    if (at < count) store<f32>(POWERS + (at << 2), none);
    for (let i = count; i & 7; i++) store<f32>(POWERS + (i << 2), none);
    total += keep ? sumBlockWithTerms(count, magic, terms + (block << 2)) : sumBlock(count, magic);
  }
  const u = total / unitK;
  store<f64>(ROW, u);
  return u < MOST;
}
