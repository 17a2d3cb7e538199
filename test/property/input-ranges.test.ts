import { describe, expect, test } from "vitest";
import { constant } from "../../src/autograd/op.ts";
import { architecture } from "../../src/experiments/architectures.ts";
import { withInput } from "../../src/nn/layers.ts";
import { mapTree, member } from "../../src/nn/tree.ts";
import { createRng } from "../../src/tensor/random.ts";
import { freshSimd } from "../kernels.ts";

/** The smallest value of GELU is −0.17. */
const leasts = { signed: -Infinity, unsigned: 0, offset: -0.18 };

describe("what is said of the numbers that arrive at each layer", () => {
  test.each([
    ["nin:2x1", 32, { signed: 1, unsigned: 6, offset: 0 }],
    ["resnet18:w16", 32, { signed: 4, unsigned: 17, offset: 0 }],
    ["mobilenetv1", 32, { signed: 1, unsigned: 27, offset: 0 }],
    ["mobilenetv2", 32, { signed: 22, unsigned: 36, offset: 0 }],
    ["deit-t", 32, { signed: 38, unsigned: 0, offset: 12 }],
  ] as const)("holds in %s, in train mode", (name, size, counts) => {
    const kernels = freshSimd();
    const model = architecture(name, { image: [3, size, size], classes: 5 });
    const { params, buffers } = model.init(kernels, createRng(0));
    const rng = createRng("x");
    const x = Float32Array.from({ length: 2 * 3 * size * size }, () => rng.normal());
    const seen: Record<string, number> = {};
    const leaves = mapTree(params, constant);
    const spied = { ...leaves };
    for (const weight of model.weights)
      spied[weight] = withInput(constant(member(params, weight)), (v) => {
        seen[weight] = Math.min(...v.value.data.slice(0, 20_000));
        return v;
      });
    model.apply(spied, buffers, constant(kernels.tensor(x, [2, 3, size, size])), "train");

    const found = { signed: 0, unsigned: 0, offset: 0 };
    for (const weight of model.weights) {
      const range = member(model.inputs!, weight);
      found[range]++;
      expect(seen[weight], `${weight} is ${range}`).toBeGreaterThanOrEqual(leasts[range]);
    }
    expect(found).toEqual(counts);
    expect(seen[model.weights[0]!]).toBeLessThan(-1);
  });
});
