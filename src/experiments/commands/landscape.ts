import { Command, Option } from "commander";
import { checkGrid, type Grid } from "../../measures/landscape.ts";
import { Complaint } from "../complaint.ts";
import { type DeviceName, deviceNames, deviceText } from "../device.ts";
import type { LandscapeOptions } from "../landscape/jobs.ts";
import { landscape, openRuns } from "../landscape/landscape.ts";
import { openDevice } from "../node-device.ts";
import { createProgress } from "../progress.ts";
import { number, photographsOption, stopOnSignal, threadsOption } from "./options.ts";

interface Options {
  axes: "1" | "2";
  grid: number;
  range: number;
  images?: number;
  on: LandscapeOptions["on"];
  normalization: LandscapeOptions["normalization"];
  seed: number;
  device: DeviceName;
  threads?: number;
  data?: string;
  dataDir?: string;
  out: string;
  json?: true;
}

export const landscapeCommand = (): Command =>
  new Command("landscape")
    .description(
      "Figure 2: the loss around trained networks, on a plane (or a line) of random directions that all of them share.",
    )
    .argument("<run...>", "folders of runs, as qgen train and qgen reproduce leave them")
    .addOption(
      new Option("--axes <n>", "a line along one direction, or a plane of two")
        .choices(["1", "2"])
        .default("2"),
    )
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
    .addOption(threadsOption())
    .addOption(photographsOption())
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
  const { seed, normalization, on, images = null, range, out, data, dataDir } = options;
  const grid: Grid = { axes: options.axes === "1" ? 1 : 2, n: options.grid, range };
  try {
    checkGrid(grid);
  } catch (error) {
    throw new Complaint(`--grid ${grid.n} --range ${range}: ${(error as Error).message}`, 2);
  }
  const runs = openRuns(folders);
  const device = await openDevice(options.device, options.threads);
  const again =
    `qgen landscape ${runs.map(({ folder }) => folder).join(" ")} ${givenOptions(command)}`.trim();
  const progress = createProgress(process.stderr);
  const signals = stopOnSignal();
  try {
    const report = await landscape(
      runs,
      { grid, seed, normalization, on, images, device, data, dataDir, out, command: again },
      {
        onStart: (jobs) =>
          progress.print(
            `${jobs.length} ${grid.axes === 1 ? `lines of ${grid.n}` : `surfaces of ${grid.n} × ${grid.n}`} points, ${jobs[0]!.job.settings.images} images each (${deviceText(device.info)})`,
          ),
        onPoint: progress.update,
        onSurface: progress.print,
        stop: signals.stop,
      },
    );
    console.log(options.json ? report.json.trimEnd() : report.words.join("\n"));
    progress.print(`landscape: ${report.html}`);
  } finally {
    progress.end();
    signals.dispose();
  }
}

/** The options that decide the result, as the user gave them. */
function givenOptions(command: Command): string {
  return ["axes", "grid", "range", "images", "on", "normalization", "seed"]
    .filter((name) => command.getOptionValueSource(name) === "cli")
    .map((name) => `--${name} ${command.getOptionValue(name)}`)
    .join(" ");
}
