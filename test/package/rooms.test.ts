import { describe, expect, test } from "vitest";
import { importCycle, sourcesOf } from "./sources.js";

/** Rooms of src from the top down: an import stays in its room or goes down. */
const FLOORS = [
  ["index.ts"],
  ["metrics"],
  ["losses", "transforms", "information"],
  ["sweep"],
  ["input"],
  ["kernels"],
  ["generated"],
];
/** Imports nothing, so anyone may have it. */
const ERRORS = "src/input/errors.ts";

describe("src", () => {
  const sources = sourcesOf("src");
  const floor = (path: string) => FLOORS.findIndex((rooms) => rooms.includes(path.split("/")[1]));

  test("every file is in a room", () => {
    expect([...sources.keys()].filter((path) => floor(path) < 0)).toEqual([]);
  });

  test("imports stay in src", () => {
    const targets = [...sources.values()].flatMap(({ imports }) => imports);
    expect(targets.filter((target) => !sources.has(target))).toEqual([]);
  });

  test("imports run one way, down from index.ts", () => {
    const upward = [...sources].flatMap(([path, { imports }]) =>
      imports
        .filter((target) => floor(target) < floor(path) && target !== ERRORS)
        .map((target) => `${path} → ${target}`),
    );
    expect(upward).toEqual([]);
    expect(sources.get(ERRORS)?.imports).toEqual([]);
  });

  test("has no import cycle", () => {
    expect(importCycle(sources)).toEqual([]);
  });
});

describe("assembly", () => {
  const sources = sourcesOf("assembly");

  test("imports stay in assembly", () => {
    const targets = [...sources.values()].flatMap(({ imports }) => imports);
    expect(targets.filter((target) => !sources.has(target))).toEqual([]);
  });

  test("has no import cycle, and nothing imports index.ts", () => {
    expect(importCycle(sources)).toEqual([]);
    expect([...sources.values()].filter(({ imports }) => imports.includes("assembly/index.ts"))).toEqual([]);
  });
});
