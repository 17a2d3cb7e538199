/**
 * How far a sweep is, from its folder alone.
 *
 * @packageDocumentation
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type RunConfig, runId } from "../config.ts";
import { count, duration } from "../report/format.ts";
import { lastClaims } from "./claim.ts";
import { type Failure, type RunState, type SweepFolder, stateOf } from "./folder.ts";
import { createWatch } from "./owner.ts";

export interface Status {
  readonly runs: number;
  /** Complete or diverged. */
  readonly done: number;
  readonly diverged: readonly Failure[];
  readonly failed: readonly Failure[];
  readonly running: readonly { readonly id: string; readonly epoch: number; readonly epochs: number }[];
  readonly waiting: number;
  /** By the time that the runs so far have taken, at as many at a time as now; `null` while that says nothing. */
  readonly runsPerHour: number | null;
  readonly secondsLeft: number | null;
}

const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;

/** Complete epochs of a start of a run. */
function epochsIn(start: string, id: string): number {
  try {
    return readFileSync(join(start, id, "events.jsonl"), "utf8").split("\n").length - 1;
  } catch {
    return 0;
  }
}

/** Looks again and again: what is done is read once, and owners whose numbers stand still are seen to. */
export function createLook(folder: SweepFolder, configs: readonly RunConfig[], lease: number): () => Status {
  const runs = configs.map((config) => ({ id: runId(config), config }));
  const known = new Map<string, Extract<RunState, { state: "done" }>>();
  const watch = createWatch(folder, lease);
  return () => {
    const claims = lastClaims(folder);
    const [diverged, failed]: [Failure[], Failure[]] = [[], []];
    const running: Status["running"][number][] = [];
    const seconds = new Map<string, number[]>();
    const left: { readonly model: string; readonly share: number }[] = [];
    for (const { id, config } of runs) {
      const state = known.get(id) ?? stateOf(folder, config);
      if (state.state === "done") {
        known.set(id, state);
        seconds.set(config.model, [...(seconds.get(config.model) ?? []), state.result.seconds]);
        if (state.result.status === "diverged") diverged.push({ id, reason: state.result.reason ?? "" });
      } else if (state.state === "failed") failed.push({ id, reason: state.reason });
      else {
        const claim = `${id}.${claims.get(id)}`;
        const epoch = claims.has(id) ? epochsIn(join(folder.work, claim), id) : 0;
        left.push({ model: config.model, share: 1 - epoch / config.epochs });
        if (claims.has(id) && !watch.isGone(claim)) running.push({ id, epoch, epochs: config.epochs });
      }
    }
    const all = [...seconds.values()].flat();
    const says = all.length > 0 && running.length > 0;
    const secondsLeft = left.reduce(
      (sum, { model, share }) => sum + share * mean(seconds.get(model) ?? all),
      0,
    );
    return {
      runs: runs.length,
      done: known.size,
      diverged,
      failed,
      running,
      waiting: left.length - running.length,
      runsPerHour: says ? (3600 * running.length) / mean(all) : null,
      secondsLeft: says ? secondsLeft / running.length : null,
    };
  };
}

const bar = (share: number, width: number): string =>
  "█".repeat(Math.round(share * width)).padEnd(width, "░");

/** @param most - so many runs of a kind are shown */
export function statusText(status: Status, most = Infinity): string {
  const { runs, done, diverged, failed, running, waiting, runsPerHour, secondsLeft } = status;
  const some = <T>(title: string, items: readonly T[], line: (item: T) => string): string[] =>
    items.length === 0
      ? []
      : [
          `${title}:`,
          ...items.slice(0, most).map((item) => `  ${line(item)}`),
          ...(items.length > most ? [`  … and ${items.length - most} more`] : []),
        ];
  const rate =
    runsPerHour === null ? "" : `, about ${Math.round(runsPerHour).toLocaleString("en-US")} runs an hour`;
  const eta = secondsLeft === null ? "" : `, about ${duration(secondsLeft)} left`;
  return [
    `${bar(done / runs, 30)} ${done} of ${count(runs, "run")} done, ${running.length} running, ${waiting} waiting, ${failed.length} failed${rate}${eta}`,
    ...some(
      "running",
      running,
      ({ id, epoch, epochs }) => `${bar(epoch / epochs, 10)} ${epoch}/${epochs} ${id}`,
    ),
    ...some("diverged", diverged, ({ id, reason }) => `${id}: ${reason}`),
    ...some("failed", failed, ({ id, reason }) => `${id}: ${reason}`),
  ].join("\n");
}
