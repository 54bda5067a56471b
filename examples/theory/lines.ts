/** A number to six decimals, as the chapters print it. */
export function six(value: number): string {
  return Number.isFinite(value) ? value.toFixed(6) : String(value);
}

/** A line of a chapter: what it is, the formula with its numbers put in, and what comes out. */
export function line(what: string, formula: string, result: number | string, unit = ""): string {
  const value = typeof result === "number" ? six(result) : result;
  return `  ${what.padEnd(34)}${formula} = ${value}${unit && ` ${unit}`}`;
}

/** A chapter of the walk: what a reader should take from it, and the lines that show it. */
export interface Chapter {
  title: string;
  idea: string;
  lines: string[];
}
