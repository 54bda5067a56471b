/**
 * Builds the native contenders where there is a C compiler and an x86-64 processor, and writes build/contenders.json
 * with those that this processor runs. Says so and exits 0 where there is nothing to build.
 *
 *     node bench/native/build.mjs
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = dirname(fileURLToPath(import.meta.url));
const BUILD = join(FOLDER, "build");
const COMPILERS = [process.env.CC, "cc", "gcc", "clang"].filter((name) => name);

// Products are fused where a kernel says so and nowhere else, and nothing becomes wider than its set.
const FLAGS = ["-std=gnu11", "-O3", "-ffp-contract=off", "-fno-tree-vectorize", "-Wall", "-Wextra"];
const SETS = [
  { define: "SET_SSE41", flags: ["-msse4.1"] },
  { define: "SET_FMA128", flags: ["-mavx2", "-mfma"] },
  { define: "SET_AVX2", flags: ["-mavx2", "-mfma"] },
  { define: "SET_AVX512", flags: ["-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl", "-mfma"] },
];

mkdirSync(BUILD, { recursive: true });
const sets = build();
const contenders = sets.map((set) => ({ name: `native ${set}`, command: ["./build/native", set], threads: 1 }));
writeFileSync(join(BUILD, "contenders.json"), `${JSON.stringify(contenders, null, 2)}\n`);
if (sets.length > 0) console.log(`native contenders: ${sets.join(", ")}`);

/** The sets that were built and that this processor runs. */
function build() {
  if (process.arch !== "x64") return absent(`kernels are written for x86-64, this is ${process.arch}`);
  const program = join(BUILD, "native");
  if (!isCurrent(program)) {
    const compiler = COMPILERS.find((name) => spawnSync(name, ["--version"]).status === 0);
    if (!compiler) return absent(`no C compiler among ${COMPILERS.join(", ")}`);
    compile(compiler, program);
  }
  const names = execFileSync(program, ["--sets"], { encoding: "utf8" });
  return names.split("\n").filter((name) => name);
}

/** Whether a program stands there that is younger than everything in this folder. */
function isCurrent(program) {
  const built = statSync(program, { throwIfNoEntry: false });
  const sources = readdirSync(FOLDER).filter((name) => /\.(c|h|mjs)$/.test(name));
  return built !== undefined && sources.every((name) => statSync(join(FOLDER, name)).mtimeMs < built.mtimeMs);
}

/** Puts the program in place in one step: a benchmark may be running the one before. */
function compile(compiler, program) {
  const scratch = join(BUILD, `${process.pid}`);
  const run = (...words) => execFileSync(compiler, [...FLAGS, ...words], { cwd: FOLDER, stdio: "inherit" });
  mkdirSync(scratch);
  try {
    const objects = SETS.map(({ define, flags }) => {
      const object = join(scratch, `${define}.o`);
      run(...flags, "-mprfchw", `-D${define}`, "-c", "kernels.c", "-o", object);
      return object;
    });
    run("main.c", "plain.c", "check.c", ...objects, "-o", join(scratch, "native"), "-lm");
    renameSync(join(scratch, "native"), program);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function absent(reason) {
  console.log(`native contenders: absent, ${reason}`);
  return [];
}
