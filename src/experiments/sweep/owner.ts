/**
 * Who is at work in the folder of a sweep.
 *
 * An owner is a file with a number that it counts up. It is gone when the file is, when its process is (on the same
 * machine), or when the number has stood still for the lease, measured by the observer's own monotonic clock. What time
 * it is, nobody asks.
 *
 * @packageDocumentation
 */

import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { writeAtomic } from "../files.ts";
import { readJson, type SweepFolder } from "./folder.ts";

/** Seconds. */
export interface LeaseOptions {
  /** An owner whose number stands still for so long is gone. */
  readonly lease: number;
  readonly beat: number;
}

export const leasesOf = (lease: number): LeaseOptions => ({ lease, beat: lease / 12 });

/** Where a process number means something: this start of this machine, or of this container. */
function place(): string {
  const read = (of: () => string): string => {
    try {
      return of().trim();
    } catch {
      return "";
    }
  };
  const boot = read(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"));
  return [hostname(), boot, read(() => readlinkSync("/proc/self/ns/pid"))].join(" ");
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

interface OwnerFile {
  readonly place: string;
  readonly pid: number;
  readonly beat: number;
}

/** Whoever is at work somewhere is written down in one folder. */
type Place = Pick<SweepFolder, "work">;

const ownersOf = ({ work }: Place): string => join(work, "owners");

/** Enters the folder as an owner, and counts up until it leaves. */
export function enter(folder: Place, beat: number): { readonly name: string; leave(): void } {
  const name = randomUUID();
  const path = join(ownersOf(folder), `${name}.json`);
  let beats = 0;
  const sign = (): void =>
    writeAtomic(
      path,
      JSON.stringify({ place: place(), pid: process.pid, beat: beats++ } satisfies OwnerFile),
    );
  sign();
  const timer = setInterval(() => {
    try {
      sign();
    } catch {
      // A full disk: whoever needs space will say so. If the lease runs out, the others take over.
    }
  }, beat * 1000);
  timer.unref();
  return {
    name,
    leave() {
      clearInterval(timer);
      rmSync(path, { force: true });
    },
  };
}

/** Tells, look by look, which owners are gone. */
export function createWatch(folder: Place, lease: number, now = () => performance.now() / 1000) {
  const here = place();
  const seen = new Map<string, { readonly beat: string; readonly at: number; readonly stood: number }>();
  const stands = (key: string, beat: string): boolean => {
    const [before, at] = [seen.get(key), now()];
    // Who looks may have been asleep, and all the others with him: a long time between two looks counts little.
    const stood = before?.beat === beat ? before.stood + Math.min(at - before.at, lease / 4) : 0;
    seen.set(key, { beat, at, stood });
    return stood > lease;
  };
  return {
    /** Has that claim nobody any more who works on it? */
    isGone(claim: string): boolean {
      let owner: string;
      try {
        owner = readFileSync(join(folder.work, claim, "owner"), "utf8");
      } catch {
        // Its maker has not got further yet, or never will.
        return stands(claim, "");
      }
      const path = join(ownersOf(folder), `${owner}.json`);
      if (!existsSync(path)) return true;
      const file = readJson(path) as OwnerFile | undefined;
      if (file?.place === here && !isRunning(file.pid)) return true;
      return stands(owner, String(file?.beat));
    },
  };
}
