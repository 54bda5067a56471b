/** Numbers for people, the same in the terminal and in the report. */

/** Keeps a number and its unit on one line. */
const NO_BREAK_SPACE = "\u00a0";

const COUNT = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** 61234.5 → "61,235". */
export function count(value: number): string {
  return COUNT.format(value);
}

/** 0.98061 → "98.06 %". */
export function percent(share: number, digits = 2): string {
  return `${(100 * share).toFixed(digits)}${NO_BREAK_SPACE}%`;
}

/** A loss in nats, without its unit. */
export function nats(loss: number): string {
  return loss.toFixed(4);
}

/** Milliseconds → "1.23 µs", "4.56 ms" or "78.9 s". */
export function duration(milliseconds: number): string {
  if (milliseconds < 1) return `${(1000 * milliseconds).toPrecision(3)}${NO_BREAK_SPACE}µs`;
  if (milliseconds < 1000) return `${milliseconds.toPrecision(3)}${NO_BREAK_SPACE}ms`;
  return `${(milliseconds / 1000).toFixed(1)}${NO_BREAK_SPACE}s`;
}
