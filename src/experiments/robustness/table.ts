/**
 * Runs on corrupted images, put together by precision: Tables 4, 5 and 6 as data.
 *
 * @packageDocumentation
 */

import type { RunConfig } from "../config.ts";
import type { CorruptionName, Severity } from "../corruptions/constants.ts";
import { precisionName } from "../precision.ts";
import { mean, type Summary, summarize } from "../report/statistics.ts";
import { lessons } from "../report/words.ts";
import type { RobustRun } from "./measure.ts";
import { namesOf, type Overall, overall, relativeError } from "./summary.ts";

/** A run and what was found out about it. */
export interface Tested {
  readonly config: RunConfig;
  readonly robust: RobustRun;
}

/** Means over seeds of one corruption at one severity. */
export interface MeanCell {
  readonly corruption: CorruptionName;
  readonly severity: Severity;
  readonly gap: number;
  readonly loss: number;
  readonly accuracy: number;
}

export interface RobustPrecision {
  readonly bits: number;
  readonly name: string;
  /** Over all corruptions and severities, seed by seed. */
  readonly runs: readonly (Overall & { readonly seed: number })[];
  /** Of the training images, clean. */
  readonly trainLoss: Summary;
  /** The same over the seeds. */
  readonly overall: Readonly<Record<keyof Overall, Summary>>;
  /** Mean corruption error in units of that of FP32, seed by seed; `null` where there is none. */
  readonly relative: Summary | null;
  readonly cells: readonly MeanCell[];
  /** The mean over the severities, by corruption: a row of Table 5. */
  readonly gaps: readonly { readonly corruption: CorruptionName; readonly gap: Summary }[];
  /** In how many cells this is better than FP32. */
  readonly better: {
    readonly gap: number;
    readonly loss: number;
    readonly accuracy: number;
    readonly of: number;
  } | null;
  /** Seeds whose networks have learned nothing, and why one thinks so. */
  readonly degenerate: readonly { readonly seed: number; readonly why: string }[];
}

/** One network and data set. */
export interface RobustTable {
  readonly model: string;
  readonly data: string;
  readonly source: string;
  /** From what and how its networks have learned; more than one, where they differ in it. */
  readonly lessons: readonly string[];
  readonly names: readonly CorruptionName[];
  readonly severities: readonly Severity[];
  /** From the most bits to the fewest. */
  readonly precisions: readonly RobustPrecision[];
}

/** A table for every network and data set among some runs. */
export function robustTables(tested: readonly Tested[]): readonly RobustTable[] {
  const groups = [...new Set(tested.map(nameOf))];
  return groups.map((name) => tableOf(tested.filter((one) => nameOf(one) === name)));
}

const nameOf = ({ config, robust }: Tested): string => `${config.model}/${config.data.name}/${robust.source}`;

function tableOf(tested: readonly Tested[]): RobustTable {
  const { config, robust } = tested[0]!;
  const levels = [...new Set(tested.map(({ config }) => config.bits))].sort((a, b) => b - a);
  const groups = levels.map((bits) => ({
    bits,
    runs: tested.filter(({ config }) => config.bits === bits).sort((a, b) => a.config.seed - b.config.seed),
  }));
  const float = groups.find(({ bits }) => bits === 32)?.runs;
  const floatCells = float && meanCells(float);
  return {
    model: config.model,
    data: config.data.name,
    source: robust.source,
    lessons: [...new Set(tested.map(({ config }) => lessons(config)))],
    names: namesOf(robust.cells),
    severities: [...new Set(robust.cells.map(({ severity }) => severity))],
    precisions: groups.map(({ bits, runs }) => {
      const means = runs.map(({ config: { seed }, robust }) => ({ seed, ...overall(robust.cells) }));
      const cells = meanCells(runs);
      const ratios = runs.flatMap(({ config: { seed }, robust }) => {
        const reference = float?.find(({ config }) => config.seed === seed);
        return (reference && relativeError(robust.cells, reference.robust.cells)) ?? [];
      });
      const wins = (isBetter: (here: MeanCell, there: MeanCell) => boolean): number =>
        cells.filter((cell, i) => isBetter(cell, floatCells![i]!)).length;
      return {
        bits,
        name: precisionName(bits),
        runs: means,
        trainLoss: summarize(runs.map(({ robust }) => robust.train.loss)),
        overall: {
          gap: summarize(means.map(({ gap }) => gap)),
          loss: summarize(means.map(({ loss }) => loss)),
          accuracy: summarize(means.map(({ accuracy }) => accuracy)),
          error: summarize(means.map(({ error }) => error)),
        },
        relative: ratios.length === 0 ? null : summarize(ratios),
        cells,
        gaps: namesOf(robust.cells).map((corruption) => ({
          corruption,
          gap: summarize(
            runs.map(({ robust }) =>
              mean(robust.cells.flatMap((cell) => (cell.corruption === corruption ? cell.gap : []))),
            ),
          ),
        })),
        better:
          floatCells === undefined || bits === 32
            ? null
            : {
                gap: wins((here, there) => here.gap < there.gap),
                loss: wins((here, there) => here.loss < there.loss),
                accuracy: wins((here, there) => here.accuracy > there.accuracy),
                of: cells.length,
              },
        degenerate: runs.flatMap(({ config: { seed }, robust: { degenerate } }) =>
          degenerate === null ? [] : [{ seed, why: degenerate }],
        ),
      };
    }),
  };
}

const meanCells = (runs: readonly Tested[]): readonly MeanCell[] =>
  runs[0]!.robust.cells.map(({ corruption, severity }, i) => {
    const over = (of: "gap" | "loss" | "accuracy"): number =>
      mean(runs.map(({ robust }) => robust.cells[i]![of]));
    return { corruption, severity, gap: over("gap"), loss: over("loss"), accuracy: over("accuracy") };
  });
