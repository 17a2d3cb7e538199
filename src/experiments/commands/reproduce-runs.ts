/**
 * What `qgen reproduce` trains, as pieces of work.
 *
 * @packageDocumentation
 */

import { existsSync } from "node:fs";
import type { RunConfig } from "../config.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Device } from "../device.ts";
import { followRun } from "../progress.ts";
import type { RunResult } from "../result.ts";
import { run, runFolder } from "../run.ts";
import type { Piece } from "../side-by-side.ts";

export interface TrainingOptions {
  readonly device: Device;
  /** Folder of all runs. */
  readonly out: string;
  readonly stop: () => boolean;
}

/** A run that is gone on with where an earlier one has ended. */
export const trainingPiece = (
  label: string,
  config: RunConfig,
  dataset: Dataset,
  { device, out, stop }: TrainingOptions,
): Piece<RunResult> => ({
  label,
  task: { type: "run", config, out },
  done: () => existsSync(runFolder(out, config).result),
  here: (show) => {
    const onEvent = followRun(config.epochs, config.batchSize, show);
    return run(config, { device, dataset, out, existing: "resume", onEvent, stop });
  },
  said: ({ status, reason, train, test, gap, seconds }) =>
    status === "diverged"
      ? `diverged: ${reason}`
      : `train ${train.loss.toFixed(3)}, test ${test.loss.toFixed(3)}, gap ${gap.toFixed(3)} (${seconds.toFixed(0)} s)`,
});
