import type { Mark, Spec } from "vega";
import { config } from "../report/look.ts";
import { colorAt, fractionOf, type LossScale, type Panel } from "./scene.js";

const [SIDE, GAP, HEAD] = [240, 54, 30];
const line = "#8a9199";
const fixed = <const T>(value: T): { readonly value: T } => ({ value });

/**
 * The heights as an image has them: from left to right along the first direction, from top to bottom down the second.
 */
export const asImage = ({ n, losses }: Panel, scale: LossScale): number[] =>
  Array.from({ length: n * n }, (_, k) => {
    const [row, column] = [Math.floor(k / n), k % n];
    return fractionOf(scale, losses[column * n + (n - 1 - row)] ?? null);
  });

/** Contours of all panels at the same levels, the ticks of the scale. */
export function contours(panels: readonly Panel[], scale: LossScale): Spec {
  const levels = scale.ticks.map((loss) => ({ loss, t: fractionOf(scale, loss) }));
  // Between two levels, the colour of the middle of the two; below the first and above the last, that of the ends.
  const bounds = [0, ...levels.map(({ t }) => t), 1];
  const colors = bounds.slice(1).map((t, k) => colorAt((t + bounds[k]!) / 2));
  const columns = Math.min(panels.length, 4);
  const rows = Math.ceil(panels.length / columns);
  const range = panels[0]?.range ?? 1;
  return {
    width: columns * (SIDE + GAP) + 40,
    height: rows * (SIDE + GAP + HEAD) - GAP + 24,
    padding: 6,
    background: "transparent",
    config: config as NonNullable<Spec["config"]>,
    data: panels.map((panel, k) => ({
      name: `panel${k}`,
      values: [{ width: panel.n, height: panel.n, values: asImage(panel, scale) }],
      transform: [
        {
          type: "isocontour",
          // The corners of the image are points of the grid, not edges of pixels.
          scale: SIDE / (panel.n - 1),
          translate: [-SIDE / (panel.n - 1) / 2, -SIDE / (panel.n - 1) / 2],
          thresholds: levels.map(({ t }) => t),
          smooth: true,
        },
      ],
    })),
    scales: [
      { name: "x", type: "linear", domain: [-range, range], range: [0, SIDE] },
      { name: "y", type: "linear", domain: [-range, range], range: [SIDE, 0] },
      { name: "color", type: "ordinal", domain: levels.map(({ t }) => t), range: colors.slice(1) },
    ],
    marks: [
      ...panels.map((panel, k) =>
        panelMark(panel, k, {
          x: 40 + (k % columns) * (SIDE + GAP),
          y: HEAD + Math.floor(k / columns) * (SIDE + GAP + HEAD),
          lowest: colors[0]!,
        }),
      ),
      ...legend(levels, colors, columns * (SIDE + GAP) + 22),
    ],
  };
}

function panelMark(
  { label, range }: Panel,
  k: number,
  { x, y, lowest }: { readonly x: number; readonly y: number; readonly lowest: string },
): Mark {
  const ends = [-range, -range / 2, 0, range / 2, range];
  return {
    type: "group",
    encode: { enter: { x: fixed(x), y: fixed(y), width: fixed(SIDE), height: fixed(SIDE) } },
    axes: [
      { orient: "bottom", scale: "x", values: ends, title: "d₁", titlePadding: 4, grid: false },
      {
        orient: "left",
        scale: "y",
        values: ends,
        ...(k === 0 ? { title: "d₂" } : {}),
        grid: false,
      },
    ],
    marks: [
      {
        type: "text",
        encode: {
          enter: {
            y: fixed(-11),
            text: fixed(label),
            fontWeight: fixed(600),
            fontSize: fixed(14),
            fill: fixed("currentColor"),
          },
        },
      },
      {
        type: "group",
        encode: {
          enter: { width: fixed(SIDE), height: fixed(SIDE), clip: fixed(true), fill: fixed(lowest) },
        },
        marks: [
          {
            type: "path",
            from: { data: `panel${k}` },
            encode: {
              enter: {
                fill: { scale: "color", field: "contour.value" },
                stroke: fixed("#10151a"),
                strokeOpacity: fixed(0.45),
                strokeWidth: fixed(0.6),
              },
            },
            transform: [{ type: "geopath", field: "datum.contour" }],
          },
        ],
      },
      {
        type: "symbol",
        encode: {
          enter: {
            x: fixed(SIDE / 2),
            y: fixed(SIDE / 2),
            shape: fixed("cross"),
            size: fixed(60),
            fill: fixed("#ffffff"),
            stroke: fixed("#10151a"),
            strokeWidth: fixed(0.8),
          },
        },
      },
    ],
  };
}

/** The colours between the levels, the highest on top. */
function legend(levels: readonly { readonly loss: number }[], colors: readonly string[], x: number): Mark[] {
  const step = SIDE / colors.length;
  return [
    ...colors.map(
      (color, k): Mark => ({
        type: "rect",
        encode: {
          enter: {
            x: fixed(x),
            width: fixed(14),
            y: fixed(HEAD + SIDE - (k + 1) * step),
            height: fixed(step),
            fill: fixed(color),
            stroke: fixed(line),
            strokeWidth: fixed(0.5),
          },
        },
      }),
    ),
    ...levels.map(
      ({ loss }, k): Mark => ({
        type: "text",
        encode: {
          enter: {
            x: fixed(x + 20),
            y: fixed(HEAD + SIDE - (k + 1) * step),
            text: fixed(String(loss)),
            baseline: fixed("middle"),
            fontSize: fixed(11.5),
            fill: fixed("currentColor"),
          },
        },
      }),
    ),
    {
      type: "text",
      encode: {
        enter: {
          x: fixed(x),
          y: fixed(HEAD - 11),
          text: fixed("Loss"),
          fontSize: fixed(12.5),
          fill: fixed("currentColor"),
        },
      },
    },
  ];
}
