export type Numbers = ArrayLike<number>;

export interface Bound {
  /** Allowed |got − want| / |want|. */
  rel?: number;
  /** Allowed |got − want|, for all elements or one by one; added to the relative part. */
  abs?: number | Numbers;
}

/**
 * Throws unless every |got − want| ≤ abs + rel·|want|. NaN equals NaN, and infinities must be equal.
 * The message names the worst element: index, got, want, error and bound.
 */
export function near(got: number | Numbers, want: number | Numbers, { rel = 0, abs = 0 }: Bound, what = "value"): void {
  const a = typeof got === "number" ? [got] : got;
  const b = typeof want === "number" ? [want] : want;
  if (a.length !== b.length) throw new Error(`${what}: got ${a.length} elements, want ${b.length}`);
  let worst = "";
  let worstExcess = 0;
  let failures = 0;
  for (let i = 0; i < b.length; i++) {
    if (Object.is(a[i], b[i]) || a[i] === b[i]) continue;
    const error = Math.abs(a[i] - b[i]);
    const bound = (typeof abs === "number" ? abs : abs[i]) + rel * Math.abs(b[i]);
    if (Number.isFinite(b[i]) && error <= bound) continue;
    failures++;
    const excess = Number.isFinite(error) ? error / bound : Infinity;
    if (worst !== "" && excess <= worstExcess) continue;
    worstExcess = excess;
    worst = `index ${i}: got ${a[i]}, want ${b[i]}, error ${error.toPrecision(4)}, bound ${bound.toPrecision(4)}`;
  }
  if (failures > 0) throw new Error(`${what}: ${failures} of ${b.length} too far; worst at ${worst}`);
}

/** Throws unless both arrays hold the same numbers to the bit, NaN and the sign of 0 included. */
export function identical(got: Numbers, want: Numbers, what = "value"): void {
  if (got.length !== want.length) throw new Error(`${what}: got ${got.length} elements, want ${want.length}`);
  for (let i = 0; i < want.length; i++) {
    if (!Object.is(got[i], want[i])) throw new Error(`${what}: index ${i}: got ${got[i]}, want ${want[i]}`);
  }
}
