import fc from "fast-check";
import { type RunConfig, runId, runSchema } from "../../src/experiments/config.ts";
import type { LayerStep, RunResult } from "../../src/experiments/result.ts";

type Bits = RunConfig["bits"];

/** The numbers of a run that never ran; what is left out gets a value of no interest. */
export interface Made {
  readonly bits: Bits;
  readonly seed: number;
  readonly trainLoss?: number;
  readonly testLoss?: number;
  /** Left out, test loss minus training loss. */
  readonly gap?: number;
  readonly trainAccuracy?: number;
  readonly testAccuracy?: number;
  readonly weights?: number;
  readonly quantized?: number;
  readonly distance?: number;
  readonly initial?: number;
  readonly steps?: readonly LayerStep[];
  readonly reason?: string;
  readonly epochs?: number;
  readonly dataSource?: string;
  readonly config?: Partial<Omit<RunConfig, "bits" | "seed">>;
}

export const layer = (
  weight: string,
  bits: number,
  step: number,
  rest: Partial<LayerStep> = {},
): LayerStep => ({ weight, bits, step, initialStep: step, clipped: 0, largestError: 0.5, ...rest });

/** Two layers, with bins that are wider with fewer bits. */
const usualSteps = (bits: number): LayerStep[] => [
  layer("blocks.0.conv1.weight", bits, 2 ** -bits),
  layer("head.weight", bits, 3 * 2 ** -bits),
];

export function made(numbers: Made): RunResult {
  const { bits, seed, reason, epochs = 2 } = numbers;
  const { trainLoss = 0.5, testLoss = 0.75, weights = 7 } = numbers;
  const { trainAccuracy = 0.75, testAccuracy = 0.5 } = numbers;
  const config = runSchema.parse({
    model: "nin:2x1",
    data: { name: "cifar10", train: 256, test: 200 },
    epochs,
    batchSize: 128,
    lr: 0.1,
    momentum: 0.9,
    weightDecay: 1e-4,
    milestones: [1],
    ...numbers.config,
    bits,
    seed,
  });
  const train = { loss: trainLoss, accuracy: trainAccuracy };
  const test = { loss: testLoss, accuracy: testAccuracy };
  return {
    id: runId(config),
    config,
    ...(reason === undefined ? { status: "complete" } : { status: "diverged", reason }),
    selectedEpoch: epochs,
    train,
    test,
    gap: numbers.gap ?? testLoss - trainLoss,
    norms: {
      weights,
      quantized: numbers.quantized ?? weights,
      distance: numbers.distance ?? 2,
      initial: numbers.initial ?? 6,
    },
    steps: numbers.steps ?? (bits === 32 ? [] : usualSteps(bits)),
    curve: Array.from({ length: epochs }, (_, i) => ({
      epoch: i + 1,
      lr: 0.1,
      stepLoss: trainLoss,
      train: { ...train, loss: trainLoss + (epochs - 1 - i) },
      test,
    })),
    dataSource: numbers.dataSource ?? "made up",
    weightsSha256: "0123456789abcdef".repeat(4),
    seconds: 1.5,
    environment: {
      qgen: "0.1.0",
      commit: null,
      node: "v22.0.0",
      v8: "12.4",
      platform: "linux x64",
      cpu: "a processor",
      memoryGB: 8,
      device: {
        requested: "auto",
        backend: "simd",
        renderer: null,
        software: false,
        limits: { maxTextureSize: null },
        threads: 1,
      },
    },
  };
}

/** Runs of every precision and seed; `numbers` says what a run of the so-many-th precision and seed has. */
export const grid = (
  bits: readonly Bits[],
  seeds: number,
  numbers: (precision: number, seed: number, bits: Bits) => Omit<Made, "bits" | "seed"> = () => ({}),
): RunResult[] =>
  bits.flatMap((b, i) =>
    Array.from({ length: seeds }, (_, seed) => made({ bits: b, seed, ...numbers(i, seed, b) })),
  );

export const paperBits = [32, 8, 4, 2] as const;
export const anyBits: fc.Arbitrary<Bits> = fc.constantFrom(32, 8, 7, 6, 5, 4, 3, 2);

/** In steps of 2⁻²⁰, so that sums of a few are exact. */
const real = (min: number, max: number) =>
  fc.double({ min, max, noNaN: true }).map((x) => Math.ceil(x * 2 ** 20) / 2 ** 20 + 0);
const numbers = {
  trainLoss: real(-2, 2),
  testLoss: real(-2, 2),
  trainAccuracy: real(0, 1),
  testAccuracy: real(0, 1),
  weights: real(0.5, 200),
  quantized: real(0.5, 200),
  distance: real(0, 200),
  scales: fc.tuple(real(1e-3, 1), real(1e-3, 1), real(1e-3, 1)),
};

/** Runs that all count, in any order; most precisions have not all of the seeds. */
export const experiment: fc.Arbitrary<RunResult[]> = fc
  .uniqueArray(fc.record({ bits: anyBits, seed: fc.nat(3), ...numbers }), {
    selector: ({ bits, seed }) => `${bits} ${seed}`,
    minLength: 1,
    maxLength: 14,
  })
  .map((runs) =>
    runs.map(({ scales: [first, middle, last], ...rest }) =>
      made({
        ...rest,
        steps:
          rest.bits === 32
            ? []
            : [
                layer("a.weight", rest.bits, first, { initialStep: last }),
                layer("b.weight", rest.bits, middle, { largestError: last / 2 }),
                layer("c.weight", 8, last, { clipped: first }),
              ],
      }),
    ),
  );
