/**
 * A sweep on this machine: some workers, each of which takes the next run that nobody has.
 *
 * @packageDocumentation
 */

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Complaint } from "../complaint.ts";
import { type RunConfig, runId } from "../config.ts";
import { type Claim, type LeaseOptions, leaseDefaults, openClaims } from "./claim.ts";
import { failureOf, publish, resultIn, type SweepFolder, writeFailure } from "./folder.ts";
import { createWorker, type Outcome, type Worker } from "./workers.ts";

/** So often may the worker of a run die before the run has got an epoch further. */
export const deathsAllowed = 5;

/** What happened to a run, to be told. */
export interface News {
  readonly id: string;
  readonly what: "begun" | "epoch" | "again" | Outcome["type"];
  readonly reason?: string;
  readonly epoch?: number;
}

export interface LocalOptions {
  readonly workers: number;
  /** MB of each. */
  readonly memory: number;
  readonly dataDir: string | undefined;
  readonly tell?: (news: News) => void;
  readonly leases?: LeaseOptions;
}

export interface LocalSweep {
  /** Resolves when every run is complete or has failed, here or elsewhere, or after `stop`. */
  readonly done: Promise<void>;
  /** Saves what is complete, and ends. */
  stop(): void;
  /** Share of the workers' time that went into runs, 0 to 1; `null` before there was any. */
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
  { workers, memory, dataDir, tell = () => {}, leases = leaseDefaults }: LocalOptions,
): LocalSweep {
  const claims = openClaims(folder, leases);
  const crew = Array.from({ length: workers }, () => createWorker({ memory, dataDir }));
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    for (const worker of crew) worker.stop();
  };

  const open = new Map(configs.map((config) => [runId(config), config]));
  /** A run to do; `null` when there is none left, or somebody else of this sweep has the last ones. */
  async function next(): Promise<Claim | null> {
    while (!stopped) {
      let others = 0;
      for (const [id, config] of open) {
        if (failureOf(folder, id) !== undefined) {
          open.delete(id);
          continue;
        }
        const claim = claims.claim(config);
        if (claim === "taken") others++;
        else {
          open.delete(id);
          if (claim !== "done") return claim;
        }
      }
      if (others === 0) return null;
      await sleep(Math.min(1, leases.beat) * 1000);
    }
    return null;
  }

  async function settle(claim: Claim, outcome: Outcome): Promise<void> {
    const id = runId(claim.config);
    const from = join(claim.out, id);
    switch (outcome.type) {
      case "complete":
      case "diverged": {
        const result = resultIn(from, claim.config);
        if (typeof result !== "string") publish(folder, from);
        else if (claim.held()) writeFailure(folder, { id, reason: result });
        claim.release(typeof result !== "string");
        break;
      }
      case "failed":
      case "died":
        if (claim.held()) writeFailure(folder, { id, reason: outcome.reason });
        claim.release(false);
        break;
      case "stopped":
        claim.release(false);
        break;
      case "cannot write":
        throw new Complaint(`${outcome.reason} The sweep has stopped; give the same command again to go on.`);
    }
    tell({ id, what: outcome.type, ...("reason" in outcome ? { reason: outcome.reason } : {}) });
  }

  /** The run, and again where its worker has died. */
  async function attempt(worker: Worker, { config, out }: Claim): Promise<Outcome> {
    const id = runId(config);
    for (let deaths = 0; ; ) {
      const outcome = await worker.run(config, out, (epoch) => {
        deaths = 0;
        tell({ id, what: "epoch", epoch });
      });
      if (outcome.type !== "died" || stopped) return outcome.type === "died" ? { type: "stopped" } : outcome;
      if (++deaths >= deathsAllowed)
        return { ...outcome, reason: `${outcome.reason}, ${deaths} times in a row` };
      tell({ id, what: "again", reason: outcome.reason });
    }
  }

  async function lane(worker: Worker): Promise<void> {
    for (let claim = await next(); claim !== null; claim = await next()) {
      tell({ id: runId(claim.config), what: "begun" });
      await settle(claim, await attempt(worker, claim));
    }
    worker.end();
  }

  async function all(): Promise<void> {
    try {
      const ends = await Promise.allSettled(
        crew.map((worker) =>
          lane(worker).catch((error) => {
            stop();
            throw error;
          }),
        ),
      );
      for (const end of ends) if (end.status === "rejected") throw end.reason;
    } finally {
      for (const worker of crew) worker.end();
      claims.dispose();
    }
  }

  return {
    done: all(),
    stop,
    busyShare() {
      const spent = crew.map((worker) => worker.spent());
      const there = spent.reduce((sum, each) => sum + each.there, 0);
      return there === 0 ? null : spent.reduce((sum, each) => sum + each.busy, 0) / there;
    },
  };
}
