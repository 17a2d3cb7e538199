import type { PaperRef } from "../../paper.ts";
import { type Reported, reported, type Scale } from "../reported.ts";
import { Missing, type NeedName, type Needs, type Values } from "./needs.ts";

/** A number that is hoped to go with how well a network generalizes. */
export interface Measure {
  readonly id: string;
  readonly name: string;
  /** The equation of the paper that it is, if it is one. */
  readonly equation: PaperRef | null;
  /** Where it comes from. */
  readonly source: string;
  readonly needs: readonly NeedName[];
  /** How its raw value is reported. */
  readonly scale: Scale;
  /** Is a smaller value a flatter (or simpler) network? */
  readonly lowerIsFlatter: boolean;
  /** The raw value. */
  compute(needs: Needs): Promise<number>;
}

interface Definition<Name extends NeedName> {
  readonly id: string;
  readonly name: string;
  readonly equation?: PaperRef;
  readonly source: string;
  readonly needs: readonly Name[];
  /** √(x/m) unless given. */
  readonly scale?: Scale;
  /** `true` unless given. */
  readonly lowerIsFlatter?: boolean;
  /** The raw value, from what it needs and nothing else. */
  compute(values: Pick<Values, Name>): number;
}

/** A measure that asks for its needs all at once. */
export const define = <Name extends NeedName>(definition: Definition<Name>): Measure => ({
  equation: null,
  scale: "root",
  lowerIsFlatter: true,
  ...definition,
  async compute(needs) {
    const values = definition.needs.map(async (name) => [name, await needs[name]()] as const);
    return definition.compute(Object.fromEntries(await Promise.all(values)) as Pick<Values, Name>);
  },
});

export interface Measured {
  readonly measure: Measure;
  /** `null` where it could not be computed: `reason` says why. */
  readonly reported: Reported | null;
  readonly reason?: string;
}

/**
 * All measures, one after the other. One that lacks a need or cannot be computed (`Missing`, `RangeError`) does not
 * stop the others; any other error does.
 */
export async function measureAll(measures: readonly Measure[], needs: Needs): Promise<readonly Measured[]> {
  const m = await needs.m();
  const all: Measured[] = [];
  for (const measure of measures)
    try {
      all.push({ measure, reported: reported(await measure.compute(needs), m, measure.scale) });
    } catch (error) {
      if (!(error instanceof Missing || error instanceof RangeError)) throw error;
      all.push({ measure, reported: null, reason: error.message });
    }
  return all;
}
