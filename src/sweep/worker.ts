/** What a worker runs: takes tiles from the slots, on a stage of its own, for as long as it lives. */
import { copyBytes, phaseOf } from "../input/sharedMemory.js";
import { instantiateModule } from "../kernels/instantiate.js";
import { instantiateJs } from "../kernels/js/index.js";
import { KERNELS, VARIANTS, type Variant } from "../kernels/kernels.js";
import { Board, type Message, SPIN, STATE, STEP, TASK, TYPES, WORD } from "./board.js";
import { parentPort } from "./host.js";
import { narrowResults, widen } from "./rows.js";
import { type ComputeType, instanceBytes, Stage } from "./stage.js";

const port = parentPort<Message>();
const modules = new Map<Variant, WebAssembly.Module>();
const arrays = new Map<number, Uint8Array>();
let received = 0;
let board: Board;
let slots: Uint8Array[] = [];
let constants: Uint8Array;
let stage: Stage | undefined;
/** The call whose constants are in the stage. */
let configured = -1;
let last = 0;
/** The arguments of a kernel; typed arrays take an iterator to be spread. */
const operands: number[] = [];

port.listen((message) => {
  received++;
  const { ring, module, array } = message;
  if (message.board !== undefined) board = new Board(message.board.slots, message.board.buffer);
  if (ring !== undefined) {
    const slot = (_: unknown, i: number) => new Uint8Array(ring.buffer, i * ring.stride, ring.stride);
    slots = Array.from({ length: board.slots }, slot);
    constants = slot(undefined, board.slots);
  }
  if (module !== undefined) {
    modules.set(module.variant, module.module);
    stage = newStage(module.variant, 0);
  }
  if (array?.buffer !== undefined) arrays.set(array.id, new Uint8Array(array.buffer));
  else if (array !== undefined) arrays.delete(array.id);
  if (received === 1) port.post("ready");
  serve();
});

function newStage(variant: Variant, bytes: number): Stage {
  configured = -1;
  const size = instanceBytes(bytes);
  if (variant === "js") return new Stage(instantiateJs(size));
  return new Stage(instantiateModule(variant, modules.get(variant) as WebAssembly.Module, size));
}

/** Until there is a message, which only the event loop can fetch. */
function serve(): void {
  const { words } = board;
  for (;;) {
    const bell = Atomics.load(words, WORD.bell);
    if (Atomics.load(words, WORD.messages) !== received) return;
    const slot = take();
    if (slot < 0) sleep(bell);
    else if (Atomics.load(words, WORD.messages) !== received) {
      // The tile may need what the message brings.
      Atomics.store(words, board.at(slot), STATE.ready);
      return;
    } else run(slot);
  }
}

/** Claims a tile: the next after the last one, as they are posted in turn. */
function take(): number {
  for (let i = 1; i <= board.slots; i++) {
    const slot = (last + i) % board.slots;
    const at = board.at(slot);
    if (Atomics.load(board.words, at) !== STATE.ready) continue;
    if (Atomics.compareExchange(board.words, at, STATE.ready, STATE.taken) !== STATE.ready) continue;
    last = slot;
    return slot;
  }
  return -1;
}

function sleep(bell: number): void {
  const { words } = board;
  const until = performance.now() + SPIN;
  while (performance.now() < until) {
    for (let i = 0; i < 32; i++) if (Atomics.load(words, WORD.bell) !== bell) return;
  }
  Atomics.add(words, WORD.sleepers, 1);
  Atomics.wait(words, WORD.bell, bell);
  Atomics.sub(words, WORD.sleepers, 1);
}

function run(slot: number): void {
  const at = board.at(slot);
  try {
    if (!perform(board.tasks[slot], slots[slot], at)) return;
    settle(at, STATE.done);
  } catch (error) {
    settle(at, STATE.failed);
    throw error;
  }
}

function settle(at: number, state: number): void {
  Atomics.store(board.words, at, state);
  if (Atomics.load(board.words, WORD.waiting) !== 0) Atomics.notify(board.words, at);
}

/** Runs the program of a tile; false when the calling thread gave the tile up meanwhile. */
function perform(task: Float64Array, slot: Uint8Array, at: number): boolean {
  const variant = VARIANTS[task[TASK.variant]];
  if (stage?.variant !== variant || stage.capacity < task[TASK.bytes]) stage = newStage(variant, task[TASK.bytes]);
  const { u8 } = stage;
  const fresh = configured !== task[TASK.call];
  configured = task[TASK.call];
  for (let i: number = TASK.program; ; ) {
    const a = task[i + 1];
    const b = task[i + 2];
    const c = task[i + 3];
    const d = task[i + 4];
    switch (task[i]) {
      case STEP.constant:
        if (fresh) copyBytes(constants.subarray(a, a + b), u8, a);
        i += 3;
        break;
      case STEP.copyIn: {
        const from = a === 0 ? slot : (arrays.get(a) as Uint8Array);
        const phase = phaseOf(b);
        copyBytes(from.subarray(b, b + d), u8, c + phase);
        if (phase !== 0) u8.copyWithin(c, c + phase, c + phase + d);
        i += 5;
        break;
      }
      case STEP.call: {
        const kernel = stage.kernels[KERNELS[a]] as (...args: number[]) => number | undefined;
        for (let k = 0; k < b; k++) operands[k] = task[i + 3 + k];
        operands.length = b;
        task[TASK.value] = kernel.apply(undefined, operands) ?? 0;
        i += 3 + b;
        break;
      }
      case STEP.narrow:
        narrowResults(stage, a, b, TYPES[c] as ComputeType, TYPES[d]);
        i += 5;
        break;
      case STEP.widen:
        widen(stage, a, b, TYPES[c], d);
        i += 5;
        break;
      case STEP.commit:
        if (Atomics.compareExchange(board.words, at, STATE.taken, STATE.writing) !== STATE.taken) return false;
        i += 1;
        break;
      case STEP.copyOut: {
        const to = a === 0 ? slot : (arrays.get(a) as Uint8Array);
        const phase = phaseOf(b);
        if (phase !== 0) u8.copyWithin(c + phase, c, c + d);
        copyBytes(u8.subarray(c + phase, c + phase + d), to, b);
        i += 5;
        break;
      }
      default:
        return true;
    }
  }
}
