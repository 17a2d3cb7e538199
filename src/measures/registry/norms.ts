import { log } from "../../tensor/math.ts";
import {
  inverseMargin,
  logProduct,
  logSum,
  overMargin,
  sumOfRatios,
  sumOfSquares,
} from "../norm-measures.ts";
import { define, type Measure } from "./measure.ts";
import type { Values } from "./needs.ts";

const jiang = (equation: number): string => `Jiang et al. 2019, eq. ${equation}`;
const dziugaite = "Dziugaite et al. 2020";

/** Logarithms are reported as ½ (x − log m). */
const scale = "log";

/** The measures that are made of spectral norms: of the layers as matrices, or as convolutions. */
function spectralMeasures(
  spec: "spectral" | "circular",
  distance: "spectralDistance" | "circularDistance",
  suffix: string,
  kind: string,
): readonly Measure[] {
  const product = (x: Pick<Values, "spectral" | "circular" | "margin">): number =>
    logProduct(x[spec]) + overMargin(x.margin);
  return [
    define({
      id: `log_prod_of_spec${suffix}`,
      name: `log of the product of squared ${kind}`,
      source: jiang(32),
      needs: [spec],
      scale,
      compute: (x) => logProduct(x[spec]),
    }),
    define({
      id: `log_prod_of_spec_over_margin${suffix}`,
      name: `log of the product of squared ${kind} over γ²`,
      source: jiang(31),
      needs: [spec, "margin"],
      scale,
      compute: (x) => product(x),
    }),
    define({
      id: `log_spec_init_main${suffix}`,
      name: `log of the product of squared ${kind} over γ², times Σ ‖w_l − w₀_l‖_F² / ‖w_l‖₂²`,
      source: jiang(29),
      needs: [spec, "frobeniusDistance", "margin"],
      scale,
      compute: (x) => product(x) + log(sumOfRatios(x.frobeniusDistance, x[spec])),
    }),
    define({
      id: `log_spec_orig_main${suffix}`,
      name: `log of the product of squared ${kind} over γ², times Σ ‖w_l‖_F² / ‖w_l‖₂²`,
      source: jiang(30),
      needs: [spec, "frobenius", "margin"],
      scale,
      compute: (x) => product(x) + log(sumOfRatios(x.frobenius, x[spec])),
    }),
    define({
      id: `fro_over_spec${suffix}`,
      name: `sum of stable ranks, from ${kind}`,
      source: jiang(33),
      needs: [spec, "frobenius"],
      compute: (x) => sumOfRatios(x.frobenius, x[spec]),
    }),
    define({
      id: `log_sum_of_spec${suffix}`,
      name: `log of d times the geometric mean of squared ${kind}`,
      source: jiang(35),
      needs: [spec],
      scale,
      compute: (x) => logSum(x[spec]),
    }),
    define({
      id: `log_sum_of_spec_over_margin${suffix}`,
      name: `log of d times the geometric mean of squared ${kind}, over γ^(2/d)`,
      source: jiang(34),
      needs: [spec, "margin"],
      scale,
      compute: (x) => logSum(x[spec], x.margin),
    }),
    define({
      id: `dist_spec_init${suffix}`,
      name: `sum of squared ${kind} of the distances`,
      source: jiang(41),
      needs: [distance],
      compute: (x) => sumOfSquares(x[distance]),
    }),
  ];
}

/** What Dziugaite et al. (2020) compute besides flatness, under the names that their code has. */
export const normMeasures: readonly Measure[] = [
  define({
    id: "l2",
    name: "‖w‖",
    source: dziugaite,
    needs: ["normSq"],
    compute: ({ normSq }) => Math.sqrt(normSq),
  }),
  define({
    id: "l2_dist",
    name: "‖w − w₀‖",
    source: dziugaite,
    needs: ["distanceSq"],
    compute: ({ distanceSq }) => Math.sqrt(distanceSq),
  }),
  define({
    id: "params",
    name: "number of weights",
    source: jiang(20),
    needs: ["omega"],
    compute: ({ omega }) => omega,
  }),
  define({
    id: "inverse_margin",
    name: "1/γ²",
    source: jiang(22),
    needs: ["margin"],
    compute: ({ margin }) => inverseMargin(margin),
  }),
  ...spectralMeasures("spectral", "spectralDistance", "", "spectral norms"),
  ...spectralMeasures("circular", "circularDistance", "_fft", "spectral norms as convolutions"),
  define({
    id: "log_prod_of_fro",
    name: "log of the product of squared Frobenius norms",
    source: jiang(37),
    needs: ["frobenius"],
    scale,
    compute: ({ frobenius }) => logProduct(frobenius),
  }),
  define({
    id: "log_prod_of_fro_over_margin",
    name: "log of the product of squared Frobenius norms over γ²",
    source: jiang(36),
    needs: ["frobenius", "margin"],
    scale,
    compute: ({ frobenius, margin }) => logProduct(frobenius) + overMargin(margin),
  }),
  define({
    id: "log_sum_of_fro",
    name: "log of d times the geometric mean of squared Frobenius norms",
    source: jiang(39),
    needs: ["frobenius"],
    scale,
    compute: ({ frobenius }) => logSum(frobenius),
  }),
  define({
    id: "log_sum_of_fro_over_margin",
    name: "log of d times the geometric mean of squared Frobenius norms, over γ^(2/d)",
    source: jiang(38),
    needs: ["frobenius", "margin"],
    scale,
    compute: ({ frobenius, margin }) => logSum(frobenius, margin),
  }),
  define({
    id: "fro_dist",
    name: "sum of squared Frobenius norms of the distances",
    source: jiang(40),
    needs: ["frobeniusDistance"],
    compute: ({ frobeniusDistance }) => sumOfSquares(frobeniusDistance),
  }),
  define({
    id: "param_norm",
    name: "sum of squared Frobenius norms",
    source: jiang(42),
    needs: ["frobenius"],
    compute: ({ frobenius }) => sumOfSquares(frobenius),
  }),
  define({
    id: "path_norm",
    name: "path norm",
    source: jiang(44),
    needs: ["pathNorm"],
    compute: ({ pathNorm }) => pathNorm,
  }),
  define({
    id: "path_norm_over_margin",
    name: "path norm over γ²",
    source: jiang(43),
    needs: ["pathNorm", "margin"],
    compute: ({ pathNorm, margin }) => pathNorm * inverseMargin(margin),
  }),
];
