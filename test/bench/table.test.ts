import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { parseFloor } from "../../bench/machine.js";
import { BLOCKS } from "../../bench/markdown.js";
import { spread } from "../../bench/plots/svg.js";
import type { Mode } from "../../bench/protocol.js";
import {
  type Case,
  compare,
  fromJson,
  joined,
  measurementOf,
  type Results,
  toJson,
  withExperiment,
} from "../../bench/results.js";
import { judge, TARGETS } from "../../bench/targets.js";
import type { Series } from "../../bench/workloads.js";

/** A case in which simd takes `simd` ns a call, its workspace half of it, native code a quarter, js 800, naive 1000. */
function caseOf(rows: number, classes: number, simd: number, mode: Mode = "forward", series?: Series): Case {
  const timed = (contender: string, median: number) => {
    const group = contender.startsWith("native")
      ? ("native" as const)
      : /^(simd|relaxed)/.test(contender)
        ? ("celoss" as const)
        : contender.startsWith("ort")
          ? ("rival" as const)
          : ("plain" as const);
    const time = { median, min: median, roundMedians: [median], samples: 3, batch: 1 };
    return { contender, group, ...time, lossError: 1e-8, gradientError: mode === "forward" ? null : 1e-7 };
  };
  const measurements = compare(rows * classes, [
    timed("naive", 1000),
    timed("js workspace", 900),
    timed("js end to end", 800),
    timed("simd workspace", simd / 2),
    timed("simd end to end", simd),
    timed("simd shared", simd),
    timed("simd shared, 2 threads", simd / 1.8),
    timed("simd workspace, weight", 0.55 * simd),
    timed("simd workspace, float16", 0.75 * simd),
    timed("simd workspace, wider", 0.1 * simd),
    timed("native sse4.1", simd / 4),
    timed("ort-node graph", 2 * simd),
  ]);
  const workload = `${rows}×${classes}`;
  return { workload, series: series ?? null, kind: "crossEntropy", mode, rows, classes, measurements };
}

const RESULTS: Results = {
  schema: 3,
  date: "2026-11-21T00:00:00.000Z",
  command: "npm run bench",
  runs: 1,
  commit: "abc1234",
  machine: { cpu: "A processor", cores: 2, memoryGiB: 4, load: 0, os: "linux" },
  limits: { memory: 20, exp: { "sse4.1": 0.4 } },
  wasm: 20_000,
  engine: {
    id: "node20",
    name: "Node",
    version: "20.20.2",
    v8: "11",
    relaxedFlags: ["--experimental-wasm-relaxed-simd"],
  },
  budget: { warmup: 1, rounds: 1, time: 1, sample: 1 },
  seed: 1,
  contenders: [{ name: "naive", group: "plain", threads: 1, note: "the textbook" }],
  cases: [
    caseOf(1, 10, 1600),
    caseOf(256, 1000, 80),
    caseOf(256, 1000, 100, "gradient"),
    caseOf(128, 32_000, 80),
    caseOf(500_000, 2, 300, "forward", "classes"),
    caseOf(1000, 1000, 90, "forward", "classes"),
    caseOf(4096, 1000, 90, "gradient", "threads"),
  ],
  warmup: [{ contender: "simd workspace", workload: "256×1000", mode: "forward", times: [256e4, 256e3, 256e3, 256e3] }],
  absent: [],
  failed: [],
};

function verdictOf(what: string, results = RESULTS) {
  const target = TARGETS.find((one) => one.what === what);
  if (!target) throw new RangeError(what);
  return judge(target, results);
}

