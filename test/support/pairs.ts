import { Rng } from "./rng.js";

export type Factors = Record<string, readonly unknown[]>;
export type Choice<F extends Factors> = { [K in keyof F]: F[K][number] };

/** One value of every factor, at random. */
export function anyChoice<F extends Factors>(factors: F, rng: Rng): Choice<F> {
  return Object.fromEntries(Object.entries(factors).map(([name, values]) => [name, rng.pick(values)])) as Choice<F>;
}

/**
 * Choices in which every value of every factor meets every value of every other factor at least once: greedily, each is
 * the best of 30 random ones that all contain a pair not met so far.
 */
export function allPairs<F extends Factors>(factors: F, seed: number): Choice<F>[] {
  const rng = new Rng(seed);
  const names = Object.keys(factors);
  const open = new Set<string>();
  const key = (a: number, i: number, b: number, j: number) => `${a}.${i} ${b}.${j}`;
  for (let a = 0; a < names.length; a++) {
    for (let b = a + 1; b < names.length; b++) {
      for (const i of factors[names[a]].keys()) for (const j of factors[names[b]].keys()) open.add(key(a, i, b, j));
    }
  }
  const pairsOf = (row: readonly number[]) => {
    return row.flatMap((i, a) => row.slice(a + 1).map((j, k) => key(a, i, a + 1 + k, j)));
  };
  const rows: number[][] = [];
  while (open.size > 0) {
    let best: number[] = [];
    let most = -1;
    const [wanted] = open;
    const fixed = wanted.split(" ").map((part) => part.split(".").map(Number));
    for (let attempt = 0; attempt < 30; attempt++) {
      const row = names.map((name) => rng.integer(factors[name].length));
      for (const [factor, value] of fixed) row[factor] = value;
      const met = pairsOf(row).filter((pair) => open.has(pair)).length;
      if (met > most) [best, most] = [row, met];
    }
    for (const pair of pairsOf(best)) open.delete(pair);
    rows.push(best);
  }
  return rows.map((row) => {
    return Object.fromEntries(names.map((name, a) => [name, factors[name][row[a]]])) as Choice<F>;
  });
}
