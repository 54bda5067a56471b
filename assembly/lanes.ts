// Vectors of the element type T, f32 with 4 lanes or f64 with 2: `sizeof<T>() == 8` decides. The 16-bit types are
// widened before they get here: halves.ts.

/** float32 sums are carried over to float64 after this many vectors. */
// @ts-ignore: decorator
@inline export const BLOCK: usize = 32;

// @ts-ignore: decorator
@inline export function lanes<T>(): usize {
  return 16 / sizeof<T>();
}

// @ts-ignore: decorator
@inline export function splat<T>(value: f64): v128 {
  return sizeof<T>() == 8 ? f64x2.splat(value) : f32x4.splat(<f32>value);
}

const HELD: usize = memory.data(8, 8);

/** {@link splat} that stays in a local: the compiler does not see that it is a literal, to write it into the loop. */
// @ts-ignore: decorator
@inline export function held<T>(value: f64): v128 {
  if (sizeof<T>() == 8) {
    store<f64>(HELD, value);
    return v128.load64_splat(HELD);
  }
  store<f32>(HELD, <f32>value);
  return v128.load32_splat(HELD);
}

// @ts-ignore: decorator
@inline export function add<T>(a: v128, b: v128): v128 {
  return sizeof<T>() == 8 ? f64x2.add(a, b) : f32x4.add(a, b);
}

// @ts-ignore: decorator
@inline export function sub<T>(a: v128, b: v128): v128 {
  return sizeof<T>() == 8 ? f64x2.sub(a, b) : f32x4.sub(a, b);
}

// @ts-ignore: decorator
@inline export function mul<T>(a: v128, b: v128): v128 {
  return sizeof<T>() == 8 ? f64x2.mul(a, b) : f32x4.mul(a, b);
}

// @ts-ignore: decorator
@inline export function div<T>(a: v128, b: v128): v128 {
  return sizeof<T>() == 8 ? f64x2.div(a, b) : f32x4.div(a, b);
}

// @ts-ignore: decorator
@inline export function abs<T>(a: v128): v128 {
  return sizeof<T>() == 8 ? f64x2.abs(a) : f32x4.abs(a);
}

// @ts-ignore: decorator
@inline export function eq<T>(a: v128, b: v128): v128 {
  return sizeof<T>() == 8 ? f64x2.eq(a, b) : f32x4.eq(a, b);
}

// @ts-ignore: decorator
@inline export function lt<T>(a: v128, b: v128): v128 {
  return sizeof<T>() == 8 ? f64x2.lt(a, b) : f32x4.lt(a, b);
}

/** The larger of two; `a` where either is NaN. One instruction, where `max` takes seven. */
// @ts-ignore: decorator
@inline export function pmax<T>(a: v128, b: v128): v128 {
  return sizeof<T>() == 8 ? f64x2.pmax(a, b) : f32x4.pmax(a, b);
}

/** `a·b + c`. Relaxed SIMD fuses it (one rounding), plain SIMD rounds twice. */
// @ts-ignore: decorator
@inline export function madd<T>(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    return sizeof<T>() == 8 ? f64x2.relaxed_madd(a, b, c) : f32x4.relaxed_madd(a, b, c);
  }
  return add<T>(mul<T>(a, b), c);
}

/** `c − a·b`, fused like {@link madd}. */
// @ts-ignore: decorator
@inline export function nmadd<T>(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    return sizeof<T>() == 8 ? f64x2.relaxed_nmadd(a, b, c) : f32x4.relaxed_nmadd(a, b, c);
  }
  return sub<T>(c, mul<T>(a, b));
}

/** Product that counts 0·∞ as 0: lanes where `a` is ±0 give 0 whatever `b` holds. */
// @ts-ignore: decorator
@inline export function mulZero<T>(a: v128, b: v128): v128 {
  return v128.andnot(mul<T>(a, b), eq<T>(a, splat<T>(0)));
}

// @ts-ignore: decorator
@inline export function upperHalf(v: v128): v128 {
  return i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
}

/** Sum of the lanes in float64. */
// @ts-ignore: decorator
@inline export function sumLanes<T>(v: v128): f64 {
  if (sizeof<T>() == 8) return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
  const pair = f64x2.add(f64x2.promote_low_f32x4(v), f64x2.promote_low_f32x4(upperHalf(v)));
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
}

/** Two vectors beside each other. */
const PAIR: usize = memory.data(32, 16);

/**
 * Sum of the lanes of both, in float64. By way of memory: engines that make one vector of 256 bits of two begin where
 * two are stored beside each other, the lower one last, and go back from there. Not where the place is a literal, so it
 * is {@link heldPair}.
 */
