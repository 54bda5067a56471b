// Measures the error of the vector exp, ln, ln(1 + u), tanh and what a soft cap makes of a logit against float64, and
// prints the largest by range.
//
//   node --experimental-wasm-relaxed-simd scripts/accuracy.mjs [--step N]     (the flag: Node 20 and 21 only)
//
// float32 functions are run over every float32 of their domain (--step N takes every Nth), float64 ones over a fixed
// grid. References: Math.exp, Math.log, Math.log1p, Math.tanh of this engine, good to 1 ulp of float64. Errors of float32
// functions are in units of the last place of the exact result rounded to float32, those of float64 in float64's.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { step: { type: "string", default: "1" } } });
const step = Number(values.step);
if (!Number.isSafeInteger(step) || step < 1) throw new RangeError(`"step" expected integer >= 1, got ${values.step}`);

const root = fileURLToPath(new URL("..", import.meta.url));
const N = 1 << 16;
const bits = new DataView(new ArrayBuffer(8));

function toBits(value) {
  bits.setFloat32(0, value);
  return bits.getUint32(0);
}

function ulpOf(value, float32) {
  if (float32) {
    const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(value))));
    return 2 ** (exponent - 23);
  }
  return 2 ** (Math.max(-1022, Math.floor(Math.log2(Math.abs(value)))) - 52);
}

function compile(variant, folder) {
  const out = join(folder, `${variant}.wasm`);
  const features = variant === "relaxed" ? ["--enable", "simd", "--enable", "relaxed-simd"] : ["--enable", "simd"];
  const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
  const options = ["-O3", "--noAssert", "--runtime", "stub", "--use", "abort=", "--initialMemory", "32", "-o", out];
  execFileSync(process.execPath, [asc, join(root, "assembly/accuracy.ts"), ...options, ...features], {
    stdio: "inherit",
  });
  return new WebAssembly.Instance(new WebAssembly.Module(readFileSync(out))).exports;
}

/** Largest error of one function over float32s from `from` to `to` in magnitude, both of one sign. */
function sweepFloat32(exports, name, reference, from, to) {
  const first = toBits(from);
  const last = toBits(to);
  const at = Math.ceil(exports.base() / 16) * 16;
  const x = new Uint32Array(exports.memory.buffer, at, N);
  const values32 = new Float32Array(exports.memory.buffer, at, N);
  const y = new Float64Array(exports.memory.buffer, at + 4 * N, N);
  let worst = 0;
  let where = 0;
  for (let b = first; b <= last; b += N * step) {
    const count = Math.min(N, Math.floor((last - b) / step) + 1);
    for (let i = 0; i < count; i++) x[i] = b + i * step;
    exports[name](count, at, at + 4 * N);
    for (let i = 0; i < count; i++) {
      const want = reference(values32[i]);
      const error = Math.abs(y[i] - want);
      // The exponent is only needed where the error could be a new maximum.
      if (error > worst * Math.abs(want) * 2 ** -24) {
        const ulps = error / ulpOf(want, true);
        if (ulps > worst) {
          worst = ulps;
          where = values32[i];
        }
      }
    }
  }
  return { worst, where };
}

function gridFloat64(exports, name, reference, from, to) {
  const at = Math.ceil(exports.base() / 16) * 16;
  const x = new Float64Array(exports.memory.buffer, at, N);
  const y = new Float64Array(exports.memory.buffer, at + 8 * N, N);
  let worst = 0;
  let where = 0;
  for (let block = 0; block < 64; block++) {
    for (let i = 0; i < N; i++) x[i] = from + ((to - from) * (block * N + i + Math.sin(i) * 0.4)) / (64 * N);
    exports[name](N, at, at + 8 * N);
    for (let i = 0; i < N; i++) {
      const want = reference(x[i]);
      const ulps = Math.abs(y[i] - want) / ulpOf(want, false);
      if (ulps > worst) [worst, where] = [ulps, x[i]];
    }
  }
  return { worst, where };
}

