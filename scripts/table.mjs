// node scripts/table.mjs RESULTS.json [FILE.md …]: the tables of a benchmark run into Markdown files, between
// `<!-- NAME:start -->` and `<!-- NAME:end -->` (names: BLOCKS in bench/markdown.ts). Twice the same is once the same.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tsImport } from "tsx/esm/api";

const root = fileURLToPath(new URL("..", import.meta.url));
const DEFAULT_FILES = ["README.md", "docs/benchmarks.md"].map((file) => join(root, file));

const [resultsFile, ...files] = process.argv.slice(2);
if (!resultsFile) {
  console.error("Usage: node scripts/table.mjs RESULTS.json [FILE.md …]");
  process.exit(2);
}
const { BLOCKS } = await tsImport("../bench/markdown.ts", import.meta.url);
const results = JSON.parse(readFileSync(resultsFile, "utf8"));
if (results.failed.length > 0) throw new Error(`${resultsFile} holds ${results.failed.length} failed contender runs`);

for (const file of files.length > 0 ? files : DEFAULT_FILES) {
  const before = readFileSync(file, "utf8");
  let found = 0;
  const after = Object.entries(BLOCKS).reduce((text, [name, render]) => {
    const block = new RegExp(`(<!-- ${name}:start -->\n)[^]*?(<!-- ${name}:end -->)`, "g");
    return text.replace(block, (_, start, end) => {
      found++;
      return `${start}\n${render(results)}\n\n${end}`;
    });
  }, before);
  if (found === 0) throw new Error(`${file} has no <!-- bench:start --> … <!-- bench:end -->`);
  if (after !== before) writeFileSync(file, after);
  console.log(`${file}: ${found} blocks, ${after === before ? "unchanged" : "written"}`);
}
