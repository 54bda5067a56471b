/** What a person sees during an epoch: a progress bar in a terminal, one line at the end of the epoch elsewhere. */
import { SingleBar } from "cli-progress";
import { count, nats, percent } from "./format.js";
import type { Mean } from "./history.js";

export interface Progress {
  update(rows: number, mean: Mean): void;
  /** @param test accuracy on the test set, in [0, 1] */
  finish(test: number): void;
}

export function startProgress(epoch: number, epochs: number, rows: number): Progress {
  const title = `epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}`;
  const started = performance.now();
  let done = 0;
  let state = "";
  const describe = (rowsDone: number, mean: Mean) => {
    done = rowsDone;
    const speed = count((1000 * done) / (performance.now() - started));
    state = `loss ${nats(mean.loss)}  accuracy ${percent(mean.accuracy)}  ${speed} rows/s`;
    return state;
  };
  if (!process.stdout.isTTY) {
    return {
      update: describe,
      finish: (test) => console.log(`${title}  ${state}  test ${percent(test)}`),
    };
  }
  // The training never yields to the event loop: a handler for Ctrl-C would not run, so none is installed and nothing
  // is switched in the terminal (cursor, line wrap) that someone would have to switch back. The longest line has 80 columns.
  const bar = new SingleBar({
    format: `${title} {bar} {state}`,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 12 - 2 * String(epochs).length,
    linewrap: true,
    hideCursor: false,
    gracefulExit: false,
    stream: process.stdout,
  });
  bar.start(rows, 0, { state });
  return {
    update: (rowsDone, mean) => bar.update(rowsDone, { state: describe(rowsDone, mean) }),
    finish: (test) => {
      bar.update(done, { state: `${state}  test ${percent(test)}` });
      bar.stop();
    },
  };
}
