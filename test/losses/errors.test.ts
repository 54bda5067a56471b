// Wrong arguments: the right error, in the one form of words, and every buffer of the caller as it was.

import { describe, expect, test } from "vitest";
import * as celoss from "../../src/index.js";
import { describeSets } from "../support/sets.js";

const ROWS = 3;
const CLASSES = 4;

/** Good arguments, fresh for every test, with a buffer in every place that takes one. */
function good() {
  const n = ROWS * CLASSES;
  return {
    logits: Float32Array.from({ length: n }, (_, i) => i / 4) as unknown,
    targets: Int32Array.of(0, 3, 1) as unknown,
    options: {
      dims: [ROWS, CLASSES],
      weight: Float32Array.of(1, 2, 3, 4),
      sampleWeight: Float32Array.of(1, 2, 3),
      mask: new Uint8Array(n).fill(1),
      gradOutput: Float32Array.of(1, 1, 1),
      reduction: "none",
      out: new Float32Array(ROWS).fill(7),
      grad: new Float32Array(n).fill(7),
    } as Record<string, unknown>,
  };
}
type Arguments = ReturnType<typeof good>;

function buffers({ logits, targets, options }: Arguments): Map<string, number[]> {
  const arrays = Object.entries({ logits, targets, ...options }).filter(([, value]) => ArrayBuffer.isView(value));
  return new Map(
    arrays.map(([name, value]) => {
      const { buffer, byteOffset, byteLength } = value as Uint8Array;
      return [name, Array.from(new Uint8Array(buffer, byteOffset, byteLength))];
    }),
  );
}

type Case = [what: string, change: (a: Arguments) => void, error: typeof TypeError | typeof RangeError, text: RegExp];
const set = (name: string, value: unknown) => (a: Arguments) => {
  a.options[name] = value;
};
const logits = (value: unknown) => (a: Arguments) => {
  a.logits = value;
};
const targets = (value: unknown) => (a: Arguments) => {
  a.targets = value;
};

