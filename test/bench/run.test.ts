import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import type { Results } from "../../bench/results.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "celoss-bench-"));
afterAll(() => rmSync(folder, { recursive: true }));

function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ["--import", "tsx", "bench/run.ts", ...args], { cwd: root }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

const TINY = ["--rounds", "2", "--time", "1", "--warmup", "1"];
const only = (...patterns: string[]) => patterns.flatMap((pattern) => ["--only", pattern]);

describe("npm run bench", () => {
  test("with a tiny budget: answers pass, and the JSON holds every figure", async () => {
    const json = join(folder, "some.json");
    const shapes = ["1×10 forward", "256×1000 gradient", "binary 1e6 gradient"];
    const ways = ["naive", "tuned", "js end", "simd", "relaxed end"];
    const patterns = shapes.flatMap((shape) => ways.map((way) => `${shape} ${way}`));
    const { code, stdout, stderr } = await run(...TINY, ...only(...patterns), "--json", json);
    expect(stderr).not.toContain("FAILED");
    expect(code).toBe(0);
    const results = JSON.parse(readFileSync(json, "utf8")) as Results;
    expect(results.failed).toEqual([]);
    expect(results.command).toContain("--rounds 2");
    expect(results.cases.map(({ workload, mode }) => `${workload} ${mode}`)).toEqual(shapes);
    const names = results.cases[1].measurements.map(({ contender }) => contender);
    for (const name of ["tuned", "js end to end", "simd workspace", "simd allocating", "simd workspace, float16"])
      expect(names).toContain(name);
    for (const option of ["weight", "labelSmoothing", "ignoreIndex", "zLoss", "softcap"])
      expect(names).toContain(`simd workspace, ${option}`);
    for (const { mode, measurements } of results.cases)
      for (const one of measurements) {
        expect(one.roundMedians.length).toBeGreaterThanOrEqual(2);
        for (const figure of [one.min, one.median, one.nsPerElement, one.timesNaive, one.timesBestJs])
          expect(figure).toBeGreaterThan(0);
        if (one.group === "celoss" || one.group === "plain") expect(one.lossError).toBeLessThanOrEqual(1e-5);
        expect(one.gradientError === null).toBe(mode === "forward");
        expect(stdout).toContain(one.contender);
      }
  }, 120_000);

  test("--add: the rounds join those of the file; results of another engine are refused before anything is timed", async () => {
    const json = join(folder, "added.json");
    const read = () => JSON.parse(readFileSync(json, "utf8")) as Results;
    const add = (pattern: string) => run(...TINY, ...only(pattern), "--json", json, "--add");
    expect(await add("64×10 forward js end")).toMatchObject({ code: 0 });
    const [{ measurements: first }] = read().cases;
    expect(await add("64×10 js end")).toMatchObject({ code: 0 });
    const { cases, runs } = read();
    expect(runs).toBe(2);
    expect(cases.map(({ mode }) => mode)).toEqual(["forward", "gradient"]);
    const [{ measurements: both }] = cases;
    expect(both[0].roundMedians.slice(0, first[0].roundMedians.length)).toEqual(first[0].roundMedians);
    expect(both[0].roundMedians.length).toBeGreaterThanOrEqual(4);
    expect(both[0].median).toBe(Math.min(...both[0].roundMedians));

    const text = readFileSync(json, "utf8").replace(/"version": "/, '"version": "7.');
    writeFileSync(json, text);
    const { code, stdout, stderr } = await add("64×10 forward js end");
    expect(stderr).toMatch(/--add expected results to add to: another engine, Node 7\..* before and Node /);
    expect([code, stdout]).toEqual([2, ""]);
    expect(readFileSync(json, "utf8")).toBe(text);
    for (const [damaged, message] of [
      ["", /--add expected .*added\.json is no JSON/],
      [text.replace('"runs": 2', '"runs": null'), /--add expected .*added\.json is damaged/],
    ] as const) {
      writeFileSync(json, damaged);
      const { code, stderr } = await add("64×10 forward js end");
      expect(stderr).toMatch(message);
      expect([code, readFileSync(json, "utf8")]).toEqual([2, damaged]);
    }
  }, 60_000);

  test("a pattern that chooses nothing: a message, the way to --help, exit code 2", async () => {
    const { code, stdout, stderr } = await run(...only("7x7"));
    expect(stderr).toMatch(/--only "7x7" chooses nothing/);
    expect(stderr).toContain("--help");
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  test("a folder in place of a file: exit code 2 before anything is timed", async () => {
    const { code, stdout, stderr } = await run(...only("64×10 forward js end"), "--json", folder);
    expect(stderr).toMatch(/--json expected a file that can be written, got .*: it is no file/);
    expect([code, stdout]).toEqual([2, ""]);
  });

  test("an engine that is not there: exit code 2 and those that are", async () => {
    const { code, stderr } = await run("--engine", "node7");
    expect(stderr).toMatch(/--engine expected one of node\d+.*, got "node7"/);
    expect(code).toBe(2);
  });

  test("--list names what --only chooses from, --help the options", async () => {
    const list = await run("--list", ...only("binary simd end"));
    expect(list.stdout).toContain("binary 1e6 forward simd end to end\n");
    expect(list.stdout).toContain("binary 1e6 gradient simd end to end\n");
    const help = await run("--help");
    for (const option of ["--only", "--engine", "--json", "bench:all"]) expect(help.stdout).toContain(option);
    expect([list.code, help.code]).toEqual([0, 0]);
  });
});
