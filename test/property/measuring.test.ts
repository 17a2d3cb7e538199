import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { buildModel } from "../../src/experiments/build.ts";
import { Complaint } from "../../src/experiments/complaint.ts";
import type { MeasuredRun } from "../../src/experiments/measuring/measure.ts";
import { type RadiusName, radiusNames } from "../../src/experiments/measuring/radii.ts";
import { Interrupted, run, runFolder } from "../../src/experiments/run.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/experiments/safetensors.ts";
import { openRun } from "../../src/experiments/trained.ts";
import { pacBayesInit, pacBayesOrig, sharpnessInit, sharpnessOrig } from "../../src/measures/bounds.ts";
import {
  type MagnitudeOptions,
  pacBayesMagInit,
  pacBayesMagOrig,
  sharpnessMagInit,
  sharpnessMagOrig,
} from "../../src/measures/bounds-magnitude.ts";
import { registry } from "../../src/measures/registry/index.ts";
import type { Weights } from "../../src/nn/model.ts";
import { createRng } from "../../src/tensor/random.ts";
import { verifies } from "../spec.ts";
import { expectClose } from "./calculus.ts";
import {
  type Changes,
  COUNT,
  configOf,
  copyOf,
  dataset,
  device,
  filesOf,
  measure,
  measureOf,
  network,
  opened,
  radiiOf,
  SEED,
  withRuns,
} from "./measured-runs.ts";

withRuns();

/** The eight bounds of the network, from its files and its radii alone. */
function bounds(
  { model, weights }: ReturnType<typeof network>,
  radii: number[],
  options: Partial<MagnitudeOptions>,
) {
  const [sigma, sigmaPrime, alpha, alphaPrime] = radii as [number, number, number, number];
  const initial = buildModel(configOf(32), dataset).init(device.kernels, createRng(SEED).fork("init"));
  const all = (of: Weights): number[] => model.weights.flatMap((name) => [...of.params[name]!.data]);
  const [w, w0] = [all(weights), all(initial)];
  const [m, omega] = [COUNT, w.length];
  expect(omega).toBe(25 * 27 + 25 * 25 * 2 + 250);
  const normSq = w.reduce((total, x) => total + x * x, 0);
  const distanceSq = w.reduce((total, x, i) => total + (x - w0[i]!) ** 2, 0);
  return {
    pacbayes_init: pacBayesInit({ distanceSq, sigma, m }, options),
    pacbayes_orig: pacBayesOrig({ normSq, sigma, m }, options),
    pacbayes_mag_init: pacBayesMagInit({ w, w0, sigma: sigmaPrime, m }, options),
    pacbayes_mag_orig: pacBayesMagOrig({ w, w0, sigma: sigmaPrime, m }, options),
    sharpness_init: sharpnessInit({ distanceSq, omega, alpha, m }, options),
    sharpness_orig: sharpnessOrig({ normSq, omega, alpha, m }, options),
    sharpness_mag_init: sharpnessMagInit({ w, w0, alpha: alphaPrime, m }, options),
    sharpness_mag_orig: sharpnessMagOrig({ w, w0, alpha: alphaPrime, m }, options),
  };
}

