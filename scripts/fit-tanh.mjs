// Prints the coefficients of assembly/softcap.ts: tanh v = v·(p₀ + p₁w + p₂w² + b/(w + d)), w = v², minimax in the
// relative error for |v| ≤ 1. All are linear but d, which is searched for near π²/4, where tanh has its nearest pole.
import { minimax } from "./minimax.mjs";

const POINTS = 1001;
const STEP = 0.001;

// Closer together towards both ends, where minimax errors turn most often.
const grid = Array.from({ length: POINTS }, (_, i) => Math.sin((Math.PI * (i + 0.5)) / (2 * POINTS)));

function fitted(d) {
  const basis = (w) => [1, w, w * w, 1 / (w + d)];
  const rows = grid.map((v) => basis(v * v).map((value) => (value * v) / Math.tanh(v)));
  const { factors, error } = minimax(rows, new Array(POINTS).fill(1));
  return { d, factors, error };
}

const fits = Array.from({ length: 5 }, (_, i) => fitted(Number((Math.PI ** 2 / 4 + (i - 1) * STEP).toFixed(3))));
const { d, factors, error } = fits.reduce((best, next) => (next.error < best.error ? next : best));
console.log("p₀, p₁, p₂, b, d:", [...factors, d].join(", "));
console.log(`largest relative error: ${error}`);
