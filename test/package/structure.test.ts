import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { ELEMENT_OPS } from "../../src/kernels/kernels.js";
import { isFloat32, isJoinable, type Rule, sourceFunction, type VectorLoop, vectorLoops } from "./loops.js";
import { REPOSITORY } from "./packed.js";

// What makes hot loops slow without making them wrong: a helper that is no longer inlined, a literal, which Node 24 and
// later build anew in every iteration, a value that is computed one lane at a time.

/** Loops that must be there, or nothing would be checked: `holder: file function`. */
const HOT = [
  "sumExpPlainRow: assembly/around.ts sumExpRowBy",
  "sumExpStoreRow: assembly/around.ts sumExpRowBy",
  "sumExpScaleRow: assembly/around.ts sumExpRowBy",
  "sumExpClampedRow<f32>: assembly/around.ts sumExpRowBy",
  "sumRow: assembly/logsumexp.ts sumRow",
  "nearBlockWithChains: assembly/softcap.ts nearBlockBy",
  "sumBlock: assembly/softcap.ts sumBlockBy",
  "sumBlockWithTerms: assembly/softcap.ts sumBlockBy",
  "argmaxRow<f32>: assembly/logsumexp.ts argmaxRow",
  "termsOf: assembly/few.ts termsOf",
  "fewRows: assembly/few.ts scaleBy",
  "sumTerms3: assembly/few.ts sumTermsBy",
  "plainBlock: assembly/bce.ts plainBlock",
  "plainBlockWithGrad: assembly/bce.ts plainBlockWithGrad",
  "oddsOfLabels: assembly/elements.ts oddsOfLabels",
  "gaussianBlock: assembly/elements.ts gaussianBlock",
  "f32_squared: assembly/elements.ts sweep",
  "f32_absolute: assembly/elements.ts sweep",
  "scaleRow<f32>: assembly/gradient.ts scaleRow",
  "sumExpBelowRow<f32>: assembly/around.ts sumExpRowBy",
  "targetSums<f32>: assembly/crossentropy.ts targetSumsBy",
];

/** Loops that V8 makes 256 bits wide where it may (src/kernels/experiments.ts): in `relaxed`, which it runs then. */
const JOINABLE = [
  "sumExpPlainRow: assembly/around.ts sumExpRowBy",
  "sumExpStoreRow: assembly/around.ts sumExpRowBy",
  "sumExpScaleRow: assembly/around.ts sumExpRowBy",
  "scaleRow<f32>: assembly/gradient.ts scaleRow",
  "termsOf: assembly/few.ts termsOf",
  "nearBlock: assembly/softcap.ts nearBlockBy",
  "nearBlockWithChains: assembly/softcap.ts nearBlockBy",
  "sumBlock: assembly/softcap.ts sumBlockBy",
  "sumBlockWithTerms: assembly/softcap.ts sumBlockBy",
];

interface Exception {
  readonly loop: string;
  /** Loops of that function which may break the rules. */
  readonly loops: number;
  readonly rules: readonly Rule[];
  readonly why: string;
  /** Where there is such a loop; default in both. */
  readonly variant?: "simd" | "relaxed";
}

const SOFT_CAP = "the soft cap calls tanh";
const EXCEPTIONS: readonly Exception[] = [
  ...[
    "generalRows<f32>: assembly/around.ts sumExpRowBy",
    "targetSumsCapped<f32>: assembly/crossentropy.ts targetSumsBy",
    "gradientCappedRow<f32>: assembly/gradient.ts gradientCappedRow",
  ].map((loop): Exception => ({ loop, loops: 1, rules: ["call", "constant"], why: SOFT_CAP })),
  {
    loop: "farBlock: assembly/softcap.ts farBlock",
    loops: 1,
    rules: ["call", "constant"],
    why: "does a block again in which a logit is beyond the cap",
  },
  {
    loop: "targetDot<f32>: assembly/crossentropy.ts targetDot",
    loops: 1,
    rules: ["call", "constant", "scalar"],
    why: SOFT_CAP,
  },
  ...ELEMENT_OPS.filter((op) => op !== "squared" && op !== "absolute").map((op): Exception => {
    const why = "constants as locals would be as many lines as the formulas";
    return { loop: `f32_${op}: assembly/elements.ts sweep`, loops: 1, rules: ["constant"], why };
  }),
  {
    loop: "f32_gaussian: assembly/elements.ts logsOfVariances",
    loops: 1,
    rules: ["constant"],
    why: "blocks whose product of variances is no ordinary number",
  },
  {
    loop: "binaryCrossEntropy<f32>: assembly/bce.ts binaryCrossEntropy",
    loops: 1,
    rules: ["constant"],
    why: "one loop for all weights, and for the end of the array",
  },
  {
    loop: "plainRows: assembly/plain.ts plainRows",
    loops: 1,
    rules: ["call"],
    why: "the logarithms of two rows",
  },
];

