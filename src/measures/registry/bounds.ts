import { flatness, pacBayesInit, pacBayesOrig, sharpnessInit, sharpnessOrig } from "../bounds.ts";
import {
  type MagnitudeOptions,
  pacBayesMagInit,
  pacBayesMagOrig,
  sharpnessMagInit,
  sharpnessMagOrig,
} from "../bounds-magnitude.ts";
import { define, type Measure } from "./measure.ts";

const jiang = (equation: number): string => `Jiang et al. 2019, eq. ${equation}`;

/** The eight measures of Table 3, under the names of its columns, and the four that are their radii alone. */
export const boundMeasures = (options: Partial<MagnitudeOptions> = {}): readonly Measure[] => [
  define({
    id: "pacbayes_init",
    name: "PAC-Bayes, init",
    equation: "QGen.eq.15",
    source: jiang(48),
    needs: ["distanceSq", "sigma", "m"],
    compute: (x) => pacBayesInit(x, options),
  }),
  define({
    id: "pacbayes_orig",
    name: "PAC-Bayes, orig",
    equation: "QGen.eq.16",
    source: jiang(49),
    needs: ["normSq", "sigma", "m"],
    compute: (x) => pacBayesOrig(x, options),
  }),
  define({
    id: "pacbayes_mag_init",
    name: "PAC-Bayes, mag-init",
    equation: "QGen.eq.19",
    source: jiang(56),
    needs: ["w", "w0", "sigmaPrime", "m"],
    compute: ({ sigmaPrime: sigma, ...x }) => pacBayesMagInit({ ...x, sigma }, options),
  }),
  define({
    id: "pacbayes_mag_orig",
    name: "PAC-Bayes, mag-orig",
    equation: "QGen.eq.20",
    source: jiang(57),
    needs: ["w", "w0", "sigmaPrime", "m"],
    compute: ({ sigmaPrime: sigma, ...x }) => pacBayesMagOrig({ ...x, sigma }, options),
  }),
  define({
    id: "sharpness_init",
    name: "sharpness, init",
    equation: "QGen.eq.17",
    source: jiang(51),
    needs: ["distanceSq", "omega", "alpha", "m"],
    compute: (x) => sharpnessInit(x, options),
  }),
  define({
    id: "sharpness_orig",
    name: "sharpness, orig",
    equation: "QGen.eq.18",
    source: jiang(52),
    needs: ["normSq", "omega", "alpha", "m"],
    compute: (x) => sharpnessOrig(x, options),
  }),
  define({
    id: "sharpness_mag_init",
    name: "sharpness, mag-init",
    equation: "QGen.eq.21",
    source: jiang(59),
    needs: ["w", "w0", "alphaPrime", "m"],
    compute: ({ alphaPrime: alpha, ...x }) => sharpnessMagInit({ ...x, alpha }, options),
  }),
  define({
    id: "sharpness_mag_orig",
    name: "sharpness, mag-orig",
    equation: "QGen.eq.22",
    source: jiang(60),
    needs: ["w", "w0", "alphaPrime", "m"],
    compute: ({ alphaPrime: alpha, ...x }) => sharpnessMagOrig({ ...x, alpha }, options),
  }),
  define({
    id: "pacbayes_flatness",
    name: "PAC-Bayes flatness, 1/σ²",
    source: jiang(53),
    needs: ["sigma"],
    compute: ({ sigma }) => flatness(sigma),
  }),
  define({
    id: "sharpness_flatness",
    name: "sharpness flatness, 1/α²",
    source: jiang(54),
    needs: ["alpha"],
    compute: ({ alpha }) => flatness(alpha),
  }),
  define({
    id: "pacbayes_mag_flatness",
    name: "PAC-Bayes flatness in proportion to the weights, 1/σ'²",
    source: jiang(61),
    needs: ["sigmaPrime"],
    compute: ({ sigmaPrime }) => flatness(sigmaPrime),
  }),
  define({
    id: "sharpness_mag_flatness",
    name: "sharpness flatness in proportion to the weights, 1/α'²",
    source: jiang(62),
    needs: ["alphaPrime"],
    compute: ({ alphaPrime }) => flatness(alphaPrime),
  }),
];
