/**
 * Who runs what: several processes, on one machine or many, share the folder of a sweep, and no run is done twice.
 *
 * A claim is a folder `ID.N`, N = 1, 2, …, which only one can make. The highest N has the run. Where its owner is gone, the
 * next one makes `ID.(N + 1)` and goes on with copies of its files: an owner who was only asleep does no harm, since it
 * writes into its own folder, and results are published once.
 *
 * @packageDocumentation
 */

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { RunConfig } from "../config.ts";
import { runId } from "../config.ts";
import { cannotWrite, writeAtomic } from "../files.ts";
import { runFolder } from "../run.ts";
import { decodeSafetensors } from "../safetensors.ts";
import { isPublished, namesIn, resultIn, type SweepFolder } from "./folder.ts";
import { createWatch, enter, type LeaseOptions } from "./owner.ts";

export interface Claim {
  readonly config: RunConfig;
  /** Folder of all runs, for `run`: of this one alone. */
  readonly out: string;
  /** Has nobody else taken the run over? */
  held(): boolean;
  /** The run can be claimed by somebody else at once, or is over. */
  release(over: boolean): void;
}

export interface Claims {
  /** `"taken"` where somebody else has the run, `"done"` where it is complete. */
  claim(config: RunConfig): Claim | "taken" | "done";
  dispose(): void;
}

/** Numbers of the claims of a run, ascending. */
const claimsOn = ({ work }: SweepFolder, id: string): number[] =>
  namesIn(work)
    .filter((name) => name.startsWith(`${id}.`))
    .map((name) => Number(name.slice(id.length + 1)))
    .filter(Number.isInteger)
    .sort((a, b) => a - b);

/** All runs that somebody has claimed, each with the number of its last claim. */
export function lastClaims({ work }: SweepFolder): ReadonlyMap<string, number> {
  const last = new Map<string, number>();
  for (const name of namesIn(work)) {
    const [, id, n] = /^(.+)\.(\d+)$/.exec(name) ?? [];
    if (id !== undefined) last.set(id, Math.max(last.get(id) ?? 0, Number(n)));
  }
  return last;
}

/** Enters the folder as one who takes runs. */
export function openClaims(folder: SweepFolder, { lease, beat }: LeaseOptions): Claims {
  const me = enter(folder, beat);
  const watch = createWatch(folder, lease);
  return {
    claim(config) {
      const id = runId(config);
      if (isPublished(folder, id) && typeof resultIn(join(folder.runs, id), config) !== "string")
        return "done";
      const last = claimsOn(folder, id).at(-1) ?? 0;
      if (last > 0 && !watch.isGone(`${id}.${last}`)) return "taken";
      const mine = join(folder.work, `${id}.${last + 1}`);
      try {
        mkdirSync(mine);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EEXIST") return "taken";
        throw cannotWrite(mine, error);
      }
      writeAtomic(join(mine, "owner"), me.name);
      const claim: Claim = {
        config,
        out: mine,
        held: () => claimsOn(folder, id).at(-1) === last + 1,
        release(over) {
          if (over) discardClaims(folder, id, last + 1);
          else if (existsSync(mine)) writeAtomic(join(mine, "owner"), "nobody");
        },
      };
      // It may have become complete between the first look and the claim.
      if (isPublished(folder, id)) {
        const found = join(folder.runs, id);
        if (typeof resultIn(found, config) !== "string") {
          claim.release(true);
          return "done";
        }
        renameSync(found, join(mine, "damaged"));
      }
      inherit(folder, claim, last + 1);
      return claim;
    },
    dispose() {
      // The worker of a sweep that was killed may have written once more, after its claim was discarded.
      for (const [id, last] of lastClaims(folder)) {
        const owned = existsSync(join(folder.work, `${id}.${last}`, "owner"));
        if (!owned && isPublished(folder, id)) discardClaims(folder, id, last);
      }
      me.leave();
    },
  };
}

/** Removes the claims on a run up to a number. */
function discardClaims(folder: SweepFolder, id: string, upTo: number): void {
  for (const n of claimsOn(folder, id).filter((n) => n <= upTo))
    try {
      rmSync(join(folder.work, `${id}.${n}`), { recursive: true, force: true });
    } catch {
      // Somebody who was asleep has just written there. It is of no account any more.
    }
}

interface Saved {
  readonly checkpoint: Uint8Array;
  readonly events: Uint8Array;
}

/** What a start of a run has saved, if it is whole: a checkpoint, and the record of each of its epochs. */
function savedIn(folder: string): Saved | null {
  try {
    // The checkpoint first: the other file then has at least its epochs.
    const checkpoint = readFileSync(join(folder, "checkpoint.safetensors"));
    const events = readFileSync(join(folder, "events.jsonl"));
    const { epoch } = JSON.parse(decodeSafetensors(checkpoint).metadata.qgen!) as { readonly epoch: number };
    const lines = events.toString().split("\n").slice(0, epoch);
    return lines.every((line, i) => JSON.parse(line).epoch === i + 1) ? { checkpoint, events } : null;
  } catch {
    return null;
  }
}

/** The files of the starts before this one: the last that are whole are gone on with. */
function inherit(folder: SweepFolder, { config, out }: Claim, n: number): void {
  const id = runId(config);
  const earlier = claimsOn(folder, id).filter((other) => other < n);
  const places = [join(out, "damaged"), ...earlier.reverse().map((m) => join(folder.work, `${id}.${m}`, id))];
  for (const place of places) {
    const saved = savedIn(place);
    if (saved === null) continue;
    const to = runFolder(out, config);
    writeAtomic(to.events, saved.events);
    writeAtomic(to.checkpoint, saved.checkpoint);
    break;
  }
  discardClaims(folder, id, n - 1);
}
