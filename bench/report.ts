/** A case as an aligned table of text, and the figures' formats. */
import { type Case, type Measurement, nameAndVersion, type Results, spreadOf } from "./results.js";

/** Wide enough for most runs, so that the tables of a run stand under one another. */
const WIDTHS = [30, 8, 5, 10, 6, 7, 9, 8, 10, 10, 0];
const HEAD = [
  ...[
    "",
    "a call",
    "ns/el",
    "best ns/el",
    "spread",
    "× naive",
    "× best JS",
    "of limit",
    "loss error",
    "grad error",
    "",
  ],
];

export function engineTitle(engine: Results["engine"]): string {
  return nameAndVersion(engine) + (engine.v8 === null ? "" : ` (V8 ${engine.v8})`);
}

export function caseTitle({ workload, mode, rows, classes, series }: Case): string {
  const logits = (rows * classes).toLocaleString("en");
  const what = mode === "forward" ? "forward" : "forward with gradient";
  return `${workload}, ${what} (${logits} logits)${series ? `, a point of the series over ${series}` : ""}`;
}

/** Lines without the title; a last column says where WebAssembly is the slower one. */
export function caseTable(result: Case): string {
  const elements = result.rows * result.classes;
  const lines = [
    HEAD,
    ...result.measurements.map((one) => [...cells(one, elements), loses(one) ? "◂ loses to JS" : ""]),
  ];
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
    ratio(one.timesNaive),
    ratio(one.timesBestJs),
    percent(one.shareOfLimit),
    error(one.lossError),
    error(one.gradientError),
  ];
}

/** Where WebAssembly is slower than JavaScript, in words, so that nobody has to look for it. */
export function losses(results: Results): string {
  const compared = results.cases.flatMap((of) =>
    of.measurements.flatMap((one) =>
      one.group === "celoss" && one.timesBestJs !== null
        ? [{ times: one.timesBestJs, name: `${of.workload} ${of.mode}, ${one.contender}` }]
        : [],
    ),
  );
  if (compared.length === 0) return "WebAssembly and plain JavaScript were not both measured: nothing to compare.";
  const lost = compared.filter(({ times }) => times < 1);
  if (lost.length === 0) return `WebAssembly was faster than the best plain JavaScript in all ${compared.length} runs.`;
  const lines = lost.map(({ times, name }) => `  ${name}: ${ratio(times)} × the best plain JavaScript`);
  return `Where WebAssembly loses:\n${lines.join("\n")}`;
}

export function loses({ group, timesBestJs }: Measurement): boolean {
  return group === "celoss" && timesBestJs !== null && timesBestJs < 1;
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

export function percent(share: number | null): string {
  return share === null ? "–" : `${Math.round(share * 100)} %`;
}

function error(value: number | null): string {
  return value === null ? "–" : value === 0 ? "0" : value.toExponential(1);
}
