import { existsSync } from "node:fs";
import { join } from "node:path";
import { Command, Option } from "commander";
import { partSize } from "../../nn/parts.ts";
import { modelForms } from "../architectures.ts";
import { buildImages, buildModel } from "../build.ts";
import { Complaint, explained } from "../complaint.ts";
import { loadDataset } from "../data/catalog.ts";
import { type DeviceName, deviceNames, deviceText } from "../device.ts";
import { environment } from "../environment.ts";
import { writeAtomic } from "../files.ts";
import { openDevice } from "../node-device.ts";
import { precisionName } from "../precision.ts";
import { readPretrained } from "../pretrained.ts";
import { activationsOf, createProfiler, profileText } from "../profile.ts";
import { createProgress, followRun } from "../progress.ts";
import type { RunResult } from "../result.ts";
import { run, runFolder } from "../run.ts";
import { paperRecipe } from "../scales.ts";
import { checkedConfig, number, numbers, resolveData, stopOnSignal, threadsOption } from "./options.ts";

interface Options {
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
  milestones?: number[];
  gamma: number;
  firstLast: string;
  mask: string;
  rounding: string;
  gradScale: string;
  stepFloor: number;
  decaySteps: boolean;
  sam?: number;
  samAdaptive?: true;
  samMoved: string;
  accumulate: number;
  device: DeviceName;
  threads?: number;
  weights?: string;
  dataDir?: string;
  out: string;
  resume?: true;
  restart?: true;
  profile?: true;
  json?: true;
}

export const trainCommand = (): Command =>
  new Command("train")
    .description(
      "Train one network, quantization-aware or in float. The run is a folder, and can be resumed.",
    )
    .option("--model <name>", `architecture: ${modelForms}`, "nin:2x1")
    .option("--bits <bits>", "bits of the weights, 2 to 8; 32 for float", number, 4)
    .option("--data <name>", "auto, cifar10, cifar100, fashion-mnist or synthetic", "auto")
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
    .option("--first-last <how>", "bits of the first and last layer: same, 8bit or float", "same")
    .option("--mask <which>", "weights that pass the gradient: inside, strict or rounded", "inside")
    .option("--rounding <ties>", "half-even or half-away", "half-even")
    .option("--grad-scale <how>", "scale of the step's gradient: lsq or none", "lsq")
    .option("--step-floor <s>", "least step size", number, 1e-8)
    .option("--no-decay-steps", "no weight decay on the steps")
    .option("--sam <rho>", "sharpness-aware minimization: look so far for the worst point, as 0.05", number)
    .option("--sam-adaptive", "measure that distance in units of each weight")
    .option("--sam-moved <which>", "what is moved to the worst point: weights or all", "weights")
    .option("--weights <file>", "first weights, as torchvision and timm publish them (safetensors)")
    .option(
      "--accumulate <k>",
      "pass each batch in so many parts, one after the other, to save memory",
      number,
      1,
    )
    .addOption(new Option("--device <name>", "kernels").choices(deviceNames).default("auto"))
    .addOption(threadsOption())
    .option("--data-dir <dir>", "where data sets are (default: $QGEN_DATA, else ./data)")
    .option("--out <dir>", "folder of all runs", "runs")
    .addOption(new Option("--resume", "go on with a run that was stopped").conflicts("restart"))
    .option("--restart", "begin the run again")
    .option("--profile", "tell at the end where time and memory went (also in profile.json)")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  qgen train --model nin:2x2 --bits 4 --data cifar10 --train 5000 --test 2000 --epochs 30",
    )
    .action(trainAction);

async function trainAction(options: Options): Promise<void> {
  const name = await resolveData(options.data, options.dataDir);
  const loading = loadDataset(name, {
    dir: options.dataDir,
    train: options.train,
    test: options.test,
  });
  const dataset = await explained(loading);
  const device = await openDevice(options.device, options.threads);
  const weights = options.weights === undefined ? undefined : readPretrained(options.weights);
  const { model, bits, epochs, seed, batchSize, optimizer, lr, momentum, weightDecay, gamma } = options;
  const { firstLast, mask, rounding, gradScale, stepFloor, decaySteps } = options;
  const { sam, samAdaptive = false, samMoved, accumulate } = options;
  const config = checkedConfig({
    model,
    bits,
    policy: { firstLast, mask, rounding, gradScale, stepFloor, decaySteps },
    data: { name, train: dataset.train.count, test: dataset.test.count },
    epochs,
    batchSize,
    optimizer,
    lr,
    momentum,
    weightDecay,
    milestones: options.milestones ?? paperRecipe(epochs).milestones,
    gamma,
    ...(sam === undefined ? {} : { sam: { rho: sam, adaptive: samAdaptive, moved: samMoved } }),
    ...(weights === undefined ? {} : { weights: weights.sha256 }),
    ...(accumulate === 1 ? {} : { accumulate }),
    seed,
    kernels: device.kernels.name,
  });

  const { folder, result: complete } = runFolder(options.out, config);
  if (options.profile && existsSync(complete) && !options.restart)
    throw new Complaint(
      `there is nothing to profile, since this run is complete (${folder}). Add --restart to begin again.`,
    );
  const profiler = options.profile && createProfiler(device.kernels, () => performance.now());
  const images = partSize(batchSize, accumulate);
  const needed =
    profiler &&
    (await activationsOf(profiler, buildModel(config, dataset), buildImages(dataset).train, images));

  const progress = createProgress(process.stderr);
  const signals = stopOnSignal();
  progress.print(`${config.model} ${precisionName(bits)} on ${dataset.source} (${deviceText(device.info)})`);
  try {
    profiler?.start();
    const result = await run(config, {
      device: { ...device, kernels: profiler?.kernels ?? device.kernels },
      dataset,
      weights,
      out: options.out,
      existing: options.restart ? "restart" : options.resume ? "resume" : "refuse",
      onEvent: followRun(epochs, batchSize, progress.update),
      stop: signals.stop,
    });
    progress.end();
    if (result.status === "diverged") throw new Complaint(result.reason ?? "the run diverged");
    console.log(options.json ? JSON.stringify(result, null, 2) : summary(result, folder));
    if (profiler === undefined || needed === undefined) return;
    const profile = profiler.profile(needed);
    const text = { ...profile, environment: environment(device) };
    writeAtomic(join(folder, "profile.json"), `${JSON.stringify(text, null, 2)}\n`);
    (options.json ? console.error : console.log)(`\n${profileText(profile)}`);
  } finally {
    signals.dispose();
  }
}

function summary(
  { config, selectedEpoch, train, test, gap, norms, seconds }: RunResult,
  folder: string,
): string {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  return [
    `${config.model} ${precisionName(config.bits)}, weights of epoch ${selectedEpoch} (lowest training loss)`,
    `  train  loss ${train.loss.toFixed(4)}  accuracy ${percent(train.accuracy)}`,
    `  test   loss ${test.loss.toFixed(4)}  accuracy ${percent(test.accuracy)}`,
    `  gap    ${gap.toFixed(4)}   ‖w‖ ${norms.weights.toFixed(3)}   ‖ŵ‖ ${norms.quantized.toFixed(3)}`,
    `  ${seconds.toFixed(0)} s, ${folder}`,
  ].join("\n");
}
