import {
  BLOCK, add, eq, first, held, lanes, loadOne, loadTail, madd, mul, splat,
  storeOne, sub, sumLanes, tailOf,
} from "./lanes";
import { expScale, expScaledOnce } from "./exp";
import { FEW, GROUP, fewRows } from "./few";
import { NO_OFFSET, gradientCappedRow, gradientRow, roundedFactor, scaleRow, tooLarge } from "./gradient";
import { log, log1p } from "./log";
import { CAPPED, PLAIN, SCALED, belowPeak, inner, logitAt, modeOf } from "./logits";
import { ONE, oneRow } from "./one";
import { placeIsLow } from "./places";
import { plainRows } from "./plain";
import { fewProbabilities } from "./probabilities";
import {
  argmaxRow, expOne, finiteOrNaN, rowU, rowUnit, sumExpGeneralRow, sumExpRow,
} from "./logsumexp";
import { cappedChain, cappedPeak, cappedU, cappedUnit, sumExpCappedRow } from "./softcap";
import { tanhDerivative } from "./tanh";

// Softmax cross-entropy of rows, and its gradient. With z the logits after scale and cap, m = z_k, the target's or the
// largest, u = Σ_{j ≠ k} e^{zⱼ − m}, s = 1 + u, p = e^{z − m}/s, n classes, w their weights, ε the label smoothing, λ
// the z-loss and ε₁ the Poly-1 coefficient [Szegedy 2016; Chowdhery 2022; Leng 2022]:
//
//   t′ = (1 − ε)t + ε/n   a = w·t′   S = Σa   B = Σ a(m − z)   D = Σ t′p
//   loss = B + S·ln(1 + u) + ε₁(Σt′ − D)
//   dz   = p·[S + 2λ·lse + ε₁(D − t′)] − a
//
// Focal [Lin 2017]: with L = −ln p_y and r = 1 − p_y, w·r^γ·L in place of w·L, and w·r^γ·(1 + γ·p_y·L/r) in place of S
// and a.
//
// A class index y is t = e_y, of which only the terms that do not vanish are left. Products with a zero factor count as
// 0 even when the other one is ∞. The element where p and a nearly cancel, y for an index and k for probabilities, is
// formed in float64 from 1 − p_k = u/s, and with the same rounded factor as the others, so that the row sums to 0.

/** Options block: see OPTION in src/kernels/kernels.ts. Sums that a row needs go behind the options. */
// @ts-ignore: decorator
@inline const SCRATCH: usize = 72;

function product(a: f64, b: f64): f64 {
  return a == 0 && b == b ? 0 : a * b;
}

/** Whether γ is a whole number, for which a few products make the power. */
// @ts-ignore: decorator
@inline function wholeGamma(gamma: f64): bool {
  return gamma <= 8 && gamma == nearest<f64>(gamma);
}

/** r^γ, r in [0, 1] or NaN, γ > 0. */
function focalFactor(r: f64, gamma: f64): f64 {
  if (r == 0) return 0;
  return expOne<f64>(gamma * f64x2.extract_lane(log<f64>(f64x2.splat(min<f64>(r, 1))), 0));
}

/** d cap·tanh(factor·x)/dx over scale, of the element at p. */
// @ts-ignore: decorator
@inline function chainAt<T>(p: usize, factor: v128): f64 {
  return first<T>(tanhDerivative<T>(mul<T>(splat<T>(loadOne<T>(p)), factor)));
}

/**
 * B = Σ a(m − z), S = Σ a and T = Σ t′, stored as three float64 at `out`. Without t, t′ is 1 everywhere. `mode` is a
 * literal.
 */
