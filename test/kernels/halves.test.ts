import { describe, expect, test } from "vitest";
import { decode, encode, type Half } from "../support/halves.js";
import { identical, near } from "../support/near.js";
import { Rng } from "../support/rng.js";
import type { Arena } from "./arena.js";
import { describeSets } from "./sets.js";

const TYPES = [
  ["f16", "float16"],
  ["bf16", "bfloat16"],
] as const;
const patterns = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

function narrow(arena: Arena, prefix: "f16" | "bf16", values: Float32Array): Uint16Array {
  arena.clear();
  const from = arena.input(values);
  const to = arena.output(Uint16Array, values.length);
  arena.run(() => arena.kernels[`${prefix}_narrow`](values.length, from.at, to.at));
  return to.data.slice();
}

function widen(arena: Arena, prefix: "f16" | "bf16", values: Uint16Array): Float32Array {
  arena.clear();
  const from = arena.input(values);
  const to = arena.output(Float32Array, values.length);
  arena.run(() => arena.kernels[`${prefix}_widen`](values.length, from.at, to.at));
  return to.data.slice();
}

/** Bit by bit, but for NaNs, of which only that they are NaN matters. */
function expectBits(got: Uint16Array, want: Uint16Array, dtype: Half): void {
  const [values, wanted] = [decode(got, dtype), decode(want, dtype)];
  const wrong = want.findIndex((bits, i) => bits !== got[i] && !(Number.isNaN(wanted[i]) && Number.isNaN(values[i])));
  if (wrong >= 0)
    throw new Error(`index ${wrong}: got ${got[wrong]} (${values[wrong]}), want ${want[wrong]} (${wanted[wrong]})`);
}

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** The float32 `steps` representable numbers away, further from 0 for positive ones. */
function beyond(value: number, steps: number): number {
  float[0] = value;
  word[0] += steps;
  return float[0];
}

describeSets("halves", (arena) => {
  describe.each(TYPES)("%s", (prefix, dtype) => {
    test("all 65,536 patterns mean what they should", () => {
      near(widen(arena, prefix, patterns), decode(patterns, dtype), {});
    });

    test("widened from the second half of the place that they go to, every length up to 40 (seed 7)", () => {
      const rng = new Rng(7);
      for (let n = 0; n <= 40; n++) {
        const values = Uint16Array.from({ length: n }, () => rng.integer(65536));
        const want = widen(arena, prefix, values);
        arena.clear();
        const place = arena.input(new Float32Array(n));
        arena.writable(place);
        const half = place.at + 2 * n;
        new Uint16Array(place.data.buffer, half, n).set(values);
        arena.run(() => arena.kernels[`${prefix}_widen`](n, half, place.at));
        identical(place.data, want);
      }
    });

    test("all 65,536 patterns, widened and narrowed: the same again", () => {
      expectBits(narrow(arena, prefix, Float32Array.from(decode(patterns, dtype))), patterns, dtype);
    });

    test("half way between any two neighbours: to the even one; a float32 to either side: to the nearer one", () => {
      const positive = decode(patterns.subarray(0, 0x7fff), dtype).filter(Number.isFinite);
      const middles = Float32Array.from(positive.subarray(1), (value, i) => (positive[i] + value) / 2);
      for (const sign of [1, -1]) {
        for (const steps of [-1, 0, 1]) {
          const values = middles.map((value) => sign * beyond(value, steps));
          expectBits(narrow(arena, prefix, values), encode(values, dtype), dtype);
        }
      }
    });

    test("overflow, denormals, zeros and NaNs of every kind", () => {
      const nans = [0x7f800001, 0x7fc00000, 0x7fffffff, 0xff800001, 0xffffffff, 0x7f80ffff, 0x7f810000];
      const words = [
        ...nans,
        0x7f800000,
        0xff800000,
        0x7f7fffff,
        0xff7fffff,
        0,
        0x80000000,
        1,
        0x80000001,
        0x7fffff,
        0x800000,
      ];
      const values = new Float32Array(Uint32Array.from(words).buffer);
      const edges = Float32Array.of(
        65504,
        65519.996,
        65520,
        65536,
        2 ** -24,
        2 ** -25,
        2 ** -25 * 1.5,
        2 ** -14,
        2 ** -133,
      );
      for (const each of [values, edges, edges.map((value) => -value)]) {
        expectBits(narrow(arena, prefix, each), encode(each, dtype), dtype);
      }
    });

    test("100,000 random bit patterns (seed 5): to nearest even", () => {
      const rng = new Rng(5);
      const values = new Float32Array(Uint32Array.from({ length: 100_000 }, () => rng.integer(2 ** 32)).buffer);
      expectBits(narrow(arena, prefix, values), encode(values, dtype), dtype);
    });

    test("in place, and every length up to 40 (seed 6): nothing else written", () => {
      for (let n = 0; n <= 40; n++) {
        const values = new Rng(6).logits(n);
        const want = encode(values, dtype);
        expect(narrow(arena, prefix, values)).toEqual(want);
        arena.clear();
        const x = arena.input(values);
        arena.writable(x);
        arena.run(() => arena.kernels[`${prefix}_narrow`](n, x.at, x.at));
        expect(new Uint16Array(x.data.buffer, x.at, n)).toEqual(want);
      }
    });
  });
});
