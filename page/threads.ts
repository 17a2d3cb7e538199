/** Threads of a browser for the SIMD kernels: workers, which may share memory where the page is isolated from other origins. */
import type { Team } from "../src/tensor/kernels/simd/team.ts";

export const browserTeam = (threads: number, options: Pick<Team, "grain"> = {}): Team => ({
  ...options,
  threads,
  start(program, duty, lost) {
    const text = `onmessage = ({ data }) => { (${program})(data); close(); };`;
    const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    const worker = new Worker(url);
    worker.onerror = ({ message }) => lost(message);
    worker.postMessage(duty);
  },
});

/** How many threads compute: at a guess, two processors share a core. */
export const defaultThreads = (): number =>
  crossOriginIsolated ? Math.max(1, navigator.hardwareConcurrency >> 1) : 1;
