/**
 * Threads of Node for the SIMD kernels.
 *
 * @packageDocumentation
 */

import { Worker } from "node:worker_threads";
import type { Kernels } from "../tensor/kernels/kernels.ts";
import type { Team } from "../tensor/kernels/simd/team.ts";
import { scope } from "../tensor/scope.ts";
import { Complaint } from "./complaint.ts";
import { physicalCores } from "./cores.ts";

/** They keep no process alive, and end with it. */
export const nodeTeam = (threads: number, options: Pick<Team, "grain" | "patience"> = {}): Team => ({
  ...options,
  threads,
  start(program, duty, lost) {
    const text = `(${program})(require("node:worker_threads").workerData)`;
    const worker = new Worker(text, { eval: true, workerData: duty, execArgv: [] });
    worker.unref();
    worker.on("error", (error) => lost(String(error)));
    worker.on("exit", (code) => {
      if (code !== 0) lost(`it ended with code ${code}`);
    });
  },
});

const MOST = 64;

/** @throws Complaint where it is no number of threads */
export function checkedThreads(text: string, name: string): number {
  const threads = Number(text);
  if (!Number.isInteger(threads) || threads < 1 || threads > MOST)
    throw new Complaint(`${name} ${text}: expected a whole number of threads, 1 to ${MOST}`, 2);
  return threads;
}

/** How many threads are asked for where no option says it: $QGEN_THREADS; `null` where that says nothing either. */
export const saidThreads = (said = process.env.QGEN_THREADS): number | null =>
  said ? checkedThreads(said, "QGEN_THREADS") : null;

/** Threads have to be faster by so much. */
const WORTHWHILE = 1.2;

/** How many times as fast as `plain` the kernels of `several` threads multiply, at their best of some turns (50 ms). */
export function gainOf(plain: Kernels, several: Kernels): number {
  const n = 384;
  const best = [plain, several].map((kernels) => {
    const a = kernels.fill(1, [n, n], "float32");
    let least = Number.POSITIVE_INFINITY;
    return (): number => {
      const began = performance.now();
      scope(() => kernels.gemm(a, a));
      least = Math.min(least, performance.now() - began);
      return least;
    };
  }) as [() => number, () => number];
  let gain = 0;
  // In turns, since threads take a while to begin.
  for (let turn = 0; turn < 12; turn++) gain = best[0]() / best[1]();
  return gain;
}

/**
 * The kernels of as many threads as there are physical cores, if they gain anything by it, else of one: the processors of
 * a virtual machine may share a core without a word.
 */
export function worthwhile<K extends Kernels & { close(): void }>(
  open: (threads: number) => K,
  { count } = physicalCores(),
  gain: typeof gainOf = gainOf,
): K {
  const plain = open(1);
  if (count === 1) return plain;
  const several = open(count);
  if (gain(plain, several) >= WORTHWHILE) return several;
  several.close();
  return plain;
}
