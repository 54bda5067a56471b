/** Charts as inline SVG. Colours and fonts come from the page's style sheet, by class. */
import { escapeHtml } from "./html.js";

const WIDTH = 420;
const HEIGHT = 250;
const MARGIN = { top: 18, right: 24, bottom: 44, left: 64 };
const PLOT = {
  left: MARGIN.left,
  right: WIDTH - MARGIN.right,
  top: MARGIN.top,
  bottom: HEIGHT - MARGIN.bottom,
};

export interface Axis {
  readonly title: string;
  /** Values at the axis's start (left, bottom) and end; the first may be the larger one. */
  readonly domain: readonly [number, number];
  readonly ticks: readonly { readonly value: number; readonly label: string }[];
  readonly log?: boolean;
}

export interface Line {
  /** Class of the line and its dots. */
  readonly className: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly dots?: boolean;
}

export interface Bar {
  readonly className: string;
  /** Position and width on the x axis, in its units. */
  readonly from: number;
  readonly to: number;
  readonly value: number;
  /** Written above the bar, or inside it at its foot. */
  readonly label: string;
  readonly labelInside?: boolean;
}

type Scale = (value: number) => number;

/** Maps the domain to [start, end]; what lies outside goes to the nearer edge. */
function scale(axis: Axis, start: number, end: number): Scale {
  const along = axis.log ? Math.log : (value: number) => value;
  const [first, last] = [along(axis.domain[0]), along(axis.domain[1])];
  return (value) => {
    const share = (along(value) - first) / (last - first);
    return start + Math.min(Math.max(share, 0), 1) * (end - start);
  };
}

/** @param description what a person who cannot see the chart should know */
export function chart(
  description: string,
  x: Axis,
  y: Axis,
  content: { bars?: readonly Bar[]; lines?: readonly Line[] },
): string {
  const toX = scale(x, PLOT.left, PLOT.right);
  const toY = scale(y, PLOT.bottom, PLOT.top);
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(description)}">
${xAxis(x, toX)}
${yAxis(y, toY)}
${(content.bars ?? []).map((bar) => drawBar(bar, toX, toY)).join("\n")}
${(content.lines ?? []).map((series) => drawLine(series, toX, toY)).join("\n")}
${(content.bars ?? []).map((bar) => barLabel(bar, toX, toY)).join("\n")}
</svg>`;
}

function xAxis({ ticks, title }: Axis, toX: Scale): string {
  const labels = ticks.map(({ value, label }) => text(toX(value), PLOT.bottom + 16, "middle", label));
  const middle = (PLOT.left + PLOT.right) / 2;
  return `<path class="axis" d="M${PLOT.left} ${PLOT.bottom}H${PLOT.right}"/>
${labels.join("")}${text(middle, HEIGHT - 8, "middle", title, "title")}`;
}

function yAxis({ ticks, title }: Axis, toY: Scale): string {
  const middle = (PLOT.top + PLOT.bottom) / 2;
  const lines = ticks.map(({ value }) => `<path class="grid" d="M${PLOT.left} ${round(toY(value))}H${PLOT.right}"/>`);
  const labels = ticks.map(({ value, label }) => text(PLOT.left - 6, toY(value) + 4, "end", label));
  return `${lines.join("")}${labels.join("")}
<text class="title" text-anchor="middle" transform="translate(12 ${middle}) rotate(-90)">${escapeHtml(title)}</text>`;
}

function drawLine({ className, points, dots }: Line, toX: Scale, toY: Scale): string {
  const at = points.map(([x, y]) => [round(toX(x)), round(toY(y))]);
  const path = `<path class="line ${className}" d="M${at.map((point) => point.join(" ")).join("L")}"/>`;
  const circles = dots ? at.map(([x, y]) => `<circle class="${className}" cx="${x}" cy="${y}" r="3"/>`) : [];
  return path + circles.join("");
}

function drawBar({ className, from, to, value }: Bar, toX: Scale, toY: Scale): string {
  const [left, right, top] = [toX(from), toX(to), toY(value)].map(round);
  const [width, height] = [right - left, PLOT.bottom - top].map(round);
  return `<rect class="${className}" x="${left}" y="${top}" width="${width}" height="${height}"/>`;
}

function barLabel({ from, to, value, label, labelInside }: Bar, toX: Scale, toY: Scale): string {
  const middle = (toX(from) + toX(to)) / 2;
  return labelInside
    ? text(middle, PLOT.bottom - 5, "middle", label, "inside")
    : text(middle, toY(value) - 4, "middle", label);
}

function text(x: number, y: number, anchor: string, content: string, className = ""): string {
  const classes = className && ` class="${className}"`;
  return `<text${classes} x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escapeHtml(content)}</text>`;
}

/** Small vertical bars, one a class, with the classes' numbers below. @param classNames one a bar, "" for none */
export function distribution(description: string, shares: readonly number[], classNames: readonly string[]): string {
  const step = 12;
  const height = 40;
  const bars = shares.map((share, i) => {
    const barHeight = Math.max(share * height, 0.5);
    const x = i * step + 2;
    return `<rect class="bar ${classNames[i]}" x="${x}" y="${round(height - barHeight)}" width="8" height="${round(barHeight)}"/>
<text class="${classNames[i]}" x="${x + 4}" y="${height + 11}" text-anchor="middle">${i}</text>`;
  });
  return `<svg viewBox="0 0 ${shares.length * step} ${height + 14}" role="img" aria-label="${escapeHtml(description)}">
<path class="axis" d="M0 ${height}H${shares.length * step}"/>${bars.join("")}</svg>`;
}

/** Tenths of a pixel are enough, and keep the file small. */
function round(value: number): number {
  return Math.round(10 * value) / 10;
}
