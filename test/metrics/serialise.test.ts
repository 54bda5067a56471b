// States as JSON and as bytes: back to the bit, and every kind of damage refused.

import { describe, expect, test } from "vitest";
import { CrossEntropyState, type CrossEntropyStateJson } from "../../src/metrics/index.js";
import { caught } from "../input/caught.js";
import { Rng } from "../support/rng.js";

function filled(options = {}): CrossEntropyState {
  const rng = new Rng(8);
  return new CrossEntropyState({ confusionMatrix: true, ...options })
    .update(rng.logits(60), rng.labels(12, 5), {
      bytes: 77,
      zLoss: 0.01,
      sampleWeight: rng.fill(12, (r) => r.normal(1e3)),
    })
    .update(rng.logits(20), rng.labels(4, 5));
}

const STATES: [string, CrossEntropyState][] = [
  ["empty", new CrossEntropyState()],
  ["of other settings", new CrossEntropyState({ topK: [], calibrationBins: 1 }).update([1, 2], [0])],
  ["filled", filled()],
  ["with infinite sums", filled().update([0, -Infinity, 0, 0, 0], [1])],
  ["with NaN", filled().update([0, Number.NaN, 0, 0, 0], [1])],
];

describe.each(STATES)("a state %s", (_, state) => {
  const ways: [string, CrossEntropyState][] = [
    ["toJSON", CrossEntropyState.fromJSON(state.toJSON())],
    ["JSON.stringify", CrossEntropyState.fromJSON(JSON.parse(JSON.stringify(state)))],
    ["toBytes", CrossEntropyState.fromBytes(state.toBytes())],
  ];
  test.each(ways)("comes back from %s, to the bit, and goes on", (__, back) => {
    expect(back.settings).toEqual(state.settings);
    expect(back.compute()).toStrictEqual(state.compute());
    expect(back.toBytes()).toEqual(state.toBytes());
    const more = CrossEntropyState.fromJSON(state.toJSON()).update([0, 1, 2, 3, 4], [2]);
    expect(back.update([0, 1, 2, 3, 4], [2]).toBytes()).toEqual(more.toBytes());
  });
});

test("the JSON of version 1 is read for ever", () => {
  const text =
    '{"format":"celoss CrossEntropyState","version":1,"settings":{"topK":[1],"calibrationBins":2,' +
    '"confusionMatrix":true},"counts":{"rows":3,"count":3,"invalid":0,"ranks":4,"bytes":9,"unmeasured":0},"hits":[2],' +
    '"sums":{"loss":"0x6p-2","divisor":"0x3p+0","zLoss":"0x0p+0","nll":"0x6p-2","brier":"0x1p-2"},' +
    '"bins":[{"count":0,"correct":0,"confidence":"0x0p+0"},{"count":3,"correct":2,"confidence":"0xap-2"}],' +
    '"confusion":{"classes":2,"cells":[0,1],"counts":[2,1]}}';
  const got = CrossEntropyState.fromJSON(JSON.parse(text)).compute();
  expect(got).toMatchObject({ count: 3, invalid: 0, loss: 0.5, accuracy: 2 / 3, topK: { 1: 2 / 3 }, meanRank: 4 / 3 });
  expect(got).toMatchObject({ perplexity: Math.exp(0.5), brier: 0.25 / 3, ece: 0.5 / 3 });
  expect(got.bitsPerByte).toBeCloseTo(1.5 / 9 / Math.LN2, 15);
  expect(got.confusionMatrix).toEqual([
    [2, 1],
    [0, 0],
  ]);
});

