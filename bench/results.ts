/**
 * Results of benches as files: `bench/results/NAME.json`.
 *
 * @packageDocumentation
 */

import { readFileSync } from "node:fs";
import { Complaint } from "../src/experiments/complaint.ts";
import type { Environment } from "../src/experiments/environment.ts";
import type { Roofs } from "./roof.ts";

/** What one thing took. `noise`: how far its times lay apart, as a share. */
export type Row = Readonly<Record<string, string | number | null>> & { readonly name: string };

export interface Results {
  readonly about: string;
  readonly environment: Environment;
  readonly rows: readonly Row[];
  /** What was measured, where there are several. */
  readonly devices?: readonly string[];
  /** What the machine allows, where rows are held against it. */
  readonly roofs?: Roofs;
}

/** Folder of the results. */
export const resultsFolder = "bench/results";

/** @throws Complaint where the file is not one of results */
export function readResults(path: string): Results {
  let results: Partial<Results>;
  try {
    results = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Complaint(`${path} cannot be read: ${(error as Error).message}`, 2);
  }
  if (!Array.isArray(results?.rows) || results.environment === undefined)
    throw new Complaint(
      `${path} is not a result of a bench: it has no rows or no environment. "npm run bench" writes such files.`,
      2,
    );
  return results as Results;
}

/** A column of numbers: what it is called, how a number looks, and whether more of it is better. */
export interface Column {
  readonly title: string;
  text(value: number): string;
  /** `null` where it says nothing of speed. */
  readonly better: "more" | "less" | null;
}

const digits = (value: number): string =>
  value >= 100 ? value.toFixed(0) : Number(value.toPrecision(3)).toString();
const percent = (value: number): string => `${(100 * value).toFixed(value < 0.1 ? 1 : 0)} %`;
const megabytes = (value: number): string => digits(value / 2 ** 20);
const column = (title: string, better: Column["better"], text = digits): Column => ({ title, text, better });

/** Every column that a result may have. */
export const columns: Readonly<Record<string, Column>> = {
  gflops: column("GFLOP/s", "more"),
  gigabytes: column("GB/s", "more"),
  share: column("of the limit", "more", percent),
  ms: column("ms", "less"),
  cpuMs: column("ms of processors", "less"),
  threads: column("threads", null),
  torchMs: column("PyTorch, ms", null),
  theirMs: column("theirs, ms", null),
  speed: column("theirs / ours", "more"),
  resident: column("GFLOP/s in place", "more"),
  transferred: column("GFLOP/s with transfers", "more"),
  intensity: column("FLOP/byte", null),
  flops: column("MFLOP", null, (value) => digits(value / 1e6)),
  bytes: column("MB moved", null, megabytes),
  up: column("MB sent", null, megabytes),
  down: column("MB fetched", null, megabytes),
  weights: column("MB of weights", null, megabytes),
  images: column("MB of images", null, megabytes),
  logits: column("MB of logits", null, megabytes),
  noise: column("noise", null, (value) => `±${percent(value)}`),
};

/** Columns whose words are in the name already, and the name itself. */
const hidden = new Set(["name", "layer", "part"]);

/** The columns to be shown of some rows, beside their names. */
export const shown = (rows: readonly Row[]): string[] =>
  [...new Set(rows.flatMap(Object.keys))].filter((key) => !hidden.has(key));

/** A cell in words; "–" where there is nothing. */
export const cell = (row: Row, key: string): string => {
  const value = row[key];
  if (typeof value === "number") return (columns[key]?.text ?? digits)(value);
  return value === undefined || value === null ? "–" : value;
};
