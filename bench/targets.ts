/**
 * What the project has promised itself and this suite can show. Each target is judged by the case that comes out worst.
 * The matrix kernel's is not among them: it has no contender here.
 */
import { OPTIONS } from "./contenders/ours.js";
import type { Mode } from "./protocol.js";
import { type Case, LIMITS, measurementOf, type Results } from "./results.js";

export interface Figure {
  readonly figure: number;
  readonly where: string;
}

export interface Target {
  readonly what: string;
  readonly bound: number;
  /** Whether figures must not fall below the bound, or not rise above it. */
  readonly side: "at least" | "at most";
  readonly unit: "×" | "relative" | "bytes";
  figures(results: Results): Figure[];
  /** The same of C in vectors as wide as ours, where something else is what celoss is measured by. */
  native?(results: Results): Figure[];
}

export interface Verdict {
  readonly target: Target;
  /** The figure of the case that comes out worst. */
  readonly worst: number;
  readonly where: string;
  readonly reached: boolean;
  /** How far the worst figure is on the wrong side, as a fraction of the bound; 0 when reached. */
  readonly missedBy: number;
}

type Filter = (of: Case) => boolean;
/** Nanoseconds a call that a contender is compared with; undefined where nothing of the sort was measured. */
type Base = (of: Case) => number | undefined;

const all =
  (...filters: Filter[]): Filter =>
  (of) =>
    filters.every((filter) => filter(of));
const single: Filter = ({ series }) => series === null;
const wide = all(single, ({ classes }) => classes >= 1000);
/** Points of curves included. */
const crossEntropy: Filter = ({ kind }) => kind === "crossEntropy";
const binary: Filter = all(single, ({ kind }) => kind === "binary");
const inMode =
  (mode: Mode): Filter =>
  (of) =>
    of.mode === mode;
const forward = inMode("forward");
const gradient = inMode("gradient");
const named =
  (...ids: string[]): Filter =>
  (of) =>
    single(of) && ids.includes(of.workload);
const sized =
  (least: number, most = Number.POSITIVE_INFINITY): Filter =>
  ({ rows, classes }) =>
    rows * classes >= least && rows * classes <= most;

const time =
  (contender: string): Base =>
  (of) =>
    measurementOf(of, contender)?.median;
const fastest =
  (...contenders: string[]): Base =>
  (of) => {
    const times = contenders.flatMap((one) => time(one)(of) ?? []);
    return times.length > 0 ? Math.min(...times) : undefined;
  };
const ORT = fastest("ort-node operator", "ort-node graph");
const OPERATOR = time("ort-node operator");

/** The native code whose instructions a contender has; none for several threads. */
function nativeOf(contender: string): string {
  const [variant, ...path] = contender.split(" ");
  return path.includes("threads") ? "" : LIMITS[variant as keyof typeof LIMITS];
}

/** How many times as fast as `base` the contenders are. */
function timesAsFast(results: Results, contenders: readonly string[], base: Base, matches: Filter): Figure[] {
  return results.cases.filter(matches).flatMap((of) =>
    contenders.flatMap((contender) => {
      const [own, other] = [time(contender)(of), base(of)];
      if (own === undefined || other === undefined) return [];
      return [{ figure: other / own, where: `${contender}, ${of.workload} ${of.mode}` }];
    }),
  );
}

function faster(what: string, bound: number, contender: string | string[], base: Base, matches: Filter): Target {
  const contenders = [contender].flat();
  return {
    what,
    bound,
    side: "at least",
    unit: "×",
    figures: (results) => timesAsFast(results, contenders, base, matches),
    native: (results) => timesAsFast(results, contenders.map(nativeOf), base, matches),
  };
}

/** What comes on top of the time of `of`; every one with `suffix` after its name. */
function dearer(what: string, bound: number, suffix: string, matches: Filter = single): Target {
  const figures = (results: Results) =>
    ["simd workspace", "relaxed workspace"].flatMap((base) =>
      timesAsFast(results, [`${base}, ${suffix}`], time(base), matches).map(({ figure, where }) => ({
        figure: 1 / figure,
        where,
      })),
    );
  return { what, bound, side: "at most", unit: "×", figures };
}

