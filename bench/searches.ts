/**
 * How much sooner the radius searches of the library end than the plain ones, on a network that has been trained:
 *
 *   node --import tsx bench/searches.ts [epochs] [bits] [images]
 *
 * Needs CIFAR-10 (QGEN_DATA). Prints a line for each search, and fails where radii or verdicts differ.
 *
 * @packageDocumentation
 */

import { buildImages } from "../src/experiments/build.ts";
import { loadDataset } from "../src/experiments/data/catalog.ts";
import { openSimd } from "../src/experiments/node-device.ts";
import { complete, type SearchResult } from "../src/measures/search/bisect.ts";
import { magnitudeAware, pacBayesDefaults, pacBayesRadius } from "../src/measures/search/pac-bayes.ts";
import { magnitudeAwareBox, sharpnessDefaults, sharpnessRadius } from "../src/measures/search/sharpness.ts";
import type { Weights } from "../src/nn/model.ts";
import { nin } from "../src/nn/models/nin.ts";
import { multiStep, sgd } from "../src/nn/optimizers.ts";
import { startOf, train } from "../src/nn/train.ts";
import { mapTree } from "../src/nn/tree.ts";
import { prepare } from "../src/quant/prepare.ts";
import { createRng } from "../src/tensor/random.ts";
import { type Plain, plainPacBayes, plainSharpness } from "../test/plain-searches.ts";

const [epochs, bits, count] = [6, 32, 5000].map((value, i) => Number(process.argv[2 + i] ?? value)) as [
  number,
  number,
  number,
];

const kernels = openSimd();
const dataset = await loadDataset("cifar10", { train: count, test: 128 });
const images = buildImages(dataset);
const float = nin({ depth: 2, width: 2, classes: 10 });
const model = bits === 32 ? float : prepare(float, { bits });

/** The selected weights, in tensors that outlive the training. */
async function trained(): Promise<Weights> {
  const optimizer = sgd({ momentum: 0.9, weightDecay: 1e-4 });
  const rng = createRng(0);
  const start = startOf(model.init(kernels, rng.fork("init")), optimizer);
  const lr = multiStep(0.1, [Math.floor(epochs / 3), Math.floor((2 * epochs) / 3)]);
  let found = start.weights;
  for await (const event of train(model, images, { epochs, batchSize: 128, optimizer, lr }, start, rng)) {
    if (event.type !== "epoch") continue;
    console.log(`epoch ${event.epoch}: training accuracy ${event.train.accuracy.toFixed(4)}`);
    const copy = (tree: Weights["params"]) =>
      mapTree(tree, (x) => kernels.tensor(x.data.slice() as Float32Array, x.shape));
    const { params, buffers } = event.state.best!.weights;
    found = { params: copy(params), buffers: copy(buffers) };
  }
  return found;
}

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const began = performance.now();
  const result = await work();
  return [result, (performance.now() - began) / 1000];
}

const weights = await trained();
const rng = createRng("search");
const { law } = pacBayesDefaults;
const { ascent } = sharpnessDefaults;
const aware = { pac: magnitudeAware(pacBayesDefaults), sharp: magnitudeAwareBox(sharpnessDefaults) };
const args = [model, weights, images.train, rng] as const;
const searches: readonly [string, () => Promise<SearchResult>, () => Promise<Plain>][] = [
  ["PAC-Bayes", () => complete(pacBayesRadius(...args)), () => plainPacBayes(...args, law)],
  [
    "PAC-Bayes, magnitude-aware",
    () => complete(pacBayesRadius(...args, aware.pac)),
    () => plainPacBayes(...args, aware.pac.law),
  ],
  ["sharpness", () => complete(sharpnessRadius(...args)), () => plainSharpness(...args, ascent)],
  [
    "sharpness, magnitude-aware",
    () => complete(sharpnessRadius(...args, aware.sharp)),
    () => plainSharpness(...args, aware.sharp.ascent),
  ],
];

let [ours, theirs] = [0, 0];
for (const [name, fast, plain] of searches) {
  const [a, seconds] = await timed(fast);
  const share = a.trace.map(
    ({ verdict, decidedAfter, of }) => `${verdict} ${((100 * decidedAfter) / of).toFixed(0)}%`,
  );
  console.log(`${name}: radius ${a.radius}, ${seconds.toFixed(1)} s; ${share.join(", ")}`);
  if (process.env.FAST_ONLY) continue;
  const [b, plainSeconds] = await timed(plain);
  const same =
    a.radius === b.radius &&
    a.trace.length === b.steps.length &&
    a.trace.every(({ verdict }, i) => verdict === b.steps[i]!.verdict);
  if (!same) throw new Error(`${name}: the plain search has radius ${b.radius}, the fast one ${a.radius}`);
  console.log(`  plain ${plainSeconds.toFixed(1)} s, factor ${(plainSeconds / seconds).toFixed(2)}`);
  ours += seconds;
  theirs += plainSeconds;
}
console.log(
  `together: ${theirs.toFixed(1)} s against ${ours.toFixed(1)} s, factor ${(theirs / ours).toFixed(2)}`,
);