describe("figures of a run", () => {
  const [small] = RESULTS.cases;

  test("ratios are to the naive loop, the fastest plain JavaScript and native code with the same instructions", () => {
    const figures = small.measurements
      .slice(0, 5)
      .map(({ timesNaive, timesBestJs, shareOfLimit }) => [timesNaive, timesBestJs, shareOfLimit]);
    expect(figures).toEqual([
      [1, 0.8, null],
      [1.111, 0.8889, null],
      [1.25, 1, null],
      [1.25, 1, 0.5],
      [0.625, 0.5, 0.25],
    ]);
    expect(small.measurements.slice(0, 5).map(({ nsPerElement }) => nsPerElement)).toEqual([100, 90, 80, 80, 160]);
  });

  test("one plain contender alone is no best", () => {
    const without = compare(
      10,
      small.measurements.filter(({ contender }) => !contender.startsWith("js")),
    );
    expect(new Set(without.map(({ timesBestJs }) => timesBestJs))).toEqual(new Set([null]));
  });

  test("two runs as one: the best of all rounds, ratios anew, and what only one of them measured", () => {
    const slower = caseOf(1, 10, 2000);
    const after: Results = {
      ...RESULTS,
      command: "npm run bench -- --add",
      limits: { memory: 18, exp: { "sse4.1": 0.3 } },
      cases: [{ ...slower, measurements: slower.measurements.slice(0, 5) }, caseOf(2, 10, 1600)],
      warmup: [],
      failed: [{ workload: "1×10", mode: "forward", contender: "a", reason: "b" }],
    };
    const both = joined(RESULTS, after);
    expect([both.command, both.runs]).toEqual(["npm run bench", 2]);
    const [naive] = RESULTS.contenders;
    const of = (...names: string[]) => names.map((name) => ({ ...naive, name }));
    const ordered = joined({ ...RESULTS, contenders: of("a", "b") }, { ...after, contenders: of("c", "b") });
    expect(ordered.contenders).toEqual(of("a", "b", "c"));
    expect(both.limits).toEqual({ memory: 20, exp: { "sse4.1": 0.3 } });
    expect(both.cases).toHaveLength(RESULTS.cases.length + 1);
    expect(both.cases.at(-1)?.workload).toBe("2×10");
    expect([both.warmup, both.failed]).toEqual([RESULTS.warmup, after.failed]);
    const [first] = both.cases;
    const names = small.measurements.map(({ contender }) => contender);
    expect(first.measurements.map(({ contender }) => contender)).toEqual(names);
    expect(measurementOf(first, "simd workspace")).toMatchObject({
      median: 800,
      roundMedians: [800, 1000],
      samples: 6,
    });
    expect(measurementOf(first, "native sse4.1")).toEqual(measurementOf(small, "native sse4.1"));
    // Nobody of it was faster the second time.
    expect(first.measurements.map(({ shareOfLimit }) => shareOfLimit)).toEqual(
      small.measurements.map(({ shareOfLimit }) => shareOfLimit),
    );
    const mended = joined(
      { ...RESULTS, failed: [{ workload: "1×10", mode: "forward", contender: "naive", reason: "b" }] },
      after,
    );
    expect(mended.failed).toEqual(after.failed);
    const faster = joined(RESULTS, { ...after, cases: [caseOf(1, 10, 800)] }).cases[0];
    expect(measurementOf(faster, "simd end to end")).toMatchObject({ median: 800, timesBestJs: 1 });
    expect(() => joined(RESULTS, { ...after, wasm: 20_001 })).toThrow(
      "another size of the binaries, 20000 before and 20001 now",
    );
  });

  test("JSON is read as written, a measurement a line; another schema is refused", () => {
    const text = toJson(RESULTS);
    expect(fromJson(text, "a")).toEqual(JSON.parse(JSON.stringify(RESULTS)));
    expect(text).toContain('"times": [ 2560000, 256000, 256000, 256000 ] }');
    expect(() => fromJson('{"schema": 1}', "old.json")).toThrow("old.json has schema 1, this suite reads 3");
    expect(() => fromJson("{", "bad.json")).toThrow("bad.json is no JSON");
    for (const damaged of [text.replace('"runs": 1', '"runs": null'), text.replace('"min": 800', '"min": null')])
      expect(() => fromJson(damaged, "bad.json")).toThrow("bad.json is damaged");
  });

  test("a line of the native floor", () => {
    expect(parseFloor('{"set": "avx2", "expSum": 0.15, "readGBs": 20}')).toEqual({
      set: "avx2",
      exp: 0.15,
      memory: 20,
    });
    expect(() => parseFloor('{"set": "avx2"}')).toThrow(/no floor/);
  });
});

describe("targets", () => {
  test("the case that comes out worst decides", () => {
    const verdict = verdictOf("simd workspace over the best plain JavaScript, classes ≥ 1000, forward");
    expect(verdict).toMatchObject({ worst: 20, reached: true, missedBy: 0 });
    const lost = verdictOf("simd end to end over the best plain JavaScript, 1×10");
    expect(lost).toMatchObject({ worst: 0.5, where: "1×10 forward", reached: false, missedBy: 0.5 });
  });

  test("share of the limit, other libraries, threads, options, 16 bit, size", () => {
    expect(verdictOf("simd over native 128-bit code, classes ≥ 1000, forward")?.worst).toBe(0.5);
    expect(verdictOf("simd over native ONNX Runtime, gradient")?.worst).toBe(2);
    expect(verdictOf("two threads over one, shared arrays, gradient, ≥ 256k logits")?.worst).toBeCloseTo(1.8, 10);
    expect(verdictOf("weight over the plain call")?.worst).toBeCloseTo(1.1, 10);
    expect(verdictOf("float16 logits over float32")).toMatchObject({ reached: false });
    expect(verdictOf("end to end over workspace time, cross-entropy")?.worst).toBe(2);
    expect(verdictOf("simd.wasm and relaxed.wasm together, brotli, in one stream")).toMatchObject({
      worst: 20_000,
      reached: true,
    });
  });

  test("as if an experiment had been on: its figures alone, compared anew", () => {
    const results = withExperiment(RESULTS, "wider");
    const target = TARGETS.find(({ what }) => what === "simd over native 128-bit code, classes ≥ 1000, forward");
    expect(target && judge(target, results)?.worst).toBe(2.5);
    const names = results.cases.flatMap(({ measurements }) => measurements.map(({ contender }) => contender));
    expect(names.filter((name) => name.startsWith("simd"))).toEqual(results.cases.map(() => "simd workspace"));
    expect(measurementOf(results.cases[0], "js workspace")).toEqual(measurementOf(RESULTS.cases[0], "js workspace"));
    expect(TARGETS.some((one) => judge(one, withExperiment(RESULTS, "other")))).toBe(false);
  });

  test("what was not measured is not judged", () => {
    expect(verdictOf("zLoss over the plain call")).toBeUndefined();
    const none = TARGETS.map((target) => judge(target, { ...RESULTS, cases: [], wasm: null }));
    expect(new Set(none)).toEqual(new Set([undefined]));
  });
});

