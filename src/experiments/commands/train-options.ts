/**
 * What `qgen train` may be told, and the values of what it is not.
 *
 * @packageDocumentation
 */

import { Command, Option } from "commander";
import { modelForms } from "../architectures.ts";
import { type DeviceName, deviceNames } from "../device.ts";
import { methodNames, methods, recipeNames, recipes } from "../recipes.ts";
import { number, numbers, threadsOption } from "./options.ts";

export interface TrainOptions {
  model: string;
  bits: number;
  data: string;
  train?: number;
  test?: number;
  epochs: number;
  seed: number;
  batchSize: number;
  optimizer: string;
  lr: number;
  momentum: number;
  weightDecay: number;
  milestones?: readonly number[];
  gamma: number;
  schedule: "steps" | "cosine";
  warmup: number;
  minLr: number;
  augment: string;
  labelSmoothing?: number;
  recipe?: keyof typeof recipes;
  firstLast: string;
  mask: string;
  rounding: string;
  gradScale: string;
  firstStep: string;
  stepFloor: number;
  method: keyof typeof methods;
  activations?: number;
  binReg?: number;
  teacher?: string;
  teacherTop?: number;
  decaySteps: boolean;
  sam?: number;
  samAdaptive?: true;
  samMoved: string;
  accumulate: number;
  device: DeviceName;
  threads?: number;
  weights?: string;
  newHead?: true;
  imageSize: number;
  dataDir?: string;
  out: string;
  resume?: true;
  restart?: true;
  profile?: true;
  json?: true;
}

/** The command, without what it does. */
export const trainOptions = (): Command =>
  new Command("train")
    .description(
      "Train one network, quantization-aware or in float. The run is a folder, and can be resumed.",
    )
    .option("--model <name>", `architecture: ${modelForms}`, "nin:2x1")
    .option("--bits <bits>", "bits of the weights, 2 to 8; 32 for float", number, 4)
    .option("--data <name>", "auto, cifar10, cifar100, fashion-mnist, synthetic or imagenet:FOLDER", "auto")
    .option("--train <n>", "use the first n training images (default: all, 2000 of synthetic)", number)
    .option("--test <n>", "use the first n test images (default: all, 1000 of synthetic)", number)
    .option("--epochs <n>", "epochs", number, 30)
    .option("--seed <n>", "seed of the first weights and of the order of images", number, 0)
    .option("--batch-size <n>", "images in a step", number, 128)
    .option("--optimizer <name>", "sgd, adam, adamw or rmsprop", "sgd")
    .option("--lr <rate>", "learning rate", number, 0.1)
    .option("--momentum <factor>", "momentum of sgd and rmsprop", number, 0.9)
    .option("--weight-decay <factor>", "weight decay", number, 1e-4)
    .option(
      "--milestones <epochs>",
      "epochs at which the rate drops, as 10,20 (default: at 1/3 and 2/3)",
      numbers,
    )
    .option("--gamma <factor>", "factor of each drop", number, 0.1)
    .addOption(
      new Option("--schedule <name>", "how the rate falls").choices(["steps", "cosine"]).default("steps"),
    )
    .option("--warmup <n>", "epochs in which the rate rises, before a cosine", number, 0)
    .option("--min-lr <rate>", "where a cosine ends", number, 0)
    .option("--augment <how>", "none, crop-flip (CIFAR) or resized-crop-flip (ImageNet)", "none")
    .option(
      "--label-smoothing <share>",
      "share of the target that is spread over all classes, as 0.1",
      number,
    )
    .addOption(
      new Option("--recipe <name>", "values for the options of training that are not given").choices(
        recipeNames,
      ),
    )
    .option("--first-last <how>", "bits of the first and last layer: same, 8bit or float", "same")
    .option("--mask <which>", "weights that pass the gradient: inside, strict or rounded", "inside")
    .option("--rounding <ties>", "half-even or half-away", "half-even")
    .option("--grad-scale <how>", "scale of the step's gradient: lsq, l1 (VVTQ) or none", "lsq")
    .addOption(
      new Option("--first-step <how>", "first step of weights: 2 mean|w| / √qp, or of least squared error")
        .choices(["mean", "mse"])
        .default("mean"),
    )
    .option("--step-floor <s>", "least step size", number, 1e-8)
    .option("--no-decay-steps", "no weight decay on the steps")
    .addOption(
      new Option("--method <name>", "values for the options of quantization that are not given")
        .choices(methodNames)
        .default("lsq"),
    )
    .option("--activations <bits>", "bits of what arrives at each layer (default: float)", number)
    .option("--bin-reg <weight>", "bin regularization, after its ramp, as 0.01", number)
    .option("--teacher <run>", "learn the probabilities of the network of that run, not labels")
    .option("--teacher-top <k>", "only its k largest ones for each image; the rest is spread evenly", number)
    .option("--sam <rho>", "sharpness-aware minimization: look so far for the worst point, as 0.05", number)
    .option("--sam-adaptive", "measure that distance in units of each weight")
    .option("--sam-moved <which>", "what is moved to the worst point: weights or all", "weights")
    .option("--weights <file>", "first weights, as torchvision and timm publish them (safetensors)")
    .option("--new-head", "but for the last layer, which is drawn: for other classes than those of the file")
    .option(
      "--accumulate <k>",
      "pass each batch in so many parts, one after the other, to save memory",
      number,
      1,
    )
    .addOption(new Option("--device <name>", "kernels").choices(deviceNames).default("auto"))
    .addOption(threadsOption())
    .option(
      "--image-size <pixels>",
      "side of what the network sees of a picture of imagenet:FOLDER",
      number,
      224,
    )
    .option("--data-dir <dir>", "where data sets are (default: $QGEN_DATA, else ./data)")
    .option("--out <dir>", "folder of all runs", "runs")
    .addOption(new Option("--resume", "go on with a run that was stopped").conflicts("restart"))
    .option("--restart", "begin the run again")
    .option("--profile", "tell at the end where time and memory went (also in profile.json)")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  qgen train --model nin:2x2 --bits 4 --data cifar10 --train 5000 --test 2000 --epochs 30",
    );

/** The options, with those that were not given taken from the recipe and from the method. */
export function withPresets(options: TrainOptions, data: string, command: Command): TrainOptions {
  const given = (name: string): boolean => command.getOptionValueSource(name) === "cli";
  const epochs = given("epochs") ? options.epochs : undefined;
  const { binReg, ...method } = methods[options.method];
  const presets = {
    ...method,
    ...(binReg === undefined || options.bits === 32 ? {} : { binReg }),
    ...(options.recipe === undefined ? {} : recipes[options.recipe](data, epochs)),
  };
  const filled = Object.entries(presets).filter(([name]) => !given(name));
  return { ...options, ...Object.fromEntries(filled) };
}
