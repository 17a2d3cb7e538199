import { createRequire } from "node:module";
import { createGpu } from "../../src/tensor/kernels/gpu/index.ts";
import { createRuntime, type GpuJs } from "../../src/tensor/kernels/gpu/runtime.ts";
import { obeysTheContract } from "../kernel-contract.ts";
import { simd } from "../kernels.ts";

const js = createRequire(import.meta.url)("gpu.js") as GpuJs;

obeysTheContract(createGpu(createRuntime(js, (process.env.QGEN_GPU_MODE ?? "cpu") as "cpu"), simd));
