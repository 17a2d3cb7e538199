/**
 * Pieces of work that are done several at a time, in processes of one thread each, or one after the other in this one.
 *
 * @packageDocumentation
 */

import { Complaint } from "./complaint.ts";
import type { Progress } from "./progress.ts";
import { Interrupted } from "./run.ts";
import { createWorker, memoryShare, stoppedBetween, type Task, type Worker } from "./sweep/workers.ts";

/** Work whose result is kept in a file. */
export interface Piece<T> {
  /** What it is called in messages. */
  readonly label: string;
  /** It, as another process is told. */
  readonly task: Task;
  /** Is the result there already? Then no process is asked. */
  done(): boolean | Promise<boolean>;
  /** Does it in this process; where the result is there, only reads it. */
  here(show: (share: number, text: string) => void): Promise<T>;
  /** What to say of the result. */
  said(result: T): string;
}

export interface Together {
  /** Processes that work; one: this process does. */
  readonly workers: number;
  readonly dataDir?: string | undefined;
  readonly stop: () => boolean;
  readonly progress: Progress;
}

/**
 * The results of all pieces, in their order.
 *
 * @throws Interrupted where `stop` said so; Complaint where a piece has failed. What was saved of it stays.
 */
export async function sideBySide<T>(
  pieces: readonly Piece<T>[],
  { workers, dataDir, stop, progress }: Together,
): Promise<T[]> {
  const results: T[] = [];
  /** Share of each piece that is done. */
  const shares = pieces.map(() => 0);
  const show = (i: number, share: number, text: string): void => {
    shares[i] = share;
    progress.update(shares.reduce((a, b) => a + b) / pieces.length, `${pieces[i]!.label} · ${text}`);
  };

  async function here(i: number): Promise<void> {
    const piece = pieces[i]!;
    const result = await piece.here((share, text) => show(i, share, text));
    results[i] = result;
    shares[i] = 1;
    progress.print(`${piece.label}: ${piece.said(result)}`);
  }

  async function by(worker: Worker, i: number): Promise<void> {
    const { label, task, done } = pieces[i]!;
    if (!(await done())) {
      const outcome = await worker.work(task, ({ done, of, text }) => show(i, done / of, text));
      if (outcome.type === "stopped") throw new Interrupted(outcome.reason);
      if (outcome.type !== "complete" && outcome.type !== "diverged")
        throw new Complaint(
          `${label}: ${outcome.reason.replace(/\.$/, "")}. To go on, give the same command again.`,
        );
    }
    await here(i);
  }

  const lanes = Math.min(workers, pieces.length);
  // A single piece gains by the threads of this process.
  const crew = Array.from({ length: lanes > 1 ? lanes : 0 }, () =>
    createWorker({ memory: memoryShare(workers), dataDir }),
  );
  const stopAll = (): void => {
    for (const worker of crew) worker.stop();
  };
  const look = setInterval(() => {
    if (stop()) stopAll();
  }, 50);
  const open = pieces.keys();
  let complete = 0;
  const errors: unknown[] = [];
  const lane = async (take: (i: number) => Promise<void>): Promise<void> => {
    try {
      for (const i of open) {
        if (stop()) return;
        await take(i);
        complete++;
      }
    } catch (error) {
      // The others stop too; the first error is the cause.
      errors.push(error);
      stopAll();
    }
  };
  try {
    await Promise.all(crew.length === 0 ? [lane(here)] : crew.map((worker) => lane((i) => by(worker, i))));
    if (errors.length > 0) throw errors[0];
    if (complete < pieces.length) throw new Interrupted(stoppedBetween);
  } finally {
    clearInterval(look);
    for (const worker of crew) worker.end();
  }
  return results;
}
