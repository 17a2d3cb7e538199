import { describe, expect, test } from "vitest";
import type { CorruptionName, Severity } from "../../src/experiments/corruptions/constants.ts";
import { commonNames } from "../../src/experiments/corruptions/corruption.ts";
import {
  corruptedClaim,
  counterparts,
  mobilenetClaim,
  paperCounts,
  table5Csv,
} from "../../src/experiments/report/robustness.ts";
import { robustnessHtml } from "../../src/experiments/report/robustness-html.ts";
import type { Cell, RobustRun } from "../../src/experiments/robustness/measure.ts";
import { degenerateNote, overall, relativeError } from "../../src/experiments/robustness/summary.ts";
import { robustTables, type Tested } from "../../src/experiments/robustness/table.ts";
import { gapsText, robustCsv, robustText } from "../../src/experiments/robustness/text.ts";
import { verifies } from "../spec.ts";
import { made } from "./report-runs.ts";

const cell = (
  corruption: CorruptionName,
  severity: Severity,
  loss: number,
  accuracy: number,
  train = 0.5,
): Cell => ({
  corruption,
  severity,
  loss,
  accuracy,
  gap: loss - train,
});

/** A network whose losses are `loss` and a little more for each corruption and severity. */
function tested(
  bits: 32 | 8 | 4 | 2,
  seed: number,
  { loss = 1, accuracy = 0.5, train = { loss: 0.5, accuracy: 0.9 }, names = commonNames } = {},
): Tested {
  const { config, id } = made({ bits, seed });
  const cells = names.flatMap((name, i) =>
    ([1, 5] as const).map((severity) =>
      cell(name, severity, loss + i / 10 + severity / 100 + seed / 1000, accuracy, train.loss),
    ),
  );
  const classes = 10;
  const robust: RobustRun = {
    run: id,
    source: "made up",
    images: 20,
    classes,
    train,
    clean: { loss, accuracy },
    cells,
    degenerate: degenerateNote({ train, classes, cells }),
    seconds: 1,
    environment: {} as RobustRun["environment"],
  };
  return { config, robust };
}
const tableOf = (all: readonly Tested[]) => robustTables(all)[0]!;

describe("numbers on corrupted images", () => {
  test("every corruption counts alike, however many severities it has", () => {
    const cells = [cell("fog", 1, 1, 0.9), cell("fog", 2, 3, 0.5), cell("snow", 1, 6, 0.1)];
    const all = overall(cells);
    expect(all.loss).toBeCloseTo(4, 12);
    expect(all.gap).toBeCloseTo(3.5, 12);
    expect(all.accuracy).toBeCloseTo(0.4, 12);
    expect(all.error).toBeCloseTo(0.6, 12);
  });

  test("the corruption error relative to a reference sums over severities before it divides", () => {
    const cells = [cell("fog", 1, 1, 0.9), cell("fog", 2, 1, 0.7), cell("snow", 1, 1, 0.5)];
    const reference = [cell("fog", 1, 1, 0.8), cell("fog", 2, 1, 0), cell("snow", 1, 1, 0.75)];
    expect(relativeError(cells, reference)).toBeCloseTo((0.4 / 1.2 + 0.5 / 0.25) / 2, 12);
    expect(relativeError(cells, cells)).toBe(1);
    expect(
      relativeError(
        cells,
        cells.map((c) => ({ ...c, accuracy: 1 })),
      ),
    ).toBeNull();
  });

  test("a network that has learned nothing, or answers the same everywhere, is named", () => {
    const chance = Math.log(100);
    const flat = {
      train: { loss: chance, accuracy: 0.03 },
      classes: 100,
      cells: [{ loss: chance, accuracy: 0.01 }],
    };
    expect(degenerateNote(flat)).toMatch(/^every loss, clean or corrupted, is within 5% of ln 100 = 4\.605/);
    expect(degenerateNote({ ...flat, train: { loss: 4, accuracy: 0.019 } })).toMatch(
      /is below 2%, where guessing has 1%/,
    );
    const two = { train: { loss: 0.6, accuracy: 0.8 }, classes: 2, cells: [] };
    expect(degenerateNote(two)).toBeNull();
    expect(degenerateNote({ ...two, train: { loss: 0.6, accuracy: 0.7 } })).toMatch(
      /is below 75%, where guessing has 50%/,
    );
    expect(degenerateNote({ ...flat, cells: [{ loss: 1.06 * chance, accuracy: 0.01 }] })).toBeNull();
    expect(degenerateNote({ ...flat, train: { loss: 1, accuracy: 0.7 } })).toBeNull();
  });
});

