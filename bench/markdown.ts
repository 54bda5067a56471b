/** Results as Markdown for README.md and docs/benchmarks.md; scripts/table.mjs puts them between their markers. */
import { OPTIONS } from "./contenders/ours.js";
import type { Mode } from "./protocol.js";
import { caseTitle, cells, digits, loses, ratio } from "./report.js";
import {
  type Case,
  LIMITS,
  type Measurement,
  measurementOf,
  nameAndVersion,
  type Results,
  withExperiment,
} from "./results.js";
import { judge, TARGETS, type Target, type Verdict, worstOf } from "./targets.js";
import { DETAIL_WORKLOAD, MODES, NARROW_WORKLOADS, type Series } from "./workloads.js";

const MODE_TITLES: Record<Mode, string> = { forward: "Forward", gradient: "Forward with gradient" };
const MODE_WORDS: Record<Mode, string> = { forward: "forward", gradient: "gradient" };

/** A full run, and runs in other engines. */
export interface Runs {
  readonly main: Results;
  readonly engines: readonly Results[];
}

/** What stands between `<!-- NAME:start -->` and `<!-- NAME:end -->`. */
export const BLOCKS: Readonly<Record<string, (runs: Runs) => string>> = {
  bench: ({ main }) => overview(main),
  "bench-targets": targets,
  "bench-limits": ({ main }) => limits(main),
  "bench-rivals": ({ main }) => rivals(main),
  "bench-options": ({ main }) => options(main),
  "bench-threads": ({ main }) => threads(main),
  "bench-engines": ({ engines }) => acrossEngines(engines.filter(comparesEngines)),
  "bench-warmup": warmup,
  "bench-classes": ({ main }) => points(main, "classes"),
  "bench-rows": ({ main }) => points(main, "rows"),
  "bench-losses": ({ main, engines }) => losses([main, ...engines]),
  "bench-contenders": ({ main }) => contenders(main),
  "bench-detail": ({ main }) => detail(main),
};

const NOTHING = "Not measured yet.";

interface Column {
  readonly title: string;
  /** The fastest of these. */
  readonly contenders: readonly string[];
}

const COLUMNS: readonly Column[] = [
  { title: "textbook loop", contenders: ["naive"] },
  { title: "best plain JS", contenders: ["naive", "plain", "tuned", "js workspace", "js end to end"] },
  { title: "other wasm or JS", contenders: rivalNames() },
  { title: "ONNX Runtime, C++", contenders: ["ort-node operator", "ort-node graph"] },
  { title: "simd", contenders: ["simd end to end"] },
  { title: "relaxed", contenders: ["relaxed end to end"] },
  { title: "relaxed, workspace", contenders: ["relaxed workspace"] },
  { title: "relaxed, 2 threads", contenders: ["relaxed shared, 2 threads"] },
  { title: "C, 128-bit FMA", contenders: [LIMITS.relaxed] },
];

function rivalNames(): string[] {
  const tfjs = ["cpu", "wasm"].flatMap((backend) => ["losses", "fused"].map((way) => `tfjs-${backend} ${way}`));
  return [...tfjs, "ort-web operator", "ort-web graph", "jax-js wasm", "transformers.js"];
}

/** Both modes, a workload a line: ns an element and how many times as fast as the best plain JavaScript. */
function overview(results: Results): string {
  const parts = MODES.flatMap((mode) => {
    const cases = results.cases.filter((of) => of.mode === mode && of.series === null);
    const columns = COLUMNS.filter(({ contenders }) => cases.some((of) => best(of, contenders)));
    const head = [`${MODE_TITLES[mode]}, ns a logit`, ...columns.map(({ title }) => title)];
    const lines = cases.map((of) => [
      of.workload,
      ...columns.map(({ contenders }) => overviewCell(best(of, contenders))),
    ]);
    return lines.length > 0 ? [table(head, lines)] : [];
  });
  const note =
    "In brackets: times as fast as the best plain JavaScript, bold where WebAssembly loses. With two threads the arrays are " +
    "shared ones, which take longer to get at where a call is so small that it stays on one.";
  return [...parts, wrap(`${note} ${provenance(results)}`)].join("\n\n");
}

function best(of: Case, contenders: readonly string[]): Measurement | undefined {
  const found = contenders.flatMap((name) => measurementOf(of, name) ?? []);
  return found.length > 0 ? found.reduce((a, b) => (b.median < a.median ? b : a)) : undefined;
}

