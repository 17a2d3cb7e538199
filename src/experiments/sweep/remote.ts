/**
 * A sweep on many machines: one enqueues and collects, any number work.
 *
 * @packageDocumentation
 */

import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Complaint } from "../complaint.ts";
import { type RunConfig, runId } from "../config.ts";
import type { RunResult } from "../result.ts";
import type { News } from "./attempt.ts";
import { publish, resultIn, type SweepFolder, stateOf, writeFailure, writeRun } from "./folder.ts";
import type { Sweep } from "./local.ts";
import { type Answer, type Connection, jobOf, refusal } from "./redis.ts";

export interface RemoteOptions {
  /** Are the weights wanted too? */
  readonly weights: boolean;
  /** Seconds between two looks at every job. In between, the queue tells what is done. */
  readonly lookEvery: number;
  readonly tell: (news: News) => void;
}

/**
 * Asks for what is not complete, and puts what comes back into the folder. The queue may forget: a job that is not there
 * and has no result is asked for again. The folder does not: a result that is there is not taken twice.
 */
export function sweepByRedis(
  folder: SweepFolder,
  configs: readonly RunConfig[],
  { queue, events }: Connection,
  { weights, lookEvery, tell }: RemoteOptions,
): Sweep {
  const open = new Map(configs.map((config) => [runId(config), config]));
  let stopped = false;
  let wake = (): void => {};

  const ask = (ids: readonly string[]): Promise<unknown> =>
    queue.addBulk(
      ids.map((id) => ({
        name: "run",
        data: jobOf(open.get(id)!, weights),
        // Answers that nobody collects are forgotten after a week.
        opts: { jobId: id, removeOnComplete: { age: 604_800 }, removeOnFail: { age: 604_800 } },
      })),
    );

  /** What an answer is worth; `false` where it has to be asked for again. */
  function settle(id: string, config: RunConfig, answer: Answer): boolean {
    if (answer?.type === "failed") {
      writeFailure(folder, { id, reason: answer.reason });
      tell({ id, what: "failed", reason: answer.reason });
    } else if (weights && answer?.weights === undefined) return false;
    else if (!receive(folder, config, answer)) return false;
    else tell({ id, what: answer.result.status });
    open.delete(id);
    return true;
  }

  async function look(id: string): Promise<"here" | "missing"> {
    const config = open.get(id);
    if (config === undefined) return "here";
    const job = await queue.getJob(id);
    // Somebody else who collects for this folder may have had it.
    if (stateOf(folder, config).state !== "open") {
      open.delete(id);
      tell({ id, what: "complete" });
      return "here";
    }
    if (job === undefined) return "missing";
    const state = await job.getState();
    if (state === "completed") {
      // Read again: it may have been completed after it was read.
      const answer = (await queue.getJob(id))?.returnvalue;
      const fine = answer !== undefined && settle(id, config, answer);
      await job.remove();
      return fine ? "here" : "missing";
    }
    if (state === "failed") {
      settle(id, config, { type: "failed", reason: job.failedReason ?? "for no reason that is known" });
      await job.remove();
    } else if (state === "waiting" && refusal(job.data) !== null) {
      await job.remove();
      return "missing";
    }
    return "here";
  }

  async function lookAt(ids: readonly string[]): Promise<void> {
    for (let from = 0; from < ids.length && !stopped; from += 200) {
      const some = ids.slice(from, from + 200);
      const found = await Promise.all(some.map(look));
      const missing = some.filter((id, i) => found[i] === "missing" && open.has(id));
      if (missing.length > 0) await ask(missing);
    }
  }

  async function collect(): Promise<void> {
    const ended = new Set<string>();
    const told = events();
    const note = ({ jobId }: { jobId: string }): void => {
      if (!open.has(jobId)) return;
      ended.add(jobId);
      wake();
    };
    told.on("completed", note).on("failed", note);
    let last = -Infinity;
    while (open.size > 0 && !stopped) {
      try {
        if (performance.now() - last > lookEvery * 1000) {
          await lookAt([...open.keys()]);
          last = performance.now();
        }
        await lookAt([...ended].filter((id) => ended.delete(id)));
      } catch (error) {
        if (error instanceof Complaint) throw error;
        // The connection was lost on the way. It is for the connection to say so.
        last = -Infinity;
      }
      if (ended.size === 0 && open.size > 0 && !stopped) await pause();
    }
    // What Redis has brought back from its file after a crash.
    await Promise.allSettled(configs.map((config) => queue.remove(runId(config))));
  }

  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(1, lookEvery) * 1000);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  let quit = (): void => {};
  const asked = new Promise<void>((resolve) => {
    quit = resolve;
  });
  return {
    // Without a connection, a question waits for ever; who stops does not.
    done: Promise.race([collect(), asked]),
    stop() {
      stopped = true;
      wake();
      quit();
    },
    busyShare: () => null,
  };
}

/** Puts a result into its place. `false` where it is none of that run. */
function receive(folder: SweepFolder, config: RunConfig, answer: Answer): boolean {
  if (answer?.type !== "result") return false;
  const out = join(folder.work, `received-${randomUUID()}`);
  try {
    if (runIdOf(answer.result) !== runId(config)) return false;
    const weights = answer.weights === undefined ? undefined : Buffer.from(answer.weights, "base64");
    const from = writeRun(out, answer.result, weights);
    if (typeof resultIn(from, config) === "string") return false;
    const place = join(folder.runs, runId(config));
    // What was damaged is not in the way of what is not.
    if (typeof resultIn(place, config) === "string") rmSync(place, { recursive: true, force: true });
    publish(folder, from);
    return true;
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

function runIdOf(result: RunResult): string | undefined {
  try {
    return runId(result.config);
  } catch {
    return undefined;
  }
}
