/**
 * Surfaces that are complete, and how they are put side by side.
 *
 * @packageDocumentation
 */

import type { Point } from "../../measures/landscape.ts";
import { complete, type SurfaceShape, shapeOf } from "../../measures/surface-shape.ts";
import { precisionOf } from "../precision.ts";
import { folderName, type TrainedRun } from "../trained.ts";
import type { Clipped, On, SurfaceJob, SurfaceSettings } from "./jobs.ts";
import type { LossScale, Panel } from "./scene.js";

export interface Surface {
  /** The precision; with the seed, or with the name of the folder, where that alone would name several. */
  readonly label: string;
  readonly run: TrainedRun;
  readonly settings: SurfaceSettings;
  readonly file: string;
  /** Row by row. */
  readonly points: readonly Point[];
  readonly shape: SurfaceShape;
  readonly clipped: Clipped | null;
}

export const surfaceOf = (
  { run, settings, file, clipped }: SurfaceJob,
  points: readonly Point[],
  label: string,
): Surface => ({
  label,
  run,
  settings,
  file,
  points: complete(settings.grid, points),
  shape: shapeOf(settings.grid, points),
  clipped,
});

/** A name for each run, in their order. No two are the same. */
export function labelsOf(runs: readonly TrainedRun[]): string[] {
  const names: ((run: TrainedRun) => string)[] = [
    ({ config }) => precisionOf(config),
    ({ config }) => `${precisionOf(config)} seed ${config.seed}`,
    folderName,
    ({ folder }) => folder,
  ];
  const distinct = names.find((name) => new Set(runs.map(name)).size === runs.length);
  return runs.map(distinct ?? names[0]!);
}

/** Panels that are drawn side by side: a network of each precision, displaced in one way. */
export interface Group {
  readonly id: string;
  readonly on: Exclude<On, "float">;
  readonly surfaces: readonly Surface[];
}

/** Float networks stand in both groups, for they have one surface only. */
export function groupsOf(surfaces: readonly Surface[]): Group[] {
  const of = (on: Group["on"]): Group => ({
    id: on,
    on,
    surfaces: surfaces.filter(({ settings }) => settings.on === on || settings.on === "float"),
  });
  const has = (on: On): boolean => surfaces.some(({ settings }) => settings.on === on);
  if (has("latent")) return has("dequantized") ? [of("dequantized"), of("latent")] : [of("latent")];
  return [of("dequantized")];
}

export const panelOf = ({ label, points, settings }: Surface): Panel => ({
  label,
  n: settings.grid.n,
  range: settings.grid.range,
  // Four digits are more than a drawing shows.
  losses: points.map(({ loss }) => (Number.isFinite(loss) ? Number(loss.toPrecision(4)) : null)),
});

/**
 * One scale for all surfaces, from the lowest to the highest loss that is finite, with round numbers between: for the
 * levels of the contours and the ticks of the height.
 *
 * @param about - how many of them one would like
 */
export function lossScale(surfaces: readonly Surface[], wanted: LossScale["type"], about: number): LossScale {
  const losses = surfaces.flatMap(({ points }) =>
    points.map(({ loss }) => loss).filter((loss) => Number.isFinite(loss)),
  );
  const [low, highest] = losses.reduce(
    ([low, high], loss) => [Math.min(low, loss), Math.max(high, loss)],
    [Infinity, -Infinity],
  );
  if (!(low < Infinity)) return { type: "linear", low: 0, high: 1, ticks: [0, 1] };
  // A plain as flat as that has no levels; a little height gives it some.
  const high = Math.max(highest, low + 1e-3 * Math.max(1, Math.abs(low)));
  const type = wanted === "log" && low > 0 ? "log" : "linear";
  return {
    type,
    low,
    high,
    ticks: type === "log" ? logTicks(low, high, about) : linearTicks(low, high, about),
  };
}

/** Is the highest loss so far above the lowest that only a logarithm shows both? */
export const spansDecades = ({ low, high }: LossScale): boolean => low > 0 && high / low > 20;

function linearTicks(low: number, high: number, about: number): number[] {
  const raw = (high - low) / about;
  const exponent = Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].find((s) => s * 10 ** exponent >= raw * 0.999)!;
  const first = Math.ceil(low / (step * 10 ** exponent));
  const last = Math.floor(high / (step * 10 ** exponent));
  return Array.from({ length: last - first + 1 }, (_, i) =>
    Number(`${((first + i) * step).toFixed(1)}e${exponent}`),
  );
}

function logTicks(low: number, high: number, about: number): number[] {
  const rows = [[1], [1, 3], [1, 2, 5], [1, 2, 3, 5, 7], [1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9]];
  const first = Math.floor(Math.log10(low));
  const decades = Math.ceil(Math.log10(high)) - first + 1;
  const ticks = rows.map((row) =>
    Array.from({ length: decades }, (_, k) => row.map((digit) => Number(`${digit}e${first + k}`)))
      .flat()
      .filter((tick) => tick >= low && tick <= high),
  );
  const best = ticks.reduce((a, b) => (Math.abs(b.length - about) < Math.abs(a.length - about) ? b : a));
  return best.length < 2 ? linearTicks(low, high, about) : best;
}
