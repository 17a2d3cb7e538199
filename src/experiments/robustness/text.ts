/**
 * Tables of robustness as characters and as CSV.
 *
 * @packageDocumentation
 */

import { titleOf } from "../corruptions/corruption.ts";
import { inColumns } from "../report/columns.ts";
import { toCsv } from "../report/csv.ts";
import { count, fixed, listed, meanSd } from "../report/format.ts";
import type { RobustPrecision, RobustTable } from "./table.ts";

/** Overall numbers by precision. */
export function robustText({ model, data, source, names, severities, precisions }: RobustTable): string {
  const percent = (share: number): string => fixed(100 * share, 2);
  const wins =
    (of: "gap" | "loss" | "accuracy") =>
    (precision: RobustTable["precisions"][number]): string =>
      precision.better === null ? "–" : `${precision.better[of]} of ${precision.better.of}`;
  const rows: [string, (precision: RobustTable["precisions"][number]) => string][] = [
    ["gap", ({ overall }) => meanSd(overall.gap, 3)],
    ["loss", ({ overall }) => meanSd(overall.loss, 3)],
    ["loss, clean training images", ({ trainLoss }) => meanSd(trainLoss, 3)],
    ["accuracy, %", ({ overall }) => percent(overall.accuracy.mean)],
    ["mean corruption error, %", ({ overall }) => percent(overall.error.mean)],
    ["… in units of FP32’s", ({ relative }) => (relative === null ? "–" : meanSd(relative, 3))],
    ["gap smaller than FP32’s", wins("gap")],
    ["loss lower than FP32’s", wins("loss")],
    ["accuracy higher than FP32’s", wins("accuracy")],
  ];
  return [
    `${model} on ${data}: ${source}; ${count(names.length, "corruption")}, severities ${listed(severities)}`,
    "",
    inColumns([
      ["", ...precisions.map(({ name }) => name)],
      ...rows.map(([name, of]) => [name, ...precisions.map(of)]),
    ]),
    ...degenerateNotes(precisions).map((note) => `\nDegenerate: ${note}`),
  ].join("\n");
}

/** The gap by corruption and precision. */
export const gapsText = ({ names, precisions }: RobustTable): string =>
  inColumns([
    ["gap by corruption", ...precisions.map(({ name }) => name)],
    ...names.map((name, i) => [titleOf(name), ...precisions.map(({ gaps }) => meanSd(gaps[i]!.gap, 3))]),
  ]);

/** What is to be known of networks that have learned nothing: a sentence for all that share it. */
export function degenerateNotes(
  precisions: readonly Pick<RobustPrecision, "name" | "degenerate">[],
): string[] {
  const all = precisions.flatMap(({ name, degenerate }) =>
    degenerate.map(({ seed, why }) => ({ who: `${name} seed ${seed}`, why })),
  );
  return [...new Set(all.map(({ why }) => why))].map((reason) => {
    const who = all.flatMap(({ who, why }) => (why === reason ? who : []));
    return `${listed(who)}: ${reason}.`;
  });
}

/** Every corruption and severity at every precision, one row each. */
export const robustCsv = (tables: readonly RobustTable[]): string =>
  toCsv(
    [
      "model",
      "data",
      "corruption",
      "severity",
      "precision",
      "seeds",
      "gap",
      "loss",
      "accuracy",
      "degenerate",
    ],
    tables.flatMap(({ model, data, precisions }) =>
      precisions.flatMap(({ name, runs, cells, degenerate }) =>
        cells.map(({ corruption, severity, gap, loss, accuracy }) => ({
          model,
          data,
          corruption,
          severity,
          precision: name,
          seeds: runs.length,
          gap,
          loss,
          accuracy,
          degenerate: degenerate.length,
        })),
      ),
    ),
  );
