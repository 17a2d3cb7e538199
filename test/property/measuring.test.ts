import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildImages, buildModel } from "../../src/experiments/build.ts";
import { Complaint } from "../../src/experiments/complaint.ts";
import { runSchema } from "../../src/experiments/config.ts";
import { syntheticDataset } from "../../src/experiments/data/synthetic.ts";
import {
  type MeasuredRun,
  type MeasuredValue,
  type MeasureRequest,
  measureRun,
} from "../../src/experiments/measuring/measure.ts";
import { type RadiusName, radiusNames } from "../../src/experiments/measuring/radii.ts";
import { type MeasureSettings, settingsSchema } from "../../src/experiments/measuring/settings.ts";
import { openDevice } from "../../src/experiments/node-device.ts";
import { Interrupted, run, runFolder } from "../../src/experiments/run.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/experiments/safetensors.ts";
import { loadWeights, openRun, plainNetwork } from "../../src/experiments/trained.ts";
import {
  type BoundOptions,
  pacBayesInit,
  pacBayesOrig,
  sharpnessInit,
  sharpnessOrig,
} from "../../src/measures/bounds.ts";
import {
  type MagnitudeOptions,
  pacBayesMagInit,
  pacBayesMagOrig,
  sharpnessMagInit,
  sharpnessMagOrig,
} from "../../src/measures/bounds-magnitude.ts";
import { registry } from "../../src/measures/registry/index.ts";
import { complete, type SearchResult } from "../../src/measures/search/bisect.ts";
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
import { foldBatchNorm } from "../../src/nn/fold.ts";
import type { Model, Weights } from "../../src/nn/model.ts";
import { createRng } from "../../src/tensor/random.ts";
import { verifies } from "../spec.ts";
import { expectClose } from "./calculus.ts";

