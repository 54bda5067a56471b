import { describe, expect, test } from "vitest";
import { choose } from "../../bench/options.js";

describe("the command line", () => {
  test("the quick suite by default, --all and --engines the others", () => {
    expect(choose([])?.suite).toBe("quick");
    expect(choose(["--all"])?.suite).toBe("all");
    expect(choose(["--engines"])?.suite).toBe("engines");
    expect(choose(["--help"])).toBeUndefined();
  });

  test("--only: every word of one of the patterns, whatever the case and the cross", () => {
    const only = choose(["--only", "256x1000 SIMD", "--only", "binary"])?.only as (text: string) => boolean;
    expect(only("256×1000 forward simd workspace")).toBe(true);
    expect(only("256×1000 forward js workspace")).toBe(false);
    expect(only("binary 1e6 gradient naive")).toBe(true);
    expect(choose([])?.only).toBeUndefined();
  });

  test("--only: points of curves by the word series alone", () => {
    const only = choose(["--only", "1x10 naive"])?.only as (text: string) => boolean;
    expect(only("1×10 forward naive")).toBe(true);
    expect(only("series rows 1×10 forward naive")).toBe(false);
    const curve = choose(["--only", "series 1x10"])?.only as (text: string) => boolean;
    expect(curve("series rows 1×10 forward naive")).toBe(true);
  });

  test("numbers take the place of the suite's", () => {
    const { budget, json, engines } = choose([
      "--rounds",
      "3",
      "--time",
      "1.5",
      "--warmup",
      "7",
      "--json",
      "a.json",
      "--engine",
      "bun",
    ]) as NonNullable<ReturnType<typeof choose>>;
    expect(budget).toMatchObject({ rounds: 3, time: 1.5, warmup: 7 });
    expect([json, engines]).toEqual(["a.json", ["bun"]]);
  });

  for (const [args, message] of [
    [["--onyl", "x"], /Unknown option '--onyl'/],
    [["--rounds", "1.5"], /--rounds expected a positive integer, got "1.5"/],
    [["--time=-1"], /--time expected a positive number, got "-1"/],
    [["--time", "-1"], /Option '--time' argument is ambiguous/],
    [["--warmup", "soon"], /--warmup expected a positive number, got "soon"/],
    [["--all", "--engines"], /--all and --engines exclude each other/],
    [["stray"], /stray/],
    [["--only", " "], /--only expected words, got ""/],
    [["--json", ""], /--json expected the name of a file, got ""/],
  ] as const)
    test(`${args.join(" ")}: a message that names it`, () => expect(() => choose([...args])).toThrow(message));
});
