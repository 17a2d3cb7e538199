/** Threads of a browser for the SIMD kernels: workers, which may share memory where the page is isolated from other origins. */
import { createSimd, type SimdKernels } from "../src/tensor/kernels/simd/index.ts";
import type { Team } from "../src/tensor/kernels/simd/team.ts";

/** Kernels of several threads, once all of them are at work: a browser starts none while the caller is busy. */
export async function threadedSimd(
  wasm: BufferSource,
  threads: number,
  options: Pick<Team, "grain"> = {},
): Promise<SimdKernels> {
  const begun: Promise<unknown>[] = [];
  const kernels = createSimd(wasm, {
    ...options,
    threads,
    start(program, duty, lost) {
      const text = `onmessage = ({ data }) => { postMessage("begun"); (${program})(data); close(); };`;
      const worker = new Worker(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
      begun.push(
        new Promise((resolve, reject) => {
          worker.onmessage = resolve;
          worker.onerror = ({ message }) => {
            lost(message);
            reject(new Error(`a thread of the SIMD kernels cannot be started: ${message}`));
          };
        }),
      );
      worker.postMessage(duty);
    },
  });
  await Promise.all(begun);
  return kernels;
}

/** How many threads compute: at a guess, two processors share a core. */
export const defaultThreads = (): number =>
  crossOriginIsolated ? Math.max(1, navigator.hardwareConcurrency >> 1) : 1;
