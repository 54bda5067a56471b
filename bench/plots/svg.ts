/** Text of SVG: escaped elements, the page that a plot stands on, labels that keep out of each other's way. */
export type Attributes = Readonly<Record<string, string | number>>;

const FONT = "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif";

/**
 * Colours as custom properties of the page, so that the reader's light or dark scheme chooses them; the page has a
 * ground of its own because a site's scheme need not be the system's.
 */
const STYLE = `
svg { --ground: #ffffff; --ink: #1f2328; --faint: #59636e; --rule: #d1d9e0; color-scheme: light dark;
  --relaxed: #cf3a12; --simd: #0969da; --js: #1a7f37; --plain: #6e7781; --native: #1f2328;
  --a: #8250df; --b: #bf3989; --c: #9a6700; --d: #0a7f86; --e: #7d5a3c }
@media (prefers-color-scheme: dark) {
  svg { --ground: #0d1117; --ink: #f0f6fc; --faint: #9198a1; --rule: #30363d;
    --relaxed: #ff7b4f; --simd: #58a6ff; --js: #56d364; --plain: #9198a1; --native: #f0f6fc;
    --a: #bc8cff; --b: #ff80c0; --c: #e3b341; --d: #4ecdc4; --e: #c8a17c } }
text { font-family: ${FONT}; font-size: 12px; fill: var(--ink) }
.title { font-size: 15px; font-weight: 600 }
.panel { font-size: 13px; font-weight: 600 }
.faint { fill: var(--faint) }
.rule { stroke: var(--rule); stroke-width: 1 }
.curve { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round }
`;

export function element(name: string, attributes: Attributes, ...children: string[]): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(short(value))}"`);
  return `<${name}${written.join("")}>${children.join("")}</${name}>`;
}

export function label(x: number, y: number, content: string, attributes: Attributes = {}): string {
  return element("text", { x, y, ...attributes }, escaped(content));
}

export function line(x1: number, y1: number, x2: number, y2: number, attributes: Attributes = {}): string {
  return element("line", { x1, y1, x2, y2, ...attributes });
}

/** A plot with its title and, under it, what the reader must know. */
export function page(width: number, height: number, title: string, subtitle: string, ...children: string[]): string {
  const ground = element("rect", { width, height, rx: 8, style: "fill: var(--ground)" });
  const head = [label(20, 28, title, { class: "title" }), label(20, 47, subtitle, { class: "faint" })];
  const attributes = { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${height}`, width, height };
  const words = { role: "img", "aria-label": `${title}. ${subtitle}` };
  const parts = [element("style", {}, STYLE), ground, ...head, ...children];
  return `${element("svg", { ...attributes, ...words }, `\n${parts.join("\n")}\n`)}\n`;
}

/** Positions as near to the wanted ones as `gap` between neighbours and the range allow; in the order given. */
export function spread(wanted: readonly number[], gap: number, least: number, most: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b]);
  const at = [...wanted];
  for (let round = 0; round < 200; round++) {
    let moved = false;
    for (let k = 1; k < order.length; k++) {
      const overlap = gap - (at[order[k]] - at[order[k - 1]]);
      if (overlap <= 1e-6) continue;
      at[order[k - 1]] -= overlap / 2;
      at[order[k]] += overlap / 2;
      moved = true;
    }
    for (const i of order) at[i] = Math.min(most, Math.max(least, at[i]));
    if (!moved) break;
  }
  return at;
}

function short(value: string | number): string {
  return typeof value === "number" ? String(Math.round(value * 100) / 100) : value;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c] as string);
}
