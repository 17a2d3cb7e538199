/** The pinned run in a worker of a browser. It is asked with a number of threads and answers with the SHA-256, and how much each thread has done. */
import { threadedSimd } from "../../page/threads.ts";
import { createSimd } from "../../src/tensor/kernels/simd/index.ts";
import { weightsSha256 } from "../golden/same-bits.ts";

const fetched = async (name: string): Promise<ArrayBuffer> =>
  (await fetch(new URL(`../../build/${name}`, import.meta.url))).arrayBuffer();

addEventListener("message", async ({ data: threads }: MessageEvent<number>) => {
  const kernels =
    threads === 1
      ? createSimd(await fetched("kernels.wasm"))
      : await threadedSimd(await fetched("kernels-threads.wasm"), threads, { grain: 1 });
  postMessage({ sha256: await weightsSha256(kernels), taken: kernels.taken() });
  kernels.close();
});
