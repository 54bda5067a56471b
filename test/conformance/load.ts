import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

export interface CaseTensor {
  dims: number[];
  dtype: "float32" | "float64" | "int64" | "bool";
  data: Float64Array;
}

export interface Case {
  id: string;
  op: string;
  attrs: Record<string, unknown>;
  inputs: Record<string, CaseTensor>;
  /** Absent in the family of errors. */
  outputs?: Record<string, CaseTensor>;
  /** How exactly the outputs are known. */
  tolerance: { rtol: number; atol: number };
  expect_error?: string;
}

export interface Family {
  family: string;
  source: { project: string; licence: string };
  count: number;
  cases: Case[];
}

const DATA = new URL("data/", import.meta.url);

interface StoredTensor extends Omit<CaseTensor, "data"> {
  data: (number | string | boolean)[];
}

function tensors(stored: Record<string, StoredTensor> | undefined): Record<string, CaseTensor> {
  const entries = Object.entries(stored ?? {});
  // Number reads the strings "NaN", "Infinity" and "-Infinity" as well as booleans.
  return Object.fromEntries(entries.map(([name, t]) => [name, { ...t, data: Float64Array.from(t.data, Number) }]));
}

function load(file: string): Family {
  const bytes = readFileSync(new URL(file, DATA));
  const family = JSON.parse(String(file.endsWith(".gz") ? gunzipSync(bytes) : bytes));
  for (const entry of family.cases) {
    entry.inputs = tensors(entry.inputs);
    entry.outputs &&= tensors(entry.outputs);
  }
  return family;
}

export function loadFamilies(): Family[] {
  const files = readdirSync(DATA).filter((file) => /\.json(\.gz)?$/.test(file));
  return files.sort().map(load);
}

/** File name → number of cases, from the table at the end of the README of the data. */
export function readmeCounts(): Map<string, number> {
  const table = readFileSync(new URL("README.md", DATA), "utf8").matchAll(/^\| `(\S+)\.json(?:\.gz)?` \| (\d+) \|/gm);
  return new Map(Array.from(table, ([, family, count]) => [family, Number(count)]));
}
