import { eq, first, mul, splat, sub } from "./lanes";
import { tanh } from "./tanh";

// z, what the softmax is taken of: the logit x itself, scale·x, or cap·tanh(scale·x/cap). `mode` is a literal in the
// fast paths and a number that stays the same over the whole loop in the others.

// @ts-ignore: decorator
@inline export const PLAIN: i32 = 0;
// @ts-ignore: decorator
@inline export const SCALED: i32 = 1;
// @ts-ignore: decorator
@inline export const CAPPED: i32 = 2;

// @ts-ignore: decorator
@inline export function modeOf(scale: f64, cap: f64): i32 {
  return cap != 0 ? CAPPED : scale != 1 ? SCALED : PLAIN;
}

/**
 * What x is multiplied by first: scale, or scale/cap.
 *
 * A logit of −∞ is a class that takes no part, and the cap leaves it there: cap·tanh(−∞) = −cap would bring it back.
 */
// @ts-ignore: decorator
@inline export function inner<T>(mode: i32, scale: f64, cap: f64): v128 {
  return splat<T>(mode == CAPPED ? scale / cap : scale);
}

// @ts-ignore: decorator
@inline export function logits<T>(x: v128, mode: i32, factor: v128, cap: v128): v128 {
  if (mode == PLAIN) return x;
  const v = mul<T>(x, factor);
  if (mode == SCALED) return v;
  const none = splat<T>(-Infinity);
  return v128.bitselect(none, mul<T>(cap, tanh<T>(v)), eq<T>(x, none));
}

/**
 * z − max z. `peak` is the maximum's x where z is x or scale·x, so that the difference is taken before the scale rounds
 * it, and its z under a cap.
 */
// @ts-ignore: decorator
@inline export function belowPeak<T>(x: v128, mode: i32, factor: v128, cap: v128, peak: v128): v128 {
  if (mode == SCALED) return mul<T>(sub<T>(x, peak), factor);
  return sub<T>(logits<T>(x, mode, factor, cap), peak);
}

/** z of the element at p, rounded as in the vector loops. */
// @ts-ignore: decorator
@inline export function logitAt<T>(p: usize, mode: i32, factor: v128, cap: v128): f64 {
  return first<T>(logits<T>(splat<T>(first<T>(v128.load(p))), mode, factor, cap));
}
