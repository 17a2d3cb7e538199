/**
 * Threads of Node for the SIMD kernels.
 *
 * @packageDocumentation
 */

import { Worker } from "node:worker_threads";
import type { Team } from "../tensor/kernels/simd/team.ts";
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

/** How many threads compute where nobody says it: $QGEN_THREADS, or one for each physical core. */
export function defaultThreads(said = process.env.QGEN_THREADS): number {
  return said ? checkedThreads(said, "QGEN_THREADS") : physicalCores().count;
}
