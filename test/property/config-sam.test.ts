import { expect, test } from "vitest";
import { buildRecipe } from "../../src/experiments/build.ts";
import { runId, runSchema } from "../../src/experiments/config.ts";

const plain = {
  model: "nin:2x1",
  bits: 4,
  data: { name: "synthetic", train: 256, test: 200 },
  epochs: 3,
  batchSize: 128,
  lr: 0.1,
  momentum: 0.9,
  weightDecay: 1e-4,
  milestones: [1, 2],
  seed: 0,
};

test("a run without SAM keeps the name that it had before there was SAM", () => {
  const config = runSchema.parse(plain);
  expect(config).not.toHaveProperty("sam");
  expect(runId(config)).toBe("nin-2x1_int4_synthetic_seed0_d519c4a6f71a");
  expect(buildRecipe(config).sam).toBe(undefined);
});

test("a run with SAM has a name of its own, and its recipe", () => {
  const config = runSchema.parse({ ...plain, sam: { rho: 0.05 } });
  expect(runId(config)).not.toBe(runId(runSchema.parse(plain)));
  expect(buildRecipe(config).sam).toEqual({ rho: 0.05, adaptive: false, moved: "weights" });
  expect(runSchema.safeParse({ ...plain, sam: { rho: 0 } }).success).toBe(false);
});
