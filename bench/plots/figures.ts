/** Which plots there are, from the results of a full run and of the engines. */
import type { Mode } from "../protocol.js";
import { digits, engineTitle } from "../report.js";
import { type Case, type Measurement, measurementOf, nameAndVersion, type Results } from "../results.js";
import { MODES, type Series } from "../workloads.js";
import { type BarPanel, barPlot } from "./bars.js";
import { type Curve, linePlot } from "./lines.js";

const TITLES: Record<Mode, string> = { forward: "loss", gradient: "loss and gradient" };

/** Who has a curve, in the order of the legend. */
const CURVES: readonly { name: string; as: string; colour: string; dashed?: boolean }[] = [
  { name: "naive", as: "textbook loop", colour: "--plain", dashed: true },
  { name: "tuned", as: "tuned JavaScript", colour: "--plain" },
  { name: "js workspace", as: "celoss js", colour: "--js" },
  { name: "simd workspace", as: "celoss simd", colour: "--simd" },
  { name: "simd end to end", as: "simd, end to end", colour: "--simd", dashed: true },
  { name: "relaxed workspace", as: "celoss relaxed", colour: "--relaxed" },
  { name: "relaxed end to end", as: "relaxed, end to end", colour: "--relaxed", dashed: true },
  { name: "native sse4.1", as: "C, 128 bit", colour: "--native", dashed: true },
  { name: "native fma128", as: "C, 128 bit, FMA", colour: "--native" },
  { name: "ort-node graph", as: "ONNX Runtime, C++", colour: "--a" },
  { name: "ort-web graph", as: "ONNX Runtime web", colour: "--b" },
  { name: "tfjs-wasm fused", as: "TensorFlow.js wasm", colour: "--c" },
  { name: "jax-js wasm", as: "jax-js", colour: "--d" },
  { name: "transformers.js", as: "transformers.js", colour: "--e" },
];

