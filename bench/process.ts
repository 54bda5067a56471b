/** The runner's end of a contender's process. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { formatRequest, type Job, parseReply, type Request, type Round } from "./protocol.js";

export interface Command {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** The folder that it runs in; this process's own when left out. */
  readonly cwd?: string;
}

/** No answer takes this long, in milliseconds; who has none by then hangs. */
const PATIENCE = 180_000;
/** How long a process that was told to end may take for it. */
const GRACE = 2_000;

/** What a contender says that has no way to do the job. */
export class AbsentError extends Error {}

export class ContenderProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting: { resolve(reply: Record<string, unknown>): void; reject(error: Error): void }[] = [];
  #ended: Error | undefined;

  constructor({ command: [program, ...args], cwd }: Command) {
    this.#child = spawn(program, args, { cwd, stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      const waiting = this.#waiting.shift();
      try {
        waiting?.resolve(parseReply(line));
      } catch (error) {
        waiting?.reject(error as Error);
      }
    });
    this.#child.on("error", (error) => this.#end(error));
    this.#child.on("close", (code, signal) =>
      this.#end(new Error(`its process ended with ${signal ?? `exit code ${code}`}`)),
    );
    // A closed pipe is reported by the exit, with its code.
    this.#child.stdin.on("error", () => {});
  }

  /** The mean loss of a first call. @throws {AbsentError} when it has no way to do this */
  async prepare(job: Job): Promise<number> {
    const { loss } = await this.#ask({ name: "prepare", job }, "loss");
    return loss as number;
  }

  /** Warms up for `milliseconds` and fixes how many calls make a sample of at least `sample` milliseconds. */
  async warm(milliseconds: number, sample: number): Promise<void> {
    await this.#ask({ name: "warm", milliseconds, sample }, "batch");
  }

  async round(milliseconds: number): Promise<Round> {
    return (await this.#ask({ name: "round", milliseconds }, "median")) as unknown as Round;
  }

  /** Nanoseconds of each of the first calls. */
  async curve(calls: number): Promise<number[]> {
    return (await this.#ask({ name: "curve", calls }, "times")).times as number[];
  }

  /** Resolves once the process is gone. */
  end(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null || this.#ended) return Promise.resolve();
    return new Promise((resolve) => {
      const impatience = setTimeout(() => child.kill("SIGKILL"), GRACE);
      child.once("close", () => {
        clearTimeout(impatience);
        resolve();
      });
      child.stdin.end();
    });
  }

  async #ask(request: Request, field: string): Promise<Record<string, unknown>> {
    if (this.#ended) throw this.#ended;
    const reply = await new Promise<Record<string, unknown>>((resolve, reject) => {
      const impatience = setTimeout(() => {
        this.#end(new Error(`no answer to ${request.name} within ${PATIENCE / 1000} s`));
        this.#child.kill("SIGKILL");
      }, PATIENCE);
      const settled =
        <T>(then: (value: T) => void) =>
        (value: T) => {
          clearTimeout(impatience);
          then(value);
        };
      this.#waiting.push({ resolve: settled(resolve), reject: settled(reject) });
      this.#child.stdin.write(`${formatRequest(request)}\n`);
    });
    if (typeof reply.absent === "string") throw new AbsentError(reply.absent);
    if (reply.error !== undefined) throw new Error(String(reply.error));
    if (!(field in reply)) throw new Error(`no "${field}" in its answer: ${JSON.stringify(reply).slice(0, 200)}`);
    return reply;
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
  }
}
