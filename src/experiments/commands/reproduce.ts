import { join } from "node:path";
import { Command, Option } from "commander";
import { explained } from "../complaint.ts";
import type { RecipeConfig, RunConfig } from "../config.ts";
import { loadDataset } from "../data/catalog.ts";
import type { Dataset } from "../data/dataset.ts";
import { type DeviceName, deviceNames, deviceText } from "../device.ts";
import type { LandscapeReport } from "../landscape/write.ts";
import { openDevice } from "../node-device.ts";
import { precisionOf } from "../precision.ts";
import { createProgress } from "../progress.ts";
import type { MeasuredRuns } from "../report/measures.ts";
import type { RunResult } from "../result.ts";
import type { RobustTable } from "../robustness/table.ts";
import { runFolder } from "../run.ts";
import { type Others, paperRecipe, type Scale, type ScaleName, scaleNames, scales } from "../scales.ts";
import { sideBySide } from "../side-by-side.ts";
import { openRun, type TrainedRun } from "../trained.ts";
import {
  checkedConfig,
  number,
  resolveData,
  stopOnSignal,
  threadsOption,
  wholeNumber,
  workersFor,
  workersOption,
} from "./options.ts";
import { landscapeOf, measureAll } from "./reproduce-measures.ts";
import { robustnessOf } from "./reproduce-robustness.ts";
import { trainingPiece } from "./reproduce-runs.ts";

interface Options {
  scale: ScaleName;
  data: string;
  model?: string;
  train?: number;
  test?: number;
  epochs?: number;
  seeds?: number;
  device: DeviceName;
  threads?: number;
  workers?: number;
  dataDir?: string;
  out: string;
  runs: string;
  also?: readonly string[];
  measures: boolean;
  landscape: boolean;
  /** `false`: none; `undefined`: as many as the scale says. */
  corrupted?: number | false;
  json?: true;
}

/** The precisions of the paper, widest first. */
const precisions = [32, 8, 4, 2];

export const reproduceCommand = (): Command =>
  new Command("reproduce")
    .description(
      "Tables 1 to 5, Figures 1 and 2, hypothesis 1 and the ranking of measures: NiN in FP32, Int8, Int4 and Int2 from the same first weights, over several seeds.",
    )
    .addOption(new Option("--scale <name>", "size of the experiment").choices(scaleNames).default("small"))
    .option(
      "--data <name>",
      "auto (CIFAR-10 where it is found, else built-in images), cifar10, cifar100, …",
      "auto",
    )
    .option("--model <name>", "architecture, in place of the scale's")
    .option(
      "--also <models>",
      "more networks for Tables 4 and 5, in place of the scale's; of one seed, with commas between them",
      (text) => text.split(",").filter((name) => name !== ""),
    )
    .option("--train <n>", "first n training images, in place of the scale's", number)
    .option("--test <n>", "first n test images, in place of the scale's", number)
    .option("--epochs <n>", "epochs, in place of the scale's", number)
    .option("--seeds <n>", "number of seeds, in place of the scale's", number)
    .addOption(new Option("--device <name>", "kernels").choices(deviceNames).default("auto"))
    .addOption(threadsOption())
    .addOption(workersOption("runs that are trained, or measured, at a time"))
    .option("--data-dir <dir>", "where data sets are (default: $QGEN_DATA, else ./data)")
    .option("--out <dir>", "folder of the report", "report")
    .option("--runs <dir>", "folder of all runs; what is complete there is not run again", "runs")
    .option("--no-measures", "without Table 3, hypothesis 1 and the ranking of measures")
    .option("--no-landscape", "without Figure 2")
    .option("--corrupted <n>", "first n test images for Tables 4 and 5, in place of the scale's", number)
    .option("--no-corrupted", "without Tables 4 and 5")
    .option("--json", "print the summary as JSON")
    .addHelpText("after", "\nExample:\n  qgen reproduce --scale small --data synthetic --out report")
    .action(reproduceAction);

