import {
  type BinaryKernel,
  type CrossEntropyKernel,
  type CrossEntropyMeanKernel,
  ELEMENT_OPS,
  type ElementKernel,
  type ElementOp,
  type KernelInstance,
  type Kernels,
  type LogSumExpKernel,
  OPTION,
  OPTION_SLOTS,
  type Prefix,
  type SoftmaxKernel,
} from "../kernels.js";
import { binaryCrossEntropy } from "./binary.js";
import { CrossEntropy } from "./crossentropy.js";
import { elements } from "./elements.js";
import { entropy } from "./entropy.js";
import { prepareExp } from "./exp.js";
import { narrowBfloat16, narrowFloat16, widenBfloat16, widenFloat16 } from "./halves.js";
import { type Elements, Float32Elements, Float64Elements, Memory } from "./memory.js";
import { logSoftmax, logSumExp, softmax } from "./softmax.js";

/** Offset 0 means "absent", so nothing may stand there. */
const NO_OPTIONS = 16;
const BASE = NO_OPTIONS + 8 * OPTION_SLOTS;
const ALIGN = 16;

/** What every element type has. */
interface Family {
  readonly crossentropy: CrossEntropyKernel;
  readonly crossentropy_mean: CrossEntropyMeanKernel;
  readonly logsumexp: LogSumExpKernel;
  readonly softmax: SoftmaxKernel;
  readonly logsoftmax: SoftmaxKernel;
  readonly bce: BinaryKernel;
}

function family(memory: Memory, losses: CrossEntropy, type: Elements): Family {
  return {
    crossentropy: (rows, classes, x, y, t, weight, options, loss, lse, g, dx) =>
      losses.run(type, rows, classes, { x, y, t, weight, options, loss, lse, g, dx }),
    crossentropy_mean: (rows, classes, x, y, options, loss, dx) =>
      losses.mean(type, rows, classes, {
        x,
        y,
        t: 0,
        weight: 0,
        options: options || NO_OPTIONS,
        loss,
        lse: 0,
        g: 0,
        dx,
      }),
    logsumexp: (rows, classes, x, lse) => logSumExp(memory, type, rows, classes, x, lse),
    softmax: (rows, classes, x, y) => softmax(memory, type, rows, classes, x, y),
    logsoftmax: (rows, classes, x, y) => logSoftmax(memory, type, rows, classes, x, y),
    bce: (n, x, t, weight, posWeight, posWeightScalar, loss, g, gScalar, dx) =>
      binaryCrossEntropy(type, n, { x, t, weight, posWeight, posWeightScalar, loss, g, gScalar, dx }),
  };
}

type Named<P extends Prefix> = { readonly [K in keyof Family as `${P}_${K}`]: Family[K] };

function named<P extends Prefix>(prefix: P, kernels: Family): Named<P> {
  return Object.fromEntries(Object.entries(kernels).map(([op, kernel]) => [`${prefix}_${op}`, kernel])) as Named<P>;
}

function elementKernels<P extends Prefix>(prefix: P, type: Elements) {
  const entries = ELEMENT_OPS.map((op): [string, ElementKernel] => [
    `${prefix}_${op}`,
    (n, ...rest) => elements(type, op, n, ...rest),
  ]);
  return Object.fromEntries(entries) as { readonly [Op in ElementOp as `${P}_${Op}`]: ElementKernel };
}

/**
 * Plain JavaScript kernels over an ArrayBuffer that holds `bytes` from `base` on.
 *
 * Rows are converted to float64 a block at a time and computed there, whatever their type: one formula serves all, and
 * each of its loops meets one kind of array. Only loads and stores exist for each type.
 */
export function instantiateJs(bytes: number): KernelInstance {
  prepareExp();
  const memory = new Memory(new ArrayBuffer(Math.ceil((BASE + bytes) / ALIGN) * ALIGN));
  memory.f64[NO_OPTIONS / 8 + OPTION.scale] = 1;
  memory.f64[NO_OPTIONS / 8 + OPTION.ignoreIndex] = -1;
  const losses = new CrossEntropy(memory);
  const f32 = new Float32Elements(memory);
  const f64 = new Float64Elements(memory);
  const kernels: Kernels = {
    ...named("f32", family(memory, losses, f32)),
    ...named("f64", family(memory, losses, f64)),
    ...elementKernels("f32", f32),
    ...elementKernels("f64", f64),
    f32_entropy: (rows, ...rest) => entropy(memory, f32, rows, ...rest),
    f64_entropy: (rows, ...rest) => entropy(memory, f64, rows, ...rest),
    f32_crossentropy_row: () => -1, // numbers are no faster than memory here
    f16_narrow: (n, from, to) => narrowFloat16(memory, n, from, to),
    bf16_narrow: (n, from, to) => narrowBfloat16(memory, n, from, to),
    f16_widen: (n, from, to) => widenFloat16(memory, n, from, to),
    bf16_widen: (n, from, to) => widenBfloat16(memory, n, from, to),
  };
  return { variant: "js", buffer: memory.buffer, base: BASE, kernels };
}
