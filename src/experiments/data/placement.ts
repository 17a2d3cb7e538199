/**
 * Where an image is seen: the augmentations of training, as windows and mirrors.
 *
 * @packageDocumentation
 */

import { exp, log, roundHalfEven } from "../../tensor/math.ts";
import type { Rng } from "../../tensor/random.ts";

/** A window into an image, in pixels, and whether what it shows is mirrored. */
export interface Placement {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
  readonly flip: boolean;
}

type Uniform = Pick<Rng, "uniform" | "below">;

/** What the images of CIFAR are padded with on each side before they are cropped. */
const PADDING = 4;

/**
 * A window of the image's own size, anywhere in the image with 4 pixels of padding around it; every second one is
 * mirrored. torchvision's RandomCrop(padding=4) and RandomHorizontalFlip.
 */
export const cropAndFlip = (rng: Uniform, height: number, width: number): Placement => ({
  top: rng.below(2 * PADDING + 1) - PADDING,
  left: rng.below(2 * PADDING + 1) - PADDING,
  height,
  width,
  flip: rng.uniform() < 0.5,
});

const [SMALLEST, LARGEST] = [0.08, 1];
const [NARROWEST, WIDEST] = [3 / 4, 4 / 3];

/**
 * A window of 8 to 100 % of the image's area, with sides in a ratio of 3/4 to 4/3, to be resized; every second one is
 * mirrored. torchvision's RandomResizedCrop and RandomHorizontalFlip: ten attempts, then the largest window in the
 * middle with an allowed ratio.
 */
export function resizedCropAndFlip(rng: Uniform, height: number, width: number): Placement {
  const between = (from: number, to: number): number => from + (to - from) * rng.uniform();
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = height * width * between(SMALLEST, LARGEST);
    const ratio = exp(between(log(NARROWEST), log(WIDEST)));
    const w = roundHalfEven(Math.sqrt(area * ratio));
    const h = roundHalfEven(Math.sqrt(area / ratio));
    if (w < 1 || h < 1 || w > width || h > height) continue;
    const [top, left] = [rng.below(height - h + 1), rng.below(width - w + 1)];
    return { top, left, height: h, width: w, flip: rng.uniform() < 0.5 };
  }
  const ratio = width / height;
  const h = ratio < NARROWEST ? roundHalfEven(width / NARROWEST) : height;
  const w = ratio > WIDEST ? roundHalfEven(height * WIDEST) : width;
  const [top, left] = [Math.floor((height - h) / 2), Math.floor((width - w) / 2)];
  return { top, left, height: h, width: w, flip: rng.uniform() < 0.5 };
}

/** A window of that size in the middle. torchvision's CenterCrop. */
export const middle = (height: number, width: number, h: number, w: number): Placement => ({
  top: roundHalfEven((height - h) / 2),
  left: roundHalfEven((width - w) / 2),
  height: h,
  width: w,
  flip: false,
});
