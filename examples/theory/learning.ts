import { binaryCrossEntropyWithLogitsWithGrad, mseLossWithGrad, sigmoid } from "celoss";
import { type Chapter, line, six } from "./lines.js";

/** A neuron that starts certain of the wrong thing: σ(4) = 0.98 where 0 was wanted. */
export const START = 4;
const WANTED = Float64Array.of(0);
const RATE = 0.5;
const STEPS = 40;

/** d CE/dz = σ(z) − y. */
function crossEntropySlope(z: number): number {
  return binaryCrossEntropyWithLogitsWithGrad(Float64Array.of(z), WANTED).grad[0];
}

/** d ½(σ(z) − y)²/dz = (σ − y)·σ′(z), σ′ = σ(1 − σ): the factor that vanishes where the neuron is certain. */
function squaredErrorSlope(z: number): number {
  const p = sigmoid(Float64Array.of(z));
  return (mseLossWithGrad(p, WANTED).grad[0] / 2) * p[0] * (1 - p[0]);
}

/** What the neuron says after each step of gradient descent. */
export function learn(slope: (z: number) => number): number[] {
  const curve: number[] = [];
  let z = START;
  for (let step = 0; step <= STEPS; step++) {
    curve.push(sigmoid(Float64Array.of(z))[0]);
    z -= RATE * slope(z);
  }
  return curve;
}

export function saturated() {
  return {
    crossEntropy: crossEntropySlope(START),
    squaredError: squaredErrorSlope(START),
    crossEntropyCurve: learn(crossEntropySlope),
    squaredErrorCurve: learn(squaredErrorSlope),
  };
}

/** Curves of numbers in [0, 1], a letter each, top to bottom in ten steps. */
export function sketch(curves: Record<string, readonly number[]>): string[] {
  const height = 10;
  const width = Math.max(...Object.values(curves).map((curve) => curve.length));
  const rows = Array.from({ length: height + 1 }, () => new Array<string>(width).fill(" "));
  for (const [letter, curve] of Object.entries(curves)) {
    for (const [step, value] of curve.entries()) rows[Math.round((1 - value) * height)][step] = letter;
  }
  return rows.map((cells, i) => `  ${(1 - i / height).toFixed(1)} │${cells.join("").trimEnd()}`);
}

export function whyItTrains(): Chapter {
  const { crossEntropy, squaredError, crossEntropyCurve, squaredErrorCurve } = saturated();
  const at = (step: number) => `${six(crossEntropyCurve[step])} and ${six(squaredErrorCurve[step])}`;
  return {
    title: "Why cross-entropy trains where a squared error stalls",
    idea: "Through a sigmoid a squared error's slope has the factor σ(1 − σ), which is gone where the neuron is surely wrong.",
    lines: [
      line("it says", "σ(4)", crossEntropyCurve[0], "where 0 is wanted"),
      line("slope of the cross-entropy", "σ(4) − 0", crossEntropy),
      line("slope of the squared error", "σ(4)·σ(4)·(1 − σ(4))", squaredError),
      line("after 10 steps of ½", "cross-entropy, squared error", at(10)),
      line("after 40", "cross-entropy, squared error", at(40)),
      "",
      "  what it says, by step; c cross-entropy, s squared error",
      ...sketch({ s: squaredErrorCurve, c: crossEntropyCurve }),
      `      └${"─".repeat(STEPS + 1)}`,
    ],
  };
}
