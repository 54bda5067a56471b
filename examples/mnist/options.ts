/** The command line: what `--help` says, and the checks of what was given. */
import { accessSync, constants, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const EPOCHS = { full: 6, quick: 2 };
const SEED = 1;
const REPORT = fileURLToPath(new URL("report.html", import.meta.url));

export interface Options {
  readonly epochs: number;
  readonly seed: number;
  readonly quick: boolean;
  /** Absolute path of the HTML file to write. */
  readonly report: string;
}

export const HELP = `Trains a two-layer network on MNIST with celoss and writes a report with pictures.

  npm start -- [options]

  --epochs N     passes over the training set (${EPOCHS.full}; with --quick ${EPOCHS.quick})
  --seed N       seed of the first weights and of the order of the digits (${SEED})
  --quick        only 10,000 training and 2,000 test digits: a few seconds, a lower accuracy
  --report FILE  where the HTML report goes (examples/mnist/report.html)
  --help         this text
`;

/**
 * The options, or "help" if that was asked for.
 * @throws TypeError for an unknown option or one without its value
 * @throws RangeError for a value that is no number in its range, or a report that cannot be written
 */
export function readOptions(args: string[]): Options | "help" {
  const { values } = parseArgs({
    args,
    options: {
      epochs: { type: "string" },
      seed: { type: "string" },
      quick: { type: "boolean", default: false },
      report: { type: "string", default: REPORT },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const { quick } = values;
  return {
    epochs: integer("--epochs", values.epochs, 1, 1000) ?? (quick ? EPOCHS.quick : EPOCHS.full),
    seed: integer("--seed", values.seed, 0, 2 ** 32 - 1) ?? SEED,
    quick,
    report: writablePath("--report", values.report),
  };
}

function integer(name: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new RangeError(`"${name}" expected integer in [${min}, ${max}], got "${text}"`);
  }
  return value;
}

/** Checked before the training, so that nobody waits for a report that cannot be written. */
function writablePath(name: string, text: string): string {
  const path = resolve(text);
  const existing = statSync(path, { throwIfNoEntry: false });
  try {
    if (text === "" || existing?.isDirectory()) throw new Error("it is a folder");
    accessSync(existing ? path : dirname(path), constants.W_OK);
  } catch (error) {
    throw new RangeError(`"${name}" expected file that can be written, got "${text}": ${(error as Error).message}`);
  }
  return path;
}
