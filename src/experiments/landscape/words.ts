/**
 * What the surfaces say, in sentences. Each is computed, so that it is true whatever the numbers are.
 *
 * @packageDocumentation
 */

import type { SurfaceShape } from "../../measures/surface-shape.ts";
import { canonicalJson, type RunConfig } from "../config.ts";
import { fixed, listed, percent, short } from "../report/format.ts";
import { type Group, groupsOf, type Surface } from "./surfaces.ts";

export const onName = { float: "w", dequantized: "ŵ", latent: "w, quantized again" } as const;

/** The mean of the curvatures along the directions. */
export const meanCurvature = ({ curvature }: SurfaceShape): number =>
  curvature.reduce((sum, along) => sum + along, 0) / curvature.length;

/** From one point of the grid to the next. */
const spacing = ({ settings: { grid } }: Surface): number => (2 * grid.range) / (grid.n - 1);

/** Infinity in words. */
const height = (loss: number): string => (Number.isFinite(loss) ? fixed(loss, 3) : "no finite number");

/** How the networks of a group compare, the flattest first. */
export function orderWords({ on, surfaces }: Group): string[] {
  if (surfaces.length < 2) return [];
  const by = (value: (shape: SurfaceShape) => number): Surface[] =>
    surfaces.toSorted((a, b) => value(a.shape) - value(b.shape));
  const list = (sorted: readonly Surface[], value: (shape: SurfaceShape) => string): string =>
    listed(sorted.map(({ label, shape }) => `${label} (${value(shape)})`));
  const where =
    on === "dequantized" ? "With the dequantized weights displaced" : "With the latent weights displaced";
  return [
    `${where}, from the flattest to the sharpest by the curvature in the centre: ${list(by(meanCurvature), (shape) => short(meanCurvature(shape)))}.`,
    `By the share of the ${surfaces[0]!.settings.grid.axes === 1 ? "line" : "plane"} that stays within 1 nat of the centre: ${list(
      by(({ within1 }) => -within1),
      ({ within1 }) => percent(within1),
    )}.`,
    `By the highest loss: ${list(
      by(({ highest }) => highest),
      ({ highest }) => height(highest),
    )}.`,
  ];
}

/** The paper's claim, network by network: is each flatter than the float network of its seed? */
export function claimWords({ on, surfaces }: Group): string[] {
  const floats = new Map(
    surfaces
      .filter(({ settings }) => settings.on === "float")
      .map((surface) => [surface.run.config.seed, surface.shape]),
  );
  const pairs = surfaces.flatMap(({ settings, run, shape }) => {
    const float = floats.get(run.config.seed);
    return settings.on === "float" || float === undefined ? [] : [{ shape, float }];
  });
  if (pairs.length === 0) return [];
  const flatter = (is: (shape: SurfaceShape, float: SurfaceShape) => boolean): string =>
    `${pairs.filter(({ shape, float }) => is(shape, float)).length} of ${pairs.length}`;
  return [
    `The paper says that quantized networks have the flatter landscape. With the ${on} weights displaced, so it is for ${flatter((a, b) => meanCurvature(a) < meanCurvature(b))} by the curvature in the centre, for ${flatter((a, b) => a.within1 > b.within1)} by the share within 1 nat, for ${flatter((a, b) => a.highest < b.highest)} by the highest loss, each held against the float network of its seed.`,
  ];
}

interface Pair {
  readonly latent: Surface;
  readonly free: Surface;
}

/** The surfaces of one run, displaced in both ways. */
const pairsOf = (surfaces: readonly Surface[]): Pair[] =>
  surfaces.flatMap((latent) => {
    const free = surfaces.find(({ run, settings }) => run === latent.run && settings.on === "dequantized");
    return latent.settings.on === "latent" && free !== undefined ? [{ latent, free }] : [];
  });

/** What it changes whether the latent or the dequantized weights are displaced. */
export function differenceWords(surfaces: readonly Surface[]): string[] {
  const pairs = pairsOf(surfaces);
  if (pairs.length === 0) return [];
  const lower = pairs.filter(({ latent, free }) => latent.shape.highest < free.shape.highest).length;
  return [
    `Both surfaces of a network have the same centre. At its highest, the one of the latent weights is the lower one in ${lower} of ${pairs.length} ${pairs.length === 1 ? "network" : "networks"}. Quantized again, a weight cannot leave the outermost levels: those networks are of a bounded set, however far the latent weights are displaced.`,
    `The curvature is a second difference over the spacing of the grid, ${short(spacing(pairs[0]!.latent))}. The latent surface has steps, where weights jump from level to level: there it measures their roughness, and can grow as the grid gets finer.`,
    ...pairs.map(({ latent, free }) => {
      const [a, b] = [latent.shape, free.shape];
      const clipped =
        latent.clipped === null
          ? ""
          : ` ${percent(latent.clipped.corners)} of its latent weights are clipped at the corners, ${percent(latent.clipped.center)} in the centre.`;
      return `${latent.label}: the highest loss is ${height(a.highest)} on the latent weights and ${height(b.highest)} on the dequantized ones, the curvature in the centre ${short(meanCurvature(a))} and ${short(meanCurvature(b))}, the share within 1 nat ${percent(a.within1)} and ${percent(b.within1)}.${clipped}`;
    }),
  ];
}

/** What besides the precision may make surfaces differ. */
export function warningWords(surfaces: readonly Surface[]): string[] {
  const configs = surfaces.map(({ run }) => run.config);
  const of = (key: keyof RunConfig) => new Set(configs.map((config) => canonicalJson(config[key])));
  const differing = (Object.keys(configs[0]!) as (keyof RunConfig)[]).filter(
    (key) => key !== "bits" && key !== "policy" && of(key).size > 1,
  );
  const diverged = new Set(
    surfaces.map(({ run }) => run).filter(({ result }) => result.status === "diverged"),
  );
  return [
    ...(differing.length === 0
      ? []
      : [
          `These networks do not share one recipe: they differ in ${listed(differing)}. What looks like an effect of the precision may come from there.`,
        ]),
    ...Array.from(
      diverged,
      ({ folder, result }) =>
        `The training in ${folder} diverged; its surface is that of the weights of epoch ${result.selectedEpoch}.`,
    ),
  ];
}

/** All of it, and what it may not be taken for. */
export const wordsOf = (surfaces: readonly Surface[]): string[] => [
  ...groupsOf(surfaces).flatMap((group) => [...claimWords(group), ...orderWords(group)]),
  ...differenceWords(surfaces),
  ...warningWords(surfaces),
  `Each ${surfaces[0]!.settings.grid.axes === 1 ? "curve is one random line" : "surface is one random plane"} through one network. Another seed of the directions, or of the training, gives another one: an order that is the same for several seeds says something, that of one does not.`,
];
