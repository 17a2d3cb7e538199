import { join } from "node:path";
import { Command, Option } from "commander";
import { Complaint, explained } from "../complaint.ts";
import {
  type ConstantsName,
  type CorruptionName,
  constantsNames,
  severities,
} from "../corruptions/constants.ts";
import { choicesSchema } from "../corruptions/corruption.ts";
import { type Manner, pictureAt, type Watch, writeCorrupted } from "../corruptions/folder.ts";
import { firstPhotographs, writePhotographs } from "../corruptions/photographs.ts";
import type { Picture } from "../corruptions/picture.ts";
import { corrupting, corruptingPhotographs, namesIn } from "../corruptions/request.ts";
import { contactSheet } from "../corruptions/sheet.ts";
import { loadDataset } from "../data/catalog.ts";
import type { Unreadable } from "../data/folder-images.ts";
import { classesIn, folderIn, splitOf } from "../data/image-folder.ts";
import { writeAtomic } from "../files.ts";
import { createProgress } from "../progress.ts";
import { number, resolveData, stopOnSignal, wholeNumber } from "./options.ts";

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
  imageSize: number;
  dataDir?: string;
  out?: string;
  sheet?: string;
}

export const corruptCommand = (): Command =>
  withCorruptionOptions(
    new Command("corrupt")
      .description(
        "Corrupted test images: of CIFAR in the format of CIFAR-10-C and CIFAR-100-C, a .npy for each corruption, five severities each; of photographs as ImageNet-C has them. A command that was stopped goes on where it was.",
      )
      .option("--data <name>", "auto, cifar10, cifar100, synthetic, or imagenet:FOLDER (its val)", "auto")
      .option(
        "--images <n>",
        "the first n test images, of photographs n at equal distances (default: all)",
        number,
      )
      .option("--image-size <pixels>", "side of a corrupted photograph", number, 224)
      .option("--corruptions <names>", "all (19), common (the 15 of the tables), or names", "all"),
  )
    .option("--data-dir <dir>", "where data sets are (default: $QGEN_DATA, else ./data)")
    .option("--out <dir>", "folder of the .npy files, or of CORRUPTION/SEVERITY/CLASS")
    .option("--sheet <file>", "draw all corruptions by severity as a PNG")
    .addHelpText(
      "after",
      "\nExample:\n  qgen corrupt --data cifar100 --out CIFAR-100-C\n  qgen corrupt --sheet corruptions.png",
    )
    .action(corruptAction);

async function corruptAction(options: Options): Promise<void> {
  const { out, sheet } = options;
  if (out === undefined && sheet === undefined)
    throw new Complaint("expected --out DIR for the images, or --sheet FILE for a picture of them", 2);
  const names = namesIn(options.corruptions);
  const progress = createProgress(process.stderr);
  const onUnreadable = ({ file, reason }: Unreadable): void =>
    progress.print(`left out: ${file} (${reason})`);
  const { recipe, setting, rng, source, few, write } =
    folderIn(options.data) === undefined
      ? await ofDataset(options)
      : await ofPhotographs(options, onUnreadable);
  if (names.includes("frost")) progress.print(`frost: ${recipe.ice.source}`);
  if (sheet !== undefined) {
    writeAtomic(sheet, await contactSheet(names, await few(), setting, rng));
    console.log(sheet);
  }
  if (out === undefined) return;
  const signals = stopOnSignal();
  progress.print(`${names.length} corruptions of ${recipe.images} images (${source})`);
  try {
    const said = await write(out, names, {
      stop: signals.stop,
      onPicture: (name, done, of) =>
        progress.update(
          (names.indexOf(name) + done / of) / names.length,
          `${name} · ${done} of ${of} pictures`,
        ),
    });
    progress.end();
    console.log(said);
  } finally {
    progress.end();
    signals.dispose();
  }
}

/** Images that are to be corrupted. */
interface Work extends Manner {
  readonly source: string;
  /** For the sheet. */
  few(): Promise<readonly Picture[]>;
  /** @returns what was done, in a sentence */
  write(out: string, names: readonly CorruptionName[], watch: Watch): Promise<string>;
}

async function ofDataset(options: Options): Promise<Work> {
  const name = await resolveData(options.data, options.dataDir);
  const dataset = await explained(loadDataset(name, { dir: options.dataDir, train: 0 }));
  const work = await corrupting(dataset, options.images, corruptionOptions(options));
  const { clean, shape } = work;
  return {
    ...work,
    source: dataset.source,
    few: async () => Array.from({ length: Math.min(FEW, clean.count) }, (_, i) => pictureAt(clean, shape, i)),
    async write(out, names, watch) {
      const { length } = await writeCorrupted(out, names, work, watch);
      return `${length} files of ${5 * clean.count} images made in ${out}${alsoThere(names.length - length)}`;
    },
  };
}

async function ofPhotographs(options: Options, onUnreadable: (found: Unreadable) => void): Promise<Work> {
  const folder = join(folderIn(options.data)!, "val");
  const test = splitOf(folder, classesIn(folder), undefined);
  const size = wholeNumber("--image-size", options.imageSize);
  const work = await corruptingPhotographs({ test, size }, options.images, corruptionOptions(options));
  return {
    ...work,
    source: `${folder}, seen as ${size}x${size}`,
    few: () => firstPhotographs(work, FEW, onUnreadable),
    async write(out, names, watch) {
      const { made, there } = await writePhotographs(out, names, severities, work, {
        ...watch,
        onUnreadable,
      });
      return `${made} pictures made in ${out}${alsoThere(there)}`;
    },
  };
}

/** Pictures on a sheet. */
const FEW = 4;

const alsoThere = (there: number): string => (there === 0 ? "" : `, ${there} were there`);
