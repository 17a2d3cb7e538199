import { readFileSync } from "node:fs";
import asc from "assemblyscript/asc";

const MEGABYTE = 2 ** 20;

type Baseline = Readonly<Record<"gemm" | "registers" | "copy", (...args: number[]) => void>>;

let compiled: Promise<WebAssembly.Module> | undefined;

async function compile(): Promise<WebAssembly.Module> {
  const output = "build/baseline.wasm";
  const { error, stderr } = await asc.main([
    "bench/baseline/gemm.ts",
    ...["-O3", "--noAssert", "--runtime", "stub", "--enable", "simd", "--importMemory"],
    ...["--outFile", output],
  ]);
  if (error) throw new Error(`bench/baseline/gemm.ts did not compile: ${error.message}\n${stderr}`);
  return WebAssembly.compile(readFileSync(output));
}

/** The functions of `gemm.ts` on memory of their own, and where its free bytes begin. */
async function baseline(
  bytes: number,
): Promise<Baseline & { readonly memory: WebAssembly.Memory; readonly free: number }> {
  compiled ??= compile();
  const memory = new WebAssembly.Memory({ initial: Math.ceil((bytes + MEGABYTE) / 65536) });
  const { exports } = await WebAssembly.instantiate(await compiled, {
    env: { memory, abort: () => undefined },
  });
  const { gemm, registers, copy } = exports as unknown as Baseline;
  return { gemm, registers, copy, memory, free: MEGABYTE };
}

/**
 * The bare product as a function that computes C += A B for square matrices of that size, on memory of its own.
 *
 * @param size - a multiple of 8
 */
export async function baselineGemm(size: number): Promise<() => void> {
  const bytes = size * size * 4;
  const { gemm, memory, free } = await baseline(6 * bytes);
  const [a, b, c, workspace] = [0, 1, 2, 3].map((i) => free + i * bytes) as [number, number, number, number];
  new Float32Array(memory.buffer, a, (2 * bytes) / 4).forEach((_, i, all) => {
    all[i] = ((i * 7) % 13) / 13 - 0.5;
  });
  return () => gemm(a, b, c, size, size, size, workspace);
}

const TURNS = 100_000;
/** Operations of one run of `registersOnly`: in each turn 14 on vectors of 4 numbers. */
export const registerWork = 4 * 14 * TURNS;

/** Products and sums of registers and nothing else, as a function. */
export async function registersOnly(): Promise<() => void> {
  const { registers, free } = await baseline(MEGABYTE);
  return () => registers(TURNS, free);
}

/** A copy of so many bytes to elsewhere, as a function that reads and writes them once. */
export async function copyOf(bytes: number): Promise<() => void> {
  const { copy, free } = await baseline(2 * bytes);
  return () => copy(free + bytes, free, bytes);
}
