// Wrong arguments: the right error, and the state as it was.

import { describe, expect, test } from "vitest";
import { CrossEntropyState } from "../../src/metrics/index.js";
import { caught } from "../input/caught.js";

const LOGITS = Float32Array.of(2, 1, 0.1, 0.5, 2.5, -1);

type Case = [what: string, logits: unknown, targets: unknown, options: unknown, text: string];
const CASES: Case[] = [
  ["label too large", LOGITS, [0, 3], {}, 'RangeError: "targets" expected integer in [0, 3), got 3 at index 1'],
  ["label no integer", LOGITS, [0, 0.5], {}, 'RangeError: "targets" expected integer in [0, 3), got 0.5 at index 1'],
  ["logits no numbers", "logits", [0, 1], {}, 'TypeError: "logits" expected Float32Array'],
  ["shapes apart", LOGITS, [0, 1, 2, 0], {}, 'RangeError: "targets" expected a number of indices that divides'],
  [
    "weights missing",
    LOGITS,
    [0, 1],
    { weight: [1, 2] },
    'RangeError: "weight" expected 3 elements, one a class, got 2',
  ],
  [
    "sample weight NaN",
    LOGITS,
    [0, 1],
    { sampleWeight: [1, NaN] },
    'RangeError: "sampleWeight" expected finite numbers',
  ],
  ["mask too short", LOGITS, [0, 1], { mask: new Uint8Array(4) }, 'RangeError: "mask" expected 6 elements'],
  [
    "smoothing above 1",
    LOGITS,
    [0, 1],
    { labelSmoothing: 2 },
    'RangeError: "labelSmoothing" expected finite number in [0',
  ],
  ["bytes below 0", LOGITS, [0, 1], { bytes: -1 }, 'RangeError: "bytes" expected integer >= 0, got -1'],
  ["bytes no number", LOGITS, [0, 1], { bytes: "9" }, 'TypeError: "bytes" expected integer, got "9"'],
  ["a reduction", LOGITS, [0, 1], { reduction: "sum" }, 'TypeError: "options" expected names that this function knows'],
  ["options no object", LOGITS, [0, 1], 3, 'TypeError: "options" expected object, got 3'],
  [
    "other classes",
    LOGITS.subarray(0, 4),
    [0, 1],
    {},
    'RangeError: "logits" expected 3 classes, as the confusion matrix',
  ],
];

describe("update refuses, and the state is as it was", () => {
  test.each(CASES)("%s", (_, logits, targets, options, text) => {
    const state = new CrossEntropyState({ confusionMatrix: true }).update(LOGITS, [0, 1], { bytes: 5 });
    const before = state.toBytes();
    expect(caught(() => state.update(logits as never, targets as never, options as never))).toContain(text);
    expect(state.toBytes()).toEqual(before);
  });

  test("an empty state does not take the classes of a batch it refused", () => {
    const state = new CrossEntropyState({ confusionMatrix: true });
    expect(() => state.update(LOGITS, [0, 5])).toThrow(RangeError);
    state.update([0, 1], [0]);
    expect(state.compute().confusionMatrix).toEqual([
      [0, 1],
      [0, 0],
    ]);
  });

  test("too many classes for a confusion matrix", () => {
    const state = new CrossEntropyState({ confusionMatrix: true });
    expect(() => state.update(new Float32Array(4097), [0])).toThrow(
      '"logits" expected at most 4096 classes for a confusion matrix, got 4097',
    );
    expect(state.compute().count).toBe(0);
    expect(new CrossEntropyState().update(new Float32Array(4097), [0]).compute().count).toBe(1);
  });
});

describe("merge refuses, and the state is as it was", () => {
  const plain = { topK: [1, 5], calibrationBins: 15, confusionMatrix: false };
  const pairs = (classes: number) =>
    new CrossEntropyState({ confusionMatrix: true }).update(new Array(classes).fill(0), [0]);
  const CASES: [what: string, state: CrossEntropyState, other: unknown, text: string][] = [
    ["no state", new CrossEntropyState(), {}, 'TypeError: "other" expected CrossEntropyState, got {}'],
    [
      "its JSON",
      new CrossEntropyState(),
      new CrossEntropyState().toJSON(),
      'TypeError: "other" expected CrossEntropyState',
    ],
    [
      "another topK",
      new CrossEntropyState(),
      new CrossEntropyState({ topK: [1] }),
      `RangeError: "other" expected state with settings ${JSON.stringify(plain)}, got CrossEntropyState with ` +
        JSON.stringify({ ...plain, topK: [1] }),
    ],
    ["other bins", new CrossEntropyState(), new CrossEntropyState({ calibrationBins: 10 }), '"calibrationBins":10'],
    ["no pairs", pairs(2), new CrossEntropyState(), '"confusionMatrix":false'],
    ["other classes", pairs(2), pairs(3), 'RangeError: "other" expected 2 classes, as the confusion matrix has, got 3'],
  ];
  test.each(CASES)("%s", (_, state, other, text) => {
    const before = state.toBytes();
    expect(caught(() => state.merge(other as CrossEntropyState))).toContain(text);
    expect(state.toBytes()).toEqual(before);
  });
});

describe("settings", () => {
  test("topK is ascending, each k once; it and the settings are the state's own", () => {
    const topK = [5, 1, 5];
    const state = new CrossEntropyState({ topK });
    topK.push(9);
    expect(state.settings).toEqual({ topK: [1, 5], calibrationBins: 15, confusionMatrix: false });
    (state.settings.topK as number[]).push(7);
    expect(state.settings.topK).toEqual([1, 5]);
    expect(state.merge(new CrossEntropyState({ topK: [1, 5] })).compute().count).toBe(0);
  });

  test.each([
    [{ topK: 5 }, 'TypeError: "topK" expected array of integers, got 5'],
    [{ topK: [1, 0] }, 'RangeError: "topK[1]" expected integer >= 1, got 0'],
    [{ topK: [1, "2"] }, 'TypeError: "topK[1]" expected integer, got "2"'],
    [{ calibrationBins: 0 }, 'RangeError: "calibrationBins" expected integer in [1, 65536], got 0'],
    [{ confusionMatrix: 3 }, 'TypeError: "confusionMatrix" expected boolean, got 3'],
    [{ topk: [1] }, 'TypeError: "options" expected names that this function knows, got "topk" (did you mean "topK"?)'],
  ])("%o", (options, text) => {
    expect(caught(() => new CrossEntropyState(options as never))).toContain(text);
  });
});
