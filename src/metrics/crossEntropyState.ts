import type { FloatInput, IndexInput } from "../input/elements.js";
import { rangeError, typeError } from "../input/errors.js";
import { seal, unseal } from "./bytes.js";
import { type Evaluation, evaluation } from "./evaluation.js";
import { type CrossEntropyStateJson, tallyFromJson, tallyToJson } from "./json.js";
import { addBatch, type UpdateOptions } from "./rows.js";
import { readSettings, type Settings, type StateOptions } from "./settings.js";
import { Tally } from "./tally.js";

/**
 * The evaluation of a classifier or language model on batches that come one by one: its size does not depend on how many.
 *
 * Its sums are exact: states of the same rows, evaluated by the same kernel set, are the same to the bit, however the
 * rows were cut into batches, in whichever order they came, and whichever states were merged.
 */
export class CrossEntropyState {
  #tally: Tally;

  /**
   * @throws {TypeError} for an option of the wrong kind
   * @throws {RangeError} for a k or a number of bins below 1
   */
  constructor(options: StateOptions = {}) {
    this.#tally = new Tally(readSettings(options));
  }

  /** What the state gathers: `topK` ascending, each k once. */
  get settings(): Settings {
    const { settings } = this.#tally;
    return { ...settings, topK: [...settings.topK] };
  }

  /**
   * Adds the rows of a batch. Targets of probabilities have the class of the largest one as their label, the first if
   * several are equal.
   *
   * @param logits rows × classes of float32, float64, float16 or bfloat16; or of any shape, with the class axis at `axis`
   * @param targets one class index a row (integers), or one probability a logit (floats)
   * @returns the state itself
   * @throws {TypeError} for an argument of the wrong kind
   * @throws {RangeError} for shapes that do not fit, an index outside of [0, classes) that is not `ignoreIndex`, or an
   *   option out of its range; the state is as it was then
   */
  update(logits: FloatInput, targets: IndexInput | FloatInput, options: UpdateOptions = {}): this {
    addBatch(this.#tally, logits, targets, options);
    return this;
  }

  /**
   * Adds all that another state has seen, which stays as it is.
   *
   * @returns the state itself
   * @throws {TypeError} for anything but a state
   * @throws {RangeError} for a state of other settings, or with another number of classes in its confusion matrix
   */
  merge(other: CrossEntropyState): this {
    if (!(other instanceof CrossEntropyState)) throw typeError("other", "CrossEntropyState", other);
    const own = this.#tally;
    const theirs = other.#tally;
    const [wanted, got] = [own, theirs].map(({ settings }) => JSON.stringify(settings));
    if (got !== wanted) throw rangeError("other", `state with settings ${wanted}`, other, `with ${got}`);
    own.checkClasses("other", theirs.classes);
    own.merge(theirs);
    return this;
  }

  /** The metrics of all rows so far. */
  compute(): Evaluation {
    return evaluation(this.#tally);
  }

  /** All of the state as a plain object, for `JSON.stringify`. */
  toJSON(): CrossEntropyStateJson {
    return tallyToJson(this.#tally);
  }

  /**
   * @param json what {@link toJSON} gave, or `JSON.parse` made of it
   * @throws {TypeError} for a field of the wrong kind
   * @throws {RangeError} for another format, an unknown version, or numbers that no state can have
   */
  static fromJSON(json: unknown): CrossEntropyState {
    const state = new CrossEntropyState();
    state.#tally = tallyFromJson(json);
    return state;
  }

  /** All of the state as bytes with a checksum. Equal states have equal bytes. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return seal(JSON.stringify(this));
  }

  /**
   * @param bytes what {@link toBytes} gave
   * @throws {TypeError} for anything but a Uint8Array
   * @throws {RangeError} for bytes that are damaged, too few or too many, and for an unknown version
   */
  static fromBytes(bytes: Uint8Array): CrossEntropyState {
    return CrossEntropyState.fromJSON(JSON.parse(unseal("bytes", bytes)));
  }
}