describe("tables of robustness", () => {
  verifies("QGen.tab.5", "a row is the mean over severities, of each precision over its seeds", () => {
    const table = tableOf([tested(2, 0, { loss: 2 }), tested(32, 1), tested(32, 0)]);
    expect(table.precisions.map(({ name, runs }) => [name, runs.map(({ seed }) => seed)])).toEqual([
      ["FP32", [0, 1]],
      ["Int2", [0]],
    ]);
    const [float, two] = table.precisions;
    expect(float!.gaps[3]!.gap.mean).toBeCloseTo(0.5 + 0.3 + 0.03 + 0.0005, 12);
    expect(two!.gaps[3]!.gap.mean).toBeCloseTo(1.5 + 0.3 + 0.03, 12);
    expect(float!.better).toBeNull();
    expect(two!.better).toEqual({ gap: 0, loss: 0, accuracy: 0, of: 30 });
  });

  verifies(
    "QGen.tab.4",
    "a cell is one corruption at one severity, and is better where the gap is smaller",
    () => {
      // A smaller gap that comes from a larger training loss alone.
      const lazy = { loss: 1, accuracy: 0.6, train: { loss: 0.8, accuracy: 0.5 } };
      const table = tableOf([tested(32, 0), tested(4, 0, lazy)]);
      expect(table.precisions[1]!.better).toEqual({ gap: 30, loss: 0, accuracy: 30, of: 30 });
      expect(table.precisions[1]!.cells[1]).toMatchObject({ corruption: "gaussian_noise", severity: 5 });
      expect(table.precisions[1]!.cells[1]!.gap).toBeCloseTo(0.25, 12);
      expect(table.precisions[1]!.relative!.mean).toBeCloseTo(0.8, 12);
      const lines = robustCsv([table]).trimEnd().split("\n");
      expect(lines).toHaveLength(1 + 60);
      expect(lines[32]).toMatch(/^nin:2x1,cifar10,gaussian_noise,5,Int4,1,0\.25\d*,1\.05,0\.6,0$/);
    },
  );

  test("the corruption error is relative to that of FP32 of the same seed", () => {
    const table = tableOf([
      tested(32, 0, { accuracy: 0.5 }),
      tested(32, 1, { accuracy: 0.8 }),
      tested(2, 1, { accuracy: 0.6 }),
      tested(2, 2, { accuracy: 0 }),
    ]);
    expect(table.precisions[1]!.relative).toMatchObject({ n: 1 });
    expect(table.precisions[1]!.relative!.mean).toBeCloseTo(2, 12);
  });

  test("networks and data sets have tables of their own", () => {
    const other = tested(32, 0);
    const tables = robustTables([tested(32, 0), { ...other, config: { ...other.config, model: "nin:3x1" } }]);
    expect(tables.map(({ model }) => model)).toEqual(["nin:2x1", "nin:3x1"]);
  });

  verifies(
    "QGen.tab.6",
    "the claim follows the paired differences of the mean gap, and degenerate networks decide nothing",
    () => {
      const seeds = [0, 1, 2, 3];
      const grid = (loss: number, two = loss, train = { loss: 0.5, accuracy: 0.9 }) =>
        tableOf(
          seeds.flatMap((seed) => [
            tested(32, seed),
            // Differences that vary a little from seed to seed.
            tested(8, seed, { loss: loss + seed / 50 }),
            tested(2, seed, { loss: two + seed / 50, train }),
          ]),
        );
      expect(corruptedClaim(grid(0.8)).verdict).toBe("holds");
      expect(corruptedClaim(grid(0.8, 1.2)).verdict).toBe("fails");
      expect(corruptedClaim(grid(0.8, 0.97)).verdict).toBe("undecided");
      const empty = corruptedClaim(grid(0.8, 0.8, { loss: 0.5, accuracy: 0.1 }));
      expect(empty.verdict).toBe("undecided");
      expect(empty.says.at(-1)).toMatch(
        /^Int2 seed 0, .* and Int2 seed 3: accuracy on clean training images is below 20%/,
      );
      expect(corruptedClaim(tableOf([tested(8, 0)])).verdict).toBe("undecided");
      expect(corruptedClaim(grid(0.8)).id).toBe("corrupted-gap-nin:2x1");
    },
  );

  verifies(
    "QGen.tab.6",
    "MobileNet-V2 at 2 bits is the exception where its gap is the largest in most cells",
    () => {
      const of = (model: string, two: number, train = { loss: 0.5, accuracy: 0.9 }) =>
        mobilenetClaim({
          ...tableOf([
            tested(32, 0, { loss: 1 }),
            tested(8, 0, { loss: 0.9 }),
            tested(2, 0, { loss: two, train }),
          ]),
          model,
        });
      expect(of("mobilenetv2", 1.1)[0]).toMatchObject({ id: "mobilenet-int2", verdict: "holds" });
      expect(of("mobilenetv2", 1.1)[0]!.says[0]).toBe(
        "mobilenetv2: Int2 has the largest gap in 30 of 30 cells.",
      );
      // Above Int8, not above FP32.
      expect(of("mobilenetv2", 0.95)[0]!.verdict).toBe("fails");
      expect(of("mobilenetv2", 1.1, { loss: 0.5, accuracy: 0.1 })[0]!.verdict).toBe("undecided");
      expect(of("resnet18", 1.1)).toEqual([]);
      expect(mobilenetClaim({ ...tableOf([tested(8, 0)]), model: "mobilenetv2" })[0]!.verdict).toBe(
        "undecided",
      );
    },
  );

  test("the terminal, the page and the CSV have the numbers, the paper's beside them", () => {
    const table = tableOf([tested(32, 0), tested(8, 0, { loss: 0.9 }), tested(2, 0, { loss: 1.1 })]);
    expect(robustText(table)).toMatch(/^gap smaller than FP32’s +– +30 of 30 +0 of 30$/m);
    expect(gapsText(table)).toMatch(/^gaussian noise +0\.530 +0\.430 +0\.630$/m);
    const { markup } = robustnessHtml([table]);
    expect(markup).toContain('<td class="better">0.430</td><td class="worse">0.630</td>');
    const idle = tested(8, 0, { loss: 0.9, train: { loss: 2.3, accuracy: 0.1 } });
    const unmarked = robustnessHtml([tableOf([tested(32, 0), idle])]).markup;
    expect(unmarked).toContain("<td>0.530</td><td>−1.370</td>");
    expect(unmarked).toContain("<strong>Degenerate:</strong> Int8 seed 0: accuracy");
    // Table 5 of the paper, ResNet-18, gaussian noise.
    expect(markup).toContain('<td class="first">2.78</td><td class="better">1.55</td>');
    expect(markup).toContain(
      "Learned from 256 training images for 2 epochs in batches of 128 with SGD at 0.1.",
    );
    expect(table5Csv([table])).toContain("paper,CIFAR100-C,ResNet-18,gaussian_noise,FP32,1,2.782,\n");
  });

  test("each network stands beside the paper's own, or one of its family where a table has it not", () => {
    const beside = (name: string) => {
      const { table4, table5 } = counterparts(name);
      return [`${table4.model}: ${paperCounts(table4)}`, `${table5.model}: ${paperCounts(table5)}`];
    };
    const resnet18 = [
      "ResNet-18: Int8 73, Int4 75, Int2 64 of 75",
      "ResNet-18: Int8 15, Int4 15, Int2 15 of 15",
    ];
    expect(beside("resnet18:w4")).toEqual(resnet18);
    expect(beside("nin:2x1")).toEqual(resnet18);
    expect(beside("mobilenetv1:w4")).toEqual([
      "MobileNet-V2: Int8 73, Int4 35, Int2 4 of 75",
      "MobileNet-V1: Int8 15, Int4 15, Int2 15 of 15",
    ]);
    expect(beside("vgg19")).toEqual([resnet18[0], "VGG-19: Int8 15, Int4 15, Int2 15 of 15"]);
    expect(beside("resnet50:w16")[0]).toBe("ResNet-50: Int8 74, Int4 70, Int2 40 of 75");

    const one = tested(32, 0);
    const { markup } = robustnessHtml(
      robustTables([{ ...one, config: { ...one.config, model: "mobilenetv1:w4" } }]),
    );
    expect(markup).toContain("Paper, MobileNet-V1 on CIFAR-100-C");
    expect(markup).toContain("Paper, MobileNet-V2 on ImageNet-C");
    // Table 5, gaussian noise at FP32 and Int8, and Table 4, gaussian noise at severity 1.
    expect(markup).toContain('<td class="first">4.33</td><td class="better">0.02</td>');
    expect(markup).toContain('<td class="first">1.04</td><td class="better">0.76</td>');
  });
});
