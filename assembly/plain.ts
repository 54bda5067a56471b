import { NO_OFFSET, inTwoParts, roundedFactor, scaleBefore, scaleRow, setBefore } from "./gradient";
import { loadOne, storeOne } from "./lanes";
import { log1p, log1pOfTwo } from "./log";
import { rowU, rowUnit, sumExpRowAround, sumRow } from "./logsumexp";

// Rows of float32 logits with index targets and the options that nearly every call has: ignored rows, the z-loss, class
// weights or label smoothing. Around the target; the logarithms of two rows in one vector, after those of a whole group
// have been summed: a processor would wait for each of them at the end of its row.
//
// Formulas and names as in crossentropy.ts, k the target. Without class weights Σa is 1, smoothing or not.

/** Rows of which the logarithms are taken together. */
// @ts-ignore: decorator
@inline const GROUP: usize = 16;

/** u, then ln(1 + u), z_k and ε/n·Σ (z_k − zⱼ) of the rows of a group. */
const U: usize = memory.data(<i32>GROUP * 8, 16);
const PEAK: usize = memory.data(<i32>GROUP * 8, 16);
const BELOW: usize = memory.data(<i32>GROUP * 8, 16);

/** Bytes of a row's terms and what vectors reach over: half of scratchElements of src/kernels/kernels.ts. */
// @ts-ignore: decorator
@inline function scratchBytes(n: usize): usize {
  return (n + 4) << 2;
}

/** Returns how many rows it has done: it stops before one that has something out of range. */
export function plainRows(
  rows: usize, n: usize, x: usize, y: usize, w: usize, epsilon: f64, lambda: f64, ignored: i32, loss: usize, lse: usize,
  g: usize, uniform: f64, dx: usize, scratch: usize,
): usize {
  const grad = dx != 0;
  const bytes = n << 2;
  const apart = scratchBytes(n);
  let room: usize = 0;
  const smooth = epsilon != 0;
  const spread = epsilon / <f64>n;
  // The row whose terms are still to be scaled: where they are and where they go; its target there, and its gradient.
  let waiting: usize = 0, waitingTo: usize = 0, waitingAt: usize = 0;
  let waitingOwn: f64 = 0;
  for (let group: usize = 0; group < rows; group += GROUP) {
    const count = min(GROUP, rows - group);
    let r: usize = 0;
    for (; r < count; r++) {
      const row = x + (group + r) * bytes;
      const to = dx + (group + r) * bytes;
      const k = load<i32>(y + ((group + r) << 2));
      let u: f64 = 0, peak: f64 = 0, below: f64 = 0;
      if (k == ignored) {
        if (grad) memory.fill(to, 0, bytes);
      } else {
        const terms = dx == x ? scratch + room : to;
        peak = loadOne<f32>(row + (k << 2));
        const within = sumExpRowAround<f32>(row, n, k, grad, terms, waiting, waitingTo);
        if (waiting) storeOne<f32>(waitingAt, waitingOwn);
        waiting = 0;
        if (!within) break;
        u = rowU();
        if (smooth) below = spread * (<f64>n * peak - sumRow(row, n));
        if (grad) {
          const upstream = g ? load<f64>(g + ((group + r) << 3)) : uniform;
          const zTerm = lambda != 0 ? 2 * lambda * (peak + log1p<f32>(u)) : 0;
          const weight = w ? loadOne<f32>(w + (k << 2)) : 1;
          const exact = upstream * (weight + zTerm) / ((1 + u) * rowUnit());
          const rounded = roundedFactor<f32>(exact);
          let q = NO_OFFSET;
          waitingOwn = upstream * zTerm - rounded * (u * rowUnit());
          if (smooth) {
            const G = exact != 0 && rounded != 0 ? upstream * (rounded / exact) : upstream;
            q = -G * spread;
            waitingOwn = G * (epsilon - spread + (zTerm - u) / (1 + u));
          }
          storeOne<f32>(terms + (k << 2), 0);
          waitingAt = to + (k << 2);
          if (inTwoParts(exact)) {
            scaleRow<f32>(terms, to, n, exact, q);
            storeOne<f32>(waitingAt, waitingOwn);
          } else {
            setBefore(exact, q);
            waiting = terms;
            waitingTo = to;
            room ^= apart;
          }
        }
      }
      store<f64>(U + (r << 3), u);
      store<f64>(PEAK + (r << 3), peak);
      store<f64>(BELOW + (r << 3), below);
    }
    for (let i: usize = 0; i < r; i += 2) v128.store(U + (i << 3), log1pOfTwo<f32>(v128.load(U + (i << 3))));
    for (let i: usize = 0; i < r; i++) {
      const at = (group + i) << 3;
      const k = load<i32>(y + ((group + i) << 2));
      const logS = load<f64>(U + (i << 3));
      // A weight of 0 takes nothing that is infinite here.
      const value = w && k != ignored ? loadOne<f32>(w + (k << 2)) * logS : logS;
      store<f64>(loss + at, value + load<f64>(BELOW + (i << 3)));
      if (lse) store<f64>(lse + at, load<f64>(PEAK + (i << 3)) + logS);
    }
    if (r < count) return group + r;
  }
  if (waiting) {
    scaleBefore(waiting, waitingTo, n);
    storeOne<f32>(waitingAt, waitingOwn);
  }
  return rows;
}
