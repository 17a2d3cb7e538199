/**
 * `npm run bench`: what is measured, and how results are shown and compared. Results go to `bench/results/NAME.json` with
 * machine, versions and commit.
 *
 * @packageDocumentation
 */

import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { Complaint } from "../src/experiments/complaint.ts";
import { environment } from "../src/experiments/environment.ts";
import { writeAtomic } from "../src/experiments/files.ts";
import { openDevice } from "../src/experiments/node-device.ts";
import { inColumns } from "../src/experiments/report/columns.ts";
import { compareText } from "./compare.ts";
import { reportFiles } from "./report.ts";
import { cell, columns, type Results, type Row, readResults, resultsFolder, shown } from "./results.ts";
import { type Suite, type SuiteName, suiteNames, suites } from "./suites.ts";

function table(rows: readonly Row[]): string {
  const keys = shown(rows);
  return inColumns([
    ["", ...keys.map((key) => columns[key]?.title ?? key)],
    ...rows.map((row) => [row.name, ...keys.map((key) => cell(row, key))]),
  ]);
}

type Measured = Pick<Results, "devices" | "roofs"> & { readonly rows: readonly object[] };

/** Loaded when they are asked for. */
const measures: Readonly<Record<SuiteName, () => Promise<Measured>>> = {
  roofline: async () => (await import("./roofline.ts")).roofline(),
  async kernels() {
    const { gemmRates, vitRates, convRates } = await import("./products.ts");
    return { rows: [...(await gemmRates()), ...(await vitRates()), ...(await convRates())] };
  },
  bandwidth: async () => ({ rows: await (await import("./bandwidth.ts")).bandwidthRates() }),
  implementations: async () => ({ rows: await (await import("./implementations.ts")).implementationRates() }),
  async ops() {
    const { opRates } = await import("./ops.ts");
    return { rows: [...(await opRates("simd")), ...(await opRates("reference"))] };
  },
  async step() {
    const { stepTimes, torchVersion } = await import("./step.ts");
    const version = await torchVersion();
    console.error(
      version === null
        ? "PyTorch is not installed: apt-get install python3-torch, or PYTHON=… for another Python"
        : `PyTorch ${version}`,
    );
    return { rows: await stepTimes() };
  },
  async threads() {
    const { machine, scaling } = await import("./threads.ts");
    return { rows: await scaling(), devices: [machine()] };
  },
  peers: async () => ({ rows: await (await import("./peers.ts")).peerTimes() }),
  gpu: async () => (await import("./gpu.ts")).gpuRates(),
  "gpu-step": async () => (await import("./gpu.ts")).gpuSteps(),
};

async function measure(asked: readonly string[]): Promise<void> {
  const unknown = asked.find((name) => !(name in suites));
  if (unknown !== undefined)
    throw new Complaint(`there is no suite "${unknown}", expected some of ${suiteNames.join(", ")}`, 2);
  for (const name of suiteNames) {
    const { about, onRequest = false }: Suite = suites[name];
    if (asked.length === 0 ? onRequest : !asked.includes(name)) continue;
    console.log(`\n${name}: ${about}\n`);
    const measured = await measures[name]();
    if (measured.rows.length === 0) {
      console.log("nothing measured");
      continue;
    }
    console.log(table(measured.rows as readonly Row[]));
    const file = join(resultsFolder, `${name}.json`);
    const results = { about, environment: environment(await openDevice("simd")), ...measured };
    writeAtomic(file, `${JSON.stringify(results, null, 2)}\n`);
    console.log(`\n${file}`);
  }
}

function report(): void {
  for (const [name, content] of Object.entries(reportFiles())) {
    const file = join(resultsFolder, name);
    writeAtomic(file, content);
    console.log(file);
  }
}

const program = new Command("npm run bench --")
  .description(
    `Measures, shows and compares. Suites: ${suiteNames
      .map((name) => ("onRequest" in suites[name] ? `${name} (only when named)` : name))
      .join(", ")}.`,
  )
  .argument("[suites...]", "what to measure")
  .action(measure)
  .exitOverride()
  .showHelpAfterError("(add --help for what there is)");
program
  .command("report")
  .description("make README.md and roofline.svg in bench/results from the results there")
  .action(report);
program
  .command("compare")
  .argument("<before>", "a result, bench/results/NAME.json of an earlier time")
  .argument("<after>", "another one of the same suite")
  .description("tell what has changed between two results, and whether it is more than their noise")
  .action((before: string, after: string) =>
    console.log(compareText(readResults(before), readResults(after))),
  );

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof Complaint) {
    console.error(`bench: ${error.message}`);
    process.exitCode = error.exitCode;
  } else throw error;
}
