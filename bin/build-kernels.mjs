// Compiles the SIMD kernels (AssemblyScript), when they have changed since the last time: to build/kernels.wasm, and once more
// to build/kernels-threads.wasm, for a memory that threads share.
import { mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const assembly = "src/tensor/kernels/simd/assembly";
const shared = ["--enable", "threads", "--sharedMemory", "--maximumMemory", "65535"];
const targets = [
  ["build/kernels.wasm", []],
  ["build/kernels-threads.wasm", shared],
];

const changed = (file) => statSync(join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
const sources = [
  ...readdirSync(join(root, assembly)).map((name) => `${assembly}/${name}`),
  "src/tensor/math.ts",
  "bin/build-kernels.mjs",
];

for (const [target, extra] of targets) {
  if (Math.max(...sources.map(changed)) <= changed(target)) continue;
  const { default: asc } = await import("assemblyscript/asc");
  mkdirSync(join(root, "build"), { recursive: true });
  // Beside the target under a name of its own, then renamed: whoever reads the target finds all of it.
  const fresh = `build/kernels-${process.pid}.wasm`;
  const options = ["-O3", "--noAssert", "--runtime", "stub", "--enable", "simd", "--importMemory", ...extra];
  const { error, stderr } = await asc.main([
    `${assembly}/index.ts`,
    ...options,
    "--outFile",
    fresh,
    "--baseDir",
    root,
  ]);
  if (error) {
    process.stderr.write(`The SIMD kernels did not compile: ${error.message}\n${stderr.toString()}`);
    process.exit(1);
  }
  renameSync(join(root, fresh), join(root, target));
}
