import { expectTypeOf, test } from "vitest";
import { entropy, huffmanCode, klDivergence, PrefixCode, selfInformation } from "../../src/information/index.js";

test("types: a number, and with an axis one a row", () => {
  expectTypeOf(entropy([1])).toEqualTypeOf<number>();
  expectTypeOf(entropy([1], { base: 10, normalize: true })).toEqualTypeOf<number>();
  expectTypeOf(entropy([[1]], { axis: 1 })).toEqualTypeOf<Float64Array>();
  expectTypeOf(klDivergence([[1]], [[1]], { axis: [0, 1] as const })).toEqualTypeOf<Float64Array>();
  expectTypeOf(selfInformation(1)).toEqualTypeOf<number>();
  expectTypeOf(selfInformation([1])).toEqualTypeOf<Float64Array>();
});

test("types: a code is of the symbols it was made from", () => {
  expectTypeOf(huffmanCode([1])).toEqualTypeOf<PrefixCode<number>>();
  expectTypeOf(huffmanCode(new Map([["a", 1]]))).toEqualTypeOf<PrefixCode<string>>();
  expectTypeOf(new PrefixCode(new Map([["a", 1]])).encode)
    .parameter(0)
    .toEqualTypeOf<Iterable<string>>();
});

test("types: options that are misspelt are errors", () => {
  // @ts-expect-error: no such option
  const misspelt = () => entropy([1], { normalise: true });
  // @ts-expect-error: an entropy has no cells
  const cells = () => entropy([1], { dx: 1 });
  expectTypeOf(misspelt).toBeFunction();
  expectTypeOf(cells).toBeFunction();
});
