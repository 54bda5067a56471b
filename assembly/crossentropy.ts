import {
  BLOCK, add, computeSize, first, lanes, loadCompute, loadLanes, loadOne, loadTail, madd, mul, mulZero, splat, storeOne,
  sub, sumLanes, tailOf,
} from "./lanes";
import { expConstant, expScale, expScaledOnce } from "./exp";
import { log1p } from "./log";
import { CAPPED, PLAIN, belowPeak, inner, logitAt, modeOf } from "./logits";
import {
  FEW, argmaxRow, expOne, finiteOrNaN, isCertain, maxOfFew, sumExpGeneralRow, sumExpOfCertainRow, sumExpOfFew,
  sumExpRow, sumExpStoreRow,
} from "./logsumexp";
import { gradientRow, scaleOfFew, scaleRow } from "./gradient";
import { tanhDerivative } from "./tanh";

// Softmax cross-entropy of rows, and its gradient. With z the logits after scale and cap, m = max z at k,
// u = Σ_{j ≠ k} e^{zⱼ − m}, s = 1 + u, p = e^{z − m}/s, n classes, w their weights, ε the label smoothing, λ the z-loss
// and ε₁ the Poly-1 coefficient [Szegedy 2016; Chowdhery 2022; Leng 2022]:
//
//   t′ = (1 − ε)t + ε/n   a = w·t′   S = Σa   B = Σ a(m − z)   D = Σ t′p
//   loss = B + S·ln(1 + u) + ε₁(Σt′ − D)
//   dz   = p·[S + 2λ·lse + ε₁(D − t′)] − a
//
// A class index y is t = e_y, of which only the terms that do not vanish are left. Products with a zero factor count as
// 0 even when the other one is ∞. The element where p and a nearly cancel, y for an index and k for probabilities, is
// formed in float64 from 1 − p_k = u/s, and with the same rounded factor as the others, so that the row sums to 0.

/** Options block: see OPTION in src/kernels/kernels.ts. Sums that a row needs go behind the options. */
// @ts-ignore: decorator
@inline const SCRATCH: usize = 56;

// @ts-ignore: decorator
@inline function product(a: f64, b: f64): f64 {
  return a == 0 && b == b ? 0 : a * b;
}

/** d cap·tanh(factor·x)/dx over scale, of the element at p. */
// @ts-ignore: decorator
@inline function chainAt<T>(p: usize, factor: v128): f64 {
  return first<T>(tanhDerivative<T>(mul<T>(splat<T>(loadOne<T>(p)), factor)));
}

/**
 * B = Σ a(m − z), S = Σ a and T = Σ t′, stored as three float64 at `out`. Without t, t′ is 1 everywhere.
 */
function targetSums<T>(
  x: usize, n: usize, m: f64, mode: i32, scale: f64, cap: f64, t: usize, w: usize, keep: f64, spread: f64, out: usize,
): void {
  const size = computeSize<T>();
  const step = lanes<T>();
  const factor = inner<T>(mode, scale, cap);
  const capV = splat<T>(cap);
  const mV = splat<T>(m);
  const zero = splat<T>(0);
  let bSum: f64 = 0;
  let sSum: f64 = 0;
  let tSum: f64 = 0;
  let i: usize = 0;
  while (i < n) {
    let b = zero;
    let s = zero;
    let total = zero;
    for (const stop = min(i + BLOCK * step, n); i < stop; i += step) {
      const left = n - i;
      const tail = left < step;
      const xV = tail ? loadTail<T>(x + i * sizeof<T>(), left, mV) : loadLanes<T>(x + i * sizeof<T>());
      let target = t ? madd<T>(v128.load(t + i * size), splat<T>(keep), splat<T>(spread)) : splat<T>(1);
      let a = w ? mul<T>(target, v128.load(w + i * size)) : target;
      if (tail) {
        target = tailOf<T>(target, left);
        a = tailOf<T>(a, left);
      }
      b = sub<T>(b, mulZero<T>(a, belowPeak<T>(xV, mode, factor, capV, mV)));
      s = add<T>(s, a);
      total = add<T>(total, target);
    }
    bSum += sumLanes<T>(b);
    sSum += sumLanes<T>(s);
    tSum += sumLanes<T>(total);
  }
  store<f64>(out, bSum, 0);
  store<f64>(out, sSum, 8);
  store<f64>(out, tSum, 16);
}

