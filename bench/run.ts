/**
 * `npm run bench [-- kernels | bandwidth | ops | step | threads | gpu]`: times, as ratios wherever two things are compared, medians of
 * several turns. Prints tables, and writes `bench/results/NAME.json` with machine, versions and commit.
 *
 * @packageDocumentation
 */

import { environment } from "../src/experiments/environment.ts";
import { writeAtomic } from "../src/experiments/files.ts";
import { openDevice } from "../src/experiments/node-device.ts";
import { bandwidthRates } from "./bandwidth.ts";
import { gpuRates, gpuSteps } from "./gpu.ts";
import { opRates } from "./ops.ts";
import { convRates, gemmRates, vitRates } from "./products.ts";
import { stepTimes, torchVersion } from "./step.ts";
import { machine, scaling } from "./threads.ts";

type Row = Readonly<Record<string, string | number | null>>;

interface Bench {
  readonly about: string;
  /** `devices`: what was measured, where there are several. */
  measure(): Promise<{ readonly rows: readonly object[]; readonly devices?: readonly string[] }>;
}

const benches: Readonly<Record<string, Bench>> = {
  kernels: {
    about: "matrix products and convolutions, beside the bare register tile (share: of its rate, in turns)",
    measure: async () => ({ rows: [...(await gemmRates()), ...(await vitRates()), ...(await convRates())] }),
  },
  bandwidth: {
    about:
      "kernels that are bound by memory, beside copies of as many bytes (share: of their rate, in turns)",
    measure: async () => ({ rows: await bandwidthRates() }),
  },
  ops: {
    about: "ops with their gradients, on the default and on the defining kernels",
    measure: async () => ({ rows: [...(await opRates("simd")), ...(await opRates("reference"))] }),
  },
  step: {
    about:
      "training steps and evaluation passes of NiN, beside PyTorch on one thread (speed: its time over ours, in turns)",
    async measure() {
      const version = await torchVersion();
      console.error(
        version === null
          ? "PyTorch is not installed: apt-get install python3-torch, or PYTHON=… for another Python"
          : `PyTorch ${version}`,
      );
      return { rows: await stepTimes() };
    },
  },
  threads: {
    about: "a training step of NiN with several threads (speed: the time of one over it, in turns)",
    async measure() {
      console.error(machine());
      return { rows: await scaling() };
    },
  },
  gpu: {
    about: "kernels on each mode of gpu.js beside simd, in GFLOP/s, with and without transfers",
    measure: gpuRates,
  },
  "gpu-step": {
    about: "a training step on each mode of gpu.js beside simd, and the bytes that it moves",
    measure: gpuSteps,
  },
};

function table(rows: readonly Row[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const text = (value: string | number | null | undefined): string =>
    typeof value === "number" ? value.toPrecision(3) : (value ?? "–");
  const lines = [columns, ...rows.map((row) => columns.map((column) => text(row[column])))];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  return lines
    .map((line) =>
      line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  "),
    )
    .join("\n");
}

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in benches));
if (unknown !== undefined) {
  console.error(`bench: there is no "${unknown}", expected some of ${Object.keys(benches).join(", ")}`);
  process.exit(2);
}
for (const [name, bench] of Object.entries(benches)) {
  // Without a GPU, or the software that plays one, there is nothing to measure: only who asks for it hears of that.
  if (asked.length === 0 ? name.startsWith("gpu") : !asked.includes(name)) continue;
  console.log(`\n${name}: ${bench.about}\n`);
  const measured = await bench.measure();
  console.log(table(measured.rows as readonly Row[]));
  const file = `bench/results/${name}.json`;
  const { about } = bench;
  writeAtomic(
    file,
    `${JSON.stringify({ about, environment: environment(await openDevice("simd")), ...measured }, null, 2)}\n`,
  );
  console.log(`\n${file}`);
}
