/**
 * What `qgen reproduce` does beyond training: measures of all runs, and the landscape around those of one seed.
 *
 * @packageDocumentation
 */

import type { Dataset } from "../data/dataset.ts";
import type { Device } from "../device.ts";
import type { LandscapeReport } from "../landscape/write.ts";
import { measuringPiece } from "../measuring/piece.ts";
import { letters, radiusNames } from "../measuring/radii.ts";
import { settingsSchema } from "../measuring/settings.ts";
import { radiusText } from "../measuring/text.ts";
import { precisionName } from "../precision.ts";
import { createProgress } from "../progress.ts";
import type { MeasuredRuns } from "../report/measures.ts";
import type { Scale } from "../scales.ts";
import { sideBySide } from "../side-by-side.ts";
import type { TrainedRun } from "../trained.ts";

interface Measuring {
  readonly dataset: Dataset;
  readonly device: Device;
  readonly scale: Scale;
  readonly workers: number;
  readonly dataDir: string | undefined;
  readonly stop: () => boolean;
}

/** The measures of all runs, by id. */
export async function measureAll(
  runs: readonly TrainedRun[],
  { dataset, device, scale, workers, dataDir, stop }: Measuring,
): Promise<MeasuredRuns> {
  const settings = settingsSchema.parse({
    ...scale.measures,
    images: scale.measures.images == null ? null : Math.min(scale.measures.images, dataset.train.count),
  });
  const progress = createProgress(process.stderr);
  const pieces = runs.map((run, i) =>
    measuringPiece(
      {
        ...{ run, settings },
        label: `measures ${i + 1}/${runs.length}, ${precisionName(run.config.bits)} seed ${run.config.seed}`,
      },
      {
        ...{ device, stop },
        datasetOf: () => Promise.resolve(dataset),
        said: ({ radii, seconds }) =>
          `${radiusNames.map((name) => `${letters[name]} ${radiusText(radii[name])}`).join(", ")} (${seconds.toFixed(0)} s)`,
      },
    ),
  );
  const measured = await sideBySide(pieces, { workers, dataDir, stop, progress });
  progress.end();
  return new Map(measured.map((one) => [one.run, one]));
}

/** The landscape around the networks of the first seed, in the folder `out`. */
export async function landscapeOf(
  runs: readonly TrainedRun[],
  { device, scale, stop, dataDir, out }: Omit<Measuring, "dataset" | "workers"> & { readonly out: string },
): Promise<LandscapeReport> {
  const first = runs.filter(({ config }) => config.seed === runs[0]!.config.seed);
  const { landscape } = await import("../landscape/landscape.ts");
  const { grid, images } = scale.landscape;
  const most = first[0]!.config.data.train;
  const progress = createProgress(process.stderr);
  const folders = first.map(({ folder }) => folder).join(" ");
  const report = await landscape(
    first.toSorted((a, b) => b.config.bits - a.config.bits),
    {
      grid: { axes: 2, n: grid, range: 1 },
      seed: 0,
      normalization: "filter",
      on: "both",
      images: images === null ? null : Math.min(images, most),
      device,
      dataDir,
      out,
      command: `qgen landscape ${folders} --grid ${grid} --on both${images === null ? "" : ` --images ${images}`}`,
    },
    { onPoint: progress.update, onSurface: progress.print, stop },
  );
  progress.end();
  return report;
}
