import { openSimd } from "../src/experiments/node-device.ts";
import { createRng } from "../src/tensor/random.ts";
import { scope } from "../src/tensor/scope.ts";
import type { ConvGeometry } from "../src/tensor/shape.ts";
import { type Shape, sizeOf, type Tensor } from "../src/tensor/tensor.ts";
import { baselineGemm } from "./baseline/build.ts";
import { type Case, type Timing, takeTurns } from "./timing.ts";

const kernels = openSimd();
const rng = createRng("bench");
const random = (shape: Shape): Tensor =>
  kernels.tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => rng.uniform() - 0.5),
    shape,
  );
const inScope = (run: () => unknown) => (): void => {
  scope(() => {
    run();
  });
};

export interface Rate {
  readonly name: string;
  readonly gflops: number;
  /** Of the rate of the bare product, measured in the same run. */
  readonly share: number;
  readonly noise: number;
}

/** The rate of each case, as GFLOP/s and as a share of the rate of the first. */
const ratesOf = (timings: readonly Timing[], work: readonly number[]): Rate[] =>
  timings.map(({ name, seconds, speed, noise }, i) => ({
    name,
    gflops: work[i]! / seconds / 1e9,
    share: (speed * work[i]!) / work[0]!,
    noise,
  }));

const bare = async (size: number): Promise<Case> => ({
  name: `bare product ${size}`,
  run: await baselineGemm(size),
});

/** Square matrix products, beside the bare one of the same size. */
export async function gemmRates(sizes: readonly number[] = [128, 256, 512, 1024]): Promise<Rate[]> {
  const rates: Rate[] = [];
  for (const size of sizes) {
    const [a, b] = [random([size, size]), random([size, size])];
    const gemm = (name: string, transposes: { transposeA?: boolean; transposeB?: boolean }): Case => ({
      name: `gemm ${size} ${name}`,
      run: inScope(() => kernels.gemm(a, b, transposes)),
    });
    const cases = [
      await bare(size),
      gemm("A B", {}),
      gemm("Aᵀ B", { transposeA: true }),
      gemm("A Bᵀ", { transposeB: true }),
    ];
    const flop = 2 * size ** 3;
    rates.push(
      ...ratesOf(
        await takeTurns(cases),
        cases.map(() => flop),
      ),
    );
  }
  return rates;
}

/** The products of a block of DeiT-T: 197 tokens, 192 numbers for each, 3 heads of 64; [name, A, B, B transposed]. */
const vitProducts = (images: number): (readonly [string, Shape, Shape, boolean])[] => {
  const [tokens, heads] = [images * 197, images * 3];
  const linear = (i: number, o: number) => [`linear ${i}→${o}`, [tokens, i], [o, i], true] as const;
  return [
    linear(192, 576),
    linear(192, 192),
    linear(192, 768),
    linear(768, 192),
    ["queries by keys", [heads, 197, 64], [heads, 197, 64], true],
    ["attention by values", [heads, 197, 197], [heads, 197, 64], false],
  ];
};

/** Products of a ViT block, beside the bare one of 384² matrices. */
export async function vitRates(images = 8): Promise<Rate[]> {
  const rates: Rate[] = [];
  for (const [name, left, right, transposeB] of vitProducts(images)) {
    const [a, b] = [random(left), random(right)];
    const [columns, work] = [right.at(transposeB ? -2 : -1)!, 2 * sizeOf(left)];
    const cases = [
      await bare(384),
      { name: `ViT ${name}`, run: inScope(() => kernels.gemm(a, b, { transposeB })) },
    ];
    rates.push(...ratesOf(await takeTurns(cases), [2 * 384 ** 3, work * columns]).slice(1));
  }
  return rates;
}

interface Layer {
  readonly net: string;
  readonly inputs: number;
  readonly outputs: number;
  /** Of the images, in height and width. */
  readonly size: number;
  readonly window: number;
  readonly stride: number;
  readonly depthwise?: boolean;
}

const layer = (net: string, inputs: number, outputs: number, size: number, window: number, stride: number) =>
  ({ net, inputs, outputs, size, window, stride }) satisfies Layer;

/** The convolutions of three networks. */
const layers: readonly Layer[] = [
  ...[25, 50, 200].flatMap((c) => [
    layer("NiN", 3, c, 32, 3, 2),
    layer("NiN", c, c, 16, 3, 2),
    layer("NiN", c, c, 16, 1, 1),
    layer("NiN", c, c, 8, 1, 1),
  ]),
  layer("NiN", 25, 10, 8, 1, 1),
  ...[16, 32, 64].map((c) => layer("ResNet", c, c, 512 / c, 3, 1)),
  layer("ResNet", 16, 32, 32, 3, 2),
  layer("ResNet", 16, 32, 32, 1, 2),
  ...[
    [32, 32, 1],
    [64, 32, 2],
    [128, 16, 1],
    [256, 8, 1],
  ].map(([c, size, stride]) => ({
    ...layer("MobileNet", c!, c!, size!, 3, stride!),
    depthwise: true,
  })),
];

/** Convolutions and their gradients, beside the bare product of 384² matrices. */
export async function convRates(batch = 128): Promise<Rate[]> {
  const rates: Rate[] = [];
  const product = await bare(384);
  const productWork = 2 * 384 ** 3;
  for (const { net, inputs: c, outputs: o, size, window, stride, depthwise = false } of layers) {
    const groups = depthwise ? c : 1;
    const geometry: ConvGeometry = { stride, padding: window === 3 ? 1 : 0, groups };
    const out = size / stride;
    const [x, w] = [random([batch, c, size, size]), random([o, c / groups, window, window])];
    const [g, bias] = [random([batch, o, out, out]), random([o])];
    const kind = depthwise ? ` depthwise ${c}` : ` ${c}→${o}`;
    const name = `${net} ${window}×${window}/${stride}${kind}, ${size}²`;
    const cases: Case[] = [
      product,
      { name, run: inScope(() => kernels.conv2d(x, w, bias, geometry)) },
      {
        name: `${name}, gradient to w`,
        run: inScope(() => kernels.conv2dWeightGrad(g, x, w.shape, geometry)),
      },
      // Nobody asks for the gradient to the images.
      ...(c === 3
        ? []
        : [
            {
              name: `${name}, gradient to x`,
              run: inScope(() => kernels.conv2dInputGrad(g, w, x.shape, geometry)),
            },
          ]),
    ];
    const work = (2 * batch * o * out * out * c * window * window) / groups;
    const timings = await takeTurns(cases, { rounds: 7, least: 0.01 });
    rates.push(
      ...ratesOf(
        timings,
        cases.map((_, i) => (i === 0 ? productWork : work)),
      ).slice(1),
    );
  }
  return rates;
}
