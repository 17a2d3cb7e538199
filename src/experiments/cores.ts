/**
 * How many threads are worth starting: two on one core only share it.
 *
 * @packageDocumentation
 */

import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

export interface Cores {
  readonly count: number;
  /** Where the number is from: the system's own word, or a guess from the number of processors. */
  readonly from: "system" | "guess";
}

/** The text of a file, or `null` where there is none. */
type Read = (path: string) => string | null;

const readText: Read = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
};

/**
 * Physical cores, of those that this process may use. Linux says which processors share a core; a virtual machine repeats what it has
 * been told. Elsewhere it is a guess: two processors share a core on x64, and on nothing else.
 */
export function physicalCores(
  processors: number = availableParallelism(),
  { read = readText, arch = process.arch as string } = {},
): Cores {
  const cores = new Set<string>();
  for (let i = 0; ; i++) {
    const folder = `/sys/devices/system/cpu/cpu${i}/topology`;
    const [chip, core] = [read(`${folder}/physical_package_id`), read(`${folder}/core_id`)];
    if (chip === null || core === null) break;
    cores.add(`${chip.trim()}/${core.trim()}`);
  }
  if (cores.size > 0) return { count: Math.min(cores.size, processors), from: "system" };
  return { count: Math.max(1, arch === "x64" ? processors >> 1 : processors), from: "guess" };
}