const CASES: Case[] = [
  [
    "label too large",
    targets(Int32Array.of(0, 1, 4)),
    RangeError,
    /^"targets" expected integer in \[0, 4\), got 4 at index 2$/,
  ],
  [
    "label negative",
    targets(Int32Array.of(0, -1, 2)),
    RangeError,
    /^"targets" expected integer in \[0, 4\), got -1 at index 1$/,
  ],
  [
    "label no integer",
    targets([0, 0.5, 1]),
    RangeError,
    /^"targets" expected integer in \[0, 4\), got 0\.5 at index 1$/,
  ],
  [
    "BigInt label too large",
    targets(BigInt64Array.of(0n, 2n ** 40n, 1n)),
    RangeError,
    /^"targets" expected integer in \[0, 4\), got 1099511627776n? at index 1$/,
  ],
  [
    "label NaN",
    targets([0, Number.NaN, 1]),
    RangeError,
    /^"targets" expected integer in \[0, 4\), got NaN at index 1$/,
  ],
  ["too few labels", targets(Int32Array.of(0, 1)), RangeError, /^"targets" expected .*, got 2/],
  ["too many labels", targets(Int32Array.of(0, 1, 2, 3)), RangeError, /^"targets" expected .*, got 4/],
  [
    "labels of another shape",
    targets({ data: Int32Array.of(0, 1, 2), dims: [1, 3] }),
    RangeError,
    /^"targets" expected dims \[3\]/,
  ],
  ["too few probabilities", targets(new Float32Array(11)), RangeError, /^"targets" expected .*12.*, got 11/],
  ["labels as floats", targets(Float32Array.of(0, 1, 2)), RangeError, /^"targets" expected .*integer array/],
  [
    "probabilities of another shape",
    targets({ data: new Float32Array(12), dims: [4, 3] }),
    RangeError,
    /^"targets" expected/,
  ],
  ["targets a string", targets("012"), TypeError, /^"targets" expected .*, got "012"$/],
  ["targets a number", targets(1), TypeError, /^"targets" expected .*, got 1$/],
  ["no targets", targets(undefined), TypeError, /^"targets" expected .*, got undefined$/],
  ["targets null", targets(null), TypeError, /^"targets" expected .*, got null$/],
  ["label a string", targets([0, "1", 2]), TypeError, /^"targets" expected .*, got "1" at index 1$/],
  ["no logits", logits(undefined), TypeError, /^"logits" expected .*, got undefined$/],
  ["logits integers", logits(new Int32Array(12)), TypeError, /^"logits" expected .*, got Int32Array\(12\)$/],
  ["logits Uint16Array without dtype", logits(new Uint16Array(12)), TypeError, /^"logits" expected dtype/],
  [
    "logits with a hole of a string",
    logits([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, "12"]),
    TypeError,
    /^"logits" expected .*, got "12" at index 11$/,
  ],
  [
    "ragged logits",
    (a) => {
      a.logits = [
        [1, 2, 3, 4],
        [1, 2, 3],
        [1, 2, 3, 4],
      ];
      delete a.options.dims;
    },
    RangeError,
    /^"logits" expected/,
  ],
  ["logits as ArrayBuffer", logits(new ArrayBuffer(48)), TypeError, /^"logits" expected .*, got ArrayBuffer/],
  [
    "strides out of the data",
    (a) => {
      a.logits = { data: new Float32Array(12), shape: [3, 4], stride: [5, 1] };
    },
    RangeError,
    /^"logits\.stride" expected/,
  ],
  [
    "tensor dims that are not its data",
    (a) => {
      a.logits = { data: new Float32Array(12), dims: [3, 5] };
    },
    RangeError,
    /^"logits\.dims" expected/,
  ],
  ["dims of another size", set("dims", [3, 5]), RangeError, /^"dims" expected .*12.*, got \[3, 5\]$/],
  ["dims negative", set("dims", [-3, -4]), RangeError, /^"dims" expected .*, got -3 at index 0$/],
  ["dims fractional", set("dims", [1.5, 8]), RangeError, /^"dims" expected .*, got 1\.5 at index 0$/],
  ["dims a number", set("dims", 12), TypeError, /^"dims" expected .*, got 12$/],
  [
    "classes that do not divide",
    (a) => {
      delete a.options.dims;
      a.options.classes = 5;
    },
    RangeError,
    /^"classes" expected .*, got 5$/,
  ],
  [
    "classes 0",
    (a) => {
      delete a.options.dims;
      a.options.classes = 0;
    },
    RangeError,
    /^"classes" expected .*, got 0$/,
  ],
  ["axis out of range", set("axis", 2), RangeError, /^"axis" expected integer in \[-2, 2\), got 2$/],
  ["axis twice", set("axis", [0, -2]), RangeError, /^"axis" expected distinct axes, got \[0, -2\]$/],
  ["axis a string", set("axis", "1"), TypeError, /^"axis" expected .*, got "1"$/],
  ["axis without any", set("axis", []), RangeError, /^"axis" expected .*, got \[\]$/],
  ["dtype unknown", set("dtype", "float8"), RangeError, /^"dtype" expected .*, got "float8"$/],
  ["dtype that contradicts", set("dtype", "float64"), RangeError, /^"logits" expected .*, got "float64"$/],
  ["weight of another length", set("weight", Float32Array.of(1, 2, 3)), RangeError, /^"weight" expected .*4.*, got 3$/],
  ["weight a string", set("weight", "1"), TypeError, /^"weight" expected .*, got "1"$/],
  [
    "sampleWeight of another length",
    set("sampleWeight", Float32Array.of(1, 2)),
    RangeError,
    /^"sampleWeight" expected .*3.*, got 2$/,
  ],
  ["mask of another length", set("mask", new Uint8Array(11)), RangeError, /^"mask" expected .*12.*, got 11$/],
  ["mask a string", set("mask", "yes"), TypeError, /^"mask" expected .*, got "yes"$/],
  ["ignoreIndex fractional", set("ignoreIndex", 0.5), RangeError, /^"ignoreIndex" expected .*, got 0\.5$/],
  ["ignoreIndex a string", set("ignoreIndex", "0"), TypeError, /^"ignoreIndex" expected .*, got "0"$/],
  ["labelSmoothing 2", set("labelSmoothing", 2), RangeError, /^"labelSmoothing" expected .*, got 2$/],
  ["labelSmoothing NaN", set("labelSmoothing", Number.NaN), RangeError, /^"labelSmoothing" expected .*, got NaN$/],
  ["labelSmoothing negative", set("labelSmoothing", -0.1), RangeError, /^"labelSmoothing" expected .*, got -0\.1$/],
  ["labelSmoothing a string", set("labelSmoothing", "0.1"), TypeError, /^"labelSmoothing" expected .*, got "0\.1"$/],
  ["reduction unknown", set("reduction", "avg"), RangeError, /^"reduction" expected .*, got "avg"$/],
  ["denominator 0", set("denominator", 0), RangeError, /^"denominator" expected .*, got 0$/],
  ["denominator infinite", set("denominator", Infinity), RangeError, /^"denominator" expected .*, got Infinity$/],
  ["onEmpty unknown", set("onEmpty", "ignore"), RangeError, /^"onEmpty" expected .*, got "ignore"$/],
  ["scale 0", set("scale", 0), RangeError, /^"scale" expected .*, got 0$/],
  ["scale infinite", set("scale", Infinity), RangeError, /^"scale" expected .*, got Infinity$/],
  ["softcap negative", set("softcap", -30), RangeError, /^"softcap" expected .*, got -30$/],
  ["zLoss NaN", set("zLoss", Number.NaN), RangeError, /^"zLoss" expected .*, got NaN$/],
  ["polyEpsilon infinite", set("polyEpsilon", -Infinity), RangeError, /^"polyEpsilon" expected .*, got -Infinity$/],
  [
    "gradOutput of another length",
    set("gradOutput", Float32Array.of(1, 2)),
    RangeError,
    /^"gradOutput" expected .*3.*, got 2$/,
  ],
  ["out of another length", set("out", new Float32Array(4)), RangeError, /^"out" expected .*3.*, got 4$/],
  ["out no floats", set("out", new Int32Array(3)), TypeError, /^"out" expected .*, got Int32Array\(3\)$/],
  ["out plain", set("out", [0, 0, 0]), TypeError, /^"out" expected .*, got \[0, 0, 0\]$/],
  ["grad of another length", set("grad", new Float32Array(13)), RangeError, /^"grad" expected .*12.*, got 13$/],
  ["grad no floats", set("grad", new Int32Array(12)), TypeError, /^"grad" expected .*, got Int32Array\(12\)$/],
  [
    "grad over a part of the logits",
    (a) => {
      const memory = new Float32Array(24);
      a.logits = memory.subarray(0, 12);
      a.options.grad = memory.subarray(6, 18);
    },
    RangeError,
    /^"grad" expected/,
  ],
  [
    "grad over the probabilities",
    (a) => {
      const t = new Float32Array(12).fill(0.25);
      a.targets = t;
      a.options.grad = t;
    },
    RangeError,
    /^"grad" expected/,
  ],
  [
    "out over the logits",
    (a) => {
      a.options.out = (a.logits as Float32Array).subarray(0, 3);
    },
    RangeError,
    /^"out" expected/,
  ],
  [
    "out over the gradient",
    (a) => {
      a.options.out = (a.options.grad as Float32Array).subarray(0, 3);
    },
    RangeError,
    /^"(out|grad)" expected/,
  ],
  ["unknown option", set("ignore_index", 0), TypeError, /ignore_index/],
  ["unknown option with no value", set("labelsmoothing", undefined), TypeError, /labelsmoothing/],
  [
    "mean over nothing",
    (a) => {
      a.targets = Int32Array.of(-100, -100, -100);
      Object.assign(a.options, { reduction: "mean", out: undefined, onEmpty: "throw" });
    },
    RangeError,
    /onEmpty/,
  ],
];

