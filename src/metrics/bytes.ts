/**
 * An envelope for texts: who wrote it, how long it is, and whether it is as it was written.
 *
 * | bytes | little-endian |
 * | --- | --- |
 * | 0–3 | the letters CELS |
 * | 4–7 | bytes of the text |
 * | 8… | the text, UTF-8 |
 * | last 4 | CRC-32 of all before [ISO-HDLC, as in gzip: RFC 1952 §8] |
 */
import { rangeError, typeError } from "../input/errors.js";

const MAGIC = [0x43, 0x45, 0x4c, 0x53];
const HEADER = 8;
const TRAILER = 4;

export function seal(text: string): Uint8Array<ArrayBuffer> {
  const body = new TextEncoder().encode(text);
  const bytes = new Uint8Array(HEADER + body.length + TRAILER);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(MAGIC.length, body.length, true);
  bytes.set(body, HEADER);
  view.setUint32(HEADER + body.length, crc32(bytes.subarray(0, -TRAILER)), true);
  return bytes;
}

/**
 * @throws {TypeError} for anything but bytes
 * @throws {RangeError} for bytes that {@link seal} did not make, that are too few or too many, or that were changed
 */
export function unseal(name: string, bytes: unknown): string {
  if (!(bytes instanceof Uint8Array)) throw typeError(name, "Uint8Array", bytes);
  if (!MAGIC.every((letter, i) => bytes[i] === letter)) {
    throw rangeError(name, "the bytes of a state, which begin with CELS", bytes);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const expected = bytes.length < HEADER ? HEADER + TRAILER : HEADER + view.getUint32(MAGIC.length, true) + TRAILER;
  if (bytes.length !== expected) throw rangeError(name, `${expected} bytes`, bytes.length, "(damaged)");
  const stored = view.getUint32(bytes.length - TRAILER, true);
  const actual = crc32(bytes.subarray(0, -TRAILER));
  if (actual !== stored) throw rangeError(name, `checksum ${hex(stored)}`, hex(actual), "(damaged)");
  return new TextDecoder().decode(bytes.subarray(HEADER, -TRAILER));
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}

/** Bit by bit: a state has a few kilobytes. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
