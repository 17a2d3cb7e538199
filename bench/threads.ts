import { cpus } from "node:os";
import { physicalCores } from "../src/experiments/cores.ts";
import { ourPass } from "./step.ts";
import { median } from "./timing.ts";

export interface Scaling {
  readonly name: string;
  readonly threads: number;
  /** Median milliseconds of one training step. */
  readonly ms: number;
  /** The same in time of the processors, of all threads together. */
  readonly cpuMs: number;
  /** Median, round by round, of the time of one thread over this one. */
  readonly speed: number;
}

/** One training step with several threads, in turns. One thread has the plain build. */
export async function scaling(
  widths: readonly number[] = [1, 2, 8],
  counts: readonly number[] = [1, 2, 4],
  rounds = 9,
): Promise<Scaling[]> {
  const rows: Scaling[] = [];
  for (const width of widths) {
    const cases = counts.map((threads) => ({
      step: ourPass("train", width, 4, 128, threads),
      ms: [] as number[],
      cpuMs: [] as number[],
    }));
    for (let round = -2; round < rounds; round++)
      for (const { step, ms, cpuMs } of cases) {
        const [began, cpu] = [performance.now(), process.cpuUsage()];
        await step();
        const { user, system } = process.cpuUsage(cpu);
        if (round < 0) continue;
        ms.push(performance.now() - began);
        cpuMs.push((user + system) / 1000);
      }
    rows.push(
      ...cases.map(({ ms, cpuMs }, i) => ({
        name: `NiN 2×${width}, Int4, batch 128`,
        threads: counts[i]!,
        ms: median(ms),
        cpuMs: median(cpuMs),
        speed: median(ms.map((time, round) => cases[0]!.ms[round]! / time)),
      })),
    );
  }
  return rows;
}

/** What the figures are to be read with. */
export function machine(): string {
  const { count, from } = physicalCores();
  const said = from === "system" ? "as the system says" : "at a guess";
  return `${cpus().length} processors on ${count} physical cores, ${said} (a virtual machine may call two processors of one core two cores). More threads than idle cores gain nothing, but a share of a busy machine.`;
}
