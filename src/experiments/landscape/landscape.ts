/**
 * From trained runs to a landscape: its surfaces are computed, or gone on with, and drawn.
 *
 * @packageDocumentation
 */

import { join, resolve } from "node:path";
import { placesOf } from "../../measures/landscape.ts";
import type { Device } from "../device.ts";
import { type DataPlaces, imagesOfRuns } from "../run-data.ts";
import { openRun, type TrainedRun } from "../trained.ts";
import { jobsOf, type LandscapeOptions, type SurfaceJob } from "./jobs.ts";
import { computePoints } from "./points.ts";
import { labelsOf, type Surface, surfaceOf } from "./surfaces.ts";
import type { LandscapeReport } from "./write.ts";

/** Who is told what happens. */
export interface Watching {
  /** What is about to be computed. */
  onStart?(jobs: readonly LabelledJob[]): void;
  /** After every point, with the share of all that is done. */
  onPoint?(done: number, text: string): void;
  /** After every surface, in a sentence. */
  onSurface?(text: string): void;
  /** Asked after every point; `true` stops. */
  stop?(): boolean;
}

export interface LabelledJob {
  readonly job: SurfaceJob;
  readonly label: string;
}

export interface LandscapeRequest extends LandscapeOptions, DataPlaces {
  readonly device: Device;
  /** Folder of the points and the figures. Points that are there are not computed again. */
  readonly out: string;
  /** How to make it again. */
  readonly command: string;
}

/** The runs in some folders, each once, in the order of the paper: from the most bits to the fewest. */
export const openRuns = (folders: readonly string[]): TrainedRun[] =>
  [...new Map(folders.map((folder) => [resolve(folder), folder])).values()]
    .map(openRun)
    .toSorted((a, b) => b.config.bits - a.config.bits || a.config.seed - b.config.seed);

/**
 * The landscape around some runs, as points, drawings, a page and numbers in the folder `out`.
 *
 * @throws Interrupted where `stop` said so; Complaint where a run or its data cannot be read, or nothing can be written
 * @implements QGen.fig.2
 * @deviation The paper draws ResNet-18; here it is whichever network was trained.
 */
export async function landscape(
  runs: readonly TrainedRun[],
  request: LandscapeRequest,
  watching: Watching = {},
): Promise<LandscapeReport> {
  const { device, images, out, command } = request;
  const labels = labelsOf(runs);
  const jobs: LabelledJob[] = [];
  const datasetOf = imagesOfRuns(request);
  for (const [k, run] of runs.entries()) {
    const dataset = await datasetOf(run, images);
    for (const job of await jobsOf(run, dataset, device, request)) jobs.push({ job, label: labels[k]! });
  }
  watching.onStart?.(jobs);
  const surfaces: Surface[] = [];
  for (const [k, job] of jobs.entries())
    surfaces.push(
      await compute(job, `surface ${k + 1}/${jobs.length}`, k / jobs.length, jobs.length, out, watching),
    );
  // Drawing takes a while to load, so not before it is needed.
  const { writeLandscape } = await import("./write.ts");
  return writeLandscape(surfaces, { directory: out, command });
}

async function compute(
  { job, label }: LabelledJob,
  which: string,
  before: number,
  all: number,
  out: string,
  { onPoint, onSurface, stop }: Watching,
): Promise<Surface> {
  const { grid, on } = job.settings;
  const total = placesOf(grid).length;
  const name = `${which}, ${label}${on === "float" ? "" : ` ${on}`}`;
  const began = performance.now();
  let computed = 0;
  const points = await computePoints(join(out, job.file), job, {
    ...(stop && { stop }),
    onPoint({ loss }, known) {
      computed++;
      const rate = (1000 * computed) / (performance.now() - began);
      onPoint?.(
        before + known / total / all,
        `${name} · point ${known}/${total} · loss ${loss.toFixed(3)} · ${rate.toFixed(1)} points/s`,
      );
    },
  });
  const surface = surfaceOf(job, points, label);
  const { center, highest } = surface.shape;
  onSurface?.(
    `${name}: ${computed} points computed, ${total - computed} known; loss ${center.toFixed(3)} in the centre, at most ${highest.toFixed(3)}`,
  );
  return surface;
}
