import { Command, Option } from "commander";
import { Complaint } from "../complaint.ts";
import { type DeviceName, deviceNames, deviceText } from "../device.ts";
import { openRuns } from "../landscape/landscape.ts";
import { labelsOf } from "../landscape/surfaces.ts";
import { checkMeasurable, type MeasuredRun } from "../measuring/measure.ts";
import { measuringPiece } from "../measuring/piece.ts";
import { type MeasureSettings, settingsSchema } from "../measuring/settings.ts";
import { type Labelled, measuresText, notesOf, waiting } from "../measuring/text.ts";
import { openDevice } from "../node-device.ts";
import { createProgress } from "../progress.ts";
import { fixed } from "../report/format.ts";
import { columnsOf } from "../report/measures.ts";
import { rankingText } from "../report/measures-files.ts";
import { type Ranked, ranking } from "../report/ranking.ts";
import { imagesOfRuns } from "../run-data.ts";
import { sideBySide } from "../side-by-side.ts";
import {
  number,
  photographsOption,
  stopOnSignal,
  threadsOption,
  workersFor,
  workersOption,
} from "./options.ts";

type Options = Omit<Partial<MeasureSettings>, "on"> & {
  on: MeasureSettings["on"] | "both";
  device: DeviceName;
  threads?: number;
  workers?: number;
  data?: string;
  dataDir?: string;
  out: string;
  json?: true;
};

const choice = (flags: string, about: string, choices: readonly string[]): Option =>
  new Option(flags, about).choices([...choices]);

export const measureCommand = (): Command =>
  new Command("measure")
    .description(
      "Table 3 and beyond: all generalization measures of trained networks, and the searches behind them.",
    )
    .argument("<run...>", "folders of runs, as qgen train and qgen reproduce leave them")
    .option("--images <n>", "the first n training images (default: all of the run)", number)
    .addOption(
      choice("--on <weights>", "which weights of quantized networks are perturbed", [
        "latent",
        "dequantized",
        "both",
      ]).default("latent"),
    )
    .option("--fold", "fold batch norm into the weights first (of float or dequantized networks)")
    .option("--draws <n>", "perturbed networks for each radius of PAC-Bayes (default: 10)", number)
    .option("--restarts <n>", "ascents for each radius of sharpness (default: 10)", number)
    .addOption(
      choice(
        "--displacement <of>",
        "what has to reach the target: the drop of accuracy, the error, or the rise of the loss",
        ["drop", "error", "loss"],
      ),
    )
    .option("--target <share>", "by how much accuracy may drop (default: 0.1)", number)
    .addOption(choice("--ball <norm>", "ball of the ascents", ["linf", "l2"]))
    .addOption(
      choice("--step <kind>", "steps of the ascents: SGD at 1e-4, or a tenth of the box by sign", [
        "sgd",
        "sign",
      ]),
    )
    .option("--ascent-steps <n>", "steps of an ascent (default: 20)", number)
    .option("--ascent-batch <n>", "images in a step of an ascent (default: 128)", number)
    .addOption(
      choice("--moved <parameters>", "what is perturbed: weights only, or all parameters", [
        "weights",
        "all",
      ]),
    )
    .addOption(
      choice("--constant <term>", "the formulas' log(m / radius) or log(m / delta)", ["radius", "delta"]),
    )
    .option("--m <n>", "the m of the formulas (default: the number of images used)", number)
    .option("--delta <p>", "the bounds hold with probability 1 - delta (default: 0.05)", number)
    .addOption(
      choice("--form <form>", "formulas as printed, or as they follow from the bound", [
        "printed",
        "derived",
      ]),
    )
    .addOption(choice("--denominators <of>", "what divides in mag-orig", ["distance", "weight"]))
    .option(
      "--reference-compat",
      "as the published numbers were made: a variance for a standard deviation, all parameters moved",
    )
    .option(
      "--curvature-images <n>",
      "the first n images for curvature; 0 leaves it out (default: 256)",
      number,
    )
    .option("--seed <n>", "seed of the perturbations", number)
    .addOption(new Option("--device <name>", "kernels of the searches").choices(deviceNames).default("auto"))
    .addOption(threadsOption())
    .addOption(workersOption("networks that are measured at a time"))
    .addOption(photographsOption())
    .option("--data-dir <dir>", "where data sets are (default: $QGEN_DATA, else ./data)")
    .option("--out <dir>", "folder of the figure of the searches and of the numbers", "measures")
    .option("--json", "print the numbers as JSON")
    .addHelpText("after", "\nExample:\n  qgen measure runs/nin-2x1_* --images 1000 --restarts 4")
    .action(measureAction);

