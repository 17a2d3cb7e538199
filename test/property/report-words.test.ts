import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aggregate } from "../../src/experiments/report/aggregate.ts";
import {
  count,
  duration,
  fixed,
  intervalText,
  listed,
  meanSd,
  percent,
  short,
  signed,
} from "../../src/experiments/report/format.ts";
import { referenceFor } from "../../src/experiments/report/reference.ts";
import {
  changeInTable1,
  howTheyWereTrained,
  normRemark,
  whatDiffers,
  whatWasRun,
} from "../../src/experiments/report/words.ts";
import { paperRecipe, scales } from "../../src/experiments/scales.ts";
import { grid, type Made, made, paperBits } from "./report-runs.ts";

const cifar10 = referenceFor("cifar10");
const real = fc.double({ min: -1e4, max: 1e4, noNaN: true });

describe("numbers in a text", () => {
  test("have a true minus sign, a plus where it is asked for, and no sign at zero", () => {
    const texts = [-1.25, -0.004, 0, 0.004, 1.25].map((x) => [fixed(x, 2), signed(x, 2)]);
    expect(texts).toEqual([
      ["−1.25", "−1.25"],
      ["0.00", "0.00"],
      ["0.00", "0.00"],
      ["0.00", "0.00"],
      ["1.25", "+1.25"],
    ]);
    fc.assert(
      fc.property(real, fc.integer({ min: 0, max: 6 }), (x, digits) => {
        const read = (text: string): number => Number(text.replace("−", "-"));
        expect(Math.abs(read(fixed(x, digits)) - x)).toBeLessThanOrEqual(0.5 * 10 ** -digits + 1e-9);
        expect(read(signed(x, digits))).toBe(read(fixed(x, digits)));
        expect(fixed(-x, digits).replace("−", "")).toBe(fixed(x, digits).replace("−", ""));
      }),
    );
  });

  test("are short: three digits, however small or large", () => {
    expect([0, 0.000123456, 0.0123456, 1.23456, -12.3456, 1234.56].map(short)).toEqual([
      "0",
      "0.000123",
      "0.0123",
      "1.23",
      "−12.3",
      "1235",
    ]);
    expect([1.23e-7, -4.56e8].map(short)).toEqual(["1.2 × 10⁻⁷", "−4.6 × 10⁸"]);
    expect([0, 1e-7, 0.00012, 0.0123, 0.5, 1].map(percent)).toEqual([
      "0%",
      "less than 0.001%",
      "0.012%",
      "1.2%",
      "50%",
      "100%",
    ]);
  });

  test("come with a spread where there is one", () => {
    const summary = { n: 3, mean: 0.1305, sd: 0.012, min: 0, max: 1 };
    expect([meanSd(summary, 3), meanSd({ ...summary, n: 1, sd: null }, 2)]).toEqual([
      "0.131 ± 0.012",
      "0.13",
    ]);
    expect(intervalText({ n: 5, mean: 0.131, low: -0.101, high: 0.161 }, 3)).toBe(
      "+0.131 (95% interval −0.101\u00a0to\u00a0+0.161, 5 seeds)",
    );
    expect(intervalText({ n: 1, mean: -2, low: null, high: null }, 1, " points")).toBe(
      "−2.0 points (one seed, so no interval)",
    );
  });

  test.each([
    [0.04, "0.0 s"],
    [59.94, "59.9 s"],
    [59.96, "1 min 0 s"],
    [200, "3 min 20 s"],
    [3599.9, "1 h 0 min"],
    [7500, "2 h 5 min"],
    [4_000_000, "1,111 h 6 min"],
  ])("%d seconds are %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  test("lists and counts read as English", () => {
    expect([[], ["a"], ["a", "b"], [1, 2, 3]].map(listed)).toEqual(["", "a", "a and b", "1, 2 and 3"]);
    expect([count(1, "seed"), count(0, "seed"), count(50_000, "training image")]).toEqual([
      "one seed",
      "0 seeds",
      "50,000 training images",
    ]);
  });
});

describe("what was run", () => {
  test("says how many networks of which design, on what, and where the images came from", () => {
    expect(whatWasRun(aggregate(grid(paperBits, 2)))).toEqual([
      "8 networks of the same design were trained, NiN with 2 blocks of 25 channels: FP32, Int8, Int4 and Int2, over 2 seeds (0 and 1).",
      "They saw 256 training images of CIFAR-10 for 2 epochs in batches of 128, and were tested on 200 images.",
      "made up.",
    ]);
    const one = made({ bits: 2, seed: 3, dataSource: "Drawn by hand!", config: { model: "nin:4x10" } });
    expect(whatWasRun(aggregate([one]))).toEqual([
      expect.stringMatching(
        /^One network of the same design was trained, NiN with 4 blocks of 250 channels: Int2, over one seed \(3\)\.$/,
      ),
      expect.any(String),
      "Drawn by hand!",
    ]);
  });

  test("says the recipe, and quantization only where there is some", () => {
    const how = (config: Made["config"], bits: readonly [32 | 2, ...(32 | 2)[]] = [32, 2]): string =>
      howTheyWereTrained(aggregate(grid(bits, 1, () => ({ config: config! })))).join(" ");
    expect(how({})).toBe(
      "The optimizer is SGD with momentum 0.9, the learning rate 0.1, multiplied by 0.1 after 1 epoch, and the weight decay 0.0001. Weights are quantized with LSQ, one step for each layer; activations stay in float. Of each run, the epoch with the lowest training loss counts.",
    );
    expect(how({ optimizer: "adam", milestones: [] })).toContain(
      "The optimizer is Adam, the learning rate 0.1, held constant, and",
    );
    expect(how({ milestones: [1, 3] })).toContain("multiplied by 0.1 after 1 and 3 epochs");
    const policy = made({ bits: 2, seed: 0 }).config.policy;
    expect(how({ policy: { ...policy, firstLast: "8bit" } })).toContain(
      "the first and the last layer with 8 bits;",
    );
    expect(how({}, [32])).not.toContain("quantized");
  });
});

