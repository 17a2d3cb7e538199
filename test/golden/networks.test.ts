import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { grad } from "../../src/autograd/grad.ts";
import { constant } from "../../src/autograd/op.ts";
import { crossEntropy } from "../../src/autograd/ops/fused.ts";
import { architecture } from "../../src/experiments/architectures.ts";
import type { Weights } from "../../src/nn/model.ts";
import { mapTree, member, type Tree } from "../../src/nn/tree.ts";
import { scope } from "../../src/tensor/scope.ts";
import { type Shape, sizeOf, type Tensor } from "../../src/tensor/tensor.ts";
import { simd } from "../kernels.ts";
import { verifies } from "../spec.ts";
import { sameNumber, uniform } from "./uniform.ts";

/** Of a tensor: the sum of squares, the largest size, and the first, the middle and the last number. */
type Checks = readonly [squares: number, largest: number, first: number, middle: number, last: number];

interface Golden {
  readonly model: string;
  readonly size: number;
  readonly images: number;
  readonly classes: number;
  readonly logits: readonly (readonly number[])[];
  readonly loss: number;
  readonly gradients: Tree<Checks>;
  readonly shapes: Tree<Shape>;
  /** After one batch in train mode. */
  readonly buffers: Tree<Checks>;
}

const file = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");
const cases = JSON.parse(file("networks.json")) as readonly Golden[];

/** Numbers for a parameter or a buffer, as in oracle/networks.py. */
function filled({ shape }: Tensor, name: string): Tensor {
  const bound = Math.sqrt(3 / sizeOf(shape.slice(1)));
  const [least, most] = name.endsWith("running_var")
    ? [0.5, 1.5]
    : shape.length > 1
      ? [-bound, bound]
      : name.endsWith("weight")
        ? [0.75, 1.25]
        : [-0.25, 0.25];
  return simd.tensor(new Float32Array(uniform(name, sizeOf(shape), least, most)), shape);
}

/** Fails unless the norm, and three numbers in units of the largest, are near. */
function expectChecks(found: Tensor, [squares, largest, ...three]: Checks, tolerance: number, name: string) {
  const { data } = found;
  const n = data.length;
  let total = 0;
  for (const v of data) total += v * v;
  const norm = Math.sqrt(total);
  const near = (a: number, b: number, size: number) =>
    expect(Math.abs(a - b), `${name}: ${a} for ${b}`).toBeLessThanOrEqual(tolerance * size);
  near(norm, Math.sqrt(squares), Math.sqrt(squares));
  [0, Math.trunc(n / 2), n - 1].forEach((at, i) => {
    near(data[at]!, three[i]!, largest);
  });
}

describe.each(cases)("$model at $size pixels", (golden) => {
  const { model: name, size, images, classes } = golden;
  const model = architecture(name, { image: [3, size, size], classes });
  const { params, buffers } = model.init(simd, sameNumber);
  const weights: Weights = {
    params: mapTree(params, filled),
    buffers: mapTree(buffers, (x, name) => (name.includes("running") ? filled(x, name) : x)),
  };
  const leaves = mapTree(weights.params, constant);
  const pixels = new Float32Array(uniform("images", images * 3 * size * size, -2, 2));
  const x = constant(simd.tensor(pixels, [images, 3, size, size]));

  test("has PyTorch's parameters: the same names, of the same shapes", () => {
    expect(mapTree(params, ({ shape }) => shape)).toEqual(golden.shapes);
  });

  verifies("QGen.models", `${name} at ${size} pixels has PyTorch's logits and gradients in eval mode`, () => {
    scope(() => {
      const { y } = model.apply(leaves, weights.buffers, x, "eval");
      const expected = golden.logits.flat();
      const largest = Math.max(1, ...expected.map(Math.abs));
      y.value.data.forEach((z, i) => {
        expect(Math.abs(z - expected[i]!), `logit ${i}`).toBeLessThan(1e-4 * largest);
      });
      const labels = Int32Array.from({ length: images }, (_, i) => i % classes);
      const loss = crossEntropy(labels)(y);
      expect(loss.value.data[0]).toBeCloseTo(golden.loss, 4);
      const names = Object.keys(leaves);
      grad(loss, Object.values(leaves)).forEach(({ value }, i) => {
        // In float32 some of a million ReLUs fall on the other side of their kink; in float64 all is within 1e-6.
        expectChecks(value, member(golden.gradients, names[i]!), 2e-2, names[i]!);
      });
    });
  });

  verifies("QGen.models", `${name} at ${size} pixels has PyTorch's running statistics after a batch`, () => {
    scope(() => {
      const learned = model.apply(leaves, weights.buffers, x, "train").buffers;
      for (const [name, checks] of Object.entries(golden.buffers))
        expectChecks(member(learned, name), checks, 1e-3, name);
    });
  });
});
