import {
  add, computeSize, lanes, loadCompute, loadLanes, loadOne, loadTail, mul, splat, storeOne, storeTail, sumLanes, tailOf,
  upperHalf,
} from "./lanes";
import { expConstant, expMagic, expScale, expScaled, exponent, nothingSeen, outOfRange } from "./exp";
import { log1pOfTwo } from "./log";

// Rows of few classes with index targets, several at a time: the exponentials over all their logits as one array, then
// the sums, logarithms and reciprocals of two rows in one vector. Nothing of a row depends on those beside it.
//
// Formulas and names as in crossentropy.ts, k the target: u = Σ_{j ≠ k} e^{zⱼ}/e^{z_k}, of exponentials that are good to
// the same relative error wherever they lie.

/** Rows of up to this many classes go this way. */
// @ts-ignore: decorator
@inline export const FEW: usize = 32;
/** So many at a time. */
// @ts-ignore: decorator
@inline export const GROUP: usize = 16;

/** Terms of a group; what the vectors at its end reach over. */
const TERMS: usize = memory.data(<i32>(GROUP * FEW * 4 + 16), 16);
/** Of each row as float64: its target's term, the sum of the others, 1 or 0 for a row that is ignored, its own weight. */
const TARGET: usize = memory.data(<i32>(GROUP * 8 + 8), 16);
const OTHERS: usize = memory.data(<i32>(GROUP * 8 + 8), 16);
const COUNTS: usize = memory.data(<i32>(GROUP * 8 + 8), 16);
const WEIGHT: usize = memory.data(<i32>(GROUP * 8 + 8), 16);

/** Terms are 2^SHIFT times as large, so that those of the least rows are in range. */
// @ts-ignore: decorator
@inline const SHIFT: f64 = 12;
/** Where Σ e^{zⱼ} has to lie for its reciprocal to be an ordinary float32 and for what is below all range to count nothing. */
// @ts-ignore: decorator
@inline const LEAST: f64 = 3e-4;
// @ts-ignore: decorator
@inline const MOST: f64 = 1e17;

/** Sum of n float32 as two float64 to be added. */
// @ts-ignore: decorator
@inline function sumOfFew(p: usize, n: usize): v128 {
  let sum = f32x4.splat(0);
  let i: usize = 0;
  for (; i + 4 <= n; i += 4) sum = f32x4.add(sum, v128.load(p + (i << 2)));
  if (i < n) sum = f32x4.add(sum, tailOf<f32>(v128.load(p + (i << 2)), n - i));
  return f64x2.add(f64x2.promote_low_f32x4(sum), f64x2.promote_low_f32x4(upperHalf(sum)));
}

/** Stores the first lane, and the second too if it is of a row. */
// @ts-ignore: decorator
@inline function storeTwo(p: usize, v: v128, second: bool): void {
  if (second) v128.store(p, v);
  else v128.store64_lane(p, v, 0);
}

/**
 * Losses and gradients of up to GROUP rows of float32 or narrower logits, n ≤ FEW. Returns false, nothing written, when
 * a term or a sum is out of range.
 */
