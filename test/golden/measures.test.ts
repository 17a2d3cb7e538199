import { describe, expect, test } from "vitest";
import { table3Recovered } from "../../src/experiments/paper/tables.ts";
import { pacBayesInit, pacBayesOrig, sharpnessInit, sharpnessOrig } from "../../src/measures/bounds.ts";
import {
  pacBayesMagInit,
  pacBayesMagOrig,
  sharpnessMagInit,
  sharpnessMagOrig,
} from "../../src/measures/bounds-magnitude.ts";
import { reported } from "../../src/measures/reported.ts";
import { verifies } from "../spec.ts";
import { golden } from "./read.ts";

describe("the eight measures against NumPy", () => {
  const { w, w0, m, omega, eps, sigma, alpha, sigma_mag, alpha_mag, delta, values } = golden.measures;
  const sumSq = (x: number[]): number => x.reduce((total, v) => total + v * v, 0);
  const [normSq, distanceSq] = [sumSq(w), sumSq(w.map((x, i) => x - w0[i]!))];

  type Constant = "radius" | "delta";
  const measures: Record<string, (constant: Constant) => number> = {
    pacbayes_init: (constant) => pacBayesInit({ distanceSq, sigma, m }, { constant, delta }),
    pacbayes_orig: (constant) => pacBayesOrig({ normSq, sigma, m }, { constant, delta }),
    sharpness_init: (constant) => sharpnessInit({ distanceSq, omega, alpha, m }, { constant, delta }),
    sharpness_orig: (constant) => sharpnessOrig({ normSq, omega, alpha, m }, { constant, delta }),
    pacbayes_mag_init: (constant) =>
      pacBayesMagInit({ w, w0, sigma: sigma_mag, m }, { constant, delta, eps }),
    pacbayes_mag_orig: (constant) =>
      pacBayesMagOrig({ w, w0, sigma: sigma_mag, m }, { constant, delta, eps }),
    sharpness_mag_init: (constant) =>
      sharpnessMagInit({ w, w0, alpha: alpha_mag, m }, { constant, delta, eps }),
    sharpness_mag_orig: (constant) =>
      sharpnessMagOrig({ w, w0, alpha: alpha_mag, m }, { constant, delta, eps }),
  };

  const agree = (name: string): void => {
    for (const [constant, suffix] of [
      ["radius", "log_sigma"],
      ["delta", "log_delta"],
    ] as const) {
      const { raw, reported_sqrt_x_over_m } = values[`${name}_${suffix}`]!;
      const x = measures[name]!(constant);
      expect(Math.abs(x - raw)).toBeLessThan(1e-13 * raw);
      expect(reported(x, m).value).toBeCloseTo(reported_sqrt_x_over_m, 15);
    }
  };
  verifies("QGen.eq.15", "PAC-Bayes-Init, with both constants", () => agree("pacbayes_init"));
  verifies("QGen.eq.16", "PAC-Bayes-Orig, with both constants", () => agree("pacbayes_orig"));
  verifies("QGen.eq.17", "Sharpness-Init, with both constants", () => agree("sharpness_init"));
  verifies("QGen.eq.18", "Sharpness-Orig, with both constants", () => agree("sharpness_orig"));
  verifies("QGen.eq.19", "PAC-Bayes-Mag-Init, with both constants", () => agree("pacbayes_mag_init"));
  verifies("QGen.eq.20", "PAC-Bayes-Mag-Orig, with both constants", () => agree("pacbayes_mag_orig"));
  verifies("QGen.eq.21", "Sharpness-Mag-Init, with both constants", () => agree("sharpness_mag_init"));
  verifies("QGen.eq.22", "Sharpness-Mag-Orig, with both constants", () => agree("sharpness_mag_orig"));

  test("covers every value of the file", () => {
    const names = Object.keys(measures).flatMap((name) => [`${name}_log_sigma`, `${name}_log_delta`]);
    expect(Object.keys(values).sort()).toEqual(names.sort());
  });
});

describe("Table 3 from the norms of Table 2 and the radii recovered from it", () => {
  const rows = table3Recovered().map((row) => ({
    ...row,
    normSq: row.weight_norm_table2 ** 2,
    m: row.m_used,
    omega: row.omega_used,
    sigma: row.sigma_recovered,
    alpha: row.alpha_recovered,
  }));
  type Row = (typeof rows)[number];

  /** In how many rows √(x/m) is what is printed, to a unit of the third decimal. */
  function agreeing(measure: (row: Row) => number, printed: (row: Row) => number): Row[] {
    const far = (row: Row): number => Math.abs(reported(measure(row), row.m).value! - printed(row));
    return rows.filter((row) => far(row) <= 0.001 + 1e-9);
  }
  const pacMatches = rows.filter(({ pac_match }) => pac_match);
  const sharpMatches = rows.filter(({ sharp_match }) => sharp_match);

  verifies("QGen.tab.3", "√(x/m) reproduces 35 of 40 printed cells of PAC-Bayes-Orig, and which", () => {
    expect(agreeing(pacBayesOrig, (row) => row.pacbayes_orig_printed)).toEqual(pacMatches);
    expect([pacMatches.length, rows.length]).toEqual([35, 40]);
  });

  verifies("QGen.tab.3", "√(x/m) reproduces 35 of 40 printed cells of Sharpness-Orig, and which", () => {
    expect(agreeing(sharpnessOrig, (row) => row.sharpness_orig_printed)).toEqual(sharpMatches);
    expect(sharpMatches).toHaveLength(35);
  });

  verifies(
    "QGen.eq.18",
    "with the derived 2 log(2ω/δ) in place of log(2ω), no cell of Sharpness-Orig is hit",
    () => {
      const derived = (row: Row): number => sharpnessOrig(row, { form: "derived" });
      expect(agreeing(derived, (row) => row.sharpness_orig_printed)).toEqual([]);
    },
  );

  verifies("QGen.eq.16", "log(m/δ) in place of log(m/σ) changes no cell by as much as 0.0002", () => {
    for (const row of rows) {
      const values = (["radius", "delta"] as const).map(
        (constant) => reported(pacBayesOrig(row, { constant }), row.m).value!,
      );
      expect(Math.abs(values[0]! - values[1]!)).toBeLessThan(2e-4);
    }
  });
});
