import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { constant } from "../../src/autograd/op.ts";
import { architecture } from "../../src/experiments/architectures.ts";
import { pretrained } from "../../src/experiments/pretrained.ts";
import { readPretrained } from "../../src/experiments/read-pretrained.ts";
import { decodeSafetensors } from "../../src/experiments/safetensors.ts";
import { mapTree } from "../../src/nn/tree.ts";
import { createRng } from "../../src/tensor/random.ts";
import { simd } from "../kernels.ts";
import { uniform } from "./uniform.ts";

interface About {
  readonly model: string;
  readonly size: number;
  readonly classes: number;
  readonly logits: readonly number[];
}

// Another file: QGEN_WEIGHTS=FILE, made by oracle/weights.py.
const path = process.env.QGEN_WEIGHTS ?? fileURLToPath(new URL("resnet18-w2.safetensors", import.meta.url));

test("a state dict that PyTorch has written classifies as it does there: the logits are the same to 1e-4", () => {
  const file = readPretrained(path);
  const about = JSON.parse(decodeSafetensors(file.bytes).metadata["qgen-test"]!) as About;
  const { size, classes, logits } = about;
  const model = pretrained(architecture(about.model, { image: [3, size, size], classes }), file);
  const { params, buffers } = model.init(simd, createRng(0));
  const pixels = new Float32Array(uniform("images", 2 * 3 * size * size, -2, 2));
  const x = constant(simd.tensor(pixels, [2, 3, size, size]));
  const { y } = model.apply(mapTree(params, constant), buffers, x, "eval");
  expect(y.value.data.length).toBe(logits.length);
  y.value.data.forEach((z, i) => {
    expect(Math.abs(z - logits[i]!), `logit ${i}`).toBeLessThan(1e-4);
  });
}, 120_000);
