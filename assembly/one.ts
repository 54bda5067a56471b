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
 * The loss of the n ≤ ONE float32 logits at x with target k, and with `dx` its gradient; −1, with nothing written,
 * where something is out of range.
 */
export function oneRow(n: usize, x: usize, k: usize, dx: usize): f64 {
  const magic = splat<f32>(hotMagic(0));
  const h0 = hotConstant(0), h1 = hotConstant(1), h2 = hotConstant(2), h3 = hotConstant(3), h4 = hotConstant(4);
  const h5 = hotConstant(5);
  const end = (n - 1) >> 2 << 4;
  const inA = all(n > 4), inB = all(n > 8), inC = lastLanes(n);
  const lanes = i32x4(0, 1, 2, 3);
  const atA = i32x4.eq(lanes, i32x4.splat(<i32>k));
  const atB = i32x4.eq(lanes, i32x4.splat(<i32>k - 4));
  const atC = i32x4.eq(lanes, i32x4.splat(<i32>(k - (end >> 2))));

  const tO = hotArgument(v128.load32_splat(x + (k << 2)), h0);
  const tA = hotArgument(v128.and(v128.load(x), inA), h0);
  const tB = hotArgument(v128.and(v128.load(x, 16), inB), h0);
  const tC = hotArgument(v128.and(v128.load(x + end), inC), h0);
  const zO = hotExponent(tO, h0, magic);
  const zA = hotExponent(tA, h0, magic);
  const zB = hotExponent(tB, h0, magic);
  const zC = hotExponent(tC, h0, magic);
  const seen = v128.or(v128.or(zA, zB), v128.or(zC, nothingSeen<f32>()));
  if (outOfRange<f32>(seen, true)) return -1;
  const own = hotTerm(tO, zO, magic, h1, h2, h3, h4, h5);
  const a = v128.andnot(v128.and(hotTerm(tA, zA, magic, h1, h2, h3, h4, h5), inA), atA);
  const b = v128.andnot(v128.and(hotTerm(tB, zB, magic, h1, h2, h3, h4, h5), inB), atB);
  const c = v128.andnot(v128.and(hotTerm(tC, zC, magic, h1, h2, h3, h4, h5), inC), atC);
  const others = sumOfLanes(f32x4.add(b, f32x4.add(a, c)));
  const sum = f32x4.add(own, others);
  const least = splat<f32>(HOT_LEAST * hotUnit(0));
  const within = hotIsFixed()
    ? v128.and(f32x4.gt(others, least), f32x4.gt(own, splat<f32>(OWN_LEAST * hotUnit(0)))) : f32x4.gt(sum, least);
  if (!v128.any_true(within)) return -1;

  if (dx) {
    const factor = f32x4.div(f32x4.splat(1), sum);
    const gA = f32x4.mul(a, factor), gB = f32x4.mul(b, factor), gC = f32x4.mul(c, factor);
    const target = f32x4.sub(f32x4.splat(0), sumOfLanes(f32x4.add(f32x4.add(gA, gB), gC)));
    if (n > 4) v128.store(dx, v128.or(gA, v128.and(target, atA)));
    if (n > 8) v128.store(dx, v128.or(gB, v128.and(target, atB)), 16);
    const last = v128.or(gC, v128.and(target, atC));
    if (n & 3) storeTail<f32>(dx + end, n & 3, last);
    else v128.store(dx + end, last);
  }
  return <f64>f32x4.extract_lane(logOfRatio(sum, own, others), 0);
}
