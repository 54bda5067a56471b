import { GROUP, fewRows } from "./few";
import { eq, loadTail, lt, pmax, splat, splatMax } from "./lanes";

// Rows of few classes around their maximum, with that for the target of few.ts: what softmax and class probabilities
// need. s = Σ e^{xⱼ − m}, m the maximum.

/** Of the rows of a group: the place of the maximum, and ln s. */
export const PLACE: usize = memory.data(<i32>GROUP * 4, 16);
export const LOG: usize = memory.data(<i32>GROUP * 8, 16);

/** Logits below are out of range of the groups, or nearly. */
// @ts-ignore: decorator
@inline const LOW: f64 = -50;
/** In PLACE, beside the place: the row has a lower logit. */
// @ts-ignore: decorator
@inline const IS_LOW: usize = 32;

/** The place of the maximum of n ≤ 32 logits, any where there is none, and IS_LOW: no branch that they decide. */
// @ts-ignore: decorator
@inline function placeOf(x: usize, n: usize): usize {
  const low = splat<f32>(LOW);
  const whole = (n - 1) & ~3;
  const last = loadTail<f32>(x + (whole << 2), n - whole, low);
  let top = last, bottom = last;
  for (let i: usize = 0; i < whole; i += 4) {
    const v = v128.load(x + (i << 2));
    top = pmax<f32>(top, v);
    bottom = f32x4.pmin(bottom, v);
  }
  top = splatMax<f32>(top);
  let places: i32 = i32x4.bitmask(eq<f32>(last, top)) << <i32>whole;
  for (let i: usize = 0; i < whole; i += 4) places |= i32x4.bitmask(eq<f32>(v128.load(x + (i << 2)), top)) << <i32>i;
  const place = min<usize>(ctz(places), n - 1);
  return v128.any_true(lt<f32>(bottom, low)) ? place + IS_LOW : place;
}

/** PLACE of `count` rows, from row r of a group on. Returns how many come before one that has a lower logit. */
export function findPlaces(count: usize, n: usize, x: usize, r: usize): usize {
  const places = PLACE + (r << 2);
  for (let i: usize = 0; i < count; i++) {
    const place = placeOf(x + (i * n << 2), n);
    store<u32>(places + (i << 2), place);
    if (place >= IS_LOW) count = i;
  }
  return count;
}

/** Whether row r, the first that was not done, has a lower logit. */
// @ts-ignore: decorator
@inline export function placeIsLow(r: usize): bool {
  return <usize>load<u32>(PLACE + (r << 2)) >= IS_LOW;
}

/** LOG of rows that have a PLACE, and with y all of the softmax but its maxima. Returns how many rows it has done. */
export function fewAroundPlaces(count: usize, n: usize, x: usize, r: usize, y: usize): usize {
  return fewRows(count, n, x, PLACE + (r << 2), 0, 0, 0, 0, -1, LOG + (r << 3), 0, 0, 1, y);
}
