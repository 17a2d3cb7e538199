/**
 * What `qgen reproduce` trains: several runs at a time, in processes of one thread each, or one after the other in this one.
 *
 * @packageDocumentation
 */

import { existsSync } from "node:fs";
import { Complaint } from "../complaint.ts";
import type { RunConfig } from "../config.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Device } from "../device.ts";
import { followRun, type Progress } from "../progress.ts";
import type { RunResult } from "../result.ts";
import { Interrupted, run, runFolder, stoppedText } from "../run.ts";
import { createWorker, memoryShare, type Worker } from "../sweep/workers.ts";

export interface Job {
  /** What it is called in messages. */
  readonly label: string;
  readonly config: RunConfig;
  readonly dataset: Dataset;
}

export interface Training {
  /** Processes that train; one: this process does. */
  readonly workers: number;
  readonly device: Device;
  readonly dataDir: string | undefined;
  /** Folder of all runs. */
  readonly out: string;
  readonly stop: () => boolean;
  readonly progress: Progress;
}

/**
 * The results of all jobs, in their order. What is complete is not run again.
 *
 * @throws Interrupted where `stop` said so; Complaint where a run has failed. Every complete epoch is saved.
 */
export async function trainAll(jobs: readonly Job[], training: Training): Promise<RunResult[]> {
  const { workers, device, dataDir, out, stop, progress } = training;
  const results: RunResult[] = [];
  /** Share of each job that is done. */
  const done = jobs.map(() => 0);
  const show = (i: number, share: number, text: string): void => {
    done[i] = share;
    progress.update(done.reduce((a, b) => a + b) / jobs.length, `${jobs[i]!.label} · ${text}`);
  };

  async function here(i: number): Promise<void> {
    const { label, config, dataset } = jobs[i]!;
    const onEvent = followRun(config.epochs, config.batchSize, (share, text) => show(i, share, text));
    results[i] = await run(config, { device, dataset, out, existing: "resume", onEvent, stop });
    done[i] = 1;
    progress.print(lineOf(label, results[i]));
  }

  async function by(worker: Worker, i: number): Promise<void> {
    const { label, config } = jobs[i]!;
    const files = runFolder(out, config);
    if (!existsSync(files.result)) {
      const { epochs } = config;
      const onEpoch = (epoch: number): void => show(i, epoch / epochs, `epoch ${epoch}/${epochs}`);
      const outcome = await worker.run(config, out, onEpoch);
      if (outcome.type === "stopped") throw new Interrupted(stoppedText(files.folder));
      if (outcome.type !== "complete" && outcome.type !== "diverged")
        throw new Complaint(`${label}: ${outcome.reason}. To go on, give the same command again.`);
    }
    // Complete: this reads its result.
    await here(i);
  }

  const crew = Array.from({ length: workers > 1 ? Math.min(workers, jobs.length) : 0 }, () =>
    createWorker({ memory: memoryShare(workers), dataDir }),
  );
  const stopAll = (): void => {
    for (const worker of crew) worker.stop();
  };
  const look = setInterval(() => {
    if (stop()) stopAll();
  }, 50);
  const open = jobs.keys();
  const errors: unknown[] = [];
  const lane = async (train: (i: number) => Promise<void>): Promise<void> => {
    try {
      for (const i of open) await train(i);
    } catch (error) {
      // The others stop too; the first error is the cause.
      errors.push(error);
      stopAll();
    }
  };
  try {
    await Promise.all(crew.length === 0 ? [lane(here)] : crew.map((worker) => lane((i) => by(worker, i))));
    if (errors.length > 0) throw errors[0];
  } finally {
    clearInterval(look);
    for (const worker of crew) worker.end();
  }
  return results;
}

const lineOf = (label: string, { status, reason, train, test, gap, seconds }: RunResult): string =>
  status === "diverged"
    ? `${label}: diverged: ${reason}`
    : `${label}: train ${train.loss.toFixed(3)}, test ${test.loss.toFixed(3)}, gap ${gap.toFixed(3)} (${seconds.toFixed(0)} s)`;
