/** Tallies as plain objects, and back with a check of every field. */
import { rangeError, typeError } from "../input/errors.js";
import { integer } from "../input/options.js";
import { ExactSum } from "./exactSum.js";
import { readSettings, type Settings } from "./settings.js";
import { Tally } from "./tally.js";

const FORMAT = "celoss CrossEntropyState";
/** Raise it with any change of what is written, and go on reading what older versions wrote. */
const VERSION = 1;

/** A {@link CrossEntropyState} for `JSON.stringify`. Sums are hexadecimal, as they are exact: `0xdp-2` is 13/4. */
export interface CrossEntropyStateJson {
  format: string;
  version: number;
  settings: Settings;
  counts: Record<CountName, number>;
  hits: number[];
  sums: Record<SumName, string>;
  bins: { count: number; correct: number; confidence: string }[];
  /** The cells that are not 0, in ascending order: cell = target · classes + prediction. */
  confusion?: { classes: number; cells: number[]; counts: number[] };
}

const COUNTS = ["rows", "count", "invalid", "ranks", "bytes", "unmeasured"] as const;
const SUMS = ["loss", "divisor", "zLoss", "nll", "brier"] as const;
type CountName = (typeof COUNTS)[number];
type SumName = (typeof SUMS)[number];

/** Equal tallies give equal objects, down to the order of their keys. */
export function tallyToJson(tally: Tally): CrossEntropyStateJson {
  const json: CrossEntropyStateJson = {
    format: FORMAT,
    version: VERSION,
    settings: { ...tally.settings, topK: [...tally.settings.topK] },
    counts: fromNames(COUNTS, (name) => tally[name]),
    hits: [...tally.hits],
    sums: fromNames(SUMS, (name) => tally[name].toString()),
    bins: tally.bins.map(({ count, correct, confidence }) => ({ count, correct, confidence: confidence.toString() })),
  };
  if (tally.classes !== 0) {
    const cells = Array.from(tally.confusion.keys()).filter((cell) => tally.confusion[cell] !== 0);
    json.confusion = { classes: tally.classes, cells, counts: cells.map((cell) => tally.confusion[cell]) };
  }
  return json;
}

/**
 * @throws {TypeError} for a field of the wrong kind
 * @throws {RangeError} for another format or version, and for numbers that no tally can have
 */
export function tallyFromJson(json: unknown): Tally {
  const root = fields("json", json);
  if (root.format !== FORMAT) throw rangeError("json.format", `"${FORMAT}"`, root.format);
  if (root.version !== VERSION) throw rangeError("json.version", `${VERSION}, the only one known here`, root.version);
  const tally = new Tally(readSettings(fields("json.settings", root.settings)));

  const counts = fields("json.counts", root.counts);
  for (const name of COUNTS) tally[name] = count(`json.counts.${name}`, counts[name], Number.MAX_SAFE_INTEGER);
  const hits = list("json.hits", root.hits, tally.hits.length);
  for (const i of tally.hits.keys()) tally.hits[i] = count(`json.hits[${i}]`, hits[i], tally.count);
  const sums = fields("json.sums", root.sums);
  for (const name of SUMS) tally[name].merge(ExactSum.parse(`json.sums.${name}`, sums[name]));
  let binned = 0;
  for (const [i, value] of list("json.bins", root.bins, tally.bins.length).entries()) {
    const name = `json.bins[${i}]`;
    const stored = fields(name, value);
    const bin = tally.bins[i];
    bin.count = count(`${name}.count`, stored.count, tally.count);
    bin.correct = count(`${name}.correct`, stored.correct, bin.count);
    bin.confidence.merge(ExactSum.parse(`${name}.confidence`, stored.confidence));
    binned += bin.count;
  }
  if (binned !== tally.count - tally.invalid) {
    throw rangeError("json.bins", `${tally.count - tally.invalid} rows in all bins together`, binned);
  }
  if (root.confusion !== undefined) readConfusion(tally, fields("json.confusion", root.confusion));
  return tally;
}

function readConfusion(tally: Tally, stored: Fields): void {
  const name = "json.confusion";
  if (!tally.settings.confusionMatrix) throw rangeError(name, "nothing, as the settings say", stored);
  const classes = integer(`${name}.classes`, stored.classes, undefined, { min: 1 });
  tally.checkClasses(`${name}.classes`, classes);
  tally.useClasses(classes);
  const cells = list(`${name}.cells`, stored.cells);
  const counts = list(`${name}.counts`, stored.counts, cells.length);
  for (const [i, value] of cells.entries()) {
    const cell = count(`${name}.cells[${i}]`, value, classes * classes - 1);
    tally.confusion[cell] = count(`${name}.counts[${i}]`, counts[i], tally.count);
  }
}

type Fields = Record<string, unknown>;

function fields(name: string, value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw typeError(name, "object", value);
  return value as Fields;
}

function list(name: string, value: unknown, length?: number): unknown[] {
  if (!Array.isArray(value)) throw typeError(name, "array", value);
  if (length !== undefined && value.length !== length) throw rangeError(name, `${length} entries`, value.length);
  return value;
}

function count(name: string, value: unknown, max: number): number {
  return integer(name, value, undefined, { min: 0, max });
}

function fromNames<Name extends string, Value>(names: readonly Name[], of: (name: Name) => Value): Record<Name, Value> {
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Name, Value>;
}
