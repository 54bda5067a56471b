import { expect, test } from "vitest";
import { logSumExp } from "../../src/index.js";
import { near } from "../support/near.js";
import { describeSets } from "../support/sets.js";

describeSets("logSumExp with factors", () => {
  test("ln Σ b·eˣ in float64: 1e-15, also where eˣ overflows", () => {
    near(logSumExp([1000, 1000], { b: [1.2, 1.2] }), [1000 + Math.log(2.4)], { rel: 1e-15 });
    near(
      logSumExp(Float32Array.of(1, 2, 3), { b: 2 }),
      logSumExp(Float32Array.of(1, 2, 3)).map((v) => v + Math.LN2),
      {
        rel: 2e-7,
      },
    );
    near(
      logSumExp([0, 1, 2, 3], { dims: [2, 2], b: [1, 3] }),
      [Math.log(1 + 3 * Math.E), 2 + Math.log(1 + 3 * Math.E)],
      {
        rel: 1e-15,
      },
    );
  });

  test("returnSign: the sign apart; without it a sum below 0 is NaN", () => {
    const { value, sign } = logSumExp([1, 1, 1], { b: [1, -1, -1], returnSign: true });
    near(value, [1], { rel: 1e-15 });
    expect(sign).toEqual(Float64Array.of(-1));
    expect(logSumExp([1, 1, 1], { b: [1, -1, -1] })).toEqual(Float64Array.of(Number.NaN));
    expect(logSumExp([3, 3], { b: [1, -1], returnSign: true })).toEqual({
      value: Float64Array.of(-Infinity),
      sign: Float64Array.of(0),
    });
    expect(logSumExp([-1, -1], { returnSign: true }).sign).toEqual(Float64Array.of(1));
  });

  test("0·∞ counts as 0, a factor of 0 sets no maximum, masks are heeded", () => {
    expect(logSumExp([Infinity, 1], { b: [0, 1] })).toEqual(Float64Array.of(1));
    expect(logSumExp([5, 1], { b: 1, mask: [false, true] })).toEqual(Float64Array.of(1));
    expect(logSumExp([Infinity, 1], { b: [1, 1] })).toEqual(Float64Array.of(Infinity));
    expect(logSumExp([Number.NaN, 1], { b: [1, 1] })).toEqual(Float64Array.of(Number.NaN));
    expect(logSumExp([-Infinity, -Infinity], { b: [1, 1] })).toEqual(Float64Array.of(-Infinity));
  });

  test("keepDims: the class axes stay as dimensions of 1", () => {
    const x = Float32Array.from({ length: 24 }, (_, i) => i / 7);
    const plain = logSumExp(x, { dims: [2, 3, 4], axis: [0, 2] });
    expect(logSumExp(x, { dims: [2, 3, 4], axis: [0, 2], keepDims: true })).toEqual({ data: plain, dims: [1, 3, 1] });
    const { value, sign } = logSumExp(x, { dims: [2, 3, 4], axis: 1, keepDims: true, returnSign: true });
    expect([value.dims, sign.dims]).toEqual([
      [2, 1, 4],
      [2, 1, 4],
    ]);
    near(value.data, logSumExp(x, { dims: [2, 3, 4], axis: 1 }), { rel: 4e-7 });
  });

  test("∞ − ∞ is NaN, whatever it is multiplied by", () => {
    const { value, sign } = logSumExp([Infinity, Infinity, 0], { b: [2, -1, 1], returnSign: true });
    expect([value[0], sign[0]]).toEqual([Number.NaN, Number.NaN]);
    expect(logSumExp([Infinity, Infinity], { b: [2, 1] })[0]).toBe(Infinity);
    expect(logSumExp([Infinity, Infinity], { b: [2, 0] })[0]).toBe(Infinity);
  });

  test("refuses what does not fit", () => {
    expect(() => logSumExp([1, 2], { b: [1, 2, 3] })).toThrow(/^"b" expected 2 elements/);
    expect(() => logSumExp([1, 2], { returnSign: 1 as never })).toThrow(/^"returnSign" expected boolean/);
    expect(() => logSumExp([1, 2], { keepdims: true } as never)).toThrow(/did you mean "keepDims"/);
    const b = Float64Array.of(1, 2);
    expect(() => logSumExp([1, 2], { b, out: b.subarray(0, 1) })).toThrow(/^"out" expected memory apart/);
    const tensor = { data: b, dims: [2] };
    expect(() => logSumExp([1, 2], { b: tensor, out: b.subarray(1) })).toThrow(/^"out" expected memory apart/);
  });
});
