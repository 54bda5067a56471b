/** A case as an aligned table of text, and the figures' formats. */
import { type Case, type Measurement, spreadOf, usesWasm } from "./results.js";

/** Wide enough for every run, so that the tables of a run stand under one another. */
const WIDTHS = [18, 8, 5, 10, 6, 7, 9, 10, 10, 0];
const HEAD = ["", "a call", "ns/el", "best ns/el", "spread", "× plain", "× best JS", "loss error", "grad error", ""];

export function caseTitle({ workload, mode, rows, classes }: Case): string {
  const logits = (rows * classes).toLocaleString("en");
  return `${workload}, ${mode === "forward" ? "forward" : "forward with gradient"} (${logits} logits)`;
}

/** Lines without the title; a last column says where WebAssembly is the slower one. */
export function caseTable(result: Case): string {
  const elements = result.rows * result.classes;
  const lines = [HEAD, ...result.measurements.map((one) => [...cells(one, elements), verdict(one)])];
  const widths = WIDTHS.map((width, column) => Math.max(width, ...lines.map((line) => line[column].length)));
  return lines
    .map((line) =>
      line.map((cell, i) => (i === 0 || i === HEAD.length - 1 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))),
    )
    .map((line) => `  ${line.join("  ").trimEnd()}`)
    .join("\n");
}

/** Name, time, ns/element of the median and of the fastest sample, spread, ratios, errors. */
export function cells(one: Measurement, elements: number): string[] {
  return [
    one.contender,
    duration(one.median),
    digits(one.nsPerElement),
    digits(one.min / elements),
    `${Math.round(spreadOf(one) * 100)} %`,
    ratio(one.timesPlain),
    ratio(one.timesBestJs),
    error(one.lossError),
    error(one.gradientError),
  ];
}

export function duration(ns: number): string {
  if (ns < 1e3) return `${digits(ns)} ns`;
  return ns < 1e6 ? `${digits(ns / 1e3)} µs` : `${digits(ns / 1e6)} ms`;
}

/** Three significant digits, without an exponent. */
export function digits(value: number): string {
  return value >= 1000
    ? Math.round(value).toString()
    : Number(value.toPrecision(3)).toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2 + (value < 1 ? 1 : 0));
}

export function ratio(times: number | null): string {
  return times === null ? "–" : times.toFixed(times >= 100 ? 0 : times >= 10 ? 1 : 2);
}

function error(value: number | null): string {
  return value === null ? "–" : value === 0 ? "0" : value.toExponential(1);
}

function verdict(one: Measurement): string {
  if (!usesWasm(one) || one.timesBestJs === null || one.timesBestJs >= 1) return "";
  return "◂ loses to JS";
}
