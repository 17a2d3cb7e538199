import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { disk, glassBlur } from "../../src/experiments/corruptions/blur.ts";
import { hsvOf, rgbOf } from "../../src/experiments/corruptions/color.ts";
import {
  type CorruptionName,
  constants,
  constantsNames,
  type Severity,
  severities,
} from "../../src/experiments/corruptions/constants.ts";
import {
  commonNames,
  corruption,
  corruptionNames,
  published,
  type Setting,
} from "../../src/experiments/corruptions/corruption.ts";
import { drawsOf } from "../../src/experiments/corruptions/draws.ts";
import { drawnIce, fitted } from "../../src/experiments/corruptions/ice.ts";
import { directionAt } from "../../src/experiments/corruptions/motion.ts";
import { poisson, quantileOf } from "../../src/experiments/corruptions/noise.ts";
import type { Picture } from "../../src/experiments/corruptions/picture.ts";
import { plasma } from "../../src/experiments/corruptions/plasma.ts";
import { spatter } from "../../src/experiments/corruptions/spatter.ts";
import { zoomFactors } from "../../src/experiments/corruptions/zoom.ts";
import { createRng } from "../../src/tensor/random.ts";
import { verifies } from "../spec.ts";

const rng = createRng(3);
const ice = drawnIce();
const settings: Readonly<Record<"cifar" | "imagenet", Setting>> = {
  cifar: {
    constants: "cifar",
    choices: published,
    textures: await fitted(ice.textures, "cifar", { height: 53, width: 53 }),
  },
  imagenet: { constants: "imagenet", choices: published, textures: ice.textures },
};

/** A smooth picture with something on it. */
function scene(height: number, width: number): Picture {
  const pixels = Uint8Array.from({ length: 3 * height * width }, (_, i) => {
    const [y, x, k] = [Math.floor(i / 3 / width), Math.floor(i / 3) % width, i % 3];
    return 60 + ((3 * y + 2 * x + 31 * k) % 120) + (((y >> 3) + (x >> 3)) % 2) * 40;
  });
  return { height, width, pixels };
}
const flat = (value: number, side = 96): Picture => ({
  height: side,
  width: side,
  pixels: new Uint8Array(3 * side * side).fill(value),
});

const corrupted = (name: CorruptionName, severity: Severity, picture: Picture, setting = settings.cifar) =>
  corruption(name, severity, setting, rng)(picture, 0);

const mean = (xs: ArrayLike<number>): number => Array.from(xs).reduce((a, b) => a + b, 0) / xs.length;
const variance = (xs: ArrayLike<number>): number => {
  const m = mean(xs);
  return mean(Array.from(xs, (x) => (x - m) ** 2));
};

const fixed: readonly CorruptionName[] = [
  "defocus_blur",
  "zoom_blur",
  "brightness",
  "contrast",
  "pixelate",
  "jpeg_compression",
  "gaussian_blur",
  "saturate",
];

describe("corruptions", () => {
  verifies(
    "HD.sec.4",
    "there are 15 and 4, of five severities each, in the order of the published files",
    () => {
      expect([corruptionNames.length, commonNames.length]).toEqual([19, 15]);
      expect(commonNames.at(-1)).toBe("jpeg_compression");
      for (const severity of [0, 6, 1.5] as number[])
        expect(() => corruption("fog", severity as Severity, settings.cifar, rng)).toThrow(
          `fog: expected a severity of 1, 2, 3, 4 or 5, got ${severity}`,
        );
    },
  );

  test("a picture of any size keeps its size, and is not written to", async () => {
    for (const set of constantsNames)
      for (const name of corruptionNames) {
        const picture = scene(37, 53);
        const { height, width, pixels } = await corrupted(name, 4, picture, settings[set]);
        expect([name, height, width, pixels.length]).toEqual([name, 37, 53, 3 * 37 * 53]);
        expect(picture, name).toEqual(scene(37, 53));
        expect(pixels, name).not.toEqual(picture.pixels);
      }
  });

  test("what is drawn depends on corruption, severity and number of the picture, not on what was drawn before", async () => {
    const picture = scene(32, 32);
    for (const name of corruptionNames) {
      const one = corruption(name, 3, settings.cifar, rng);
      const [third, fourth] = [await one(picture, 3), await one(picture, 4)];
      const again = corruption(name, 3, settings.cifar, createRng(3));
      expect(await again(picture, 4), name).toEqual(fourth);
      expect(await again(picture, 3), name).toEqual(third);
      if (fixed.includes(name)) expect(third, name).toEqual(fourth);
      else expect(third, name).not.toEqual(fourth);
      if (!fixed.includes(name))
        expect(await corruption(name, 3, settings.cifar, createRng(4))(picture, 3), name).not.toEqual(third);
    }
  });
});

