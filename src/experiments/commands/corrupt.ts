import { Command, Option } from "commander";
import { Complaint, explained } from "../complaint.ts";
import { type ConstantsName, constantsNames } from "../corruptions/constants.ts";
import { choicesSchema } from "../corruptions/corruption.ts";
import { pictureAt, writeCorrupted } from "../corruptions/folder.ts";
import { corrupting, namesIn } from "../corruptions/request.ts";
import { contactSheet } from "../corruptions/sheet.ts";
import { loadDataset } from "../data/catalog.ts";
import { writeAtomic } from "../files.ts";
import { createProgress } from "../progress.ts";
import { number, resolveData, stopOnSignal } from "./options.ts";

export interface CorruptionFlags {
  constants?: ConstantsName;
  frost?: string;
  glass: string;
  elastic: string;
  frosts: string;
  seed: number;
}

/** The options of all commands that make corrupted images. */
export const withCorruptionOptions = (command: Command): Command =>
  command
    .addOption(
      new Option(
        "--constants <set>",
        "strengths for small pictures or for photographs (default: by the size of the images)",
      ).choices([...constantsNames]),
    )
    .option("--frost <dir>", "folder of frost1.png to frost6.jpg (default: ice that is drawn here)")
    .addOption(new Option("--glass <how>", "frosted glass").choices(["copy", "swap"]).default("copy"))
    .addOption(
      new Option("--elastic <side>", "unit of elastic constants")
        .choices(["published", "exact"])
        .default("published"),
    )
    .addOption(new Option("--frosts <n>", "textures of ice that are used").choices(["5", "6"]).default("5"))
    .option("--seed <n>", "seed of the random corruptions", number, 0);

/** The options as `corrupting` wants them. */
export const corruptionOptions = ({ constants, frost, glass, elastic, frosts, seed }: CorruptionFlags) => ({
  choices: choicesSchema.parse({ glass, elastic, frosts: Number(frosts) }),
  seed,
  frost,
  constants,
});

interface Options extends CorruptionFlags {
  data: string;
  images?: number;
  corruptions: string;
  dataDir?: string;
  out?: string;
  sheet?: string;
}

export const corruptCommand = (): Command =>
  withCorruptionOptions(
    new Command("corrupt")
      .description(
        "Corrupted test images in the format of CIFAR-10-C and CIFAR-100-C: a .npy for each corruption, five severities each. A command that was stopped goes on where it was.",
      )
      .option("--data <name>", "auto, cifar10, cifar100 or synthetic", "auto")
      .option("--images <n>", "the first n test images (default: all)", number)
      .option("--corruptions <names>", "all (19), common (the 15 of the tables), or names", "all"),
  )
    .option("--data-dir <dir>", "where data sets are (default: $QGEN_DATA, else ./data)")
    .option("--out <dir>", "folder of the .npy files")
    .option("--sheet <file>", "draw all corruptions by severity as a PNG")
    .addHelpText(
      "after",
      "\nExample:\n  qgen corrupt --data cifar100 --out CIFAR-100-C\n  qgen corrupt --sheet corruptions.png",
    )
    .action(corruptAction);

async function corruptAction(options: Options): Promise<void> {
  const { out, sheet, images } = options;
  if (out === undefined && sheet === undefined)
    throw new Complaint("expected --out DIR for the images, or --sheet FILE for a picture of them", 2);
  const names = namesIn(options.corruptions);
  const name = await resolveData(options.data, options.dataDir);
  const dataset = await explained(loadDataset(name, { dir: options.dataDir, train: 0 }));
  const work = await corrupting(dataset, images, corruptionOptions(options));
  const { clean, recipe, setting, rng } = work;
  const { shape, source } = dataset;
  const progress = createProgress(process.stderr);
  if (names.includes("frost")) progress.print(`frost: ${recipe.ice.source}`);
  if (sheet !== undefined) {
    const few = Array.from({ length: Math.min(4, clean.count) }, (_, i) => pictureAt(clean, shape, i));
    writeAtomic(sheet, await contactSheet(names, few, setting, rng));
    console.log(sheet);
  }
  if (out === undefined) return;
  const signals = stopOnSignal();
  progress.print(`${names.length} corruptions of ${clean.count} images (${source})`);
  try {
    const made = await writeCorrupted(out, names, work, {
      stop: signals.stop,
      onPicture: (name, done, of) =>
        progress.update(
          (names.indexOf(name) + done / of) / names.length,
          `${name} · ${done} of ${of} pictures`,
        ),
    });
    progress.end();
    const there = names.length - made.length;
    console.log(
      `${made.length} files of ${5 * clean.count} images made in ${out}${there === 0 ? "" : `, ${there} were there`}`,
    );
  } finally {
    progress.end();
    signals.dispose();
  }
}
