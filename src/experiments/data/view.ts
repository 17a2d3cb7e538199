/**
 * What a network sees of a photograph: torchvision's transforms for ImageNet.
 *
 * @packageDocumentation
 */

import { middle, resizedCropAndFlip } from "./placement.ts";
import { cropped, type Picture, resized } from "./resize.ts";

/** How many random numbers a random view may take. */
export const DRAWS = 23;

/** Numbers in [0, 1) for a random view; `null` for that of evaluation; the middle of a picture that has its size already. */
export type ViewDraws = readonly number[] | "middle" | null;

/**
 * Where training draws: a random resized crop, flipped or not. Else the shorter side is resized to 8/7 of `size` (256
 * for 224), and the middle is seen.
 *
 * @throws RangeError where the middle is asked for, and the picture is smaller
 * @implements QGen.sec.C.1
 */
export function viewOf(picture: Picture, size: number, draws: ViewDraws): Picture {
  const { width, height } = picture;
  if (draws === "middle") {
    if (Math.min(width, height) < size)
      throw new RangeError(`expected a picture of ${size} a side or more, found ${width} × ${height}`);
    return cropped(picture, middle(height, width, size, size));
  }
  if (draws !== null) {
    let next = 0;
    const uniform = (): number => draws[next++]!;
    const below = (n: number): number => Math.floor(uniform() * n);
    const { flip, ...window } = resizedCropAndFlip({ uniform, below }, height, width);
    const small = resized(cropped(picture, { ...window, flip: false }), size, size);
    return flip ? cropped(small, { top: 0, left: 0, width: size, height: size, flip }) : small;
  }
  const short = Math.round((size * 8) / 7);
  const [w, h] =
    width <= height
      ? [short, Math.trunc((short * height) / width)]
      : [Math.trunc((short * width) / height), short];
  return cropped(resized(picture, w, h), middle(h, w, size, size));
}
