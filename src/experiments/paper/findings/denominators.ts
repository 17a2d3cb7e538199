import { log } from "../../../tensor/math.ts";
import { fixed, listed } from "../../report/format.ts";
import { nameOf } from "../blocks.ts";
import { type Finding, holdsIf, tally } from "../finding.ts";
import { lastDigit, type Recovery } from "../radii.ts";
import { type Table3Row, table3 } from "../tables.ts";
import { shift } from "./initial-weights.ts";

/** m (a² − b²), and how far rounding of both cells may have moved it. */
function gapOf(m: number, a: number, b: number): { value: number; error: number } {
  return { value: m * (a ** 2 - b ** 2), error: 2 * m * lastDigit * (a + b) };
}

/**
 * With one denominator, the sums of Mag-Init and Mag-Orig differ by (ω/4) log(‖w − w₀‖²/‖w‖²) and nothing else
 * (ε² is negligible).
 */
function sharedDenominator(rows: readonly Recovery[]): Finding {
  const slack = 0.01;
  const checks = rows
    .filter(({ sigma }) => sigma.matches)
    .flatMap((row) => {
      const { norm, m, omega, cells } = row;
      const { value, error } = shift(row);
      const at = (s: number): number => (omega / 4) * log(1 + s / norm ** 2);
      const expected = at(value);
      const uncertain = Math.abs(at(value + error) - expected) + slack * Math.abs(expected);
      const columns = [
        ["PAC-Bayes", cells.pacbayes_mag_init, cells.pacbayes_mag_orig],
        ["Sharpness", cells.sharpness_mag_init, cells.sharpness_mag_orig],
      ] as const;
      return columns.map(([column, init, orig]) => {
        const found = gapOf(m, init, orig);
        const agrees = Math.abs(found.value - expected) <= found.error + uncertain;
        return { name: `${nameOf(row)} ${column}`, found: found.value, expected, agrees };
      });
    });
  const agreeing = tally(checks, ({ agrees }) => agrees);
  const examples = checks.filter(({ agrees }) => agrees).slice(0, 1);
  const others = checks.filter(({ agrees }) => !agrees);
  return {
    id: "shared-denominator",
    where: "Eq. 19 to 22",
    claim: "|w_i − w_i⁰|² in the denominators of all four, those of Orig too",
    says: [
      `With one denominator, m (Mag-Init² − Mag-Orig²) is (ω/4) log(‖w − w₀‖²/‖w‖²) whatever the radius is. It is, within rounding and ${fixed(100 * slack, 0)}%, in ${agreeing} of ${checks.length} pairs of cells.`,
      ...examples.map(
        ({ name, found, expected }) =>
          `For example ${name}: ${fixed(found, 0)} against ${fixed(expected, 0)}.`,
      ),
      ...(others.length > 0 ? [`It is not in ${listed(others.map(({ name }) => name))}.`] : []),
      ...(agreeing > others.length
        ? ["What looks like a slip of the pen in eq. 20 and 22 is what was computed."]
        : []),
    ],
    verdict: holdsIf(agreeing > checks.length / 2),
    rule: "Holds where most pairs agree.",
    numbers: { pairs: checks.length, agreeing },
  };
}

const pairs = [
  ["PAC-Bayes", "pacbayes_init", "pacbayes_orig"],
  ["PAC-Bayes Mag", "pacbayes_mag_init", "pacbayes_mag_orig"],
  ["Sharpness", "sharpness_init", "sharpness_orig"],
  ["Sharpness Mag", "sharpness_mag_init", "sharpness_mag_orig"],
] as const satisfies readonly (readonly [string, keyof Table3Row, keyof Table3Row])[];

/** All four columns Init are above Orig, or all below: each has the sign of ‖w − w₀‖² − ‖w‖². */
function signs(): Finding {
  const rows = table3();
  const below = (row: Table3Row): string[] =>
    pairs.flatMap(([name, init, orig]) => (row[init] < row[orig] ? [name] : []));
  const broken = rows.filter((row) => below(row).length > 0 && below(row).length < pairs.length);
  return {
    id: "signs",
    where: "Table 3",
    claim: "Init, Orig, Mag-Init, Mag-Orig of one network",
    says: [
      `In all four pairs, Init is above Orig exactly where ‖w − w₀‖ > ‖w‖. In ${broken.length} of ${rows.length} rows the pairs contradict each other: ${listed(broken.map((row) => `${nameOf(row)} (${listed(below(row))} below, the others above)`))}.`,
    ],
    verdict: broken.length > 0 ? "inconsistent" : "holds",
    rule: "Inconsistent where a row has pairs of both signs.",
    numbers: { rows: rows.length, broken: broken.length },
  };
}

/** Init² / Orig² is ‖w − w₀‖²/‖w‖² in both plain pairs, but for a constant that is small. */
function ratios(): Finding {
  const rows = table3();
  const slack = 0.01;
  const checks = rows.map((row) => {
    const of = (init: number, orig: number): { value: number; error: number } => ({
      value: (init / orig) ** 2,
      error: 2 * (init / orig) ** 2 * (lastDigit / init + lastDigit / orig),
    });
    const [pac, sharp] = [
      of(row.pacbayes_init, row.pacbayes_orig),
      of(row.sharpness_init, row.sharpness_orig),
    ];
    const apart = Math.abs(pac.value - sharp.value);
    return { row, pac, sharp, agrees: apart <= pac.error + sharp.error + slack * pac.value };
  });
  const broken = checks.filter(({ agrees }) => !agrees);
  return {
    id: "ratios",
    where: "Table 3",
    claim: "Init and Orig of PAC-Bayes and of Sharpness",
    says: [
      `(Init/Orig)² is ‖w − w₀‖²/‖w‖² in both. The two differ by more than ${fixed(100 * slack, 0)}% and rounding in ${broken.length} of ${rows.length} rows: ${listed(broken.map(({ row, pac, sharp }) => `${nameOf(row)} (${fixed(pac.value, 3)} and ${fixed(sharp.value, 3)})`))}.`,
    ],
    verdict: broken.length > 0 ? "inconsistent" : "holds",
    rule: `Inconsistent where the two ratios of a row differ by more than ${fixed(100 * slack, 0)}% and rounding.`,
    numbers: { rows: rows.length, broken: broken.length },
  };
}

/** What the eight cells of a row owe each other. */
export const denominators = (rows: readonly Recovery[]): readonly Finding[] => [
  sharedDenominator(rows),
  signs(),
  ratios(),
];
