/**
 * Blurs of pictures that stand still.
 *
 * @packageDocumentation
 */

import type { Constants } from "./constants.ts";
import type { Draws } from "./draws.ts";
import { correlate, filtered, gaussianBlur, gaussianHalf, type Kernel, mirror, trimmed } from "./filters.ts";
import { fractions, type Picture, pictureOf } from "./picture.ts";

export const gaussianBlurred = (picture: Picture, sigma: number): Picture =>
  pictureOf(gaussianBlur(fractions(picture), picture, sigma), picture);

/** A lens out of focus: every point becomes a disk. */
export const defocusBlur = (picture: Picture, { radius, rim }: Constants["defocus_blur"]): Picture =>
  pictureOf(correlate(fractions(picture), picture, trimmed(disk(radius, rim))), picture);

/** A disk whose points sum to 1, on 17 × 17 or, beyond radius 8, 2r + 1 points a side, its rim smoothed. */
export function disk(radius: number, rim: number): Kernel {
  const [half, smoothing] = radius <= 8 ? [8, 1] : [radius, 2];
  const side = 2 * half + 1;
  const inside = Float64Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [(i % side) - half, Math.floor(i / side) - half];
    return x * x + y * y <= radius * radius ? 1 : 0;
  });
  const points = inside.reduce((sum, x) => sum + x, 0);
  return {
    side,
    weights: filtered(
      inside.map((x) => x / points),
      { height: side, width: side },
      gaussianHalf(rim, smoothing),
      mirror,
    ),
  };
}

/**
 * Frosted glass: a blurred picture whose pixels trade places with neighbours, blurred again.
 *
 * @deviation By default a pixel takes its neighbour's colour and the neighbour keeps it, as in the code behind the
 * published files, where the swap of two views of one array is a copy. `swap` is what was meant.
 */
export function glassBlur(
  picture: Picture,
  { sigma, reach, times }: Constants["glass_blur"],
  draws: Draws,
  how: "copy" | "swap" = "copy",
): Picture {
  const { height, width } = picture;
  const blurred = pictureOf(gaussianBlur(fractions(picture), picture, sigma), picture);
  const { pixels } = blurred;
  for (let time = 0; time < times; time++)
    for (let h = height - reach; h > reach; h--)
      for (let w = width - reach; w > reach; w--) {
        const dx = draws.below(2 * reach) - reach;
        const dy = draws.below(2 * reach) - reach;
        const [here, there] = [(h * width + w) * 3, ((h + dy) * width + w + dx) * 3];
        for (let k = 0; k < 3; k++) {
          const mine = pixels[here + k]!;
          pixels[here + k] = pixels[there + k]!;
          if (how === "swap") pixels[there + k] = mine;
        }
      }
  return gaussianBlurred(blurred, sigma);
}
