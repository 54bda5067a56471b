import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readMnist } from "../../../examples/mnist/mnist.js";
import { HELP, readOptions } from "../../../examples/mnist/options.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "celoss-mnist-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function train(...args: string[]) {
  return spawnSync(process.execPath, ["--import", "tsx", "examples/mnist/train.ts", ...args], {
    cwd: ROOT,
    encoding: "utf8",
  });
}

describe("npm start -- --quick --seed 1", () => {
  let output: string;
  let report: string;
  beforeAll(() => {
    const file = join(folder, "report.html");
    const { status, stdout, stderr } = train("--quick", "--seed", "1", "--report", file);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    output = stdout;
    report = readFileSync(file, "utf8");
  });

  /** The number that the pattern's group finds in the output. */
  const number = (pattern: RegExp) => Number(pattern.exec(output)?.[1]);

  test("learns: test accuracy above 80 %, where guessing has 10 %", () => {
    expect(number(/Test accuracy\s+([\d.]+)\s%/)).toBeGreaterThan(80);
  });

  test("writes one plain line an epoch where there is no terminal", () => {
    expect(output.split("\n").slice(0, 2)).toEqual([
      expect.stringMatching(/^epoch 1\/2 {2}loss \d\.\d{4} {2}accuracy [\d.]+\s% {2}[\d,]+ rows\/s {2}test [\d.]+\s%$/),
      expect.stringMatching(/^epoch 2\/2 /),
    ]);
    expect(output).not.toContain("\x1b");
  });

  test("celoss and the plain loss differ by at most 1e-6 nats", () => {
    expect(number(/differ by ([\d.e+-]+)\snats at most/)).toBeLessThanOrEqual(1e-6);
    for (const name of ["celoss \\(\\w+\\)", "plain JavaScript"]) {
      const share = number(new RegExp(`${name}\\s+[\\d.]+\\s\\S+\\s+([\\d.]+)\\s%`));
      expect(share).toBeGreaterThan(0);
      expect(share).toBeLessThan(100);
    }
  });

  test("bits are nats / ln 2, and the perplexity e^nats, to the half unit of the last printed digits", () => {
    const loss = number(/loss of ([\d.]+)\snats/);
    expect(Math.abs(number(/ln\s2\s= ([\d.]+)\sbits/) - loss / Math.LN2)).toBeLessThan(5e-5 + 5e-5 / Math.LN2);
    const perplexity = number(/Perplexity \S+\s= ([\d.]+):/);
    expect(Math.abs(perplexity - Math.exp(loss))).toBeLessThan(5e-4 + 5e-5 * Math.exp(loss));
  });

  test("the report starts at ln 10, to the four digits that it prints", () => {
    const first = Number(/Test loss falls from ([\d.]+)/.exec(report)?.[1]);
    expect(Math.abs(first - Math.log(10))).toBeLessThan(1e-4);
  });

  test("the report loads nothing: no script, no style sheet, no address but data URIs", () => {
    expect(report).not.toMatch(/https?:|<script|@import|url\(/i);
    const addresses = [...report.matchAll(/\b(?:src|srcset|href|data|action|poster)\s*=\s*"([^"]*)"/g)].map(
      (hit) => hit[1],
    );
    expect(addresses.filter((address) => !address.startsWith("data:"))).toEqual([]);
  });

  test("the report has the curves, the confusion matrix, and 24 pictures of 28 × 28 with a text and bars each", () => {
    for (const name of ["line train", "line test"]) expect(report.split(`class="${name}"`)).toHaveLength(3);
    expect([...report.matchAll(/<th scope="row">\d<\/th>(?:<td>.*?<\/td>){11}<\/tr>/g)]).toHaveLength(10);
    const pictures = [...report.matchAll(/<img src="data:image\/png;base64,([^"]+)"[^>]* alt="([^"]+)"/g)];
    expect(pictures).toHaveLength(24);
    const { images, labels } = readMnist("test", 2000);
    for (const [, base64, alt] of pictures) {
      const png = Buffer.from(base64, "base64");
      expect(png.toString("latin1", 1, 4)).toBe("PNG");
      expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([28, 28]);
      const data = png.indexOf("IDAT") + 4;
      const lines = inflateSync(png.subarray(data, data + png.readUInt32BE(data - 8)));
      expect(lines).toHaveLength(28 * 29);
      // Without the filter byte before each line, and ink for paper, it is one of the digits with that label.
      const ink = Buffer.from(lines.filter((_, i) => i % 29 !== 0).map((grey) => 255 - grey));
      const row = Buffer.from(images).indexOf(ink) / 784;
      expect(`Handwritten digit, labelled ${labels[row]}`).toBe(alt);
    }
    const bars = [...report.matchAll(/aria-label="Predicted: (\d) with ([\d.]+)/g)];
    expect(bars).toHaveLength(24);
    const surprises = [...report.matchAll(/<span>([\d.]+) bits<\/span>/g)].map((hit) => Number(hit[1]));
    expect(surprises).toHaveLength(24);
    expect(surprises).toEqual([...surprises].sort((a, b) => b - a));
  });

  test("every chart and picture has a text, every table headings and a caption", () => {
    expect([...report.matchAll(/<svg /g)]).toHaveLength(
      [...report.matchAll(/<svg [^>]*role="img" aria-label="[^"]+"/g)].length,
    );
    const tables = report.split("<table>").slice(1);
    expect(tables).toHaveLength(3);
    for (const table of tables)
      expect(table).toMatch(/^<caption>[^<]+<\/caption><thead><tr>(<th scope="col">[^<]+<\/th>)+/);
  });
});

test("npm start -- --ephocs 2: says what is wrong and where the help is, on stderr, with status 2", () => {
  const { status, stdout, stderr } = train("--ephocs", "2");
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toMatch(/'--ephocs'.*\nTry: npm start -- --help\n$/s);
});

test("npm start -- --help: names every option", () => {
  expect(readOptions(["--help"])).toBe("help");
  for (const option of ["--epochs N", "--seed N", "--quick", "--report FILE", "--help"]) expect(HELP).toContain(option);
});

test("options: defaults, and what was given", () => {
  expect(readOptions([])).toEqual({
    epochs: 6,
    seed: 1,
    quick: false,
    report: join(ROOT, "examples/mnist/report.html"),
  });
  const report = join(folder, "x.html");
  expect(readOptions(["--epochs", "3", "--seed=0", "--quick", "--report", report])).toEqual({
    epochs: 3,
    seed: 0,
    quick: true,
    report,
  });
});

test.each([
  [["--epochs", "0"], RangeError, '"--epochs" expected integer in [1, 1000], got "0"'],
  [["--epochs", "2.5"], RangeError, '"--epochs" expected integer in [1, 1000], got "2.5"'],
  [["--epochs", "1e2"], RangeError, '"--epochs" expected integer in [1, 1000], got "1e2"'],
  [["--epochs="], RangeError, '"--epochs" expected integer in [1, 1000], got ""'],
  [["--seed", "4294967296"], RangeError, '"--seed" expected integer in [0, 4294967295], got "4294967296"'],
  [["--report", "no/such/folder/x.html"], RangeError, '"--report" expected file that can be written, got "no/such'],
  [["--report", ROOT], RangeError, `"--report" expected file that can be written, got "${ROOT}": it is a folder`],
  [["--epochs"], TypeError, "--epochs <value>"],
  [["mnist"], TypeError, "mnist"],
])("options %j: refused before anything runs", (args, kind, message) => {
  expect(() => readOptions(args)).toThrow(kind);
  expect(() => readOptions(args)).toThrow(message);
});