const RANGES = [
  [
    "exp_f32",
    Math.exp,
    [
      [-0, -0.5],
      [-0.5, -5],
      [-5, -20],
      [-20, -87.3],
    ],
    sweepFloat32,
  ],
  [
    "expHot_f32",
    Math.exp,
    [
      [2 ** -30, 5.5],
      [5.5, 11],
      [11, 22],
      [-(2 ** -30), -5.5],
      [-5.5, -11],
      [-11, -22],
    ],
    sweepFloat32,
  ],
  [
    "expNegative_f32",
    Math.exp,
    [
      [-0, -0.5],
      [-0.5, -5],
      [-5, -20],
      [-20, -87.3],
    ],
    sweepFloat32,
  ],
  [
    "expNear_f32",
    Math.exp,
    [
      [-0, -5],
      [-5, -20],
      [-20, -44],
      [-44, -86],
    ],
    sweepFloat32,
  ],
  [
    "expAny_f32",
    Math.exp,
    [
      [2 ** -30, 5],
      [5, 88.7],
      [-(2 ** -30), -5],
      [-5, -20],
      [-20, -80],
    ],
    sweepFloat32,
  ],
  [
    "log_f32",
    Math.log,
    [
      [2 ** -149, 0.5],
      [0.5, 1 - 2 ** -24],
      [1 + 2 ** -23, 2],
      [2, 3.4e38],
    ],
    sweepFloat32,
  ],
  [
    "logOfRatio_f32",
    Math.log1p,
    [
      [2 ** -126, 2 ** -24],
      [2 ** -24, 0.5],
      [0.5, 2],
      [2, 1e17],
    ],
    sweepFloat32,
  ],
  [
    "log1pUnit_f32",
    Math.log1p,
    [
      [2 ** -126, 2 ** -24],
      [2 ** -24, 0.5],
      [0.5, 1],
    ],
    sweepFloat32,
  ],
  [
    "tanh_f32",
    Math.tanh,
    [
      [2 ** -126, 0.3],
      [0.3, 1],
      [1, 20],
    ],
    sweepFloat32,
  ],
  // Under a cap of 30, see assembly/softcap.ts.
  ["cappedPower_f32", (x) => 30 * Math.LOG2E * Math.tanh(x / 30), [[2 ** -60, 30]], sweepFloat32],
  ["cappedSlope_f32", (x) => 1 - Math.tanh(x / 30) ** 2, [[2 ** -60, 30]], sweepFloat32],
  [
    "exp_f64",
    Math.exp,
    [
      [-0.5, 0],
      [-20, -0.5],
      [-708, -20],
    ],
    gridFloat64,
  ],
  [
    "expAny_f64",
    Math.exp,
    [
      [-700, -20],
      [-20, 20],
      [20, 709],
    ],
    gridFloat64,
  ],
  [
    "log_f64",
    Math.log,
    [
      [1e-3, 0.5],
      [0.5, 2],
      [2, 1e300],
    ],
    gridFloat64,
  ],
  [
    "log1pUnit_f64",
    Math.log1p,
    [
      [0, 0.5],
      [0.5, 1],
    ],
    gridFloat64,
  ],
  [
    "log1pRow_f32",
    Math.log1p,
    [
      [0, 0.5],
      [0.5, 2],
      [2, 2e5],
    ],
    gridFloat64,
  ],
  [
    "log1pRow_f64",
    Math.log1p,
    [
      [0, 0.5],
      [0.5, 2],
      [2, 2e5],
    ],
    gridFloat64,
  ],
  [
    "tanh_f64",
    Math.tanh,
    [
      [0, 0.3],
      [0.3, 1],
      [1, 25],
    ],
    gridFloat64,
  ],
];

const folder = mkdtempSync(join(tmpdir(), "celoss-accuracy-"));
try {
  for (const variant of ["simd", "relaxed"]) {
    let exports;
    try {
      exports = compile(variant, folder);
    } catch (error) {
      console.log(`${variant}: not measured, ${error.message}`);
      continue;
    }
    for (const [name, reference, ranges, sweep] of RANGES) {
      for (const [from, to] of ranges) {
        const { worst, where } = sweep(exports, name, reference, from, to);
        console.log(
          `${variant.padEnd(8)} ${name.padEnd(15)} ${`[${from}, ${to}]`.padEnd(34)} ${worst.toFixed(3)} ulp at ${where}`,
        );
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
