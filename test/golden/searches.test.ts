import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { complete } from "../../src/measures/search/bisect.ts";
import { magnitudeAware, pacBayesDefaults, pacBayesRadius } from "../../src/measures/search/pac-bayes.ts";
import {
  magnitudeAwareBox,
  sharpnessDefaults,
  sharpnessRadius,
} from "../../src/measures/search/sharpness.ts";
import { evaluate } from "../../src/nn/evaluate.ts";
import type { Images } from "../../src/nn/images.ts";
import type { Weights } from "../../src/nn/model.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { mapTree } from "../../src/nn/tree.ts";
import { prepare } from "../../src/quant/prepare.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { createRng, type Rng } from "../../src/tensor/random.ts";
import { verifies } from "../spec.ts";
import { tensorsIn } from "./read.ts";

interface Case {
  readonly network: "float" | "lsq2";
  readonly search: "pac-bayes" | "sharpness";
  readonly kind: "plain" | "magnitude";
  readonly ball: "linf" | "l2";
  readonly step: "sgd" | "sign";
  /** Of the network itself. */
  readonly hits: number;
  readonly steps: readonly [radius: number, displacement: number, verdict: string][];
}
const cases = JSON.parse(readFileSync(new URL("searches.json", import.meta.url), "utf8")) as Case[];

/** The streams of `oracle/searches.py`: a linear congruential generator, begun at the FNV-1a hash of a name. */
function lcg(name: string): Rng {
  let state = 2166136261;
  for (const byte of new TextEncoder().encode(name)) state = Math.imul(state ^ byte, 16777619) >>> 0;
  const uniform = (): number => {
    state = (1664525 * state + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
  const ours = createRng(0);
  return {
    fork: (child) => lcg(`${name}/${child}`),
    uniform,
    normal: () => Array.from({ length: 12 }, uniform).reduce((a, u) => a + u, 0) - 6,
    below: ours.below,
    key: () => [uniform() * 2 ** 32, uniform() * 2 ** 32],
    permutation(n) {
      const order = Int32Array.from({ length: n }, (_, i) => i);
      for (let i = n - 1; i > 0; i--) {
        const j = Math.floor(uniform() * (i + 1));
        [order[i], order[j]] = [order[j]!, order[i]!];
      }
      return order;
    },
  };
}

const [COUNT, SIZE] = [48, 3 * 4 * 4];

function images(): Images {
  const stream = lcg("images");
  const pixels = Float32Array.from(
    { length: COUNT * SIZE },
    (_, i) => 4 * stream.uniform() - 2 + 0.3 * ((Math.floor(i / SIZE) % 4) - 1.5),
  );
  return {
    count: COUNT,
    shape: [3, 4, 4],
    batch: (indices) => ({
      images: Float32Array.from(
        { length: indices.length * SIZE },
        (_, i) => pixels[indices[Math.floor(i / SIZE)]! * SIZE + (i % SIZE)]!,
      ),
      labels: Int32Array.from(indices, (i) => i % 4),
    }),
  };
}

const float = nin({ depth: 1, width: 1, classes: 4 });
const models = { float, lsq2: prepare(float, { bits: 2 }) };
const stored = tensorsIn("searches.safetensors");

/** The trained network in float64, in which no sum is close enough to another to depend on its order. */
function weightsOf(network: Case["network"]): Weights {
  const { params, buffers } = models[network].init(reference, createRng(0), "float64");
  const read = (_: unknown, name: string) => {
    const { values, shape } = stored(`${network}/${name}`);
    return reference.tensor(values, shape);
  };
  return { params: mapTree(params, read), buffers: mapTree(buffers, read) };
}

/** The settings at the head of `oracle/searches.py`. */
const ascent = { ...sharpnessDefaults.ascent, steps: 3, batchSize: 20, lr: 0.05 };

function search({ network, search, kind, ball, step }: Case) {
  // All images: then a displacement is a number, not bounds.
  const thoroughness = "all" as const;
  const args = [models[network], weightsOf(network), images(), lcg("search")] as const;
  if (search === "pac-bayes") {
    const options = { ...pacBayesDefaults, draws: 2, thoroughness };
    return complete(pacBayesRadius(...args, kind === "plain" ? options : magnitudeAware(options)));
  }
  const options = { ...sharpnessDefaults, restarts: 2, thoroughness, ascent: { ...ascent, ball, step } };
  return complete(sharpnessRadius(...args, kind === "plain" ? options : magnitudeAwareBox(options)));
}

describe("the searches of PyTorch on the same network with the same noise", () => {
  test.each(Object.keys(models) as Case["network"][])("begin with the same hits, %s", async (network) => {
    const { accuracy } = await evaluate(models[network], weightsOf(network), images(), 20);
    for (const c of cases.filter((c) => c.network === network)) expect(accuracy * COUNT).toBe(c.hits);
  });

  for (const c of cases) {
    const { network, search: which, kind, ball, step } = c;
    const name = [network, which, kind, ball, step].filter((part) => part !== undefined).join(", ");
    verifies(
      "QGen.sec.B.2",
      `have the radii, displacements and verdicts of ours, step by step: ${name}`,
      async () => {
        const { trace } = await search(c);
        expect(trace.map(({ radius, displacement, verdict }) => [radius, displacement.low, verdict])).toEqual(
          c.steps,
        );
      },
    );
  }
});
