import type { Shape } from "../../tensor/tensor.ts";

/** What a classifier of images is to fit. */
export interface ImageNetwork {
  /** [C, H, W] of the images. */
  readonly image: Shape;
  readonly classes: number;
}

/** From this many pixels on, networks have the form that was made for ImageNet, and below the one for CIFAR. */
export const LARGE = 64;

/** The channels and the side of square images. */
export function squareOf(network: string, image: Shape): readonly [channels: number, size: number] {
  const [channels, height, width] = image as [number, number, number];
  if (height !== width)
    throw new RangeError(`${network} takes square images, but these have ${height} × ${width} pixels`);
  return [channels, height];
}
