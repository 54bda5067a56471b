import { crossEntropy, crossEntropyWithGrad, logSumExp, softmax } from "celoss";
import { type Chapter, line, six } from "./lines.js";

/** Three classes, of which the first is the right one. */
const LOGITS = Float64Array.of(2, 1, 0.1);

/** As the formula stands: e^1000 is ∞. */
function naive(logits: ArrayLike<number>, y: number): number {
  const exps = Array.from(logits, Math.exp);
  return -Math.log(exps[y] / exps.reduce((a, b) => a + b));
}

export function fromLogits() {
  const [p0, p1, p2] = softmax(LOGITS);
  const big = Float64Array.of(1000, 999, 998.1);
  return {
    p: [p0, p1, p2],
    lse: logSumExp(LOGITS)[0],
    loss: crossEntropy(LOGITS, [0]),
    grad: Array.from(crossEntropyWithGrad(LOGITS, [0]).grad),
    naiveBig: naive(big, 0),
    big: crossEntropy(big, [0]),
  };
}

export function maximumTrick(): Chapter {
  const { p, lse, loss, grad, naiveBig, big } = fromLogits();
  return {
    title: "Softmax and its maximum trick",
    idea: "e^x/Σe^x makes any numbers a distribution, and a constant added to all changes nothing: take off the largest.",
    lines: [
      line("softmax (2, 1, 0.1)", "e²/(e² + e¹ + e^0.1), …", p.map(six).join(", ")),
      line("log-sum-exp", "2 + ln(1 + e^−1 + e^−1.9)", lse),
      line("cross-entropy of class 0", "lse − x₀", loss, "nats"),
      line("its gradient", "p − (1, 0, 0)", grad.map(six).join(", ")),
      line("+ 998, as the formula stands", "−ln(e^1000/(e^1000 + …)) = −ln(∞/∞)", naiveBig),
      line("+ 998, less the maximum", "0 + ln(1 + e^−1 + e^−1.9)", big, "nats"),
      line("TensorFlow.js clips: 0.8782; right is", "lse − x₀", loss, "nats"),
    ],
  };
}
