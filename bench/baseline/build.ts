import { readFileSync } from "node:fs";
import asc from "assemblyscript/asc";

const MEGABYTE = 2 ** 20;

/**
 * The bare product as a function that computes C += A B for square matrices of that size, on memory of its own.
 *
 * @param size - a multiple of 8
 */
export async function baselineGemm(size: number): Promise<() => void> {
  const output = "build/baseline.wasm";
  const { error, stderr } = await asc.main([
    "bench/baseline/gemm.ts",
    ...["-O3", "--noAssert", "--runtime", "stub", "--enable", "simd", "--importMemory"],
    ...["--outFile", output],
  ]);
  if (error) throw new Error(`bench/baseline/gemm.ts did not compile: ${error.message}\n${stderr}`);
  const bytes = size * size * 4;
  const memory = new WebAssembly.Memory({ initial: Math.ceil((6 * bytes + MEGABYTE) / 65536) });
  const { instance } = await WebAssembly.instantiate(readFileSync(output), {
    env: { memory, abort: () => undefined },
  });
  const gemm = instance.exports.gemm as (...args: number[]) => void;
  const [a, b, c, workspace] = [0, 1, 2, 3].map((i) => MEGABYTE + i * bytes) as [
    number,
    number,
    number,
    number,
  ];
  new Float32Array(memory.buffer, a, (2 * bytes) / 4).forEach((_, i, all) => {
    all[i] = ((i * 7) % 13) / 13 - 0.5;
  });
  return () => gemm(a, b, c, size, size, size, workspace);
}
