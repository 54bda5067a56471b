import { FEW, GROUP, fewRows, putOwn } from "./few";
import { NO_OFFSET, scaleRow } from "./gradient";
import { eq, lanes, loadOne, loadTail, lt, pmax, splat, splatMax, storeOne, storeTail, sub } from "./lanes";
import { log1p } from "./log";
import { argmaxRow, finiteOrNaN, rowU, rowUnit, sumExpRow } from "./logsumexp";

// With m the maximum and s = Σ e^{xⱼ − m}: log-sum-exp m + ln s, softmax e^{xⱼ − m}/s, log-softmax (xⱼ − m) − ln s, in
// this order, so that logits of 1e20 stay exact. Rows of few classes go as those of the cross-entropy do, with the
// maximum for the target.

/** Of the rows of a group: the place of the maximum, and ln s. */
const PLACE: usize = memory.data(<i32>GROUP * 4, 16);
const LOG: usize = memory.data(<i32>GROUP * 8, 16);

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

/** Of few classes PLACE and LOG from row r on, and with y the softmax. Returns how many rows it has done. */
function fewOfMaximum(count: usize, n: usize, x: usize, y: usize, r: usize): usize {
  const places = PLACE + (r << 2);
  for (let i: usize = 0; i < count; i++) {
    const place = placeOf(x + (i * n << 2), n);
    store<u32>(places + (i << 2), place);
    if (place >= IS_LOW) count = i;
  }
  if (!count) return 0;
  const done = fewRows(count, n, x, places, 0, 0, 0, 0, -1, LOG + (r << 3), 0, 0, 1, y);
  if (y) putOwn(done, n, places, y);
  return done;
}

/** The softmax of a group with y, which may be x: then terms wait in `scratch`. Without y, PLACE and LOG. */
function group<T>(count: usize, n: usize, x: usize, y: usize, scratch: usize): void {
  const bytes = n * sizeof<T>();
  const few = sizeof<T>() != 8 && n <= FEW;
  // As in crossentropy.ts, so that a row does not depend on those beside it.
  let portion = count;
  for (let r: usize = 0; r < count; ) {
    const part = min(portion, count - r);
    let done: usize = few ? fewOfMaximum(part, n, x, y, r) : 0;
    const isLow = few && !done && load<u32>(PLACE + (r << 2)) >= IS_LOW;
    if (!done && (!few || part == 1 || isLow)) {
      done = 1;
      const terms = y == x ? scratch : y;
      const k = sumExpRow<T>(x, n, argmaxRow<T>(x, n), y != 0, terms, isLow);
      const u = rowU();
      if (y) {
        storeOne<T>(terms + k * sizeof<T>(), u == u ? rowUnit() : NaN);
        scaleRow<T>(terms, y, n, 1 / ((1 + u) * rowUnit()), NO_OFFSET);
      } else {
        store<u32>(PLACE + (r << 2), k);
        store<f64>(LOG + (r << 3), log1p<T>(u));
      }
    } else if (done < part) {
      portion = max<usize>(1, part >> 3);
    } else if (portion < count) {
      portion *= 2;
    }
    r += done;
    x += done * bytes;
    if (y) y += done * bytes;
  }
}

function hasNaN<T>(x: usize, n: usize): bool {
  for (let i: usize = 0; i < n; i++) {
    const v = loadOne<T>(x + i * sizeof<T>());
    if (v != v) return true;
  }
  return false;
}

/** lse of each row: −∞ without classes or with nothing but −∞, +∞ where a logit is, NaN where one is NaN. */
// @ts-ignore: decorator
@inline export function logSumExpRows<T>(rows: usize, n: usize, x: usize, lse: usize): void {
  for (let first: usize = 0; first < rows; first += GROUP) {
    const count = min(GROUP, rows - first);
    if (n) group<T>(count, n, x, 0, 0);
    for (let r: usize = 0; r < count; r++, x += n * sizeof<T>(), lse += 8) {
      let value = n ? loadOne<T>(x + <usize>load<u32>(PLACE + (r << 2)) * sizeof<T>()) : -Infinity;
      if (value - value == 0) value += load<f64>(LOG + (r << 3));
      else if (hasNaN<T>(x, n)) value = NaN;
      store<f64>(lse, value);
    }
  }
}

/** `y` may be `x`; then terms wait in `scratch`, while the logits may have to be read again. */
// @ts-ignore: decorator
@inline export function softmaxRows<T>(rows: usize, n: usize, x: usize, y: usize, scratch: usize): void {
  if (n == 0) return;
  const bytes = n * sizeof<T>();
  for (let r: usize = 0; r < rows; r += GROUP) {
    group<T>(min(GROUP, rows - r), n, x + r * bytes, y + r * bytes, scratch);
  }
}

// @ts-ignore: decorator
@inline export function logSoftmaxRows<T>(rows: usize, n: usize, x: usize, y: usize): void {
  if (n == 0) return;
  const size = sizeof<T>();
  const step = lanes<T>();
  for (let first: usize = 0; first < rows; first += GROUP) {
    const count = min(GROUP, rows - first);
    group<T>(count, n, x, 0, 0);
    for (let r: usize = 0; r < count; r++, x += n * size, y += n * size) {
      const mV = splat<T>(finiteOrNaN(loadOne<T>(x + <usize>load<u32>(PLACE + (r << 2)) * size)));
      const logS = splat<T>(load<f64>(LOG + (r << 3)));
      for (let i: usize = 0; i < n; i += step) {
        const v = sub<T>(sub<T>(v128.load(x + i * size), mV), logS);
        if (n - i < step) storeTail<T>(y + i * size, n - i, v);
        else v128.store(y + i * size, v);
      }
    }
  }
}
