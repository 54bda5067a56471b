import {
  HOT_LEAST, hotArgument, hotConstant, hotExponent, hotIsFixed, hotMagic, hotTerm, hotUnit, nothingSeen, outOfRange,
} from "./exp";
import { OWN_LEAST, lastLanes } from "./few";
import { splat, storeTail } from "./lanes";
import { logOfRatio } from "./log";

// One row of a few classes and no options: what few.ts computes, to the bit, without a number that goes to memory and
// comes back, since nothing else is there to be done while it does.

/** Rows of up to this many classes go this way: two whole vectors and the last one. */
// @ts-ignore: decorator
@inline export const ONE: usize = 12;

/** Sum over the lanes, in all of them. */
// @ts-ignore: decorator
@inline function sumOfLanes(v: v128): v128 {
  const pair = f32x4.add(v, i32x4.shuffle(v, v, 2, 3, 0, 1));
  return f32x4.add(pair, i32x4.shuffle(pair, pair, 1, 0, 3, 2));
}

/** Ones in all lanes, or none. */
// @ts-ignore: decorator
@inline function all(condition: bool): v128 {
  return i32x4.splat(-(<i32>condition));
}

/**
 * The loss of a row of n ≤ ONE float32 logits with target k, and with `dx` its gradient; −1, with nothing written,
 * where something is out of range. The logits are those of `a` if n > 4, of `b` if n > 8, and of `last`; `own` is the
 * target's, in all lanes.
 */
function lossOf(n: usize, k: usize, a: v128, b: v128, last: v128, own: v128, dx: usize): f64 {
  const magic = splat<f32>(hotMagic(0));
  const h0 = hotConstant(0), h1 = hotConstant(1), h2 = hotConstant(2), h3 = hotConstant(3), h4 = hotConstant(4);
  const h5 = hotConstant(5);
  const end = (n - 1) >> 2 << 4;
  const inA = all(n > 4), inB = all(n > 8), inC = lastLanes(n);
  const lanes = i32x4(0, 1, 2, 3);
  const atA = i32x4.eq(lanes, i32x4.splat(<i32>k));
  const atB = i32x4.eq(lanes, i32x4.splat(<i32>k - 4));
  const atC = i32x4.eq(lanes, i32x4.splat(<i32>(k - (end >> 2))));

  const tO = hotArgument(own, h0);
  const tA = hotArgument(v128.and(a, inA), h0);
  const tB = hotArgument(v128.and(b, inB), h0);
  const tC = hotArgument(v128.and(last, inC), h0);
  const zO = hotExponent(tO, h0, magic);
  const zA = hotExponent(tA, h0, magic);
  const zB = hotExponent(tB, h0, magic);
  const zC = hotExponent(tC, h0, magic);
  const seen = v128.or(v128.or(zA, zB), v128.or(zC, nothingSeen<f32>()));
  if (outOfRange<f32>(seen, true)) return -1;
  const eO = hotTerm(tO, zO, magic, h1, h2, h3, h4, h5);
  const eA = v128.andnot(v128.and(hotTerm(tA, zA, magic, h1, h2, h3, h4, h5), inA), atA);
  const eB = v128.andnot(v128.and(hotTerm(tB, zB, magic, h1, h2, h3, h4, h5), inB), atB);
  const eC = v128.andnot(v128.and(hotTerm(tC, zC, magic, h1, h2, h3, h4, h5), inC), atC);
  const others = sumOfLanes(f32x4.add(eB, f32x4.add(eA, eC)));
  const sum = f32x4.add(eO, others);
  const least = splat<f32>(HOT_LEAST * hotUnit(0));
  const within = hotIsFixed()
    ? v128.and(f32x4.gt(others, least), f32x4.gt(eO, splat<f32>(OWN_LEAST * hotUnit(0)))) : f32x4.gt(sum, least);
  if (!v128.any_true(within)) return -1;

  if (dx) {
    const factor = f32x4.div(f32x4.splat(1), sum);
    const gA = f32x4.mul(eA, factor), gB = f32x4.mul(eB, factor), gC = f32x4.mul(eC, factor);
    const target = f32x4.sub(f32x4.splat(0), f32x4.mul(others, factor));
    if (n > 4) v128.store(dx, v128.or(gA, v128.and(target, atA)));
    if (n > 8) v128.store(dx, v128.or(gB, v128.and(target, atB)), 16);
    const rest = v128.or(gC, v128.and(target, atC));
    if (n & 3) storeTail<f32>(dx + end, n & 3, rest);
    else v128.store(dx + end, rest);
  }
  return <f64>f32x4.extract_lane(logOfRatio(sum, eO, others), 0);
}

/** {@link lossOf} of the logits at x. */
export function oneRow(n: usize, x: usize, k: usize, dx: usize): f64 {
  const end = (n - 1) >> 2 << 4;
  const own = v128.load32_splat(x + (k << 2));
  return lossOf(n, k, v128.load(x), v128.load(x, 16), v128.load(x + end), own, dx);
}

// @ts-ignore: decorator
@inline function four(x0: f32, x1: f32, x2: f32, x3: f32): v128 {
  const v = f32x4.replace_lane(f32x4.replace_lane(f32x4.splat(x0), 1, x1), 2, x2);
  return f32x4.replace_lane(v, 3, x3);
}

/** {@link lossOf} of logits that come as numbers: what the caller would write to memory is waited for here. */
export function oneRowOfNumbers(
  n: usize, k: usize, own: f32, x0: f32, x1: f32, x2: f32, x3: f32, x4: f32, x5: f32, x6: f32, x7: f32, x8: f32,
  x9: f32, x10: f32, x11: f32, dx: usize,
): f64 {
  const a = four(x0, x1, x2, x3);
  const b = four(x4, x5, x6, x7);
  const last = v128.bitselect(four(x8, x9, x10, x11), v128.bitselect(b, a, all(n > 4)), all(n > 8));
  return lossOf(n, k, a, b, last, f32x4.splat(own), dx);
}
