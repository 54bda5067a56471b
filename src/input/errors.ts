/**
 * The texts of all argument errors, in one form:
 * `"targets" expected integer in [0, 1000), got 1000 at index 17`.
 */

/** The error for an argument of the wrong kind. `where` follows the rest: "at index 17". */
export function typeError(name: string, expected: string, got: unknown, where?: string): TypeError {
  return new TypeError(message(name, expected, got, where));
}

/** The error for an argument of the right kind that has a value it must not have. */
export function rangeError(name: string, expected: string, got: unknown, where?: string): RangeError {
  return new RangeError(message(name, expected, got, where));
}

function message(name: string, expected: string, got: unknown, where?: string): string {
  return `"${name}" expected ${expected}, got ${show(got)}${where === undefined ? "" : ` ${where}`}`;
}

const SHOWN_ENTRIES = 8;
const SHOWN_CHARACTERS = 40;

/** A value in a few words on one line: `"sum"`, `[2, 3]`, `Float32Array(10)`, `{ data, dims }`, `Map`. */
export function show(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value);
    case "bigint":
      return `${value}n`;
    case "function":
      return value.name === "" ? "function" : `function ${value.name}`;
    case "object":
      return value === null ? "null" : showObject(value);
    default:
      return Object.is(value, -0) ? "-0" : String(value);
  }
}

function showObject(value: object): string {
  if (Array.isArray(value)) return showList(value);
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  if (ArrayBuffer.isView(value)) return `${name}(${(value as Partial<Uint8Array>).length ?? value.byteLength})`;
  if (typeof name === "string" && name !== "Object" && name !== "") return name;
  const keys = Object.keys(value);
  if (keys.length === 0) return "{}";
  return `{ ${keys.slice(0, SHOWN_ENTRIES).join(", ")}${keys.length > SHOWN_ENTRIES ? ", …" : ""} }`;
}

function showList(list: readonly unknown[]): string {
  const entries: string[] = [];
  for (let i = 0; i < Math.min(list.length, SHOWN_ENTRIES); i++) {
    const entry = list[i];
    entries.push(Array.isArray(entry) ? `Array(${entry.length})` : show(entry));
  }
  if (list.length > SHOWN_ENTRIES) entries.push(`… ${list.length - SHOWN_ENTRIES} more`);
  return `[${entries.join(", ")}]`;
}
