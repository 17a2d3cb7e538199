/**
 * How strong each corruption is at each severity, for photographs (ImageNet-C) and for small pictures (CIFAR-10-C and
 * CIFAR-100-C): the constants of Hendrycks and Dietterich (2019).
 *
 * @packageDocumentation
 */

/** What a corruption is told. Names are those of the published files. */
export interface Constants {
  /** Standard deviation, of pixels in 0..1. */
  readonly gaussian_noise: number;
  /** Photons at full brightness. */
  readonly shot_noise: number;
  /** Share of values that become 0 or 1. */
  readonly impulse_noise: number;
  /** Radius of the disk, and σ of the blur that smooths its rim. */
  readonly defocus_blur: { readonly radius: number; readonly rim: number };
  /** σ of the blur, how far pixels go, and how often. */
  readonly glass_blur: { readonly sigma: number; readonly reach: number; readonly times: number };
  readonly motion_blur: { readonly radius: number; readonly sigma: number };
  /** Zoom factors 1, 1 + step, … below `stop`. */
  readonly zoom_blur: { readonly stop: number; readonly step: number };
  /** Flakes are where a normal number of this mean and spread, zoomed, is above the threshold; then they fall. */
  readonly snow: {
    readonly mean: number;
    readonly spread: number;
    readonly zoom: number;
    readonly threshold: number;
    readonly radius: number;
    readonly sigma: number;
    /** Share of the picture that is not whitened. */
    readonly keep: number;
  };
  /** Weights of the picture and of the ice. */
  readonly frost: { readonly picture: number; readonly ice: number };
  /** How thick, and by what the height of the clouds is divided from one scale to the next. */
  readonly fog: { readonly thickness: number; readonly decay: number };
  /** What is added to the value (of hue, saturation, value). */
  readonly brightness: number;
  /** Factor of the deviation from the mean. */
  readonly contrast: number;
  /** In units of the side of the picture. */
  readonly elastic_transform: {
    /** Length of the displacements. */
    readonly alpha: number;
    /** σ of their smoothing. */
    readonly sigma: number;
    /** How far the corners of the affine map go. */
    readonly affine: number;
  };
  /** Factor of the side. */
  readonly pixelate: number;
  readonly jpeg_compression: number;
  readonly speckle_noise: number;
  readonly gaussian_blur: number;
  readonly spatter: {
    readonly mean: number;
    readonly spread: number;
    readonly sigma: number;
    readonly threshold: number;
    /** Brightness of water; σ of the blur of mud. */
    readonly strength: number;
    readonly liquid: "water" | "mud";
  };
  /** Saturation becomes factor × saturation + offset. */
  readonly saturate: { readonly factor: number; readonly offset: number };
}

export type CorruptionName = keyof Constants;
export type Severity = 1 | 2 | 3 | 4 | 5;
export const severities: readonly Severity[] = [1, 2, 3, 4, 5];

type Five<T> = readonly [T, T, T, T, T];
export type ConstantsTable = { readonly [Name in CorruptionName]: Five<Constants[Name]> };

export const constantsNames = ["cifar", "imagenet"] as const;
export type ConstantsName = (typeof constantsNames)[number];

type Numbers = readonly number[];
const five = <T>(of: (row: Numbers) => T, ...rows: Five<Numbers>): Five<T> => {
  const [a, b, c, d, e] = rows;
  return [of(a), of(b), of(c), of(d), of(e)];
};

const defocus = ([radius, rim]: Numbers) => ({ radius: radius!, rim: rim! });
const glass = ([sigma, reach, times]: Numbers) => ({ sigma: sigma!, reach: reach!, times: times! });
const motion = ([radius, sigma]: Numbers) => ({ radius: radius!, sigma: sigma! });
const zoom = ([stop, step]: Numbers) => ({ stop: stop!, step: step! });
const snow = ([mean, spread, zoom, threshold, radius, sigma, keep]: Numbers) => ({
  mean: mean!,
  spread: spread!,
  zoom: zoom!,
  threshold: threshold!,
  radius: radius!,
  sigma: sigma!,
  keep: keep!,
});
const frost = ([picture, ice]: Numbers) => ({ picture: picture!, ice: ice! });
const fog = ([thickness, decay]: Numbers) => ({ thickness: thickness!, decay: decay! });
const elastic = ([alpha, sigma, affine]: Numbers) => ({ alpha: alpha!, sigma: sigma!, affine: affine! });
const spatter =
  (liquid: (row: Numbers) => "water" | "mud") =>
  (row: Numbers): Constants["spatter"] => {
    const [mean, spread, sigma, threshold, strength] = row;
    return {
      mean: mean!,
      spread: spread!,
      sigma: sigma!,
      threshold: threshold!,
      strength: strength!,
      liquid: liquid(row),
    };
  };
const liquid = spatter(([, , , , , mud]) => (mud === 1 ? "mud" : "water"));
const saturate = ([factor, offset]: Numbers) => ({ factor: factor!, offset: offset! });

