/** The pixels and labels of batch i: a linear congruential generator, as README.md tells. */
export function batch(i: number): { images: Float32Array<ArrayBuffer>; labels: Int32Array } {
  let state = 1000 + i;
  const draw = (): number => {
    state = (1664525 * state + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
  const pixels = Float64Array.from({ length: 16 * 3 * 32 * 32 }, () => 4 * draw() - 2);
  const labels = Int32Array.from({ length: 16 }, () => Math.floor(10 * draw()));
  labels.forEach((y, n) => {
    const at = (n * 3 + (y % 3)) * 32 * 32;
    for (let k = at; k < at + 32 * 32; k++) pixels[k]! += 0.15 * (y - 4.5);
  });
  return { images: Float32Array.from(pixels), labels };
}
