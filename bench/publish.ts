/**
 * npm run bench:publish: everything is measured anew, in every engine, and the documentation gets the new figures. About
 * an hour. What the targets ask about is measured in two engines: the one that runs this, and the newest Node.
 */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleContenders } from "./bundle.js";
import { findEngines } from "./engines.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const FULL = "bench/results/full.json";
const SECOND = "bench/results/newest.json";
const ENGINES = "bench/results/engines";

function node(...words: string[]): void {
  execFileSync(process.execPath, words, { cwd: root, stdio: "inherit" });
}

const bench = (...words: string[]) => node("--import", "tsx", "bench/run.ts", ...words);

/** Contenders and curves that targets.ts looks at. */
const FOR_TARGETS = [
  "naive",
  "plain",
  "tuned",
  "workspace",
  "end to end",
  "shared",
  "native",
  "ort-node",
  "series threads",
];
const targets = FOR_TARGETS.flatMap((words) => ["--only", words]);

await bundleContenders();
const nodes = findEngines().filter(({ name }) => name === "Node");
const [here, newest] = [nodes[0], nodes[nodes.length - 1]];

bench("--all", "--json", FULL);
if (newest.id !== here.id) bench("--all", ...targets, "--engine", newest.id, "--json", SECOND);
bench("--engines", "--json", `${ENGINES}/any.json`);
const engines = readdirSync(join(root, ENGINES)).filter((name) => name.endsWith(".json"));
const others = [...(newest.id !== here.id ? [SECOND] : []), ...engines.map((name) => `${ENGINES}/${name}`)];
node("scripts/table.mjs", FULL, ...others);