function share(what: string, simd: number, relaxed: number, path: string, matches: Filter): Target[] {
  const figures = (variant: string) => (results: Results) =>
    results.cases.filter(matches).flatMap((of) => {
      const one = measurementOf(of, `${variant} ${path}`);
      if (!one?.shareOfLimit) return [];
      return [{ figure: one.shareOfLimit, where: `${of.workload} ${of.mode}` }];
    });
  const side = "at least";
  return [
    { what: `simd over native 128-bit code, ${what}`, bound: simd, side, unit: "×", figures: figures("simd") },
    {
      what: `relaxed over native 128-bit FMA code, ${what}`,
      bound: relaxed,
      side,
      unit: "×",
      figures: figures("relaxed"),
    },
  ];
}

function timesJs(what: string, bound: number, contender: string, matches: Filter): Target {
  const figures = (name: string) => (results: Results) =>
    results.cases.filter(matches).flatMap((of) => {
      const one = measurementOf(of, name);
      if (!one?.timesBestJs) return [];
      return [{ figure: one.timesBestJs, where: `${of.workload} ${of.mode}` }];
    });
  return {
    what: `${contender} over the best plain JavaScript, ${what}`,
    bound,
    side: "at least",
    unit: "×",
    figures: figures(contender),
    native: figures(nativeOf(contender)),
  };
}

function loss(what: string, bound: number, matches: Filter): Target {
  const figures = (results: Results) =>
    results.cases
      .filter(matches)
      .flatMap((of) =>
        of.measurements
          .filter(({ contender }) => /^(simd|relaxed) (workspace|end to end)$/.test(contender))
          .map(({ contender, lossError }) => ({ figure: lossError, where: `${contender}, ${of.workload} ${of.mode}` })),
      );
  return { what: `error of the mean loss, ${what}`, bound, side: "at most", unit: "relative", figures };
}

const THREADED = ["simd", "relaxed"].map((variant) => ({
  one: `${variant} shared`,
  two: `${variant} shared, 2 threads`,
}));

function twoThreads(what: string, bound: number, matches: Filter): Target {
  return {
    what: `two threads over one, shared arrays, ${what}`,
    bound,
    side: "at least",
    unit: "×",
    figures: (results) => THREADED.flatMap(({ one, two }) => timesAsFast(results, [two], time(one), matches)),
  };
}

const WIDE = "classes ≥ 1000";
/** What noise may make of a tie: threads that stay out of it take the same time. */
const TIE = 0.95;

