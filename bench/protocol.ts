/**
 * What the runner and a contender's process say to each other: requests are words on a line of stdin, replies a line of
 * JSON each on stdout, in order. Whatever can read lines and files can take part; bench/README.md has the whole of it.
 */
import { isLoss, type LossName } from "./losses/losses.js";

export type Kind = "crossEntropy" | "binary" | LossName;
const isKind = (kind: string): kind is Kind => kind === "crossEntropy" || kind === "binary" || isLoss(kind);
export type Mode = "forward" | "gradient";

/** What a contender is asked to do. Paths hold no spaces. */
export interface Job {
  /** Folder of `logits.f32`, and of `targets.i32` (a class a row) or `labels.f32` (a target an element), raw and little-endian. */
  readonly folder: string;
  readonly kind: Kind;
  readonly mode: Mode;
  readonly rows: number;
  /** 1 for losses that go element by element. */
  readonly classes: number;
  /** Where the gradient of the mean loss goes, float32, rows × classes. */
  readonly gradientFile: string;
}

export type Request =
  | { readonly name: "prepare"; readonly job: Job }
  | { readonly name: "warm"; readonly milliseconds: number; readonly sample: number }
  | { readonly name: "round"; readonly milliseconds: number }
  | { readonly name: "curve"; readonly calls: number };

/** Times of one round in nanoseconds a call. */
export interface Round {
  readonly median: number;
  readonly min: number;
  readonly samples: number;
  /** Calls in one sample. */
  readonly batch: number;
}

export function formatRequest(request: Request): string {
  if (request.name === "prepare") {
    const { folder, kind, mode, rows, classes, gradientFile } = request.job;
    for (const path of [folder, gradientFile])
      if (/\s/.test(path)) throw new RangeError(`"path" expected one without spaces, got ${path}`);
    return ["prepare", folder, kind, mode, rows, classes, gradientFile].join(" ");
  }
  if (request.name === "warm") return `warm ${request.milliseconds} ${request.sample}`;
  return `${request.name} ${request.name === "round" ? request.milliseconds : request.calls}`;
}

/** @throws {RangeError} for a line that is no request */
export function parseRequest(line: string): Request {
  const [name, ...words] = line.trim().split(" ");
  const numbers = words.map(Number);
  const positive = (...indices: number[]) => indices.every((i) => numbers[i] > 0 && Number.isFinite(numbers[i]));
  if (name === "prepare" && words.length === 6 && positive(3, 4)) {
    const [folder, kind, mode, , , gradientFile] = words;
    if (isKind(kind) && (mode === "forward" || mode === "gradient"))
      return { name, job: { folder, kind, mode, rows: numbers[3], classes: numbers[4], gradientFile } };
  }
  if (name === "warm" && words.length === 2 && positive(0, 1))
    return { name, milliseconds: numbers[0], sample: numbers[1] };
  if (name === "round" && words.length === 1 && positive(0)) return { name, milliseconds: numbers[0] };
  if (name === "curve" && words.length === 1 && positive(0)) return { name, calls: numbers[0] };
  throw new RangeError(`"request" expected prepare, warm, round or curve with their words, got ${line}`);
}

/** What a contender answers; which of the fields there are follows from the request. */
export type Reply =
  | { readonly error: string }
  | { readonly absent: string }
  | { readonly loss: number }
  | { readonly batch: number }
  | Round
  | { readonly times: readonly number[] };

/** @throws {Error} for a line that is no JSON object */
export function parseReply(line: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = undefined;
  }
  if (typeof value !== "object" || value === null) throw new Error(`no reply: ${line.slice(0, 200)}`);
  return value as Record<string, unknown>;
}
