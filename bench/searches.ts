/**
 * How much less work the radius searches of the library do than the plain ones, on a network that has been trained:
 *
 *   node --import tsx bench/searches.ts RUN_FOLDER [the name of one search]
 *
 * Needs the data of the run. Times are those of the processor, so that other work on the machine counts little. Fails
 * where radii or verdicts differ.
 *
 * @packageDocumentation
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildImages, buildModel } from "../src/experiments/build.ts";
import { runSchema } from "../src/experiments/config.ts";
import { inMemory, loadDataset } from "../src/experiments/data/catalog.ts";
import { openSimd } from "../src/experiments/node-device.ts";
import { decodeSafetensors } from "../src/experiments/safetensors.ts";
import { complete, type SearchResult } from "../src/measures/search/bisect.ts";
import { magnitudeAware, pacBayesDefaults, pacBayesRadius } from "../src/measures/search/pac-bayes.ts";
import { magnitudeAwareBox, sharpnessDefaults, sharpnessRadius } from "../src/measures/search/sharpness.ts";
import { evaluate } from "../src/nn/evaluate.ts";
import type { Weights } from "../src/nn/model.ts";
import { mapTree, member } from "../src/nn/tree.ts";
import { createRng } from "../src/tensor/random.ts";
import { type Plain, plainPacBayes, plainSharpness } from "../test/plain-searches.ts";

const [folder, ...words] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: node --import tsx bench/searches.ts RUN_FOLDER [search]");
const config = runSchema.parse(JSON.parse(readFileSync(join(folder, "config.json"), "utf8")));
const kernels = openSimd();
const dataset = await loadDataset(inMemory(config.data.name), config.data);
const images = buildImages(dataset).train;
const model = buildModel(config, dataset);

function selectedWeights(): Weights {
  const { tensors } = decodeSafetensors(readFileSync(join(folder!, "weights.safetensors")));
  const { params, buffers } = model.init(kernels, createRng(0));
  const read = (_: unknown, name: string) => {
    const { data, shape } = member(tensors, name);
    return kernels.tensor(data as Float32Array, shape);
  };
  return { params: mapTree(params, read), buffers: mapTree(buffers, read) };
}

/** The result, and the seconds of the processor that it took. */
async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const began = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(began);
  return [result, (user + system) / 1e6];
}

const weights = selectedWeights();
const rng = createRng("search");
const aware = { pac: magnitudeAware(pacBayesDefaults), sharp: magnitudeAwareBox(sharpnessDefaults) };
const args = [model, weights, images, rng] as const;
const searches: readonly [string, () => Promise<SearchResult>, () => Promise<Plain>][] = [
  ["PAC-Bayes", () => complete(pacBayesRadius(...args)), () => plainPacBayes(...args, pacBayesDefaults.law)],
  [
    "PAC-Bayes, magnitude-aware",
    () => complete(pacBayesRadius(...args, aware.pac)),
    () => plainPacBayes(...args, aware.pac.law),
  ],
  [
    "sharpness",
    () => complete(sharpnessRadius(...args)),
    () => plainSharpness(...args, sharpnessDefaults.ascent),
  ],
  [
    "sharpness, magnitude-aware",
    () => complete(sharpnessRadius(...args, aware.sharp)),
    () => plainSharpness(...args, aware.sharp.ascent),
  ],
];

const { accuracy } = await evaluate(model, weights, images, 128);
console.log(`${model.name}, ${images.count} images, training accuracy ${accuracy.toFixed(4)}`);
let [ours, theirs] = [0, 0];
for (const [name, fast, plain] of searches.filter(
  ([name]) => words.length === 0 || name === words.join(" "),
)) {
  const [a, seconds] = await timed(fast);
  const steps = a.trace.map(
    ({ verdict, decidedAfter, of }) => `${verdict} ${((100 * decidedAfter) / of).toFixed(0)} %`,
  );
  console.log(`${name}: radius ${a.radius}, ${seconds.toFixed(1)} s; ${steps.join(", ")}`);
  const [b, plainSeconds] = await timed(plain);
  const same =
    a.radius === b.radius &&
    a.trace.length === b.steps.length &&
    a.trace.every(({ verdict }, i) => verdict === b.steps[i]!.verdict);
  if (!same) throw new Error(`${name}: the plain search has radius ${b.radius}, the fast one ${a.radius}`);
  console.log(
    `  the plain search agrees; it took ${plainSeconds.toFixed(1)} s, ${(plainSeconds / seconds).toFixed(2)} times as long`,
  );
  ours += seconds;
  theirs += plainSeconds;
}
console.log(
  `together ${ours.toFixed(1)} s against ${theirs.toFixed(1)} s, a factor of ${(theirs / ours).toFixed(2)}`,
);
