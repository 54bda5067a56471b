// Runs in Node and, with its types stripped, in the browser: imports nothing but types.

export type Celoss = typeof import("../../src/index.js");
export type Variant = ReturnType<Celoss["backend"]>["variant"];
export type Case = Record<string, number | number[]>;
export type Memory = ArrayBufferConstructor | SharedArrayBufferConstructor;
/** What the cases give on each kernel set, or why that does not run here. */
export type Report = Record<Variant, Record<string, Case> | string>;

export const SEED = 20261121;

/** mulberry32: integers only, so that every engine draws the same numbers. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function fill<A extends Float32Array | Float64Array | Int32Array | Uint16Array>(array: A, next: () => number): A {
  for (let i = 0; i < array.length; i++) array[i] = next();
  return array;
}

function lossAndGradient(result: { loss: number | ArrayLike<number>; grad: ArrayLike<number> }): Case {
  const { loss, grad } = result;
  return { loss: typeof loss === "number" ? loss : Array.from(loss), grad: Array.from(grad) };
}

/** Losses, gradients and transforms of fixed inputs, which stand on `memory`, with the kernel set in use. */
export function runCases(celoss: Celoss, memory: Memory = ArrayBuffer): Record<string, Case> {
  const random = generator(SEED);
  const uniform = (low: number, high: number) => () => low + (high - low) * random();
  const float32 = (n: number, next = uniform(-8, 8)) => fill(new Float32Array(new memory(4 * n)), next);
  const float64 = (n: number, next = uniform(-8, 8)) => fill(new Float64Array(new memory(8 * n)), next);
  const bits16 = (n: number, next: () => number) => fill(new Uint16Array(new memory(2 * n)), next);
  const indices = (n: number, low: number, high: number) =>
    fill(new Int32Array(new memory(4 * n)), () => Math.floor(uniform(low, high)()));

  const small = float32(64 * 10);
  const withInfinity = float32(12 * 19, () => (random() < 0.2 ? Number.NEGATIVE_INFINITY : uniform(-8, 8)()));
  const someIgnored = fill(indices(64, 0, 10), () => (random() < 0.2 ? -100 : Math.floor(10 * random())));
  return {
    "README: 3 plain numbers": { loss: celoss.crossEntropy([2, 1, 0.1], [0]) },
    "float32 64×10, weight, labelSmoothing, ignored rows": lossAndGradient(
      celoss.crossEntropyWithGrad(small, someIgnored, { weight: float32(10, uniform(0.5, 2)), labelSmoothing: 0.1 }),
    ),
    "float32 7×1000, none": lossAndGradient(
      celoss.crossEntropyWithGrad(float32(7000), indices(7, 0, 1000), { reduction: "none" }),
    ),
    "float32 5×33, scale, softcap, zLoss, polyEpsilon": lossAndGradient(
      celoss.crossEntropyWithGrad(float32(5 * 33, uniform(-50, 50)), indices(5, 0, 33), {
        scale: 0.5,
        softcap: 15,
        zLoss: 1e-3,
        polyEpsilon: 1,
      }),
    ),
    "float32 1×40000": lossAndGradient(celoss.crossEntropyWithGrad(float32(40000), indices(1, 0, 40000))),
    "float32 2×12×9 over axis 1": lossAndGradient(
      celoss.crossEntropyWithGrad(float32(2 * 12 * 9), indices(18, 0, 12), { dims: [2, 12, 9], axis: 1 }),
    ),
    "float32 12×19 with −∞": lossAndGradient(
      celoss.crossEntropyWithGrad(withInfinity, indices(12, 0, 19), { reduction: "none" }),
    ),
    "float64 9×33 probabilities": lossAndGradient(
      celoss.crossEntropyWithGrad(float64(9 * 33), float64(9 * 33, uniform(0, 2 / 33)), { dims: [9, 33] }),
    ),
    "float16 6×37": lossAndGradient(
      celoss.crossEntropyWithGrad(bits16(6 * 37, uniform(0x2c00, 0x4800)), indices(6, 0, 37), { dtype: "float16" }),
    ),
    "bfloat16 6×37": lossAndGradient(
      celoss.crossEntropyWithGrad(bits16(6 * 37, uniform(0x3d00, 0x4100)), indices(6, 0, 37), { dtype: "bfloat16" }),
    ),
    "binary float32 1003, posWeight": lossAndGradient(
      celoss.binaryCrossEntropyWithLogitsWithGrad(
        float32(1003, uniform(-30, 30)),
        float32(1003, () => Math.round(random())),
        { posWeight: 3 },
      ),
    ),
    "transforms float32 64×10": {
      softmax: Array.from(celoss.softmax(small, { dims: [64, 10] })),
      logSoftmax: Array.from(celoss.logSoftmax(small, { dims: [64, 10] })),
      logSumExp: Array.from(celoss.logSumExp(small, { dims: [64, 10] })),
      oneHot: Array.from(celoss.oneHot(indices(5, 0, 10), 10)),
    },
  };
}

/** The cases on every kernel set that this engine runs, then the automatic choice again. */
export function runVariants(celoss: Celoss, memory?: Memory): Report {
  const run = (variant: Variant) => {
    try {
      celoss.useBackend(variant);
    } catch (error) {
      return String(error);
    }
    return runCases(celoss, memory);
  };
  const report = { simd: run("simd"), relaxed: run("relaxed"), js: run("js") };
  celoss.useBackend();
  return report;
}

/** JSON that keeps every bit of its numbers: shortest decimals, and −0, NaN and ±∞ as strings. */
export function encode(value: unknown): string {
  const exact = (x: number) => (Object.is(x, -0) ? "-0" : Number.isFinite(x) ? x : String(x));
  return JSON.stringify(value, (_, x) => (typeof x === "number" ? exact(x) : x));
}
