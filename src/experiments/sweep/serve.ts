/**
 * A worker for sweeps on other machines, by way of Redis.
 *
 * @packageDocumentation
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Complaint } from "../complaint.ts";
import { type RunConfig, runId } from "../config.ts";
import { attempt, type News } from "./attempt.ts";
import { type Claim, openClaims } from "./claim.ts";
import { forgetFailure, type SweepFolder, stateOf } from "./folder.ts";
import type { Sweep } from "./local.ts";
import type { LeaseOptions } from "./owner.ts";
import { type Answer, type Connection, type Job, refusal } from "./redis.ts";
import { busyShare, createWorker, type Worker, type WorkerOptions } from "./workers.ts";

export interface ServeOptions extends WorkerOptions {
  readonly workers: number;
  readonly leases: LeaseOptions;
  readonly tell: (news: News) => void;
}

/**
 * Works for every sweep of the queue until it is stopped. The folder is this machine's own: what was begun there is gone
 * on with, and what is complete is answered at once, however often it is asked for.
 *
 * `done` rejects with a Complaint where a job is of other code, or the folder can no longer be written to; the job goes
 * back to the queue.
 */
export function serve(
  folder: SweepFolder,
  { worker }: Connection,
  { workers, leases, tell, ...options }: ServeOptions,
): Sweep {
  const claims = openClaims(folder, leases);
  const crew = Array.from({ length: workers }, () => createWorker(options));
  const idle = [...crew];
  let stopped = false;
  let end: (error?: Error) => void = () => {};
  const ended = new Promise<void>((resolve, reject) => {
    end = (error) => (error === undefined ? resolve() : reject(error));
  });

  async function claimed(config: RunConfig): Promise<Claim | null> {
    while (!stopped) {
      const claim = claims.claim(config);
      if (claim === "done") return null;
      if (claim !== "taken") return claim;
      await sleep(Math.min(1, leases.beat) * 1000);
    }
    return null;
  }

  async function answer({ config, weights }: Job, mine: Worker): Promise<Answer | "stopped"> {
    const id = runId(config);
    forgetFailure(folder, id);
    const claim = await claimed(config);
    if (claim !== null) await attempt(folder, claim, mine, tell);
    const state = stateOf(folder, config);
    if (state.state === "failed") return { type: "failed", reason: state.reason };
    if (state.state === "open") return "stopped";
    const file = join(folder.runs, id, "weights.safetensors");
    return {
      type: "result",
      result: state.result,
      ...(weights ? { weights: readFileSync(file).toString("base64") } : {}),
    };
  }

  const queue = worker(
    async ({ data, back }) => {
      if (stopped) throw await back();
      const why = refusal(data);
      if (why !== null) {
        end(new Complaint(why));
        throw await back();
      }
      const mine = idle.pop()!;
      try {
        const answered = await answer(data, mine);
        if (answered === "stopped") throw await back();
        return answered;
      } catch (error) {
        if (!(error instanceof Complaint)) throw error;
        end(error);
        throw await back();
      } finally {
        idle.push(mine);
      }
    },
    { concurrency: workers, lease: leases.lease },
  );

  async function all(): Promise<void> {
    try {
      await ended;
    } finally {
      stopped = true;
      for (const one of crew) one.stop();
      // Jobs at hand go back to the queue, if it is there.
      await Promise.race([queue.close(), sleep(30_000, undefined, { ref: false })]);
      for (const one of crew) one.end();
      claims.dispose();
    }
  }

  return {
    done: all(),
    stop: () => end(),
    busyShare: () => busyShare(crew),
  };
}
