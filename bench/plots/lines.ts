/** Curves over logarithmic axes, in panels side by side; each curve is named at its end. */
import { scaleLog } from "d3-scale";
import { line as path } from "d3-shape";
import { element, label, line, page, spread } from "./svg.js";

export interface Curve {
  readonly name: string;
  /** A custom property of the page: "--relaxed". */
  readonly colour: string;
  readonly dashed?: boolean;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Panel {
  readonly title: string;
  readonly curves: readonly Curve[];
}

export interface Axes {
  readonly x: string;
  readonly y: string;
}

const WIDTH = 960;
const TOP = 92;
const PLOT = 300;
const LEFT = 52;
/** Room for the names of the curves. */
const NAMES = 142;
const NAME_GAP = 14;
const HEIGHT = TOP + PLOT + 52;

export function linePlot(title: string, subtitle: string, axes: Axes, panels: readonly Panel[]): string {
  const points = panels.flatMap(({ curves }) => curves.flatMap((curve) => curve.points));
  const [left, right] = extent(points.map(([x]) => x));
  const [low, high] = extent(points.map(([, y]) => y));
  const room = WIDTH / panels.length;
  const y = scaleLog([low / 1.15, high * 1.15], [TOP + PLOT, TOP]);
  const drawn = panels.map((panel, i) => {
    const start = i * room + LEFT;
    const end = (i + 1) * room - NAMES;
    return drawPanel(panel, axes, scaleLog([left, right], [start, end]), y);
  });
  return page(WIDTH, HEIGHT, title, subtitle, ...drawn);
}

type Scale = ReturnType<typeof scaleLog<number, number>>;

function drawPanel({ title, curves }: Panel, axes: Axes, x: Scale, y: Scale): string {
  const [start, end] = x.range();
  const [bottom, top] = y.range();
  const rules = ticks(y).map((value) =>
    [
      line(start, y(value), end, y(value), { class: "rule" }),
      label(start - 6, y(value) + 4, compact(value), { class: "faint", "text-anchor": "end" }),
    ].join(""),
  );
  const feet = ticks(x).map((value) =>
    [
      line(x(value), bottom, x(value), bottom + 4, { class: "rule" }),
      label(x(value), bottom + 18, compact(value), { class: "faint", "text-anchor": "middle" }),
    ].join(""),
  );
  const draw = path<readonly [number, number]>()
    .x(([value]) => x(value))
    .y(([, value]) => y(value));
  const lines = curves.map(({ points, colour, dashed }) =>
    element("path", {
      d: (draw(points as [number, number][]) ?? "").replace(/\d+\.\d+/g, (n) => Number(n).toFixed(1)),
      class: "curve",
      style: `stroke: var(${colour})`,
      ...(dashed && { "stroke-dasharray": "5 4" }),
    }),
  );
  const ends = curves.map(({ points }) => y((points.at(-1) as readonly [number, number])[1]));
  const names = spread(ends, NAME_GAP, top, bottom).map((at, i) => {
    const { name, colour } = curves[i];
    return label(end + 10, at + 4, name, { style: `fill: var(${colour})` });
  });
  return [
    label(start, TOP - 22, title, { class: "panel" }),
    label(start, TOP - 8, axes.y, { class: "faint" }),
    label((start + end) / 2, bottom + 38, axes.x, { class: "faint", "text-anchor": "middle" }),
    ...rules,
    ...feet,
    ...lines,
    ...names,
  ].join("\n");
}

/** Powers of ten, with 2 and 5 between them where there are few. */
function ticks(scale: Scale): number[] {
  const [low, high] = scale.domain();
  const steps = high / low > 500 ? [1] : high / low > 12 ? [1, 3] : [1, 2, 5];
  const values: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++)
    for (const step of steps) values.push(step * 10 ** power);
  return values.filter((value) => value >= low * 0.999 && value <= high * 1.001);
}

function extent(values: readonly number[]): [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

/** 0.3, 20, 3k, 1M. */
export function compact(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (value >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`;
  return String(Number(value.toPrecision(3)));
}
