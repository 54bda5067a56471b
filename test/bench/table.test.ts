import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import type { Path, Variant } from "../../bench/contenders.js";
import { type Case, compare, type Results, toJson } from "../../bench/results.js";
import { judge } from "../../bench/targets.js";

/** A case in which simd takes `simd` ns a call, its workspace half of it, js 800 and the plain loop 1000. */
function caseOf(workload: string, classes: number, simd: number): Case {
  const timed = (contender: string, variant: Variant, path: Path, median: number) => {
    const time = { median, min: median, roundMedians: [median], samples: 3, batch: 1 };
    return { contender, variant, path, ...time, lossError: 1e-8, gradientError: null };
  };
  const measurements = compare(classes, [
    timed("plain", "plain", "direct", 1000),
    timed("js workspace", "js", "workspace", 900),
    timed("js end to end", "js", "end to end", 800),
    timed("simd workspace", "simd", "workspace", simd / 2),
    timed("simd end to end", "simd", "end to end", simd),
  ]);
  return { workload, mode: "forward", rows: 1, classes, measurements };
}

const RESULTS: Results = {
  schema: 1,
  date: "2026-11-21T00:00:00.000Z",
  command: "npm run bench",
  commit: "abc1234",
  machine: { cpu: "A processor", cores: 2, memoryGiB: 4, load: 0, os: "linux" },
  engine: { name: "node", version: "20.20.2", v8: "11" },
  budget: { warmup: 1, rounds: 1, time: 1, sample: 1 },
  seed: 1,
  relaxedFlags: ["--experimental-wasm-relaxed-simd"],
  cases: [caseOf("1×10", 10, 1600), caseOf("256×1000", 1000, 80)],
  failed: [],
};

describe("figures of a run", () => {
  test("ratios are to the plain loop and to the fastest without WebAssembly", () => {
    const [one] = RESULTS.cases;
    const times = one.measurements.map(({ timesPlain, timesBestJs }) => [timesPlain, timesBestJs]);
    expect(times).toEqual([
      [1, 0.8],
      [1.111, 0.8889],
      [1.25, 1],
      [1.25, 1],
      [0.625, 0.5],
    ]);
    expect(one.measurements.map(({ nsPerElement }) => nsPerElement)).toEqual([100, 90, 80, 80, 160]);
  });

  test("without the js set there is no best plain JavaScript", () => {
    const { measurements } = RESULTS.cases[0];
    const without = compare(
      10,
      measurements.filter(({ variant }) => variant !== "js"),
    );
    expect(without.map(({ timesBestJs }) => timesBestJs)).toEqual([null, null, null]);
  });

  test("targets are judged by the worst case, and only where there is one", () => {
    const verdicts = judge(RESULTS);
    const everywhere = verdicts.find(({ target }) => target.what.startsWith("simd end to end over the best"));
    expect(everywhere).toMatchObject({
      worst: 0.5,
      where: "simd end to end, 1×10 forward",
      reached: false,
      missedBy: 0.5,
    });
    const wide = verdicts.find(({ target }) => target.what.includes("classes ≥ 1000"));
    expect(wide).toMatchObject({ worst: 20, where: "simd workspace, 256×1000 forward", reached: true, missedBy: 0 });
    const copy = verdicts.find(({ target }) => target.what.startsWith("end to end over workspace"));
    expect(copy).toMatchObject({ worst: 2, reached: false });
    expect(verdicts.some(({ target }) => target.what.startsWith("relaxed"))).toBe(false);
  });

  test("the JSON reads back as it was, lists of scalars on one line", () => {
    const text = toJson(RESULTS);
    expect(JSON.parse(text)).toEqual(RESULTS);
    expect(text).toContain('"relaxedFlags": ["--experimental-wasm-relaxed-simd"]');
  });
});

describe("scripts/table.mjs", () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), "celoss-table-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const json = join(folder, "results.json");
  writeFileSync(json, toJson(RESULTS));
  const write = (file: string, from = json) =>
    execFileSync(process.execPath, ["scripts/table.mjs", from, file], { cwd: root, encoding: "utf8", stdio: "pipe" });

  test("fills the blocks, leaves what is around them, and a second time changes nothing", () => {
    const file = join(folder, "a.md");
    const blocks = ["bench", "bench-targets", "bench-detail"];
    const around = blocks.map((name) => `Before ${name}.\n\n<!-- ${name}:start -->\nstale\n<!-- ${name}:end -->\n`);
    writeFileSync(file, `${around.join("\n")}\nAfter.\n`);
    expect(write(file)).toContain("3 blocks, written");
    const once = readFileSync(file, "utf8");
    expect(once).not.toContain("stale");
    expect(once).toMatch(/^Before bench\.\n\n<!-- bench:start -->\n\n\| Forward, ns a logit \|/);
    expect(once).toContain("(**0.50 ×**)");
    expect(once).toContain("**missed by 50 %**");
    expect(once).toContain("### 256×1000, forward (1,000 logits)");
    expect(once.endsWith("<!-- bench-detail:end -->\n\nAfter.\n")).toBe(true);
    expect(write(file)).toContain("3 blocks, unchanged");
    expect(readFileSync(file, "utf8")).toBe(once);
  });

  test("a file without a block is an error", () => {
    const file = join(folder, "b.md");
    writeFileSync(file, "No markers.\n");
    expect(() => write(file)).toThrow(/has no <!-- bench:start -->/);
  });

  test("results with a failed contender stay out of the documentation", () => {
    const file = join(folder, "c.md");
    const failed = join(folder, "failed.json");
    writeFileSync(file, "<!-- bench:start -->\n<!-- bench:end -->\n");
    const failure = { workload: "1×10", mode: "forward", contender: "plain", reason: "wrong answer" } as const;
    writeFileSync(failed, toJson({ ...RESULTS, failed: [failure] }));
    expect(() => write(file, failed)).toThrow(/holds 1 failed contender runs/);
  });
});
