/** What a reader would call the precision: FP32, Int8, … */
export const precisionName = (bits: number): string => (bits === 32 ? "FP32" : `Int${bits}`);

/** The same of a run; W4A4 where activations are quantized too. */
export const precisionOf = ({
  bits,
  policy: { activations },
}: {
  readonly bits: number;
  readonly policy: { readonly activations?: number };
}): string => (activations === undefined ? precisionName(bits) : `W${bits}A${activations}`);