async function reproduceAction(options: Options, command: Command): Promise<void> {
  const scale = scales[options.scale];
  const seeds = wholeNumber("--seeds", options.seeds ?? scale.seeds);
  const images =
    typeof options.corrupted === "number" ? wholeNumber("--corrupted", options.corrupted) : undefined;
  const name = await resolveData(options.data, options.dataDir);
  const load = (train: number | null, test: number | null): Promise<Dataset> =>
    explained(
      loadDataset(name, {
        dir: options.dataDir,
        train: options.train ?? train ?? undefined,
        test: options.test ?? test ?? undefined,
      }),
    );
  const dataset = await load(scale.train, scale.test);
  const device = await openDevice(options.device, options.threads);
  const workers = workersFor(options, device);
  const configsOf = (
    model: string,
    seed: number,
    recipe: RecipeConfig,
    { train, test }: Dataset,
  ): RunConfig[] =>
    precisions.map((bits) =>
      checkedConfig({
        ...recipe,
        model,
        bits,
        data: { name, train: train.count, test: test.count },
        seed,
        kernels: device.kernels.name,
      }),
    );
  const model = options.model ?? scale.model;
  const recipe = paperRecipe(options.epochs ?? scale.epochs);
  const configs = Array.from({ length: seeds }, (_, seed) => configsOf(model, seed, recipe, dataset)).flat();
  const corrupted = options.corrupted !== false && dataset.shape[0] === 3;
  const others = othersOf(scale, corrupted ? options.also : []);
  const more = others.models.filter((other) => other !== model);
  const othersData = more.length === 0 ? dataset : await load(others.train, others.test);
  const othersRecipe = others.recipe(options.epochs ?? others.epochs);
  const all = [...configs, ...more.flatMap((other) => configsOf(other, 0, othersRecipe, othersData))];

  const progress = createProgress(process.stderr);
  const signals = stopOnSignal();
  progress.print(
    `${configs.length} runs of ${model} on ${dataset.source}${more.length === 0 ? "" : `; ${all.length - configs.length} of ${more.join(", ")} on ${othersData.source}`} (${deviceText(device.info)})${workers > 1 ? `, ${workers} at a time` : ""}`,
  );
  const found: {
    results: readonly RunResult[];
    measured?: MeasuredRuns;
    landscape?: LandscapeReport;
    robustness?: readonly RobustTable[];
  } = { results: [] };
  try {
    const { dataDir, runs: out } = options;
    const { stop } = signals;
    const pieces = all.map((config, i) => {
      const label = `run ${i + 1}/${all.length}, ${i < configs.length ? "" : `${config.model} `}${precisionOf(config)} seed ${config.seed}`;
      return trainingPiece(label, config, i < configs.length ? dataset : othersData, { device, out, stop });
    });
    const results = await sideBySide(pieces, { workers, dataDir, stop, progress });
    found.results = results.slice(0, configs.length);
    progress.end();
    const openAll = (runs: readonly RunResult[]): TrainedRun[] =>
      runs
        .filter(({ status }) => status === "complete")
        .map(({ config }) => openRun(runFolder(options.runs, config).folder));
    const trained = openAll(results.slice(0, configs.length));
    if (trained.length > 0) {
      const measuring = { dataset, device, scale, workers, dataDir, stop };
      if (options.measures) found.measured = await measureAll(trained, measuring);
      if (options.landscape)
        found.landscape = await landscapeOf(trained, {
          ...measuring,
          out: join(options.out, "landscape"),
        });
      if (corrupted)
        found.robustness = await robustnessOf(
          [
            { runs: trained, dataset, images: images ?? scale.robustness.images },
            {
              runs: openAll(results.slice(configs.length)),
              dataset: othersData,
              images: images ?? others.images,
            },
          ],
          { ...measuring, runs: options.runs },
        );
    }
  } finally {
    progress.end();
    signals.dispose();
  }

  // Drawing takes a while to load, so not before it is needed.
  const { writeReport } = await import("../report/report.ts");
  const report = await writeReport({
    title: `QGen, reproduced at the scale “${options.scale}”`,
    scale: options.scale,
    ...found,
    directory: options.out,
    command: `qgen reproduce ${givenOptions(command)}`.trim(),
  });
  console.log(options.json ? report.summary.trimEnd() : report.text);
  progress.print(`report: ${report.html}`);
}

/** The networks that are trained for Tables 4 and 5 alone. Those that are asked for by name learn as the others do. */
function othersOf({ train, test, epochs, robustness }: Scale, asked: readonly string[] | undefined): Others {
  if (asked === undefined) return robustness.others;
  return { models: asked, train, test, images: robustness.images, epochs, recipe: paperRecipe };
}

/** The options that decide the result, as the user gave them. */
function givenOptions(command: Command): string {
  const given = ["scale", "data", "model", "also", "train", "test", "epochs", "seeds", "corrupted"]
    .filter((name) => command.getOptionValueSource(name) === "cli" && command.getOptionValue(name) !== false)
    .map((name) => `--${name} ${String(command.getOptionValue(name)) || '""'}`);
  const without = ["measures", "landscape", "corrupted"]
    .filter((part) => command.getOptionValue(part) === false)
    .map((part) => `--no-${part}`);
  return [...given, ...without].join(" ");
}
