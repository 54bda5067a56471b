// docs/conformance.md, from the cases and what stands in exceptions.ts and peers.ts.

import { SETS } from "../support/sets.js";
import { DEVIATIONS, NOT_COVERED, type NotCovered, type Standing } from "./exceptions.js";
import type { Case, Family } from "./load.js";
import { PEERS } from "./peers.js";

const KINDS = ["run", "deviation", "error", "not covered"] as const;

function row(...cells: (string | number)[]): string {
  return `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
}

/** What a project is called in a table: its name, without what was taken of it. */
function short(project: string): string {
  return project.replace(/ \(.*$/s, "").replace(/;.*$/s, "");
}

/**
 * The page as a run of the tests found it.
 *
 * @param passed whether a case has on every kernel set
 */
export function renderPage(
  families: readonly Family[],
  standings: ReadonlyMap<Case, Standing>,
  passed: (c: Case) => boolean,
): string {
  const count = (cases: readonly Case[], kind: Standing["kind"]) =>
    cases.filter((c) => standings.get(c)?.kind === kind).length;
  const failing = (cases: readonly Case[]) =>
    cases.filter((c) => standings.get(c)?.kind !== "not covered" && !passed(c)).length;
  const all = families.flatMap(({ cases }) => cases);
  const line = (name: string, project: string, cases: readonly Case[]) =>
    row(name, project, cases.length, ...KINDS.map((kind) => count(cases, kind)), failing(cases));
  const listed = (entry: NotCovered) =>
    all.filter((c) => {
      const place = standings.get(c);
      return place?.kind === "not covered" && place.entry === entry;
    });
  return [
    "# Conformance",
    "",
    `Test vectors of other projects, run on every kernel set (${SETS.join(", ")}) by`,
    "`npx vitest run test/conformance`. That run also compares this page with what it finds, and writes it anew with",
    "`--update`. [test/conformance/data](../test/conformance/data/README.md) says what the vectors are, whose, and under which",
    "licences.",
    "",
    "- **as recorded**: within the tolerance of the case, float32 kernels with the rounding of",
    "  [test/support/bounds.ts](../test/support/bounds.ts) besides.",
    "- **deviation**: run, and held against celoss's own documented answer, below.",
    "- **rejected**: input that has to be refused, and is.",
    "- **not covered**: celoss has no such function; the reasons stand below.",
    "",
    row("family", "source", "cases", "as recorded", "deviation", "rejected", "not covered", "failing"),
    row("---", "---", ...Array.from({ length: 6 }, () => "---:")),
    ...families.map(({ family, source, cases }) => line(family, short(source.project), cases)),
    line("**total**", "all", all),
    "",
    "## Deviations",
    "",
    row("case", "celoss, and the other"),
    row("---", "---"),
    ...DEVIATIONS.map(({ id, reason }) => row(id, reason)),
    "",
    "## Not covered",
    "",
    row("function of the data", "cases", "why"),
    row("---", "---:", "---"),
    ...NOT_COVERED.map((entry) => row(`\`${entry.op}\``, listed(entry).length, entry.reason)),
    "",
    "## What others get wrong",
    "",
    "Each a test of that name in [test/conformance/peers.test.ts](../test/conformance/peers.test.ts), on every kernel set.",
    "",
    row("project", "what it does", "celoss"),
    row("---", "---", "---"),
    ...PEERS.map(({ project, wrong, right }) => row(project, wrong, right)),
    "",
  ].join("\n");
}
