/**
 * A sweep as one sees it at the command line.
 *
 * @packageDocumentation
 */

import { stopOnSignal } from "../commands/options.ts";
import type { RunConfig } from "../config.ts";
import type { Progress } from "../progress.ts";
import { count } from "../report/format.ts";
import type { News } from "./attempt.ts";
import { type Grid, gridId } from "./grid.ts";
import type { Sweep } from "./local.ts";
import type { Standing } from "./rows.ts";

export function describeGrid(grid: Grid, runs: number): string {
  const { name, train, test } = grid.data;
  const rates = grid.optimizers.map(({ optimizer, lrs }) => `${optimizer} at ${lrs.join(", ")}`);
  return [
    `${gridId(grid)}: ${count(runs, "run")}`,
    `  data          ${name}, ${train} training and ${test} test images`,
    `  depth         ${grid.depths.join(", ")}`,
    `  width         ${grid.widths.join(", ")}`,
    `  optimizer     ${rates.join("; ")}`,
    `  weight decay  ${grid.weightDecays.join(", ")}`,
    `  bits          ${grid.bits.join(", ")}`,
    `  seed          ${grid.seeds.join(", ")}`,
    `  epochs        ${grid.epochs}, batches of ${grid.batchSize}, the rate times ${grid.gamma} at ${grid.milestones.join(", ")}`,
  ].join("\n");
}

export function standingText(rows: readonly Standing[]): string {
  const number = (state: string): number => rows.filter((row) => row.state.state === state).length;
  return `${number("done")} done, ${number("failed")} failed, ${number("open")} to be done`;
}

/** Shows news of runs: a line for each that ends, and how far all are. */
export function follower(progress: Progress, open?: readonly RunConfig[]) {
  const total = open?.reduce((sum, { epochs }) => sum + epochs, 0) ?? 0;
  const each = open?.[0]?.epochs ?? 0;
  const running = new Map<string, number>();
  let ended = 0;
  return {
    ended: () => ended,
    tell({ id, what, reason, epoch }: News): void {
      if (what === "begun") running.set(id, 0);
      else if (what === "epoch") running.set(id, epoch!);
      else if (what === "again") progress.print(`${id}: ${reason}; it goes on from its last epoch`);
      else {
        running.delete(id);
        if (what === "stopped") return;
        ended++;
        const of = open === undefined ? "" : `/${open.length}`;
        progress.print(`${ended}${of} ${id}: ${what}${reason === undefined ? "" : `: ${reason}`}`);
      }
      if (open === undefined) return;
      const now = [...running.values()].reduce((sum, epoch) => sum + epoch, 0);
      progress.update(
        (ended * each + now) / total,
        `${ended} of ${open.length} runs${running.size === 0 ? "" : `, ${running.size} at work`}`,
      );
    },
  };
}

/** Begins a sweep, and waits for its end. @returns whether Ctrl-C has ended it */
export async function finish(begin: () => Sweep, progress: Progress): Promise<boolean> {
  const signals = stopOnSignal();
  const sweep = begin();
  let asked = false;
  const look = setInterval(() => {
    if (!asked && signals.stop()) sweep.stop();
    asked = signals.stop();
  }, 50);
  try {
    await sweep.done;
  } finally {
    clearInterval(look);
    signals.dispose();
    progress.end();
  }
  const share = sweep.busyShare();
  if (share !== null) progress.print(`workers trained for ${(100 * share).toFixed(1)} % of their time`);
  return signals.stop();
}
