import { beforeAll, describe, expect, test } from "vitest";
import { arrange, hitsOf } from "../../src/measures/search/accuracy.ts";
import { complete, type Step } from "../../src/measures/search/bisect.ts";
import {
  magnitudeAware,
  pacBayesDefaults,
  pacBayesRadius,
  pacBayesReference,
} from "../../src/measures/search/pac-bayes.ts";
import {
  magnitudeAwareBox,
  sharpnessDefaults,
  sharpnessRadius,
} from "../../src/measures/search/sharpness.ts";
import { evaluate } from "../../src/nn/evaluate.ts";
import type { Images } from "../../src/nn/images.ts";
import type { Model, Weights } from "../../src/nn/model.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { sgd } from "../../src/nn/optimizers.ts";
import { startOf, train } from "../../src/nn/train.ts";
import { mapTree } from "../../src/nn/tree.ts";
import { dequantized, prepare } from "../../src/quant/prepare.ts";
import { createRng } from "../../src/tensor/random.ts";
import { simd } from "../kernels.ts";
import { plainPacBayes, plainSharpness } from "../plain-searches.ts";
import { verifies } from "../spec.ts";

const SIZE = 3 * 8 * 8;

/** Noise with an offset that depends on the class: learned in a few epochs, most of it. */
function noise(count: number): Images {
  const rng = createRng("images");
  const labels = Int32Array.from({ length: count }, () => rng.below(4));
  const pixels = Float32Array.from(
    { length: count * SIZE },
    (_, i) => rng.normal() + 0.12 * (labels[Math.floor(i / SIZE)]! - 1.5),
  );
  return {
    count,
    shape: [3, 8, 8],
    batch: (indices) => ({
      images: Float32Array.from(
        { length: indices.length * SIZE },
        (_, i) => pixels[indices[Math.floor(i / SIZE)]! * SIZE + (i % SIZE)]!,
      ),
      labels: Int32Array.from(indices, (i) => labels[i]!),
    }),
  };
}
const COUNT = 200;
const images = noise(COUNT);
const float = nin({ depth: 1, width: 1, classes: 4 });
const quantized = prepare(float, { bits: 2 });
const draws = 3;

async function trained(model: Model): Promise<Weights> {
  const optimizer = sgd({ momentum: 0.9 });
  const start = startOf(model.init(simd, createRng(0)), optimizer);
  const recipe = { epochs: 6, batchSize: 50, optimizer, lr: () => 0.05 };
  const copy = (tree: Weights["params"]) =>
    mapTree(tree, (x) => simd.tensor(x.data.slice() as Float32Array, x.shape));
  let found = start.weights;
  for await (const event of train(model, { train: images, test: images }, recipe, start, createRng(0)))
    if (event.type === "epoch") {
      const { params, buffers } = event.state.best!.weights;
      found = { params: copy(params), buffers: copy(buffers) };
    }
  return found;
}

let networks: readonly { readonly model: Model; readonly weights: Weights }[];
beforeAll(async () => {
  networks = [
    { model: float, weights: await trained(float) },
    { model: quantized, weights: await trained(quantized) },
  ];
});

describe("images in the order of a search", () => {
  test("are all there, once each, and a network has as many hits on them as in their own order", async () => {
    for (const { model, weights } of networks)
      for (const size of [7, 64, COUNT, 1000]) {
        const { sizes, base, block } = await arrange(model, weights, images, size);
        expect(sizes.every((n) => n <= size)).toBe(true);
        let [hits, labels] = [0, 0];
        for (const [b, n] of sizes.entries()) {
          const batch = block(b);
          expect(batch.labels).toHaveLength(n);
          labels += batch.labels.reduce((a, y) => a + y + 1, 0);
          hits += await hitsOf(model, weights.buffers, () => weights.params, batch, images.shape, "drop");
        }
        const { labels: all } = images.batch(Array.from({ length: COUNT }, (_, i) => i));
        expect(labels).toBe(all.reduce((a, y) => a + y + 1, 0));
        expect(hits).toBe(base("drop").hits);
        const { loss } = await evaluate(model, weights, images, 128);
        expect(Math.abs(-base("loss").hits / COUNT - loss)).toBeLessThan(1e-5);
        expect(hits / COUNT).toBe((await evaluate(model, weights, images, 128)).accuracy);
      }
  });

  test("go from misses to hits after a fair sample", async () => {
    const { model, weights } = networks[0]!;
    const { sizes, base, block } = await arrange(model, weights, images, 25);
    const shares: number[] = [];
    for (const [b, n] of sizes.entries())
      shares.push(
        (await hitsOf(model, weights.buffers, () => weights.params, block(b), images.shape, "drop")) / n,
      );
    const [sample, ...rest] = shares;
    expect(rest).toEqual([...rest].sort((a, b) => a - b));
    expect([rest[0], rest.at(-1)]).toEqual([0, 1]);
    expect(Math.abs(sample! - base("drop").hits / base("drop").count)).toBeLessThan(0.05);
  });
});