describe("what differs from the paper", () => {
  const { epochs, seeds, model } = scales.paper;
  const paper = {
    ...paperRecipe(epochs),
    model,
    data: { name: "cifar10", train: 50_000, test: 10_000 },
  } as const;
  const differs = (config: Made["config"], data = "cifar10"): string[] =>
    whatDiffers(
      aggregate(
        grid([32, 2], seeds, () => ({ epochs: config!.epochs ?? epochs, config: { ...paper, ...config } })),
      ),
      referenceFor(data),
    );

  test("at the paper's scale is only that one setting stands for 243", () => {
    expect(differs({})).toEqual([
      expect.stringMatching(/^One setting with 3 seeds, where the paper has the mean over 243/),
    ]);
  });

  test.each<[string, Made["config"]]>([
    ["NiN 5×10, where the paper’s are 2 to 4 deep and 8 to 12 wide.", { model: "nin:5x10" }],
    [
      "ResNet-18 of base width 16, where the paper’s are NiN 2 to 4 deep and 8 to 12 wide.",
      { model: "resnet18:w16" },
    ],
    [
      "SGD with learning rate 0.2 and weight decay 0.0001, which is not among the paper’s settings.",
      { lr: 0.2 },
    ],
    ["AdamW with learning rate 0.1 and weight decay 0.0001, which is not", { optimizer: "adamw" }],
    ["1,536 training images instead of 50,000.", { data: { ...paper.data, train: 1536 } }],
    ["One test image instead of 10,000.", { data: { ...paper.data, test: 1 } }],
    ["24 epochs instead of 300.", { epochs: 24 }],
    [
      "The learning rate is held constant, instead of multiplied by 0.1 after 100 and 200.",
      { milestones: [] },
    ],
    ["The learning rate is multiplied by 0.5 after 100 and 200 epochs, instead of", { gamma: 0.5 }],
    ["Batches of 64 instead of 128.", { batchSize: 64 }],
  ])("is said where it does: %s", (sentence, config) => {
    const [, ...others] = differs(config);
    expect(others).toHaveLength(1);
    expect(others[0]).toContain(sentence);
  });

  test("names other data", () => {
    const config = { data: { ...paper.data, name: "synthetic" } } as const;
    expect(differs(config, "synthetic")[0]).toBe(
      "The paper’s numbers are those of its CIFAR-10 networks: other data than the built-in synthetic images.",
    );
    expect(
      differs({ ...config, data: { ...config.data, name: "cifar100" }, model: "nin:5x10" }, "cifar100"),
    ).toHaveLength(1);
  });
});

describe("remarks below the tables", () => {
  test("the change from the most bits to the fewest stands beside the paper's own", () => {
    const runs = grid(paperBits, 2, (precision) => ({ trainLoss: 0.5 + precision / 8, testLoss: 1 }));
    expect(changeInTable1(aggregate(runs), cifar10)).toEqual([
      "training loss +0.375 (paper +0.119)",
      "test loss 0.000 (paper +0.041)",
      "gap −0.375 (paper −0.078)",
    ]);
    expect(changeInTable1(aggregate(grid([32, 3], 1)), cifar10)[0]).toBe("training loss 0.000");
    expect(changeInTable1(aggregate(grid([2], 2)), cifar10)).toEqual([]);
  });

  const neither = expect.stringMatching(
    /^Neither rounding nor training with it makes a factor like the paper’s here/,
  );
  const remark = (numbers: (precision: number, seed: number) => Omit<Made, "bits" | "seed">): string[] =>
    normRemark(aggregate(grid([32, 8], 2, numbers)), cifar10);

  test("the norms: what rounding does, and the factor from the same start", () => {
    const says = remark((precision, seed) => ({
      weights: 8,
      quantized: precision ? 8.08 : 8,
      initial: 6 + seed,
    }));
    expect(says).toEqual([
      "In the paper, the norm at FP32 is 1.56 to 2.43 times that at Int8 (its CIFAR-10 NiN).",
      "Rounding to 8 bits itself changes the norm by 1.0% at most here (‖ŵ‖ against ‖w‖).",
      "Trained here from the same initial weights with the same recipe, the factor is 1.000 ± 0.000.",
      neither,
    ]);
  });

  test("no conclusion is drawn from networks that started elsewhere, or that show such a factor", () => {
    const apart = remark((precision) => ({ initial: 6 + precision / 100 }));
    expect(apart.at(-1)).toBe("Trained here, the factor is 1.000 ± 0.000.");
    const large = remark((precision, seed) => ({ weights: precision ? 8 : 8 * (1 + seed) }));
    expect(large.at(-1)).toBe("In some seed here, the factor is as large as the paper’s smallest.");
    expect(remark(() => ({ quantized: 12 }))).not.toContainEqual(neither);
    expect(normRemark(aggregate(grid([32, 4], 2)), cifar10)).toHaveLength(1);
    expect(normRemark(aggregate(grid([8], 2)), cifar10)).toHaveLength(2);
  });
});