/** Compiles as the build does, but for a source map: the binary, and the text form with the places of its source. */
async function compiled(variant: string): Promise<{ binary: Uint8Array; text: string }> {
  const { main } = await import("assemblyscript/asc");
  const files = new Map<string, string | Uint8Array>();
  const output = ["--outFile", "build/mapped.wasm", "--textFile", "build/mapped.wast", "--sourceMap"];
  const source = ["assembly/index.ts", "--config", "asconfig.json", "--target", variant, "--baseDir", REPOSITORY];
  const { error, stderr } = await main([...source, ...output], {
    writeFile: (name, contents) => void files.set(name, contents),
  });
  if (error) throw new Error(`asc failed: ${error.message}\n${stderr}`);
  const [binary, text] = [files.get("build/mapped.wasm"), files.get("build/mapped.wast")];
  if (typeof binary === "string" || typeof text !== "string") throw new Error("asc wrote something else");
  return { binary: binary as Uint8Array, text };
}

function key({ holder, place }: VectorLoop): string {
  return `${holder.replace(/^.*\//, "")}: ${sourceFunction(place)}`;
}

describe.each(["simd", "relaxed"])("loops over vectors of float32 rows in %s.wasm", (variant) => {
  let binary: Uint8Array;
  const loops = new Map<string, VectorLoop[]>();

  beforeAll(async () => {
    const { text, ...output } = await compiled(variant);
    binary = output.binary;
    for (const loop of vectorLoops(text).filter(({ holder }) => isFloat32(holder))) {
      loops.set(key(loop), [...(loops.get(key(loop)) ?? []), loop]);
    }
  });

  test("are those of the binary that is released: the source map is all that is added to it", () => {
    const released = readFileSync(join(REPOSITORY, `build/${variant}.wasm`));
    expect(Buffer.compare(released, binary.subarray(0, released.length))).toBe(0);
    expect(binary.length - released.length).toBeLessThan(64);
  });

  test("are found, those that matter among them", () => {
    expect([...loops.keys()]).toEqual(expect.arrayContaining(HOT));
  });

  test.each<[string, Rule]>([
    ["call nothing", "call"],
    ["build no constant", "constant"],
    ["compute nothing one lane at a time", "scalar"],
  ])("%s", (_, rule) => {
    const faults = [...loops].flatMap(([name, all]) => {
      const faulty = all.flatMap(({ place, faults }) => {
        const what = faults.filter((fault) => fault.rule === rule).map((fault) => fault.what);
        return what.length > 0 ? [`${name}, ${place}: ${[...new Set(what)].join(", ")}`] : [];
      });
      const exception = EXCEPTIONS.find(({ loop, rules }) => loop === name && rules.includes(rule));
      return faulty.length > (exception?.loops ?? 0) ? faulty : [];
    });
    expect(faults).toEqual([]);
  });

  test.each(variant === "relaxed" ? JOINABLE : [])("two vectors can become one: %s", (name) => {
    // The loop for the end of the row, a vector at a time, is there besides.
    expect(
      loops
        .get(name)
        ?.filter(isJoinable)
        .map(({ place }) => place),
    ).toHaveLength(1);
  });

  const exceptions = EXCEPTIONS.filter((exception) => (exception.variant ?? variant) === variant);

  test.each(exceptions.map(({ loop, why, rules }) => [loop, why, rules] as const))(
    "%s still needs its exception: %s",
    (name, _, rules) => {
      const broken = new Set(loops.get(name)?.flatMap(({ faults }) => faults.map(({ rule }) => rule)));
      expect([...broken]).toEqual(expect.arrayContaining([...rules]));
    },
  );
});

