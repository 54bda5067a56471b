/**
 * The losses as ONNX models, in two styles. `operator`: what ONNX offers by name, SoftmaxCrossEntropyLoss with class
 * indices and Softplus; its gradient operator is not in the runtimes, so the gradient is made of the log-probabilities
 * and one-hot labels. `graph`: the composition of operators that ran fastest, without one-hot labels; with the
 * gradient, its loss is −log of the softmax, which underflows for a target far below the maximum.
 *
 * Inputs are `x` (logits), `t` (class indices) and `y` (labels), outputs `loss` and `grad`.
 */
import proto from "onnx-proto";
import { shapeOf } from "./labels.mjs";

const { AttributeProto, ModelProto, TensorProto } = proto.onnx;
const { FLOAT, INT32, INT64 } = TensorProto.DataType;
const OPSET = 17;
const IR_VERSION = 8;

const node = (opType, input, output, attributes = {}) => ({
  opType,
  input: input.split(" "),
  output: output.split(" "),
  attribute: Object.entries(attributes).map(([name, value]) =>
    typeof value === "string"
      ? { name, type: AttributeProto.AttributeType.STRING, s: Buffer.from(value) }
      : { name, type: AttributeProto.AttributeType.INT, i: value },
  ),
});
const value = (name, elemType, dims) => ({
  name,
  type: { tensorType: { elemType, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
});
const constant = (name, dims, floatData) => ({ name, dims, dataType: FLOAT, floatData });

const MEAN = { keepdims: 0 };
const softplusLoss = [
  node("Softplus", "x", "sp"),
  node("Mul", "x y", "xy"),
  node("Sub", "sp xy", "l"),
  node("ReduceMean", "l", "loss", MEAN),
];
// ln(1 + e^−|x|) = −ln σ(|x|)
const sigmoidLoss = [
  node("Abs", "x", "a"),
  node("Sigmoid", "a", "s"),
  node("Log", "s", "rest"),
  node("Relu", "x", "r"),
  node("Mul", "x y", "xy"),
  node("Sub", "r xy", "u"),
  node("Sub", "u rest", "l"),
  node("ReduceMean", "l", "loss", MEAN),
];
const sigmoidGradient = [node("Sigmoid", "x", "p"), node("Sub", "p y", "d"), node("Mul", "d scale", "grad")];

const COLUMN = { axis: 1 };
const ROW = { axis: -1 };
const operatorLoss = (outputs) => [node("SoftmaxCrossEntropyLoss", "x t", outputs, { reduction: "mean" })];
const operatorGradient = [node("Exp", "logp", "p"), node("Sub", "p y", "d"), node("Mul", "d scale", "grad")];
const negativeMean = [node("ReduceMean", "at", "mean", MEAN), node("Neg", "mean", "loss")];
const graphLoss = [
  node("LogSoftmax", "x", "logp", ROW),
  node("GatherElements", "logp t", "at", COLUMN),
  ...negativeMean,
];
const graphBoth = [
  node("Softmax", "x", "p", ROW),
  node("GatherElements", "p t", "pt", COLUMN),
  node("Log", "pt", "at"),
  ...negativeMean,
  node("Mul", "p scale", "scaled"),
  node("ScatterElements", "scaled t minus", "grad", { ...COLUMN, reduction: "add" }),
];

/** The model's bytes, and which of `t` and `y` it takes. `t` is int32 (rows) by operator, int64 (rows, 1) by graph. */
export function modelOf(workload, mode, style) {
  const { kind, rows, classes } = workload;
  const binary = kind === "binary";
  const gradient = mode === "gradient";
  const operator = style === "operator";
  const scale = 1 / (binary ? rows * classes : rows);
  const nodes = binary
    ? [...(operator ? softplusLoss : sigmoidLoss), ...(gradient ? sigmoidGradient : [])]
    : operator
      ? [...operatorLoss(gradient ? "loss logp" : "loss"), ...(gradient ? operatorGradient : [])]
      : gradient
        ? graphBoth
        : graphLoss;
  const shape = shapeOf(workload);
  const taken = binary ? ["y"] : gradient && operator ? ["t", "y"] : ["t"];
  const inputs = {
    t: operator ? value("t", INT32, [rows]) : value("t", INT64, [rows, 1]),
    y: value("y", FLOAT, shape),
  };
  const outputs = [value("loss", FLOAT, []), ...(gradient ? [value("grad", FLOAT, shape)] : [])];
  const constants = [constant("scale", [], [scale]), constant("minus", [rows, 1], Array(rows).fill(-scale))];
  const graph = {
    name: `${kind} ${mode} ${style}`,
    node: nodes,
    input: [value("x", FLOAT, shape), ...taken.map((name) => inputs[name])],
    output: outputs,
    initializer: constants.filter(({ name }) => nodes.some(({ input }) => input.includes(name))),
  };
  const bytes = ModelProto.encode({
    irVersion: IR_VERSION,
    opsetImport: [{ domain: "", version: OPSET }],
    graph,
  }).finish();
  return { bytes, taken };
}
