/**
 * Workers on this machine: processes, each of which trains or measures one run at a time on one thread.
 *
 * Processes and not threads, since a process can be killed at any moment, gives all its memory back, can be held to an
 * amount of it, and takes nobody along when it dies.
 *
 * @packageDocumentation
 */

import { type ChildProcess, fork } from "node:child_process";
import { availableParallelism, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import type { RunConfig } from "../config.ts";
import type { MeasureSettings } from "../measuring/settings.ts";

/** Something to do for a run. */
export type Task =
  | { readonly type: "run"; readonly config: RunConfig; readonly out: string }
  | {
      readonly type: "measure";
      /** Folder of the run. */
      readonly folder: string;
      readonly settings: MeasureSettings;
      readonly kernels: string;
      /** Where photographs are. */
      readonly data?: string | undefined;
    };

/** MB that a worker may have, and where its images are. */
export interface WorkerOptions {
  readonly memory: number;
  readonly dataDir: string | undefined;
}

/** What a worker is told. */
export type Order = (Task & WorkerOptions) | { readonly type: "stop" };

/** What became of a task. */
export type Outcome =
  | { readonly type: "complete" }
  | { readonly type: "diverged"; readonly reason: string }
  | { readonly type: "failed"; readonly reason: string }
  /** Not the fault of the task: there is no room to write, or no images to read. */
  | { readonly type: "hindered"; readonly reason: string }
  | { readonly type: "stopped"; readonly reason: string }
  | { readonly type: "died"; readonly reason: string };

/** How far a task is: of a run, its epochs. */
export interface Step {
  readonly done: number;
  readonly of: number;
  readonly text: string;
}

/** What a worker tells. */
export type Report =
  | ({ readonly type: "step" } & Step)
  | {
      readonly type: "end";
      readonly outcome: Outcome;
      readonly seconds: number;
      /** MB that it has now. */
      readonly memory: number;
    };

type OnStep = (step: Step) => void;

/** One place to work at: a process, and another one when it has died. */
export interface Worker {
  work(task: Task, onStep?: OnStep): Promise<Outcome>;
  /** The task at hand stops after its step; later ones are not begun. */
  stop(): void;
  /** Without a task at hand: the process ends. */
  end(): void;
  /** Seconds that its processes spent on tasks, loading and saving included, and those they have been there. */
  spent(): { readonly busy: number; readonly there: number };
}

/** Where a stop comes between two tasks. */
export const stoppedBetween = "stopped; what is complete is saved. To go on, give the same command again.";

const program = fileURLToPath(new URL("../../../bin/sweep-worker.mjs", import.meta.url));

export function createWorker({ memory, dataDir }: WorkerOptions): Worker {
  let child: ChildProcess | undefined;
  let current: { readonly end: (outcome: Outcome) => void; readonly onStep: OnStep | undefined } | undefined;
  let [busy, there, began, stopped] = [0, 0, 0, false];

  const leave = (): void => {
    if (child?.connected) child.disconnect();
    if (child !== undefined) there += (performance.now() - began) / 1000;
    child = undefined;
  };
  const begin = (): ChildProcess => {
    began = performance.now();
    const fresh = fork(program, {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      execArgv: [`--max-old-space-size=${Math.floor(memory)}`],
    });
    fresh.on("message", (report: Report) => {
      if (report.type === "step") return current?.onStep?.(report);
      busy += report.seconds;
      // A WebAssembly memory does not shrink: the next task gets a new process.
      if (report.memory > memory / 2) leave();
      current?.end(report.outcome);
    });
    fresh.on("error", () => {});
    fresh.on("exit", (code, signal) => {
      if (child !== fresh) return;
      leave();
      current?.end({ type: "died", reason: `its worker died (${signal ?? `exit code ${code}`})` });
    });
    return fresh;
  };

  return {
    async work(task, onStep) {
      if (stopped) return { type: "stopped", reason: stoppedBetween };
      child ??= begin();
      child.send({ ...task, dataDir, memory } satisfies Order, () => {});
      const outcome = await new Promise<Outcome>((end) => {
        current = { end, onStep };
      });
      current = undefined;
      return outcome;
    },
    stop() {
      stopped = true;
      if (child?.connected) child.send({ type: "stop" } satisfies Order, () => {});
    },
    end: leave,
    spent: () => ({ busy, there: there + (child === undefined ? 0 : (performance.now() - began) / 1000) }),
  };
}

/** MB of each of so many workers: four fifths of the machine, shared. */
export const memoryShare = (workers: number): number => Math.floor((0.8 * totalmem()) / 2 ** 20 / workers);

/** One for each processor, as long as each can have a gigabyte. */
export const defaultWorkers = (): number =>
  Math.max(1, Math.min(availableParallelism(), Math.floor(memoryShare(1) / 1024)));

/** Share of the workers' time that went into tasks, 0 to 1; `null` before there was any. */
export function busyShare(workers: readonly Worker[]): number | null {
  const sum = (of: "busy" | "there"): number =>
    workers.reduce((total, worker) => total + worker.spent()[of], 0);
  return sum("there") === 0 ? null : sum("busy") / sum("there");
}