describe("the checker", () => {
  /** A loop over rows around one that doubles a row; `body` stands in the inner one, `outside` in the outer one. */
  const nest = (body: string, outside = "") => `(module
 (data $0 (i32.const 1024) "(loop ) \\" (v128.load ")
 (func $assembly/lanes/f<f32> (param $0 i32)
  ;;@ assembly/lanes.ts:9:2
  (loop $rows
   ${outside}
   (loop $row
    ;;@ assembly/lanes.ts:20:4
    (v128.store
     (local.get $0)
     (f32x4.mul
      (v128.load offset=16
       (local.get $0)
      )
      (local.get $1)
     )
    )
    ;;@ assembly/lanes.ts:24:6
    ${body}
    ;;@
    (br_if $row
     ;;@ assembly/lanes.ts:19:40
     (local.get $2)
    )
   )
  )
 )
)`;

  test("finds innermost loops with vector loads, where they are, and nothing wrong with a clean one", () => {
    const accesses = ["load 16", "store"];
    const clean = { holder: "$assembly/lanes/f<f32>", place: "assembly/lanes.ts:19", faults: [], accesses };
    expect(vectorLoops(nest("(i32.add (local.get $0) (i32.const 16))"))).toEqual([clean]);
    expect(vectorLoops(nest("(v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000)"))).toEqual([clean]);
    expect(
      vectorLoops(nest("", "(call $g) (v128.const i32x4 0 0 0 0) (f64.add (local.get $3) (local.get $3))")),
    ).toEqual([clean]);
  });

  test("passes over loops without vector loads", () => {
    expect(vectorLoops("(func $f (loop $l (f32.add (v128.load32_splat (i32.const 0)) (call $g))))")).toEqual([]);
  });

  test.each<[Rule, string, string]>([
    ["call", "call", "(call $g (local.get $0))"],
    ["call", "call_indirect", "(call_indirect (type $0) (local.get $0))"],
    ["constant", "v128.const", "(v128.const i32x4 0x3f800000 0x3f800000 0x3f800000 0x3f800000)"],
    ["constant", "v128.const", "(v128.const i32x4 0x00000000 0x00000000 0x00000000 0x3f800000)"],
    ["constant", "f32x4.splat", "(f32x4.splat (local.get $3))"],
    ["constant", "i32x4.splat", "(i32x4.splat (i32.const 23))"],
    ["scalar", "f32.mul", "(f32.mul (local.get $3) (local.get $3))"],
    ["scalar", "f64.add", "(f64.add (local.get $3) (f64.const 1))"],
    ["scalar", "f64.promote_f32", "(f64.promote_f32 (f32x4.extract_lane 0 (local.get $1)))"],
  ])("finds a %s: %s", (rule, instruction, body) => {
    const [{ faults }] = vectorLoops(nest(body));
    expect(faults).toEqual([{ rule, what: `${instruction} (assembly/lanes.ts:24)` }]);
  });

  test.each([
    [true, "load 16,load"],
    [true, "load,load 16,store 16,store,load,load 16,store 16,store"],
    [false, "load,load 16,store,store 16"],
    [false, "load,store,load 16,store 16"],
    [false, "load,load 16,store 16,load,store,load 16"],
    [false, "load,load 16,store 16"],
    [false, "load,store"],
  ])("says whether vectors can be joined: %s for %s", (is, accesses) => {
    expect(isJoinable({ holder: "", place: "", faults: [], accesses: accesses.split(",") })).toBe(is);
  });

  test("tells float32 by the name", () => {
    const names = ["$a/f<f32>", "$a/h<f64>", "$index/f32_bce", "$index/f64_bce"];
    expect(names.filter(isFloat32)).toEqual(["$a/f<f32>", "$index/f32_bce"]);
  });

  test("names the function that a place is in", () => {
    const lines = readFileSync(join(REPOSITORY, "assembly/lanes.ts"), "utf8").split("\n");
    const line = lines.findIndex((text) => text.includes("function sumLanes")) + 1;
    expect(sourceFunction(`assembly/lanes.ts:${line}`)).toBe("assembly/lanes.ts sumLanes");
    expect(sourceFunction(`assembly/lanes.ts:${line + 2}`)).toBe("assembly/lanes.ts sumLanes");
  });
});
