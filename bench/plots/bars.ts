/** Horizontal bars on a logarithmic axis, in panels side by side, with the figure at each bar's end. */
import { scaleLog } from "d3-scale";
import { compact } from "./lines.js";
import { element, label, line, page } from "./svg.js";

export interface Bar {
  readonly name: string;
  readonly colour: string;
  readonly value: number;
  /** What stands at its end. */
  readonly text: string;
}

/** A line across a panel that bars are seen against. */
export interface Limit {
  readonly name: string;
  readonly value: number;
}

export interface BarPanel {
  readonly title: string;
  readonly bars: readonly Bar[];
  readonly limits?: readonly Limit[];
}

const WIDTH = 960;
const TOP = 92;
const BAR = 15;
const STEP = 21;
const NAMES = 150;
const FIGURES = 62;
const LIMIT_ROW = 15;

export function barPlot(title: string, subtitle: string, panels: readonly BarPanel[]): string {
  const rows = Math.max(...panels.map(({ bars }) => bars.length));
  const notes = Math.max(...panels.map(({ limits = [] }) => limits.length));
  const height = TOP + rows * STEP + 26 + notes * LIMIT_ROW;
  const values = panels.flatMap(({ bars, limits = [] }) => [...bars, ...limits].map(({ value }) => value));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = WIDTH / panels.length;
  const drawn = panels.map((panel, i) => {
    const x = scaleLog([low / 1.6, high], [i * room + NAMES, (i + 1) * room - FIGURES]);
    return drawPanel(panel, x);
  });
  return page(WIDTH, height, title, subtitle, ...drawn);
}

function drawPanel({ title, bars, limits = [] }: BarPanel, x: ReturnType<typeof scaleLog<number, number>>): string {
  const [start] = x.range();
  const bottom = TOP + bars.length * STEP;
  const drawn = bars.map(({ name, colour, value, text }, i) => {
    const y = TOP + i * STEP;
    const fill = `fill: var(${colour})`;
    return [
      label(start - 8, y + 12, name, { "text-anchor": "end", style: fill }),
      element("rect", { x: start, y, width: Math.max(1, x(value) - start), height: BAR, rx: 2, style: fill }),
      label(x(value) + 6, y + 12, text),
    ].join("");
  });
  const edges = limits.map(({ name, value }, i) => {
    const y = bottom + 12 + i * LIMIT_ROW;
    return [
      line(x(value), TOP - 6, x(value), y - 8, { style: "stroke: var(--ink)", "stroke-dasharray": "3 3" }),
      label(x(value) + 4, y, `${name}: ${compact(value)}`, { class: "faint", "text-anchor": "end" }),
    ].join("");
  });
  return [label(start, TOP - 14, title, { class: "panel" }), ...edges, ...drawn].join("\n");
}
