import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { constant } from "../../src/autograd/op.ts";
import { scale } from "../../src/autograd/ops/arithmetic.ts";
import { gelu, layerNorm } from "../../src/nn/layers.ts";
import type { Mode, Model } from "../../src/nn/model.ts";
import { deitT } from "../../src/nn/models/deit.ts";
import { swinT } from "../../src/nn/models/swin.ts";
import { batchNorm, conv, flatten, linear, relu6 } from "../../src/nn/network/convolutional.ts";
import { chain, type Layer, map, residual, sequence } from "../../src/nn/network/layer.ts";
import { network } from "../../src/nn/network/network.ts";
import { dropout, dropPath, RANDOM } from "../../src/nn/network/random.ts";
import { neighbours, windowAttention } from "../../src/nn/network/windows.ts";
import { sgd } from "../../src/nn/optimizers.ts";
import { trainStep } from "../../src/nn/step.ts";
import { startOf } from "../../src/nn/train.ts";
import { mapTree, type Tree } from "../../src/nn/tree.ts";
import { prepare } from "../../src/quant/prepare.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { createRng } from "../../src/tensor/random.ts";
import { loopScope } from "../../src/tensor/scope.ts";
import { type Shape, sizeOf, type Tensor } from "../../src/tensor/tensor.ts";
import { sameNumber } from "../golden/uniform.ts";
import { freshSimd } from "../kernels.ts";
import { f64 } from "../tensors.ts";

const times = (factor: number): Layer => map(scale(factor));
const drawn = (shape: Shape, seed = "x"): Tensor => {
  const rng = createRng(seed);
  return f64(
    Array.from({ length: sizeOf(shape) }, () => rng.normal()),
    shape,
  );
};

/** What a model makes of x, with the weights of its seed. */
function applied(model: Model, x: Tensor, mode: Mode = "eval", buffers?: Tree<Tensor>, seed = 0) {
  const weights = model.init(reference, createRng(seed), "float64");
  const out = model.apply(mapTree(weights.params, constant), buffers ?? weights.buffers, constant(x), mode);
  return { y: Array.from(out.y.value.data), shape: out.y.value.shape, buffers: out.buffers };
}
const values = (layer: Layer, x: Tensor): number[] => applied(network("test", layer), x).y;

describe("layers are put together", () => {
  const x = f64([1, -2, 3]);

  test("one after the other, by sequence and chain; side by side, and added, by residual", () => {
    expect(values(sequence({ a: times(2), b: times(3) }), x)).toEqual([6, -12, 18]);
    expect(values(chain(times(2), times(3)), x)).toEqual([6, -12, 18]);
    expect(values(residual(times(2)), x)).toEqual([3, -6, 9]);
    expect(values(residual(times(2), times(5)), x)).toEqual([7, -14, 21]);
  });

  test("under names: of members, of places in an array, and none of its own for a chain", () => {
    const inner = sequence([linear(2, 3), linear(3, 2, { bias: false })]);
    const model = network("test", chain(sequence({ a: inner }), residual(sequence({ b: linear(2, 2) }))));
    expect(Object.keys(model.init(reference, createRng(0)).params)).toEqual([
      "a.0.weight",
      "a.0.bias",
      "a.1.weight",
      "b.weight",
      "b.bias",
    ]);
    expect(model.weights).toEqual(["a.0.weight", "a.1.weight", "b.weight"]);
  });

  test("and a batch norm belongs to the layer right before it, not to one before a ReLU or in another branch", () => {
    const c = (): Layer => conv(1, 1, 1);
    const model = network(
      "test",
      sequence({
        a: c(),
        a2: batchNorm(1),
        b: c(),
        b2: relu6,
        b3: batchNorm(1),
        r: residual(sequence({ c: c() }), sequence({ d: batchNorm(1), e: c(), f: batchNorm(1) })),
        flatten,
      }),
    );
    expect(model.norms).toEqual({ "a.weight": "a2", "r.e.weight": "r.f" });
  });

  test("and begin with streams that have the names of their parameters, wherever they stand", () => {
    const alone = network("test", sequence({ b: linear(4, 4) })).init(reference, createRng(3)).params;
    const later = network("test", sequence({ a: linear(4, 4), b: linear(4, 4) })).init(
      reference,
      createRng(3),
    );
    expect(Array.from(later.params["b.weight"]!.data)).toEqual(Array.from(alone["b.weight"]!.data));
  });
});

