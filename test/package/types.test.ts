import { expectTypeOf, test } from "vitest";
import { crossEntropy, crossEntropyWithGrad, type FloatData, logSoftmax, softmax } from "../../src/index.js";

const float32 = new Float32Array(3);
const labels = [0];

test("types: a result has the type of the logits, or of the array it goes to", () => {
  expectTypeOf(crossEntropyWithGrad(float32, labels).grad).toEqualTypeOf<Float32Array>();
  expectTypeOf(crossEntropyWithGrad([1, 2, 3], labels).grad).toEqualTypeOf<Float64Array>();
  expectTypeOf(crossEntropyWithGrad([[1, 2, 3]], labels).grad).toEqualTypeOf<Float64Array>();
  expectTypeOf(crossEntropyWithGrad(float32, labels, { grad: new Float64Array(3) }).grad).toEqualTypeOf<
    Float64Array<ArrayBuffer>
  >();
  expectTypeOf(crossEntropyWithGrad({ data: float32, dims: [1, 3] }, labels).grad).toEqualTypeOf<FloatData>();
  expectTypeOf(softmax(float32)).toEqualTypeOf<Float32Array>();
  expectTypeOf(logSoftmax([1, 2, 3])).toEqualTypeOf<Float64Array>();
});

test("types: a loss is a number, and an array of them for none", () => {
  expectTypeOf(crossEntropy(float32, labels)).toEqualTypeOf<number>();
  expectTypeOf(crossEntropy(float32, labels, { reduction: "none" })).toEqualTypeOf<Float32Array | Float64Array>();
  expectTypeOf(crossEntropyWithGrad(float32, labels, { reduction: "sum", labelSmoothing: 0.1 }).loss).toBeNumber();
});

test("types: options that are misspelt or of the wrong kind are errors", () => {
  // @ts-expect-error: no such option
  const misspelt = () => crossEntropyWithGrad(float32, labels, { ignore_index: 1 });
  // @ts-expect-error: a plain array cannot hold a gradient
  const plain = () => crossEntropyWithGrad(float32, labels, { grad: [0, 0, 0] });
  expectTypeOf(misspelt).toBeFunction();
  expectTypeOf(plain).toBeFunction();
});
