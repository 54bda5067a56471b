/** mulberry32: 32 bits of state, a different sequence for every integer seed; good enough to fill test arrays. */
export class Rng {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Uniform in [min, max). */
  uniform(min = 0, max = 1): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return min + (max - min) * (((t ^ (t >>> 14)) >>> 0) / 2 ** 32);
  }

  /** Uniform integer in [0, n). */
  integer(n: number): number {
    return Math.floor(this.uniform(0, n));
  }

  /** Normal with mean 0 (Box–Muller). */
  normal(deviation = 1): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return deviation * radius * Math.cos(2 * Math.PI * this.uniform());
  }

  pick<T>(values: readonly T[]): T {
    return values[this.integer(values.length)];
  }

  /** n values of `draw` as float64. */
  fill(n: number, draw: (rng: Rng, i: number) => number): Float64Array {
    return Float64Array.from({ length: n }, (_, i) => draw(this, i));
  }

  /** n logits, normal with the given deviation, rounded to float32. */
  logits(n: number, deviation = 4): Float32Array {
    return Float32Array.from(this.fill(n, (rng) => rng.normal(deviation)));
  }

  /** n class indices. */
  labels(n: number, classes: number): Int32Array {
    return Int32Array.from({ length: n }, () => this.integer(classes));
  }

  /** rows × classes positive numbers that sum to 1 in each row, up to rounding. */
  probabilities(rows: number, classes: number): Float64Array {
    const t = this.fill(rows * classes, (rng) => -Math.log(1 - rng.uniform()) + 1e-3);
    for (let r = 0; r < rows; r++) {
      const row = t.subarray(r * classes, (r + 1) * classes);
      const sum = row.reduce((a, b) => a + b, 0);
      for (let j = 0; j < classes; j++) row[j] /= sum;
    }
    return t;
  }
}
