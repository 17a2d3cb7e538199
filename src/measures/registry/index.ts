/**
 * All measures. Each says which equation it is and what it needs; what several need is computed once.
 *
 * @packageDocumentation
 */

import type { MagnitudeOptions } from "../bounds-magnitude.ts";
import { boundMeasures } from "./bounds.ts";
import { curvatureMeasures } from "./curvature.ts";
import type { Measure } from "./measure.ts";
import { normMeasures } from "./norms.ts";

export { type Measure, type Measured, measureAll } from "./measure.ts";
export {
  lazily,
  Missing,
  type NeedName,
  type Needs,
  needNames,
  type Suppliers,
  type Values,
} from "./needs.ts";
export { type NeedOptions, type Network, needsOf } from "./network.ts";

/** All measures, with the choices of `options` in the bounds. */
export const measuresWith = (options: Partial<MagnitudeOptions> = {}): readonly Measure[] => [
  ...boundMeasures(options),
  ...normMeasures,
  ...curvatureMeasures,
];

/** All measures, as this project defines them. */
export const registry: readonly Measure[] = measuresWith();

/** The measures of these ids. */
export function measuresNamed(
  ids: readonly string[],
  from: readonly Measure[] = registry,
): readonly Measure[] {
  return ids.map((id) => {
    const found = from.find((measure) => measure.id === id);
    if (found === undefined)
      throw new RangeError(`there is no measure "${id}"; there are ${from.map((m) => m.id).join(", ")}`);
    return found;
  });
}
