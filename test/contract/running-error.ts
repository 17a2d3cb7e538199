/**
 * Running error analysis (Wilkinson): numbers in float64, each with a bound on how far the same computation,
 * done in a lower precision, can be from it.
 */

export interface Approximate {
  readonly value: number;
  readonly error: number;
}

/** The exact number. */
export const exactly = (value: number): Approximate => ({ value, error: 0 });

/** Arithmetic that rounds every result with unit roundoff u. */
export function arithmetic(u: number) {
  const underflow = u === 2 ** -24 ? 2 ** -149 : 2 ** -1074;
  const rounded = (value: number, error: number): Approximate => ({
    value,
    error: error + u * (Math.abs(value) + error) + underflow,
  });
  return {
    /** A constant that is rounded before use. */
    constant: (value: number): Approximate => rounded(value, 0),
    add: (a: Approximate, b: Approximate) => rounded(a.value + b.value, a.error + b.error),
    sub: (a: Approximate, b: Approximate) => rounded(a.value - b.value, a.error + b.error),
    mul: (a: Approximate, b: Approximate) =>
      rounded(
        a.value * b.value,
        Math.abs(a.value) * b.error + Math.abs(b.value) * a.error + a.error * b.error,
      ),
    div(a: Approximate, b: Approximate) {
      const least = Math.abs(b.value) - b.error;
      const value = a.value / b.value;
      return rounded(value, least > 0 ? (a.error + Math.abs(value) * b.error) / least : Infinity);
    },
    sqrt({ value, error }: Approximate) {
      const root = Math.sqrt(value);
      return rounded(
        root,
        error < value ? error / (root + Math.sqrt(value - error)) : Math.sqrt(value + error),
      );
    },
  };
}