describe("noise", () => {
  /** How far the values of a flat picture lie from what they were; half a level is cut off on average. */
  const residue = async (name: CorruptionName, severity: Severity, value: number) =>
    Float64Array.from((await corrupted(name, severity, flat(value))).pixels, (p) => p - value + 0.5);

  test.each(["gaussian_noise", "speckle_noise", "shot_noise"] as const)(
    "%s has mean 0 and the spread of its formula, and neighbours know nothing of each other",
    async (name) => {
      for (const severity of severities) {
        const value = 120;
        const c = constants.cifar[name][severity - 1]!;
        const x = value / 255;
        const spread = name === "gaussian_noise" ? c : name === "speckle_noise" ? x * c : Math.sqrt(x / c);
        const noise = await residue(name, severity, value);
        const n = noise.length;
        expect(Math.abs(mean(noise)), `${severity}`).toBeLessThan((5 * 255 * spread) / Math.sqrt(n));
        // Cutting off adds 1/12.
        const expected = (255 * spread) ** 2 + 1 / 12;
        expect(Math.abs(variance(noise) / expected - 1), `${severity}`).toBeLessThan(6 * Math.sqrt(2 / n));
        // A flat spectrum: no correlation at any small distance, between channels, pixels and rows.
        for (const distance of [1, 2, 3, 3 * 96, 3 * 97]) {
          const products = Array.from({ length: n - distance }, (_, i) => noise[i]! * noise[i + distance]!);
          expect(Math.abs(mean(products)) / expected, `${distance}`).toBeLessThan(5 / Math.sqrt(n));
        }
      }
    },
  );

  test("impulse noise leaves a value as it is, or makes it 0 or 255, as often as it should", async () => {
    for (const severity of severities) {
      const { pixels } = await corrupted("impulse_noise", severity, flat(120));
      const amount = constants.cifar.impulse_noise[severity - 1]!;
      const share = (value: number): number => pixels.filter((p) => p === value).length / pixels.length;
      expect(share(0) + share(255) + share(120)).toBe(1);
      for (const end of [0, 255])
        expect(Math.abs(share(end) - amount / 2)).toBeLessThan(5 * Math.sqrt(amount / 2 / pixels.length));
    }
  });

  test("the tables of the Poisson distribution sum to 1, and have its mean and variance", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 500, noNaN: true }), (lambda) => {
        const { first, cdf } = poisson(lambda);
        const p = cdf.map((sum, i) => sum - (i === 0 ? 0 : cdf[i - 1]!));
        const moment = (of: (k: number) => number): number =>
          p.reduce((sum, w, i) => sum + w * of(first + i), 0);
        expect(cdf.at(-1)).toBeCloseTo(1, 9);
        expect(moment((k) => k) / lambda).toBeCloseTo(1, 8);
        expect(moment((k) => (k - lambda) ** 2) / lambda).toBeCloseTo(1, 8);
        expect(quantileOf({ first, cdf }, 0)).toBe(first);
        expect(quantileOf({ first, cdf }, 0.5)).toBeGreaterThan(lambda - 1);
        expect(quantileOf({ first, cdf }, 0.5)).toBeLessThan(lambda + 1);
      }),
    );
  });

  test("normal draws have the moments of a normal distribution, uniform ones those of a uniform", () => {
    const draws = drawsOf([1, 2], 3);
    const n = 100_000;
    const z = Float64Array.from({ length: n }, draws.normal);
    for (const [power, expected, spread] of [
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96],
    ] as const)
      expect(Math.abs(mean(z.map((x) => x ** power)) - expected)).toBeLessThan(5 * Math.sqrt(spread / n));
    const u = Float64Array.from({ length: n }, draws.uniform);
    expect(Math.abs(mean(u) - 1 / 2)).toBeLessThan(5 * Math.sqrt(1 / 12 / n));
    expect(new Set(Array.from({ length: 1000 }, () => draws.below(7)))).toEqual(
      new Set([0, 1, 2, 3, 4, 5, 6]),
    );
  });
});

