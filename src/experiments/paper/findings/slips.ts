import { fixed, listed } from "../../report/format.ts";
import { blocks, precisions } from "../blocks.ts";
import { facts, type VvtqRow, vvtq } from "../facts.ts";
import { type Finding, holdsIf, tally } from "../finding.ts";
import { type Network, type Table1Row, table1, table3, table4, table5 } from "../tables.ts";

const rowOf = ({ model, precision }: Pick<VvtqRow, "model" | "precision">): Table1Row =>
  table1().find((row) => row.model === model && row.precision === precision)!;
/** Equal to the decimals that Table 1 has. */
const equal = (printed: number, published: number): boolean => Math.abs(printed - published) <= 0.005 + 1e-9;

/** The rows whose training and test columns are those of the validation and the training in VVTQ's log. */
function swapped(): Finding {
  const checks = vvtq()
    .filter(({ model }) => model === "DeiT-T")
    .flatMap((published) => {
      const row = rowOf(published);
      const { train_acc, train_loss, validation_acc } = published;
      return [
        {
          row,
          column: "Train Acc",
          printed: row.train_acc,
          is: "validation accuracy",
          published: validation_acc,
        },
        ...(train_acc === null
          ? []
          : [
              {
                row,
                column: "Test Acc",
                printed: row.test_acc,
                is: "training accuracy",
                published: train_acc,
              },
            ]),
        ...(train_loss === null
          ? []
          : [
              {
                row,
                column: "Test Loss",
                printed: row.test_loss,
                is: "training loss",
                published: train_loss,
              },
            ]),
      ];
    });
  const same = checks.filter(({ printed, published }) => equal(printed, published));
  const swin = vvtq().filter(({ model }) => model === "Swin-T");
  const straight = swin.filter((published) => equal(rowOf(published).test_acc, published.validation_acc));
  return {
    id: "deit-swapped",
    where: "Table 1, DeiT-T",
    claim: "Train Acc, Test Acc, Train Loss, Test Loss",
    says: [
      `VVTQ’s authors publish their logs and accuracies. Of ${checks.length} numbers that can be compared, ${same.length} stand in the column of the other side: ${listed(same.map(({ row, column, printed, is, published }) => `${row.precision} ${column} ${printed} is their ${is} ${published}`))}.`,
      "So “test” is training (with soft labels and several crops), “train” is validation, and the printed gap has the other sign.",
      `For Swin-T, ${straight.length} of ${swin.length} test accuracies are VVTQ’s validation accuracies, where they belong.`,
    ],
    verdict: same.length > checks.length / 2 ? "inconsistent" : "holds",
    rule: "Inconsistent where most numbers equal the published ones of the other side.",
    numbers: { compared: checks.length, swapped: same.length, swin: swin.length, straight: straight.length },
  };
}

/** Better on the test images in accuracy, much worse in loss. */
function accuracyAgainstLoss(): Finding {
  const block = blocks(
    table1().filter(({ dataset, model }) => dataset === "ImageNet-1K" && model === "ResNet-18"),
  )[0]!;
  const rows = precisions.map((precision) => block.at(precision));
  const odd = tally(rows, (row) => row.test_acc > row.train_acc && row.test_loss > row.train_loss);
  const gaps = table4().filter(({ model, precision }) => model === "ResNet-18" && precision === "FP32");
  const clean = block.at("FP32").generalization_gap;
  const below = gaps.filter(({ generalization_gap }) => generalization_gap < clean);
  const least = gaps.reduce((a, b) => (b.generalization_gap < a.generalization_gap ? b : a));
  return {
    id: "resnet18-test-loss",
    where: "Tables 1 and 4, ImageNet ResNet-18",
    claim: "Test Loss, Generalization",
    says: [
      `In ${odd} of ${rows.length} rows the test accuracy is above the training accuracy and the test loss above the training loss, by ${listed(rows.map((row) => fixed(row.test_loss - row.train_loss, 2)))}.`,
      `At FP32 the gap on clean images is ${clean} in Table 1; Table 4 has smaller ones on corrupted images in ${below.length} of ${gaps.length} cells, down to ${least.generalization_gap} (${least.corruption}, severity ${least.severity}).`,
    ],
    verdict: odd > 0 && below.length > 0 ? "inconsistent" : "holds",
    rule: "Inconsistent where accuracy and loss rank the two sets differently, and a corrupted set is easier than the clean one.",
    numbers: { rows: rows.length, odd, cells: gaps.length, below: below.length },
  };
}

