import { log } from "../tensor/math.ts";
import { count } from "./bounds.ts";

/** How a raw value x becomes the number that is compared between networks. */
export type Scale =
  /** √(x/m) */
  | "root"
  /** ½ (x − log m): √(x/m) for an x that is a logarithm already */
  | "log"
  /** x */
  | "raw";

export interface Reported {
  /** x */
  readonly raw: number;
  /** `null` where x is below 0, or no number: it has no root. */
  readonly value: number | null;
  /** What is out of the ordinary with it. */
  readonly flag: "negative" | "infinite" | "undefined" | null;
}

/**
 * √(x/m), by which the paper compares its measures; x < 0 has none and is flagged.
 *
 * @param m - number of training images
 * @implements QGen.tab.3
 */
export function reported(raw: number, m: number, scale: Scale = "root"): Reported {
  count("reported", "m", m);
  if (Number.isNaN(raw)) return { raw, value: null, flag: "undefined" };
  if (scale === "root" && raw < 0) return { raw, value: null, flag: "negative" };
  const value = { root: Math.sqrt(raw / m), log: (raw - log(m)) / 2, raw }[scale];
  return { raw, value, flag: Number.isFinite(value) ? null : "infinite" };
}
