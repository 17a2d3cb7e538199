import { join } from "node:path";
import { commonNames, published } from "../corruptions/corruption.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Device } from "../device.ts";
import { precisionName } from "../precision.ts";
import { createProgress } from "../progress.ts";
import { fixed } from "../report/format.ts";
import { corruptedImages } from "../robustness/images.ts";
import { measureRobustness } from "../robustness/measure.ts";
import { overall } from "../robustness/summary.ts";
import { type RobustTable, robustTables, type Tested } from "../robustness/table.ts";
import type { Scale } from "../scales.ts";
import type { TrainedRun } from "../trained.ts";

/** Networks that are tested on the same images. */
export interface TestedRuns {
  readonly runs: readonly TrainedRun[];
  readonly dataset: Dataset;
  /** Of each corruption and severity; `null`: all test images. */
  readonly images: number | null;
}

interface Testing {
  readonly device: Device;
  readonly scale: Scale;
  readonly stop: () => boolean;
  /** Folder of all runs; corrupted images are kept there too. */
  readonly runs: string;
}

/** Tables 4 and 5: the runs on corrupted images, which are made once for all that share them. */
export async function robustnessOf(
  groups: readonly TestedRuns[],
  testing: Testing,
): Promise<readonly RobustTable[]> {
  const tested: Tested[] = [];
  for (const group of groups) if (group.runs.length > 0) tested.push(...(await testedRuns(group, testing)));
  return robustTables(tested);
}

async function testedRuns(
  { runs, dataset, images: most }: TestedRuns,
  { device, scale, stop, runs: folder }: Testing,
): Promise<readonly Tested[]> {
  const { severities } = scale.robustness;
  const progress = createProgress(process.stderr);
  const images = await corruptedImages(
    {
      dataset,
      images: Math.min(most ?? dataset.test.count, dataset.test.count),
      names: commonNames,
      choices: published,
      seed: 0,
      cache: join(folder, ".corrupted"),
    },
    {
      stop,
      onPicture: (name, done, of) =>
        progress.update(
          (commonNames.indexOf(name) + done / of) / commonNames.length,
          `corrupted images · ${name}`,
        ),
    },
  );
  const tested: Tested[] = [];
  for (const [i, run] of runs.entries()) {
    const { bits, model, seed } = run.config;
    const label = `corrupted images ${i + 1}/${runs.length}, ${model} ${precisionName(bits)} seed ${seed}`;
    const robust = await measureRobustness({
      run,
      dataset,
      device,
      images,
      names: commonNames,
      severities,
      stop,
      onCell: (name, severity, done, of) =>
        progress.update((i + done / of) / runs.length, `${label} · ${name} ${severity}`),
    });
    tested.push({ config: run.config, robust });
    const { gap, accuracy } = overall(robust.cells);
    progress.print(
      `${label}: gap ${fixed(gap, 3)}, accuracy ${fixed(100 * accuracy, 1)} % (${robust.seconds.toFixed(0)} s)`,
    );
  }
  progress.end();
  return tested;
}
