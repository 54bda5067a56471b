import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Project, packedProject, runNode } from "./packed.js";

// Each in a process of its own: what is switched on stays on.

/** Where relaxed SIMD is there but off. */
const BEHIND_FLAG = process.versions.node.startsWith("20.");
const BY_DEFAULT = BEHIND_FLAG ? "simd" : "relaxed";
/** Where two vectors of 128 bits can become one of 256. */
const WIDER = /^2[46]\./.test(process.versions.node) && process.arch === "x64";
const ENABLED = { relaxedSimd: BEHIND_FLAG, revectorization: WIDER };
const NOTHING = { relaxedSimd: false, revectorization: false };

let project: Project;
beforeAll(() => {
  project = packedProject();
});
afterAll(() => project?.dispose());

/** Runs `body`, which pushes onto `seen`, after `before`, and returns what it saw. */
function see(body: string, before = ""): unknown[] {
  const script = `${before}
const celoss = await import("celoss");
const { enableEngineExperiments } = await import("celoss/experiments");
const seen = [];
${body}
console.log(JSON.stringify(seen));`;
  return JSON.parse(runNode(project.write("experiments.mjs", script)));
}

describe("enableEngineExperiments", () => {
  test("is off by default: importing it changes nothing", () => {
    expect(see("seen.push(celoss.backend().variant)")).toEqual([BY_DEFAULT]);
  });

  test("before the first use: the fused kernel set is chosen, and it says what it switched on", () => {
    expect(see("seen.push(enableEngineExperiments(), celoss.backend())")).toEqual([
      ENABLED,
      { variant: "relaxed", threads: 1, forced: false },
    ]);
  });

  test("a second call says the same, and keeps what was forced meanwhile", () => {
    const body = `seen.push(enableEngineExperiments());
celoss.useBackend("simd");
seen.push(enableEngineExperiments(), celoss.backend().variant);`;
    expect(see(body)).toEqual([ENABLED, ENABLED, "simd"]);
  });

  test("after an automatic choice: it is made again, and a workspace goes on as it was", () => {
    const body = `const work = new celoss.CrossEntropyWorkspace({ rows: 1, classes: 3 });
work.logits.set([2, 1, 0.1]);
seen.push(celoss.backend().variant, work.forward());
enableEngineExperiments();
seen.push(celoss.backend().variant, work.forward());`;
    const [before, loss, after, again] = see(body);
    expect([before, after]).toEqual([BY_DEFAULT, "relaxed"]);
    expect(again).toBe(loss);
  });

  test.each(["js", "simd"])("a set that was forced stays: %s", (variant) => {
    const body = `celoss.useBackend("${variant}");
enableEngineExperiments();
seen.push(celoss.backend());
celoss.useBackend();
seen.push(celoss.backend());`;
    expect(see(body)).toEqual([
      { variant, threads: 1, forced: true },
      { variant: "relaxed", threads: 1, forced: false },
    ]);
  });

  test("worker threads have it too, and give the same to the bit", () => {
    const body = `enableEngineExperiments();
const logits = celoss.sharedFloat32(512 * 1000).map((_, i) => Math.sin(i) * 8);
const shared = celoss.sharedFloat32(logits.length);
shared.set(logits);
const labels = Int32Array.from({ length: 512 }, (_, i) => i);
const grads = [1, 2].map(() => celoss.sharedFloat32(logits.length));
const losses = [celoss.crossEntropyWithGrad(shared, labels, { grad: grads[0] }).loss];
await celoss.useThreads(2);
seen.push(celoss.backend());
losses.push(celoss.crossEntropyWithGrad(shared, labels, { grad: grads[1] }).loss);
seen.push(losses[0] === losses[1], Buffer.compare(...grads.map(({ buffer }) => Buffer.from(buffer))));`;
    expect(see(body)).toEqual([{ variant: "relaxed", threads: 2, forced: false }, true, 0]);
  });

  test("the loss stays within 2e-7 of that in plain JavaScript at 128,256 classes", () => {
    const body = `enableEngineExperiments();
const logits = Float32Array.from({ length: 128256 }, (_, i) => Math.sin(i) * 8);
seen.push(celoss.backend().variant, celoss.crossEntropy(logits, [0]));
celoss.useBackend("js");
seen.push(celoss.crossEntropy(logits, [0]));`;
    const [variant, loss, plain] = see(body) as [string, number, number];
    expect(variant).toBe("relaxed");
    expect(Math.abs(loss - plain)).toBeLessThanOrEqual(2e-7 * plain);
  });

  test("while the engine compiles its code again, results stay the same to the bit", () => {
    const body = `enableEngineExperiments();
const wave = (n) => Float32Array.from({ length: n }, (_, i) => 8 * Math.sin(i * i));
const classes = (n, of) => Int32Array.from({ length: n }, (_, i) => (i * 7) % of);
const wide = wave(20060), few = wave(3000), masked = wide.map((x) => (x < -7 ? -Infinity : x));
const of20 = classes(20, 1003), of300 = classes(300, 10);
const truth = wide.map((x) => (x < 0 ? 0 : 1));
const cases = {
  "many classes": () => celoss.crossEntropyWithGrad(wide, of20),
  "smoothed": () => celoss.crossEntropyWithGrad(wide, of20, { labelSmoothing: 0.1 }),
  "forward": () => ({ loss: celoss.crossEntropy(wide, of20) }),
  "few classes": () => celoss.crossEntropyWithGrad(few, of300),
  "soft cap": () => celoss.crossEntropyWithGrad(wide, of20, { softcap: 30 }),
  "masked": () => celoss.crossEntropyWithGrad(masked, of20),
  "binary": () => celoss.binaryCrossEntropyWithLogitsWithGrad(wide, truth),
  "softmax": () => ({ grad: celoss.softmax(wide, { classes: 1003 }) }),
};
const bits = ({ loss = 0, grad = [] }) => [loss, ...new Uint32Array(Float32Array.from(grad).buffer)].join();
for (const [name, run] of Object.entries(cases)) {
  const first = bits(run());
  for (let i = 0; i < 1500; i++) run();
  if (bits(run()) !== first) seen.push(name);
}`;
    expect(see(body)).toEqual([]);
  });

  test.each([
    ["V8's flags are out of reach", "process.getBuiltinModule = undefined;", BY_DEFAULT],
    ["WebAssembly is missing", "delete globalThis.WebAssembly;", "js"],
    ["the host is not Node", "delete globalThis.process;", BY_DEFAULT],
  ])("switches nothing on where %s", (_, before, variant) => {
    const body = "seen.push(enableEngineExperiments(), celoss.backend().variant)";
    expect(see(body, before)).toEqual([NOTHING, variant]);
  });
});