// @ts-ignore: decorator
@inline function targetSumsBy<T>(
  x: usize, n: usize, m: f64, mode: i32, scale: f64, cap: f64, t: usize, w: usize, keep: f64, spread: f64, out: usize,
): void {
  const size = sizeof<T>();
  const step = lanes<T>();
  const factor = inner<T>(mode, scale, cap);
  const capV = splat<T>(cap);
  const mV = splat<T>(m);
  const zero = held<T>(0);
  const one = held<T>(1);
  const keepV = splat<T>(keep);
  const spreadV = splat<T>(spread);
  let bSum: f64 = 0;
  let sSum: f64 = 0;
  let tSum: f64 = 0;
  let i: usize = 0;
  if (mode == SCALED && t && !w) {
    // Probabilities without weights are what is usual: pairs of vectors, and nothing asked in the loop.
    const whole = n - n % (2 * step);
    while (i < whole) {
      let b0 = zero, b1 = zero, s0 = zero, s1 = zero;
      for (const stop = min(i + BLOCK * step, whole); i < stop; i += 2 * step) {
        const p = x + i * size;
        const t0 = madd<T>(v128.load(t + i * size), keepV, spreadV);
        const t1 = madd<T>(v128.load(t + i * size, 16), keepV, spreadV);
        const d0 = mul<T>(sub<T>(mV, v128.load(p)), factor);
        const d1 = mul<T>(sub<T>(mV, v128.load(p + step * size)), factor);
        b0 = add<T>(b0, v128.andnot(mul<T>(t0, d0), eq<T>(t0, zero)));
        b1 = add<T>(b1, v128.andnot(mul<T>(t1, d1), eq<T>(t1, zero)));
        s0 = add<T>(s0, t0);
        s1 = add<T>(s1, t1);
      }
      bSum += sumLanes<T>(add<T>(b0, b1));
      sSum += sumLanes<T>(add<T>(s0, s1));
    }
    tSum = sSum;
  }
  while (i < n) {
    let b = zero;
    let s = zero;
    let total = zero;
    for (const stop = min(i + BLOCK * step, n); i < stop; i += step) {
      const left = n - i;
      const tail = left < step;
      const xV = tail ? loadTail<T>(x + i * size, left, mV) : v128.load(x + i * size);
      let target = t ? madd<T>(v128.load(t + i * size), keepV, spreadV) : one;
      let a = w ? mul<T>(target, v128.load(w + i * size)) : target;
      if (tail) {
        target = tailOf<T>(target, left);
        a = tailOf<T>(a, left);
      }
      const d = belowPeak<T>(xV, mode, factor, capV, mV);
      b = sub<T>(b, v128.andnot(mul<T>(a, d), eq<T>(a, zero)));
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

function targetSums<T>(
  x: usize, n: usize, m: f64, scale: f64, t: usize, w: usize, keep: f64, spread: f64, out: usize,
): void {
  targetSumsBy<T>(x, n, m, SCALED, scale, 0, t, w, keep, spread, out);
}

function targetSumsCapped<T>(
  x: usize, n: usize, m: f64, scale: f64, cap: f64, t: usize, w: usize, keep: f64, spread: f64, out: usize,
): void {
  targetSumsBy<T>(x, n, m, CAPPED, scale, cap, t, w, keep, spread, out);
}

/** EXP_SCALE·Σ t′·e^{z − m}. */
function targetDot<T>(
  x: usize, n: usize, m: f64, mode: i32, scale: f64, cap: f64, t: usize, keep: f64, spread: f64,
): f64 {
  const size = sizeof<T>();
  const step = lanes<T>();
  const factor = inner<T>(mode, scale, cap);
  const capV = splat<T>(cap);
  const mV = splat<T>(m);
  let sum: f64 = 0;
  for (let i: usize = 0; i < n; i += step) {
    const left = n - i;
    const xV = v128.load(x + i * size);
    const e = expScaledOnce<T>(belowPeak<T>(xV, mode, factor, capV, mV));
    const product = mul<T>(e, madd<T>(v128.load(t + i * size), splat<T>(keep), splat<T>(spread)));
    sum += sumLanes<T>(left < step ? tailOf<T>(product, left) : product);
  }
  return sum;
}

/** Rows of one kernel call. Offsets as in src/kernels/kernels.ts. */
export function crossEntropyRows<T>(
  rows: usize, n: usize, x: usize, y: usize, t: usize, w: usize, options: usize, loss: usize, lse: usize,
  g: usize, dx: usize, scratch: usize,
): void {
  const epsilon = load<f64>(options, 0);
  const gamma = load<f64>(options, 56);
  const plain = sizeof<T>() != 8 && load<f64>(options, 8) == 1 && load<f64>(options, 16) == 0
    && load<f64>(options, 24) == 0;
  const short = plain && n <= FEW && n > 0;
  const soft = short && t && !w;
  const few = short && !t && (epsilon == 0 ? wholeGamma(gamma) : gamma == 0 && !w && n > 1);
  const many = plain && !t && n > FEW && gamma == 0 && (epsilon == 0 || !w);
  if (!soft && !few && !many) {
    generalRows<T>(rows, n, x, y, t, w, options, loss, lse, g, dx, scratch, false);
    return;
  }
  const lambda = load<f64>(options, 32);
  const ignored = <i32>load<f64>(options, 48);
  const upstream = load<f64>(options, 64);
  // Of few classes nothing of a group is done where a term is out of range: then in smaller portions.
  const most = soft ? min(rows, GROUP) : rows;
  let portion = most;
  for (let r: usize = 0; r < rows; ) {
    const count = min(portion, rows - r);
    let done = soft ? fewProbabilities(count, n, x, y, t, epsilon, lambda, ignored, loss, lse, g, upstream, dx)
      : many ? plainRows(count, n, x, y, w, epsilon, lambda, ignored, loss, lse, g, upstream, dx, scratch)
      : fewRows(count, n, x, y, w, epsilon, lambda, <i32>gamma, ignored, loss, lse, g, upstream, dx);
    if (!done && (many || count == 1 || (soft && placeIsLow(0)))) {
      done = 1;
      generalRows<T>(1, n, x, y, t, w, options, loss, lse, g, dx, scratch, true);
    } else if (!many && done < count) {
      portion = max<usize>(1, min(count, GROUP) >> 3);
    } else if (portion < most) {
      portion *= 2;
    }
    r += done;
    x += done * n * sizeof<T>();
    if (y) y += done * 4;
    if (t) t += done * n * sizeof<T>();
    loss += done * 8;
    if (lse) lse += done * 8;
    if (g) g += done * 8;
    if (dx) dx += done * n * sizeof<T>();
  }
}

/** The options that stand for none. */
const NO_OPTIONS: usize = memory.data<f64>([0, 1, 0, 0, 0, 0, -1, 0, 1], 16);

/** Whether one of the indices at y is outside of [0, n). */
function isOutside(rows: usize, n: usize, y: usize): bool {
  const last = i32x4.splat(<i32>n - 1);
  let signs = i32x4.splat(0);
  for (let left = <isize>rows; left > 0; left -= 4, y += 16) {
    const k = v128.load(y);
    const both = v128.or(k, i32x4.sub(last, k));
    signs = v128.or(signs, left < 4 ? tailOf<f32>(both, left) : both);
  }
  return i32x4.bitmask(signs) != 0;
}

/** Σ of the losses of rows, added as src/kernels/rowSum.ts says. */
function sumOfRows(rows: usize, loss: usize): f64 {
  let even = f64x2.splat(0), odd = even;
  let r: usize = 0;
  for (; r + 4 <= rows; r += 4, loss += 32) {
    even = f64x2.add(even, v128.load(loss));
    odd = f64x2.add(odd, v128.load(loss, 16));
  }
  let sum = sumLanes<f64>(f64x2.add(even, odd));
  for (; r < rows; r++, loss += 8) sum += load<f64>(loss);
  return sum;
}

/** Mean of the losses of rows with class indices, and its gradient: src/kernels/kernels.ts. */
export function meanOfRows(
  rows: usize, n: usize, x: usize, y: usize, options: usize, loss: usize, dx: usize, scratch: usize, wide: bool,
): f64 {
  if (isOutside(rows, n, y)) return -1;
  if (rows == 1 && n <= ONE && !wide && !options) {
    const value = oneRow(n, x, load<u32>(y), dx);
    if (value >= 0) {
      store<f64>(loss, value);
      return value;
    }
  }
  const by = <f64>rows;
  if (!options) {
    options = NO_OPTIONS;
    store<f64>(options, 1 / by, 64);
  }
  if (wide) crossEntropyRows<f64>(rows, n, x, y, 0, 0, options, loss, 0, 0, dx, scratch);
  else crossEntropyRows<f32>(rows, n, x, y, 0, 0, options, loss, 0, 0, dx, scratch);
  return sumOfRows(rows, loss) / by;
}

/** Rows with any options, one by one; with `tried` those that are out of range of the faster ways. */
function generalRows<T>(
  rows: usize, n: usize, x: usize, y: usize, t: usize, w: usize, options: usize, loss: usize, lse: usize,
  g: usize, dx: usize, scratch: usize, tried: bool,
): void {
  const size = sizeof<T>();
  const grad = dx != 0;
  const epsilon = load<f64>(options, 0);
  const scale = load<f64>(options, 8);
  const cap = load<f64>(options, 16);
  const poly = load<f64>(options, 24);
  const lambda = load<f64>(options, 32);
  const weightSum = load<f64>(options, 40);
  const ignored = <i32>load<f64>(options, 48);
  const gamma = load<f64>(options, 56);
  const keep = 1 - epsilon;
  const spread = epsilon / <f64>n;
  const mode = modeOf(scale, cap);
  const factor = inner<T>(mode, scale, cap);
  const capV = splat<T>(cap);
  const around = mode == PLAIN && !t; // around the target: logsumexp.ts
  for (let r: usize = 0; r < rows; r++) {
    const terms = dx == x ? scratch : dx;
    const target = y ? <usize>load<i32>(y) : 0;
    if (y && <i32>target == ignored) {
      store<f64>(loss, 0);
      if (lse) store<f64>(lse, 0);
      if (grad) memory.fill(dx, 0, n * size);
    } else {
      // The class that stays out of the sum, what the loops of options subtract, and lse − z_k = ln(1 + u).
      let k: usize;
      let peak: f64;
      let capped = false;
      if (around) {
        k = sumExpRow<T>(x, n, target, grad, terms, tried);
        peak = finiteOrNaN(loadOne<T>(x + k * size));
      } else if (mode == PLAIN) {
        k = sumExpRow<T>(x, n, argmaxRow<T>(x, n), grad, terms, false);
        peak = finiteOrNaN(loadOne<T>(x + k * size));
      } else if (mode == CAPPED && !t && epsilon == 0 && sumExpCappedRow<T>(x, n, target, scale, cap, grad, terms)) {
        k = target;
        peak = cappedPeak();
        capped = true;
      } else {
        k = argmaxRow<T>(x, n);
        peak = finiteOrNaN(
          mode == CAPPED ? logitAt<T>(x + k * size, CAPPED, factor, capV) : loadOne<T>(x + k * size),
        );
        sumExpGeneralRow<T>(x, n, k, peak, mode, scale, cap, grad, terms);
      }
      const u = capped ? cappedU() : rowU();
      let unit = capped ? cappedUnit() : rowUnit();
      const m = mode == CAPPED ? peak : scale * peak;
      // The element of the gradient formed in float64, its distance from z_k, its t′ and a.
      const special = t ? k : target;
      const gap = capped ? 0 : mode == CAPPED
        ? peak - logitAt<T>(x + special * size, CAPPED, factor, capV)
        : scale * (peak - loadOne<T>(x + special * size));
      const chain = capped ? cappedChain() : mode == CAPPED ? chainAt<T>(x + special * size, factor) : 1;
      const wSpecial = w ? loadOne<T>(w + special * size) : 1;
      let dot: f64 = 0;
      if (t || epsilon != 0) {
        const sums = options + SCRATCH;
        const kept = t ? keep : 0;
        const every = t ? spread : 1;
        if (mode == CAPPED) targetSumsCapped<T>(x, n, peak, scale, cap, t, w, kept, every, sums);
        else targetSums<T>(x, n, peak, scale, t, w, kept, every, sums);
        if (t && poly != 0) dot = targetDot<T>(x, n, peak, mode, scale, cap, t, keep, spread) / expScale<T>();
      }
      const s = 1 + u;
      const share = 1 / s;
      const logS = log1p<T>(u);
      const rowLse = m + logS;
      let p: f64 = 0;
      let rest: f64 = 0; // 1 − p
      if (grad || poly != 0 || gamma != 0) {
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
        tSpecial = keep * loadOne<T>(t + k * size) + spread;
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
        if (gamma != 0) {
          const factor = focalFactor(rest, gamma);
          value = product(factor, value);
          // L/(1 − p) tends to 1: nothing is divided by 0.
          S = product(factor, own * (1 + gamma * product(p, rest > 0 ? (gap + logS) / rest : 1)));
        }
      }
      store<f64>(loss, value);
      if (lse) store<f64>(lse, rowLse);

      if (grad) {
        const upstream = load<f64>(g ? g : options + 64);
        const zTerm = lambda != 0 ? 2 * lambda * rowLse : 0;
        // Poly-1 with an index: D − t′ is D − ε/n for all other classes.
        const P = S + zTerm + (poly != 0 ? poly * (t ? D : keep * p) : 0);
        let exact = upstream * P * scale * share / unit;
        if (mode == PLAIN && tooLarge<T>(exact)) {
          // Terms with a clamp are not that small.
          sumExpRow<T>(x, n, k, true, terms, true);
          unit = rowUnit();
          exact = upstream * P * scale * share / unit;
        }
        const at = dx + special * size;
        const rounded = roundedFactor<T>(exact);
        if (around && spread == 0 && poly == 0 && k == special) {
          storeOne<T>(terms + k * size, 0);
          scaleRow<T>(terms, dx, n, exact, NO_OFFSET);
          storeOne<T>(at, upstream * zTerm - rounded * (u * unit));
        } else {
          const G = exact != 0 && rounded != 0 ? upstream * (rounded / exact) : upstream;
          const q = t ? G * scale : G * scale * spread;
          // The term of k did not come with the others.
          if (mode != CAPPED) storeOne<T>(terms + k * size, u == u ? unit : NaN);
          const polyFactor = t ? G * poly * scale * share / unit : 0;
          if (mode == CAPPED && !capped) {
            gradientCappedRow<T>(x, n, peak, scale, cap, t, w, keep, spread, rounded, polyFactor, q, dx);
          } else if (t || (spread != 0 && w)) {
            gradientRow<T>(n, t, w, keep, spread, rounded, polyFactor, q, terms, dx);
          } else {
            scaleRow<T>(terms, dx, n, rounded, spread != 0 ? -q : NO_OFFSET);
          }
          const a = gamma != 0 ? S : wSpecial * tSpecial;
          const polyTerm = poly != 0 ? poly * (t ? D - tSpecial : -keep * rest) : 0;
          storeOne<T>(at, G * scale * chain * (S - a - S * rest + (zTerm + polyTerm) * p));
        }
      }
    }
    x += n * size;
    if (y) y += 4;
    if (t) t += n * size;
    loss += 8;
    if (lse) lse += 8;
    if (g) g += 8;
    if (grad) dx += n * size;
  }
}