describe("blurs", () => {
  test("the weights of a disk sum to 1, and one of radius below 1 is a single smoothed point", () => {
    for (const { radius, rim } of [...constants.cifar.defocus_blur, ...constants.imagenet.defocus_blur]) {
      const { side, weights } = disk(radius, rim);
      expect(side).toBe(radius <= 8 ? 17 : 2 * radius + 1);
      // At the largest ones the smoothing is reflected at the edge.
      expect(weights.reduce((sum, w) => sum + w, 0)).toBeCloseTo(1, radius < 8 ? 12 : 1);
      if (radius < 1) expect(weights.filter((w) => w !== 0)).toHaveLength(9);
    }
  });

  test("frosted glass copies colours as published, and swaps them as an option", () => {
    const picture = scene(20, 20);
    const colours = ({ pixels }: Picture): string[] =>
      Array.from({ length: pixels.length / 3 }, (_, i) => pixels.subarray(3 * i, 3 * i + 3).join());
    const through = (how: "copy" | "swap") =>
      colours(glassBlur(picture, { sigma: 0.05, reach: 2, times: 2 }, drawsOf([1, 2], 0), how));
    const before = colours(picture);
    const copied = through("copy");
    expect(copied.filter((colour) => !before.includes(colour))).toEqual([]);
    expect(copied.toSorted()).not.toEqual(before.toSorted());
    expect(through("swap").toSorted()).toEqual(before.toSorted());
    expect(through("swap")).not.toEqual(before);
  });

  test("zooms are as many as NumPy counts, and begin with 1", () => {
    const counts = (set: "cifar" | "imagenet") =>
      constants[set].zoom_blur.map((zoom) => zoomFactors(zoom).length);
    expect(counts("imagenet")).toEqual([12, 16, 11, 13, 11]);
    expect(counts("cifar")).toEqual([7, 12, 16, 21, 26]);
    expect(zoomFactors(constants.imagenet.zoom_blur[0])[0]).toBe(1);
    expect(zoomFactors(constants.imagenet.zoom_blur[0]).at(-1)).toBeCloseTo(1.11, 12);
  });

  test("directions are cosine and sine", () => {
    fc.assert(
      fc.property(fc.double({ min: -45, max: 45, noNaN: true }), (degrees) => {
        const { x, y } = directionAt(degrees);
        expect(x).toBeCloseTo(Math.cos((degrees * Math.PI) / 180), 14);
        expect(y).toBeCloseTo(Math.sin((degrees * Math.PI) / 180), 14);
      }),
    );
  });
});