// @ts-ignore: decorator
@inline export function sumPair<T>(a: v128, b: v128, pair: usize): f64 {
  v128.store(pair, b, 16);
  v128.store(pair, a);
  return sumLanes<T>(add<T>(v128.load(pair), v128.load(pair, 16)));
}

/** What {@link sumPair} takes as `pair`. */
// @ts-ignore: decorator
@inline export function heldPair(): usize {
  store<usize>(HELD, PAIR);
  return load<usize>(HELD);
}

/** Largest lane; NaN lanes are passed over unless it is the first. */
// @ts-ignore: decorator
@inline export function maxLanes<T>(v: v128): f64 {
  if (sizeof<T>() == 8) {
    return f64x2.extract_lane(f64x2.pmax(v, upperHalf(v)), 0);
  }
  const pair = f32x4.pmax(v, upperHalf(v));
  const odd = i8x16.shuffle(pair, pair, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7);
  return <f64>f32x4.extract_lane(f32x4.pmax(pair, odd), 0);
}

/** The largest lane, in all lanes; as {@link maxLanes}. */
// @ts-ignore: decorator
@inline export function splatMax<T>(v: v128): v128 {
  const pair = pmax<T>(v, i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  if (sizeof<T>() == 8) return pair;
  return f32x4.pmax(pair, i8x16.shuffle(pair, pair, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
}

/** First lane in float64: what came back of a scalar that was splat. */
// @ts-ignore: decorator
@inline export function first<T>(v: v128): f64 {
  return sizeof<T>() == 8 ? f64x2.extract_lane(v, 0) : <f64>f32x4.extract_lane(v, 0);
}

/** The elements at `p`, of which the first `left` are of the row, the others become `fill`. Reads a whole vector. */
// @ts-ignore: decorator
@inline export function loadTail<T>(p: usize, left: usize, fill: v128): v128 {
  return v128.bitselect(v128.load(p), fill, tailMask<T>(left));
}

/** Four words of ones, then four of zeros: read from `16 − b` on, the first b bytes are ones. */
const TAIL_MASK: usize = memory.data<u32>([0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0, 0, 0, 0], 16);

// @ts-ignore: decorator
@inline export function loadOne<T>(p: usize): f64 {
  return sizeof<T>() == 8 ? load<f64>(p) : <f64>load<f32>(p);
}

/** Rounds to T and stores one element. */
// @ts-ignore: decorator
@inline export function storeOne<T>(p: usize, value: f64): void {
  if (sizeof<T>() == 8) store<f64>(p, value);
  else store<f32>(p, <f32>value);
}

/** Stores the first `left` lanes; what is behind them stays: in place, the next row stands there. */
// @ts-ignore: decorator
@inline export function storeTail<T>(p: usize, left: usize, v: v128): void {
  v128.store(p, v128.bitselect(v, v128.load(p), tailMask<T>(left)));
}

/** Number of the first lane that is all ones. */
// @ts-ignore: decorator
@inline export function firstLane<T>(mask: v128): usize {
  return <usize>ctz(sizeof<T>() == 8 ? i64x2.bitmask(mask) : i32x4.bitmask(mask));
}

/** Puts a value in the place of an element and returns the bits of that. */
// @ts-ignore: decorator
@inline export function replaceOne<T>(p: usize, value: f64): u64 {
  const bits = sizeof<T>() == 8 ? load<u64>(p) : <u64>load<u32>(p);
  storeOne<T>(p, value);
  return bits;
}

/** Undoes {@link replaceOne}. */
// @ts-ignore: decorator
@inline export function restoreOne<T>(p: usize, bits: u64): void {
  if (sizeof<T>() == 8) store<u64>(p, bits);
  else store<u32>(p, <u32>bits);
}

/** Ones in the first `left` lanes, zeros in the others. */
// @ts-ignore: decorator
@inline export function tailMask<T>(left: usize): v128 {
  return v128.load(TAIL_MASK + 16 - left * sizeof<T>());
}

/** The first `left` lanes of v, the others 0. */
// @ts-ignore: decorator
@inline export function tailOf<T>(v: v128, left: usize): v128 {
  return v128.and(v, tailMask<T>(left));
}

/** Ones in lane k, zeros elsewhere, and everywhere for a k that is no lane. */
// @ts-ignore: decorator
@inline export function laneMask<T>(k: usize): v128 {
  return sizeof<T>() == 8
    ? i64x2.eq(i64x2.splat(<i64>k), i64x2(0, 1))
    : i32x4.eq(i32x4.splat(<i32>k), i32x4(0, 1, 2, 3));
}
