import { loadLanes, loadOne, loadTail, splat, storeTail, tailOf, upperHalf } from "./lanes";
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
/** So many together. */
// @ts-ignore: decorator
@inline const GROUP: usize = 16;

/** How many rows are worth doing one by one behind one that was out of range: a group. */
// @ts-ignore: decorator
@inline export const SINGLY: usize = GROUP;

/** Terms of two groups; what the vectors at their ends reach over. */
const TERMS: usize = memory.data(<i32>(GROUP * FEW * 4 + 16), 16);
const MORE_TERMS: usize = memory.data(<i32>(GROUP * FEW * 4 + 16), 16);

/** Ones, but for the word in the middle: read from (i − k) words behind it on, the lane of k is zero. */
const ALL_BUT_ONE: usize = memory.data<u32>(
  [
    0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
    0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
    0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
    0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
    0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
    0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
    0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
    0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
  ],
  16,
);

/** Terms are 2^SHIFT times as large, so that those of the least rows are in range. */
// @ts-ignore: decorator
@inline const SHIFT: f64 = 12;
/** Where Σ e^{zⱼ} has to lie for its reciprocal to be an ordinary float32, and for what is flushed to 0 to count nothing. */
// @ts-ignore: decorator
@inline const LEAST: f64 = 3e-4;
// @ts-ignore: decorator
@inline const MOST: f64 = 1e17;

/** Sum of n float32 but that at k as two float64 to be added; times `factor` and stored at `to` too if there is one. */
// @ts-ignore: decorator
@inline function sumOfOthers(p: usize, n: usize, k: usize, factor: v128, to: usize): v128 {
  const mask = ALL_BUT_ONE + ((FEW - k) << 2);
  let sum = f32x4.splat(0);
  let i: usize = 0;
  for (; i + 4 <= n; i += 4) {
    let v = v128.load(p + (i << 2));
    if (to) {
      v = f32x4.mul(v, factor);
      v128.store(to + (i << 2), v);
    }
    sum = f32x4.add(sum, v128.and(v, v128.load(mask + (i << 2))));
  }
  if (i < n) {
    let v = tailOf<f32>(v128.load(p + (i << 2)), n - i);
    if (to) {
      v = f32x4.mul(v, factor);
      storeTail<f32>(to + (i << 2), n - i, v);
    }
    sum = f32x4.add(sum, v128.and(v, v128.load(mask + (i << 2))));
  }
  return f64x2.add(f64x2.promote_low_f32x4(sum), f64x2.promote_low_f32x4(upperHalf(sum)));
}

