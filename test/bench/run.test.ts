import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { CONTENDERS, takesPart } from "../../bench/contenders.js";
import type { Results } from "../../bench/results.js";
import { WORKLOADS } from "../../bench/workloads.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "celoss-bench-"));
afterAll(() => rmSync(folder, { recursive: true }));

function run(args: string[], nodeFlags: string[] = []): Promise<{ code: number; stdout: string; stderr: string }> {
  const all = [...nodeFlags, "--import", "tsx", "bench/run.ts", ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, all, { cwd: root }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

const TINY = ["--rounds", "2", "--time", "1", "--warmup", "1"];

describe("npm run bench", () => {
  test("with a tiny budget: every contender's answer passes, and the JSON holds every figure", async () => {
    const json = join(folder, "all.json");
    const only = ["1×10", "256x1000 gradient", "BINARY"].flatMap((pattern) => ["--only", pattern]);
    const { code, stdout, stderr } = await run([...TINY, ...only, "--json", json]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const results = JSON.parse(readFileSync(json, "utf8")) as Results;
    expect(results.failed).toEqual([]);
    expect(results.command).toContain("--rounds 2");
    expect(results.cases.map(({ workload, mode }) => `${workload} ${mode}`)).toEqual([
      "1×10 forward",
      "1×10 gradient",
      "256×1000 gradient",
      "binary 1e6 forward",
      "binary 1e6 gradient",
    ]);
    for (const { workload: id, mode, measurements } of results.cases) {
      const workload = WORKLOADS.find((one) => one.id === id) as (typeof WORKLOADS)[number];
      const able = CONTENDERS.filter(({ variant }) => variant !== "relaxed" || results.relaxedFlags !== null);
      const expected = able.filter((contender) => takesPart(contender, workload, mode));
      expect(measurements.map(({ contender }) => contender)).toEqual(expected.map(({ name }) => name));
      for (const one of measurements) {
        expect(one.roundMedians.length).toBeGreaterThanOrEqual(2);
        for (const figure of [one.min, one.median, one.nsPerElement, one.timesPlain, one.timesBestJs])
          expect(figure).toBeGreaterThan(0);
        expect(one.lossError).toBeLessThanOrEqual(1e-5);
        expect(one.gradientError === null).toBe(mode === "forward");
        expect(stdout).toContain(one.contender);
      }
    }
  }, 120_000);

  test("a contender that cannot run is named, the others are measured, exit code 1", async () => {
    const json = join(folder, "failed.json");
    const { code, stderr } = await run([...TINY, "--only", "1x10 forward", "--json", json], ["--jitless"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^FAILED 1×10 forward, simd workspace: /m);
    const results = JSON.parse(readFileSync(json, "utf8")) as Results;
    expect(results.failed.map(({ contender }) => contender)).toEqual(["simd workspace", "simd end to end"]);
    expect(results.cases[0].measurements.map(({ contender }) => contender)).toEqual([
      "plain",
      "js workspace",
      "js end to end",
    ]);
  }, 60_000);

  for (const [args, message] of [
    [["--onyl", "x"], /Unknown option '--onyl'/],
    [["--only", "7x7"], /--only "7x7" chooses nothing/],
    [["--rounds", "1.5"], /--rounds expected a positive integer, got "1.5"/],
    [["--time=-1"], /--time expected a positive number, got "-1"/],
    [["--time", "-1"], /Option '--time' argument is ambiguous/],
    [["--warmup", "soon"], /--warmup expected a positive number, got "soon"/],
    [["--quick", "--all"], /--quick and --all exclude each other/],
    [["stray"], /stray/],
  ] as const)
    test(`${args.join(" ")}: a message, the way to --help, exit code 2`, async () => {
      const { code, stdout, stderr } = await run([...args]);
      expect(stderr).toMatch(message);
      expect(stderr).toContain("--help");
      expect(stdout).toBe("");
      expect(code).toBe(2);
    });

  test("--list names what --only chooses from, --help the options", async () => {
    const list = await run(["--list", "--only", "binary simd"]);
    expect(list.stdout).toBe("binary 1e6 forward simd end to end\nbinary 1e6 gradient simd end to end\n");
    const help = await run(["--help"]);
    for (const option of ["--quick", "--all", "--only", "--json"]) expect(help.stdout).toContain(option);
    expect([list.code, help.code]).toEqual([0, 0]);
  });
});
