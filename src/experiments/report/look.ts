/**
 * What all figures have in common: one look for each precision, told apart by colour, by shape and by dash,
 * and quiet axes that are legible on light and on dark ground.
 *
 * @packageDocumentation
 */

import type { Config } from "vega-lite";

interface Look {
  readonly color: string;
  readonly shape: string;
  readonly dash: readonly number[];
}

/** From Okabe and Ito's palette, and at least 3:1 against white and against the dark page. */
const looks: Readonly<Record<number, Look>> = {
  32: { color: "#737b84", shape: "circle", dash: [1, 0] },
  8: { color: "#0a7cc4", shape: "square", dash: [9, 3] },
  7: { color: "#2a93a8", shape: "cross", dash: [9, 3, 3, 3] },
  6: { color: "#6f78d8", shape: "triangle-down", dash: [6, 2, 2, 2] },
  5: { color: "#98790f", shape: "triangle-left", dash: [4, 4] },
  4: { color: "#0a9470", shape: "triangle-up", dash: [5, 3] },
  3: { color: "#bb68a0", shape: "triangle-right", dash: [3, 3] },
  2: { color: "#d55e00", shape: "diamond", dash: [2, 2] },
};
export const lookOf = (bits: number): Look => looks[bits] ?? looks[32]!;

/** Scales of colour, shape and dash over some precisions. */
export function looksOf(precisions: readonly { readonly name: string; readonly bits: number }[]) {
  const domain = precisions.map(({ name }) => name);
  const of = <K extends keyof Look>(key: K): { domain: string[]; range: Look[K][] } => ({
    domain,
    range: precisions.map(({ bits }) => lookOf(bits)[key]),
  });
  const field = "precision";
  return {
    color: { field, type: "nominal", scale: of("color"), legend: null },
    shape: { field, type: "nominal", scale: of("shape"), legend: null },
    dash: { field, type: "nominal", scale: of("dash"), legend: null },
  } as const;
}

const font = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
/** The colour of the text around the figure, light or dark. */
const ink = "currentColor";
const line = "#8a9199";

export const config: Config = {
  font,
  background: "transparent",
  padding: 6,
  aria: false,
  view: { stroke: null },
  axis: {
    labelColor: ink,
    labelFontSize: 12,
    titleColor: ink,
    titleFontSize: 12.5,
    titleFontWeight: "normal",
    labelPadding: 6,
    grid: true,
    gridColor: line,
    gridOpacity: 0.25,
    domain: false,
    ticks: false,
  },
  axisX: { grid: false, domain: true, domainColor: line, titlePadding: 12 },
  // The title stands above its axis, to be read without tilting the head.
  axisY: { titleAngle: 0, titleAlign: "left", titleBaseline: "bottom", titleX: -44, titleY: -12 },
  title: { color: ink, fontSize: 13, fontWeight: 600, anchor: "start", offset: 16 },
  text: { color: ink, fontSize: 12.5 },
  legend: {
    labelColor: ink,
    labelFontSize: 12.5,
    titleColor: ink,
    title: null,
    orient: "top",
    symbolSize: 90,
  },
};
