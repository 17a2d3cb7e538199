import { join, resolve } from "node:path";
import { Command, Option } from "commander";
import { checkGrid, type Grid } from "../../measures/landscape.ts";
import { Complaint } from "../complaint.ts";
import { loadDataset } from "../data/catalog.ts";
import { type DeviceName, deviceNames, deviceText } from "../device.ts";
import { jobsOf, type LandscapeOptions, type SurfaceJob } from "../landscape/jobs.ts";
import { computePoints } from "../landscape/points.ts";
import { labelsOf, type Surface, surfaceOf } from "../landscape/surfaces.ts";
import { openDevice } from "../node-device.ts";
import { createProgress, type Progress } from "../progress.ts";
import { openRun, type TrainedRun } from "../trained.ts";
import { explained, number, stopOnSignal } from "./options.ts";

interface Options {
  grid: number;
  range: number;
  images?: number;
  on: LandscapeOptions["on"];
  normalization: LandscapeOptions["normalization"];
  seed: number;
  device: DeviceName;
  dataDir?: string;
  out: string;
  json?: true;
}

export const landscapeCommand = (): Command =>
  new Command("landscape")
    .description(
      "Figure 2: the loss around trained networks, on a plane of random directions that all of them share.",
    )
    .argument("<run...>", "folders of runs, as qgen train and qgen reproduce leave them")
    .option("--grid <n>", "points a side, an odd number", number, 51)
    .option("--range <r>", "how far to either side; 1 is as long as the filters themselves", number, 1)
    .option("--images <n>", "the first n training images (default: all of the run)", number)
    .addOption(
      new Option("--on <weights>", "which weights of quantized networks are displaced")
        .choices(["dequantized", "latent", "both"])
        .default("dequantized"),
    )
    .addOption(
      new Option("--normalization <by>", "what gives the directions their lengths")
        .choices(["filter", "layer", "none"])
        .default("filter"),
    )
    .option("--seed <n>", "seed of the directions", number, 0)
    .addOption(new Option("--device <name>", "kernels").choices(deviceNames).default("auto"))
    .option("--data-dir <dir>", "where data sets are (default: $QGEN_DATA, else ./data)")
    .option(
      "--out <dir>",
      "folder of the points and the figures; points that are there are kept",
      "landscape",
    )
    .option("--json", "print the numbers as JSON")
    .addHelpText("after", "\nExample:\n  qgen landscape runs/nin-2x1_* --grid 51 --on both --images 1000")
    .action(landscapeAction);

async function landscapeAction(folders: string[], options: Options, command: Command): Promise<void> {
  const { n, range }: Grid = { axes: 2, n: options.grid, range: options.range };
  const grid: Grid = { axes: 2, n, range };
  try {
    checkGrid(grid);
  } catch (error) {
    throw new Complaint(`--grid ${n} --range ${range}: ${(error as Error).message}`, 2);
  }
  const { seed, normalization, on } = options;
  const settings = { grid, seed, normalization, on, images: options.images ?? null };
  const runs = [...new Map(folders.map((folder) => [resolve(folder), folder])).values()]
    .map(openRun)
    .toSorted((a, b) => b.config.bits - a.config.bits || a.config.seed - b.config.seed);
  const device = await openDevice(options.device);
  const labels = labelsOf(runs);
  const jobs: { job: SurfaceJob; label: string }[] = [];
  for (const [k, run] of runs.entries()) {
    const dataset = await dataOf(run, options.dataDir);
    for (const job of await jobsOf(run, dataset, device, settings)) jobs.push({ job, label: labels[k]! });
  }

  const progress = createProgress(process.stderr);
  progress.print(
    `${jobs.length} surfaces of ${n} × ${n} points, ${jobs[0]!.job.settings.images} images each (${deviceText(device.info)})`,
  );
  const surfaces = await computeAll(jobs, options.out, progress);
  // Drawing takes a while to load, so not before it is needed.
  const { writeLandscape } = await import("../landscape/write.ts");
  const report = await writeLandscape(surfaces, {
    directory: options.out,
    command: `qgen landscape ${runs.map(({ folder }) => folder).join(" ")} ${givenOptions(command)}`.trim(),
  });
  console.log(options.json ? report.json.trimEnd() : report.words.join("\n"));
  progress.print(`landscape: ${report.html}`);
}

/** The images of a run, as many as it was trained with. */
const dataOf = ({ config }: TrainedRun, dir: string | undefined) =>
  explained(loadDataset(config.data.name, { dir, train: config.data.train, test: config.data.test }));

async function computeAll(
  jobs: readonly { readonly job: SurfaceJob; readonly label: string }[],
  out: string,
  progress: Progress,
): Promise<Surface[]> {
  const signals = stopOnSignal();
  const surfaces: Surface[] = [];
  try {
    for (const [k, { job, label }] of jobs.entries()) {
      const { grid, on } = job.settings;
      const total = grid.n ** 2;
      const name = `surface ${k + 1}/${jobs.length}, ${label}${on === "float" ? "" : ` ${on}`}`;
      let [began, computed] = [performance.now(), 0];
      const points = await computePoints(join(out, job.file), job, {
        stop: signals.stop,
        onPoint({ loss }, known) {
          computed++;
          const rate = (1000 * computed) / (performance.now() - began);
          progress.update(
            (k + known / total) / jobs.length,
            `${name} · point ${known}/${total} · loss ${loss.toFixed(3)} · ${rate.toFixed(1)} points/s`,
          );
        },
      });
      began = performance.now();
      const surface = surfaceOf(job, points, label);
      surfaces.push(surface);
      const { center, highest } = surface.shape;
      progress.print(
        `${name}: ${computed} points computed, ${total - computed} known; loss ${center.toFixed(3)} in the centre, at most ${highest.toFixed(3)}`,
      );
    }
  } finally {
    progress.end();
    signals.dispose();
  }
  return surfaces;
}

/** The options that decide the result, as the user gave them. */
function givenOptions(command: Command): string {
  return ["grid", "range", "images", "on", "normalization", "seed"]
    .filter((name) => command.getOptionValueSource(name) === "cli")
    .map((name) => `--${name} ${command.getOptionValue(name)}`)
    .join(" ");
}
