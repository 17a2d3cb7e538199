/**
 * Axes that a figure fixes itself, so that labels can be placed beside what they name.
 *
 * @packageDocumentation
 */

export interface Axis {
  readonly type: "linear" | "log";
  readonly domain: readonly [low: number, high: number];
  readonly ticks: readonly number[];
}

/** An axis around some numbers, with room at both ends; logarithmic where asked for and possible. */
export function axisOf(numbers: readonly number[], wanted: Axis["type"]): Axis {
  const [min, max] = [Math.min(...numbers), Math.max(...numbers)];
  const type = wanted === "log" && min > 0 ? "log" : "linear";
  if (type === "log") {
    const room = Math.max(1.12, (max / min) ** 0.06);
    const domain = [min / room, max * room] as const;
    const ticks = logTicks(domain);
    // Numbers that lie close together may have none of the usual ticks between them.
    return { type, domain, ticks: ticks.length < 2 ? linearTicks(domain) : ticks };
  }
  const room = Math.max((max - min) * 0.08, Math.abs(max) * 0.02, 1e-6);
  const domain = [min - room, max + room] as const;
  return { type, domain, ticks: linearTicks(domain) };
}

function logTicks([low, high]: readonly [number, number]): number[] {
  const decades = Math.log10(high / low);
  const steps = decades > 3 ? [1] : decades > 1.5 ? [1, 3] : [1, 2, 3, 5, 7];
  const first = Math.floor(Math.log10(low));
  return Array.from({ length: Math.ceil(decades) + 2 }, (_, i) => first + i)
    .flatMap((exponent) => steps.map((step) => Number(`${step}e${exponent}`)))
    .filter((tick) => tick >= low && tick <= high);
}

function linearTicks([low, high]: readonly [number, number]): number[] {
  const raw = (high - low) / 5;
  const exponent = Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((s) => s * 10 ** exponent >= raw)!;
  const first = Math.ceil(low / (step * 10 ** exponent));
  const last = Math.floor(high / (step * 10 ** exponent));
  return Array.from({ length: last - first + 1 }, (_, i) => Number(`${(first + i) * step}e${exponent}`));
}

/**
 * Where to put labels that belong at `values`, so that no two are closer than `gap` pixels on an axis `height`
 * pixels high: as little moved as this simple rule allows, in the order of their values.
 */
export function spread(
  values: readonly number[],
  { type, domain }: Axis,
  height: number,
  gap = 15,
): number[] {
  const at = type === "log" ? Math.log : (x: number): number => x;
  const back = type === "log" ? Math.exp : (x: number): number => x;
  const [low, high] = [at(domain[0]), at(domain[1])];
  const pixels = values.map((value) => ((at(value) - low) / (high - low)) * height);
  const order = values.map((_, i) => i).sort((a, b) => pixels[a]! - pixels[b]!);
  // Labels that touch become a block, centred on where its members want to be.
  const blocks: { members: number[]; center: number }[] = [];
  for (const i of order) {
    let block = { members: [i], center: pixels[i]! };
    for (;;) {
      const below = blocks.at(-1);
      const touches =
        below && block.center - below.center < (gap * (block.members.length + below.members.length)) / 2;
      if (!touches) break;
      blocks.pop();
      const members = [...below.members, ...block.members];
      block = { members, center: members.reduce((sum, j) => sum + pixels[j]!, 0) / members.length };
    }
    blocks.push(block);
  }
  const placed = [...values];
  for (const { members, center } of blocks)
    members.forEach((i, k) => {
      const pixel = center + (k - (members.length - 1) / 2) * gap;
      placed[i] = back(low + (pixel / height) * (high - low));
    });
  return placed;
}

/** The axis as an encoding of Vega-Lite; every layer of a figure has to say the same. */
export const encoded = (field: string, { type, domain, ticks }: Axis, title: string | null) => ({
  field,
  type: "quantitative" as const,
  scale: { type, domain: [...domain], nice: false },
  axis: { title, values: [...ticks], format: type === "log" ? "~r" : "~g" },
});
