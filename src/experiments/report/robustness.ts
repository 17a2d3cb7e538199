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

/** A network of the paper's, in Table 4 (ImageNet-C, by severity) or in Table 5 (CIFAR-100-C). */
export interface Counterpart {
  readonly model: string;
  readonly rows: readonly CorruptionRow[];
}

/** By the beginning of our names. Table 4 has no MobileNet-V1, Table 5 no MobileNet-V2: their family has to do. */
const families: readonly (readonly [name: string, table4: string, table5: string])[] = [
  ["resnet50", "ResNet-50", "ResNet-18"],
  ["mobilenet", "MobileNet-V2", "MobileNet-V1"],
  ["vgg19", "ResNet-18", "VGG-19"],
];

/** Whom one of our networks stands beside: the same or one of its family, otherwise ResNet-18, which both tables have. */
export function counterparts(name: string): { readonly table4: Counterpart; readonly table5: Counterpart } {
  const [, four, five] = families.find(([start]) => name.startsWith(start)) ?? ["", "ResNet-18", "ResNet-18"];
  const of = (model: string, rows: readonly CorruptionRow[]): Counterpart => ({
    model,
    rows: rows.filter((row) => row.model === model),
  });
  return { table4: of(four, table4()), table5: of(five, table5()) };
}

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

/** How many of its cells are below FP32, in words: `Int8 73, Int4 75, Int2 64 of 75`. */
export function paperCounts({ rows }: Counterpart): string {
  const floats = new Map(
    rows.flatMap((row) => (row.precision === "FP32" ? [[place(row), row.generalization_gap]] : [])),
  );
  const wins = (["Int8", "Int4", "Int2"] as const).map((name) => {
    const own = rows.filter(({ precision }) => precision === name);
    return `${name} ${own.filter((row) => row.generalization_gap < floats.get(place(row))!).length}`;
  });
  return `${wins.join(", ")} of ${fixed(floats.size, 0)}`;
}

const place = ({ corruption, severity }: CorruptionRow): string => `${corruption}/${severity}`;
