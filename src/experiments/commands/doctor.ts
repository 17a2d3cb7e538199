import { cpus } from "node:os";
import { Command } from "commander";
import { Complaint } from "../complaint.ts";
import { physicalCores } from "../cores.ts";
import { type DeviceName, deviceNames } from "../device.ts";
import { version } from "../environment.ts";
import { openDevice } from "../node-device.ts";
import { rateOf, square } from "../rate.ts";
import { count } from "../report/format.ts";

/** What there is to say of one device. */
interface Finding {
  readonly device: DeviceName;
  /** What it runs on; `null` where it cannot be opened. */
  readonly backend: string | null;
  readonly renderer: string | null;
  readonly software: boolean;
  /** Rate of matrix products with operands and result in place, in 10⁹ operations a second. */
  readonly gflops: number | null;
  /** Why it cannot be opened, and what to do. */
  readonly missing: string | null;
}

export const doctorCommand = (): Command =>
  new Command("doctor")
    .description("Tell which kernels run here, how fast, and what is missing for the others.")
    .option("--json", "print the findings as JSON")
    .addHelpText("after", "\nExample:\n  qgen doctor")
    .action(doctorAction);

async function examine(device: DeviceName): Promise<Finding> {
  try {
    const { kernels, info } = await openDevice(device);
    const { backend, renderer, software } = info;
    const gflops = await rateOf(kernels, square(device === "reference" ? 96 : 512));
    return { device, backend, renderer, software, gflops, missing: null };
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    return {
      device,
      backend: null,
      renderer: null,
      software: false,
      gflops: null,
      missing: error.message,
    };
  }
}

async function doctorAction({ json }: { json?: true }): Promise<void> {
  const findings: Finding[] = [];
  for (const device of deviceNames) if (device !== "auto") findings.push(await examine(device));
  const auto = await openDevice("auto");
  const simd = await openDevice("simd");
  const cores = physicalCores();
  if (json) {
    const { threads } = simd.info;
    console.log(
      JSON.stringify({ auto: auto.info, processors: cpus().length, cores, threads, findings }, null, 2),
    );
    return;
  }
  console.log(
    `qgen ${version()}, Node ${process.version}, ${cpus().length} processors (${cpus()[0]?.model ?? "unknown"})`,
  );
  const said = cores.from === "system" ? "as the system says" : "at a guess";
  console.log(
    `${count(cores.count, "physical core")}, ${said}: simd computes with ${count(simd.info.threads, "thread")}, the faster choice here, unless --threads or QGEN_THREADS says otherwise\n`,
  );
  for (const { device, renderer, software, gflops, missing } of findings)
    console.log(
      missing === null
        ? `ok   ${device.padEnd(10)} ${gflops!.toFixed(1).padStart(6)} GFLOP/s${renderer === null ? "" : `  ${renderer}${software ? " (software)" : ""}`}`
        : `–    ${device.padEnd(10)} ${missing}`,
    );
  console.log(`\nauto takes ${auto.info.backend}${auto.info.why === undefined ? "" : `: ${auto.info.why}`}`);
}
