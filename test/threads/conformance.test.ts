// The conformance data on several threads. Its batches are small: tiles of one row spread them all the same.

import { afterAll, beforeAll, expect, test } from "vitest";
import * as celoss from "../../src/index.js";
import { TASK } from "../../src/sweep/board.js";
import { setTileBytes } from "../../src/sweep/stage.js";
import { currentPool } from "../../src/sweep/threads.js";
import { type Api, callOf } from "../conformance/calls.js";
import { standing } from "../conformance/exceptions.js";
import { judge, recorded, widths } from "../conformance/judge.js";
import { loadFamilies } from "../conformance/load.js";
import { describeThreads } from "./support.js";

const api: Api = celoss;

beforeAll(() => setTileBytes(1));
afterAll(() => setTileBytes());

describeThreads("conformance in tiles of one row: the tolerances of test/conformance", () => {
  for (const { family, cases } of loadFamilies()) {
    const runnable = cases.filter((c) => standing(c).kind === "run");
    if (runnable.length === 0) continue;
    test(`${family}: ${runnable.length} cases`, () => {
      for (const c of runnable) {
        for (const width of widths(c)) {
          const call = callOf(c, width);
          if (!call) throw new Error(`${c.id} cannot run`);
          judge(c, call, api, width, recorded(c));
        }
      }
    });
  }

  test("workers had their share", () => {
    expect(currentPool()?.board.tasks.some((task) => task[TASK.call] > 0)).toBe(true);
  });
}, [2, 3]);
