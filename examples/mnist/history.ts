/** Loss and accuracy over the course of a training. */
import type { Evaluation } from "./evaluation.js";

export interface Point {
  /** Passes over the training set, a fraction within one. */
  readonly epoch: number;
  /** Mean loss in nats. */
  readonly loss: number;
  /** In [0, 1]. */
  readonly accuracy: number;
}

/** Mean loss and accuracy of what was added. */
export class Mean {
  #loss = 0;
  #correct = 0;
  #rows = 0;

  /** @param loss mean over the `rows`, in nats */
  add(loss: number, correct: number, rows: number): void {
    this.#loss += loss * rows;
    this.#correct += correct;
    this.#rows += rows;
  }

  get loss(): number {
    return this.#loss / this.#rows;
  }

  get accuracy(): number {
    return this.#correct / this.#rows;
  }
}

/** Points for the curves: training in means over a tenth of an epoch, at the middle of it; test when it was evaluated. */
export class History {
  readonly train: Point[] = [];
  readonly test: Point[] = [];
  readonly #window: number;
  #mean = new Mean();
  #steps = 0;

  constructor(readonly stepsPerEpoch: number) {
    this.#window = Math.ceil(stepsPerEpoch / 10);
  }

  addStep(loss: number, correct: number, rows: number): void {
    this.#mean.add(loss, correct, rows);
    if (++this.#steps % this.#window !== 0) return;
    const epoch = (this.#steps - this.#window / 2) / this.stepsPerEpoch;
    this.train.push({ epoch, loss: this.#mean.loss, accuracy: this.#mean.accuracy });
    this.#mean = new Mean();
  }

  addTest(epoch: number, { loss, accuracy }: Evaluation): void {
    this.test.push({ epoch, loss, accuracy });
  }
}
