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
export async function gemmRates(sizes: readonly number[] = [192, 384, 768]): Promise<Rate[]> {
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

/** The convolutions of NiN: 3×3 with stride 2 into a block, 1×1 within it; [channels in, channels out, size, window]. */
const ninConvolutions = [25, 50, 100, 200, 300].flatMap((c) => [
  [3, c, 32, 3],
  [c, c, 16, 3],
  [c, c, 16, 1],
  [c, c, 8, 1],
]) as [number, number, number, number][];

/** Convolutions and their gradients as they appear in NiN, beside the bare product of 384² matrices. */
export async function convRates(batch = 128): Promise<Rate[]> {
  const rates: Rate[] = [];
  const product = await bare(384);
  const productWork = 2 * 384 ** 3;
  for (const [c, o, size, window] of ninConvolutions) {
    const geometry: ConvGeometry =
      window === 3 ? { stride: 2, padding: 1, groups: 1 } : { stride: 1, padding: 0, groups: 1 };
    const out = size / geometry.stride;
    const [x, w] = [random([batch, c, size, size]), random([o, c, window, window])];
    const [g, bias] = [random([batch, o, out, out]), random([o])];
    const name = `${window}×${window} ${c}→${o}, ${size}²`;
    const cases: Case[] = [
      product,
      { name: `conv ${name}`, run: inScope(() => kernels.conv2d(x, w, bias, geometry)) },
      {
        name: `conv ${name}, gradient to w`,
        run: inScope(() => kernels.conv2dWeightGrad(g, x, w.shape, geometry)),
      },
      // Nobody asks for the gradient to the images.
      ...(c === 3
        ? []
        : [
            {
              name: `conv ${name}, gradient to x`,
              run: inScope(() => kernels.conv2dInputGrad(g, w, x.shape, geometry)),
            },
          ]),
    ];
    const work = 2 * batch * o * out * out * c * window * window;
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