const agree = (
  fast: { readonly radius: number; readonly trace: readonly Step[] },
  plain: Awaited<ReturnType<typeof plainPacBayes>>,
) => {
  expect(fast.radius).toBe(plain.radius);
  expect(fast.trace.map(({ radius, verdict }) => ({ radius, verdict }))).toEqual(
    plain.steps.map(({ radius, verdict }) => ({ radius, verdict })),
  );
  fast.trace.forEach(({ displacement }, i) => {
    expect(displacement.low).toBeLessThanOrEqual(plain.steps[i]!.displacement);
    expect(displacement.high).toBeGreaterThanOrEqual(plain.steps[i]!.displacement);
  });
};
const looked = (trace: readonly Step[]) =>
  trace.reduce((a, s) => a + s.decidedAfter, 0) / trace.reduce((a, s) => a + s.of, 0);

describe("the searches", () => {
  verifies(
    "QGen.sec.B.2",
    "PAC-Bayes, plain and magnitude-aware, float and quantized: the radius of the plain search to the last bit",
    async () => {
      const traces: Step[] = [];
      for (const { model, weights } of networks)
        for (const options of [pacBayesDefaults, magnitudeAware(pacBayesDefaults)]) {
          const search = (o = {}) =>
            complete(pacBayesRadius(model, weights, images, createRng("s"), { ...options, draws, ...o }));
          const fast = await search();
          const plain = plainPacBayes(model, weights, images, createRng("s"), options.law, draws);
          agree(fast, await plain);
          traces.push(...fast.trace);
          // Images in another arrangement change no verdict either.
          const arranged = await arrange(model, weights, images, 50);
          agree(await search({ arranged }), await plain);
          const whole = await search({ thoroughness: "all" });
          expect(whole.radius).toBe(fast.radius);
          expect(looked(whole.trace)).toBe(1);
          expect(whole.displacement.low).toBe(whole.displacement.high);
        }
      expect(looked(traces)).toBeLessThan(0.9);
    },
  );

  verifies(
    "QGen.sec.B.2",
    "with the rise of the loss for the drop of accuracy, the radius is that of the plain search too",
    async () => {
      const criterion = { displacement: "loss", target: 0.1, tolerance: 0.01 } as const;
      for (const { model, weights } of networks) {
        const fast = await complete(
          pacBayesRadius(model, weights, images, createRng("s"), { criterion, draws }),
        );
        const { law } = pacBayesDefaults;
        const plain = await plainPacBayes(model, weights, images, createRng("s"), law, draws, "loss");
        expect(fast.radius).toBe(plain.radius);
        expect(fast.trace.map(({ verdict }) => verdict)).toEqual(plain.steps.map(({ verdict }) => verdict));
        const worst = await complete(
          sharpnessRadius(model, weights, images, createRng("s"), {
            criterion,
            restarts: 2,
            ascent: { ...sharpnessDefaults.ascent, steps: 1, batchSize: 16 },
          }),
        );
        expect(worst.displacement.low).toBeGreaterThanOrEqual(0);
        expect(worst.displacement.high).toBeLessThan(0.11);
      }
    },
  );

  verifies(
    "QGen.sec.B.2",
    "sharpness, box and L2 ball, plain and magnitude-aware: the radius of the plain search to the last bit",
    async () => {
      const quick = { ...sharpnessDefaults.ascent, steps: 2, batchSize: 16 };
      const base = { ...sharpnessDefaults, restarts: 2, ascent: quick };
      const balls = [{ ball: "l2" }, { step: "sign" }] as const;
      const variants = [base, magnitudeAwareBox(base)];
      const others = balls.map((change) => ({ ...base, ascent: { ...quick, ...change } }));
      const traces: Step[] = [];
      for (const { model, weights } of networks)
        for (const options of model === float ? [...variants, ...others] : variants) {
          const fast = await complete(sharpnessRadius(model, weights, images, createRng("s"), options));
          agree(fast, await plainSharpness(model, weights, images, createRng("s"), options.ascent, 2));
          traces.push(...fast.trace);
        }
      expect(looked(traces)).toBeLessThan(0.7);
    },
  );

  test("ascent by signs finds a smaller radius than the noise that it starts from", async () => {
    const { model, weights } = networks[0]!;
    const radius = async (ascent: Partial<typeof sharpnessDefaults.ascent>) =>
      (
        await complete(
          sharpnessRadius(model, weights, images, createRng("s"), {
            restarts: 2,
            ascent: { ...sharpnessDefaults.ascent, batchSize: 16, ...ascent },
          }),
        )
      ).radius;
    const start = await radius({ steps: 0 });
    expect(await radius({ step: "sign" })).toBeLessThan(0.7 * start);
    // The paper's own ascent hardly moves.
    expect((await radius({})) / start).toBeGreaterThan(0.8);
  });

  test("noise on the dequantized weights is another search: hand in the float network", async () => {
    const { weights } = networks[1]!;
    const found = await complete(
      pacBayesRadius(
        float,
        { ...weights, params: dequantized(quantized, weights.params) },
        images,
        createRng("s"),
        { draws },
      ),
    );
    const latent = await complete(pacBayesRadius(quantized, weights, images, createRng("s"), { draws }));
    expect(found.radius).toBeGreaterThan(latent.radius);
  });

  test("as the reference code has it, σ is about the root of ours, and the last midpoint is the answer", async () => {
    const { model, weights } = networks[0]!;
    const search = (options: Partial<typeof pacBayesDefaults>) =>
      complete(pacBayesRadius(model, weights, images, createRng("s"), { draws, ...options }));
    const ours = await search({});
    const theirs = await search(pacBayesReference);
    expect(theirs.trace.at(-1)!.radius).toBe(theirs.radius);
    expect(theirs.radius / Math.sqrt(ours.radius)).toBeGreaterThan(0.7);
    expect(theirs.radius / Math.sqrt(ours.radius)).toBeLessThan(1.3);
    const steps = await complete(
      pacBayesRadius(quantized, networks[1]!.weights, images, createRng("s"), {
        ...pacBayesReference,
        draws,
      }),
    );
    expect(steps.radius).toBeGreaterThan(0);
  });

  test("go on after an interruption to the same result", async () => {
    const { model, weights } = networks[1]!;
    const search = (resume: readonly Step[] = []) =>
      sharpnessRadius(model, weights, images, createRng("s"), {
        restarts: 2,
        resume,
        ascent: { ...sharpnessDefaults.ascent, steps: 2, batchSize: 16 },
      });
    const whole = await complete(search());
    const saved: Step[] = [];
    for await (const step of search()) {
      saved.push(step);
      if (saved.length === 3) break;
    }
    expect(await complete(search(JSON.parse(JSON.stringify(saved)) as Step[]))).toEqual(whole);
  });

  test("refuse a network that has learned nothing, and weights that are no numbers, in a sentence", async () => {
    const { model, weights } = networks[0]!;
    const hard = { criterion: { displacement: "drop", target: 0.995, tolerance: 0.01 } } as const;
    await expect(complete(pacBayesRadius(model, weights, images, createRng(0), hard))).rejects.toThrow(
      /PAC-Bayes radius: the accuracy on the 200 training images is [\d.]+ %, so it cannot drop by 99.50 %/,
    );
    const params = mapTree(weights.params, (x) => simd.fill(NaN, x.shape, "float32"));
    await expect(
      complete(sharpnessRadius(model, { ...weights, params }, images, createRng(0))),
    ).rejects.toThrow(/sharpness radius: number 0 of the parameter "[\w.]+" is NaN/);
  });
});
