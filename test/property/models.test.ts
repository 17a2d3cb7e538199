import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { architecture, isModelName } from "../../src/experiments/architectures.ts";
import { runId, runSchema } from "../../src/experiments/config.ts";
import { prepare } from "../../src/quant/prepare.ts";
import { sizeOf } from "../../src/tensor/tensor.ts";
import { sameNumber } from "../golden/uniform.ts";
import { freshSimd } from "../kernels.ts";
import { verifies } from "../spec.ts";

/** A network, the pixels and the classes of its images, and its row in golden/model-sizes.csv. */
const rows: readonly (readonly [name: string, size: number, classes: number, row: string])[] = [
  ["nin:4x10", 32, 10, "nin_4x10_c10"],
  ["nin:5x12", 32, 100, "nin_5x12_c100"],
  ["resnet18:w16", 32, 10, "resnet18_w16_c10"],
  ["resnet18:w16", 32, 100, "resnet18_w16_c100"],
  ["resnet18", 32, 10, "resnet18_w64_c10"],
  ["resnet50:w16", 32, 10, "resnet50_w16_c10"],
  ["resnet50:w16", 32, 100, "resnet50_w16_c100"],
  ["resnet50", 32, 100, "resnet50_w64_c100"],
  ["mobilenetv1", 32, 10, "mobilenetv1_c10"],
  ["mobilenetv1", 32, 100, "mobilenetv1_c100"],
  ["mobilenetv2", 32, 10, "mobilenetv2_c10"],
  ["mobilenetv2", 32, 100, "mobilenetv2_c100"],
  ["vgg19", 32, 10, "vgg19_c10"],
  ["vgg19", 32, 100, "vgg19_c100"],
  ["resnet18", 224, 1000, "tv_resnet18"],
  ["resnet50", 224, 1000, "tv_resnet50"],
  ["mobilenetv2", 224, 1000, "tv_mobilenet_v2"],
  ["mobilenetv2:w8", 224, 1000, "tv_mobilenet_v2_w8"],
  ["mobilenetv2:w16", 224, 1000, "tv_mobilenet_v2_w16"],
  ["mobilenetv2:w40", 224, 1000, "tv_mobilenet_v2_w40"],
  ["swin-t", 224, 1000, "tv_swin_t"],
  ["deit-t", 224, 1000, "deit_tiny"],
];

const sizes = new Map(
  readFileSync("test/golden/model-sizes.csv", "utf8")
    .trim()
    .split("\n")
    .map((line) => {
      const [name, ...numbers] = line.split(",");
      return [name!, numbers.map(Number)] as const;
    }),
);

verifies("QGen.models", "every network has as many parameters, weights and layers as PyTorch counts", () => {
  for (const [name, size, classes, row] of rows) {
    const model = architecture(name, { image: [3, size, size], classes });
    const { params } = model.init(freshSimd(), sameNumber);
    const count = (names: readonly string[]): number =>
      names.reduce((total, name) => total + sizeOf(params[name]!.shape), 0);
    const [total, weights, layers] = sizes.get(row)!;
    expect([row, count(Object.keys(params)), count(model.weights), model.weights.length]).toEqual([
      row,
      total,
      weights,
      layers,
    ]);
  }
});

describe("the batch norm after each convolution", () => {
  test("is known by the names of both, through residual blocks too", () => {
    const { norms } = architecture("resnet18:w16", { image: [3, 32, 32], classes: 10 });
    expect(Object.keys(norms!).length).toBe(20);
    expect(norms).toMatchObject({
      "conv1.weight": "bn1",
      "layer2.0.conv2.weight": "layer2.0.bn2",
      "layer2.0.downsample.0.weight": "layer2.0.downsample.1",
    });
    expect(architecture("vgg19", { image: [3, 32, 32], classes: 10 }).norms).toMatchObject({
      "features.0.weight": "features.1",
    });
  });
});

describe("LSQ", () => {
  test("quantizes every layer of each network in the order of execution, the shortcut after its branch", () => {
    for (const [name, size, classes] of rows) {
      const model = architecture(name, { image: [3, size, size], classes });
      const { quantizers } = prepare(model, { bits: 2, firstLast: "8bit" });
      expect(quantizers.map(({ weight }) => weight)).toEqual(model.weights);
      const bits = quantizers.map((q) => q.bits);
      expect([bits[0], new Set(bits.slice(1, -1)), bits.at(-1)]).toEqual([8, new Set([2]), 8]);
    }
    const { weights } = architecture("resnet50:w16", { image: [3, 32, 32], classes: 10 });
    expect(weights.slice(0, 5)).toEqual([
      "conv1.weight",
      "layer1.0.conv1.weight",
      "layer1.0.conv2.weight",
      "layer1.0.conv3.weight",
      "layer1.0.downsample.0.weight",
    ]);
  });
});

describe("the name of a network", () => {
  test("is one of those that there are, and each network has one", () => {
    for (const [name] of rows) expect(isModelName(name), name).toBe(true);
    for (const name of ["mobilenetv1:w4", "mobilenetv1:w64", "mobilenetv2:w8", "vgg19:w32"])
      expect([isModelName(name), architecture(name, { image: [3, 32, 32], classes: 10 }).name]).toEqual([
        true,
        name,
      ]);
    const second = ["resnet18:w64", "mobilenetv1:w32", "vgg19:w64"];
    for (const name of [
      ...second,
      "resnet18:w0",
      "resnet34",
      "mobilenetv2:w0",
      "nin:0x1",
      "nin:2x1 ",
      "VGG19",
      "",
    ])
      expect(isModelName(name), name).toBe(false);
  });

  test("names runs as before there were others than NiN", () => {
    const config = runSchema.parse({
      model: "nin:2x1",
      bits: 4,
      data: { name: "cifar10", train: 5000, test: 2000 },
      epochs: 30,
      batchSize: 128,
      lr: 0.1,
      momentum: 0.9,
      weightDecay: 1e-4,
      milestones: [10, 20],
      seed: 0,
    });
    expect(runId(config)).toBe("nin-2x1_int4_cifar10_seed0_2c6cd5a4acc2");
  });
});

describe("a network that does not fit the images", () => {
  test("says so in a sentence with both sizes", () => {
    const fit = (size: number, height = size) => ({ image: [1, height, size], classes: 10 });
    expect(() => architecture("vgg19", fit(28))).toThrow(
      "vgg19 is the network for CIFAR: it takes images of 32 to 63 pixels on each side, but these have 28",
    );
    expect(() => architecture("deit-t", fit(40))).toThrow(
      "deit-t cuts images into patches of 16 × 16 pixels, but these have 40 on each side",
    );
    expect(() => architecture("vgg19", fit(32, 40))).toThrow(
      "vgg19 takes square images, but these have 40 × 32 pixels",
    );
  });
});