describe("functions", () => {
  test("ReLU6 is min(max(0, x), 6), to the bit", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -20, max: 20 }), (x) => {
        expect(values(relu6, f64([x]))[0]).toBe(Math.min(Math.max(0, x), 6) || 0);
      }),
    );
  });

  test("GELU is even but for x/2, and x far above 0", () => {
    const at = (x: number): number => gelu(constant(f64([x]))).value.data[0]!;
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -8, max: 8 }), (x) => {
        expect(at(x) - at(-x)).toBeCloseTo(x, 14);
      }),
    );
    expect([at(50), at(-50), at(0)]).toEqual([50, -0, 0]);
    expect(at(1)).toBeCloseTo(0.8413447460685429, 15);
  });

  test("layer norm gives each row the mean β and the deviation γ, for γ and β that are the same everywhere", () => {
    const x = drawn([3, 4, 50]);
    const params = {
      "n.weight": constant(f64(Array(50).fill(2))),
      "n.bias": constant(f64(Array(50).fill(5))),
    };
    const { data, shape } = layerNorm(params, "n", constant(x), 0).value;
    expect(shape).toEqual(x.shape);
    for (let row = 0; row < 12; row++) {
      const own = Array.from(data.slice(row * 50, (row + 1) * 50));
      const mean = own.reduce((a, b) => a + b) / 50;
      expect(mean).toBeCloseTo(5, 12);
      expect(own.reduce((s, v) => s + (v - mean) ** 2, 0) / 50).toBeCloseTo(4, 12);
    }
  });
});

describe("what is dropped in training", () => {
  const x = f64(Array(4000).fill(1), [400, 10]);
  const ofShare = (share: number, kind: typeof dropout) => network("test", sequence({ d: kind(share) }));

  test("is nothing in eval mode, and the rest is divided by its share, so that the mean stays", () => {
    for (const kind of [dropout, dropPath]) {
      const model = ofShare(0.25, kind);
      expect(applied(model, x).y).toEqual(Array.from(x.data));
      const { y } = applied(model, x, "train");
      expect(new Set(y)).toEqual(new Set([0, 1 / 0.75]));
      expect(y.reduce((a, b) => a + b) / 4000).toBeGreaterThan(0.85);
      expect(y.reduce((a, b) => a + b) / 4000).toBeLessThan(1.15);
    }
  });

  test("are single numbers by dropout, and whole images by drop path", () => {
    const mixed = (y: number[]): boolean =>
      Array.from({ length: 400 }, (_, i) => new Set(y.slice(10 * i, 10 * (i + 1))).size).some((n) => n > 1);
    expect(mixed(applied(ofShare(0.5, dropout), x, "train").y)).toBe(true);
    expect(mixed(applied(ofShare(0.5, dropPath), x, "train").y)).toBe(false);
  });

  test("is the same for the same seed, batch and layer, and else another", () => {
    const model = ofShare(0.5, dropout);
    const first = applied(model, x, "train");
    expect(applied(model, x, "train").y).toEqual(first.y);
    expect(Array.from(first.buffers[RANDOM]!.data)[1]).toBe(1);
    expect(applied(model, x, "train", first.buffers).y).not.toEqual(first.y);
    expect(applied(model, x, "train", undefined, 1).y).not.toEqual(first.y);
    const other = network("test", sequence({ other: dropout(0.5) }));
    expect(applied(other, x, "train").y).not.toEqual(first.y);
  });

  test("a share of 0 leaves no trace, and a share of all is refused", () => {
    expect(Object.keys(ofShare(0, dropPath).init(reference, createRng(0)).buffers)).toEqual([]);
    expect(() => dropPath(1)).toThrow("drop: expected a share in [0, 1), got 1");
  });
});

