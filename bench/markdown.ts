/** Results as Markdown for README.md and docs/benchmarks.md; scripts/table.mjs puts them between their markers. */
import type { Path, Variant } from "./contenders.js";
import { caseTitle, cells, digits, ratio } from "./report.js";
import { type Case, type Measurement, type Results, usesWasm } from "./results.js";
import { judge, type Verdict } from "./targets.js";
import { MODES, type Mode } from "./workloads.js";

const MODE_TITLES: Record<Mode, string> = { forward: "Forward", gradient: "Forward with gradient" };
const COLUMNS: readonly { title: string; variant: Variant; path: Path }[] = [
  { title: "plain loop", variant: "plain", path: "direct" },
  { title: "js", variant: "js", path: "end to end" },
  { title: "simd", variant: "simd", path: "end to end" },
  { title: "simd, workspace", variant: "simd", path: "workspace" },
  { title: "relaxed", variant: "relaxed", path: "end to end" },
  { title: "relaxed, workspace", variant: "relaxed", path: "workspace" },
];

/** What stands between `<!-- NAME:start -->` and `<!-- NAME:end -->`. */
export const BLOCKS: Readonly<Record<string, (results: Results) => string>> = {
  bench: overview,
  "bench-targets": targets,
  "bench-detail": detail,
};

/** Both modes, a workload a line: ns an element and how many times as fast as the best plain JavaScript. */
function overview(results: Results): string {
  const parts = MODES.flatMap((mode) => {
    const cases = results.cases.filter((of) => of.mode === mode);
    if (cases.length === 0) return [];
    const columns = COLUMNS.filter((column) => cases.some((of) => find(of, column)));
    const head = [`${MODE_TITLES[mode]}, ns a logit`, ...columns.map(({ title }) => title)];
    const lines = cases.map((of) => [of.workload, ...columns.map((column) => overviewCell(find(of, column)))]);
    return [table(head, lines)];
  });
  const note =
    "In brackets: times as fast as the fastest of the plain loop and the `js` kernel set, bold where WebAssembly loses.";
  return [...parts, wrap(`${note} ${provenance(results)}`)].join("\n\n");
}

/** Lines of at most 120 characters, as the linter of Markdown wants them. */
function wrap(text: string): string {
  return text.replace(/(.{1,120})(\s|$)/g, "$1\n").trimEnd();
}

function find(of: Case, column: { variant: Variant; path: Path }): Measurement | undefined {
  return of.measurements.find((one) => one.variant === column.variant && one.path === column.path);
}

function overviewCell(one: Measurement | undefined): string {
  if (!one) return "–";
  const time = digits(one.nsPerElement);
  if (!usesWasm(one) || one.timesBestJs === null) return time;
  const times = `${ratio(one.timesBestJs)} ×`;
  return `${time} (${one.timesBestJs < 1 ? `**${times}**` : times})`;
}

function provenance({ machine, engine, relaxedFlags, date, commit, command }: Results): string {
  const parts = [
    `${machine.cpu}, ${machine.cores} cores`,
    `Node ${engine.version}${relaxedFlags?.length ? ` (relaxed behind \`${relaxedFlags.join(" ")}\`)` : ""}`,
    date.slice(0, 10),
    ...(commit ? [`commit ${commit}`] : []),
    `\`${command}\``,
  ];
  return `${parts.join("; ")}.`;
}

/** Every target of bench/targets.ts that these results can judge. */
function targets(results: Results): string {
  const head = ["target", "bound", "worst", "where", "verdict"];
  return table(
    head,
    judge(results).map((one) => [one.target.what, bound(one), figure(one, one.worst), one.where, verdict(one)]),
  );
}

function bound(one: Verdict): string {
  return `${one.target.side === "at least" ? "≥" : "≤"} ${figure(one, one.target.bound)}`;
}

function figure({ target }: Verdict, value: number): string {
  return target.unit === "×" ? `${ratio(value)} ×` : value.toExponential(1);
}

function verdict({ reached, missedBy }: Verdict): string {
  return reached ? "reached" : `**missed by ${Math.max(1, Math.round(missedBy * 100))} %**`;
}

/** One table a case, as in the terminal. */
function detail(results: Results): string {
  const head = [
    "contender",
    "a call",
    "ns/el",
    "best ns/el",
    "spread",
    "× plain",
    "× best JS",
    "loss error",
    "gradient error",
  ];
  return results.cases
    .map((of) => {
      const lines = of.measurements.map((one) => cells(one, of.rows * of.classes));
      return `### ${caseTitle(of)}\n\n${table(head, lines)}`;
    })
    .join("\n\n");
}

/** The first column to the left, numbers to the right. */
function table(head: readonly string[], lines: readonly string[][]): string {
  const row = (line: readonly string[]) => `| ${line.join(" | ")} |`;
  return [row(head), row(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...lines.map(row)].join("\n");
}
