import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { REPOSITORY } from "./packed.js";

export interface Source {
  readonly text: string;
  /** The files it imports from or exports on, by path from the repository's root. */
  readonly imports: string[];
  /** Those of them that are there when it runs: not for types alone. */
  readonly codeImports: string[];
}

const IMPORT = /^(?:import|export) (type )?[^"]*"(\.[^"]+)";$/gm;

/** The TypeScript sources of a room, by path from the repository's root. */
export function sourcesOf(room: string): Map<string, Source> {
  const names = readdirSync(join(REPOSITORY, room), { recursive: true, encoding: "utf8" });
  const sources = new Map<string, Source>();
  for (const name of names.filter((name) => name.endsWith(".ts"))) {
    const path = join(REPOSITORY, room, name);
    const text = readFileSync(path, "utf8");
    const imports = [...text.matchAll(IMPORT)].map(([, type, target]) => {
      const file = relative(REPOSITORY, resolve(path, "..", `${target.replace(/\.js$/, "")}.ts`));
      return { file, type: type !== undefined };
    });
    sources.set(`${room}/${name}`, {
      text,
      imports: imports.map(({ file }) => file),
      codeImports: imports.filter(({ type }) => !type).map(({ file }) => file),
    });
  }
  return sources;
}

/** A chain of imports that comes back to where it began, or nothing. */
export function importCycle(sources: ReadonlyMap<string, Source>): string[] {
  const done = new Set<string>();
  const search = (path: string, trail: string[]): string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const target of sources.get(path)?.codeImports ?? []) {
      const cycle = search(target, [...trail, path]);
      if (cycle.length > 0) return cycle;
    }
    done.add(path);
    return [];
  };
  for (const path of sources.keys()) {
    const cycle = search(path, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
