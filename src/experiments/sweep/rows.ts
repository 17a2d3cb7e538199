/**
 * The runs of a sweep as a table, one row each in the order of the grid; those that failed are rows too. Nothing in it
 * depends on when, where or by whom a run was done.
 *
 * @packageDocumentation
 */

import type { RunConfig } from "../config.ts";
import { runId } from "../config.ts";
import { precisionOf } from "../precision.ts";
import { toCsv } from "../report/csv.ts";
import type { EpochRecord, RunResult } from "../result.ts";
import { type RunState, type SweepFolder, stateOf } from "./folder.ts";

export interface Standing {
  readonly id: string;
  readonly config: RunConfig;
  readonly state: RunState;
}

export const standings = (folder: SweepFolder, configs: readonly RunConfig[]): readonly Standing[] =>
  configs.map((config) => ({ id: runId(config), config, state: stateOf(folder, config) }));

type Cell = string | number | null;
type Kind = "STRING" | "INT32" | "DOUBLE";
interface Column<T> {
  readonly name: string;
  readonly kind: Kind;
  readonly of: (row: T) => Cell;
}

const statusOf = ({ state }: Standing): string =>
  state.state === "done" ? state.result.status : state.state;

const reasonOf = ({ state }: Standing): string | null =>
  state.state === "done" ? (state.result.reason ?? null) : state.state === "failed" ? state.reason : null;

/** A number of the result of a run that is complete or has diverged. */
const ofResult =
  (of: (result: RunResult) => Cell) =>
  ({ state }: Standing): Cell =>
    state.state === "done" ? of(state.result) : null;

const part = (model: string, at: 1 | 2): number => Number(/^nin:(\d+)x(\d+)$/.exec(model)?.[at]);

const runColumns: readonly Column<Standing>[] = [
  { name: "id", kind: "STRING", of: ({ id }) => id },
  { name: "data", kind: "STRING", of: ({ config }) => config.data.name },
  { name: "depth", kind: "INT32", of: ({ config }) => part(config.model, 1) },
  { name: "width", kind: "INT32", of: ({ config }) => part(config.model, 2) },
  { name: "optimizer", kind: "STRING", of: ({ config }) => config.optimizer },
  { name: "lr", kind: "DOUBLE", of: ({ config }) => config.lr },
  { name: "weight_decay", kind: "DOUBLE", of: ({ config }) => config.weightDecay },
  { name: "precision", kind: "STRING", of: ({ config }) => precisionOf(config) },
  { name: "bits", kind: "INT32", of: ({ config }) => config.bits },
  { name: "seed", kind: "INT32", of: ({ config }) => config.seed },
  { name: "status", kind: "STRING", of: statusOf },
  { name: "reason", kind: "STRING", of: reasonOf },
  { name: "selected_epoch", kind: "INT32", of: ofResult(({ selectedEpoch }) => selectedEpoch) },
  { name: "train_accuracy", kind: "DOUBLE", of: ofResult(({ train }) => train.accuracy) },
  { name: "test_accuracy", kind: "DOUBLE", of: ofResult(({ test }) => test.accuracy) },
  { name: "train_loss", kind: "DOUBLE", of: ofResult(({ train }) => train.loss) },
  { name: "test_loss", kind: "DOUBLE", of: ofResult(({ test }) => test.loss) },
  { name: "gap", kind: "DOUBLE", of: ofResult(({ gap }) => gap) },
  { name: "norm", kind: "DOUBLE", of: ofResult(({ norms }) => norms.weights) },
  { name: "norm_quantized", kind: "DOUBLE", of: ofResult(({ norms }) => norms.quantized) },
  { name: "distance", kind: "DOUBLE", of: ofResult(({ norms }) => norms.distance) },
  { name: "weights_sha256", kind: "STRING", of: ofResult(({ weightsSha256 }) => weightsSha256) },
];

type Epoch = EpochRecord & { readonly id: string };

const epochColumns: readonly Column<Epoch>[] = [
  { name: "id", kind: "STRING", of: ({ id }) => id },
  { name: "epoch", kind: "INT32", of: ({ epoch }) => epoch },
  { name: "lr", kind: "DOUBLE", of: ({ lr }) => lr },
  { name: "step_loss", kind: "DOUBLE", of: ({ stepLoss }) => stepLoss },
  { name: "train_loss", kind: "DOUBLE", of: ({ train }) => train.loss },
  { name: "train_accuracy", kind: "DOUBLE", of: ({ train }) => train.accuracy },
  { name: "test_loss", kind: "DOUBLE", of: ({ test }) => test.loss },
  { name: "test_accuracy", kind: "DOUBLE", of: ({ test }) => test.accuracy },
];

const recordsOf = <T>(columns: readonly Column<T>[], rows: readonly T[]): Record<string, Cell>[] =>
  rows.map((row) => Object.fromEntries(columns.map(({ name, of }) => [name, of(row)])));

async function parquetOf<T>(columns: readonly Column<T>[], rows: readonly T[]): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const columnData = columns.map(({ name, kind, of }) => ({ name, type: kind, data: rows.map(of) }));
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}

/** Name and content of each file. */
export async function exportsOf(
  rows: readonly Standing[],
): Promise<readonly (readonly [string, string | Uint8Array])[]> {
  const records = recordsOf(runColumns, rows);
  const epochs = rows.flatMap(({ id, state }): Epoch[] =>
    state.state === "done" ? state.result.curve.map((record) => ({ id, ...record })) : [],
  );
  return [
    [
      "runs.csv",
      toCsv(
        runColumns.map(({ name }) => name),
        records,
      ),
    ],
    ["runs.jsonl", records.map((record) => `${JSON.stringify(record)}\n`).join("")],
    ["runs.parquet", await parquetOf(runColumns, rows)],
    ["epochs.parquet", await parquetOf(epochColumns, epochs)],
  ];
}
