/** The bits of Node (`test/golden/same-bits.test.ts`), in a browser. No GPU has a part in it. */
import { expect, test } from "vitest";
import { createSimd } from "../../src/tensor/kernels/simd/index.ts";
import { pinnedSha256, weightsSha256 } from "../golden/same-bits.ts";

test("200 LSQ steps end with the pinned bits on the page itself", async () => {
  const wasm = await fetch(new URL("../../build/kernels.wasm", import.meta.url));
  expect(await weightsSha256(createSimd(await wasm.arrayBuffer()))).toBe(pinnedSha256);
});

test.each([1, 2, 3])(
  "200 LSQ steps end with the pinned bits in a worker with %i threads",
  async (threads) => {
    expect(crossOriginIsolated).toBe(true);
    const worker = new Worker(new URL("./same-bits-worker.ts", import.meta.url), { type: "module" });
    const said = await new Promise<{ sha256: string; taken: number[] }>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage(threads);
    });
    worker.terminate();
    expect(said.sha256).toBe(pinnedSha256);
    expect(said.taken).toHaveLength(threads);
    if (threads > 1) for (const parts of said.taken) expect(parts).toBeGreaterThan(0);
  },
);