const pool = { precisions: 4, choices: 3, hyperparameters: 5 } as const;
const datasetsOfPool = 2;

function product(): Finding {
  const claim = "4×243=992";
  const [, left, right, printed] = /^(\d+)×(\d+)=(\d+)$/.exec(claim)!;
  const computed = Number(left) * Number(right);
  const settings = pool.choices ** pool.hyperparameters;
  return {
    id: "972",
    where: "Section 4.2",
    claim: `3⁵=243 … ${claim} models trained per dataset`,
    says: [
      `${pool.choices}^${pool.hyperparameters} = ${settings}, and ${left} × ${right} = ${computed}, not ${printed}.`,
    ],
    verdict: holdsIf(computed === Number(printed)),
    rule: "Holds where the product is right.",
    numbers: { computed, printed: Number(printed), settings },
  };
}

function models(): Finding {
  const inPool = datasetsOfPool * pool.precisions * pool.choices ** pool.hyperparameters;
  const key = ({ dataset, model, precision }: Network): string =>
    `${dataset.replace(/-C$|-1K$/, "").replace("CIFAR100", "CIFAR-100")} ${model} ${precision}`;
  // The NiN rows of Table 1 are means over the pool.
  const tables = [table1().filter(({ model }) => model !== "NiN"), table3(), table4(), table5()].map(
    (rows) => new Set(rows.map(key)),
  );
  const apart = tables.reduce((total, { size }) => total + size, 0);
  const once = new Set(tables.flatMap((names) => [...names].filter((name) => !name.includes(" NiN")))).size;
  const [least, most] = [inPool + once, inPool + apart];
  return {
    id: "over-2000",
    where: "Abstract; section 1",
    claim: "over 2000 models; almost 2000 models",
    says: [
      `The pool has ${datasetsOfPool} × ${pool.precisions} × ${pool.choices ** pool.hyperparameters} = ${inPool} networks. The tables have ${once} others of different data, design and precision, in all ${least}; where no two tables share a network, ${most}.`,
    ],
    verdict: holdsIf(most > 2000),
    rule: "“Over 2000” holds where the networks can be more than 2000, those of different tables counted apart.",
    numbers: { inPool, once, least, most },
  };
}

/** What does not go together in Table 1 and in the counts. */
export const slips = (): readonly Finding[] => [swapped(), accuracyAgainstLoss(), product(), models()];

/** How long an experiment takes (appendix B.4). */
export function days(): Finding {
  const [minutes, said] = [35, 6];
  const settings = pool.choices ** pool.hyperparameters;
  const took = (settings * minutes) / 60 / 24;
  return {
    id: "six-days",
    where: "Appendix B.4",
    claim: `Each experiment takes almost ${said} days to run, which on average is equivalent to ${minutes} minutes per model`,
    says: [`${settings} × ${minutes} minutes are ${fixed(took, 2)} days.`],
    verdict: holdsIf(took > said - 0.5 && took <= said),
    rule: `Holds where the product is within half a day below ${said}.`,
    numbers: { days: took },
  };
}

/** How often the training set is evaluated (appendix B.4, with the numbers of B.2). */
export function evaluations(): Finding {
  const [iterations, draws, searches, said] = [15, 10, 4, 600];
  const most = iterations * draws * searches;
  return {
    id: "600-evaluations",
    where: "Appendix B.2 and B.4",
    claim: `requires almost ${said} evaluations on the training data in the worst`,
    says: [
      `${iterations} iterations with ${draws} draws, for ${searches} radii (σ, σ′, α and α′), are ${most}.`,
    ],
    verdict: holdsIf(most === said),
    rule: "Holds where the product is that number.",
    numbers: { most },
  };
}

/** How many severities CIFAR-100-C has. */
export function severities(): Finding {
  const { cifar100c_images_per_corruption: images, cifar100_test_images: test } = facts();
  const levels = images / test;
  return {
    id: "one-severity",
    where: "Appendix C.4",
    claim: "the CIFAR100-C dataset comes with only one distortion severity level",
    says: [
      `Each file of CIFAR-100-C has ${images.toLocaleString("en-US")} images, ${levels} times the ${test.toLocaleString("en-US")} test images: ${levels} severities in a row.`,
    ],
    verdict: holdsIf(levels === 1),
    rule: "Holds where a file has as many images as the test set.",
    numbers: { levels },
  };
}
