/**
 * The radii behind Table 3: the norm of Table 2 goes into the formula, and the radius on the grid of the search
 * that comes nearest to the printed cell is looked for.
 *
 * @packageDocumentation
 */

import {
  type Architecture,
  ninWeights,
  resnetWeights,
  shortcutScales,
  weightCount,
  withoutShortcuts,
} from "./architectures.ts";
import { facts } from "./facts.ts";
import { cell, type Formula, type Ingredients, pacBayes, sharpness } from "./formula.ts";
import { type Network, type Table3Row, table2, table3 } from "./tables.ts";

/** The search halves [0, 2]: after 10 steps at most, every radius it tries is k/512. */
export const gridStep = 1 / 512;
export const highest = 2;
/** Table 3 has three decimals, of which the last is sometimes rounded and sometimes cut. */
export const lastDigit = 0.001;

/** A point of the grid, and how well it explains a cell. */
export interface Recovered {
  /** k of k/512. */
  readonly k: number;
  readonly radius: number;
  readonly printed: number;
  readonly predicted: number;
  /** How much the neighbour on the grid that is nearer would change the cell. */
  readonly spacing: number;
  /** To the last printed digit? */
  readonly matches: boolean;
}

/** The radius on the grid whose cell is nearest to the printed one. */
export function radiusBehind(
  printed: number,
  formula: Formula,
  of: Omit<Ingredients, "radius">,
  step = gridStep,
): Recovered {
  const at = (k: number): number => cell(formula, { ...of, radius: k * step });
  // A measure falls as its radius grows: bisect for the first cell that is not above the printed one.
  let [lower, upper] = [0, Math.round(highest / step)];
  while (upper - lower > 1) {
    const middle = (lower + upper) >> 1;
    if (at(middle) > printed) lower = middle;
    else upper = middle;
  }
  const off = (k: number): number => (k === 0 ? Number.POSITIVE_INFINITY : Math.abs(at(k) - printed));
  const k = off(lower) <= off(upper) ? lower : upper;
  const predicted = at(k);
  const matches = Math.abs(predicted - printed) <= lastDigit;
  return { k, radius: k * step, printed, predicted, spacing: predicted - at(k + 1), matches };
}

const classesOf: Readonly<Record<string, number>> = { "CIFAR-10": 10, "CIFAR-100": 100, "ImageNet-1K": 1000 };

/** The network that a row of Table 2 is about. */
export function architectureOf({ dataset, model }: Network): Architecture {
  const classes = classesOf[dataset]!;
  const [, depth, width] = /^NiN \((\d+)x(\d+)\)$/.exec(model) ?? [];
  if (depth !== undefined) return ninWeights(Number(depth), Number(width), classes);
  const blocks = model === "ResNet-18" ? 18 : 50;
  return dataset === "ImageNet-1K"
    ? resnetWeights(blocks, 64, classes, 7, "fan-out")
    : withoutShortcuts(resnetWeights(blocks, 16, classes, 3, "default"));
}

/** ω: all parameters with neither "bias" nor "bn" in their names. */
export const omegaOf = (architecture: Architecture): number =>
  weightCount(architecture) + shortcutScales(architecture);

/** The number of images that the ImageNet rows follow from. The finding on m shows that no other will do. */
export const imagenetM = 100_000;
export const mOf = ({ dataset }: Network): number =>
  dataset === "ImageNet-1K" ? imagenetM : facts().cifar_training_images;

/** A network that is in both tables. */
export interface Recovery extends Network {
  readonly architecture: Architecture;
  readonly norm: number;
  readonly m: number;
  readonly omega: number;
  readonly cells: Table3Row;
  readonly sigma: Recovered;
  readonly alpha: Recovered;
}

/** Every network of Table 2, with the radii of its cells in Table 3. */
export function recoveries(): readonly Recovery[] {
  const cells = table3();
  return table2().map((row) => {
    const { dataset, model, precision, weight_l2_norm: norm } = row;
    const own = cells.find(
      (other) => other.dataset === dataset && other.model === model && other.precision === precision,
    );
    if (own === undefined) throw new RangeError(`Table 3 has no ${dataset} ${model} ${precision}`);
    const architecture = architectureOf(row);
    const of = { squaredNorm: norm ** 2, m: mOf(row), omega: omegaOf(architecture) };
    return {
      dataset,
      model,
      precision,
      architecture,
      norm,
      m: of.m,
      omega: of.omega,
      cells: own,
      sigma: radiusBehind(own.pacbayes_orig, pacBayes, of),
      alpha: radiusBehind(own.sharpness_orig, sharpness, of),
    };
  });
}

/** How many of these cells a grid that has nothing to do with them would meet on average. */
export const byChance = (cells: readonly Recovered[]): number =>
  cells.reduce((total, { spacing }) => total + Math.min(1, (2 * lastDigit) / spacing), 0);