/** The checked settings. Option names are those of its fields. */
function checked(given: Record<string, unknown>): MeasureSettings {
  const { success, data, error } = settingsSchema.safeParse(given);
  if (success) return data;
  const sentences = error.issues.map(({ path, message }) => {
    const name = String(path[0]);
    return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${JSON.stringify(given[name])}: ${message}`;
  });
  throw new Complaint(sentences.join("\n      "), 2);
}

async function measureAction(folders: string[], options: Options): Promise<void> {
  const { device: name, threads, workers: asked, data, dataDir, out, json, on, ...given } = options;
  const places = on === "both" ? (["latent", "dequantized"] as const) : [on];
  const settings = places.map((on) => checked({ ...given, on }));
  const runs = openRuns(folders);
  const labels = labelsOf(runs);
  const device = await openDevice(name, threads);
  // Each would have photographs of its own in memory.
  const workers =
    data !== undefined && asked === undefined ? 1 : workersFor({ workers: asked, threads }, device);
  const progress = createProgress(process.stderr);
  const signals = stopOnSignal();
  // A float network has one kind of weights.
  const jobs = runs.flatMap((run, i) =>
    (run.config.bits === 32 ? settings.slice(0, 1) : settings).map((settings) => ({
      run,
      settings,
      label: `${labels[i]}${settings.on === "dequantized" && run.config.bits !== 32 ? " ŵ" : ""}`,
    })),
  );
  for (const { run, settings } of jobs) checkMeasurable(run, settings);
  const datasetOf = imagesOfRuns({ data, dataDir });
  progress.print(`${jobs.length} networks to measure (${deviceText(device.info)})`);
  const { stop } = signals;
  let measured: MeasuredRun[];
  try {
    const pieces = jobs.map((job) =>
      measuringPiece(job, {
        ...{ device, datasetOf, data, stop },
        onWait: (label) => progress.print(`${label}: ${waiting}`),
        said: ({ seconds }) => `measured in ${fixed(seconds, 1)} s`,
      }),
    );
    measured = await sideBySide(pieces, { workers, dataDir, stop, progress });
  } finally {
    progress.end();
    signals.dispose();
  }
  const done: Labelled[] = jobs.map(({ label, run }, i) => ({
    label,
    bits: run.config.bits,
    measured: measured[i]!,
  }));
  const { writeMeasures } = await import("../measuring/write.ts");
  const byRun = new Map(
    // With --on both, the latent weights.
    done
      .filter(({ measured }) => measured.settings.on === places[0])
      .map(({ measured }) => [measured.run, measured]),
  );
  const ranked = ranking(
    runs.map(({ result }) => result),
    columnsOf(byRun),
  );
  const written = await writeMeasures(done, ranked, out);
  console.log(json ? written.json.trimEnd() : text(done, ranked));
  progress.print(`searches: ${written.html}`);
}

/** Networks whose numbers are shown in a terminal. */
const inTerminal = 8;

/** Everything for a terminal. */
const text = (done: readonly Labelled[], ranked: readonly Ranked[]): string =>
  [
    // A line of a terminal has room for some columns only; the page has all of them.
    measuresText(done.slice(0, inTerminal)),
    ...(done.length > inTerminal ? [`The first ${inTerminal} of ${done.length} networks.`] : []),
    ...(ranked.length === 0 ? [] : ["", rankingText(ranked, 10), ""]),
    ...notesOf(done),
  ].join("\n");
