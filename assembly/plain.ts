import { roundedFactor, scaleRow, scaleTerms } from "./gradient";
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

/** u, z_k and ε/n·Σ (z_k − zⱼ) of the rows of a group. */
const U: usize = memory.data(<i32>GROUP * 8, 16);
const PEAK: usize = memory.data(<i32>GROUP * 8, 16);
const BELOW: usize = memory.data(<i32>GROUP * 8, 16);

/** Returns how many rows it has done: it stops before one that has something out of range. */
export function plainRows(
  rows: usize, n: usize, x: usize, y: usize, w: usize, epsilon: f64, lambda: f64, ignored: i32, loss: usize, lse: usize,
  g: usize, uniform: f64, dx: usize, scratch: usize,
): usize {
  const grad = dx != 0;
  const bytes = n << 2;
  const spread = epsilon / <f64>n;
  for (let group: usize = 0; group < rows; group += GROUP) {
    const count = min(GROUP, rows - group);
    let r: usize = 0;
    for (; r < count; r++) {
      const row = x + (group + r) * bytes;
      const to = dx + (group + r) * bytes;
      const k = load<i32>(y + ((group + r) << 2));
      if (k == ignored) {
        store<f64>(U + (r << 3), 0);
        store<f64>(PEAK + (r << 3), 0);
        store<f64>(BELOW + (r << 3), 0);
        if (grad) memory.fill(to, 0, bytes);
        continue;
      }
      const terms = dx == x ? scratch : to;
      const peak = loadOne<f32>(row + (k << 2));
      if (!sumExpRowAround<f32>(row, n, k, grad, terms)) break;
      const u = rowU();
      const below = epsilon != 0 ? spread * (<f64>n * peak - sumRow(row, n)) : 0;
      if (grad) {
        const upstream = g ? load<f64>(g + ((group + r) << 3)) : uniform;
        const zTerm = lambda != 0 ? 2 * lambda * (peak + log1p<f32>(u)) : 0;
        const weight = w ? loadOne<f32>(w + (k << 2)) : 1;
        const exact = upstream * (weight + zTerm) / ((1 + u) * rowUnit());
        if (epsilon != 0) {
          const rounded = roundedFactor<f32>(exact);
          const G = exact != 0 && rounded != 0 ? upstream * (rounded / exact) : upstream;
          scaleRow<f32>(terms, to, n, rounded, G * spread);
          storeOne<f32>(to + (k << 2), G * (epsilon - spread + (zTerm - u) / (1 + u)));
        } else {
          // Minus the sum of the others as they were rounded: the row sums to what it should.
          storeOne<f32>(terms + (k << 2), 0);
          storeOne<f32>(to + (k << 2), upstream * zTerm - scaleTerms<f32>(terms, to, n, exact));
        }
      }
      store<f64>(U + (r << 3), u);
      store<f64>(PEAK + (r << 3), peak);
      store<f64>(BELOW + (r << 3), below);
    }
    for (let i: usize = 0; i < r; i += 2) {
      const at = (group + i) << 3;
      const logs = log1pOfTwo<f32>(v128.load(U + (i << 3)));
      for (let half: usize = 0; half < min<usize>(2, r - i); half++) {
        const k = load<i32>(y + ((group + i + half) << 2));
        const logS = half ? f64x2.extract_lane(logs, 1) : f64x2.extract_lane(logs, 0);
        // A weight of 0 takes nothing that is infinite here.
        const value = w && k != ignored ? loadOne<f32>(w + (k << 2)) * logS : logS;
        store<f64>(loss + at + (half << 3), value + load<f64>(BELOW + ((i + half) << 3)));
        if (lse) store<f64>(lse + at + (half << 3), load<f64>(PEAK + ((i + half) << 3)) + logS);
      }
    }
    if (r < count) return group + r;
  }
  return rows;
}
