/**
 * Brightness, saturation and contrast.
 *
 * @packageDocumentation
 */

import type { Constants } from "./constants.ts";
import { fractions, type Picture, pictureOf } from "./picture.ts";

/** Hue, saturation and value, each 0..1. */
export type Hsv = [hue: number, saturation: number, value: number];

export function hsvOf(r: number, g: number, b: number): Hsv {
  const value = Math.max(r, g, b);
  const range = value - Math.min(r, g, b);
  if (range === 0) return [0, 0, value];
  // Of equal channels the last one counts.
  const sixth = b === value ? 4 + (r - g) / range : g === value ? 2 + (b - r) / range : (g - b) / range;
  return [sixth / 6 - Math.floor(sixth / 6), range / value, value];
}

export function rgbOf([hue, saturation, value]: Hsv): readonly [number, number, number] {
  const sector = Math.floor(hue * 6);
  const f = hue * 6 - sector;
  const p = value * (1 - saturation);
  const q = value * (1 - f * saturation);
  const t = value * (1 - (1 - f) * saturation);
  switch (sector % 6) {
    case 0:
      return [value, t, p];
    case 1:
      return [q, value, p];
    case 2:
      return [p, value, t];
    case 3:
      return [p, q, value];
    case 4:
      return [t, p, value];
    default:
      return [value, p, q];
  }
}

const clipped = (x: number): number => Math.min(Math.max(x, 0), 1);

function inHsv(picture: Picture, change: (hsv: Hsv) => Hsv): Picture {
  const x = fractions(picture);
  for (let i = 0; i < x.length; i += 3) {
    const rgb = rgbOf(change(hsvOf(x[i]!, x[i + 1]!, x[i + 2]!)));
    for (let k = 0; k < 3; k++) x[i + k] = rgb[k]!;
  }
  return pictureOf(x, picture);
}

export const brightness = (picture: Picture, more: number): Picture =>
  inHsv(picture, ([h, s, v]) => [h, s, clipped(v + more)]);

export const saturate = (picture: Picture, { factor, offset }: Constants["saturate"]): Picture =>
  inHsv(picture, ([h, s, v]) => [h, clipped(s * factor + offset), v]);

/** (x − mean) c + mean, with the mean of each channel. */
export function contrast(picture: Picture, factor: number): Picture {
  const x = fractions(picture);
  const means = [0, 0, 0];
  for (let i = 0; i < x.length; i++) means[i % 3]! += x[i]!;
  for (let k = 0; k < 3; k++) means[k]! /= x.length / 3;
  return pictureOf(
    x.map((p, i) => (p - means[i % 3]!) * factor + means[i % 3]!),
    picture,
  );
}
