import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { buildRecipe } from "../../src/experiments/build.ts";
import { runId, runSchema } from "../../src/experiments/config.ts";
import { syntheticDataset } from "../../src/experiments/data/synthetic.ts";
import { openDevice } from "../../src/experiments/node-device.ts";
import { recipes } from "../../src/experiments/recipes.ts";
import type { RunResult } from "../../src/experiments/result.ts";
import { Interrupted, run, runFolder } from "../../src/experiments/run.ts";
import { teacherFrom } from "../../src/experiments/teacher.ts";
import { verifies } from "../spec.ts";

const plain = {
  model: "nin:1x1",
  bits: 4,
  data: { name: "synthetic", train: 48, test: 16 },
  epochs: 3,
  batchSize: 16,
  lr: 0.05,
  momentum: 0.9,
  weightDecay: 1e-4,
  milestones: [],
  seed: 0,
};

verifies(
  "QGen.sec.C.1",
  "the recipe of appendix C: 120 epochs of SGD at 0.01, a tenth at 30, 60 and 90",
  () => {
    const { schedule, augment, ...recipe } = recipes["paper-cnn"]("cifar100");
    expect(recipe).toEqual({
      epochs: 120,
      batchSize: 128,
      optimizer: "sgd",
      lr: 0.01,
      momentum: 0.9,
      weightDecay: 1e-4,
      milestones: [30, 60, 90],
      gamma: 0.1,
    });
    expect([schedule, augment]).toEqual(["steps", "crop-flip"]);
    expect(recipes["paper-cnn"]("synthetic", 10)).toMatchObject({ milestones: [3, 5, 8], augment: "none" });
    expect(recipes["paper-cnn"]("imagenet").augment).toBe("resized-crop-flip");
  },
);

verifies(
  "VVTQ.recipe",
  "transformers: 150 epochs of AdamW at 5e-4, in batches of 512, along a cosine",
  () => {
    expect(recipes["paper-transformer"]("imagenet")).toMatchObject({
      epochs: 150,
      optimizer: "adamw",
      lr: 5e-4,
      weightDecay: 1e-4,
      batchSize: 512,
      schedule: "cosine",
    });
  },
);

describe("a configuration", () => {
  test("has another name for every choice of the recipe", () => {
    const choices = [
      {},
      { schedule: {} },
      { schedule: { warmup: 1 } },
      { schedule: { floor: 1e-5 } },
      { augment: "crop-flip" },
      { labelSmoothing: 0.1 },
    ];
    const names = choices.map((choice) => runId(runSchema.parse({ ...plain, ...choice })));
    expect(new Set(names).size).toBe(choices.length);
  });

  test("with a cosine has no milestones, and a warm-up shorter than the run", () => {
    const complaints = (input: object) =>
      runSchema
        .safeParse({ ...plain, ...input })
        .error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    expect(complaints({ schedule: {}, milestones: [2] })).toEqual(["milestones: a cosine has no milestones"]);
    expect(complaints({ schedule: { warmup: 3 } })).toEqual([
      "schedule.warmup: expected fewer than the 3 epochs of the run",
    ]);
    expect(buildRecipe(runSchema.parse({ ...plain, schedule: { warmup: 1 } })).lr(0)).toBe(0.05 * 0.01);
  });
});

describe("a run with augmentation, label smoothing and a cosine", () => {
  const root = mkdtempSync(join(tmpdir(), "qgen-"));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  const dataset = syntheticDataset({ train: 48, test: 16, seed: 0 });
  const config = runSchema.parse({
    ...plain,
    schedule: { warmup: 1 },
    augment: "crop-flip",
    labelSmoothing: 0.1,
  });

  test("that was stopped in its second epoch goes on to the same bits", async () => {
    const device = await openDevice("simd");
    const whole = await run(config, { device, dataset, out: join(root, "whole"), existing: "refuse" });
    const cut = join(root, "cut");
    let steps = 0;
    const stop = (): boolean => ++steps === 6;
    const stopped = run(config, { device, dataset, out: cut, existing: "refuse", stop });
    await expect(stopped).rejects.toThrow(Interrupted);
    const resumed = await run(config, { device, dataset, out: cut, existing: "resume" });
    expect(resumed.weightsSha256).toBe(whole.weightsSha256);
    expect(resumed.curve).toEqual(whole.curve);
    expect(whole.curve.map(({ lr }) => lr)).toEqual([0.05 * 0.01, 0.05, 0.025]);
  });

  test("ends elsewhere without any one of them", async () => {
    const device = await openDevice("simd");
    const hashes = new Set<string>();
    const { augment: _a, ...still } = config;
    const { labelSmoothing: _l, ...hard } = config;
    const { schedule: _s, ...steps } = config;
    for (const own of [config, still, hard, steps]) {
      const result = await run(own, { device, dataset, out: join(root, "parts"), existing: "refuse" });
      hashes.add(result.weightsSha256);
    }
    expect(hashes.size).toBe(4);
  });
});