/** The text of every plot that these results have the figures for, by the name of its file. */
export function plots(main: Results, engines: readonly Results[]): Record<string, string> {
  const drawn = {
    rivals: rivals(main),
    classes: series(main, "classes", "Time against the number of classes", "a million logits; ns a logit"),
    rows: series(main, "rows", "Time against the number of rows", "ten classes; ns a logit"),
    threads: threads(main),
    roofline: roofline(main),
    warmup: warmup([main, ...engines]),
  };
  return Object.fromEntries(Object.entries(drawn).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function source({ machine, engine, date }: Results): string {
  return `${machine.cpu}, ${engineTitle(engine).replace(/ \(.*/, "")}, ${date.slice(0, 10)}`;
}

function series(results: Results, name: Series, title: string, what: string): string | undefined {
  const x = (of: Case) => (name === "classes" ? of.classes : of.rows);
  const panels = MODES.map((mode) => {
    const cases = results.cases.filter((of) => of.series === name && of.mode === mode);
    const curves = CURVES.flatMap(({ name, as, colour, dashed }): Curve[] => {
      const points = cases.flatMap((of) => {
        const one = measurementOf(of, name);
        return one ? [[x(of), one.nsPerElement] as const] : [];
      });
      return points.length > 1 ? [{ name: as, colour, dashed, points }] : [];
    });
    return { title: TITLES[mode], curves };
  }).filter(({ curves }) => curves.length > 0);
  if (panels.length === 0) return undefined;
  return linePlot(title, `${what}; less is better. ${source(results)}`, { x: name, y: "ns a logit" }, panels);
}

function threads(results: Results): string | undefined {
  const panels = MODES.map((mode) => {
    const cases = results.cases.filter((of) => of.series === "threads" && of.mode === mode);
    const curves = ["simd", "relaxed"].flatMap((variant): Curve[] =>
      Array.from({ length: results.machine.cores }, (_, i) => i + 1).flatMap((count) => {
        const name = `${variant} shared${count > 1 ? `, ${count} threads` : ""}`;
        const points = cases.flatMap((of) => {
          const one = measurementOf(of, name);
          return one ? [[of.rows * of.classes, one.nsPerElement] as const] : [];
        });
        const as = `${variant}, ${count} thread${count > 1 ? "s" : ""}`;
        return points.length > 1 ? [{ name: as, colour: `--${variant}`, dashed: count === 1, points }] : [];
      }),
    );
    return { title: TITLES[mode], curves };
  }).filter(({ curves }) => curves.length > 0);
  if (panels.length === 0) return undefined;
  const what = "1000 classes, shared arrays; ns a logit; less is better";
  return linePlot("Threads", `${what}. ${source(results)}`, { x: "logits", y: "ns a logit" }, panels);
}

const RIVALS = "256×1000";

function rivals(results: Results): string | undefined {
  const panels = MODES.flatMap((mode): BarPanel[] => {
    const of = results.cases.find((one) => one.workload === RIVALS && one.mode === mode && one.series === null);
    const bars = CURVES.flatMap(({ name, as, colour, dashed }) => {
      const one = measurementOf(of, name);
      if (!one || (dashed && one.group === "celoss")) return [];
      return [{ name: as, colour, value: one.nsPerElement, text: digits(one.nsPerElement) }];
    }).sort((a, b) => a.value - b.value);
    return bars.length > 1 ? [{ title: TITLES[mode], bars }] : [];
  });
  if (panels.length === 0) return undefined;
  const what = "256 rows of 1000 classes, one thread; ns a logit on a logarithmic axis; less is better";
  return barPlot("Who is how fast", `${what}. ${source(results)}`, panels);
}

/** Logits a nanosecond against what memory and the arithmetic of an exp allow. */
function roofline(results: Results): string | undefined {
  const { limits } = results;
  if (!limits) return undefined;
  const shown = [
    "simd workspace",
    "relaxed workspace",
    "native sse4.1",
    "native fma128",
    "native avx2",
    "native avx512",
  ];
  const panels = MODES.flatMap((mode): BarPanel[] => {
    const of = results.cases.find((one) => one.workload === "128×32000" && one.mode === mode && one.series === null);
    const bars = shown.flatMap((name) => {
      const one: Measurement | undefined = measurementOf(of, name);
      if (!one) return [];
      const colour = name.startsWith("native") ? "--native" : `--${name.split(" ")[0]}`;
      const rate = 1 / one.nsPerElement;
      return [{ name: name.replace(" workspace", ""), colour, value: rate, text: digits(rate) }];
    });
    if (bars.length === 0) return [];
    const bytes = mode === "forward" ? 4 : 8;
    const memory = { name: `main memory, ${limits.memory} GB/s over ${bytes} bytes`, value: limits.memory / bytes };
    const exps = Object.entries(limits.exp).map(([set, ns]) => ({ name: `exp, ${set}`, value: 1 / ns }));
    return [{ title: TITLES[mode], bars, limits: [memory, ...exps].sort((a, b) => a.value - b.value) }];
  });
  if (panels.length === 0) return undefined;
  const what = "128 rows of 32,000 classes; 10⁹ logits a second, more is better; caches may pass the line of memory";
  return barPlot("How far from the machine's limits", `${what}. ${source(results)}`, panels);
}

/** The first calls of a fresh process: one panel for each of two kernel sets, a curve for each engine. */
function warmup(all: readonly Results[]): string | undefined {
  const colours = ["--relaxed", "--simd", "--js", "--a", "--c", "--d", "--b"];
  const byEngine = new Map(all.map((results) => [results.engine.id, results]));
  const panels = ["simd workspace", "relaxed workspace"].flatMap((contender) => {
    const curves = [...byEngine.values()].flatMap((results, i): Curve[] => {
      const found = results.warmup.find((one) => one.contender === contender);
      const of = results.cases.find((one) => one.workload === found?.workload);
      if (!found || !of) return [];
      const points = found.times.map((ns, call) => [call + 1, ns / (of.rows * of.classes)] as const);
      return [{ name: nameAndVersion(results.engine), colour: colours[i], points: smooth(points) }];
    });
    return curves.length > 0 ? [{ title: contender.replace(" workspace", ""), curves }] : [];
  });
  if (panels.length === 0) return undefined;
  const what = "256 rows of 1000 classes, loss; ns a logit of each call of a fresh process";
  return linePlot("Warming up", `${what}. ${all[0].machine.cpu}`, { x: "call", y: "ns a logit" }, panels);
}

/** Points at equal steps of a logarithmic axis, each the median of the calls since the one before. */
function smooth(points: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const groups = new Map<number, number[]>();
  for (const [call, ns] of points) {
    const step = Math.round(4 * Math.log2(call));
    groups.set(step, [...(groups.get(step) ?? []), ns]);
  }
  return [...groups].map(([step, values]) => [2 ** (step / 4), values.sort((a, b) => a - b)[values.length >> 1]]);
}
