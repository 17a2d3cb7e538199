/**
 * Pictures on rubber: a random affine map, then a smooth random displacement.
 *
 * @packageDocumentation
 */

import type { Constants } from "./constants.ts";
import type { Draws } from "./draws.ts";
import { type Extent, gaussianBlur, mirror, reflect } from "./filters.ts";
import { fractions, type Picture, pictureOf } from "./picture.ts";

/**
 * @param side - the length that the constants are multiples of
 */
export function elasticTransform(
  picture: Picture,
  { alpha, sigma, affine }: Constants["elastic_transform"],
  draws: Draws,
  side: number,
): Picture {
  const { height, width } = picture;
  const turned = warped(fractions(picture), picture, jittered(picture, affine * side, draws));
  const displacement = (): Float64Array => {
    const field = Float64Array.from({ length: height * width }, () => draws.between(-1, 1));
    const options = { border: reflect, truncate: 3 };
    return gaussianBlur(field, picture, sigma * side, options).map((x) => x * (alpha * side));
  };
  const dx = displacement();
  const dy = displacement();
  const y = new Float64Array(turned.length);
  for (let h = 0; h < height; h++)
    for (let w = 0; w < width; w++) {
      const i = h * width + w;
      const [v, u] = [h + dy[i]!, w + dx[i]!];
      const [top, left] = [Math.floor(v), Math.floor(u)];
      const [down, right] = [v - top, u - left];
      const above = reflect(top, height) * width;
      const below = reflect(top + 1, height) * width;
      const [a, b] = [reflect(left, width), reflect(left + 1, width)];
      for (let k = 0; k < 3; k++)
        y[3 * i + k] =
          (1 - down) * ((1 - right) * turned[3 * (above + a) + k]! + right * turned[3 * (above + b) + k]!) +
          down * ((1 - right) * turned[3 * (below + a) + k]! + right * turned[3 * (below + b) + k]!);
    }
  return pictureOf(y, picture);
}

/** x' = a x + b y + c, y' = d x + e y + f */
type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** The affine map that moves three corners of a square about the middle by up to `most` each way. */
function jittered({ height, width }: Extent, most: number, draws: Draws): Affine {
  const s = Math.floor(Math.min(height, width) / 3);
  const [x, y] = [Math.floor(width / 2), Math.floor(height / 2)];
  const moved = (px: number, py: number): readonly [number, number] => {
    const right = Math.fround(draws.between(-most, most));
    return [Math.fround(px + right), Math.fround(py + Math.fround(draws.between(-most, most)))];
  };
  const p = moved(x + s, y + s);
  const q = moved(x + s, y - s);
  const r = moved(x - s, y - s);
  const [a, d] = [(q[0] - r[0]) / (2 * s), (q[1] - r[1]) / (2 * s)];
  const [b, e] = [(p[0] - q[0]) / (2 * s), (p[1] - q[1]) / (2 * s)];
  return [a, b, p[0] - a * (x + s) - b * (y + s), d, e, p[1] - d * (x + s) - e * (y + s)];
}

const roundHalfEven = (x: number): number => {
  const r = Math.round(x);
  return Math.abs(x - Math.trunc(x)) === 0.5 && r % 2 !== 0 ? r - 1 : r;
};

/** The picture under an affine map, by linear interpolation at places that are multiples of 1/32, as OpenCV takes them; borders are mirrored. */
function warped(x: Float64Array, { height, width }: Extent, [a, b, c, d, e, f]: Affine): Float64Array {
  const determinant = a * e - b * d;
  const scale = determinant === 0 ? 0 : 1 / determinant;
  const [ia, ib, id, ie] = [e * scale, -b * scale, -d * scale, a * scale];
  const [ic, jf] = [-(ia * c) - ib * f, -(id * c) - ie * f];
  const y = new Float64Array(x.length);
  for (let h = 0; h < height; h++) {
    const x0 = roundHalfEven((ib * h + ic) * 1024) + 16;
    const y0 = roundHalfEven((ie * h + jf) * 1024) + 16;
    for (let w = 0; w < width; w++) {
      const [u, v] = [(x0 + roundHalfEven(ia * w * 1024)) >> 5, (y0 + roundHalfEven(id * w * 1024)) >> 5];
      const [right, down] = [(u & 31) / 32, (v & 31) / 32];
      const [left, top] = [u >> 5, v >> 5];
      const above = mirror(top, height) * width;
      const below = mirror(top + 1, height) * width;
      const [l, r] = [mirror(left, width), mirror(left + 1, width)];
      for (let k = 0; k < 3; k++)
        y[3 * (h * width + w) + k] =
          (1 - down) * (1 - right) * x[3 * (above + l) + k]! +
          (1 - down) * right * x[3 * (above + r) + k]! +
          down * (1 - right) * x[3 * (below + l) + k]! +
          down * right * x[3 * (below + r) + k]!;
    }
  }
  return y;
}
