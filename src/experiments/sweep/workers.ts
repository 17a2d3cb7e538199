/**
 * Workers on this machine: processes, each of which trains one run at a time on one thread.
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

/** What a worker is told. */
export type Order =
  | {
      readonly type: "run";
      readonly config: RunConfig;
      readonly out: string;
      readonly dataDir: string | undefined;
      /** MB that it may have. */
      readonly memory: number;
    }
  | { readonly type: "stop" };

/** What became of a run. */
export type Outcome =
  | { readonly type: "complete" }
  | { readonly type: "diverged"; readonly reason: string }
  | { readonly type: "failed"; readonly reason: string }
  /** Not the fault of the run: there is no room to write, or no images to read. */
  | { readonly type: "hindered"; readonly reason: string }
  | { readonly type: "stopped" }
  | { readonly type: "died"; readonly reason: string };

/** What a worker tells. */
export type Report =
  | { readonly type: "epoch"; readonly epoch: number }
  | {
      readonly type: "end";
      readonly outcome: Outcome;
      readonly seconds: number;
      /** MB that it has now. */
      readonly memory: number;
    };

export interface WorkerOptions {
  /** MB that each may have. */
  readonly memory: number;
  readonly dataDir: string | undefined;
}

type OnEpoch = (epoch: number) => void;

/** One place to work at: a process, and another one when it has died. */
export interface Worker {
  run(config: RunConfig, out: string, onEpoch?: OnEpoch): Promise<Outcome>;
  /** The run at hand stops after its step; later ones are not begun. */
  stop(): void;
  /** Without a run at hand: the process ends. */
  end(): void;
  /** Seconds that its processes spent on runs (training, evaluating and saving), and those they have been there. */
  spent(): { readonly busy: number; readonly there: number };
}

const program = fileURLToPath(new URL("../../../bin/sweep-worker.mjs", import.meta.url));

export function createWorker({ memory, dataDir }: WorkerOptions): Worker {
  let child: ChildProcess | undefined;
  let current:
    | { readonly end: (outcome: Outcome) => void; readonly onEpoch: OnEpoch | undefined }
    | undefined;
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
      if (report.type === "epoch") return current?.onEpoch?.(report.epoch);
      busy += report.seconds;
      // A WebAssembly memory does not shrink: the next run gets a new process.
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
    async run(config, out, onEpoch) {
      if (stopped) return { type: "stopped" };
      child ??= begin();
      child.send({ type: "run", config, out, dataDir, memory } satisfies Order, () => {});
      const outcome = await new Promise<Outcome>((end) => {
        current = { end, onEpoch };
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

/** Share of the workers' time that went into runs, 0 to 1; `null` before there was any. */
export function busyShare(workers: readonly Worker[]): number | null {
  const sum = (of: "busy" | "there"): number =>
    workers.reduce((total, worker) => total + worker.spent()[of], 0);
  return sum("there") === 0 ? null : sum("busy") / sum("there");
}