describe("a run with VVTQ", () => {
  const root = mkdtempSync(join(tmpdir(), "qgen-"));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  const dataset = syntheticDataset({ train: 48, test: 16, seed: 0 });
  const policy = { gradScale: "l1", firstStep: "mse", activations: 4 };

  test("is named by both precisions, W4A4, and by every choice of its own", () => {
    const choices = [
      {},
      { policy: { activations: 4 } },
      { policy: { firstStep: "mse" } },
      { policy: { gradScale: "l1" } },
      { binReg: 0.01 },
      { teacher: { run: "a", weights: "b" } },
      { teacher: { run: "a", weights: "b", top: 5 } },
    ];
    const names = choices.map((choice) => runId(runSchema.parse({ ...plain, ...choice })));
    expect(new Set(names).size).toBe(choices.length);
    expect(names[1]).toMatch(/^nin-1x1_w4a4_synthetic_seed0_/);
    expect(names[2]).toMatch(/^nin-1x1_int4_synthetic_seed0_/);
  });

  test("is refused where a choice means nothing", () => {
    const complaint = (input: object) =>
      runSchema.safeParse({ ...plain, ...input }).error?.issues[0]?.message;
    expect(complaint({ bits: 32, binReg: 0.01 })).toMatch("there are no levels to draw weights to");
    expect(complaint({ labelSmoothing: 0.1, teacher: { run: "a", weights: "b" } })).toMatch("sees no labels");
  });

  test("learns from its teacher, and when stopped goes on to the same bits", async () => {
    const device = await openDevice("simd");
    const of = (input: object) => runSchema.parse({ ...plain, ...input });
    const teacherConfig = of({ bits: 32 });
    await run(teacherConfig, { device, dataset, out: root, existing: "refuse" });
    const folder = runFolder(root, teacherConfig).folder;
    const lesson = teacherFrom(folder, teacherConfig.data, dataset, device.kernels, 3);
    expect(lesson.config).toMatchObject({ run: runId(teacherConfig), top: 3 });

    const config = of({ policy, binReg: 0.01, teacher: lesson.config });
    const start = { device, dataset, teacher: lesson.teacher } as const;
    const whole = await run(config, { ...start, out: join(root, "whole"), existing: "refuse" });
    let steps = 0;
    const stop = (): boolean => ++steps === 6;
    const cut = join(root, "cut");
    await expect(run(config, { ...start, out: cut, existing: "refuse", stop })).rejects.toThrow(Interrupted);
    const resumed = await run(config, { ...start, out: cut, existing: "resume" });
    expect(resumed.weightsSha256).toBe(whole.weightsSha256);

    expect(resumed.curve).toEqual(whole.curve);

    const losses = ({ curve }: RunResult): string => curve.map(({ train }) => train.loss).join(" ");
    const found = [losses(whole)];
    for (const parts of [
      { policy, binReg: 0.01 },
      { policy, teacher: lesson.config },
    ]) {
      const other = await run(of(parts), { ...start, out: root, existing: "refuse" });
      found.push(losses(other));
    }
    expect(new Set(found).size).toBe(3);
  });

  test("does not begin without the teacher that it names, or with one of other images", async () => {
    const device = await openDevice("simd");
    const config = runSchema.parse({ ...plain, teacher: { run: "somebody", weights: "b" } });
    await expect(run(config, { device, dataset, out: root, existing: "refuse" })).rejects.toThrow(
      "this run learns from the run somebody, but no teacher was given",
    );
    const folder = runFolder(root, runSchema.parse({ ...plain, bits: 32 })).folder;
    const others = { ...config.data, train: 40 };
    expect(() => teacherFrom(folder, others, dataset, device.kernels, undefined)).toThrow(
      "expected a run on the same 40 training images of synthetic, got one on 48 of synthetic",
    );
  });
});
