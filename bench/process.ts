/** The runner's end of a contender's process. */
import { type ChildProcess, fork, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Errors } from "./check.js";
import type { Contender } from "./contenders.js";
import type { Budget, Round } from "./measure.js";
import type { Mode } from "./workloads.js";

export interface Prepare {
  readonly workload: string;
  readonly mode: Mode;
}
export type Request = ({ method: "prepare"; budget: Budget } & Prepare) | { method: "warm" } | { method: "round" };
export type Reply = { value: unknown; error?: undefined } | { error: string };
export interface Checked {
  readonly errors: Errors;
  readonly failure?: string;
}

const CHILD = fileURLToPath(new URL("./child.ts", import.meta.url));
const RELAXED_FLAG = "--experimental-wasm-relaxed-simd";

/** A module whose one function is f32x4.relaxed_madd of zeros: an engine without relaxed SIMD finds it invalid. */
const RELAXED_PROBE = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // magic, version 1
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // type 0: () → v128
  ...[0x03, 0x02, 0x01, 0x00], // function 0 of type 0
  ...[0x0a, 0x13, 0x01, 0x11, 0x00], // code: one body of 17 bytes, no locals
  ...[0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f], // three times i8x16.splat(0)
  ...[0xfd, 0x85, 0x02, 0x0b], // f32x4.relaxed_madd, end
);

/** Flags without which this engine cannot run the relaxed kernel set, mostly none; null when it cannot at all. */
export function flagsForRelaxed(): readonly string[] | null {
  if (typeof WebAssembly === "undefined") return null;
  if (WebAssembly.validate(RELAXED_PROBE)) return [];
  return spawnSync(process.execPath, [RELAXED_FLAG, "-e", ""]).status === 0 ? [RELAXED_FLAG] : null;
}

export class ContenderProcess {
  readonly contender: Contender;
  readonly #child: ChildProcess;
  readonly #ended: Promise<never>;

  constructor(contender: Contender, flags: readonly string[]) {
    this.contender = contender;
    this.#child = fork(CHILD, [contender.name], { execArgv: [...process.execArgv, ...flags] });
    this.#ended = new Promise((_, reject) => {
      this.#child.once("exit", (code, signal) =>
        reject(new Error(`its process ended with ${signal ?? `exit code ${code}`}`)),
      );
    });
    // It ends without a question open when the run is over; whoever has one open hears of it below.
    this.#ended.catch(() => {});
  }

  prepare(prepare: Prepare, budget: Budget): Promise<Checked> {
    return this.#ask({ method: "prepare", budget, ...prepare }) as Promise<Checked>;
  }

  async warm(): Promise<void> {
    await this.#ask({ method: "warm" });
  }

  round(): Promise<Round> {
    return this.#ask({ method: "round" }) as Promise<Round>;
  }

  end(): void {
    this.#child.disconnect();
  }

  async #ask(request: Request): Promise<unknown> {
    const answer = new Promise<Reply>((resolve) => this.#child.once("message", resolve as (reply: unknown) => void));
    // A closed channel is reported by the exit, with its code.
    this.#child.send(request, () => {});
    const reply = await Promise.race([answer, this.#ended]);
    if (reply.error !== undefined) throw new Error(reply.error);
    return reply.value;
  }
}
