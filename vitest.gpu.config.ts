import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { chromiumFlags, chromiumPath } from "./test/gpu/chromium.ts";

/** Share of the samples of the contract. */
const effort = process.env.QGEN_EFFORT ?? "0.05";
const patience = { testTimeout: 600_000, hookTimeout: 60_000 };

/**
 * The tests that need a GPU, or software that plays one: `npm run test:gpu`, with the name of a mode for that one alone.
 * Every new shape is compiled: few samples of the contract.
 */
export default defineConfig({
  test: {
    fileParallelism: false,
    projects: [
      {
        test: {
          name: "headlessgl",
          include: ["test/gpu/headlessgl.gpu.ts"],
          // One GL context a process.
          pool: "forks",
          env: { QGEN_EFFORT: effort },
          ...patience,
        },
      },
      {
        test: {
          name: "page",
          include: ["test/gpu/page.gpu.ts", "test/gpu/report.gpu.ts"],
          pool: "forks",
          ...patience,
        },
      },
      {
        define: { "process.env.QGEN_EFFORT": JSON.stringify(effort) },
        // Isolated from other origins, so that threads may share memory.
        server: {
          headers: {
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Embedder-Policy": "require-corp",
          },
        },
        optimizeDeps: { include: ["gpu.js"] },
        test: {
          name: "chromium",
          include: ["test/gpu/webgl2.gpu.ts", "test/gpu/webgpu.gpu.ts", "test/gpu/same-bits.gpu.ts"],
          ...patience,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            instances: [{ browser: "chromium" }],
            provider: playwright({
              launchOptions: {
                executablePath: chromiumPath,
                args: [...chromiumFlags],
              },
            }),
          },
        },
      },
    ],
  },
});
