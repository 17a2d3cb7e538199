import { count, fixed, listed, signed } from "../../report/format.ts";
import { type Block, blocks, nameOf, precisions, quantized } from "../blocks.ts";
import { type Finding, holdsIf, tally } from "../finding.ts";
import { type Table1Row, table1 } from "../tables.ts";

type Column = "train_acc" | "test_acc" | "train_loss" | "test_loss" | "generalization_gap";

const all = (): readonly Block<Table1Row>[] => blocks(table1());
const values = (block: Block<Table1Row>, column: Column): number[] =>
  precisions.map((precision) => block.at(precision)[column]);
const spread = (block: Block<Table1Row>, column: Column): number => {
  const of = values(block, column);
  return Math.max(...of) - Math.min(...of);
};
const names = (of: readonly { readonly name: string }[]): string =>
  of.length === 0 ? "none" : listed(of.map(({ name }) => name));
/** Decimals of the printed losses. */
const digits = ({ model }: { readonly model: string }): number => (model === "NiN" ? 3 : 2);

/** The gap is the difference of the two losses beside it. */
function gaps(): Finding {
  const rows = table1();
  const off = rows
    .map((row) => ({ row, by: row.generalization_gap - (row.test_loss - row.train_loss) }))
    .filter(({ row, by }) => Math.abs(by) > 1.5 * 10 ** -digits(row) + 1e-9);
  return {
    id: "gap",
    where: "Table 1; section 4.2",
    claim: "the difference between test data loss and training data loss as the generalization gap",
    says: [
      `In ${rows.length - off.length} of ${rows.length} rows the gap is that difference within rounding. In ${off.length} it is not: ${listed(off.map(({ row, by }) => `${nameOf(row)} (off by ${signed(by, 3)})`))}. Means over the same networks must differ as their difference does.`,
    ],
    verdict: off.length > 0 ? "inconsistent" : "holds",
    rule: "Inconsistent where a gap differs from its losses by more than three roundings can.",
    numbers: { rows: rows.length, off: off.length },
  };
}

/** A column that goes one way as the bits fall. */
function monotone(
  id: string,
  where: string,
  claim: string,
  column: Column,
  sign: 1 | -1,
  noun: string,
): Finding {
  const steps = (block: Block<Table1Row>): boolean[] =>
    values(block, column).flatMap((x, i, xs) => (i === 0 ? [] : [sign * (x - xs[i - 1]!) >= 0]));
  const against = all().filter((block) => steps(block).includes(false));
  const n = all().length;
  const goes = sign === 1 ? "rises" : "falls";
  return {
    id,
    where,
    claim,
    says: [
      `The ${noun} ${goes} at every step from FP32 to Int2 in ${n - against.length} of ${count(n, "network")}. It does not in ${listed(against.map((block) => `${block.name} (${values(block, column).join(", ")})`))}.`,
    ],
    verdict: holdsIf(against.length === 0),
    rule: `Holds where the ${noun} ${goes}, or stays, at every step of every network.`,
    numbers: { networks: n, monotone: n - against.length },
  };
}

function smallerGap(): Finding {
  const rows = all().flatMap((block) =>
    quantized.map((precision) => ({ own: block.at(precision), float: block.at("FP32") })),
  );
  const smaller = tally(rows, ({ own, float }) => own.generalization_gap < float.generalization_gap);
  return {
    id: "smaller-gap",
    where: "Section 4.2",
    claim:
      "The training loss and training accuracy … are negatively impacted. However, they enjoy better generalization",
    says: [`The gap of the quantized network is below that of FP32 in ${smaller} of ${rows.length} rows.`],
    verdict: holdsIf(smaller === rows.length),
    rule: "Holds where every quantized row has a smaller gap than FP32.",
    numbers: { rows: rows.length, smaller },
  };
}

function smallestAtTwoBits(): Finding {
  const blocksOf = all();
  const smallest = (block: Block<Table1Row>): boolean =>
    precisions.every(
      (p) => p === "Int2" || block.at("Int2").generalization_gap < block.at(p).generalization_gap,
    );
  const others = blocksOf.filter((block) => !smallest(block));
  return {
    id: "int2-smallest",
    where: "Table 1; section 4",
    claim: "lower bit resolution quantization results in better flatness … improved generalization",
    says: [
      `Int2 has the smallest gap in ${blocksOf.length - others.length} of ${count(blocksOf.length, "network")}. It does not in ${listed(others.map((block) => `${block.name} (${precisions.map((p) => `${p} ${block.at(p).generalization_gap}`).join(", ")})`))}.`,
    ],
    verdict: holdsIf(others.length === 0),
    rule: "Holds where the gap of Int2 is below the other three in every network.",
    numbers: { networks: blocksOf.length, smallest: blocksOf.length - others.length },
  };
}