describe("JSON that is no state", () => {
  type Change = (json: CrossEntropyStateJson & Record<string, unknown>) => unknown;
  const set = (path: string, value: unknown): Change => {
    return (json) => {
      const keys = path.split(".");
      const last = keys.pop() as string;
      const at = keys.reduce<Record<string, unknown>>((inner, key) => inner[key] as Record<string, unknown>, json);
      at[last] = value;
      return json;
    };
  };
  const CASES: [what: string, change: Change, text: string][] = [
    ["no object", () => "text", 'TypeError: "json" expected object, got "text"'],
    ["an array", () => [], 'TypeError: "json" expected object, got []'],
    ["null", () => null, 'TypeError: "json" expected object, got null'],
    ["another format", set("format", "x"), 'RangeError: "json.format" expected "celoss CrossEntropyState", got "x"'],
    ["version 2", set("version", 2), 'RangeError: "json.version" expected 1, the only one known here, got 2'],
    ["no version", set("version", undefined), 'RangeError: "json.version" expected 1, the only one known here, got'],
    ["no settings", set("settings", undefined), 'TypeError: "json.settings" expected object, got undefined'],
    ["a wrong setting", set("settings.calibrationBins", 0), 'RangeError: "calibrationBins" expected integer in [1'],
    ["an unknown setting", set("settings.bins", 3), 'TypeError: "options" expected names that this function knows'],
    ["other bins", set("settings.calibrationBins", 14), 'RangeError: "json.bins" expected 14 entries, got 15'],
    ["no counts", set("counts", null), 'TypeError: "json.counts" expected object, got null'],
    [
      "a count missing",
      set("counts.bytes", undefined),
      'TypeError: "json.counts.bytes" expected integer, got undefined',
    ],
    [
      "a count below 0",
      set("counts.rows", -1),
      'RangeError: "json.counts.rows" expected integer in [0, 9007199254740991]',
    ],
    ["half a row", set("counts.count", 1.5), 'RangeError: "json.counts.count" expected integer in'],
    ["more hits than rows", set("hits.0", 17), 'RangeError: "json.hits[0]" expected integer in [0, 16], got 17'],
    ["too few hits", set("hits", [1]), 'RangeError: "json.hits" expected 2 entries, got 1'],
    ["a sum that is a number", set("sums.nll", 1), 'TypeError: "json.sums.nll" expected sum in hexadecimal, got 1'],
    [
      "a sum that is none",
      set("sums.loss", "0x"),
      'RangeError: "json.sums.loss" expected sum in hexadecimal, got "0x"',
    ],
    [
      "rows in no bin",
      set("bins.14", { count: 0, correct: 0, confidence: "0x0p+0" }),
      'RangeError: "json.bins" expected 16',
    ],
    [
      "a bin too right",
      set("bins.0.correct", 1),
      'RangeError: "json.bins[0].correct" expected integer in [0, 0], got 1',
    ],
    ["a bin missing", set("bins.3", null), 'TypeError: "json.bins[3]" expected object, got null'],
    ["pairs unasked", set("settings.confusionMatrix", false), 'RangeError: "json.confusion" expected nothing, as the'],
    [
      "a cell outside",
      set("confusion.cells.0", 25),
      'RangeError: "json.confusion.cells[0]" expected integer in [0, 24]',
    ],
    ["cells without counts", set("confusion.counts", []), 'RangeError: "json.confusion.counts" expected'],
    ["too many classes", set("confusion.classes", 5000), 'RangeError: "json.confusion.classes" expected at most 4096'],
  ];
  test.each(CASES)("%s", (_, change, text) => {
    const json = JSON.parse(JSON.stringify(filled()));
    expect(caught(() => CrossEntropyState.fromJSON(change(json)))).toContain(text);
  });
});

describe("bytes that are no state", () => {
  const bytes = filled().toBytes();

  test("any one bit changed", () => {
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3] ^= 1 << (bit & 7);
      expect(() => CrossEntropyState.fromBytes(damaged), `bit ${bit}`).toThrow(RangeError);
    }
  });

  test("any end cut off, and bytes behind it", () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => CrossEntropyState.fromBytes(bytes.subarray(0, length)), `${length} bytes`).toThrow(
        length < 4 ? /begin with CELS/ : /\(damaged\)$/,
      );
    }
    expect(() => CrossEntropyState.fromBytes(Uint8Array.of(...bytes, 0))).toThrow(
      `expected ${bytes.length} bytes, got`,
    );
  });

  test("bytes exchanged, and other bytes altogether", () => {
    const turned = bytes.slice();
    turned.subarray(30, 60).reverse();
    expect(() => CrossEntropyState.fromBytes(turned)).toThrow(
      /^"bytes" expected checksum [0-9a-f]{8}, got "[0-9a-f]{8}"/,
    );
    expect(() => CrossEntropyState.fromBytes(new Uint8Array(100))).toThrow(/begin with CELS, got Uint8Array\(100\)$/);
  });

  test("another kind of argument", () => {
    for (const wrong of ["CELS", bytes.buffer, Array.from(bytes), undefined]) {
      expect(caught(() => CrossEntropyState.fromBytes(wrong as never))).toContain(
        'TypeError: "bytes" expected Uint8Array',
      );
    }
  });

  test("a version to come, in an envelope that is whole", () => {
    // Made by hand: the checksum is one bit at a time from the polynomial of RFC 1952.
    const text = new TextDecoder().decode(bytes.subarray(8, -4)).replace('"version":1', '"version":7');
    const next = bytes.slice();
    next.set(new TextEncoder().encode(text), 8);
    let crc = 0xffffffff;
    for (const byte of next.subarray(0, -4)) {
      for (let bit = 0; bit < 8; bit++) {
        const differs = ((crc ^ (byte >> bit)) & 1) === 1;
        crc = (crc >>> 1) ^ (differs ? 0xedb88320 : 0);
      }
    }
    new DataView(next.buffer).setUint32(next.length - 4, ~crc >>> 0, true);
    expect(() => CrossEntropyState.fromBytes(next)).toThrow(
      '"json.version" expected 1, the only one known here, got 7',
    );
  });

  test("bytes may lie anywhere in a buffer", () => {
    const room = new Uint8Array(bytes.length + 7);
    room.set(bytes, 3);
    const back = CrossEntropyState.fromBytes(room.subarray(3, 3 + bytes.length));
    expect(back.toBytes()).toEqual(bytes);
  });
});
