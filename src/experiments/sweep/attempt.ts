import { join } from "node:path";
import { Complaint } from "../complaint.ts";
import { runId } from "../config.ts";
import type { Claim } from "./claim.ts";
import { publish, resultIn, type SweepFolder, writeFailure } from "./folder.ts";
import type { Outcome, Worker } from "./workers.ts";

/** So often may the worker of a run die before the run has got an epoch further. */
export const deathsAllowed = 5;

/** What happened to a run, to be told. */
export interface News {
  readonly id: string;
  readonly what: "begun" | "epoch" | "again" | Outcome["type"];
  readonly reason?: string;
  readonly epoch?: number;
}

/**
 * Runs what has been claimed, again where its worker has died, and leaves it in its place: complete, failed with a reason,
 * or for somebody else to go on with.
 *
 * @throws Complaint where it is not the fault of the run that it cannot go on: a full disk, images that are not here
 */
export async function attempt(
  folder: SweepFolder,
  claim: Claim,
  worker: Worker,
  tell: (news: News) => void,
): Promise<Outcome> {
  const id = runId(claim.config);
  tell({ id, what: "begun" });
  const outcome = await trained(claim, worker, tell);
  const from = join(claim.out, id);
  const fail = (reason: string): void => {
    if (claim.held()) writeFailure(folder, { id, reason });
    claim.release(false);
  };
  switch (outcome.type) {
    case "complete":
    case "diverged": {
      const result = resultIn(from, claim.config);
      if (typeof result === "string") fail(result);
      else {
        publish(folder, from);
        claim.release(true);
      }
      break;
    }
    case "failed":
    case "died":
      fail(outcome.reason);
      break;
    case "stopped":
      claim.release(false);
      break;
    case "hindered":
      throw new Complaint(`${outcome.reason} What was saved stays: to go on, give the same command again.`);
  }
  tell({ id, what: outcome.type, ...("reason" in outcome ? { reason: outcome.reason } : {}) });
  return outcome;
}

async function trained({ config, out }: Claim, worker: Worker, tell: (news: News) => void): Promise<Outcome> {
  const id = runId(config);
  for (let deaths = 0; ; ) {
    const outcome = await worker.work({ type: "run", config, out }, ({ done: epoch }) => {
      deaths = 0;
      tell({ id, what: "epoch", epoch });
    });
    if (outcome.type !== "died") return outcome;
    if (++deaths >= deathsAllowed)
      return { ...outcome, reason: `${outcome.reason}, ${deaths} times in a row` };
    tell({ id, what: "again", reason: outcome.reason });
  }
}
