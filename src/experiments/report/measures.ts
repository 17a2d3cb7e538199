/**
 * The measures of the runs of a report: Table 3, hypothesis 1 and the ranking, as data and as text.
 *
 * @packageDocumentation
 */

import type { H1Test } from "../../measures/h1.ts";
import type { MeasuredRun } from "../measuring/measure.ts";
import type { MeasuredValue } from "../measuring/values.ts";
import { type Table3Column, type Table3Row, table3, table3Columns } from "../paper/tables.ts";
import type { RunResult } from "../result.ts";
import type { Aggregate, Precision } from "./aggregate.ts";
import type { Claim } from "./claim.ts";
import { h1Claim, h1Of, type RunMeasure } from "./claim-h1.ts";
import { type Ranked, ranking } from "./ranking.ts";
import type { Reference } from "./reference.ts";
import { type Summary, summarize } from "./statistics.ts";

/** Measures of runs, by the id of the run. */
export type MeasuredRuns = ReadonlyMap<string, MeasuredRun>;

/** The measures that the paper rests its case on: those relative to the size of each weight. */
const claimed: readonly Table3Column[] = ["pacbayes_mag_init", "sharpness_mag_init"];

const valueOfRun = (measured: MeasuredRuns, { id }: RunResult, name: string): MeasuredValue | undefined =>
  measured.get(id)?.measures.find((measure) => measure.id === name);

/** A measure of the registry as a column of numbers over runs. */
const columnOf = (measured: MeasuredRuns, id: string, name: string): RunMeasure => ({
  name,
  of: (run) => valueOfRun(measured, run, id)?.value ?? null,
});

/** All measures of some runs, as columns of numbers. */
export const columnsOf = (measured: MeasuredRuns): RunMeasure[] =>
  ([...measured.values()][0]?.measures ?? []).map(({ id, name }) => columnOf(measured, id, name));

/** A cell of Table 3: over the runs that have a number there. */
export function cellOf(measured: MeasuredRuns, { runs }: Precision, id: Table3Column): Summary | null {
  const values = runs.flatMap((run) => valueOfRun(measured, run, id)?.value ?? []);
  return values.length === 0 ? null : summarize(values);
}

export interface H1Row {
  readonly id: Table3Column;
  readonly name: string;
  /** `null` where no seed has the measure at full precision and at every other one. */
  readonly test: H1Test | null;
}

/** What the measures say. */
export interface MeasuresReport {
  readonly measured: MeasuredRuns;
  /** The paper's rows for NiN on the nearest data set. */
  readonly paper: readonly Table3Row[];
  readonly claims: readonly Claim[];
  readonly h1: readonly H1Row[];
  /** All measures, the best predictor of the gap first. */
  readonly ranking: readonly Ranked[];
}

/**
 * Table 3, hypothesis 1 and the ranking, of runs that were measured.
 *
 * @implements QGen.tab.3
 * @implements QGen.H1
 */
export function measuresReport(all: Aggregate, reference: Reference, measured: MeasuredRuns): MeasuresReport {
  const counted = all.precisions.flatMap(({ runs }) => runs);
  const listed = [...measured.values()][0]?.measures ?? [];
  const nameOf = (id: string): string => listed.find((measure) => measure.id === id)?.name ?? id;
  return {
    measured,
    paper: table3().filter(({ dataset, model }) => dataset === reference.dataset && model.startsWith("NiN")),
    claims: claimed.map((id) => ({ ...h1Claim(all, columnOf(measured, id, nameOf(id))), id: `h1-${id}` })),
    h1: table3Columns.map((id) => ({
      id,
      name: nameOf(id),
      test: h1Of(all, columnOf(measured, id, nameOf(id))),
    })),
    ranking: ranking(counted, columnsOf(measured)),
  };
}
