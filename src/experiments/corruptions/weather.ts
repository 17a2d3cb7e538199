/**
 * Fog, frost and snow.
 *
 * @packageDocumentation
 */

import type { Constants } from "./constants.ts";
import type { Draws } from "./draws.ts";
import { directionAt, movedAlong } from "./motion.ts";
import { fractions, type Picture, pictureOf } from "./picture.ts";
import { plasma } from "./plasma.ts";
import { addZoomed } from "./zoom.ts";

/** (x + c·clouds) · max x / (max x + c) */
export function fog(picture: Picture, { thickness, decay }: Constants["fog"], draws: Draws): Picture {
  const { height, width } = picture;
  const x = fractions(picture);
  const most = x.reduce((a, b) => Math.max(a, b), 0);
  let side = 2;
  while (side < Math.max(height, width)) side *= 2;
  const clouds = plasma(side, decay, draws);
  for (let i = 0; i < x.length; i++) {
    const pixel = Math.floor(i / 3);
    const cloud = clouds[Math.floor(pixel / width) * side + (pixel % width)]!;
    x[i] = ((x[i]! + thickness * cloud) * most) / (most + thickness);
  }
  return pictureOf(x, picture);
}

/** A piece of a picture of ice, laid over: c₀ picture + c₁ ice. */
export function frost(
  picture: Picture,
  constants: Constants["frost"],
  draws: Draws,
  textures: readonly Picture[],
): Picture {
  const { height, width, pixels } = picture;
  const texture = textures[draws.below(textures.length)]!;
  const top = draws.below(texture.height - height);
  const left = draws.below(texture.width - width);
  const mixed = pixels.map((p, i) => {
    const [row, rest] = [Math.floor(i / (3 * width)), i % (3 * width)];
    const ice = texture.pixels[((top + row) * texture.width + left) * 3 + rest]!;
    return Math.min(255, constants.picture * p + constants.ice * ice);
  });
  return { height, width, pixels: mixed };
}

/** Flakes that fall at −45 to −135 degrees, over a picture that is whitened; the layer and the layer upside down. */
export function snow(
  picture: Picture,
  { mean, spread, zoom, threshold, radius, sigma, keep }: Constants["snow"],
  draws: Draws,
): Picture {
  const { height, width } = picture;
  const noise = Float64Array.from({ length: height * width }, () => mean + spread * draws.normal());
  const zoomed = new Float64Array(noise.length);
  addZoomed(zoomed, noise, picture, zoom);
  const flakes = Uint8Array.from(zoomed, (f) => (f < threshold ? 0 : Math.min(Math.max(f, 0), 1) * 255));
  // A quarter turn back from −45..45, so that sine and cosine change places.
  const { x, y } = directionAt(draws.between(-135, -45) + 90);
  const layer = movedAlong({ height, width, pixels: flakes }, { radius, sigma }, { x: y, y: -x });
  const p = fractions(picture);
  for (let i = 0; i < layer.length; i++) {
    const [r, g, b] = [p[3 * i]!, p[3 * i + 1]!, p[3 * i + 2]!];
    const white = (0.299 * r + 0.587 * g + 0.114 * b) * 1.5 + 0.5;
    const fallen = (layer[i]! + layer[layer.length - 1 - i]!) / 255;
    for (let k = 0; k < 3; k++) {
      const was = p[3 * i + k]!;
      p[3 * i + k] = keep * was + (1 - keep) * Math.max(was, white) + fallen;
    }
  }
  return pictureOf(p, picture);
}
