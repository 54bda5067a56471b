import {
  expAny, expOfNegative, expScale, expScaledOnce, hotArgument, hotTermOf, hotUnit, nearConstant, nearMagic,
  nearMantissa, nearMost, nearSize, negativeConstant, plusMagic,
} from "./exp";
import { log, log1p, log1pUnit, logOfRatio } from "./log";
import { CHAINS, POWERS, nearBlockWithChains, setCoefficients } from "./softcap";
import { tanh } from "./tanh";

// The elementary functions over arrays, for scripts/accuracy.mjs to measure. Not part of the release binaries.

export function base(): usize {
  return __heap_base;
}

export function exp_f32(n: usize, x: usize, y: usize): void {
  const factor = f64x2.splat(1 / expScale<f32>());
  // The scale is divided out in float64, as the rows do it.
  for (let i: usize = 0; i < n; i += 2) {
    const e = expScaledOnce<f32>(v128.load64_zero(x + (i << 2)));
    v128.store(y + (i << 3), f64x2.mul(f64x2.promote_low_f32x4(e), factor));
  }
}

/** Of the hot loops; x within ±22. */
export function expHot_f32(n: usize, x: usize, y: usize): void {
  const factor = f64x2.splat(1 / hotUnit(0));
  for (let i: usize = 0; i < n; i += 2) {
    const e = hotTermOf(v128.load64_zero(x + (i << 2)), 0);
    v128.store(y + (i << 3), f64x2.mul(f64x2.promote_low_f32x4(e), factor));
  }
}

/** Of binary blocks. */
export function expNegative_f32(n: usize, x: usize, y: usize): void {
  for (let i: usize = 0; i < n; i += 2) {
    const e = expOfNegative(
      v128.load64_zero(x + (i << 2)), negativeConstant(0), negativeConstant(1), negativeConstant(2),
      negativeConstant(3), negativeConstant(4), negativeConstant(5), negativeConstant(6), negativeConstant(7),
      negativeConstant(8),
    );
    v128.store(y + (i << 3), f64x2.promote_low_f32x4(e));
  }
}

/** Of binary blocks without a gradient. */
export function expNear_f32(n: usize, x: usize, y: usize): void {
  const sign = f32x4.splat(-0.0);
  for (let i: usize = 0; i < n; i += 2) {
    const t = hotArgument(nearSize(v128.load64_zero(x + (i << 2)), sign, nearMost()), nearConstant(0));
    const z = plusMagic(t, nearConstant(0), nearMagic());
    const p = nearMantissa(
      t, z, nearMagic(), nearConstant(1), nearConstant(2), nearConstant(3), nearConstant(4), nearConstant(5),
      nearConstant(6),
    );
    v128.store(y + (i << 3), f64x2.promote_low_f32x4(i32x4.sub(p, i32x4.shl(z, 23))));
  }
}

/** Of single elements. */
export function expAny_f32(n: usize, x: usize, y: usize): void {
  for (let i: usize = 0; i < n; i += 2) {
    v128.store(y + (i << 3), f64x2.promote_low_f32x4(expAny<f32>(v128.load64_zero(x + (i << 2)))));
  }
}

export function expAny_f64(n: usize, x: usize, y: usize): void {
  for (let i: usize = 0; i < n; i += 2) v128.store(y + (i << 3), expAny<f64>(v128.load(x + (i << 3))));
}

export function log_f32(n: usize, x: usize, y: usize): void {
  for (let i: usize = 0; i < n; i += 2) {
    v128.store(y + (i << 3), f64x2.promote_low_f32x4(log<f32>(v128.load64_zero(x + (i << 2)))));
  }
}

export function log_f64(n: usize, x: usize, y: usize): void {
  for (let i: usize = 0; i < n; i += 2) v128.store(y + (i << 3), log<f64>(v128.load(x + (i << 3))));
}

/** Of rows of few classes. */
export function logOfRatio_f32(n: usize, x: usize, y: usize): void {
  const one = f32x4.splat(1);
  for (let i: usize = 0; i < n; i += 2) {
    const u = v128.load64_zero(x + (i << 2));
    v128.store(y + (i << 3), f64x2.promote_low_f32x4(logOfRatio(f32x4.add(one, u), one, u)));
  }
}

export function exp_f64(n: usize, x: usize, y: usize): void {
  for (let i: usize = 0; i < n; i += 2) v128.store(y + (i << 3), expScaledOnce<f64>(v128.load(x + (i << 3))));
}

export function tanh_f32(n: usize, x: usize, y: usize): void {
  for (let i: usize = 0; i < n; i += 2) {
    v128.store(y + (i << 3), f64x2.promote_low_f32x4(tanh<f32>(v128.load64_zero(x + (i << 2)))));
  }
}

export function tanh_f64(n: usize, x: usize, y: usize): void {
  for (let i: usize = 0; i < n; i += 2) v128.store(y + (i << 3), tanh<f64>(v128.load(x + (i << 3))));
}

// @ts-ignore: decorator
@inline const CAP: f64 = 30;

/** What a soft cap makes of |x| ≤ CAP: t, or 1 − tanh²v. */
// @ts-ignore: decorator
@inline function capped(n: usize, x: usize, y: usize, slope: bool): void {
  const unit = <f32>(CAP * 1.44269504088896341);
  const square = unit * unit;
  const ratio: f64 = 1 / CAP;
  setCoefficients(unit, ratio, ratio * ratio);
  for (let i: usize = 0; i < n; i += 4) {
    if (!nearBlockWithChains(min(n - i, 4), x + (i << 2), <f32>(CAP * CAP), square)) unreachable();
    for (let j: usize = i; j < min(i + 4, n); j++) {
      const at = (j - i) << 2;
      store<f64>(y + (j << 3), slope ? <f64>load<f32>(CHAINS + at) / <f64>square : <f64>load<f32>(POWERS + at));
    }
  }
}

export function cappedPower_f32(n: usize, x: usize, y: usize): void {
  capped(n, x, y, false);
}

export function cappedSlope_f32(n: usize, x: usize, y: usize): void {
  capped(n, x, y, true);
}

export function log1pUnit_f32(n: usize, x: usize, y: usize): void {
  for (let i: usize = 0; i < n; i += 2) {
    v128.store(y + (i << 3), f64x2.promote_low_f32x4(log1pUnit<f32>(v128.load64_zero(x + (i << 2)))));
  }
}

export function log1pUnit_f64(n: usize, x: usize, y: usize): void {
  for (let i: usize = 0; i < n; i += 2) v128.store(y + (i << 3), log1pUnit<f64>(v128.load(x + (i << 3))));
}

export function log1pRow_f32(n: usize, x: usize, y: usize): void {
  for (let i: usize = 0; i < n; i++) store<f64>(y + (i << 3), log1p<f32>(load<f64>(x + (i << 3))));
}

export function log1pRow_f64(n: usize, x: usize, y: usize): void {
  for (let i: usize = 0; i < n; i++) store<f64>(y + (i << 3), log1p<f64>(load<f64>(x + (i << 3))));
}
