import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Complaint } from "../../src/experiments/complaint.ts";
import type { MeasuredRun, MeasureRequest } from "../../src/experiments/measuring/measure.ts";
import { radiusNames } from "../../src/experiments/measuring/radii.ts";
import { openRun } from "../../src/experiments/trained.ts";
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
import { createRng } from "../../src/tensor/random.ts";
import { verifies } from "../spec.ts";
import {
  type Changes,
  COUNT,
  copyOf,
  filesOf,
  images,
  MEASURING_SEED,
  measure,
  measureOf,
  network,
  opened,
  radiiOf,
  searchesOf,
  searchOf,
  withRuns,
} from "./measured-runs.ts";

withRuns();

/** What is the same wherever and whenever it was measured. */
const lasting = ({ seconds: _, environment: __, ...rest }: MeasuredRun) => rest;

/** The four searches of a network, called as such. */
async function searched(
  { model, weights }: ReturnType<typeof network>,
  pacBayes = pacBayesDefaults,
  sharpness = sharpnessDefaults,
  count = COUNT,
): Promise<SearchResult[]> {
  const few = { ...images, count };
  const rng = createRng(`measures/${MEASURING_SEED}`);
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
        const expected = await searched(network(bits, on));
        expect(searchesOf(measured)).toEqual(expected);
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
    const expected = await searched(network(2, "folded"));
    expect(searchesOf(folded)).toEqual(expected);
    expect(radiiOf(folded)).not.toEqual(radiiOf(plain));
    expect(measureOf(folded, "l2").raw).not.toBeCloseTo(measureOf(plain, "l2").raw!, 2);
  });

  test("pass on what is asked of the searches", async () => {
    const { criterion, ascent } = sharpnessDefaults;
    const changed: [Changes, typeof pacBayesDefaults, typeof sharpnessDefaults, number?][] = [
      [
        { target: 0.3, moved: "all", ball: "l2", step: "sign", images: 24 },
        { ...pacBayesDefaults, criterion: { ...criterion, target: 0.3 }, moved: "all" },
        {
          ...sharpnessDefaults,
          criterion: { ...criterion, displacement: "drop", target: 0.3 },
          ascent: { ...ascent, ball: "l2", step: "sign" },
          moved: "all",
        },
        24,
      ],
      [
        { displacement: "error", target: 0.8 },
        { ...pacBayesDefaults, criterion: { ...criterion, displacement: "error", target: 0.8 } },
        { ...sharpnessDefaults, criterion: { ...criterion, displacement: "error", target: 0.8 } },
      ],
    ];
    for (const [changes, pacBayes, sharpness, count] of changed) {
      const measured = await measure(32, changes);
      const expected = await searched(network(32, "latent"), pacBayes, sharpness, count);
      expect(searchesOf(measured)).toEqual(expected);
      expect(measured.images).toBe(count ?? COUNT);
    }
  });

  verifies(
    "QGen.sec.B.2",
    "as the reference code has them: a variance, all parameters, the change up or down, the last midpoint",
    async () => {
      const { bracket } = sharpnessDefaults;
      const sharpness = {
        ...sharpnessDefaults,
        bracket: { ...bracket, answer: "last" },
        moved: "all",
      } as const;
      const ends: string[] = [];
      for (const bits of [32, 2]) {
        // With so few images, no worst case is in the band, and the last radius may be too large.
        const measured = await measure(bits, { referenceCompat: true, images: 24 });
        const expected = await searched(network(bits, "latent"), pacBayesReference, sharpness, 24);
        expect(searchesOf(measured)).toEqual(expected);
        for (const name of radiusNames) {
          const { radius, trace } = searchOf(measured, name);
          expect(radius).toBe(trace.at(-1)!.radius);
          ends.push(trace.at(-1)!.verdict);
        }
      }
      expect(ends).toContain("smaller");
    },
  );
});

describe("measuring that was stopped", () => {
  test("after any step, goes on there, makes no step twice, and ends with the same numbers", async () => {
    const whole = await measure(2);
    const total = radiusNames.reduce((sum, name) => sum + searchOf(whole, name).trace.length, 0);
    const at = copyOf(2, "bare");
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
        searchOf(whole, name).trace.map(({ radius }) => `true ${name} ${radius}`),
      ),
    );
    const journal = (folder: string): string[] =>
      filesOf(folder)
        .filter((name) => name.endsWith(".jsonl"))
        .map((name) => readFileSync(join(folder, "measures", name), "utf8"));
    expect(journal(opened(2).folder)).toContain(journal(at)[0]);
  });

  test("with steps of another program in its file is a sentence, not a radius", async () => {
    const at = copyOf(2, "bare");
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
