import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { partSize } from "../../nn/parts.ts";
import { architecture } from "../architectures.ts";
import { buildModel } from "../build.ts";
import { Complaint, explained } from "../complaint.ts";
import type { RunConfig } from "../config.ts";
import { loadDataset } from "../data/catalog.ts";
import type { Dataset } from "../data/dataset.ts";
import { type FolderDataset, folderIn, openImageFolder } from "../data/image-folder.ts";
import { deviceText } from "../device.ts";
import { environment } from "../environment.ts";
import { writeAtomic } from "../files.ts";
import { openDevice } from "../node-device.ts";
import { precisionOf } from "../precision.ts";
import { headOf } from "../pretrained.ts";
import { activationsOf, createProfiler, type Profiler, profileText } from "../profile.ts";
import { createProgress, followRun } from "../progress.ts";
import { readPretrained } from "../read-pretrained.ts";
import { listed } from "../report/format.ts";
import type { RunResult } from "../result.ts";
import { run, runFolder } from "../run.ts";
import { paperRecipe } from "../scales.ts";
import { openSources } from "../sources.ts";
import { teacherFrom } from "../teacher.ts";
import { checkedConfig, resolveData, stopOnSignal } from "./options.ts";
import { type TrainOptions, trainOptions, withPresets } from "./train-options.ts";

export const trainCommand = (): Command => trainOptions().action(trainAction);

/** The images, by the value of `--data`, and what the configuration says of them. */
async function openData({ data, dataDir, train, test, imageSize }: TrainOptions) {
  const pictures = folderIn(data);
  if (pictures !== undefined) {
    const dataset = openImageFolder(pictures, { train, test, size: imageSize });
    return { dataset, name: dataset.name, folder: { files: dataset.files, size: imageSize } };
  }
  const name = await resolveData(data, dataDir);
  return { dataset: await explained(loadDataset(name, { dir: dataDir, train, test })), name };
}

async function trainAction(this: Command, given: TrainOptions): Promise<void> {
  const { dataset, ...named } = await openData(given);
  const options = withPresets(given, named.name, this);
  const device = await openDevice(options.device, options.threads);
  const weights = options.weights === undefined ? undefined : readPretrained(options.weights);
  const { model, bits, epochs, seed, batchSize, optimizer, lr, momentum, weightDecay, gamma } = options;
  const { firstLast, mask, rounding, gradScale, stepFloor, decaySteps, activations } = options;
  const { sam, samAdaptive = false, samMoved, accumulate } = options;
  const { augment, labelSmoothing, schedule, warmup, minLr } = options;
  const { binReg } = options;
  const steps = schedule === "steps";
  const data = { ...named, train: dataset.train.count, test: dataset.test.count };
  const lesson =
    options.teacher === undefined
      ? undefined
      : teacherFrom(options.teacher, data, dataset, device.kernels, options.teacherTop);
  const config = checkedConfig({
    model,
    bits,
    policy: {
      ...{ firstLast, mask, rounding, gradScale, stepFloor, decaySteps },
      ...(options.firstStep === "mean" ? {} : { firstStep: options.firstStep }),
      ...(activations === undefined ? {} : { activations }),
    },
    data,
    epochs,
    batchSize,
    optimizer,
    lr,
    momentum,
    weightDecay,
    milestones: options.milestones ?? (steps ? paperRecipe(epochs).milestones : []),
    gamma,
    ...(steps ? {} : { schedule: { warmup, floor: minLr } }),
    ...(augment === "none" ? {} : { augment }),
    ...(labelSmoothing === undefined ? {} : { labelSmoothing }),
    ...(binReg === undefined ? {} : { binReg }),
    ...(lesson === undefined ? {} : { teacher: lesson.config }),
    ...(sam === undefined ? {} : { sam: { rho: sam, adaptive: samAdaptive, moved: samMoved } }),
    ...(weights === undefined ? {} : { weights: weights.sha256 }),
    ...(options.newHead === undefined ? {} : { newHead: true }),
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
  const needed = profiler && (await neededBytes(profiler, config, dataset, images));

  const progress = createProgress(process.stderr);
  const signals = stopOnSignal();
  progress.print(`${config.model} ${precisionOf(config)} on ${dataset.source} (${deviceText(device.info)})`);
  if (weights !== undefined) {
    const head = headOf(
      architecture(config.model, { image: dataset.shape, classes: dataset.classes.length }),
    );
    progress.print(
      `first weights from ${weights.path}${config.newHead ? `, but for ${listed(head)}, which are drawn` : ""}`,
    );
  }
  try {
    profiler?.start();
    const result = await run(config, {
      device: { ...device, kernels: profiler?.kernels ?? device.kernels },
      dataset,
      weights,
      teacher: lesson?.teacher,
      out: options.out,
      existing: options.restart ? "restart" : options.resume ? "resume" : "refuse",
      onEvent: followRun(epochs, batchSize, progress.update),
      onUnreadable: ({ file, reason }) => progress.print(`left out: ${file} cannot be read (${reason})`),
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

async function neededBytes(
  profiler: Profiler,
  config: RunConfig,
  dataset: Dataset | FolderDataset,
  images: number,
): Promise<number> {
  const sources = openSources(dataset, undefined, () => undefined);
  try {
    return await activationsOf(profiler, buildModel(config, dataset), sources.train, images);
  } finally {
    await sources.close();
  }
}

function summary(
  { config, selectedEpoch, train, test, gap, norms, seconds }: RunResult,
  folder: string,
): string {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  return [
    `${config.model} ${precisionOf(config)}, weights of epoch ${selectedEpoch} (lowest training loss)`,
    `  train  loss ${train.loss.toFixed(4)}  accuracy ${percent(train.accuracy)}`,
    `  test   loss ${test.loss.toFixed(4)}  accuracy ${percent(test.accuracy)}`,
    `  gap    ${gap.toFixed(4)}   ‖w‖ ${norms.weights.toFixed(3)}   ‖ŵ‖ ${norms.quantized.toFixed(3)}`,
    `  ${seconds.toFixed(0)} s, ${folder}`,
  ].join("\n");
}
