/** Staking a share of the wealth, again and again (Kelly, A New Interpretation of Information Rate, 1956). */
import { rangeError } from "../input/errors.js";
import { knownOptions } from "../input/options.js";
import { type BaseOptions, requiredNumber, unitOf } from "./arguments.js";

export interface OddsOptions {
  /** b > 0: what is won for each unit staked, besides the stake; default 1, even odds. */
  odds?: number;
}

/**
 * p log(1 + a·b) + (1 − p) log(1 − a): by how much the logarithm of the wealth grows on average when each bet takes the
 * share a of it. At even odds and a = 2p − 1 it is 1 − H(p) bits.
 *
 * @param p probability of winning
 * @param fraction a in [−1/b, 1]; below 0 for the other side of the bet
 * @returns in doublings, or units of `base`; −∞ where all can be lost
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for a number out of range
 */
export function expectedLogWealth(p: number, fraction: number, options: OddsOptions & BaseOptions = {}): number {
  knownOptions(options, ["odds", "base"]);
  const unit = unitOf(options.base);
  const odds = oddsOf(options);
  requiredNumber("p", p, { min: 0, max: 1 });
  requiredNumber("fraction", fraction, { max: 1 });
  if (fraction * odds < -1) throw rangeError("fraction", `number >= ${-1 / odds}, -1/odds`, fraction);
  const gain = p === 0 ? 0 : p * Math.log1p(fraction * odds);
  const loss = p === 1 ? 0 : (1 - p) * Math.log1p(-fraction);
  return (gain + loss) * Math.LOG2E * unit;
}

/**
 * p − (1 − p)/b, the share of the wealth that makes it grow fastest; 2p − 1 at even odds. Negative where the odds are
 * too short: then nothing should be staked on this side, and that much on the other if it is to be had likewise.
 *
 * @param p probability of winning
 * @throws {TypeError} for an argument of the wrong kind
 * @throws {RangeError} for a number out of range
 */
export function kellyFraction(p: number, options: OddsOptions = {}): number {
  knownOptions(options, ["odds"]);
  const odds = oddsOf(options);
  requiredNumber("p", p, { min: 0, max: 1 });
  return p - (1 - p) / odds;
}

function oddsOf({ odds }: OddsOptions): number {
  return odds === undefined ? 1 : requiredNumber("odds", odds, { above: 0 });
}
