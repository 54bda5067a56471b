import { FEW, GROUP, putOwn } from "./few";
import { NO_OFFSET, scaleRow } from "./gradient";
import { lanes, loadOne, splat, storeOne, storeTail, sub } from "./lanes";
import { log1p } from "./log";
import { argmaxRow, finiteOrNaN, rowU, rowUnit, sumExpRow } from "./logsumexp";
import { LOG, PLACE, findPlaces, fewAroundPlaces, placeIsLow } from "./places";

// With m the maximum and s = Σ e^{xⱼ − m}: log-sum-exp m + ln s, softmax e^{xⱼ − m}/s, log-softmax (xⱼ − m) − ln s, in
// this order, so that logits of 1e20 stay exact. Rows of few classes go as those of the cross-entropy do, with the
// maximum for the target.

/** Of few classes PLACE and LOG from row r on, and with y the softmax. Returns how many rows it has done. */
function fewOfMaximum(count: usize, n: usize, x: usize, y: usize, r: usize): usize {
  count = findPlaces(count, n, x, r);
  if (!count) return 0;
  const done = fewAroundPlaces(count, n, x, r, y);
  if (y) putOwn(done, n, PLACE + (r << 2), y);
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
    const isLow = few && !done && placeIsLow(r);
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
