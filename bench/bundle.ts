/** The project's own contenders as one plain JavaScript file, so that every engine runs the same code without a loader. */

import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
export const CHILD = fileURLToPath(new URL("../build/bench/main.js", import.meta.url));

/** Needs `npm run build`: the library itself is not bundled in, but imported as its users do. */
export async function bundleContenders(): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: ["bench/contenders/main.ts"],
    outfile: CHILD,
    bundle: true,
    minifySyntax: true,
    format: "esm",
    platform: "node",
    target: "es2023",
    // An import of its own name is the library's right alone where a runtime knows package.json, which not all do.
    plugins: [
      {
        name: "celoss",
        setup: ({ onResolve }) =>
          onResolve({ filter: /^celoss$/ }, () => ({ path: "../../dist/index.js", external: true })),
      },
    ],
  });
}
