import { dirname, join } from "node:path";
import { Command, Option } from "commander";
import { Complaint } from "../complaint.ts";
import type { Watch } from "../corruptions/folder.ts";
import { namesIn, severitiesIn } from "../corruptions/request.ts";
import type { ImageKind } from "../data/dataset.ts";
import type { Unreadable } from "../data/folder-images.ts";
import { type DeviceName, deviceNames, deviceText } from "../device.ts";
import { writeAtomic } from "../files.ts";
import { openRuns } from "../landscape/landscape.ts";
import { labelsOf } from "../landscape/surfaces.ts";
import { openDevice } from "../node-device.ts";
import { createProgress, type Progress } from "../progress.ts";
import { fixed } from "../report/format.ts";
import { makePhotographs, openPhotographs } from "../robustness/imagenet-c.ts";
import { type CorruptedImages, corruptedImages } from "../robustness/images.ts";
import { measureRobustness } from "../robustness/measure.ts";
import { overall } from "../robustness/summary.ts";
import { robustTables, type Tested } from "../robustness/table.ts";
import { gapsText, robustCsv, robustText } from "../robustness/text.ts";
import { imagesOfRuns, photographsOf } from "../run-data.ts";
import type { TrainedRun } from "../trained.ts";
import { type CorruptionFlags, corruptionOptions, withCorruptionOptions } from "./corrupt.ts";
import { number, photographsOption, stopOnSignal, threadsOption } from "./options.ts";

interface Options extends CorruptionFlags {
  corruptions: string;
  severities: string;
  images?: number;
  from?: string;
  cache?: string;
  device: DeviceName;
  threads?: number;
  data?: string;
  dataDir?: string;
  out: string;
  json?: true;
}

export const robustnessCommand = (): Command =>
  withCorruptionOptions(
    new Command("robustness")
      .description(
        "Tables 4, 5 and 6: gap, loss, accuracy and mean corruption error of trained networks on corrupted test images, by precision.",
      )
      .argument("<run...>", "folders of runs, as qgen train and qgen reproduce leave them")
      .option("--corruptions <names>", "all (19), common (the 15 of the tables), or names", "common")
      .option("--severities <numbers>", "as 1-5 or 1,3,5", "1-5")
      .option("--images <n>", "the first n test images (default: all of the run)", number)
      .option(
        "--from <dir>",
        "published images (CIFAR-10-C, CIFAR-100-C, ImageNet-C) in place of ones that are made here",
      ),
  )
    .addOption(photographsOption())
    .option("--cache <dir>", "where corrupted images are kept (default: .corrupted beside the runs)")
    .addOption(new Option("--device <name>", "kernels").choices(deviceNames).default("auto"))
    .addOption(threadsOption())
    .option("--data-dir <dir>", "where data sets are (default: $QGEN_DATA, else ./data)")
    .option("--out <dir>", "folder of the numbers, as JSON and CSV", "robustness")
    .option("--json", "print the numbers as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  qgen robustness runs/nin-2x1_* --images 500\n  qgen robustness runs/* --from CIFAR-100-C --severities 5\n  qgen robustness runs/resnet18_* --data imagenet:ILSVRC2012 --images 5000",
    )
    .action(robustnessAction);

/** Corrupted images, and what networks they are for. */
interface Opened {
  readonly images: CorruptedImages;
  readonly kind: ImageKind;
}

/** The corrupted images that a run is tested on. */
async function open(
  run: TrainedRun,
  options: Options,
  progress: Progress,
  stop: () => boolean,
): Promise<Opened> {
  const { images, from } = options;
  const names = namesIn(options.corruptions);
  const cache = options.cache ?? join(dirname(run.folder), ".corrupted");
  const how = corruptionOptions(options);
  const watch: Watch = {
    stop,
    onPicture: (name, done, of) =>
      progress.update(
        (names.indexOf(name) + done / of) / names.length,
        `making corrupted images · ${name} · ${done} of ${of}`,
      ),
  };
  const { folder: photographs } = run.config.data;
  if (photographs === undefined) {
    const dataset = await imagesOfRuns(options)(run);
    return {
      images: await corruptedImages({ ...how, dataset, images, names, from, cache }, watch),
      kind: dataset,
    };
  }
  const onUnreadable = ({ file, reason }: Unreadable): void =>
    progress.print(`left out: ${file} (${reason})`);
  const severities = severitiesIn(options.severities);
  const known = from !== undefined && options.data === undefined ? null : photographsOf(run, options.data);
  const found =
    from === undefined
      ? await makePhotographs(
          { ...how, dataset: known!, images, names, severities, cache, onUnreadable },
          watch,
        )
      : openPhotographs({
          ...{ from, names, severities, images, onUnreadable },
          size: photographs.size,
          classes: known?.classes,
        });
  return { images: found, kind: found.kind };
}

async function robustnessAction(folders: string[], options: Options): Promise<void> {
  const names = namesIn(options.corruptions);
  const severities = severitiesIn(options.severities);
  const runs = openRuns(folders);
  const labels = labelsOf(runs);
  for (const { folder, config, result } of runs) {
    if (config.data.name === "imagenet" && options.from === undefined && options.data === undefined)
      throw new Complaint(
        `the run in ${folder} is of photographs: give --data imagenet:FOLDER to corrupt its test pictures, or --from DIR, a folder of ImageNet-C as published`,
        2,
      );
    if (
      (config.data.name !== "imagenet" || options.from === undefined) &&
      options.images !== undefined &&
      options.images > config.data.test
    )
      throw new Complaint(
        `--images ${options.images}: the run in ${folder} was tested with ${config.data.test} images, and no more are taken`,
        2,
      );
    if (result.status === "diverged") throw new Complaint(`the run in ${folder} diverged: ${result.reason}`);
  }
  const device = await openDevice(options.device, options.threads);
  const progress = createProgress(process.stderr);
  const signals = stopOnSignal();
  const opened = new Map<string, Opened>();
  const tested: Tested[] = [];
  progress.print(
    `${runs.length} networks, ${names.length} corruptions, ${severities.length} severities (${deviceText(device.info)})`,
  );
  try {
    for (const [i, run] of runs.entries()) {
      const { data } = run.config;
      const key = JSON.stringify(data);
      const { images, kind } = opened.get(key) ?? (await open(run, options, progress, signals.stop));
      if (!opened.has(key)) progress.print(images.source);
      opened.set(key, { images, kind });
      const robust = await measureRobustness({
        run,
        dataset: kind,
        device,
        images,
        names,
        severities,
        stop: signals.stop,
        onCell: (name, severity, done, of) =>
          progress.update((i + done / of) / runs.length, `${labels[i]} · ${name} ${severity}`),
      });
      tested.push({ config: run.config, robust });
      const { gap, accuracy } = overall(robust.cells);
      progress.print(
        `${labels[i]}: gap ${fixed(gap, 3)}, accuracy ${fixed(100 * accuracy, 1)} % on corrupted images (${robust.seconds.toFixed(0)} s)`,
      );
    }
  } finally {
    progress.end();
    signals.dispose();
  }
  const tables = robustTables(tested);
  const json = `${JSON.stringify({ tables, runs: tested.map(({ robust }) => robust) }, null, 2)}\n`;
  writeAtomic(join(options.out, "robustness.json"), json);
  writeAtomic(join(options.out, "robustness.csv"), robustCsv(tables));
  console.log(
    options.json
      ? json.trimEnd()
      : tables.flatMap((table) => [robustText(table), gapsText(table)]).join("\n\n"),
  );
  progress.print(`numbers: ${join(options.out, "robustness.json")}, robustness.csv`);
}
