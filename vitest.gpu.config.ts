import { defineConfig } from "vitest/config";

/** The tests that need a GPU, or software that plays one: `npm run test:gpu`. */
export default defineConfig({
  test: {
    include: ["test/gpu/**/*.gpu.ts"],
    // One GL context a process.
    pool: "forks",
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 60_000,
    // Every new shape is compiled: few samples of the contract.
    env: { QGEN_EFFORT: "0.05" },
  },
});
