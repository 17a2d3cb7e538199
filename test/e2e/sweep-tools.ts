import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Forty runs of some hundredths of a second each. */
export const tinyGrid = {
  name: "tiny",
  data: { name: "synthetic", train: 32, test: 16 },
  depths: [1],
  widths: [1],
  optimizers: [{ optimizer: "sgd", momentum: 0.9, lrs: [0.1, 0.05, 0.02, 0.01, 0.005] }],
  weightDecays: [0, 1e-4],
  bits: [32, 8, 4, 2],
  seeds: [0],
  epochs: 2,
  batchSize: 16,
  milestones: [1],
  gamma: 0.1,
};

export function writeGrid(folder: string, change: object = {}): string {
  const path = join(folder, "grid.json");
  writeFileSync(path, JSON.stringify({ ...tinyGrid, ...change }));
  return path;
}

/** The bytes of all tables of a sweep. */
export const tablesOf = (dir: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(join(dir, "tables"))
      .sort()
      .map((name) => [name, readFileSync(join(dir, "tables", name), "base64")]),
  );

/** Names of the runs that a command has told the end of, in order. */
export const endedIn = (stderr: string): string[] =>
  [...stderr.matchAll(/^\d+(?:\/\d+)? (nin-\S+): (?:complete|diverged|failed)/gm)].map(([, id]) => id!);

/** The processes that a process has started. */
export function childrenOf({ pid }: ChildProcess): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

export const namesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

export async function until(what: () => boolean): Promise<void> {
  while (!what()) await sleep(10);
}
