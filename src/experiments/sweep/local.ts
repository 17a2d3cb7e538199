/**
 * A sweep on this machine: some workers, each of which takes the next run that nobody has.
 *
 * @packageDocumentation
 */

import { setTimeout as sleep } from "node:timers/promises";
import { type RunConfig, runId } from "../config.ts";
import { attempt, type News } from "./attempt.ts";
import { type Claim, openClaims } from "./claim.ts";
import { failureOf, type SweepFolder } from "./folder.ts";
import type { LeaseOptions } from "./owner.ts";
import { busyShare, createWorker, type Worker } from "./workers.ts";

export interface LocalOptions {
  readonly workers: number;
  /** MB of each. */
  readonly memory: number;
  readonly dataDir: string | undefined;
  readonly leases: LeaseOptions;
  readonly tell: (news: News) => void;
}

export interface Sweep {
  /** Resolves when every run is complete or has failed, here or elsewhere, or after `stop`. */
  readonly done: Promise<void>;
  /** Saves what is complete, and ends. */
  stop(): void;
  /** Share of the workers' time that went into runs, 0 to 1; `null` where there are no workers. */
  busyShare(): number | null;
}

/**
 * Runs what is not complete. What cannot be completed is written down as a failure, and does not stop the others.
 *
 * `done` rejects with a Complaint where the folder can no longer be written to: everything that was saved stays.
 */
export function sweepLocally(
  folder: SweepFolder,
  configs: readonly RunConfig[],
  { workers, memory, dataDir, leases, tell }: LocalOptions,
): Sweep {
  const claims = openClaims(folder, leases);
  const crew = Array.from({ length: workers }, () => createWorker({ memory, dataDir }));
  const open = new Map(configs.map((config) => [runId(config), config]));
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    for (const worker of crew) worker.stop();
  };

  /** A run to do; `null` when there is none left, or this sweep has the last ones at work. */
  async function next(): Promise<Claim | null> {
    while (!stopped) {
      for (const [id, config] of open) {
        const claim = failureOf(folder, id) === undefined ? claims.claim(config) : "done";
        if (claim === "taken") continue;
        open.delete(id);
        if (claim !== "done") return claim;
      }
      if (open.size === 0) return null;
      // Others have the rest. They may die.
      await sleep(Math.min(1, leases.beat) * 1000);
    }
    return null;
  }

  async function lane(worker: Worker): Promise<void> {
    try {
      for (let claim = await next(); claim !== null; claim = await next())
        await attempt(folder, claim, worker, tell);
    } catch (error) {
      stop();
      throw error;
    } finally {
      worker.end();
    }
  }

  async function all(): Promise<void> {
    const ends = await Promise.allSettled(crew.map(lane));
    claims.dispose();
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }

  return { done: all(), stop, busyShare: () => busyShare(crew) };
}
