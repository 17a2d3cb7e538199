/** What a reader would call the precision: FP32, Int8, … */
export const precisionName = (bits: number): string => (bits === 32 ? "FP32" : `Int${bits}`);
