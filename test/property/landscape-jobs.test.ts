import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runSchema } from "../../src/experiments/config.ts";
import { syntheticDataset } from "../../src/experiments/data/synthetic.ts";
import {
  clippedShare,
  jobsOf,
  type LandscapeOptions,
  type SurfaceJob,
} from "../../src/experiments/landscape/jobs.ts";
import { computePoints, pointsIn } from "../../src/experiments/landscape/points.ts";
import { openDevice } from "../../src/experiments/node-device.ts";
import { Interrupted, run, runFolder } from "../../src/experiments/run.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/experiments/safetensors.ts";
import { loadWeights, openRun } from "../../src/experiments/trained.ts";
import type { Point } from "../../src/measures/landscape.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { prepare } from "../../src/quant/prepare.ts";
import { verifies } from "../spec.ts";
import { f64, scalar } from "../tensors.ts";

const dataset = syntheticDataset({ train: 48, test: 16, seed: 0 });
const device = await openDevice("simd");
const root = mkdtempSync(join(tmpdir(), "qgen-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const configOf = (bits: number) =>
  runSchema.parse({
    model: "nin:1x1",
    bits,
    data: { name: "synthetic", train: 48, test: 16 },
    epochs: 2,
    batchSize: 16,
    lr: 0.1,
    momentum: 0.9,
    weightDecay: 1e-4,
    milestones: [],
    seed: 0,
  });
const options: LandscapeOptions = {
  grid: { axes: 2, n: 3, range: 1 },
  seed: 0,
  normalization: "filter",
  images: null,
  on: "both",
};
const folder = (bits: number): string => runFolder(root, configOf(bits)).folder;
const jobs = (bits: number, changes: Partial<LandscapeOptions> = {}): Promise<SurfaceJob[]> =>
  jobsOf(openRun(folder(bits)), dataset, device, { ...options, ...changes });
let place = 0;
const fresh = (): string => join(root, `points-${place++}.jsonl`);

beforeAll(async () => {
  for (const bits of [32, 2]) await run(configOf(bits), { device, dataset, out: root, existing: "refuse" });
});

describe("the surfaces of a run", () => {
  verifies(
    "QGen.fig.2",
    "have the training loss that the run has reported in their centre, to the bit",
    async () => {
      for (const bits of [32, 2])
        for (const job of await jobs(bits)) {
          const points = await computePoints(fresh(), job);
          const { loss, accuracy } = points[4]!;
          expect({ loss, accuracy }).toEqual(job.run.result.train);
          expect(job.settings.weights).toBe(job.run.result.weightsSha256);
        }
    },
  );

  verifies(
    "QGen.fig.2",
    "of all precisions have directions that differ in the lengths of their filters only",
    async () => {
      const [[float], [free, latent]] = [await jobs(32), await jobs(2)];
      for (const name of float!.model.weights) {
        const [a, b, c] = [float!, free!, latent!].map(({ plane }) => plane.x[name]!);
        const size = a!.length / float!.weights.params[name]!.shape[0]!;
        // Within a filter, one quotient.
        for (let from = 0; from < a!.length; from += size) {
          if (b![from] === 0) continue;
          for (let k = from; k < from + size; k++) {
            expect(b![k]! / a![k]!).toBeCloseTo(b![from]! / a![from]!, 9);
            expect(c![k]! / a![k]!).toBeCloseTo(c![from]! / a![from]!, 9);
          }
        }
      }
    },
  );

  test("are one for a float network, and those that are asked for of a quantized one", async () => {
    const on = async (bits: number, which: LandscapeOptions["on"]) =>
      (await jobs(bits, { on: which })).map(({ settings }) => settings.on);
    expect([await on(32, "dequantized"), await on(32, "both")]).toEqual([["float"], ["float"]]);
    expect(await on(2, "dequantized")).toEqual(["dequantized"]);
    expect(await on(2, "latent")).toEqual(["latent"]);
    expect(await on(2, "both")).toEqual(["dequantized", "latent"]);
  });

  test("with dequantized weights are those of the float network at ŵ, with latent ones of the quantized network at w", async () => {
    const [free, latent] = await jobs(2);
    expect([free!.model.name, latent!.model.name]).toEqual(["nin:1x1", "nin:1x1@2"]);
    expect(Object.keys(free!.weights.params).filter((name) => name.endsWith(".step"))).toEqual([]);
    for (const name of free!.model.weights) {
      // At 2 bits, four levels a layer.
      expect(new Set(Array.from(free!.weights.params[name]!.data, Math.abs)).size).toBeLessThanOrEqual(3);
      expect(new Set(latent!.weights.params[name]!.data).size).toBeGreaterThan(4);
    }
    const [a, b] = [await computePoints(fresh(), free!), await computePoints(fresh(), latent!)];
    expect(a[4]).toEqual(b[4]);
    for (const k of [0, 1, 2, 3, 5, 6, 7, 8]) expect(a[k]!.loss).not.toBe(b[k]!.loss);
  });

  test("have a file of their own for everything that changes a number", async () => {
    const changes: Partial<LandscapeOptions>[] = [
      {},
      { seed: 1 },
      { normalization: "layer" },
      { images: 16 },
      { grid: { axes: 2, n: 5, range: 1 } },
      { grid: { axes: 2, n: 3, range: 0.5 } },
    ];
    const files: string[] = [];
    for (const change of changes) files.push(...(await jobs(2, change)).map(({ file }) => file));
    expect(new Set(files).size).toBe(2 * changes.length);
    expect((await jobs(2)).map(({ file }) => file)).toEqual(files.slice(0, 2));
  });

  test("are over the first images of the run, and over no more than it had", async () => {
    const [job] = await jobs(32, { images: 16 });
    const [all] = await jobs(32);
    expect(job!.images.count).toBe(16);
    expect(job!.images.batch([3])).toEqual(all!.images.batch([3]));
    await expect(jobs(32, { images: 49 })).rejects.toThrow(
      /--images 49: the run in .* trained with 48 images/,
    );
    await expect(jobs(32, { images: 0 })).rejects.toThrow(
      /--images 0: expected a whole number of at least 1/,
    );
  });

  test("say how much is clipped: the share over all weights, not the mean over the layers", async () => {
    const model = prepare(nin({ depth: 1, width: 1, classes: 2, channels: 1 }), { bits: 2 });
    // Of 225 weights of the first layer all are beyond the levels, of the others none.
    const params = Object.fromEntries(
      model.quantizers.flatMap(({ weight, step }, k) => {
        const size = [225, 625, 625, 50][k]!;
        return [
          [weight, f64(Array(size).fill(k === 0 ? 7 : 1), [size, 1])] as const,
          [step, scalar(1)] as const,
        ];
      }),
    );
    expect(clippedShare(model, params)).toBe(225 / 1525);
    const latent = (await jobs(2, { grid: { axes: 2, n: 3, range: 50 } }))[1]!;
    expect(latent.clipped!.corners).toBeGreaterThan(0.9);
    expect(latent.clipped!.center).toBeLessThan(0.5);
    expect((await jobs(2))[0]!.clipped).toBeNull();
  });
});

describe("points in a file", () => {
  test("that was cut at any byte are gone on with to the same bytes, and what is known is not computed again", async () => {
    const [job] = await jobs(2);
    const whole = fresh();
    const points = await computePoints(whole, job!);
    const bytes = readFileSync(whole);
    const header = bytes.indexOf("\n") + 1;
    for (const length of [0, 5, header - 1, header, header + 20, bytes.length - 1, bytes.length]) {
      const cut = fresh();
      cpSync(whole, cut);
      truncateSync(cut, length);
      const computed: Point[] = [];
      expect(await computePoints(cut, job!, { onPoint: (point) => computed.push(point) })).toEqual(points);
      expect(readFileSync(cut).equals(bytes), `cut at ${length}`).toBe(true);
      const kept = bytes.subarray(0, length).toString().split("\n").length - 1;
      expect(computed).toEqual(points.slice(Math.max(kept - 1, 0)));
    }
  });

  test("after a line that is none of theirs are not read", async () => {
    const [job] = await jobs(2);
    const path = fresh();
    const points = await computePoints(path, job!);
    const lines = readFileSync(path, "utf8").split("\n");
    for (const wrong of ["{}", "nonsense", lines[5]!, lines[2]!.replace('"b":0', '"b":0.5')]) {
      writeFileSync(path, [...lines.slice(0, 2), wrong, ...lines.slice(3)].join("\n"));
      expect(pointsIn(path, job!.settings).entries).toEqual(points.slice(0, 1));
    }
  });

  test("of another surface are refused, not mixed in", async () => {
    const [free, latent] = await jobs(2);
    const path = fresh();
    await computePoints(path, free!);
    await expect(computePoints(path, latent!)).rejects.toThrow(`${path} was written with other settings`);
  });

  test("stop between two of them when asked to, and say where they are", async () => {
    const [job] = await jobs(32);
    const path = fresh();
    let asked = 0;
    await expect(computePoints(path, job!, { stop: () => ++asked === 4 })).rejects.toThrow(
      new Interrupted(
        `stopped; 4 points of this surface are saved in ${path}. To go on, give the same command again.`,
      ),
    );
    expect(pointsIn(path, job!.settings).entries).toHaveLength(4);
  });

  test("with a loss that is not a number come back as such", async () => {
    const [job] = await jobs(32);
    const path = fresh();
    writeFileSync(path, `${JSON.stringify(job!.settings)}\n`);
    appendFileSync(path, '{"i":0,"j":0,"a":-1,"b":-1,"loss":null,"accuracy":0.1}\n');
    expect(pointsIn(path, job!.settings).entries).toEqual([
      { i: 0, j: 0, a: -1, b: -1, loss: Number.NaN, accuracy: 0.1 },
    ]);
  });
});

describe("a run that cannot be used", () => {
  const copy = (): string => {
    const to = join(root, `copy-${place++}`);
    cpSync(folder(2), to, { recursive: true });
    return to;
  };
  const load = (from: string) => loadWeights(openRun(from), dataset, device.kernels);

  test("is a sentence where it is no run, not complete, or not readable", () => {
    expect(() => openRun(root)).toThrow(/is not the folder of a run: there is no .*config\.json/);
    for (const name of ["result.json", "weights.safetensors"]) {
      const cut = copy();
      rmSync(join(cut, name));
      expect(() => openRun(cut)).toThrow(new RegExp(`is not complete: there is no .*${name}.*--resume`));
    }
    const broken = copy();
    writeFileSync(join(broken, "config.json"), "{");
    expect(() => openRun(broken)).toThrow(/config\.json cannot be read: /);
    writeFileSync(join(broken, "config.json"), '{"model":"resnet"}');
    expect(() => openRun(broken)).toThrow(
      /config\.json is not the configuration of a run: model: expected one of nin/,
    );
    const empty = copy();
    writeFileSync(join(empty, "result.json"), "null");
    expect(() => openRun(empty)).toThrow(/result\.json is not the result of a run/);
  });

  test("is a sentence with the name and the place of a weight that is NaN, missing or of another shape", () => {
    const spoiled = (change: (tensors: Record<string, { data: Float32Array; shape: number[] }>) => void) => {
      const to = copy();
      const path = join(to, "weights.safetensors");
      const { tensors } = decodeSafetensors(readFileSync(path));
      const open = { ...tensors } as never as Record<string, { data: Float32Array; shape: number[] }>;
      change(open);
      writeFileSync(path, encodeSafetensors(open as never));
      return to;
    };
    const name = "blocks.0.conv2.weight";
    const nan = spoiled((tensors) => {
      tensors[name]!.data[7] = Number.NaN;
    });
    expect(() => load(nan)).toThrow(
      `holds a weight that is not a finite number: "${name}" has NaN at 7 of 625`,
    );
    const missing = spoiled((tensors) => {
      delete tensors[name];
    });
    expect(() => load(missing)).toThrow(
      `does not hold the weights of nin:1x1: "${name}" should be F32 [25,25,1,1], but is missing`,
    );
    const other = spoiled((tensors) => {
      tensors[name] = { ...tensors[name]!, shape: [5, 5, 25, 1] };
    });
    expect(() => load(other)).toThrow("but is F32 [5,5,25,1]");
    const cut = copy();
    truncateSync(join(cut, "weights.safetensors"), 100);
    expect(() => load(cut)).toThrow(/weights\.safetensors cannot be read: not a complete safetensors file/);
    expect(existsSync(join(cut, "config.json"))).toBe(true);
  });
});
