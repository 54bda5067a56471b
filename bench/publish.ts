/** npm run bench:publish: everything is measured anew, in every engine, and the documentation gets the new figures. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const FULL = "bench/results/full.json";
const ENGINES = "bench/results/engines";

function node(...words: string[]): void {
  execFileSync(process.execPath, words, { cwd: root, stdio: "inherit" });
}

node("--import", "tsx", "bench/run.ts", "--all", "--json", FULL);
node("--import", "tsx", "bench/run.ts", "--engines", "--json", `${ENGINES}/any.json`);
const engines = readdirSync(join(root, ENGINES)).filter((name) => name.endsWith(".json"));
node("scripts/table.mjs", FULL, ...engines.map((name) => `${ENGINES}/${name}`));
