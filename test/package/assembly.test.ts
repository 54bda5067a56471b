import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { REPOSITORY } from "./packed.js";
import { sourcesOf } from "./sources.js";

// Linters reject AssemblyScript's decorators on functions, so what they would say is said here.

const sources = sourcesOf("assembly");
const editorconfig = readFileSync(join(REPOSITORY, ".editorconfig"), "utf8");
const maxLineLength = Number(/^max_line_length = (\d+)$/m.exec(editorconfig)?.[1]);

/** The lines of a source without its comments, which keep their place. */
function codeLines(source: string): string[] {
  const blank = (comment: string) => comment.replace(/[^\n]/g, " ");
  return source.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, blank).split("\n");
}

test("assembly: has sources, and .editorconfig a line length", () => {
  expect([...sources.keys()]).toContain("assembly/index.ts");
  expect(maxLineLength).toBe(120);
});

describe.each([...sources.keys()])("%s", (path) => {
  const { text } = sources.get(path) ?? { text: "" };
  const code = codeLines(text);
  const offending = (lines: string[], pattern: RegExp) =>
    lines.flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []));

  test("is formatted as .editorconfig says", () => {
    const lines = text.split("\n");
    expect(offending(lines, /\t|\r/), "tabs or carriage returns").toEqual([]);
    expect(offending(lines, /\s$/), "trailing blanks").toEqual([]);
    expect(offending(lines, new RegExp(`^.{${maxLineLength + 1}}`, "u")), "long lines").toEqual([]);
    expect(offending(code, /^(?: {2})* (?=\S)/), "odd indentation").toEqual([]);
    expect(text.slice(-2), "one newline at the end").toMatch(/^[^\n]\n$/);
  });

  test("has no mutable global", () => {
    expect(offending(code, /^(?:@\w+(?:\(.*?\))?\s+)*(?:export\s+)?(?:let|var)\b/)).toEqual([]);
  });

  test("has no function as a value", () => {
    expect(offending(code, /=>|\bFunction\b|\bfunction\s*\(/)).toEqual([]);
  });
});
