/**
 * The corruptions by name: the 15 of ImageNet-C in their order, and the 4 extra ones.
 *
 * @packageDocumentation
 */

import { z } from "zod";
import type { Rng } from "../../tensor/random.ts";
import { defocusBlur, gaussianBlurred, glassBlur } from "./blur.ts";
import { brightness, contrast, saturate } from "./color.ts";
import {
  type Constants,
  type ConstantsName,
  type CorruptionName,
  constants,
  type Severity,
} from "./constants.ts";
import { type Draws, drawsOf } from "./draws.ts";
import { elasticTransform } from "./elastic.ts";
import { jpegCompression } from "./jpeg.ts";
import { motionBlur } from "./motion.ts";
import { gaussianNoise, impulseNoise, shotNoise, speckleNoise } from "./noise.ts";
import type { Picture } from "./picture.ts";
import { pixelate } from "./pixelate.ts";
import { spatter } from "./spatter.ts";
import { fog, frost, snow } from "./weather.ts";
import { zoomBlur } from "./zoom.ts";

/** Where the published code has slips: as published, or as they were meant. */
export const choicesSchema = z.strictObject({
  /** Frosted glass copies pixels, or swaps them. */
  glass: z.enum(["copy", "swap"]).default("copy"),
  /** Elastic constants of photographs are multiples of 244 on pictures of 224, or of their side. */
  elastic: z.enum(["published", "exact"]).default("published"),
  /** How many of the six textures of ice are used: the sixth never is, in the published code. */
  frosts: z.literal([5, 6]).default(5),
});
export type Choices = z.output<typeof choicesSchema>;
export const published: Choices = choicesSchema.parse({});

/** What corruptions share. */
export interface Setting {
  readonly constants: ConstantsName;
  readonly choices: Choices;
  /** Pictures of ice, larger than what they are laid over. */
  readonly textures: readonly Picture[];
}

type Apply<Name extends CorruptionName> = (
  picture: Picture,
  constants: Constants[Name],
  draws: Draws,
  setting: Setting,
) => Picture | Promise<Picture>;

const table: { readonly [Name in CorruptionName]: Apply<Name> } = {
  gaussian_noise: gaussianNoise,
  shot_noise: shotNoise,
  impulse_noise: impulseNoise,
  defocus_blur: defocusBlur,
  glass_blur: (x, c, draws, { choices }) => glassBlur(x, c, draws, choices.glass),
  motion_blur: motionBlur,
  zoom_blur: zoomBlur,
  snow,
  frost: (x, c, draws, { textures, choices }) => frost(x, c, draws, textures.slice(0, choices.frosts)),
  fog,
  brightness,
  contrast,
  elastic_transform: (x, c, draws, setting) => elasticTransform(x, c, draws, elasticSide(x, setting)),
  pixelate,
  jpeg_compression: jpegCompression,
  speckle_noise: speckleNoise,
  gaussian_blur: gaussianBlurred,
  spatter,
  saturate,
};

/** @deviation The published photographs are 224 a side, and the code behind them counts in units of 244. */
function elasticSide({ height, width }: Picture, { constants, choices }: Setting): number {
  const side = Math.min(height, width);
  return constants === "imagenet" && choices.elastic === "published" ? (side * 244) / 224 : side;
}

export const corruptionNames = Object.keys(table) as readonly CorruptionName[];
/** Those that the mean corruption error is over, and that the paper's tables have. */
export const commonNames: readonly CorruptionName[] = corruptionNames.slice(0, 15);

/** What a table calls it. */
export const titleOf = (name: CorruptionName): string =>
  name === "jpeg_compression" ? "JPEG" : name.replace("_", " ").replace("elastic transform", "elastic");

/** One corruption at one severity: a function of a picture and of its number among others. */
export type Corrupt = (picture: Picture, index: number) => Picture | Promise<Picture>;

/**
 * The corruption of that name. What is drawn for a picture depends on the corruption, the severity and the number of the
 * picture, and on nothing else.
 *
 * @implements HD.sec.4
 */
export function corruption<Name extends CorruptionName>(
  name: Name,
  severity: Severity,
  setting: Setting,
  rng: Rng,
): Corrupt {
  const strength: Constants[Name] | undefined = constants[setting.constants][name][severity - 1];
  if (strength === undefined)
    throw new RangeError(`${name}: expected a severity of 1, 2, 3, 4 or 5, got ${severity}`);
  const key = rng.fork(`${name}/${severity}`).key();
  return (picture, index) => corruptWith(name, strength, picture, drawsOf(key, index), setting);
}

/** The same with constants and draws of one's own. */
export const corruptWith = <Name extends CorruptionName>(
  name: Name,
  strength: Constants[Name],
  picture: Picture,
  draws: Draws,
  setting: Setting,
): Picture | Promise<Picture> => table[name](picture, strength, draws, setting);
