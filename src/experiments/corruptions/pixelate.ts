/**
 * Large pixels: the picture made smaller and larger again, as Pillow does it.
 *
 * @packageDocumentation
 */

import { box, resized } from "../data/resize.ts";
import type { Picture } from "./picture.ts";

/**
 * The factor is cut off to whole pixels. On the way up, a box as wide as a pixel covers one pixel: enlarging by BOX, as in the
 * published code, and by NEAREST, as in the library `imagecorruptions`, are the same but for ties.
 */
export function pixelate(picture: Picture, factor: number): Picture {
  const { width, height } = picture;
  const small = resized(picture, Math.trunc(width * factor), Math.trunc(height * factor), box);
  return resized(small, width, height, box);
}