/** EXP_SCALE·Σ t′·e^{z − m}. */
function targetDot<T>(
  x: usize, n: usize, m: f64, mode: i32, scale: f64, cap: f64, t: usize, keep: f64, spread: f64,
): f64 {
  const size = computeSize<T>();
  const step = lanes<T>();
  const factor = inner<T>(mode, scale, cap);
  const capV = splat<T>(cap);
  const mV = splat<T>(m);
  let sum: f64 = 0;
  for (let i: usize = 0; i < n; i += step) {
    const left = n - i;
    const xV = loadLanes<T>(x + i * sizeof<T>());
    const e = expScaledOnce<T>(belowPeak<T>(xV, mode, factor, capV, mV));
    const product = mul<T>(e, madd<T>(v128.load(t + i * size), splat<T>(keep), splat<T>(spread)));
    sum += sumLanes<T>(left < step ? tailOf<T>(product, left) : product);
  }
  return sum;
}

/**
 * Rows of one kernel call; `grad` is a literal. Offsets as in src/kernels/kernels.ts.
 */
// @ts-ignore: decorator
@inline export function crossEntropyRows<T>(
  rows: usize, n: usize, x: usize, y: usize, t: usize, w: usize, options: usize, loss: usize, lse: usize,
  g: usize, dx: usize, grad: bool,
): void {
  const size = computeSize<T>();
  const epsilon = load<f64>(options, 0);
  const scale = load<f64>(options, 8);
  const cap = load<f64>(options, 16);
  const poly = load<f64>(options, 24);
  const lambda = load<f64>(options, 32);
  const weightSum = load<f64>(options, 40);
  const ignored = <i32>load<f64>(options, 48);
  const keep = 1 - epsilon;
  const spread = epsilon / <f64>n;
  const mode = modeOf(scale, cap);
  const factor = inner<T>(mode, scale, cap);
  const capV = splat<T>(cap);
  const plain = mode == PLAIN;
  const few = mode != CAPPED && !t && epsilon == 0 && n <= FEW;
  // Then the gradient of the target is minus the sum of the others.
  const alone = few && lambda == 0 && poly == 0;
  const c0 = expConstant<T>(0), c1 = expConstant<T>(1), c2 = expConstant<T>(2), c3 = expConstant<T>(3);
  const c4 = expConstant<T>(4), c5 = expConstant<T>(5), c6 = expConstant<T>(6), c7 = expConstant<T>(7);
  const c8 = expConstant<T>(8), c9 = expConstant<T>(9);

  for (let r: usize = 0; r < rows; r++) {
    const target = y ? <usize>load<i32>(y) : 0;
    if (y && <i32>target == ignored) {
      store<f64>(loss, 0);
      if (lse) store<f64>(lse, 0);
      if (grad) memory.fill(dx, 0, n * size);
    } else {
      // k is the place of the maximum, where it is needed.
      const k = few ? <usize>0 : argmaxRow<T>(x, n);
      // What the vector loops subtract, and the maximum of z itself.
      const peak = finiteOrNaN(
        few ? maxOfFew<T>(x, n) : mode == CAPPED ? logitAt<T>(x + k * sizeof<T>(), CAPPED, factor, capV)
          : loadOne<T>(x + k * sizeof<T>()),
      );
      const m = mode == CAPPED ? peak : scale * peak;
      // The element of the gradient formed in float64, its distance from the maximum, its t′ and a.
      const special = t ? k : target;
      const gap = mode == CAPPED
        ? peak - logitAt<T>(x + special * sizeof<T>(), CAPPED, factor, capV)
        : scale * (peak - loadOne<T>(x + special * sizeof<T>()));
      const chain = mode == CAPPED ? chainAt<T>(x + special * sizeof<T>(), factor) : 1;
      const wSpecial = w ? loadCompute<T>(w + special * size) : 1;
      let dot: f64 = 0;
      if (t || epsilon != 0) {
        targetSums<T>(x, n, peak, mode, scale, cap, t, w, t ? keep : 0, t ? spread : 1, options + SCRATCH);
        if (t && poly != 0) dot = targetDot<T>(x, n, peak, mode, scale, cap, t, keep, spread) / expScale<T>();
      }
      let scaled: f64;
      if (sizeof<T>() != 8 && mode != CAPPED && isCertain<T>(x, n, peak, scale)) {
        scaled = sumExpOfCertainRow<T>(x, n, peak, scale, grad, dx);
      } else if (few) scaled = sumExpOfFew<T>(x, n, peak, factor, grad, dx, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9);
      else if (!plain) scaled = sumExpGeneralRow<T>(x, n, k, peak, mode, scale, cap, grad && mode != CAPPED, dx);
      else scaled = grad ? sumExpStoreRow<T>(x, n, k, peak, dx) : sumExpRow<T>(x, n, k, peak);
      const u = scaled * (1 / expScale<T>());
      const s = 1 + u;
      const share = 1 / s;
      const logS = log1p<T>(u);
      const rowLse = m + logS;
      let p: f64 = 0;
      let rest: f64 = 0; // 1 − p
      if ((grad && !alone) || poly != 0) {
        const e = gap == 0 ? 1 : expOne<T>(-gap);
        p = e * share;
        rest = (gap == 0 ? u : s - e) * share;
      }

      let S: f64, D: f64, tSpecial: f64, value: f64;
      if (t) {
        const B = load<f64>(options + SCRATCH, 0);
        const T1 = load<f64>(options + SCRATCH, 16);
        S = load<f64>(options + SCRATCH, 8);
        D = dot * share;
        tSpecial = keep * loadCompute<T>(t + k * size) + spread;
        value = B + product(S, logS) + poly * (T1 - D);
      } else {
        const own = product(keep, wSpecial);
        S = own;
        value = product(own, gap + logS);
        if (epsilon != 0) {
          S += spread * weightSum;
          value += spread * (load<f64>(options + SCRATCH, 0) + product(weightSum, logS));
        }
        D = spread + keep * p;
        tSpecial = keep + spread;
        if (poly != 0) value += poly * (keep * rest + spread * <f64>(n - 1));
      }
      store<f64>(loss, value);
      if (lse) store<f64>(lse, rowLse);

      if (grad) {
        const upstream = load<f64>(g);
        const zTerm = lambda != 0 ? 2 * lambda * rowLse : 0;
        // Poly-1 with an index: D − t′ is D − ε/n for all other classes.
        const P = S + zTerm + (poly != 0 ? poly * (t ? D : keep * p) : 0);
        const exact = upstream * P * scale * share * (1 / expScale<T>());
        const rounded = first<T>(splat<T>(exact));
        const at = dx + special * size;
        if (alone) {
          // Minus the others as they were rounded, so that the row sums to 0; NaN where the row has no softmax.
          storeOne<T>(at, m - m - scaleOfFew<T>(dx, n, rounded, special));
        } else {
          const G = exact != 0 && rounded != 0 ? upstream * (rounded / exact) : upstream;
          const q = t ? G * scale : G * scale * spread;
          if (mode == CAPPED || t || spread != 0) {
            const polyFactor = t ? G * poly * scale * share * (1 / expScale<T>()) : 0;
            gradientRow<T>(x, n, peak, mode, scale, cap, t, w, keep, spread, rounded, polyFactor, q, dx);
          } else {
            scaleRow<T>(dx, n, rounded);
          }
          const a = wSpecial * tSpecial;
          const polyTerm = poly != 0 ? poly * (t ? D - tSpecial : -keep * rest) : 0;
          storeOne<T>(at, G * scale * chain * (S - a - S * rest + (zTerm + polyTerm) * p));
        }
      }
    }
    x += n * sizeof<T>();
    if (y) y += 4;
    if (t) t += n * size;
    loss += 8;
    if (lse) lse += 8;
    if (grad) {
      g += 8;
      dx += n * size;
    }
  }
}
