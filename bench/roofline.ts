/**
 * Kernels under the roof of this machine: each computes at most as fast as registers multiply, and at most as fast as
 * its operands and results can be moved.
 *
 * @packageDocumentation
 */

import { openSimd } from "../src/experiments/node-device.ts";
import type { Kernels } from "../src/tensor/kernels/kernels.ts";
import { createRng } from "../src/tensor/random.ts";
import { scope } from "../src/tensor/scope.ts";
import { type Shape, sizeOf, type Tensor } from "../src/tensor/tensor.ts";
import { copyOf, registersOnly, registerWork } from "./baseline/build.ts";
import { type Family, type Part, type Point, type Roofs, roofAt } from "./roof.ts";
import { type Case, type Timing, takeTurns } from "./timing.ts";

/** A kernel's call on operands of some shapes. */
interface Work {
  readonly layer: string;
  readonly part: Part;
  readonly family: Family;
  readonly flops: number;
  readonly operands: readonly Shape[];
  run(kernels: Kernels, xs: readonly Tensor[]): Tensor | readonly (Tensor | null)[];
}

const gemm = (layer: string, batch: number, m: number, n: number, k: number): Work => {
  const head = batch === 1 ? [] : [batch];
  return {
    ...{ layer, part: "forward", family: "product" },
    flops: 2 * batch * m * n * k,
    operands: [
      [...head, m, k],
      [...head, k, n],
    ],
    run: (kernels, [a, b]) => kernels.gemm(a!, b!),
  };
};

/** A convolution of 128 images and its gradients. */
function convolutions(
  layer: string,
  c: number,
  size: number,
  window: 1 | 3,
  stride: number,
  groups = 1,
): Work[] {
  const geometry = { stride, padding: window === 3 ? 1 : 0, groups };
  const out = size / stride;
  const [x, w, g] = [
    [128, c, size, size],
    [c, c / groups, window, window],
    [128, c, out, out],
  ];
  const flops = 2 * sizeOf(g) * (c / groups) * window * window;
  return [
    {
      ...{ layer, part: "forward", family: "convolution", flops, operands: [x, w] },
      run: (kernels, [a, b]) => kernels.conv2d(a!, b!, null, geometry),
    },
    {
      ...{ layer, part: "to x", family: "convolution", flops, operands: [g, w] },
      run: (kernels, [a, b]) => kernels.conv2dInputGrad(a!, b!, x, geometry),
    },
    {
      ...{ layer, part: "to w", family: "convolution", flops, operands: [g, x] },
      run: (kernels, [a, b]) => kernels.conv2dWeightGrad(a!, b!, w, geometry),
    },
  ];
}

const image: Shape = [128, 50, 16, 16];
const channel: Shape = [50];
const weights: Shape = [2 ** 20];
const sgdStep = { lr: 0.1, momentum: 0.9, dampening: 0, nesterov: false, weightDecay: 1e-4 };
const quantizer = { qn: 8, qp: 7, rounding: "half-even" } as const;

/** `each`: operations for each number. */
const map = (layer: string, each: number, operands: readonly Shape[], run: Work["run"]): Work => ({
  ...{ layer, part: "forward", family: "map", flops: each * sizeOf(operands[0]!), operands, run },
});

const works: readonly Work[] = [
  gemm("product, 512²", 1, 512, 512, 512),
  gemm("attention scores (DeiT-T)", 24, 197, 197, 64),
  gemm("MLP (DeiT-T)", 1, 8 * 197, 768, 192),
  ...convolutions("3×3 stride 2, 50 channels", 50, 16, 3, 2),
  ...convolutions("1×1, 50 channels", 50, 16, 1, 1),
  ...convolutions("1×1, 200 channels", 200, 16, 1, 1),
  ...convolutions("depthwise 3×3", 64, 16, 3, 1, 64),
  map("add", 1, [image, image], (kernels, [a, b]) => kernels.binary("add", a!, b!)),
  map("moments", 4, [image], (kernels, [x]) => kernels.moments(x!)),
  map(
    "batch norm + ReLU",
    3,
    [image, channel, channel, channel, channel],
    (kernels, [x, mean, variance, gamma, beta]) =>
      kernels.normalizeRelu(x!, mean!, kernels.unary("abs", variance!), gamma!, beta!, 1e-5),
  ),
  map(
    "batch norm + ReLU, gradient",
    12,
    [image, image, channel, channel, channel, channel],
    (kernels, [g, x, mean, variance, gamma, beta]) =>
      kernels.batchNormReluGrad(g!, x!, mean!, kernels.unary("abs", variance!), gamma!, beta!, 1e-5),
  ),
  map("LSQ", 5, [weights], (kernels, [v]) =>
    kernels.quantize(v!, kernels.fill(0.1, [], "float32"), quantizer),
  ),
  map("LSQ, gradient", 8, [weights, weights], (kernels, [g, v]) =>
    kernels.quantizeGrad(g!, v!, kernels.fill(0.1, [], "float32"), {
      ...quantizer,
      mask: "inside",
      gradScale: 1,
    }),
  ),
  map("SGD", 6, [weights, weights, weights], (kernels, [p, g, buf]) => kernels.sgd(p!, g!, buf!, sgdStep)),
];

const bytesOf = (tensors: readonly (Tensor | null)[]): number =>
  tensors.reduce((sum, x) => sum + (x === null ? 0 : 4 * sizeOf(x.shape)), 0);

const COPIED = 2 ** 23;

/** How fast each kernel is, beside what limits it. */
export async function roofline(
  rounds = 9,
): Promise<{ readonly roofs: Roofs; readonly rows: readonly Point[] }> {
  const registers: Case = { name: "registers", run: await registersOnly() };
  const copy: Case = { name: "copy", run: await copyOf(COPIED) };
  const [register, copied] = (await takeTurns([registers, copy], { rounds })) as [Timing, Timing];
  const roofs = { gflops: registerWork / register.seconds / 1e9, gbps: (2 * COPIED) / copied.seconds / 1e9 };
  const kernels = openSimd();
  const rng = createRng("roofline");
  const rows: Point[] = [];
  for (const { layer, part, family, flops, operands, run } of works) {
    const name = part === "forward" ? layer : `${layer}, ${part}`;
    const xs = operands.map((shape) =>
      kernels.tensor(
        Float32Array.from({ length: sizeOf(shape) }, () => rng.uniform() - 0.5),
        shape,
      ),
    );
    const bytes = bytesOf(xs) + scope(() => bytesOf([run(kernels, xs)].flat()));
    const intensity = flops / bytes;
    const use = (): void => {
      scope(() => {
        run(kernels, xs);
      });
    };
    const moving = roofs.gbps * intensity < roofs.gflops;
    const turns = await takeTurns([moving ? copy : registers, { name, run: use }], { rounds });
    const { speed, noise } = turns[1]!;
    const share = moving ? (speed * bytes) / (2 * COPIED) : (speed * flops) / registerWork;
    rows.push({
      name,
      layer,
      part,
      family,
      flops,
      bytes,
      intensity,
      gflops: share * roofAt(roofs, intensity),
      share,
      noise,
    });
  }
  return { roofs, rows };
}
