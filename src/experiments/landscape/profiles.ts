import type { TopLevelSpec } from "vega-lite";
import { axisOf, encoded, spread } from "../report/axis.ts";
import { config, looksOf } from "../report/look.ts";
import type { Surface } from "./surfaces.ts";

type Panel = Extract<TopLevelSpec, { hconcat: unknown }>["hconcat"][number];

/** The loss along one direction, where the other is 0. A loss that is not finite is left out. */
export function profileOf({ label, points, settings }: Surface, along: 1 | 2) {
  const { axes, n } = settings.grid;
  const middle = axes === 1 ? 0 : (n - 1) / 2;
  return points
    .filter(({ i, j, loss }) => (along === 1 ? j : i) === middle && Number.isFinite(loss))
    .map(({ a, b, loss }) => ({ precision: label, t: along === 1 ? a : b, loss }));
}

/** The loss of all networks along each direction: the middle row and the middle column of the surfaces. */
export function profiles(surfaces: readonly Surface[], wanted: "linear" | "log"): TopLevelSpec {
  const look = looksOf(surfaces.map(({ label, run }) => ({ name: label, bits: run.config.bits })));
  const [width, height] = [330, 300];
  const { axes, range } = surfaces[0]!.settings.grid;
  const rows = (axes === 1 ? ([1] as const) : ([1, 2] as const)).map((along) =>
    surfaces.map((surface) => profileOf(surface, along)),
  );
  const axis = axisOf(
    rows.flat(2).map(({ loss }) => loss),
    wanted,
  );
  const panel = (title: string, lines: ReturnType<typeof profileOf>[]): Panel => {
    const ends = lines.flatMap((line) => line.at(-1) ?? []);
    const places = spread(
      ends.map(({ loss }) => loss),
      axis,
      height,
    );
    return {
      title,
      width,
      height,
      data: { values: lines.flat() },
      encoding: {
        x: {
          field: "t",
          type: "quantitative",
          scale: { domain: [-range, range], nice: false },
          axis: { title: "Displacement", tickCount: 5 },
        },
        color: look.color,
      },
      layer: [
        {
          mark: { type: "line", strokeWidth: 1.75 },
          encoding: { y: encoded("loss", axis, null), strokeDash: look.dash },
        },
        {
          data: { values: ends.map((row, k) => ({ ...row, place: places[k]! })) },
          mark: { type: "text", align: "left", dx: 8, fontWeight: 600 },
          encoding: {
            y: encoded("place", axis, null),
            text: { field: "precision" },
            color: { value: "currentColor" },
          },
        },
      ],
    };
  };
  const how = `in nats${axis.type === "log" ? " (log scale)" : ""}`;
  return {
    config,
    spacing: 76,
    hconcat: rows.map((lines, k) => panel(`Loss along ${["d₁", "d₂"][k]}, ${how}`, lines)),
  };
}
