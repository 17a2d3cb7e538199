import type { Interval, Summary } from "./statistics.ts";

/** A number with so many decimals and a true minus sign. Zero has no sign. */
export function fixed(x: number, digits: number): string {
  const text = Math.abs(x).toFixed(digits);
  return x < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** The same, with a plus sign before positive numbers. */
export const signed = (x: number, digits: number): string => {
  const text = fixed(x, digits);
  return x > 0 && Number(text) !== 0 ? `+${text}` : text;
};

/** About three significant digits, however small or large. */
export const short = (x: number): string => {
  if (x === 0 || !Number.isFinite(x)) return String(x);
  const exponent = Math.floor(Math.log10(Math.abs(x)));
  return exponent < -4 || exponent > 5
    ? `${fixed(x / 10 ** exponent, 1)} × 10${superscript(exponent)}`
    : fixed(x, Math.max(0, 2 - exponent));
};

/** A fraction as a percentage with two significant digits. */
export function percent(x: number): string {
  const value = 100 * x;
  if (value === 0) return "0%";
  if (Math.abs(value) < 0.001) return "less than 0.001%";
  return `${fixed(value, Math.max(0, 1 - Math.floor(Math.log10(Math.abs(value)))))}%`;
}

const superscript = (n: number): string =>
  [...String(n)].map((digit) => (digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]!)).join("");

/** `0.131 ± 0.012`; a single number has no spread. */
export const meanSd = ({ mean, sd }: Summary, digits: number): string =>
  sd === null ? fixed(mean, digits) : `${fixed(mean, digits)} ± ${fixed(sd, digits)}`;

/** `3 seeds`, `one seed` */
export const count = (n: number, noun: string, plural = `${noun}s`): string =>
  n === 1 ? `one ${noun}` : `${n.toLocaleString("en-US")} ${plural}`;

/** `a, b and c` */
export const listed = (items: readonly (string | number)[]): string =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;

/** `+0.101 to +0.161`, on one line. */
export const range = (low: number, high: number, digits: number): string =>
  `${signed(low, digits)} to ${signed(high, digits)}`.replaceAll(" ", "\u00a0");

/**
 * `+0.131 (95% interval +0.101 to +0.161, 5 seeds)`
 *
 * @param noun - what was repeated
 */
export function intervalText(
  { n, mean, low, high }: Interval,
  digits: number,
  unit = "",
  noun = "seed",
): string {
  const spread =
    low === null || high === null
      ? `one ${noun}, so no interval`
      : `95% interval ${range(low, high, digits)}, ${count(n, noun)}`;
  return `${signed(mean, digits)}${unit} (${spread})`;
}

/** `2 h 5 min`, `3 min 20 s`, `4.2 s` */
export function duration(seconds: number): string {
  if (seconds < 59.95) return `${fixed(seconds, 1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60).toLocaleString("en-US")} h ${minutes % 60} min`;
}
