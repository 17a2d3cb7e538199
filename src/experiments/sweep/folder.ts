/**
 * The folder of a sweep. What lies in it is the truth; there is no other book-keeping.
 *
 *   sweep.json            the grid
 *   runs/ID/              complete runs: a folder appears whole, or not at all
 *   failures/ID.json      runs that cannot be completed, and why
 *   work/ID.N/ID/         the N-th start of a run; work/owners/ has who is at work (claim.ts)
 *   tables/               what `qgen pool` makes of it
 *
 * @packageDocumentation
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { Complaint } from "../complaint.ts";
import { canonicalJson, type RunConfig, runId } from "../config.ts";
import { cannotWrite, writeAtomic } from "../files.ts";
import type { RunResult } from "../result.ts";
import { runFolder } from "../run.ts";
import { checkedGrid, type Grid, gridId } from "./grid.ts";

export function sweepFolder(dir: string) {
  const at = (...names: string[]): string => join(dir, ...names);
  return {
    dir,
    grid: at("sweep.json"),
    runs: at("runs"),
    work: at("work"),
    failures: at("failures"),
    tables: at("tables"),
  };
}
export type SweepFolder = ReturnType<typeof sweepFolder>;

export interface Failure {
  readonly id: string;
  readonly reason: string;
}

/** What of a file is JSON; `undefined` where it is missing or damaged. */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** The folder of that grid, made where there is none. @throws Complaint where it is that of another */
export function openSweep(dir: string, grid: Grid): SweepFolder {
  const folder = sweepFolder(dir);
  if (existsSync(folder.grid)) {
    const there = gridOf(dir);
    if (canonicalJson(there) !== canonicalJson(grid))
      throw new Complaint(
        `${dir} is the folder of the sweep ${gridId(there)}, not of ${gridId(grid)}. Choose another --out.`,
        2,
      );
  } else writeAtomic(folder.grid, `${JSON.stringify(grid, null, 2)}\n`);
  return folder;
}

/** @throws Complaint where it is not the folder of a sweep */
export function gridOf(dir: string): Grid {
  const path = sweepFolder(dir).grid;
  if (!existsSync(path)) throw new Complaint(`${dir} is not the folder of a sweep: there is no ${path}`, 2);
  return checkedGrid(readJson(path), path);
}

/**
 * The result in the folder of a run, or what is wrong with it. Besides its form, what it says twice has to agree: a
 * file with a wrong number in it is seldom taken for a right one.
 */
export function resultIn(folder: string, config: RunConfig): RunResult | string {
  const path = join(folder, "result.json");
  const found = readJson(path) as Partial<RunResult> | undefined;
  if (typeof found !== "object" || found === null) return `${path} is missing or damaged`;
  const id = runId(config);
  if (found.id !== id || !found.config || canonicalJson(found.config) !== canonicalJson(config))
    return `${path} is of another run`;
  const { status, curve, selectedEpoch, train, test, gap } = found;
  if (!Array.isArray(curve) || !train || !test || selectedEpoch === undefined)
    return `${path} is not a result`;
  if (status === "diverged") return found as RunResult;
  const inOrder = curve.length === config.epochs && curve.every(({ epoch }, i) => epoch === i + 1);
  if (status !== "complete" || !inOrder) return `${path} has ${curve.length} of ${config.epochs} epochs`;
  const selected = curve[selectedEpoch - 1];
  if (
    canonicalJson({ train, test }) !== canonicalJson({ train: selected?.train, test: selected?.test }) ||
    (Number.isFinite(gap) && gap !== test.loss - train.loss)
  )
    return `${path} contradicts itself: its numbers are not those of epoch ${selectedEpoch}`;
  return found as RunResult;
}

export const failureOf = ({ failures }: SweepFolder, id: string): Failure | undefined =>
  readJson(join(failures, `${id}.json`)) as Failure | undefined;

export const writeFailure = ({ failures }: SweepFolder, failure: Failure): void =>
  writeAtomic(join(failures, `${failure.id}.json`), `${JSON.stringify(failure, null, 2)}\n`);

export const forgetFailure = ({ failures }: SweepFolder, id: string): void =>
  rmSync(join(failures, `${id}.json`), { force: true });

/** Is there a folder for the result? Since folders appear whole, there is a result in it, unless it was damaged. */
export const isPublished = ({ runs }: SweepFolder, id: string): boolean => existsSync(join(runs, id));

/**
 * Moves the folder of a complete run into its place. Of two that come at the same time the first one stays, so a result
 * arrives once.
 */
export function publish({ runs }: SweepFolder, from: string): void {
  const to = join(runs, basename(from));
  try {
    mkdirSync(runs, { recursive: true });
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw cannotWrite(to, error);
  }
}

/** A complete run without its checkpoint: what came from elsewhere as a result. */
export function writeRun(out: string, result: RunResult, weights?: Uint8Array): string {
  const files = runFolder(out, result.config);
  writeAtomic(files.config, `${JSON.stringify(result.config, null, 2)}\n`);
  writeAtomic(files.events, result.curve.map((record) => `${JSON.stringify(record)}\n`).join(""));
  if (weights !== undefined) writeAtomic(files.weights, weights);
  writeAtomic(files.result, `${JSON.stringify(result, null, 2)}\n`);
  return files.folder;
}

/** Where a run stands. */
export type RunState =
  | { readonly state: "done"; readonly result: RunResult }
  | { readonly state: "failed"; readonly reason: string }
  | { readonly state: "open" };

export function stateOf(folder: SweepFolder, config: RunConfig): RunState {
  const id = runId(config);
  if (isPublished(folder, id)) {
    const result = resultIn(join(folder.runs, id), config);
    if (typeof result !== "string") return { state: "done", result };
  }
  const failure = failureOf(folder, id);
  return failure === undefined ? { state: "open" } : { state: "failed", reason: failure.reason };
}

/** The names in a folder; none where there is no folder. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