describe("windows", () => {
  /** Which tokens an output token depends on, by disturbing one input at a time. */
  function seenFrom(side: number, shift: number, token: number): number[] {
    const model = network("test", windowAttention(4, 1, 2, shift));
    const x = drawn([1, side, side, 4]);
    const at = ({ y }: { y: number[] }): number[] => y.slice(4 * token, 4 * token + 4);
    const before = at(applied(model, x));
    return Array.from({ length: side * side }, (_, i) => i).filter((i) => {
      const moved = Float64Array.from(x.data);
      for (let c = 4 * i; c < 4 * i + 4; c++) moved[c]! += 1;
      return at(applied(model, f64(moved, x.shape))).some((v, c) => Math.abs(v - before[c]!) > 1e-9);
    });
  }

  test("a token sees those of its own window", () => {
    expect(seenFrom(4, 0, 0)).toEqual([0, 1, 4, 5]);
    expect(seenFrom(4, 0, 15)).toEqual([10, 11, 14, 15]);
  });

  test("when windows are shifted, it sees neighbours across the old border, and none from the other end", () => {
    expect(seenFrom(4, 1, 5)).toEqual([5, 6, 9, 10]);
    expect(seenFrom(4, 1, 0)).toEqual([0]);
    expect(seenFrom(4, 1, 1)).toEqual([1, 2]);
  });

  test("a window that covers all is not shifted", () => {
    expect(seenFrom(2, 1, 0)).toEqual([0, 1, 2, 3]);
  });

  test("four neighbours become one token: the upper left, the lower left, the upper right, the lower right", () => {
    const x = f64([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
    const y = neighbours(constant(x)).value;
    expect(y.shape).toEqual([1, 2, 2, 4]);
    expect(Array.from(y.data)).toEqual([1, 4, 2, 5, 3, 6, 0, 0, 7, 0, 8, 0, 9, 0, 0, 0]);
  });
});

describe("transformers", () => {
  const fit = { image: [3, 32, 32], classes: 5 };

  test("decay weights alone: no bias, norm, token or table", () => {
    for (const model of [deitT(fit), swinT(fit)]) {
      const { params } = model.init(freshSimd(), sameNumber);
      const decaying = Object.keys(params).filter((name) => model.decays!(name));
      expect(decaying).toEqual(model.weights);
      const ready = prepare(model, { bits: 4, decaySteps: false });
      expect(Object.keys(params).filter((name) => ready.decays!(name))).toEqual(model.weights);
    }
  });

  test("are quantized by LSQ in qkv, proj and both layers of the MLP, and learn their steps", async () => {
    const model = prepare(deitT(fit), { bits: 4 });
    expect(model.quantizers.slice(1, 5).map(({ weight }) => weight)).toEqual([
      "blocks.0.attn.qkv.weight",
      "blocks.0.attn.proj.weight",
      "blocks.0.mlp.fc1.weight",
      "blocks.0.mlp.fc2.weight",
    ]);
    const memory = loopScope();
    const optimizer = sgd();
    const begin = startOf(model.init(freshSimd(), createRng(0)), optimizer);
    const before = mapTree(begin.weights.params, ({ data }) => data[0]);
    const batch = {
      images: Float32Array.from(drawn([2, 3, 32, 32]).data),
      labels: Int32Array.of(1, 3),
    };
    const { state, loss } = await trainStep(memory, model, optimizer, begin, batch, fit.image, 0.1);
    expect(loss).toBeGreaterThan(0);
    for (const { step } of model.quantizers) {
      const after = state.weights.params[step]!.data[0]!;
      expect(Number.isFinite(after) && after !== before[step], step).toBe(true);
    }
    memory.end();
  });
});
