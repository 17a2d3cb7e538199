/**
 * Tables 4 and 5 in a report: networks on corrupted images, and what the paper claims of them.
 *
 * @packageDocumentation
 */

import { type CorruptionRow, table4, table5 } from "../paper/tables.ts";
import type { RobustPrecision, RobustTable } from "../robustness/table.ts";
import { degenerateNotes } from "../robustness/text.ts";
import { type Claim, type Head, unanswerable, type Verdict } from "./claim.ts";
import { toCsv } from "./csv.ts";
import { count, fixed, intervalText, signed } from "./format.ts";
import { type Interval, interval, pairedDifferences } from "./statistics.ts";

/** The network of the paper's tables that ours stand beside. */
export const paperModel = "ResNet-18";

/** The paper's numbers for that network, by severity (Table 4, ImageNet-C) and without (Table 5, CIFAR-100-C). */
export const paperRows = (): readonly CorruptionRow[] =>
  [...table4(), ...table5()].filter(({ model }) => model === paperModel);

const head: Head = {
  id: "corrupted-gap",
  statement: "Quantized networks have a smaller gap on corrupted images",
  place: "section 4.3, appendix C; Tables 4 to 6",
};

/** `to` − `from` of one number, paired by seed. */
function difference(
  from: RobustPrecision,
  to: RobustPrecision,
  of: "gap" | "loss" | "accuracy",
): Interval | null {
  const bySeed = ({ runs }: RobustPrecision) => new Map(runs.map((run) => [run.seed, run[of]]));
  const differences = pairedDifferences(bySeed(from), bySeed(to));
  return differences.length === 0 ? null : interval(differences);
}

function side({ low, high }: Interval): Verdict {
  if (low === null || high === null) return "undecided";
  return high < 0 ? "holds" : low > 0 ? "fails" : "undecided";
}

/** What the numbers of one network say to the paper's claim. */
export function corruptedClaim({ model, precisions }: RobustTable): Claim {
  const rule =
    "Holds where, at every bit width, the 95% interval of the change of the mean gap from FP32 lies below zero; fails where one lies above. Networks that have learned nothing decide nothing.";
  const float = precisions.find(({ bits }) => bits === 32);
  const pairs = precisions.flatMap((to) => {
    const gap = float === undefined || to === float ? null : difference(float, to, "gap");
    return gap === null ? [] : [{ to, gap }];
  });
  if (float === undefined || pairs.length === 0)
    return unanswerable({ ...head, id: `${head.id}-${model}` }, rule, "FP32 and a lower precision");
  const verdicts = pairs.map(({ gap }) => side(gap));
  const empty = precisions.some(({ degenerate }) => degenerate.length > 0);
  const verdict: Verdict = empty
    ? "undecided"
    : verdicts.includes("fails")
      ? "fails"
      : verdicts.every((v) => v === "holds")
        ? "holds"
        : "undecided";
  return {
    ...head,
    id: `${head.id}-${model}`,
    verdict,
    says: [
      ...pairs.map(({ to, gap }) => {
        const [loss, accuracy] = [difference(float, to, "loss"), difference(float, to, "accuracy")];
        return `${model}, ${to.name} minus FP32: mean gap ${intervalText(gap, 3)}, smaller in ${to.better?.gap} of ${count(to.better?.of ?? 0, "cell")}. The loss on the corrupted images changes by ${signed(loss?.mean ?? 0, 3)}, the accuracy by ${signed(100 * (accuracy?.mean ?? 0), 2)} points, the training loss by ${signed(to.trainLoss.mean - float.trainLoss.mean, 3)}.`;
      }),
      ...degenerateNotes(precisions),
    ],
    rule,
    comparisons: [],
  };
}

const mobilenetHead: Head = {
  id: "mobilenet-int2",
  statement: "MobileNet-V2 at 2 bits has the largest gap under most corruptions",
  place: "appendix C.5; Table 6",
};

/** What the numbers of MobileNet-V2 say to the exception that the paper makes for it; of other networks, nothing. */
export function mobilenetClaim({ model, precisions }: RobustTable): Claim[] {
  if (!model.startsWith("mobilenetv2")) return [];
  const rule =
    "Holds where Int2 has the largest gap of all precisions in more than half of the cells. Networks that have learned nothing decide nothing.";
  const two = precisions.find(({ bits }) => bits === 2);
  const others = precisions.filter((one) => one !== two);
  if (two === undefined || others.length === 0)
    return [unanswerable(mobilenetHead, rule, "Int2 and another precision")];
  const largest = two.cells.filter(({ gap }, i) => others.every(({ cells }) => gap > cells[i]!.gap)).length;
  const of = two.cells.length;
  const notes = degenerateNotes(precisions);
  return [
    {
      ...mobilenetHead,
      verdict: notes.length > 0 ? "undecided" : largest > of / 2 ? "holds" : "fails",
      says: [
        `${model}: Int2 has the largest gap in ${largest} of ${count(of, "cell")}.`,
        `By precision: ${precisions.map(({ name, overall, trainLoss }) => `${name} gap ${fixed(overall.gap.mean, 3)}, training loss ${fixed(trainLoss.mean, 3)}, accuracy on corrupted images ${fixed(100 * overall.accuracy.mean, 1)}%`).join("; ")}.`,
        ...notes,
      ],
      rule,
      comparisons: [],
    },
  ];
}

/** Table 5 as data: the mean over the severities, the paper's rows among them. */
export const table5Csv = (tables: readonly RobustTable[]): string =>
  toCsv(
    ["source", "dataset", "model", "corruption", "precision", "networks", "gap", "gap_sd"],
    [
      ...tables.flatMap(({ model, data, precisions }) =>
        precisions.flatMap(({ name, runs, gaps }) =>
          gaps.map(({ corruption, gap }) => ({
            source: "here",
            dataset: `${data}, corrupted`,
            model,
            corruption,
            precision: name,
            networks: runs.length,
            gap: gap.mean,
            gap_sd: gap.sd,
          })),
        ),
      ),
      ...table5().map(({ dataset, model, corruption, precision, generalization_gap }) => ({
        source: "paper",
        dataset,
        model,
        corruption,
        precision,
        networks: 1,
        gap: generalization_gap,
        gap_sd: null,
      })),
    ],
  );

/** How many of the paper's cells are below FP32, in words: `Int8 73, Int4 72 and Int2 64 of 75`. */
export function paperCounts(severity: boolean): string {
  const rows = paperRows().filter((row) => (row.severity !== null) === severity);
  const at = (row: CorruptionRow): number | undefined =>
    rows.find(
      (other) =>
        other.precision === "FP32" && other.corruption === row.corruption && other.severity === row.severity,
    )?.generalization_gap;
  const quantized = ["Int8", "Int4", "Int2"] as const;
  const wins = quantized.map((name) => {
    const own = rows.filter(({ precision }) => precision === name);
    return `${name} ${own.filter((row) => row.generalization_gap < (at(row) ?? Number.NaN)).length}`;
  });
  return `${wins.join(", ")} of ${fixed(rows.length / 4, 0)}`;
}
