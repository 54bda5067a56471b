import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { generate, readData, writeData } from "../../bench/data.js";
import { AbsentError, ContenderProcess } from "../../bench/process.js";
import { formatRequest, type Job, parseReply, parseRequest, type Request } from "../../bench/protocol.js";

const folder = mkdtempSync(join(tmpdir(), "celoss-protocol-"));
afterAll(() => rmSync(folder, { recursive: true }));

const JOB: Job = {
  folder: "/tmp/data",
  kind: "crossEntropy",
  mode: "gradient",
  rows: 64,
  classes: 10,
  gradientFile: "/tmp/gradient.f32",
};

describe("lines of the bench's protocol", () => {
  const lines: [string, Request][] = [
    ["prepare /tmp/data crossEntropy gradient 64 10 /tmp/gradient.f32", { name: "prepare", job: JOB }],
    ["warm 300 0.5", { name: "warm", milliseconds: 300, sample: 0.5 }],
    ["round 80", { name: "round", milliseconds: 80 }],
    ["curve 200", { name: "curve", calls: 200 }],
  ];
  for (const [line, request] of lines)
    test(`${line}: there and back`, () => {
      expect(formatRequest(request)).toBe(line);
      expect(parseRequest(line)).toEqual(request);
    });

  for (const line of ["", "hello", "round", "round -1", "round soon", "warm 300", "prepare a b c 1 1 d", "curve 0"])
    test(`"${line}" is no request`, () => expect(() => parseRequest(line)).toThrow(/"request" expected/));

  test("paths with spaces are refused: words end there", () => {
    const job = { ...JOB, folder: "/tmp/my data" };
    expect(() => formatRequest({ name: "prepare", job })).toThrow(/without spaces/);
  });

  test("a reply is a JSON object", () => {
    expect(parseReply('{"loss": 2}')).toEqual({ loss: 2 });
    for (const line of ["", "2", "null", "Backend ready", '{"loss":'])
      expect(() => parseReply(line)).toThrow(/no reply/);
  });
});

describe("data in files", () => {
  for (const [kind, rows, classes] of [
    ["crossEntropy", 7, 5],
    ["binary", 33, 1],
  ] as const)
    test(`${kind} ${rows}×${classes}: read as written, the same in every run`, () => {
      const data = generate({ kind, rows, classes });
      const job = { ...JOB, folder: join(folder, kind), kind, rows, classes };
      writeData(job.folder, data);
      expect(readData(job)).toEqual(data);
      expect(generate({ kind, rows, classes })).toEqual(data);
      expect(() => readData({ ...job, rows: rows + 1 })).toThrow(/logits\.f32" expected \d+ bytes, got \d+ bytes/);
    });
});

/** A contender that answers each request with the next of these lines. */
function contender(name: string, answers: readonly string[]): ContenderProcess {
  const file = join(folder, `${name}.mjs`);
  const code = `import { createInterface } from "node:readline";
    const answers = ${JSON.stringify(answers)};
    createInterface({ input: process.stdin }).on("line", () => {
      if (answers[0] === "exit") process.exit(3);
      console.log(answers.shift());
    });`;
  writeFileSync(file, code);
  return new ContenderProcess({ command: [process.execPath, file] });
}

describe("the runner's end", () => {
  test("answers come in order, and the process ends", async () => {
    const round = { median: 2, min: 1, samples: 3, batch: 4 };
    const answers = [{ loss: 2.5 }, { batch: 4 }, round, { times: [3, 2] }].map((one) => JSON.stringify(one));
    const process = contender("well", answers);
    expect(await process.prepare(JOB)).toBe(2.5);
    await process.warm(1, 1);
    expect(await process.round(1)).toEqual(round);
    expect(await process.curve(2)).toEqual([3, 2]);
    await process.end();
    await expect(process.round(1)).rejects.toThrow(/ended with exit code 0/);
  });

  for (const [name, answer, message] of [
    ["absent", '{"absent": "no gradient"}', /^no gradient$/],
    ["error", '{"error": "out of memory"}', /^out of memory$/],
    ["chatty", "Backend ready", /^no reply: Backend ready$/],
    ["mute", "{}", /^no "loss" in its answer: {}$/],
    ["crash", "exit", /^its process ended with exit code 3$/],
  ] as const)
    test(`${name}: the message says why`, async () => {
      const process = contender(name, [answer]);
      const reason = await process.prepare(JOB).catch((error: Error) => error);
      expect(reason).toBeInstanceOf(name === "absent" ? AbsentError : Error);
      expect((reason as Error).message).toMatch(message);
      await process.end();
    });

  test("a program that is not there is an error, not a wait", async () => {
    const process = new ContenderProcess({ command: [join(folder, "nothing")] });
    await expect(process.prepare(JOB)).rejects.toThrow(/ENOENT/);
    await process.end();
  });
});

test("lists of contenders name each once, with a command", () => {
  const file = new URL("../../bench/thirdparty/contenders.json", import.meta.url);
  expect(existsSync(file)).toBe(true);
  const listed: { name: string; command: string[] }[] = JSON.parse(readFileSync(file, "utf8"));
  expect(new Set(listed.map(({ name }) => name)).size).toBe(listed.length);
  for (const { command } of listed) expect(command.length).toBeGreaterThan(1);
});