export const TARGETS: readonly Target[] = [
  ...share(`${WIDE}, forward`, 1, 0.95, "workspace", all(wide, forward)),
  ...share(`${WIDE}, gradient`, 1, 0.95, "workspace", all(wide, gradient)),
  ...share("64×10, forward", 0.9, 0.9, "workspace", all(named("64×10"), forward)),
  ...share("64×10, gradient", 0.88, 0.88, "workspace", all(named("64×10"), gradient)),
  ...share("binary", 0.97, 0.93, "workspace", binary),
  timesJs(`${WIDE}, forward`, 5, "simd workspace", all(wide, forward)),
  timesJs(`${WIDE}, gradient`, 6.5, "simd workspace", all(wide, gradient)),
  timesJs(`${WIDE}, forward`, 6.5, "relaxed workspace", all(wide, forward)),
  timesJs(`${WIDE}, gradient`, 8, "relaxed workspace", all(wide, gradient)),
  timesJs("64×10", 8, "simd workspace", named("64×10")),
  timesJs("64×10", 8, "relaxed workspace", named("64×10")),
  timesJs("binary, forward", 7.5, "simd workspace", all(binary, forward)),
  timesJs("binary, gradient", 6.5, "simd workspace", all(binary, gradient)),
  timesJs("binary, forward", 9, "relaxed workspace", all(binary, forward)),
  timesJs("binary, gradient", 7.5, "relaxed workspace", all(binary, gradient)),
  faster("simd over native ONNX Runtime, gradient", 1.7, "simd end to end", ORT, all(single, gradient)),
  faster("relaxed over native ONNX Runtime, gradient", 2.2, "relaxed end to end", ORT, all(single, gradient)),
  faster(
    "simd and relaxed over native ONNX Runtime, 1×10, 64×10 and binary",
    15,
    ["simd end to end", "relaxed end to end"],
    ORT,
    named("1×10", "64×10", "binary 1e6"),
  ),
  faster(
    "simd workspace over ONNX Runtime's operator, gradient",
    1.7,
    "simd workspace",
    OPERATOR,
    all(single, gradient),
  ),
  faster(
    "relaxed workspace over ONNX Runtime's operator, gradient",
    2.2,
    "relaxed workspace",
    OPERATOR,
    all(single, gradient),
  ),
  faster(
    "simd and relaxed workspace over ONNX Runtime's operator, 1×10, 64×10 and binary",
    15,
    ["simd workspace", "relaxed workspace"],
    OPERATOR,
    named("1×10", "64×10", "binary 1e6"),
  ),
  faster(`relaxed over native ONNX Runtime, ${WIDE}, forward`, 1 / 1.1, "relaxed workspace", ORT, all(wide, forward)),
  faster(
    `relaxed with two threads over native ONNX Runtime with one, ${WIDE}, forward`,
    1,
    "relaxed shared, 2 threads",
    ORT,
    all(wide, forward),
  ),
  {
    what: "end to end over workspace time, cross-entropy",
    bound: 1.5,
    side: "at most",
    unit: "×",
    figures: (results) =>
      ["simd", "relaxed"].flatMap((variant) =>
        timesAsFast(results, [`${variant} workspace`], time(`${variant} end to end`), all(single, crossEntropy)),
      ),
  },
  timesJs("1×10", 1, "simd end to end", named("1×10")),
  timesJs("1×10", 1, "relaxed end to end", named("1×10")),
  timesJs("1×10", 3, "simd workspace", named("1×10")),
  timesJs("1×10", 3, "relaxed workspace", named("1×10")),
  twoThreads("forward, ≥ 256k logits", 1.85, all(sized(256_000), crossEntropy, forward)),
  twoThreads("gradient, ≥ 256k logits", 1.7, all(sized(256_000), crossEntropy, gradient)),
  twoThreads("fewer logits: no slower, a tie within 5 %", TIE, all(sized(0, 255_999), crossEntropy)),
  dearer("float16 logits over float32", 1.35, "float16"),
  dearer("bfloat16 logits over float32", 1.2, "bfloat16"),
  ...OPTIONS.map((option) => dearer(`${option} over the plain call`, option === "softcap" ? 2 : 1.15, option)),
  loss("64×128256", 2e-7, named("64×128256")),
  loss("binary 1e6", 1e-8, binary),
  {
    what: "simd.wasm and relaxed.wasm together, brotli, in one stream",
    bound: 24_000,
    side: "at most",
    unit: "bytes",
    figures: ({ wasm }) => (wasm === null ? [] : [{ figure: wasm, where: "" }]),
  },
];

/** The case that comes out worst. */
export function worstOf({ side }: Target, figures: readonly Figure[]): Figure {
  const sign = side === "at least" ? 1 : -1;
  return figures.reduce((a, b) => (sign * b.figure < sign * a.figure ? b : a));
}

/** The verdict on a target, undefined when the results say nothing about it. */
export function judge(target: Target, results: Results): Verdict | undefined {
  const figures = target.figures(results);
  if (figures.length === 0) return undefined;
  const sign = target.side === "at least" ? 1 : -1;
  const { figure: worst, where } = worstOf(target, figures);
  const missedBy = Math.max(0, (sign * (target.bound - worst)) / target.bound);
  return { target, worst, where, reached: missedBy === 0, missedBy };
}