const COUNT = 48;
const dataset = syntheticDataset({ train: COUNT, test: 16, seed: 0 });
const images = buildImages(dataset).train;
const device = await openDevice("simd");
const root = mkdtempSync(join(tmpdir(), "qgen-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const configOf = (bits: number) =>
  runSchema.parse({
    model: "nin:1x1",
    bits,
    data: { name: "synthetic", train: COUNT, test: 16 },
    epochs: 10,
    batchSize: 16,
    lr: 0.05,
    momentum: 0.9,
    weightDecay: 1e-4,
    milestones: [],
    seed: 3,
  });
const opened = (bits: number) => openRun(runFolder(root, configOf(bits)).folder);

type Changes = Partial<MeasureSettings>;
/** Little work, and nothing as it is by default where that would hide that it is passed on. */
const settingsOf = (changes: Changes = {}): MeasureSettings =>
  settingsSchema.parse({
    draws: 2,
    restarts: 2,
    ascentSteps: 1,
    ascentBatch: 16,
    curvatureImages: 0,
    seed: 5,
    ...changes,
  });
const measure = (bits: number, changes: Changes = {}, more: Partial<MeasureRequest> = {}) =>
  measureRun({ run: opened(bits), dataset, device, settings: settingsOf(changes), ...more });
const filesOf = (folder: string): string[] =>
  existsSync(join(folder, "measures")) ? readdirSync(join(folder, "measures")).sort() : [];
let copies = 0;
/** A copy of a run, without its measures unless they are asked for. */
function copyOf(bits: number, measured = false): string {
  const to = join(root, `copy-${copies++}`);
  cpSync(opened(bits).folder, to, { recursive: true });
  if (!measured) rmSync(join(to, "measures"), { recursive: true, force: true });
  return to;
}

const radiusOf = ({ radii }: MeasuredRun, name: RadiusName): SearchResult => {
  const found = radii[name];
  if ("reason" in found) throw new Error(found.reason);
  return found;
};
const radiiOf = (measured: MeasuredRun): number[] =>
  radiusNames.map((name) => radiusOf(measured, name).radius);
const valueOf = ({ measures }: MeasuredRun, id: string): MeasuredValue =>
  measures.find((found) => found.id === id)!;
/** What is the same wherever and whenever it was measured. */
const lasting = ({ seconds: _, environment: __, ...rest }: MeasuredRun) => rest;

interface Net {
  readonly model: Model;
  readonly weights: Weights;
}
const networks = new Map<string, Net>();

beforeAll(async () => {
  for (const bits of [32, 2]) {
    const config = configOf(bits);
    await run(config, { device, dataset, out: root, existing: "refuse" });
    const weights = loadWeights(opened(bits), dataset, device.kernels);
    const plain = await plainNetwork(opened(bits), dataset, weights);
    networks.set(`${bits} latent`, { model: buildModel(config, dataset), weights });
    networks.set(`${bits} dequantized`, plain);
    networks.set(`${bits} folded`, { ...plain, weights: foldBatchNorm(plain.model, plain.weights) });
  }
});

/** The four searches of a network, called as such. */
async function searched(
  { model, weights }: Net,
  pacBayes = pacBayesDefaults,
  sharpness = sharpnessDefaults,
  count = COUNT,
): Promise<SearchResult[]> {
  const few = { ...images, count };
  const rng = createRng("measures/5");
  const noise = { ...pacBayes, draws: 2 };
  const box = {
    ...sharpness,
    restarts: 2,
    ascent: { ...sharpness.ascent, steps: 1, batchSize: 16 },
  };
  return [
    await complete(pacBayesRadius(model, weights, few, rng.fork("sigma"), noise)),
    await complete(pacBayesRadius(model, weights, few, rng.fork("sigmaPrime"), magnitudeAware(noise))),
    await complete(sharpnessRadius(model, weights, few, rng.fork("alpha"), box)),
    await complete(sharpnessRadius(model, weights, few, rng.fork("alphaPrime"), magnitudeAwareBox(box))),
  ];
}

describe("the radii of a run", () => {
  verifies(
    "QGen.sec.B.2",
    "are those of the four searches, to the last bit and step by step: of a float network, latent and dequantized",
    async () => {
      const found: number[][] = [];
      for (const [bits, on] of [
        [32, "latent"],
        [2, "latent"],
        [2, "dequantized"],
      ] as const) {
        const measured = await measure(bits, { on });
        const expected = await searched(networks.get(`${bits} ${on}`)!);
        expect(radiusNames.map((name) => measured.radii[name])).toEqual(expected);
        found.push(radiiOf(measured));
      }
      const [float, latent, dequantized] = found;
      expect(latent).not.toEqual(dequantized);
      expect(latent).not.toEqual(float);
    },
  );

  test("and the measures of a float network are the same, whichever weights are asked for", async () => {
    const [latent, dequantized] = [await measure(32), await measure(32, { on: "dequantized" })];
    expect(dequantized.radii).toEqual(latent.radii);
    expect(dequantized.measures).toEqual(latent.measures);
  });

  test("after folding are those of the folded network, whose weights are others", async () => {
    const [plain, folded] = [
      await measure(2, { on: "dequantized" }),
      await measure(2, { on: "dequantized", fold: true }),
    ];
    const expected = await searched(networks.get("2 folded")!);
    expect(radiusNames.map((name) => folded.radii[name])).toEqual(expected);
    expect(radiiOf(folded)).not.toEqual(radiiOf(plain));
    expect(valueOf(folded, "l2").raw).not.toBeCloseTo(valueOf(plain, "l2").raw!, 2);
    // The margin is the network's, whatever its weights are called.
    expect(valueOf(folded, "params").raw).toBe(valueOf(plain, "params").raw);
  });

  test("pass on what is asked of the searches", async () => {
    const { criterion, ascent } = sharpnessDefaults;
    const changed: [Changes, typeof pacBayesDefaults, typeof sharpnessDefaults, number?][] = [
      [
        { target: 0.3, moved: "all", ball: "l2", step: "sign", images: 32 },
        { ...pacBayesDefaults, criterion: { ...criterion, target: 0.3 }, moved: "all" },
        {
          ...sharpnessDefaults,
          criterion: { ...criterion, displacement: "drop", target: 0.3 },
          ascent: { ...ascent, ball: "l2", step: "sign" },
          moved: "all",
        },
        32,
      ],
      [
        { displacement: "error", target: 0.8 },
        { ...pacBayesDefaults, criterion: { ...criterion, displacement: "error", target: 0.8 } },
        { ...sharpnessDefaults, criterion: { ...criterion, displacement: "error", target: 0.8 } },
      ],
    ];
    for (const [changes, pacBayes, sharpness, count] of changed) {
      const measured = await measure(32, changes);
      const expected = await searched(networks.get("32 latent")!, pacBayes, sharpness, count);
      expect(radiusNames.map((name) => measured.radii[name])).toEqual(expected);
      expect(measured.images).toBe(count ?? COUNT);
    }
  });

  verifies(
    "QGen.sec.B.2",
    "as the reference code has them: a variance, all parameters, the change up or down, the last midpoint",
    async () => {
      const measured = await measure(2, { referenceCompat: true });
      const { bracket } = sharpnessDefaults;
      const expected = await searched(networks.get("2 latent")!, pacBayesReference, {
        ...sharpnessDefaults,
        bracket: { ...bracket, answer: "last" },
        moved: "all",
      });
      expect(radiusNames.map((name) => measured.radii[name])).toEqual(expected);
      for (const name of radiusNames) {
        const { radius, trace } = radiusOf(measured, name);
        expect(radius).toBe(trace.at(-1)!.radius);
      }
      const ours = await measure(2);
      for (const name of ["sigma", "alpha"] as const)
        expect(radiusOf(measured, name).trace).not.toEqual(radiusOf(ours, name).trace);
    },
  );
});

/** The eight bounds of the network, from its files and its radii alone. */
function bounds(bits: number, { model, weights }: Net, radii: number[], options: Partial<MagnitudeOptions>) {
  const [sigma, sigmaPrime, alpha, alphaPrime] = radii as [number, number, number, number];
  const initial = buildModel(configOf(32), dataset).init(device.kernels, createRng(3).fork("init"));
  const all = (of: Weights): number[] => model.weights.flatMap((name) => [...of.params[name]!.data]);
  const [w, w0] = [all(weights), all(initial)];
  const [m, omega] = [COUNT, w.length];
  expect([bits === 32, omega]).toEqual([bits === 32, 25 * 27 + 25 * 25 * 2 + 250]);
  const normSq = w.reduce((total, x) => total + x * x, 0);
  const distanceSq = w.reduce((total, x, i) => total + (x - w0[i]!) ** 2, 0);
  const flat: Partial<BoundOptions> = options;
  return {
    pacbayes_init: pacBayesInit({ distanceSq, sigma, m }, flat),
    pacbayes_orig: pacBayesOrig({ normSq, sigma, m }, flat),
    pacbayes_mag_init: pacBayesMagInit({ w, w0, sigma: sigmaPrime, m }, options),
    pacbayes_mag_orig: pacBayesMagOrig({ w, w0, sigma: sigmaPrime, m }, options),
    sharpness_init: sharpnessInit({ distanceSq, omega, alpha, m }, flat),
    sharpness_orig: sharpnessOrig({ normSq, omega, alpha, m }, flat),
    sharpness_mag_init: sharpnessMagInit({ w, w0, alpha: alphaPrime, m }, options),
    sharpness_mag_orig: sharpnessMagOrig({ w, w0, alpha: alphaPrime, m }, options),
  };
}

describe("the measures of a run", () => {
  const choices: Partial<MagnitudeOptions>[] = [
    {},
    { constant: "delta", delta: 0.2 },
    { form: "derived" },
    { denominators: "weight" },
  ];
  for (const [item, statement] of [
    [
      "QGen.tab.3",
      "the eight bounds are the formulas at the norms and the radii of the network, reported as √(x/m)",
    ],
  ] as const)
    verifies(item, statement, async () => {
      for (const [bits, on] of [
        [32, "latent"],
        [2, "latent"],
        [2, "dequantized"],
      ] as const)
        for (const options of choices) {
          const measured = await measure(bits, { on, ...options });
          const expected = bounds(bits, networks.get(`${bits} ${on}`)!, radiiOf(measured), options);
          for (const [id, raw] of Object.entries(expected)) {
            expectClose(valueOf(measured, id).raw!, raw);
            expectClose(valueOf(measured, id).value!, Math.sqrt(raw / COUNT));
          }
        }
    });

  test("are all those of the registry in its order; without images for curvature, all but those of curvature", async () => {
    const ids = ({ measures }: MeasuredRun) => measures.map(({ id }) => id);
    const all = registry.map(({ id }) => id);
    expect(ids(await measure(2, { curvatureImages: 8 }))).toEqual(all);
    const left = [
      "hessian_top",
      "hessian_trace",
      "relative_flatness",
      "sam_l2",
      "sam_linf",
      "sam_l2_one_step",
    ];
    expect(ids(await measure(2))).toEqual(all.filter((id) => !left.includes(id)));
  });

  test("of curvature are of so many images and of the weights that the network computes with", async () => {
    const top = async (changes: Changes) => valueOf(await measure(2, changes), "hessian_top").raw;
    const eight = await top({ curvatureImages: 8 });
    expect(eight).toBeGreaterThan(0);
    expect(await top({ curvatureImages: 8, on: "dequantized" })).toBe(eight);
    expect(await top({ curvatureImages: 9 })).not.toBe(eight);
  });

  test("that are not finite are null, and a note says why", async () => {
    const measured = await measure(2);
    const margin = valueOf(measured, "inverse_margin");
    expect([margin.raw, margin.value]).toEqual([null, null]);
    expect(margin.note).toMatch(
      /^infinite, since the margin is not above 0: more than one training image in ten/,
    );
    for (const { id, value, note } of measured.measures) expect(value === null, id).toBe(note !== null);
    expect(valueOf(await measure(2, { referenceCompat: true }), "inverse_margin").note).toBeNull();
  });

  test("of a network that is too weak for a radius: those that need one say so, the others are there", async () => {
    const measured = await measure(32, { target: 0.99 });
    const reason = /the accuracy on the 48 training images is [\d.]+ %, so it cannot drop by 99.00 %/;
    for (const name of radiusNames)
      expect(measured.radii[name]).toEqual({ reason: expect.stringMatching(reason) });
    const usual = await measure(32);
    for (const { needs, id } of registry) {
      const [there, before] = [valueOf(measured, id), valueOf(usual, id)];
      if (needs.some((need) => radiusNames.includes(need as RadiusName)))
        expect(there).toEqual({ ...before, raw: null, value: null, note: expect.stringMatching(reason) });
      else expect(there).toEqual(before);
    }
  });
});

describe("what has been measured", () => {
  test("is read back and not measured again, and other settings do not find it", async () => {
    const first = await measure(2);
    const { folder } = opened(2);
    const before = filesOf(folder);
    const asked: string[] = [];
    expect(await measure(2, {}, { onStep: (name) => asked.push(name) })).toEqual(first);
    expect(JSON.parse(JSON.stringify(first))).toEqual(first);
    expect([asked, filesOf(folder)]).toEqual([[], before]);
  });

  test("has a file for every setting, and steps of its own for those that change a radius", async () => {
    const at = copyOf(32, true);
    const known = filesOf(at);
    const stop = { run: openRun(at), stop: () => true };
    const searching: Changes[] = [
      { images: 40 },
      { draws: 3 },
      { restarts: 3 },
      { target: 0.2 },
      { ball: "l2" },
      { step: "sign" },
      { ascentSteps: 2 },
      { ascentBatch: 8 },
      { moved: "all" },
      { fold: true },
      { seed: 6 },
      { referenceCompat: true },
    ];
    for (const changes of searching)
      await expect(measure(32, changes, stop), JSON.stringify(changes)).rejects.toThrow(Interrupted);
    const steps = filesOf(at).filter((name) => !known.includes(name));
    expect(steps).toHaveLength(searching.length);
    for (const name of steps) expect(name).toMatch(/^[0-9a-f]{12}\.steps\.jsonl$/);

    // All steps are known: there is nothing to stop.
    const formulas: Changes[] = [
      { constant: "delta", delta: 0.3 },
      { delta: 0.3 },
      { form: "derived", seed: 5 },
      { curvatureImages: 1 },
    ];
    for (const changes of formulas) await measure(32, changes, stop);
    expect(filesOf(at).filter((name) => name.endsWith(".steps.jsonl"))).toEqual(
      [...known.filter((name) => name.endsWith(".steps.jsonl")), ...steps].sort(),
    );
  });

  test("is of the weights of the run: with others, it is measured again", async () => {
    const at = copyOf(2, true);
    await measure(2, {}, { run: openRun(at) });
    const known = filesOf(at).length;
    const path = join(at, "weights.safetensors");
    const { tensors } = decodeSafetensors(readFileSync(path));
    (tensors["conv.weight"]!.data as Float32Array)[0]! += 1;
    writeFileSync(path, encodeSafetensors(tensors));
    await measure(2, {}, { run: openRun(at) });
    expect(filesOf(at)).toHaveLength(known + 2);
  });
});

describe("measuring that was stopped", () => {
  test("after any step, goes on there, makes no step twice, and ends with the same numbers", async () => {
    const whole = await measure(2);
    const total = radiusNames.reduce((sum, name) => sum + radiusOf(whole, name).trace.length, 0);
    const at = copyOf(2);
    const request = { run: openRun(at) };
    const steps: string[] = [];
    const onStep: MeasureRequest["onStep"] = (name, { radius }, done) =>
      steps.push(`${radiusNames.indexOf(name) === done} ${name} ${radius}`);
    let left = 0;
    const stop = (): boolean => --left === 0;
    for (const next of [1, 2, 7, 9]) {
      left = next;
      await expect(measure(2, {}, { ...request, onStep, stop })).rejects.toThrow(
        /^stopped; every step of the searches is saved in .*copy-\d+\/measures\/[0-9a-f]{12}\.steps\.jsonl\. To go on, give the same command again\.$/,
      );
      expect(filesOf(at).filter((name) => name.endsWith(".json"))).toEqual([]);
    }
    expect(steps).toHaveLength(19);
    const resumed = await measure(2, {}, { ...request, onStep });
    expect(lasting(resumed)).toEqual(lasting(whole));
    expect(steps).toHaveLength(total);
    expect(steps).toEqual(
      radiusNames.flatMap((name) =>
        radiusOf(whole, name).trace.map(({ radius }) => `true ${name} ${radius}`),
      ),
    );
    const journal = (folder: string): string[] =>
      filesOf(folder)
        .filter((name) => name.endsWith(".jsonl"))
        .map((name) => readFileSync(join(folder, "measures", name), "utf8"));
    expect(journal(opened(2).folder)).toContain(journal(at)[0]);
  });

  test("with steps of another program in its file is a sentence, not a radius", async () => {
    const at = copyOf(2);
    const request = { run: openRun(at) };
    let asked = 0;
    await measure(2, {}, { ...request, stop: () => ++asked === 2 }).catch(() => {});
    const [path] = filesOf(at).map((name) => join(at, "measures", name));
    const text = readFileSync(path!, "utf8");
    writeFileSync(path!, text.replace('"radius":1,', '"radius":0.75,'));
    await expect(measure(2, {}, request)).rejects.toThrow(
      new Complaint(
        `${path} holds other steps than this version makes: bisect: step 1 of the search to resume has the radius 0.75, but this search tries 1 there. Move it away.`,
      ),
    );
  });
});

describe("what cannot be measured is a complaint", () => {
  test("latent weights with batch norm folded, and more images than the run had", async () => {
    await expect(measure(2, { fold: true })).rejects.toThrow(
      new Complaint(
        `--fold: the latent weights of ${opened(2).folder} cannot be folded, since a layer has one step for all its channels. Add --on dequantized.`,
        2,
      ),
    );
    await expect(measure(2, { images: 49 })).rejects.toThrow(
      /--images 49: the run in .* trained with 48 images/,
    );
  });

  test("a weight that is not a number", async () => {
    const at = copyOf(2);
    const path = join(at, "weights.safetensors");
    const { tensors } = decodeSafetensors(readFileSync(path));
    (tensors["conv.weight"]!.data as Float32Array)[3] = Number.NaN;
    writeFileSync(path, encodeSafetensors(tensors));
    const measured = measure(2, {}, { run: openRun(at) });
    await expect(measured).rejects.toThrow(Complaint);
    await expect(measured).rejects.toThrow(/not a finite number: "conv.weight" has NaN at 3 of 250/);
    expect(filesOf(at)).toEqual([]);
  });
});
