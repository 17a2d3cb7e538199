import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Processes, not threads: WebAssembly memories of finished files are given back.
    pool: "forks",
    testTimeout: 30_000,
    coverage: { provider: "v8", include: ["src/**/*.ts"], exclude: ["src/tensor/kernels/simd/assembly/**"] },
  },
});
