import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const REPOSITORY = resolve(import.meta.dirname, "../..");
const BUILT_LAST = "dist/celoss.bundle.js";
const LOADER = "node_modules/@assemblyscript/loader";

/** A project of a user's that has nothing but the packed library and its one dependency in `node_modules`. */
export interface Project {
  readonly root: string;
  /** The library inside of it. */
  readonly library: string;
  /** Path and bytes of each packed file. */
  readonly files: readonly { path: string; size: number }[];
  /** Bytes of the tarball. */
  readonly size: number;
  /** Writes a file of the user's and returns its path. */
  write(name: string, text: string): string;
  dispose(): void;
}

/** Packs what `npm run build` left in `dist` and unpacks it as `npm install` would, without a network. */
export function packedProject(): Project {
  if (!existsSync(join(REPOSITORY, BUILT_LAST))) throw new Error("dist is not complete: run `npm run build` first");
  const root = mkdtempSync(join(tmpdir(), "celoss-user-"));
  const library = join(root, "node_modules/celoss");
  // Without its scripts: prepack would build again and pull dist away from under tests that run meanwhile.
  const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", root];
  const [report] = JSON.parse(execFileSync("npm", pack, { cwd: REPOSITORY, encoding: "utf8", stdio: "pipe" }));
  mkdirSync(library, { recursive: true });
  execFileSync("tar", ["-xzf", join(root, report.filename), "-C", library, "--strip-components=1"]);
  cpSync(join(REPOSITORY, LOADER), join(root, LOADER), { recursive: true });

  const write = (name: string, text: string) => {
    const path = join(root, name);
    writeFileSync(path, text);
    return path;
  };
  write("package.json", JSON.stringify({ name: "user", private: true, type: "module" }));
  return {
    root,
    library,
    files: report.files,
    size: report.size,
    write,
    dispose: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Runs a script with this Node and its default flags, and returns what it printed. */
export function runNode(script: string, ...args: string[]): string {
  return execFileSync(process.execPath, [script, ...args], { encoding: "utf8", stdio: "pipe" });
}
