/** The programs of the device, as sources for gpu.js. */
export * from "./batch-norm.ts";
export * from "./conv.ts";
export * from "./elementwise.ts";
export * from "./gemm.ts";
export * from "./moves.ts";
export * from "./pool.ts";