function overviewCell(one: Measurement | undefined): string {
  if (!one) return "–";
  const time = digits(one.nsPerElement);
  if (one.group !== "celoss" || one.timesBestJs === null) return time;
  const times = `${ratio(one.timesBestJs)} ×`;
  return `${time} (${loses(one) ? `**${times}**` : times})`;
}

function provenance(results: Results): string {
  const { machine, engine } = results;
  const flags = engine.relaxedFlags ?? [];
  const parts = [
    `${machine.cpu}, ${machine.cores} cores`,
    `${nameAndVersion(engine)}${flags.length > 0 ? ` (relaxed behind \`${flags.join(" ")}\`)` : ""}`,
  ];
  return `${parts.join("; ")}; ${origin(results)}`;
}

/** When, of what, and how. */
function origin({ date, commit, command, runs }: Results): string {
  const parts = [
    date.slice(0, 10),
    ...(commit ? [`commit ${commit}`] : []),
    `\`${command}\`${runs > 1 ? `, the best rounds of ${runs} runs` : ""}`,
  ];
  return `${parts.join("; ")}.`;
}

/** The experiment whose figures have a column among the targets: 256-bit code from 128-bit. */
const WIDER = "revectorize";

/** Every target of bench/targets.ts, judged by the full run and the fullest one in another engine, and its experiment. */
function targets({ main, engines }: Runs): string {
  const size = ({ cases }: Results) => cases.reduce((total, { measurements }) => total + measurements.length, 0);
  const others = engines.filter(({ engine }) => engine.id !== main.engine.id).sort((a, b) => size(b) - size(a));
  const runs = [main, ...others.slice(0, 1)];
  const shown = runs.flatMap((results) => {
    const title = nameAndVersion(results.engine);
    const wider = withExperiment(results, WIDER);
    const isThere = TARGETS.some((target) => judge(target, wider));
    return [{ results, title }, ...(isThere ? [{ results: wider, title: `${title}, ${WIDER}` }] : [])];
  });
  const lines = TARGETS.flatMap((target) => {
    const verdicts = shown.map(({ results }) => judge(target, results));
    if (!verdicts.some(Boolean)) return [];
    const bound = `${target.side === "at least" ? "≥" : "≤"} ${figure(target, target.bound)}`;
    const native = target.native?.(main) ?? [];
    const limit = native.length > 0 ? figure(target, worstOf(target, native).figure) : "–";
    return [[target.what, bound, ...verdicts.map(verdict), limit]];
  });
  const origins = runs.map((results) => `${nameAndVersion(results.engine)}: ${origin(results)}`);
  return [
    table(["target", "bound", ...shown.map(({ title }) => title), "the same of C"], lines),
    wrap(origins.join(" ")),
  ].join("\n\n");
}

function verdict(one: Verdict | undefined): string {
  if (!one) return "–";
  const text = `${figure(one.target, one.worst)}${one.where ? ` (${one.where})` : ""}`;
  return one.reached
    ? text
    : `**${text}, missed by ${one.missedBy < 0.01 ? "less than 1" : Math.round(one.missedBy * 100)} %**`;
}

function figure({ unit }: Target, value: number): string {
  if (unit === "×") return `${ratio(value)} ×`;
  return unit === "bytes" ? `${Math.round(value).toLocaleString("en")} bytes` : value.toExponential(1);
}

function limits({ limits, machine }: Results): string {
  if (!limits) return NOTHING;
  const exps = Object.entries(limits.exp).map(([set, ns]) => `${digits(ns)} ns with ${set}`);
  const read = `One core of this ${machine.cpu} reads ${limits.memory} GB/s from memory: ${digits(4 / limits.memory)} ns a logit.`;
  const exp = exps.length > 0 ? ` An exp that is added up takes native code ${exps.join(", ")}.` : "";
  return wrap(read + exp);
}

/** Other libraries beside celoss end to end, workloads across; and how far their losses are off. */
function rivals(results: Results): string {
  const cases = (mode: Mode) => results.cases.filter((of) => of.mode === mode && of.series === null);
  const names = results.contenders
    .filter(({ group }) => group === "rival" || group === "native")
    .map(({ name }) => name);
  const rows = ["naive", "tuned", "simd end to end", "relaxed end to end", "relaxed shared, 2 threads", ...names];
  const parts = MODES.map((mode) => grid(`${MODE_TITLES[mode]}, ns a logit`, cases(mode), rows));
  const errors = table(
    ["Relative error of the loss", ...cases("forward").map(({ workload }) => workload)],
    rows.flatMap((name) => {
      const line = cases("forward").map((of) => measurementOf(of, name)?.lossError.toExponential(0) ?? "–");
      return line.some((cell) => cell !== "–") ? [[name, ...line]] : [];
    }),
  );
  return [...parts, errors].join("\n\n");
}

