import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Processes, not threads: WebAssembly memories of finished files are given back.
    pool: "forks",
    // Every processor: much of the time, a test waits for a command that it has started.
    maxWorkers: "100%",
    testTimeout: 30_000,
    // Test files run side by side: there is no core left for a second thread, except where a test asks for one.
    env: { QGEN_THREADS: "1" },
    coverage: { provider: "v8", include: ["src/**/*.ts"], exclude: ["src/tensor/kernels/simd/assembly/**"] },
  },
});