/** The two lanes of a added, and those of b. */
// @ts-ignore: decorator
@inline function addPairs(a: v128, b: v128): v128 {
  return f64x2.add(
    i8x16.shuffle(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
    i8x16.shuffle(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31),
  );
}

// @ts-ignore: decorator
@inline function pair(a: f64, b: f64): v128 {
  return f64x2.replace_lane(f64x2.splat(a), 1, b);
}

/** Stores the first lane, and the second too if it is of a row. */
// @ts-ignore: decorator
@inline function storeTwo(p: usize, v: v128, second: bool): void {
  if (second) v128.store(p, v);
  else v128.store64_lane(p, v, 0);
}

/** Terms of `total` logits to `terms`. Returns the bits that {@link outOfRange} asks for. */
// @ts-ignore: decorator
@inline function termsOf<T>(
  total: usize, x: usize, terms: usize, magic: v128,
  c0: v128, c1: v128, c2: v128, c3: v128, c4: v128, c5: v128, c6: v128, c7: v128,
): v128 {
  const size = sizeof<T>();
  let seen = nothingSeen<f32>();
  let i: usize = 0;
  for (; i + 8 <= total; i += 8) {
    const x0 = loadLanes<T>(x + i * size);
    const x1 = loadLanes<T>(x + (i + 4) * size);
    const z0 = exponent<f32>(x0, c0, magic);
    const z1 = exponent<f32>(x1, c0, magic);
    seen = v128.or(v128.or(seen, z0), z1);
    v128.store(terms + (i << 2), expScaled<f32>(x0, z0, magic, c1, c2, c3, c4, c5, c6, c7));
    v128.store(terms + (i << 2), expScaled<f32>(x1, z1, magic, c1, c2, c3, c4, c5, c6, c7), 16);
  }
  for (; i < total; i += 4) {
    const left = total - i;
    const x0 = left < 4 ? loadTail<T>(x + i * size, left, f32x4.splat(0)) : loadLanes<T>(x + i * size);
    const z0 = exponent<f32>(x0, c0, magic);
    seen = v128.or(seen, z0);
    v128.store(terms + (i << 2), expScaled<f32>(x0, z0, magic, c1, c2, c3, c4, c5, c6, c7));
  }
  return seen;
}

/**
 * Losses and gradients of rows of float32 or narrower logits, n ≤ FEW. Returns how many it has done: it stops before two
 * rows of which a sum is out of range, and before a group in which a term is.
 */
export function fewRows<T>(
  rows: usize, n: usize, x: usize, y: usize, w: usize, lambda: f64, ignored: i32, loss: usize, lse: usize, g: usize,
  dx: usize, grad: bool,
): usize {
  const size = sizeof<T>();
  const magic = splat<f32>(expMagic<f32>(-SHIFT));
  const c0 = expConstant<f32>(0), c1 = expConstant<f32>(1), c2 = expConstant<f32>(2), c3 = expConstant<f32>(3);
  const c4 = expConstant<f32>(4), c5 = expConstant<f32>(5), c6 = expConstant<f32>(6), c7 = expConstant<f32>(7);
  const least = f64x2.splat(LEAST * 4096 * expScale<f32>());
  const most = f64x2.splat(MOST * 4096 * expScale<f32>());
  const twoLambda = f64x2.splat(2 * lambda);
  const withLse = lse != 0 || lambda != 0;
  const none = f32x4.splat(0);
  // The terms of a group are made while those of the one before are summed: a load that overlaps two stores has to wait
  // until both have left the processor.
  let terms = TERMS;
  let group: usize = 0;
  let seen = termsOf<T>(min(rows, GROUP) * n, x, terms, magic, c0, c1, c2, c3, c4, c5, c6, c7);
  while (group < rows) {
    if (outOfRange<f32>(seen, false)) return group;
    const next = min(group + GROUP, rows);
    const nextTerms = terms == TERMS ? MORE_TERMS : TERMS;
    seen = termsOf<T>(
      min(rows - next, GROUP) * n, x + next * n * size, nextTerms, magic, c0, c1, c2, c3, c4, c5, c6, c7,
    );
    for (let r = group; r < next; r += 2) {
      // An odd last row is its own neighbour.
      const second = r + 1 < next;
      const s = second ? r + 1 : r;
      const ya = load<i32>(y + (r << 2));
      const yb = load<i32>(y + (s << 2));
      const a: usize = ya == ignored ? 0 : <usize>ya;
      const b: usize = yb == ignored ? 0 : <usize>yb;
      const termsA = terms + (((r - group) * n) << 2);
      const termsB = terms + (((s - group) * n) << 2);
      const own = pair(load<f32>(termsA + (a << 2)), load<f32>(termsB + (b << 2)));
      const others = addPairs(sumOfOthers(termsA, n, a, none, 0), sumOfOthers(termsB, n, b, none, 0));
      const sum = f64x2.add(own, others);
      if (!i64x2.all_true(v128.and(f64x2.gt(sum, least), f64x2.lt(sum, most)))) return r;

      const counts = pair(ya == ignored ? 0 : 1, yb == ignored ? 0 : 1);
      let weight = counts;
      if (w) weight = f64x2.mul(counts, pair(load<f32>(w + (a << 2)), load<f32>(w + (b << 2))));
      const logS = log1pOfTwo<f32>(f64x2.div(others, own));
      storeTwo(loss + (r << 3), f64x2.mul(weight, logS), second);
      let zTerm = f64x2.splat(0);
      if (withLse) {
        const logits = pair(loadOne<T>(x + (r * n + a) * size), loadOne<T>(x + (s * n + b) * size));
        const rowLse = f64x2.mul(counts, f64x2.add(logS, logits));
        if (lse) storeTwo(lse + (r << 3), rowLse, second);
        zTerm = f64x2.mul(twoLambda, rowLse);
      }
      if (grad) {
        const upstream = pair(load<f64>(g + (r << 3)), load<f64>(g + (s << 3)));
        const factor = f64x2.div(f64x2.mul(upstream, f64x2.add(weight, zTerm)), sum);
        const toA = dx + ((r * n) << 2);
        const toB = dx + ((s * n) << 2);
        const scaledA = sumOfOthers(termsA, n, a, f32x4.splat(<f32>f64x2.extract_lane(factor, 0)), toA);
        const scaledB = sumOfOthers(termsB, n, b, f32x4.splat(<f32>f64x2.extract_lane(factor, 1)), toB);
        // Minus the others as they were rounded: the row sums to what it should.
        const rest = f64x2.sub(f64x2.mul(upstream, zTerm), addPairs(scaledA, scaledB));
        store<f32>(toA + (a << 2), <f32>f64x2.extract_lane(rest, 0));
        store<f32>(toB + (b << 2), <f32>f64x2.extract_lane(rest, 1));
      }
    }
    terms = nextTerms;
    group = next;
  }
  return rows;
}
