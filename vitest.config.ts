import { defineConfig } from "vitest/config";

// Test files run side by side: there is no core left for a second thread, except where a test asks for one.
const env = { QGEN_THREADS: "1" };

export default defineConfig({
  test: {
    // Processes, not threads: a test may end one, and its memory is given back.
    pool: "forks",
    // Every processor: much of the time, a test waits for a command that it has started.
    maxWorkers: "100%",
    coverage: { provider: "v8", include: ["src/**/*.ts"], exclude: ["src/tensor/kernels/simd/assembly/**"] },
    projects: [
      {
        test: {
          name: "tests",
          include: ["test/**/*.test.ts"],
          exclude: ["test/gpu/**"],
          // Files of one process share what they import: a fifth of the time was spent on importing it again.
          isolate: false,
          testTimeout: 30_000,
          env,
        },
      },
      {
        test: {
          name: "gpu.js",
          include: ["test/gpu/*.test.ts"],
          testTimeout: 30_000,
          // Share of the samples of the contract: each new shape is compiled.
          env: { ...env, QGEN_EFFORT: "0.25" },
        },
      },
    ],
  },
});
