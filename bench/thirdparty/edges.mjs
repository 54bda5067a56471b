/**
 * What every rival answers where float32 has edges: `node edges.mjs` prints a table in Markdown. A cell is the loss and
 * the gradient, one word when they agree: right, NaN, ∞, or how far off they are.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const CLASSES = 8;
/** Relative for the loss, and of the largest element for the gradient. */
const TOLERANCE = 1e-4;
/** Losses and gradients below are as good as 0. */
const NOTHING = 1e-12;
const INF = Number.POSITIVE_INFINITY;
const ORDINARY = [1, -2, 3, 0, -4, 5, 2, -1];
const LABELS = Float32Array.of(1, 0, 1, 0, 0, 1, 1, 0);

const cases = [
  softmax("ordinary row", ORDINARY, 2),
  softmax("nearly certain row, loss 6·10⁻⁶", [0, -12, -40, -40, -40, -40, -40, -40], 0),
  softmax("two classes masked with −∞", [1, -INF, 3, 0, -INF, 5, 2, -1], 2),
  softmax("all but the target masked", [-INF, -INF, 3, -INF, -INF, -INF, -INF, -INF], 2),
  softmax("the target masked: loss ∞", [1, -INF, 3, 0, -4, 5, 2, -1], 1),
  softmax("logits × 100, target the largest", times(100), 5),
  softmax("logits × 100, target another", times(100), 2),
  softmax("logits + 10⁴", [10001, 9998, 10003, 10000, 9996, 10005, 10002, 9999], 2),
  softmax("logits up to ±3·10³⁸", [3e38, -3e38, 1e38, 0, 0, 2e38, 0, 0], 0),
  binary("binary, ordinary", ORDINARY),
  binary("binary, logits × 100", times(100)),
  binary("binary, ±∞ on the right side", [INF, -INF, 3, 0, -4, 5, INF, -1]),
  binary("binary, ∞ on the wrong side: loss ∞", [1, INF, 3, 0, -4, 5, 2, -1]),
];

const contenders = read("contenders.json");
const { packages } = read("package-lock.json");
for (const { name, library, version } of contenders) {
  const locked = packages[`node_modules/${library}`].version;
  if (version !== locked) throw new Error(`"version" of ${name} in contenders.json expected ${locked}, got ${version}`);
}
const dir = mkdtempSync(join(tmpdir(), "celoss-edges-"));
try {
  const columns = [];
  for (const contender of contenders) columns.push(await cellsOf(contender));
  console.log(`| | ${contenders.map(({ name }) => name).join(" | ")} |`);
  console.log(`| --- |${" --- |".repeat(contenders.length)}`);
  cases.forEach(({ name }, i) => {
    console.log(`| ${name} | ${columns.map((cells) => cells[i]).join(" | ")} |`);
  });
} finally {
  rmSync(dir, { recursive: true });
}

function read(file) {
  return JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8"));
}

function times(factor) {
  return ORDINARY.map((x) => x * factor);
}

function softmax(name, logits, target) {
  const top = logits.indexOf(Math.max(...logits));
  const z = logits.map((x) => Math.fround(x) - Math.fround(logits[top]));
  // Without the maximum's own 1, in which the others' sum would lose its digits.
  const others = z.reduce((sum, zj, j) => sum + (j === top ? 0 : Math.exp(zj)), 0);
  const p = z.map((zj) => Math.exp(zj) / (1 + others));
  const gradient = p.map((pj, j) => (j !== target ? pj : j === top ? -others / (1 + others) : pj - 1));
  return {
    name,
    kind: "crossEntropy",
    logits,
    extra: Int32Array.of(target),
    loss: Math.log1p(others) - z[target],
    gradient,
  };
}

function binary(name, logits) {
  // The sign by the label, so that no 0 · ∞ appears.
  const wrong = logits.map((x, i) => (LABELS[i] ? -x : x));
  const losses = wrong.map((w) => Math.max(w, 0) + Math.log1p(Math.exp(-Math.abs(w))));
  const gradient = wrong.map((w, i) => (LABELS[i] ? -1 : 1) / (1 + Math.exp(-w)) / CLASSES);
  return { name, kind: "binary", logits, extra: LABELS, loss: losses.reduce((a, b) => a + b, 0) / CLASSES, gradient };
}

/** One process answers all cases, each a row of its own. */
async function cellsOf({ command: [, ...args] }) {
  const child = spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: ["pipe", "pipe", "inherit"] });
  const replies = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const cells = [];
  for (const edge of cases) {
    const gradFile = join(dir, "grad.f32");
    writeFileSync(join(dir, "logits.f32"), Float32Array.from(edge.logits));
    writeFileSync(join(dir, edge.kind === "binary" ? "labels.f32" : "targets.i32"), edge.extra);
    child.stdin.write(`prepare ${dir} ${edge.kind} gradient 1 ${CLASSES} ${gradFile}\n`);
    const { value, done } = await replies.next();
    if (done) throw new Error(`the process of ${args.join(" ")} ended`);
    cells.push(cellOf(edge, JSON.parse(value), gradFile));
  }
  child.stdin.end();
  return cells;
}

function cellOf({ loss, gradient }, reply, gradFile) {
  if (reply.absent) return "–";
  // The protocol names a loss that JSON cannot carry in its error.
  const named = /^the loss is (.+)$/.exec(reply.error);
  if (reply.error && !named) return reply.error;
  const got = new Float32Array(new Uint8Array(readFileSync(gradFile)).buffer);
  const words = [word([named ? Number(named[1]) : reply.loss], [loss]), word(got, gradient)];
  return words[0] === words[1] ? words[0] : words.join(" / ");
}

function word(got, want) {
  if (got.some(Number.isNaN)) return "NaN";
  if (got.some((x, i) => !Number.isFinite(x) && x !== want[i])) return "∞";
  if (got.some((x, i) => !Number.isFinite(want[i]) && x !== want[i])) return "finite";
  const largest = Math.max(NOTHING, ...want.map(Math.abs));
  const off = Math.max(...want.map((x, i) => (x === got[i] ? 0 : Math.abs(x - got[i]))));
  return off <= TOLERANCE * largest ? "right" : `off ${(off / largest).toExponential(0)}`;
}
