import { fixed, listed } from "../../report/format.ts";
import { initialSquaredNorm, shortcutScales } from "../architectures.ts";
import { nameOf } from "../blocks.ts";
import { type Finding, holdsIf, tally } from "../finding.ts";
import { pacBayes, squaredNormBehind } from "../formula.ts";
import { lastDigit, type Recovery } from "../radii.ts";

/** ‖w − w₀‖² − ‖w‖², from the columns Init and Orig and the radius that they share, with its uncertainty. */
export function shift({ norm, m, omega, sigma, cells }: Recovery): { value: number; error: number } {
  const of = { radius: sigma.radius, m, omega };
  const behind = (cell: number): number => squaredNormBehind(cell, pacBayes, of) - norm ** 2;
  const value = behind(cells.pacbayes_init);
  return { value, error: behind(cells.pacbayes_init + lastDigit) - value };
}

/** How far a shift may be from ‖w₀‖² where w and w₀ have nothing to do with each other: one part in fifty. */
const near = 0.02;

/** D² − W² is ‖w₀‖² of PyTorch's initialization. */
function freshStart(rows: readonly Recovery[]): Finding {
  const known = rows.filter(({ dataset, sigma }) => dataset !== "ImageNet-1K" && sigma.matches);
  const ratios = known.map((row) => ({
    row,
    ratio: shift(row).value / initialSquaredNorm(row.architecture),
  }));
  const close = tally(ratios, ({ ratio }) => Math.abs(ratio - 1) <= near);
  const first = ratios.find(({ row }) => row.model.startsWith("NiN"))!;
  const all = ratios.map(({ ratio }) => ratio);
  return {
    id: "initial-weights",
    where: "Section 4.1; Table 3",
    claim: "the network-at-initialization parameters as the … initialization tensors",
    says: [
      `The columns Init and Orig differ by ‖w − w₀‖² − ‖w‖² = ‖w₀‖² − 2 w·w₀. For the ${known.length} CIFAR networks whose σ is known, it is ${fixed(Math.min(...all), 3)} to ${fixed(Math.max(...all), 3)} times E‖w₀‖² of PyTorch’s default initialization, and within ${fixed(100 * near, 0)}% of it in ${close}.`,
      `For example ${nameOf(first.row)}: ${fixed(shift(first.row).value, 1)} against ${fixed(initialSquaredNorm(first.row.architecture), 1)}.`,
      ...(close === known.length
        ? [
            "So w₀ is a fresh random initialization, and the trained weights are nearly orthogonal to it at every precision. The shortcut convolutions of the ResNets are not counted.",
          ]
        : []),
    ],
    verdict: holdsIf(close > known.length / 2),
    rule: `Holds where most differences are within ${fixed(100 * near, 0)}% of E‖w₀‖².`,
    numbers: {
      networks: known.length,
      close,
      lowest: Math.min(...all),
      highest: Math.max(...all),
    },
  };
}

/** For ImageNet, where training started from published weights, the columns Init are about a random start. */
function imageNetStart(rows: readonly Recovery[]): Finding {
  const own = rows.filter(({ dataset }) => dataset === "ImageNet-1K");
  const said = own.map((row) => {
    const low = initialSquaredNorm(row.architecture);
    const high = low + shortcutScales(row.architecture);
    const { value } = shift(row);
    return { row, low, high, value, inside: low <= value && value <= high };
  });
  const [inside, outside] = [said.filter((s) => s.inside), said.filter((s) => !s.inside)];
  const text = ({ row, value }: (typeof said)[number]): string => `${nameOf(row)} ${fixed(value, 0)}`;
  const models = [...new Map(said.map((s) => [s.row.model, s])).values()];
  return {
    id: "imagenet-start",
    where: "Appendix B.1",
    claim: "We fine-tune the models from Pytorch pre-trained weights",
    says: [
      `E‖w₀‖² of a random torchvision network is ${listed(models.map(({ row, low, high }) => `${fixed(low, 0)} for ${row.model} (${fixed(high, 0)} with the scales of its shortcuts)`))}.`,
      `‖w − w₀‖² − ‖w‖² lies between in ${inside.length} of ${said.length}: ${listed(inside.map(text))}.`,
      ...(outside.length > 0 ? [`It does not in ${listed(outside.map(text))}.`] : []),
      ...(inside.length > outside.length
        ? [
            "So w₀ in their columns Init is a random initialization, not the weights that training started from.",
          ]
        : []),
    ],
    verdict: inside.length > said.length / 2 ? "inconsistent" : "holds",
    rule: "Inconsistent where most differences are those of a random start.",
    numbers: { networks: said.length, inside: inside.length },
  };
}

/** 25 is the base of which multiplier? */
function baseDepth(rows: readonly Recovery[]): Finding {
  const nin = rows.filter(({ model, sigma }) => model.startsWith("NiN") && sigma.matches);
  const off = nin.map((row) => Math.abs(shift(row).value / initialSquaredNorm(row.architecture) - 1));
  return {
    id: "base-depth",
    where: "Table 2, caption; Appendix B.1",
    claim: "the base depth is 25",
    says: [
      "Appendix B.1 calls 25 the base width.",
      `With 25 w channels in d blocks, E‖w₀‖² agrees with Table 3 within ${fixed(100 * Math.max(...off), 1)}% for all ${nin.length} NiN whose σ is known, and ω gives their cells of Sharpness-Orig: ${tally(nin, ({ alpha }) => alpha.matches)} of ${nin.length}.`,
    ],
    verdict: Math.max(...off) <= near ? "inconsistent" : "holds",
    rule: `Inconsistent where 25 as the width explains Table 3 within ${fixed(100 * near, 0)}%.`,
    numbers: { networks: nin.length, furthest: Math.max(...off) },
  };
}

/** Where the weights in the columns Init were at the start. */
export const initialWeights = (rows: readonly Recovery[]): readonly Finding[] => [
  freshStart(rows),
  imageNetStart(rows),
  baseDepth(rows),
];
