// node scripts/table.mjs RESULTS.json [ENGINE.json …] [FILE.md …] [--plots FOLDER]: the tables of a full run, and of runs
// in other engines, into Markdown files between `<!-- NAME:start -->` and `<!-- NAME:end -->` (names: BLOCKS in
// bench/markdown.ts), and its plots into a folder. Without file names README.md, docs/benchmarks.md and docs/plots.
// Twice the same is once the same.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { tsImport } from "tsx/esm/api";

const root = fileURLToPath(new URL("..", import.meta.url));
const DEFAULT_FILES = ["README.md", "docs/benchmarks.md"].map((file) => join(root, file));

const { values, positionals } = parseArgs({ allowPositionals: true, options: { plots: { type: "string" } } });
const [resultsFile, ...engineFiles] = positionals.filter((name) => name.endsWith(".json"));
const files = positionals.filter((name) => !name.endsWith(".json"));
if (!resultsFile) {
  console.error("Usage: node scripts/table.mjs RESULTS.json [ENGINE.json …] [FILE.md …] [--plots FOLDER]");
  process.exit(2);
}
const { BLOCKS } = await tsImport("../bench/markdown.ts", import.meta.url);
const { fromJson } = await tsImport("../bench/results.ts", import.meta.url);
const { plots } = await tsImport("../bench/plots/figures.ts", import.meta.url);
const [main, ...engines] = [resultsFile, ...engineFiles].map((file) => fromJson(readFileSync(file, "utf8"), file));
for (const { engine, failed, contenders } of [main, ...engines]) {
  const rivals = new Set(contenders.filter(({ group }) => group === "rival").map(({ name }) => name));
  const own = failed.filter(({ contender }) => !rivals.has(contender));
  if (own.length > 0) throw new Error(`the results of ${engine.id} hold ${own.length} failed contender runs`);
}

for (const file of files.length > 0 ? files : DEFAULT_FILES) {
  const before = readFileSync(file, "utf8");
  let found = 0;
  const after = Object.entries(BLOCKS).reduce((text, [name, render]) => {
    const block = new RegExp(`(<!-- ${name}:start -->\n)[^]*?(<!-- ${name}:end -->)`, "g");
    return text.replace(block, (_, start, end) => {
      found++;
      return `${start}\n${render({ main, engines })}\n\n${end}`;
    });
  }, before);
  if (found === 0) throw new Error(`${file} has no <!-- bench:start --> … <!-- bench:end -->`);
  if (after !== before) writeFileSync(file, after);
  console.log(`${file}: ${found} blocks, ${after === before ? "unchanged" : "written"}`);
}

const folder = values.plots ?? (files.length > 0 ? undefined : join(root, "docs/plots"));
if (folder !== undefined) {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(plots(main, engines))) {
    writeFileSync(join(folder, `${name}.svg`), text);
    console.log(`${join(folder, name)}.svg`);
  }
}