export const constants: Readonly<Record<ConstantsName, ConstantsTable>> = {
  cifar: {
    gaussian_noise: [0.04, 0.06, 0.08, 0.09, 0.1],
    shot_noise: [500, 250, 100, 75, 50],
    impulse_noise: [0.01, 0.02, 0.03, 0.05, 0.07],
    defocus_blur: five(defocus, [0.3, 0.4], [0.4, 0.5], [0.5, 0.6], [1, 0.2], [1.5, 0.1]),
    glass_blur: five(glass, [0.05, 1, 1], [0.25, 1, 1], [0.4, 1, 1], [0.25, 1, 2], [0.4, 1, 2]),
    motion_blur: five(motion, [6, 1], [6, 1.5], [6, 2], [8, 2], [9, 2.5]),
    zoom_blur: five(zoom, [1.06, 0.01], [1.11, 0.01], [1.16, 0.01], [1.21, 0.01], [1.26, 0.01]),
    snow: five(
      snow,
      [0.1, 0.2, 1, 0.6, 8, 3, 0.95],
      [0.1, 0.2, 1, 0.5, 10, 4, 0.9],
      [0.15, 0.3, 1.75, 0.55, 10, 4, 0.9],
      [0.25, 0.3, 2.25, 0.6, 12, 6, 0.85],
      [0.3, 0.3, 1.25, 0.65, 14, 12, 0.8],
    ),
    frost: five(frost, [1, 0.2], [1, 0.3], [0.9, 0.4], [0.85, 0.4], [0.75, 0.45]),
    fog: five(fog, [0.2, 3], [0.5, 3], [0.75, 2.5], [1, 2], [1.5, 1.75]),
    brightness: [0.05, 0.1, 0.15, 0.2, 0.3],
    contrast: [0.75, 0.5, 0.4, 0.3, 0.15],
    elastic_transform: five(
      elastic,
      [0, 0, 0.08],
      [0.05, 0.2, 0.07],
      [0.08, 0.06, 0.06],
      [0.1, 0.04, 0.05],
      [0.1, 0.03, 0.03],
    ),
    pixelate: [0.95, 0.9, 0.85, 0.75, 0.65],
    jpeg_compression: [80, 65, 58, 50, 40],
    speckle_noise: [0.06, 0.1, 0.12, 0.16, 0.2],
    gaussian_blur: [0.4, 0.6, 0.7, 0.8, 1],
    spatter: five(
      liquid,
      [0.62, 0.1, 0.7, 0.7, 0.5, 0],
      [0.65, 0.1, 0.8, 0.7, 0.5, 0],
      [0.65, 0.3, 1, 0.69, 0.5, 0],
      [0.65, 0.1, 0.7, 0.69, 0.6, 1],
      [0.65, 0.1, 0.5, 0.68, 0.6, 1],
    ),
    saturate: five(saturate, [0.3, 0], [0.1, 0], [1.5, 0], [2, 0.1], [2.5, 0.2]),
  },
  imagenet: {
    gaussian_noise: [0.08, 0.12, 0.18, 0.26, 0.38],
    shot_noise: [60, 25, 12, 5, 3],
    impulse_noise: [0.03, 0.06, 0.09, 0.17, 0.27],
    defocus_blur: five(defocus, [3, 0.1], [4, 0.5], [6, 0.5], [8, 0.5], [10, 0.5]),
    glass_blur: five(glass, [0.7, 1, 2], [0.9, 2, 1], [1, 2, 3], [1.1, 3, 2], [1.5, 4, 2]),
    motion_blur: five(motion, [10, 3], [15, 5], [15, 8], [15, 12], [20, 15]),
    zoom_blur: five(zoom, [1.11, 0.01], [1.16, 0.01], [1.21, 0.02], [1.26, 0.02], [1.31, 0.03]),
    snow: five(
      snow,
      [0.1, 0.3, 3, 0.5, 10, 4, 0.8],
      [0.2, 0.3, 2, 0.5, 12, 4, 0.7],
      [0.55, 0.3, 4, 0.9, 12, 8, 0.7],
      [0.55, 0.3, 4.5, 0.85, 12, 8, 0.65],
      [0.55, 0.3, 2.5, 0.85, 12, 12, 0.55],
    ),
    frost: five(frost, [1, 0.4], [0.8, 0.6], [0.7, 0.7], [0.65, 0.7], [0.6, 0.75]),
    fog: five(fog, [1.5, 2], [2, 2], [2.5, 1.7], [2.5, 1.5], [3, 1.4]),
    brightness: [0.1, 0.2, 0.3, 0.4, 0.5],
    contrast: [0.4, 0.3, 0.2, 0.1, 0.05],
    elastic_transform: five(
      elastic,
      [2, 0.7, 0.1],
      [2, 0.08, 0.2],
      [0.05, 0.01, 0.02],
      [0.07, 0.01, 0.02],
      [0.12, 0.01, 0.02],
    ),
    pixelate: [0.6, 0.5, 0.4, 0.3, 0.25],
    jpeg_compression: [25, 18, 15, 10, 7],
    speckle_noise: [0.15, 0.2, 0.35, 0.45, 0.6],
    gaussian_blur: [1, 2, 3, 4, 6],
    spatter: five(
      liquid,
      [0.65, 0.3, 4, 0.69, 0.6, 0],
      [0.65, 0.3, 3, 0.68, 0.6, 0],
      [0.65, 0.3, 2, 0.68, 0.5, 0],
      [0.65, 0.3, 1, 0.65, 1.5, 1],
      [0.67, 0.4, 1, 0.65, 1.5, 1],
    ),
    saturate: five(saturate, [0.3, 0], [0.1, 0], [2, 0], [5, 0.1], [20, 0.2]),
  },
};
