import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { architecture } from "../../src/experiments/architectures.ts";
import { saveWeights } from "../../src/experiments/checkpoint.ts";
import { headOf, pretrained } from "../../src/experiments/pretrained.ts";
import { readPretrained } from "../../src/experiments/read-pretrained.ts";
import { decodeSafetensors, encodeSafetensors, type SafeTensor } from "../../src/experiments/safetensors.ts";
import type { Weights } from "../../src/nn/model.ts";
import { mapTree, type Tree } from "../../src/nn/tree.ts";
import { initialStep } from "../../src/quant/lsq.ts";
import { prepare } from "../../src/quant/prepare.ts";
import { createRng } from "../../src/tensor/random.ts";
import { item, type Tensor } from "../../src/tensor/tensor.ts";
import { qgen, scratch, tinyRun } from "../e2e/qgen.ts";
import { simd } from "../kernels.ts";

const folder = mkdtempSync(join(tmpdir(), "qgen-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fit = { image: [3, 32, 32], classes: 4 };
const model = architecture("nin:1x1", fit);
const numbers = (tree: Tree<Tensor>): Tree<number[]> => mapTree(tree, ({ data }) => Array.from(data));
const init = (of = model, seed = 0): Weights => of.init(simd, createRng(seed));

function fileOf(weights: Weights, change: (tensors: Record<string, SafeTensor>) => void = () => undefined) {
  const path = join(folder, "weights.safetensors");
  saveWeights(path, weights, {});
  const tensors = { ...decodeSafetensors(readFileSync(path)).tensors };
  change(tensors);
  writeFileSync(path, encodeSafetensors(tensors));
  return readPretrained(path);
}

const f32 = (values: readonly number[]): SafeTensor => ({
  dtype: "F32",
  shape: [values.length],
  data: Float32Array.from(values),
});

describe("weights from a file", () => {
  test("are the first weights of the network, whatever its seed", () => {
    const { params, buffers } = init(model, 1);
    const known = {
      params,
      buffers: mapTree(buffers, (x) =>
        simd.tensor(
          x.data.slice().map((v, i) => v + i),
          x.shape,
        ),
      ),
    };
    const loaded = init(pretrained(model, fileOf(known)), 7);
    expect(numbers(loaded.params)).toEqual(numbers(known.params));
    expect(numbers(loaded.buffers)).toEqual(numbers(known.buffers));
  });

  test("may be in float64, and may have counts of batches and indices besides", () => {
    const known = init(model, 1);
    const file = fileOf(known, (tensors) => {
      tensors["bn.num_batches_tracked"] = { dtype: "I64", shape: [], data: BigInt64Array.of(3n) };
      tensors["a.attn.relative_position_index"] = { dtype: "I64", shape: [1], data: BigInt64Array.of(0n) };
      const { shape, data } = tensors["conv.weight"]!;
      tensors["conv.weight"] = { dtype: "F64", shape, data: Float64Array.from(data as Float32Array) };
    });
    expect(numbers(init(pretrained(model, file)).params)).toEqual(numbers(known.params));
  });

  test("give a quantized network the first steps that belong to them", () => {
    const known = init(model, 1);
    const ready = prepare(pretrained(model, fileOf(known)), { bits: 3 });
    const { params } = ready.init(simd, createRng(0));
    for (const { weight, step, levels } of ready.quantizers)
      expect(item(params[step]!)).toBe(Math.fround(initialStep(known.params[weight]!, levels)));
  });

  test("that do not fit are refused, with all that is wrong", () => {
    const file = fileOf(init(), (tensors) => {
      delete tensors["conv.bias"];
      delete tensors["bn.running_mean"];
      tensors["fc.weight"] = f32([1]);
      tensors["fc.bias"] = f32([1]);
      tensors["bn.weight"] = f32([1, 2]);
      tensors["bn.bias"] = { dtype: "I32", shape: [4], data: Int32Array.of(1, 2, 3, 4) };
      tensors["bn.running_var"] = f32([1, 2, NaN, 4]);
    });
    expect(() => init(pretrained(model, file))).toThrow(
      [
        `${file.path} does not hold the weights of nin:1x1 for these images:`,
        "  missing (2): conv.bias; bn.running_mean",
        "  not expected (2): fc.weight; fc.bias",
        "  of another shape or type (2): bn.weight is F32 [2], expected F32 or F64 [4]; bn.bias is I32 [4], expected F32 or F64 [4]",
        "  not finite numbers (1): bn.running_var has NaN at 2 of 4",
      ].join("\n"),
    );
  });

  test("are refused where there is no file, or half of one", () => {
    expect(() => readPretrained(join(folder, "none"))).toThrow(
      /the weights in .*none cannot be read: ENOENT/,
    );
    const { path, bytes } = fileOf(init());
    writeFileSync(path, bytes.subarray(0, bytes.length / 2));
    expect(() => readPretrained(path)).toThrow(/cannot be read: not a complete safetensors file/);
  });
});

describe("a new head", () => {
  const { weights } = model;
  const more = architecture("nin:1x1", { ...fit, classes: 7 });

  test("is the last layer of each network, with the batch norm after it", () => {
    const heads = (names: readonly string[], side: number) =>
      names.map((name) => headOf(architecture(name, { image: [3, side, side], classes: 4 })).join());
    expect(heads(["resnet18:w2", "mobilenetv1:w2", "vgg19:w2"], 32)).toEqual(["fc", "linear", "classifier"]);
    expect(heads(["mobilenetv2", "deit-t", "swin-t"], 64)).toEqual(["classifier.1", "head", "head"]);
    expect(headOf(model)).toEqual(["conv", "bn"]);
  });

  test("is drawn as in any run of that seed, and all else is from the file, which may lack it", () => {
    const known = init(model, 1);
    const file = fileOf(known);
    const loaded = numbers(init(pretrained(more, file, true), 7).params);
    const [drawn, old] = [numbers(init(more, 7).params), numbers(known.params)];
    const head = ["conv.weight", "conv.bias", "bn.weight", "bn.bias"];
    for (const name of Object.keys(loaded))
      expect(loaded[name], name).toEqual((head.includes(name) ? drawn : old)[name]);
    expect(head.every((name) => name in loaded)).toBe(true);
    const cut = fileOf(known, (tensors) => {
      for (const name of head) delete tensors[name];
    });
    expect(numbers(init(pretrained(more, cut, true), 7).params)).toEqual(loaded);
    // Of the same classes, too, it begins anew.
    expect(numbers(init(pretrained(model, file, true), 7).params)[weights.at(-1)!]).not.toEqual(
      old[weights.at(-1)!],
    );
  });

  test("is offered where only the head does not fit, and takes nothing else that does not", () => {
    const file = fileOf(init(model, 1));
    expect(() => init(pretrained(more, file))).toThrow(
      /of another shape or type \(6\): conv\.weight is F32 .*\n {2}For other classes, --new-head begins the last layer anew\.$/s,
    );
    const worse = fileOf(init(model, 1), (tensors) => {
      const name = Object.keys(tensors).find((name) => name.endsWith("conv1.weight"))!;
      tensors[name] = f32([1, 2]);
    });
    for (const newHead of [false, true])
      expect(() => init(pretrained(more, worse, newHead))).toThrow(
        /conv1\.weight is F32 \[2\].*(?<!anew\.)$/s,
      );
  });
});

test("qgen train --weights begins there, keeps the file, and measures distances from it", {
  timeout: 120_000,
}, async () => {
  const out = scratch();
  const path = join(folder, "start.safetensors");
  const start = architecture("nin:2x1", { image: [3, 32, 32], classes: 10 });
  const known = init(start, 5);
  saveWeights(path, known, {});
  const run = [...tinyRun, "--epochs", "1", "--bits", "4", "--lr", "1e-9", "--out", out];
  const first = await qgen("train", ...run, "--weights", path, "--json");
  expect(first.stderr).not.toMatch(/Error/);
  const result = JSON.parse(first.stdout);
  const kept = join(out, readdirSync(out)[0]!, "initial.safetensors");
  expect(readFileSync(kept).equals(readFileSync(path))).toBe(true);
  expect(result.norms.distance).toBeLessThan(1e-5);
  const norm = Math.hypot(...start.weights.flatMap((name) => Array.from(known.params[name]!.data)));
  expect(result.norms.initial).toBeCloseTo(norm, 4);
  const again = await qgen("train", ...run, "--json");
  expect(JSON.parse(again.stdout).id).not.toBe(result.id);
  const other = await qgen("train", ...run, "--model", "nin:2x2", "--weights", path);
  expect(other.code).toBe(2);
  expect(other.stderr).toMatch(
    /does not hold the weights of nin:2x2 .*of another shape or type \(\d+\): blocks/s,
  );
  const fewer = architecture("nin:2x1", { image: [3, 32, 32], classes: 4 });
  saveWeights(path, init(fewer, 5), {});
  const tuned = await qgen("train", ...run, "--weights", path, "--new-head", "--json");
  expect(tuned.stderr).toContain(`first weights from ${path}, but for conv and bn, which are drawn`);
  expect(JSON.parse(tuned.stdout).config.newHead).toBe(true);
  const alone = await qgen("train", ...run, "--new-head");
  expect([alone.code, alone.stderr]).toEqual([
    2,
    expect.stringContaining("--new-head true: only with --weights, whose last layer it leaves out"),
  ]);
  const none = await qgen("train", ...run, "--weights", join(folder, "none"));
  expect([none.code, none.stderr]).toEqual([2, expect.stringMatching(/cannot be read: ENOENT/)]);
});