function onPar(): Finding {
  const columns = ["train_acc", "test_acc", "train_loss", "test_loss", "generalization_gap"] as const;
  const share = 0.1;
  const changes = all().map((block) => ({
    name: block.name,
    worst: Math.max(
      ...columns.map((c) => Math.abs(block.at("Int8")[c] - block.at("FP32")[c]) / (spread(block, c) || 1)),
    ),
    accuracy: block.at("Int8").test_acc - block.at("FP32").test_acc,
    gap: block.at("Int8").generalization_gap - block.at("FP32").generalization_gap,
  }));
  const on = changes.filter(({ worst }) => worst <= share);
  return {
    id: "int8-on-par",
    where: "Section 4.2",
    claim: "8-bit quantization is almost on par with the full-precision counterpart on all the metrics",
    says: [
      `From FP32 to Int8 no column moves by more than ${fixed(100 * share, 0)}% of its spread over the precisions in ${on.length} of ${count(changes.length, "network")}: ${names(on)}.`,
      `Test accuracy (points) and gap change by ${changes.map(({ name, accuracy, gap }) => `${signed(accuracy, 2)} and ${signed(gap, 3)} in ${name}`).join("; ")}.`,
    ],
    verdict: holdsIf(on.length === changes.length),
    rule: `Holds where, in every network, each column of Int8 is within ${fixed(100 * share, 0)}% of its spread from FP32.`,
    numbers: { networks: changes.length, onPar: on.length },
  };
}

function sameTestLoss(): Finding {
  const half = 0.5;
  const rows = all().map((block) => {
    const [train, test] = [spread(block, "train_loss"), spread(block, "test_loss")];
    return { name: block.name, train, test, same: test < half * train };
  });
  const same = rows.filter((row) => row.same);
  return {
    id: "same-test-loss",
    where: "Section 4.2",
    claim: "although training losses vary among the models, the test loss is almost the same among all",
    says: [
      `The spread of test losses over the precisions, and that of training losses: ${rows.map(({ name, train, test }) => `${fixed(test, 3)} and ${fixed(train, 3)} in ${name}`).join("; ")}.`,
      `That of test losses is less than half the other in ${same.length} of ${count(rows.length, "network")}: ${names(same)}.`,
    ],
    verdict: holdsIf(same.length === rows.length),
    rule: "Holds where the test losses of every network spread less than half as far as its training losses.",
    numbers: { networks: rows.length, same: same.length },
  };
}

function overfitting(): Finding {
  const rows = all().flatMap((block) =>
    quantized.map((precision) => ({ own: block.at(precision), float: block.at("FP32") })),
  );
  const worse = rows.filter(({ own, float }) => own.test_loss > float.test_loss);
  const nin = rows.filter(({ own }) => own.model === "NiN");
  const lower = tally(nin, ({ own, float }) => own.test_acc < float.test_acc);
  const int2 = nin.filter(({ own }) => own.precision === "Int2");
  return {
    id: "overfitting",
    where: "Section 4.2; section 5",
    claim:
      "full-precision and high-resolution quantized models have a higher degree of overfitting; quantization … leads to improved generalization capabilities",
    says: [
      `The test loss is above that of FP32 in ${worse.length} of ${rows.length} quantized rows: ${listed(worse.map(({ own }) => nameOf(own)))}.`,
      `From FP32 to Int2: ${int2.map(({ own, float }) => `${own.dataset} NiN gap ${signed(own.generalization_gap - float.generalization_gap, 3)}, training loss ${signed(own.train_loss - float.train_loss, 3)}, test loss ${signed(own.test_loss - float.test_loss, 3)}, test accuracy ${signed(own.test_acc - float.test_acc, 2)} points`).join("; ")}.`,
      `Of the ${nin.length} quantized NiN rows, ${lower} have a lower test accuracy than FP32.`,
    ],
    verdict: holdsIf(worse.length === 0),
    rule: "Holds where no smaller gap comes with a higher test loss.",
    numbers: { rows: rows.length, higherTestLoss: worse.length, nin: nin.length, lowerAccuracy: lower },
  };
}

/** The claims on Table 1. */
export const onTable1 = (): readonly Finding[] => [
  gaps(),
  monotone(
    "training-loss",
    "Section 3.1; Table 1",
    "lower-bit-resolution quantization … results in increased training losses … consistent across various vision tasks and model architectures",
    "train_loss",
    1,
    "training loss",
  ),
  smallerGap(),
  monotone(
    "gap-by-bits",
    "Table 1; section 4",
    "lower bit resolution quantization results in better flatness … improved generalization",
    "generalization_gap",
    -1,
    "gap",
  ),
  smallestAtTwoBits(),
  onPar(),
  sameTestLoss(),
  overfitting(),
];