describe("the measures of a run", () => {
  verifies(
    "QGen.tab.3",
    "the eight bounds are the formulas at the norms and the radii of the network, reported as √(x/m)",
    async () => {
      const others = { constant: "delta", delta: 0.2, form: "derived", denominators: "weight" } as const;
      for (const [bits, on, options] of [
        [32, "latent", {}],
        [2, "latent", others],
        [2, "dequantized", {}],
      ] as const) {
        const measured = await measure(bits, { on, ...options });
        const expected = bounds(network(bits, on), radiiOf(measured), options);
        for (const [id, raw] of Object.entries(expected)) {
          expectClose(measureOf(measured, id).raw!, raw);
          expectClose(measureOf(measured, id).value!, Math.sqrt(raw / COUNT));
        }
      }
    },
  );

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
    const top = async (changes: Changes) => measureOf(await measure(2, changes), "hessian_top").raw;
    const eight = await top({ curvatureImages: 8 });
    expect(eight).toBeGreaterThan(0);
    expect(await top({ curvatureImages: 8, on: "dequantized" })).toBe(eight);
    expect(await top({ curvatureImages: 9 })).not.toBe(eight);
  });

  test("that are not finite are null, and a note says why", async () => {
    const measured = await measure(2);
    const margin = measureOf(measured, "inverse_margin");
    expect([margin.raw, margin.value]).toEqual([null, null]);
    expect(margin.note).toMatch(
      /^infinite, since the margin is not above 0: more than one training image in ten/,
    );
    for (const { id, value, note } of measured.measures) expect(value === null, id).toBe(note !== null);
    expect(measureOf(await measure(2, { referenceCompat: true }), "inverse_margin").note).toBeNull();
  });

  test("of a network that is too weak for a radius: those that need one say so, the others are there", async () => {
    const measured = await measure(32, { target: 0.99 });
    const reason = /the accuracy on the 32 training images is [\d.]+ %, so it cannot drop by 99.00 %/;
    for (const name of radiusNames)
      expect(measured.radii[name]).toEqual({ reason: expect.stringMatching(reason) });
    const usual = await measure(32);
    for (const { needs, id } of registry) {
      const [there, before] = [measureOf(measured, id), measureOf(usual, id)];
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
    // What is in the file, and not what would come out again.
    const path = before
      .map((name) => join(folder, "measures", name))
      .find(
        (name) =>
          name.endsWith(".json") && readFileSync(name, "utf8") === `${JSON.stringify(first, null, 2)}\n`,
      )!;
    const known = { ...first, seconds: first.seconds + 1 };
    writeFileSync(path, JSON.stringify(known));
    expect(await measure(2, {}, { onStep: (name) => asked.push(name) })).toEqual(known);
    writeFileSync(path, `${JSON.stringify(first, null, 2)}\n`);
    expect(JSON.parse(JSON.stringify(first))).toEqual(first);
    expect([asked, filesOf(folder)]).toEqual([[], before]);
  });

  test("has a file for every setting, and steps of its own for those that change a radius", async () => {
    const at = copyOf(32, "measured");
    const known = filesOf(at);
    const stop = { run: openRun(at), stop: () => true };
    const searching: Changes[] = [
      { images: 24 },
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
    const at = copyOf(2, "measured");
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

describe("what cannot be measured is a complaint", () => {
  test("latent weights with batch norm folded, and more images than the run had", async () => {
    await expect(measure(2, { fold: true })).rejects.toThrow(
      new Complaint(
        `--fold: the latent weights of ${opened(2).folder} cannot be folded, since a layer has one step for all its channels. Add --on dequantized.`,
        2,
      ),
    );
    await expect(measure(2, { images: 33 })).rejects.toThrow(
      /--images 33: the run in .* trained with 32 images/,
    );
  });

  test("a weight that is not a number", async () => {
    const at = copyOf(2, "bare");
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

describe("a network whose inputs of layers are quantized", () => {
  test("has no path norm, and says why; its norms it has", async () => {
    const out = mkdtempSync(join(tmpdir(), "qgen-w4a4-"));
    onTestFinished(() => rmSync(out, { recursive: true, force: true }));
    const plain = configOf(4);
    const config = { ...plain, epochs: 1, policy: { ...plain.policy, activations: 4 } };
    await run(config, { device, dataset, out, existing: "refuse" });
    const measured = await measure(2, {}, { run: openRun(runFolder(out, config).folder) });
    for (const id of ["path_norm", "path_norm_over_margin"])
      expect(measureOf(measured, id)).toMatchObject({
        value: null,
        note: expect.stringMatching(
          /^the path norm is a sum over paths of weights, .* is rounded, to 4 bits$/,
        ),
      });
    expect(measureOf(measured, "path_norm").raw).toBeNull();
    expect(measured.measures.some(({ value }) => value !== null)).toBe(true);
  });
});