export function fewRows<T>(
  rows: usize, n: usize, x: usize, y: usize, w: usize, lambda: f64, ignored: i32, loss: usize, lse: usize, g: usize,
  dx: usize, grad: bool,
): bool {
  const size = sizeof<T>();
  const total = rows * n;
  const magic = splat<f32>(expMagic<f32>(-SHIFT));
  const c0 = expConstant<f32>(0), c1 = expConstant<f32>(1), c2 = expConstant<f32>(2), c3 = expConstant<f32>(3);
  const c4 = expConstant<f32>(4), c5 = expConstant<f32>(5), c6 = expConstant<f32>(6), c7 = expConstant<f32>(7);
  let seen = nothingSeen<f32>();
  let i: usize = 0;
  for (; i + 8 <= total; i += 8) {
    const x0 = loadLanes<T>(x + i * size);
    const x1 = loadLanes<T>(x + (i + 4) * size);
    const z0 = exponent<f32>(x0, c0, magic);
    const z1 = exponent<f32>(x1, c0, magic);
    seen = v128.or(v128.or(seen, z0), z1);
    v128.store(TERMS + (i << 2), expScaled<f32>(x0, z0, magic, c1, c2, c3, c4, c5, c6, c7));
    v128.store(TERMS + (i << 2), expScaled<f32>(x1, z1, magic, c1, c2, c3, c4, c5, c6, c7), 16);
  }
  for (; i < total; i += 4) {
    const left = total - i;
    const x0 = left < 4 ? loadTail<T>(x + i * size, left, f32x4.splat(0)) : loadLanes<T>(x + i * size);
    const z0 = exponent<f32>(x0, c0, magic);
    seen = v128.or(seen, z0);
    v128.store(TERMS + (i << 2), expScaled<f32>(x0, z0, magic, c1, c2, c3, c4, c5, c6, c7));
  }
  if (outOfRange<f32>(seen, false)) return false;

  // The targets' terms are taken out first: a load right behind a store of a part of it would have to wait.
  for (let r: usize = 0; r < rows; r++) {
    const target = load<i32>(y + (r << 2));
    const counts = target != ignored;
    const k = counts ? <usize>target : 0;
    const at = TERMS + ((r * n + k) << 2);
    store<f64>(TARGET + (r << 3), load<f32>(at));
    store<f32>(at, 0);
    store<f64>(COUNTS + (r << 3), counts ? 1 : 0);
    store<f64>(WEIGHT + (r << 3), counts ? (w ? <f64>load<f32>(w + (k << 2)) : 1) : 0);
  }
  const least = f64x2.splat(LEAST * 4096 * expScale<f32>());
  const most = f64x2.splat(MOST * 4096 * expScale<f32>());
  let within = f64x2.eq(least, least);
  for (let r: usize = 0; r < rows; r += 2) {
    const a = sumOfFew(TERMS + ((r * n) << 2), n);
    // Behind an odd last row stands anything; its lanes are not looked at.
    const b = r + 1 < rows ? sumOfFew(TERMS + (((r + 1) * n) << 2), n) : a;
    const others = f64x2.add(
      i8x16.shuffle(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
      i8x16.shuffle(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31),
    );
    v128.store(OTHERS + (r << 3), others);
    if (r + 1 == rows) store<f64>(TARGET + ((r + 1) << 3), load<f64>(TARGET + (r << 3)));
    const sum = f64x2.add(others, v128.load(TARGET + (r << 3)));
    within = v128.and(within, v128.and(f64x2.gt(sum, least), f64x2.lt(sum, most)));
  }
  if (!i64x2.all_true(within)) return false;

  for (let r: usize = 0; r < rows; r += 2) {
    const second = r + 1 < rows;
    const own = v128.load(TARGET + (r << 3));
    const others = v128.load(OTHERS + (r << 3));
    const weight = v128.load(WEIGHT + (r << 3));
    const logS = log1pOfTwo<f32>(f64x2.div(others, own));
    storeTwo(loss + (r << 3), f64x2.mul(weight, logS), second);
    let P = weight;
    let zTerm = f64x2.splat(0);
    if (lse || lambda != 0) {
      const rowLse = f64x2.mul(v128.load(COUNTS + (r << 3)), f64x2.add(logS, targetLogits<T>(n, x, y, r, ignored, second)));
      if (lse) storeTwo(lse + (r << 3), rowLse, second);
      zTerm = f64x2.mul(f64x2.splat(2 * lambda), rowLse);
      P = f64x2.add(P, zTerm);
    }
    if (grad) {
      const upstream = second ? v128.load(g + (r << 3)) : v128.load64_splat(g + (r << 3));
      const factor = f64x2.div(f64x2.mul(upstream, P), f64x2.add(own, others));
      zTerm = f64x2.mul(upstream, zTerm);
      scaleOfFew(r, n, f64x2.extract_lane(factor, 0), f64x2.extract_lane(zTerm, 0), y, ignored, dx);
      if (second) scaleOfFew(r + 1, n, f64x2.extract_lane(factor, 1), f64x2.extract_lane(zTerm, 1), y, ignored, dx);
    }
  }
  return true;
}

/** z_k of rows r and r + 1. */
// @ts-ignore: decorator
@inline function targetLogits<T>(n: usize, x: usize, y: usize, r: usize, ignored: i32, second: bool): v128 {
  const a = targetOf(y + (r << 2), ignored);
  const v = f64x2.splat(loadOne<T>(x + (r * n + a) * sizeof<T>()));
  if (!second) return v;
  const b = targetOf(y + ((r + 1) << 2), ignored);
  return f64x2.replace_lane(v, 1, loadOne<T>(x + ((r + 1) * n + b) * sizeof<T>()));
}

// @ts-ignore: decorator
@inline function targetOf(y: usize, ignored: i32): usize {
  const target = load<i32>(y);
  return target == ignored ? 0 : <usize>target;
}

/**
 * dx ← terms·factor of row r, and the target's minus the sum of the others as they were rounded, so that the row sums to
 * `sum`.
 */
// @ts-ignore: decorator
@inline function scaleOfFew(r: usize, n: usize, factor: f64, sum: f64, y: usize, ignored: i32, dx: usize): void {
  const f = f32x4.splat(<f32>factor);
  const from = TERMS + ((r * n) << 2);
  const to = dx + ((r * n) << 2);
  let others = f32x4.splat(0);
  let i: usize = 0;
  for (; i + 4 <= n; i += 4) {
    const v = f32x4.mul(v128.load(from + (i << 2)), f);
    others = f32x4.add(others, v);
    v128.store(to + (i << 2), v);
  }
  if (i < n) {
    const v = tailOf<f32>(f32x4.mul(v128.load(from + (i << 2)), f), n - i);
    others = f32x4.add(others, v);
    storeTail<f32>(to + (i << 2), n - i, v);
  }
  store<f32>(to + (targetOf(y + (r << 2), ignored) << 2), <f32>(sum - sumLanes<f32>(others)));
}