const call = (run: (logits: never, targets: never, options: never) => unknown, a: Arguments) => {
  return run(a.logits as never, a.targets as never, a.options as never);
};

describeSets("crossEntropyWithGrad refuses before anything is written", () => {
  test("the good arguments are good, and do write", () => {
    const a = good();
    call(celoss.crossEntropyWithGrad, a);
    expect(a.options.grad).not.toEqual(good().options.grad);
    expect(a.options.out).not.toEqual(good().options.out);
  });

  for (const [what, change, error, text] of CASES) {
    test(`${what}: ${error.name}`, () => {
      const a = good();
      change(a);
      const before = buffers(a);
      let caught: unknown;
      try {
        call(celoss.crossEntropyWithGrad, a);
      } catch (thrown) {
        caught = thrown;
      }
      expect(caught).toBeInstanceOf(Error);
      expect((caught as Error).message).toMatch(text);
      expect((caught as Error).constructor).toBe(error);
      expect(buffers(a)).toEqual(before);
    });
  }
});

describe("the other functions refuse the same way", () => {
  const x = Float32Array.of(1, 2, 3, 4);

  test("options of the gradient are unknown to the loss alone", () => {
    for (const name of ["grad", "gradOutput"]) {
      expect(() => celoss.crossEntropy(x, [0], { [name]: x })).toThrow(TypeError);
      expect(() => celoss.binaryCrossEntropyWithLogits(x, x, { [name]: x })).toThrow(TypeError);
    }
  });

  test("binaryCrossEntropyWithLogits: shapes, kinds, options; nothing is written", () => {
    const grad = new Float32Array(4).fill(7);
    const run = (targets: unknown, options: object) => {
      return () => celoss.binaryCrossEntropyWithLogitsWithGrad(x, targets as never, { grad, ...options } as never);
    };
    const t = Float32Array.of(0, 1, 0, 1);
    expect(run(Float32Array.of(0, 1), {})).toThrow(/^"targets" expected .*, got 2/);
    expect(run("0101", {})).toThrow(TypeError);
    expect(run(t, { weight: Float32Array.of(1, 2, 3) })).toThrow(/^"weight" expected/);
    expect(run(t, { posWeight: Float32Array.of(1, 2, 3) })).toThrow(/^"posWeight" expected/);
    expect(run(t, { posWeight: Number.NaN })).toThrow(/^"posWeight" expected .*, got NaN$/);
    expect(run(t, { gradOutput: Float32Array.of(1, 2, 3) })).toThrow(/^"gradOutput" expected/);
    expect(run(t, { reduction: "avg" })).toThrow(/^"reduction" expected .*, got "avg"$/);
    expect(run(t, { denominator: -1 })).toThrow(/^"denominator" expected .*, got -1$/);
    expect(run(t, { pos_weight: 2 })).toThrow(/pos_weight/);
    expect(run(t, { ignoreIndex: 1 })).toThrow(/ignoreIndex/);
    expect(run(t, { grad: new Float32Array(3) })).toThrow(/^"grad" expected/);
    expect(run(t, { dims: [3] })).toThrow(/^"dims" expected/);
    expect(Array.from(grad)).toEqual([7, 7, 7, 7]);
  });

  test("softmax, logSoftmax, logSumExp: shapes, kinds, options; nothing is written", () => {
    const out = new Float32Array(4).fill(7);
    for (const f of [celoss.softmax, celoss.logSoftmax, celoss.logSumExp]) {
      const run = (logits: unknown, options: object) => () => f(logits as never, { out, ...options } as never);
      expect(run("1", {})).toThrow(TypeError);
      expect(run(new Int32Array(4), {})).toThrow(/^"logits" expected/);
      expect(run(x, { dims: [3] })).toThrow(/^"dims" expected/);
      expect(run(x, { axis: 1 })).toThrow(/^"axis" expected/);
      expect(run(x, { mask: [true] })).toThrow(/^"mask" expected/);
      expect(run(x, { out: new Float32Array(3) })).toThrow(/^"out" expected/);
      expect(run(x, { temperature: 2 })).toThrow(/temperature/);
    }
    expect(Array.from(out)).toEqual([7, 7, 7, 7]);
  });
});
