// float16 and bfloat16 as raw 16-bit patterns, in plain arithmetic.

export type Half = "float16" | "bfloat16";

/** Unit roundoff: half the distance from 1 to the next number. */
export const HALF_UNIT = { float16: 2 ** -11, bfloat16: 2 ** -8 } as const;
/** Half the distance between denormals. */
export const HALF_TINY = { float16: 2 ** -25, bfloat16: 2 ** -134 } as const;

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

function roundToEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
}

function encodeFloat16(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const a = Math.abs(x);
  if (Number.isNaN(x)) return 0x7e00;
  if (a >= 65520) return sign | 0x7c00;
  const exponent = a < 2 ** -14 ? -14 : Math.floor(Math.log2(a));
  // 2¹⁰ steps to a binade; a denormal has the exponent of the smallest normal and no leading 1.
  return sign + (exponent + 14) * 1024 + roundToEven(a * 2 ** (10 - exponent));
}

function decodeFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

function encodeBfloat16(x: number): number {
  if (Number.isNaN(x)) return 0x7fc0;
  float[0] = x;
  return ((word[0] + 0x7fff + ((word[0] >>> 16) & 1)) >>> 16) & 0xffff;
}

function decodeBfloat16(bits: number): number {
  word[0] = bits << 16;
  return float[0];
}

/** Rounds to nearest even. */
export function encode(values: ArrayLike<number>, dtype: Half): Uint16Array {
  return Uint16Array.from(values, dtype === "float16" ? encodeFloat16 : encodeBfloat16);
}

/** Exact. */
export function decode(bits: ArrayLike<number>, dtype: Half): Float64Array {
  return Float64Array.from(bits, dtype === "float16" ? decodeFloat16 : decodeBfloat16);
}
