import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "./packed.js";

/** What the text form of a module may not have in its hot loops. */
export type Rule = "call" | "constant" | "scalar";

/** An innermost loop that loads vectors. */
export interface VectorLoop {
  /** The function of the module that holds it. */
  readonly holder: string;
  /** Where the source of its last instruction is, `file:line`: that of a `for` advances its variable. */
  readonly place: string;
  readonly faults: readonly Fault[];
  /** Its loads and stores of vectors, as they happen: "load", "load 16", "store 16", …, with their offset if any. */
  readonly accesses: readonly string[];
}

export interface Fault {
  readonly rule: Rule;
  /** The instruction, and where its source is. */
  readonly what: string;
}

// A string, a zero, a note of the source's place, a node with its name, or a node's end. Zero is made of nothing by every
// engine.
const TOKEN =
  /"(?:[^"\\]|\\.)*"|\(v128\.const i32x4(?: 0x0+){4}\)|;;@ ?([^\s:]*(?::\d+)?)|\(([^\s()]+)(?: (\$[^\s()]+|offset=\d+))?|\)/g;

/** The innermost loops with a `v128.load` of a module in binaryen's text form (.wast), with places of a source map. */
export function vectorLoops(text: string): VectorLoop[] {
  const found: VectorLoop[] = [];
  const nodes: (OpenLoop | string | undefined)[] = [];
  const loops: OpenLoop[] = [];
  let holder = "";
  let place = "";
  let lastPlace = "";
  for (const [token, note, head, name] of text.matchAll(TOKEN)) {
    if (note !== undefined) {
      place = note;
      lastPlace = note || lastPlace;
    } else if (head === "loop") {
      for (const outer of loops) outer.innermost = false;
      const loop = { holder, faults: [], accesses: [], innermost: true, loads: false };
      loops.push(loop);
      nodes.push(loop);
    } else if (head !== undefined) {
      if (head === "func") holder = name;
      // It happens when its operands are there: at its end.
      nodes.push(/^v128\.(load|store)$/.test(head) ? `${head.slice(5)} ${name?.slice(7) ?? ""}`.trim() : undefined);
      loops.at(-1)?.faults.push(...faultOf(head, place));
      if (head === "v128.load") for (const loop of loops) loop.loads = true;
    } else if (token === ")") {
      const loop = nodes.pop();
      if (typeof loop === "string") loops.at(-1)?.accesses.push(loop);
      if (typeof loop !== "object") continue;
      loops.pop();
      const { faults, accesses } = loop;
      if (loop.innermost && loop.loads) found.push({ holder, place: lastPlace, faults, accesses });
    }
  }
  return found;
}

interface OpenLoop {
  readonly faults: Fault[];
  readonly accesses: string[];
  innermost: boolean;
  loads: boolean;
}

function faultOf(instruction: string, place: string): Fault[] {
  const rule = ruleOf(instruction);
  return rule === undefined ? [] : [{ rule, what: place ? `${instruction} (${place})` : instruction }];
}

function ruleOf(instruction: string): Rule | undefined {
  if (/^(return_)?call(_|$)/.test(instruction)) return "call";
  if (instruction === "v128.const" || /^[if]\d+x\d+\.splat$/.test(instruction)) return "constant";
  // An operand and a lane that goes to memory are no arithmetic.
  if (/^f(32|64)\.(?!const$)/.test(instruction)) return "scalar";
  return undefined;
}

/**
 * Whether V8 can make one vector of 256 bits of each two: nothing is stored between loads that belong together, and
 * nothing loaded or stored between such stores, of which the lower one comes last.
 */
export function isJoinable({ accesses }: VectorLoop): boolean {
  const paired = accesses.join(",").replace(/store 16,store(?=,|$)/g, "pair");
  return paired.split("pair").every((part) => {
    const loads = part.split(",").filter((access) => access !== "");
    const upper = loads.filter((access) => access === "load 16").length;
    const lower = loads.filter((access) => access === "load").length;
    return upper === lower && upper + lower === loads.length;
  });
}

/**
 * Whether a function of the module computes rows of float32: by the type or the prefix in its name, or because it is
 * written for no other type.
 */
export function isFloat32(name: string): boolean {
  return (/<f32>|\/f32_/.test(name) || /^\$assembly\/(?!index\/)[^<]*$/.test(name)) && !/F64|\/f64_/.test(name);
}

/** `file function`: the function of the source that holds a place. */
export function sourceFunction(place: string): string {
  const [file, line] = place.split(":");
  const before = readFileSync(join(REPOSITORY, file), "utf8").split("\n").slice(0, Number(line));
  const names = before.flatMap((text) => /\bfunction (\w+)/.exec(text)?.[1] ?? []);
  return `${file} ${names.at(-1)}`;
}