/** Contenders down, cases across, ns an element. */
function grid(title: string, cases: readonly Case[], names: readonly string[]): string {
  const lines = names.flatMap((name) => {
    const line = cases.map((of) => measurementOf(of, name));
    return line.some(Boolean) ? [[name, ...line.map((one) => (one ? digits(one.nsPerElement) : "–"))]] : [];
  });
  return table([title, ...cases.map(({ workload }) => workload)], lines);
}

const NARROW = ["float16", "bfloat16"].flatMap((dtype) => [dtype, `${dtype}, its gradient too`]);

/** Time with an option or 16-bit logits over that of the plain call, in the workspace. */
function options(results: Results): string {
  const of = (workload: string, mode: Mode) =>
    results.cases.find((one) => one.workload === workload && one.mode === mode && one.series === null);
  const columns = ["simd", "relaxed"].flatMap((variant) => MODES.map((mode) => ({ variant, mode })));
  const rows = [
    ...OPTIONS.map((suffix) => ({ suffix, workload: DETAIL_WORKLOAD })),
    ...NARROW_WORKLOADS.flatMap((workload) => NARROW.map((suffix) => ({ suffix, workload }))),
  ];
  const lines = rows.map(({ suffix, workload }) => [
    `${suffix}, ${workload}`,
    ...columns.map(({ variant, mode }) => {
      const base = measurementOf(of(workload, mode), `${variant} workspace`);
      const one = measurementOf(of(workload, mode), `${variant} workspace, ${suffix}`);
      return base && one ? `${ratio(one.median / base.median)} ×` : "–";
    }),
  ]);
  return table(
    ["Time over the plain call", ...columns.map(({ variant, mode }) => `${variant}, ${MODE_WORDS[mode]}`)],
    lines,
  );
}

function threads(results: Results): string {
  const cases = results.cases.filter((of) => of.series === "threads");
  const counts = Array.from({ length: results.machine.cores - 1 }, (_, i) => i + 2);
  const columns = MODES.flatMap((mode) =>
    ["simd", "relaxed"].flatMap((variant) => counts.map((count) => ({ mode, variant, count }))),
  );
  const workloads = [...new Set(cases.map(({ workload }) => workload))];
  const lines = workloads.map((workload) => [
    workload,
    ...columns.map(({ mode, variant, count }) => {
      const of = cases.find((one) => one.workload === workload && one.mode === mode);
      const one = measurementOf(of, `${variant} shared`);
      const many = measurementOf(of, `${variant} shared, ${count} threads`);
      return one && many ? `${ratio(one.median / many.median)} ×` : "–";
    }),
  ]);
  if (!lines.some((line) => line.slice(1).some((cell) => cell !== "–"))) return NOTHING;
  const titles = columns.map(({ mode, variant, count }) => `${variant}, ${count} threads, ${MODE_WORDS[mode]}`);
  return table(["Times as fast as one thread", ...titles], lines);
}

/** Not a full run in another engine. */
function comparesEngines({ command }: Results): boolean {
  return command.startsWith("npm run bench:engines");
}

/** A table a mode: engines and kernel sets down, workloads across. */
function acrossEngines(engines: readonly Results[]): string {
  if (engines.length === 0) return NOTHING;
  const ids = [...new Set(engines.flatMap(({ cases }) => cases.map(({ workload }) => workload)))];
  const ways = ["tuned", "js", "simd", "simd, revectorize", "relaxed", "relaxed, revectorize"];
  const parts = MODES.map((mode) => {
    const lines = ways.flatMap((way) =>
      engines.flatMap(({ engine, cases }) => {
        const [variant, experiment] = way.split(", ");
        const name = way === "tuned" ? way : `${variant} workspace${experiment ? `, ${experiment}` : ""}`;
        const line = ids.map((id) => {
          const of = cases.find((one) => one.workload === id && one.mode === mode);
          const one = measurementOf(of, name);
          return one ? digits(one.nsPerElement) : "–";
        });
        const flags = variant === "relaxed" && engine.relaxedFlags?.length ? " ¹" : "";
        const shown = line.some((cell) => cell !== "–");
        return shown ? [[`${way}${flags}, ${nameAndVersion(engine)}`, ...line]] : [];
      }),
    );
    return table([`${MODE_TITLES[mode]}, ns a logit`, ...ids], lines);
  });
  const note =
    "¹ behind a flag of the engine. `revectorize`: with `--experimental-wasm-revectorize`, 256-bit code from 128-bit.";
  return [...parts, wrap(`${note} ${engines[0].machine.cpu}; ${origin(engines[0])}`)].join("\n\n");
}

