import {
  BLOCK, add, eq, held, lanes, loadTail, mul, pmax, splat, splatMax, storeTail, sub, sumLanes,
} from "./lanes";
import { expConstant, expFloor, expMagic, expScale, expScaled, exponent } from "./exp";
import { log1pOfTwo } from "./log";

// Entropy of softmax(z), z = scale·x. With d = z − m, m the largest, k its place, u = Σ_{j ≠ k} e^{dⱼ} and
// b = Σ dⱼ·e^{dⱼ}:
//
//   H = ln(1 + u) − b/(1 + u)          dz = −p(ln p + H) = p·(b/(1 + u) − d)
//
// Both terms of H are ≥ 0: nothing cancels, and a row that is nearly certain keeps its digits. Where several are the
// largest, all of them are left out of the sum and all but one counted: no place has to be sought. 0·(−∞) counts as 0:
// d is raised to where its exponential is 0.
//
// Two rows at a time, for the logarithm.

/** x's largest element in all lanes, u and b of the two rows. */
const PEAK: usize = memory.data(32, 16);
const SUMS: usize = memory.data(32, 16);

/** The largest of n elements in all lanes, NaN passed over; `none` is −∞. */
// @ts-ignore: decorator
@inline function largest<T>(x: usize, n: usize, none: v128): v128 {
  const size = sizeof<T>();
  const step = lanes<T>();
  let a = none;
  let b = none;
  let i: usize = 0;
  for (; i + 2 * step <= n; i += 2 * step) {
    a = pmax<T>(a, v128.load(x + i * size));
    b = pmax<T>(b, v128.load(x + (i + step) * size));
  }
  for (; i < n; i += step) {
    const left = n - i;
    a = pmax<T>(a, left < step ? loadTail<T>(x + i * size, left, none) : v128.load(x + i * size));
  }
  return splatMax<T>(pmax<T>(a, b));
}

// @ts-ignore: decorator
@inline export function entropyRows<T>(
  rows: usize, n: usize, x: usize, scale: f64, loss: usize, g: usize, dx: usize,
): void {
  const size = sizeof<T>();
  const step = lanes<T>();
  const factor = splat<T>(scale);
  const inverse = 1 / expScale<T>();
  const one = held<T>(1);
  const none = held<T>(-Infinity);
  const floor = held<T>(expFloor<T>(0));
  const magic = held<T>(expMagic<T>(0));
  const c0 = expConstant<T>(0), c1 = expConstant<T>(1), c2 = expConstant<T>(2), c3 = expConstant<T>(3);
  const c4 = expConstant<T>(4), c5 = expConstant<T>(5), c6 = expConstant<T>(6);
  for (let r: usize = 0; r < rows; r += 2) {
    const pair = min<usize>(2, rows - r);
    for (let k: usize = 0; k < pair; k++) {
      const from = x + (r + k) * n * size;
      const peak = largest<T>(from, n, none);
      v128.store(PEAK + (k << 4), peak);
      let u: f64 = 0;
      let b: f64 = 0;
      let ties: f64 = n == 0 ? NaN : 0;
      let i: usize = 0;
      while (i < n) {
        let sum = splat<T>(0);
        let dot = splat<T>(0);
        let tied = splat<T>(0);
        for (const stop = min(i + BLOCK * step, n); i < stop; i += step) {
          const left = n - i;
          const xV = left < step ? loadTail<T>(from + i * size, left, none) : v128.load(from + i * size);
          const d = pmax<T>(mul<T>(sub<T>(xV, peak), factor), floor);
          const e = expScaled<T>(d, exponent<T>(d, c0, magic), magic, c1, c2, c3, c4, c5, c6);
          const largest = eq<T>(xV, peak);
          sum = add<T>(sum, v128.andnot(e, largest));
          tied = add<T>(tied, v128.and(one, largest));
          dot = add<T>(dot, mul<T>(e, d));
        }
        u += sumLanes<T>(sum);
        b += sumLanes<T>(dot);
        ties += sumLanes<T>(tied);
      }
      store<f64>(SUMS + (k << 3), u * inverse + (ties - 1));
      store<f64>(SUMS + (k << 3), b * inverse, 16);
    }
    const u = v128.load(SUMS);
    const share = f64x2.div(f64x2.splat(1), f64x2.add(f64x2.splat(1), u));
    const mean = f64x2.mul(v128.load(SUMS, 16), share);
    const H = f64x2.sub(log1pOfTwo<T>(u), mean);
    if (pair == 2) v128.store(loss + (r << 3), H);
    else v128.store64_lane(loss + (r << 3), H, 0);
    if (!dx) continue;
    v128.store(SUMS, share);
    v128.store(SUMS, mean, 16);
    for (let k: usize = 0; k < pair; k++) {
      const from = x + (r + k) * n * size;
      const to = dx + (r + k) * n * size;
      const peak = v128.load(PEAK + (k << 4));
      const p = splat<T>(load<f64>(g + ((r + k) << 3)) * scale * inverse * load<f64>(SUMS + (k << 3)));
      const meanV = splat<T>(load<f64>(SUMS + (k << 3), 16));
      for (let i: usize = 0; i < n; i += step) {
        const left = n - i;
        const d = pmax<T>(mul<T>(sub<T>(v128.load(from + i * size), peak), factor), floor);
        const e = expScaled<T>(d, exponent<T>(d, c0, magic), magic, c1, c2, c3, c4, c5, c6);
        const v = mul<T>(mul<T>(p, e), sub<T>(meanV, d));
        if (left < step) storeTail<T>(to + i * size, left, v);
        else v128.store(to + i * size, v);
      }
    }
  }
}
