import { readFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Project, packedProject, REPOSITORY, runNode } from "./packed.js";

const README = readFileSync(join(REPOSITORY, "README.md"), "utf8");
/** `expression; // 0.2851…`, a number with its last digits left out. */
const CLAIM = /^(\w.*); \/\/ (-?\d+\.\d+)….*$/gm;

const examples = [...README.matchAll(/^```(?:ts|js)\n([\s\S]*?)^```$/gm)]
  .map((match) => match[1])
  .filter((code) => /from "celoss["/]/.test(code));

let project: Project;
beforeAll(() => {
  project = packedProject();
});
afterAll(() => project?.dispose());

test("README: has an example that says what it gives", () => {
  expect(examples.flatMap((code) => [...code.matchAll(CLAIM)]).length).toBeGreaterThan(0);
});

describe.each(["simd", "js"])("README on %s", (variant) => {
  test.each(examples)("example %#: runs, and gives every digit it shows", (code) => {
    const claims = [...code.matchAll(CLAIM)].map((match) => match[2]);
    const shown = code.replace(CLAIM, "console.log($1);");
    const force = `import { useBackend } from "celoss";\nuseBackend("${variant}");\n`;
    const script = transformSync(force + shown, { loader: "ts", format: "esm", target: "es2022" }).code;
    const printed = runNode(project.write("example.mjs", script)).trim().split("\n");
    expect(printed.map((value, i) => value.slice(0, claims[i]?.length))).toEqual(claims);
  });
});
