/**
 * How a trained network does on corrupted images, kept in the folder of its run: `robustness/HASH.cells.jsonl` with every
 * corruption and severity as it is done, and `HASH.json` with the whole.
 *
 * @packageDocumentation
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { generalizationGap } from "../../measures/gap.ts";
import { evaluate } from "../../nn/evaluate.ts";
import type { ImageSource } from "../../nn/images.ts";
import type { Metrics } from "../../nn/metrics.ts";
import { buildModel } from "../build.ts";
import { fingerprint } from "../checkpoint.ts";
import type { CorruptionName, Severity } from "../corruptions/constants.ts";
import type { ImageKind } from "../data/dataset.ts";
import type { Device } from "../device.ts";
import { type Environment, environment } from "../environment.ts";
import { writeAtomic } from "../files.ts";
import { openJournal } from "../journal.ts";
import { hashOf } from "../measuring/settings.ts";
import { Interrupted } from "../run.ts";
import { loadWeights, type TrainedRun } from "../trained.ts";
import type { CorruptedImages } from "./images.ts";
import { degenerateNote } from "./summary.ts";

/** A network on one corruption at one severity. */
export interface Cell extends Metrics {
  readonly corruption: CorruptionName;
  readonly severity: Severity;
  /** Loss on the corrupted test images minus loss on the clean training images. */
  readonly gap: number;
}

export interface RobustRun {
  /** Id of the run. */
  readonly run: string;
  /** Where the corrupted images are from, in words. */
  readonly source: string;
  /** Test images of each corruption and severity. */
  readonly images: number;
  readonly classes: number;
  /** On clean images: all that the run was trained with, and those that were corrupted, or all of its test images. */
  readonly train: Metrics;
  readonly clean: Metrics;
  readonly cells: readonly Cell[];
  /** Why small gaps of this network mean nothing; `null` where it has learned something. */
  readonly degenerate: string | null;
  readonly seconds: number;
  readonly environment: Environment;
}

export interface RobustnessRequest {
  readonly run: TrainedRun;
  /** What the network of the run is for. */
  readonly dataset: ImageKind;
  readonly device: Device;
  readonly images: CorruptedImages;
  readonly names: readonly CorruptionName[];
  readonly severities: readonly Severity[];
  readonly stop?: () => boolean;
  /** @param done - cells that are done, of all */
  readonly onCell?: (name: CorruptionName, severity: Severity, done: number, of: number) => void;
}

/** A line of the journal: severity 0 is the clean images. */
interface Line extends Metrics {
  readonly corruption: CorruptionName | "clean";
  readonly severity: Severity | 0;
}

function lineIn(value: unknown): Line | null {
  const { corruption, severity, loss, accuracy } = (value ?? {}) as Partial<Line>;
  const whole =
    typeof corruption === "string" &&
    typeof severity === "number" &&
    typeof accuracy === "number" &&
    loss !== undefined;
  // JSON has no infinity: a loss that was not finite has become null.
  return whole ? { corruption, severity, loss: loss ?? Number.POSITIVE_INFINITY, accuracy } : null;
}

/**
 * The network of a run on corrupted images. What was evaluated before is not evaluated again.
 *
 * @throws Interrupted where `stop` said so; Complaint where the weights cannot be read or nothing can be written
 * @implements QGen.tab.4
 * @implements QGen.tab.5
 * @implements QGen.tab.6
 */
export async function measureRobustness(request: RobustnessRequest): Promise<RobustRun> {
  const { run, dataset, device, images, names, severities, stop, onCell } = request;
  const { count, clean, identity, source } = images;
  const weights = loadWeights(run, dataset, device.kernels);
  const who = {
    run: run.result.id,
    weights: fingerprint(weights),
    kernels: device.kernels.name,
    images: identity,
  };
  const file = (of: object, ending: string): string =>
    join(run.folder, "robustness", `${hashOf(of)}.${ending}`);
  const path = file({ ...who, names, severities }, "json");
  if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as RobustRun;

  const began = performance.now();
  const journal = openJournal<Line>(file(who, "cells.jsonl"), who, lineIn);
  const key = ({ corruption, severity }: Pick<Line, "corruption" | "severity">): string =>
    `${corruption}/${severity}`;
  const done = new Map(journal.entries.map((line) => [key(line), line]));
  const model = buildModel(run.config, dataset);
  const metricsOf = async (
    corruption: Line["corruption"],
    severity: Line["severity"],
    images: () => ImageSource,
  ): Promise<Metrics> => {
    const known = done.get(key({ corruption, severity }));
    if (known !== undefined) return { loss: known.loss, accuracy: known.accuracy };
    const { loss, accuracy } = await evaluate(model, weights, images(), run.config.batchSize);
    journal.add({ corruption, severity, loss, accuracy });
    // Signals are only heard between two turns of the event loop.
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (stop?.())
      throw new Interrupted(
        `stopped; every corruption that is done is saved in ${file(who, "cells.jsonl")}. To go on, give the same command again.`,
      );
    return { loss, accuracy };
  };

  const { train, test } = run.result;
  const onClean = clean === null ? test : await metricsOf("clean", 0, () => clean);
  const cells: Cell[] = [];
  for (const corruption of names)
    for (const severity of severities) {
      const metrics = await metricsOf(corruption, severity, () => images.at(corruption, severity));
      cells.push({ corruption, severity, ...metrics, gap: generalizationGap(train, metrics) });
      onCell?.(corruption, severity, cells.length, names.length * severities.length);
    }
  const classes = dataset.classes.length;
  const result: RobustRun = {
    run: run.result.id,
    source,
    images: count,
    classes,
    train,
    clean: onClean,
    cells,
    degenerate: degenerateNote({ train, classes, cells }),
    seconds: Math.round((performance.now() - began) / 10) / 100,
    environment: environment(device),
  };
  writeAtomic(path, `${JSON.stringify(result, null, 2)}\n`);
  return result;
}
