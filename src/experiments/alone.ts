/**
 * Work that only one process at a time may do, whoever else wants to: the claims of a sweep, for one piece of work.
 *
 * @packageDocumentation
 */

import { mkdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cannotWrite, writeAtomic } from "./files.ts";
import { namesIn } from "./sweep/folder.ts";
import { createWatch, enter, leasesOf } from "./sweep/owner.ts";

export interface AloneOptions {
  /** Somebody else is at work, and is waited for. */
  readonly onWait?: (() => void) | undefined;
  /** Asked while waiting: `true` gives up, as `null`. */
  readonly stop?: (() => boolean) | undefined;
  /** Seconds after which an owner on another machine who is silent is gone. */
  readonly lease?: number;
}

/** Numbers of the claims on a name, ascending. */
const claimsOn = (folder: string, name: string): number[] =>
  namesIn(folder)
    .filter((entry) => entry.startsWith(`${name}.`))
    .map((entry) => Number(entry.slice(name.length + 1)))
    .filter(Number.isInteger)
    .sort((a, b) => a - b);

/**
 * Does the work when nobody else is at it: waits until those who are have ended or are gone. What is left behind of them
 * is for the work itself to look at.
 *
 * @param folder - for the claims; it is gone afterwards, if nobody else is there
 * @returns what the work returns; `null` where `stop` said so before it began
 * @throws Complaint where the folder cannot be written
 */
export async function alone<T>(
  folder: string,
  name: string,
  work: () => Promise<T>,
  { onWait, stop, lease = 60 }: AloneOptions = {},
): Promise<T | null> {
  const me = enter({ work: folder }, leasesOf(lease).beat);
  const watch = createWatch({ work: folder }, lease);
  try {
    for (let waited = false; ; waited = true) {
      const last = claimsOn(folder, name).at(-1) ?? 0;
      if (last === 0 || watch.isGone(`${name}.${last}`)) {
        const mine = join(folder, `${name}.${last + 1}`);
        if (made(mine)) {
          writeAtomic(join(mine, "owner"), me.name);
          try {
            return await work();
          } finally {
            for (const n of claimsOn(folder, name).filter((n) => n <= last + 1))
              discard(folder, `${name}.${n}`);
          }
        }
      }
      if (!waited) onWait?.();
      if (stop?.()) return null;
      await sleep(100);
    }
  } finally {
    me.leave();
    for (const empty of [join(folder, "owners"), folder])
      try {
        rmdirSync(empty);
      } catch {
        // Somebody else is there.
        break;
      }
  }
}

/** Removes a claim, and what says that its owner is there. */
function discard(folder: string, claim: string): void {
  const path = join(folder, claim);
  try {
    rmSync(join(folder, "owners", `${readFileSync(join(path, "owner"), "utf8")}.json`), { force: true });
  } catch {
    // Its maker had not got so far.
  }
  rmSync(path, { recursive: true, force: true });
}

/** Makes a folder; `false` where it is there already. */
function made(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw cannotWrite(folder, error);
  }
}