test("labels keep their distance and stay in range", () => {
  const at = spread([10, 11, 12, 99], 5, 0, 100);
  const sorted = at.toSorted((a, b) => a - b);
  for (let i = 1; i < at.length; i++) expect(sorted[i] - sorted[i - 1]).toBeGreaterThanOrEqual(5 - 1e-6);
  expect(sorted).toEqual(at);
  expect(spread([10, 50, 90], 5, 0, 100)).toEqual([10, 50, 90]);
});

describe("scripts/table.mjs", () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), "celoss-table-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const json = join(folder, "results.json");
  writeFileSync(json, toJson(RESULTS));
  const other = join(folder, "bun.json");
  const bun = { id: "bun", name: "Bun", version: "1.4.5", v8: null, relaxedFlags: null };
  writeFileSync(other, toJson({ ...RESULTS, engine: bun, command: "npm run bench:engines" }));
  const write = (...words: string[]) =>
    execFileSync(process.execPath, ["scripts/table.mjs", ...words], { cwd: root, encoding: "utf8", stdio: "pipe" });

  test("fills every block, leaves what is around them, and a second time changes nothing", () => {
    const file = join(folder, "a.md");
    const names = Object.keys(BLOCKS);
    const around = names.map((name) => `Before ${name}.\n\n<!-- ${name}:start -->\nstale\n<!-- ${name}:end -->\n`);
    writeFileSync(file, `${around.join("\n")}\nAfter.\n`);
    expect(write(json, other, file)).toContain(`${names.length} blocks, written`);
    const once = readFileSync(file, "utf8");
    expect(once).not.toContain("stale");
    expect(once).not.toContain("NaN");
    expect(once).not.toContain("undefined");
    expect(once).toMatch(/^Before bench\.\n\n<!-- bench:start -->\n\n\| Forward, ns a logit \|/);
    expect(once).toContain("(**0.50 ×**)");
    expect(once).toContain("**0.50 × (1×10 forward), missed by 50 %**");
    expect(once).toContain("### 256×1000, forward (256,000 logits)");
    expect(once).toContain("simd, Bun 1.4.5");
    expect(once).toContain("20 GB/s");
    expect(once.endsWith("<!-- bench-detail:end -->\n\nAfter.\n")).toBe(true);
    expect(write(json, other, file)).toContain(`${names.length} blocks, unchanged`);
    expect(readFileSync(file, "utf8")).toBe(once);
  });

  test("draws plots, whole SVG, with nothing that is no number", () => {
    const file = join(folder, "d.md");
    const plots = join(folder, "plots");
    writeFileSync(file, "<!-- bench:start -->\n<!-- bench:end -->\n");
    write(json, other, file, "--plots", plots);
    const names = readdirSync(plots);
    expect(names.sort()).toEqual(["classes.svg", "rivals.svg", "roofline.svg", "warmup.svg"]);
    for (const name of names) {
      const text = readFileSync(join(plots, name), "utf8");
      expect(text).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[\s\S]*<\/svg>\n$/);
      expect(text).not.toMatch(/NaN|undefined|Infinity/);
      expect(text).toContain("prefers-color-scheme: dark");
    }
  });

  test("a file without a block is an error", () => {
    const file = join(folder, "b.md");
    writeFileSync(file, "No markers.\n");
    expect(() => write(json, file)).toThrow(/has no <!-- bench:start -->/);
  });

  test("results with a failed contender of the project's own stay out of the documentation", () => {
    const file = join(folder, "c.md");
    const failed = join(folder, "failed.json");
    writeFileSync(file, "<!-- bench:start -->\n<!-- bench:end -->\n");
    const failure = { workload: "1×10", mode: "forward", contender: "naive", reason: "wrong answer" } as const;
    writeFileSync(failed, toJson({ ...RESULTS, failed: [failure] }));
    expect(() => write(failed, file)).toThrow(/hold 1 failed contender runs/);
  });
});
