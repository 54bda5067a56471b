import { GROUP, lastLanes, othersOf, ownOf } from "./few";
import { madd, nmadd, splat, sumLanes } from "./lanes";
import { LOG, PLACE, fewAroundPlaces, findPlaces } from "./places";

// Rows of few classes with class probabilities for targets, and no options but label smoothing and the z-loss. Formulas
// and names as in crossentropy.ts, k the maximum.

/** m, B and S of the rows of a group, 32 bytes apart. */
const SUMS: usize = memory.data(<i32>GROUP * 32, 16);

/** t′ of four classes. */
// @ts-ignore: decorator
@inline function smoothed(t: usize, keep: v128, spread: v128): v128 {
  return madd<f32>(v128.load(t), keep, spread);
}

/** SUMS of a group: before the gradient may overwrite the logits. */
function sumsOf(count: usize, n: usize, x: usize, t: usize, keep: v128, spread: v128): void {
  const last = lastLanes(n);
  const whole = (n - 1) >> 2 << 4;
  const bytes = n << 2;
  for (let r: usize = 0; r < count; r++, x += bytes, t += bytes) {
    const m = load<f32>(x + (load<u32>(PLACE + (r << 2)) << 2));
    const mV = f32x4.splat(m);
    let s = v128.and(smoothed(t + whole, keep, spread), last);
    let b = f32x4.mul(s, v128.and(f32x4.sub(mV, v128.load(x + whole)), last));
    for (let at: usize = 0; at < whole; at += 16) {
      const a = smoothed(t + at, keep, spread);
      s = f32x4.add(s, a);
      b = madd<f32>(a, f32x4.sub(mV, v128.load(x + at)), b);
    }
    const sums = SUMS + (r << 5);
    store<f64>(sums, m);
    store<f64>(sums, sumLanes<f32>(b), 8);
    store<f64>(sums, sumLanes<f32>(s), 16);
  }
}

/** Of at most a group of rows. Returns how many it has done: it stops before one that has something out of range. */
export function fewProbabilities(
  rows: usize, n: usize, x: usize, y: usize, t: usize, epsilon: f64, lambda: f64, ignored: i32, loss: usize, lse: usize,
  g: usize, uniform: f64, dx: usize,
): usize {
  const keep = splat<f32>(1 - epsilon);
  const spread = splat<f32>(epsilon / <f64>n);
  const found = findPlaces(rows, n, x, 0);
  if (!found) return 0;
  sumsOf(found, n, x, t, keep, spread);
  const done = fewAroundPlaces(found, n, x, 0, dx);
  const last = lastLanes(n);
  const whole = (n - 1) >> 2 << 4;
  const bytes = n << 2;
  for (let r: usize = 0; r < done; r++) {
    const sums = SUMS + (r << 5);
    const counts = !y || load<i32>(y + (r << 2)) != ignored;
    const S = load<f64>(sums, 16);
    const logS = load<f64>(LOG + (r << 3));
    const rowLse = load<f64>(sums) + logS;
    store<f64>(loss + (r << 3), counts ? load<f64>(sums, 8) + S * logS : 0);
    if (lse) store<f64>(lse + (r << 3), counts ? rowLse : 0);
    if (!dx) continue;
    const upstream = counts ? g ? load<f64>(g + (r << 3)) : uniform : 0;
    const zTerm = 2 * lambda * rowLse;
    const P = splat<f32>(upstream * (S + zTerm));
    const G = splat<f32>(upstream);
    for (let at: usize = 0; at < whole; at += 16) {
      v128.store(dx + at, gradientOf(dx + at, t + at, P, G, keep, spread));
    }
    const rest = gradientOf(dx + whole, t + whole, P, G, keep, spread);
    v128.store(dx + whole, v128.bitselect(rest, v128.load(dx + whole), last));
    const k = <usize>load<u32>(PLACE + (r << 2)) << 2;
    const others = othersOf(r);
    const own = ownOf(r);
    const share = 1 / (own + others);
    const a = (1 - epsilon) * <f64>load<f32>(t + k) + epsilon / <f64>n;
    store<f32>(dx + k, <f32>(upstream * (S - a + (zTerm * own - S * others) * share)));
    dx += bytes;
    t += bytes;
  }
  return done;
}

/** P·p − G·t′ of four classes, p at dx. */
// @ts-ignore: decorator
@inline function gradientOf(dx: usize, t: usize, P: v128, G: v128, keep: v128, spread: v128): v128 {
  return nmadd<f32>(smoothed(t, keep, spread), G, f32x4.mul(P, v128.load(dx)));
}
