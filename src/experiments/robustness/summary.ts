/**
 * What many numbers on corrupted images come to.
 *
 * @packageDocumentation
 */

import type { Metrics } from "../../nn/metrics.ts";
import type { CorruptionName } from "../corruptions/constants.ts";
import type { Cell, RobustRun } from "./measure.ts";

const meanOf = <T>(xs: readonly T[], of: (x: T) => number): number =>
  xs.reduce((sum, x) => sum + of(x), 0) / xs.length;

/** The corruptions among some cells, in their order. */
export const namesOf = (cells: readonly Cell[]): readonly CorruptionName[] => [
  ...new Set(cells.map(({ corruption }) => corruption)),
];

export interface Overall {
  readonly gap: number;
  readonly loss: number;
  readonly accuracy: number;
  /** Mean corruption error: of the errors at all severities, then of all corruptions. */
  readonly error: number;
}

/** Means over all severities, then over all corruptions. */
export function overall(cells: readonly Cell[]): Overall {
  const over = (of: (cell: Cell) => number): number =>
    meanOf(namesOf(cells), (name) =>
      meanOf(
        cells.filter(({ corruption }) => corruption === name),
        of,
      ),
    );
  const accuracy = over(({ accuracy }) => accuracy);
  return { gap: over(({ gap }) => gap), loss: over(({ loss }) => loss), accuracy, error: 1 - accuracy };
}

/**
 * Hendrycks and Dietterich's mean corruption error: of a corruption, the sum of the errors over the severities, divided by that
 * of a reference network; then the mean over the corruptions. `null` where the reference makes no error.
 *
 * @deviation Theirs is AlexNet, on ImageNet-C; here it is the network in full precision.
 */
export function relativeError(cells: readonly Cell[], reference: readonly Cell[]): number | null {
  const errors = (of: readonly Cell[], name: CorruptionName): number =>
    of.filter(({ corruption }) => corruption === name).reduce((sum, { accuracy }) => sum + 1 - accuracy, 0);
  const ratios = namesOf(cells).map((name) => errors(cells, name) / errors(reference, name));
  return ratios.length > 0 && ratios.every(Number.isFinite) ? meanOf(ratios, (x) => x) : null;
}

/**
 * Why small gaps of a network mean nothing: it gives about the same answer to every image, so that its losses are near ln K
 * wherever they are taken. `null` where it has learned something.
 */
export function degenerateNote({
  train,
  classes,
  cells,
}: Pick<RobustRun, "train" | "classes"> & { readonly cells: readonly Metrics[] }): string | null {
  const percent = (share: number): string => `${(100 * share).toFixed(0)}%`;
  const guessing = 1 / classes;
  const little = Math.min(2 * guessing, (1 + guessing) / 2);
  if (train.accuracy < little)
    return `accuracy on clean training images is below ${percent(little)}, where guessing has ${percent(guessing)}; what has learned next to nothing has a small gap, and it says nothing of generalization`;
  const chance = Math.log(classes);
  const flat = [train, ...cells].every(({ loss }) => Math.abs(loss - chance) < 0.05 * chance);
  return flat
    ? `every loss, clean or corrupted, is within 5% of ln ${classes} = ${chance.toFixed(3)}; what answers the same whatever it sees has a small gap, and it says nothing of generalization`
    : null;
}