/** Where a curve has come down: within this factor of where it ends. */
const STEADY = 1.25;

function warmup({ main, engines }: Runs): string {
  const others = engines.filter(({ engine }) => engine.id !== main.engine.id);
  const lines = [main, ...others].flatMap((results) =>
    results.warmup.map(({ contender, workload, times }) => {
      const of = results.cases.find((one) => one.workload === workload);
      const elements = of ? of.rows * of.classes : Number.NaN;
      const end = times.slice(-times.length / 4).sort((a, b) => a - b)[times.length >> 3];
      const steady = times.findIndex((_, call) => Math.max(...times.slice(call, call + 3)) <= STEADY * end);
      const engine = nameAndVersion(results.engine);
      return [`${engine}, ${contender}`, digits(times[0] / elements), String(steady + 1), digits(end / elements)];
    }),
  );
  if (lines.length === 0) return NOTHING;
  return table(["256×1000, forward", "first call, ns a logit", "fast from call", "then, ns a logit"], lines);
}

/** Points of a curve across, contenders down. */
function points(results: Results, series: Series): string {
  const cases = results.cases.filter((of) => of.series === series);
  if (cases.length === 0) return NOTHING;
  const names = [...new Set(cases.flatMap(({ measurements }) => measurements.map(({ contender }) => contender)))];
  return MODES.map((mode) => {
    const own = cases.filter((of) => of.mode === mode);
    return grid(`${MODE_TITLES[mode]}, ns a logit`, own, names);
  }).join("\n\n");
}

/** Every other loss: plain JavaScript in ns an element, and how many times as fast celoss is. */
function losses(runs: readonly Results[]): string {
  const run = runs.find(({ cases }) => cases.some(({ series }) => series === "losses"));
  if (run === undefined) return NOTHING;
  const ways = ["simd end to end", "relaxed end to end"];
  const parts = MODES.map((mode) => {
    const cases = run.cases.filter((of) => of.series === "losses" && of.mode === mode);
    const kinds = [...new Set(cases.map(({ kind }) => kind))];
    const sizes = [...new Set(cases.map((of) => of.rows * of.classes))];
    const lines = kinds.map((kind) => {
      const cells = sizes.flatMap((size) => {
        const of = cases.find((one) => one.kind === kind && one.rows * one.classes === size);
        const plain = of && measurementOf(of, "plain");
        const times = ways.map((way) => {
          const ours = of && measurementOf(of, way);
          if (!plain || !ours) return "–";
          const factor = plain.median / ours.median;
          return factor < 1 ? `**${ratio(factor)} ×**` : `${ratio(factor)} ×`;
        });
        return [plain ? digits(plain.median / size) : "–", times.join(", ")];
      });
      return [`\`${kind}\``, ...cells];
    });
    const head = [MODE_TITLES[mode], ...sizes.flatMap((size) => [`${size}: plain, ns`, "simd, relaxed"])];
    return table(head, lines);
  });
  return [...parts, wrap(provenance(run))].join("\n\n");
}

function contenders({ contenders }: Results): string {
  const lines = contenders.flatMap(({ name, note }) => (note ? [wrap(`- **${name}**: ${note}`, "  ")] : []));
  return lines.length === 0 ? NOTHING : lines.join("\n");
}

/** One table a case, as in the terminal. */
function detail(results: Results): string {
  const head = [
    ...["contender", "a call", "ns/el", "best ns/el", "spread", "× naive", "× best JS", "of the limit"],
    ...["loss error", "gradient error"],
  ];
  return results.cases
    .filter(({ series }) => series === null)
    .map((of) => {
      const lines = of.measurements.map((one) => cells(one, of.rows * of.classes));
      return `### ${caseTitle(of)}\n\n${table(head, lines)}`;
    })
    .join("\n\n");
}

/** Lines of at most 120 characters, as the linter of Markdown wants them. */
function wrap(text: string, indent = ""): string {
  return text
    .replace(/(.{1,118})(\s|$)/g, "$1\n")
    .trimEnd()
    .replaceAll("\n", `\n${indent}`);
}

/** The first column to the left, numbers to the right. */
function table(head: readonly string[], lines: readonly string[][]): string {
  const row = (line: readonly string[]) => `| ${line.join(" | ")} |`;
  return [row(head), row(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...lines.map(row)].join("\n");
}