describe("weather", () => {
  test("clouds reach from 0 to 1 and have sides that are powers of two", () => {
    for (const n of [2, 8, 64]) {
      const clouds = plasma(n, 1.7, drawsOf([1, 2], n));
      expect([clouds.length, Math.min(...clouds), Math.max(...clouds)]).toEqual([n * n, 0, 1]);
    }
    expect(() => plasma(48, 2, drawsOf([1, 2], 3))).toThrow("plasma: expected a power of two, got 48");
  });

  test("the sixth texture of ice is not used as published, and is as an option", async () => {
    const textures = Array.from({ length: 6 }, (_, i): Picture => ({ ...flat(10 * (i + 1), 48) }));
    const used = async (frosts: 5 | 6): Promise<number[]> => {
      const setting = { ...settings.cifar, textures, choices: { ...published, frosts } };
      const icy = corruption("frost", 5, setting, rng);
      const pictures = await Promise.all(Array.from({ length: 200 }, (_, i) => icy(flat(0, 32), i)));
      return [...new Set(pictures.map(({ pixels }) => Math.round(pixels[0]! / 4.5)))].sort((a, b) => a - b);
    };
    expect(await used(5)).toEqual([1, 2, 3, 4, 5]);
    expect(await used(6)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("textures are a fifth for small pictures, and large enough for large ones", async () => {
    const [small] = await fitted(ice.textures, "cifar", { height: 32, width: 32 });
    expect([small!.height, small!.width]).toEqual([102, 102]);
    expect(small!.pixels.slice(0, 3)).toEqual(
      ice.textures[0]!.pixels.slice(3 * (2 * 512 + 2), 3 * (2 * 512 + 2) + 3),
    );
    const [large] = await fitted(ice.textures, "imagenet", { height: 600, width: 300 });
    expect(large!.height).toBeGreaterThan(600);
    expect(large!.pixels).toHaveLength(3 * large!.height * large!.width);
  });

  test("a lens without a drop on it shows the picture as it was", () => {
    const picture = scene(24, 24);
    const dry = { mean: 0.1, spread: 0.01, sigma: 1, threshold: 0.69, strength: 0.5 };
    for (const liquid of ["water", "mud"] as const) {
      const { pixels } = spatter(picture, { ...dry, liquid }, drawsOf([1, 2], 3));
      // p / 255 · 255 is a little below p for some p.
      expect(Math.max(...pixels.map((p, i) => Math.abs(p - picture.pixels[i]!)))).toBeLessThanOrEqual(1);
    }
  });
});

describe("digital", () => {
  test("hue, saturation and value are what they were made from", () => {
    const unit = fc.nat({ max: 255 }).map((p) => p / 255);
    fc.assert(
      fc.property(unit, unit, unit, (r, g, b) => {
        const [hue, saturation, value] = hsvOf(r, g, b);
        expect(hue).toBeGreaterThanOrEqual(0);
        expect(hue).toBeLessThan(1);
        expect(value).toBe(Math.max(r, g, b));
        rgbOf([hue, saturation, value]).forEach((channel, i) => {
          expect(channel).toBeCloseTo([r, g, b][i]!, 9);
        });
      }),
    );
  });

  test("brightness adds to the value; contrast keeps the mean of a channel and scales what deviates", async () => {
    const picture = scene(32, 32);
    const bright = await corrupted("brightness", 2, picture);
    const value = (pixels: Uint8Array, i: number): number => Math.max(...pixels.subarray(3 * i, 3 * i + 3));
    for (let i = 0; i < 32 * 32; i++) {
      const expected = Math.min(255, value(picture.pixels, i) + 25.5);
      expect(Math.abs(value(bright.pixels, i) - expected)).toBeLessThanOrEqual(1);
    }
    const dull = await corrupted("contrast", 3, picture);
    const channel = ({ pixels }: Picture, k: number) => pixels.filter((_, i) => i % 3 === k);
    for (let k = 0; k < 3; k++) {
      expect(mean(channel(dull, k)) + 0.5 - mean(channel(picture, k))).toBeCloseTo(0, 0);
      expect(Math.sqrt(variance(channel(dull, k)) / variance(channel(picture, k)))).toBeCloseTo(0.4, 2);
    }
  });

  test("JPEG loses more with every severity", async () => {
    const picture = scene(32, 32);
    const errors: number[] = [];
    for (const severity of severities) {
      const { pixels } = await corrupted("jpeg_compression", severity, picture);
      errors.push(mean(pixels.map((p, i) => Math.abs(p - picture.pixels[i]!))));
    }
    expect(errors).toEqual(errors.toSorted((a, b) => a - b));
  });

  test("pixels are as large as they should be, each the mean of what it covers", async () => {
    const picture = scene(40, 40);
    const blocks = await corrupted("pixelate", 5, picture, settings.imagenet);
    for (let y = 0; y < 40; y += 4)
      for (let x = 0; x < 40; x += 4) {
        const at = (v: number, u: number): number => 3 * ((y + v) * 40 + x + u);
        const inside = Array.from({ length: 16 }, (_, i) => at(i >> 2, i & 3));
        expect(new Set(inside.map((i) => blocks.pixels[i]))).toEqual(new Set([blocks.pixels[at(0, 0)]]));
        const covered = mean(inside.map((i) => picture.pixels[i]!));
        expect(Math.abs(blocks.pixels[at(0, 0)]! - covered)).toBeLessThanOrEqual(1);
      }
  });

  test("the slip in the unit of elastic constants concerns photographs only", async () => {
    const picture = scene(32, 32);
    for (const set of constantsNames) {
      const exact = { ...settings[set], choices: { ...published, elastic: "exact" as const } };
      const [one, other] = [
        await corrupted("elastic_transform", 4, picture, settings[set]),
        await corrupted("elastic_transform", 4, picture, exact),
      ];
      expect(JSON.stringify(one) === JSON.stringify(other), set).toBe(set === "cifar");
    }
  });
});
