/**
 * A two-layer network, input → dense → ReLU → dense → logits, and Adam. All matrices are flat, row-major float32 arrays
 * that are allocated once, for a fixed number of rows.
 */
import type { Random } from "./random.js";

/** What an optimiser changes, and the gradient of the loss with respect to it. */
export interface Parameter {
  readonly values: Float32Array;
  readonly grad: Float32Array;
}

/** output = input · weights + bias, with weights of inputs × outputs. */
export class DenseLayer {
  readonly weights: Parameter;
  readonly bias: Parameter;
  /** rows × outputs, of the last call of `forward`. */
  readonly output: Float32Array;

  constructor(
    readonly rows: number,
    readonly inputs: number,
    readonly outputs: number,
  ) {
    this.weights = { values: new Float32Array(inputs * outputs), grad: new Float32Array(inputs * outputs) };
    this.bias = { values: new Float32Array(outputs), grad: new Float32Array(outputs) };
    this.output = new Float32Array(rows * outputs);
  }

  // Zero inputs are skipped: four of five pixels are paper, and ReLU closes about half of the hidden units.
  // The innermost loops run along a row of weights, so that memory is read in order.

  /** @param input rows × inputs */
  forward(input: Float32Array): void {
    const { rows, inputs, outputs, output } = this;
    const weights = this.weights.values;
    for (let row = 0; row < rows; row++) {
      const to = row * outputs;
      output.set(this.bias.values, to);
      for (let i = 0; i < inputs; i++) {
        const x = input[row * inputs + i];
        if (x === 0) continue;
        const from = i * outputs;
        for (let j = 0; j < outputs; j++) output[to + j] += x * weights[from + j];
      }
    }
  }

  /**
   * Sets the gradients of the parameters.
   * @param input what `forward` got, rows × inputs
   * @param gradOutput gradient of the loss with respect to `output`, rows × outputs
   */
  backwardParameters(input: Float32Array, gradOutput: Float32Array): void {
    const { rows, inputs, outputs } = this;
    const gradWeights = this.weights.grad.fill(0);
    const gradBias = this.bias.grad.fill(0);
    for (let row = 0; row < rows; row++) {
      const from = row * outputs;
      for (let j = 0; j < outputs; j++) gradBias[j] += gradOutput[from + j];
      for (let i = 0; i < inputs; i++) {
        const x = input[row * inputs + i];
        if (x === 0) continue;
        const to = i * outputs;
        for (let j = 0; j < outputs; j++) gradWeights[to + j] += x * gradOutput[from + j];
      }
    }
  }

  /**
   * Sets the gradient of the input.
   * @param gradOutput as above
   * @param gradInput out, rows × inputs
   */
  backwardInput(gradOutput: Float32Array, gradInput: Float32Array): void {
    const { rows, inputs, outputs } = this;
    const weights = this.weights.values;
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < inputs; i++) {
        let sum = 0;
        for (let j = 0; j < outputs; j++) sum += gradOutput[row * outputs + j] * weights[i * outputs + j];
        gradInput[row * inputs + i] = sum;
      }
    }
  }
}

export class Network {
  readonly #hidden: DenseLayer;
  readonly #output: DenseLayer;
  readonly #gradHidden: Float32Array;
  /** rows × classes, of the last call of `forward`. */
  readonly logits: Float32Array;
  /** rows × classes: the loss writes its gradient here, `backward` reads it. */
  readonly gradLogits: Float32Array;
  readonly parameters: readonly Parameter[];

  /**
   * The first layer starts with He's uniform weights [He et al. 2015]. The last one starts at zero, so that every class
   * is equally likely and the first loss is ln(classes).
   */
  constructor(size: { rows: number; inputs: number; hidden: number; classes: number }, random: Random) {
    this.#hidden = new DenseLayer(size.rows, size.inputs, size.hidden);
    this.#output = new DenseLayer(size.rows, size.hidden, size.classes);
    this.#gradHidden = new Float32Array(size.rows * size.hidden);
    this.logits = this.#output.output;
    this.gradLogits = new Float32Array(size.rows * size.classes);
    this.parameters = [this.#hidden.weights, this.#hidden.bias, this.#output.weights, this.#output.bias];

    const limit = Math.sqrt(6 / size.inputs);
    const weights = this.#hidden.weights.values;
    for (let i = 0; i < weights.length; i++) weights[i] = (2 * random() - 1) * limit;
  }

  /** Sets `logits`. @param input rows × inputs */
  forward(input: Float32Array): void {
    const hidden = this.#hidden.output;
    this.#hidden.forward(input);
    for (let i = 0; i < hidden.length; i++) if (hidden[i] < 0) hidden[i] = 0;
    this.#output.forward(hidden);
  }

  /** Sets the gradient of every parameter from `gradLogits`. @param input what `forward` got */
  backward(input: Float32Array): void {
    const hidden = this.#hidden.output;
    this.#output.backwardParameters(hidden, this.gradLogits);
    this.#output.backwardInput(this.gradLogits, this.#gradHidden);
    for (let i = 0; i < hidden.length; i++) if (hidden[i] === 0) this.#gradHidden[i] = 0;
    this.#hidden.backwardParameters(input, this.#gradHidden);
  }
}

/** Adam [Kingma & Ba 2015] with its usual constants; the learning rate is given at each step. */
export class Adam {
  readonly #moments: { mean: Float32Array; square: Float32Array }[];
  #steps = 0;

  constructor(readonly parameters: readonly Parameter[]) {
    this.#moments = parameters.map(({ values }) => ({
      mean: new Float32Array(values.length),
      square: new Float32Array(values.length),
    }));
  }

  step(learningRate: number): void {
    const beta1 = 0.9;
    const beta2 = 0.999;
    const epsilon = 1e-8;
    this.#steps++;
    const meanScale = learningRate / (1 - beta1 ** this.#steps);
    const squareScale = 1 / (1 - beta2 ** this.#steps);
    for (let p = 0; p < this.parameters.length; p++) {
      const { values, grad } = this.parameters[p];
      const { mean, square } = this.#moments[p];
      for (let i = 0; i < values.length; i++) {
        const g = grad[i];
        mean[i] = beta1 * mean[i] + (1 - beta1) * g;
        square[i] = beta2 * square[i] + (1 - beta2) * g * g;
        values[i] -= (meanScale * mean[i]) / (Math.sqrt(squareScale * square[i]) + epsilon);
      }
    }
  }
}
