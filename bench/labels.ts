/** Places for the labels of marks in a drawing, so that none lies on another or on a mark. */

const HEIGHT = 14;
/** Widths of characters at 12 pixels, about those of common fonts. */
const widths: readonly (readonly [RegExp, number])[] = [
  [/[ijl.,:;'|]/u, 3.3],
  [/[ftr()\s·]/u, 4.4],
  [/[mwMW@%]/u, 10.9],
  [/[A-Z×+&√≤≥]/u, 8.2],
  [/[⁰-⁹²³¹]/u, 4.8],
];
const advance = (character: string): number => widths.find(([which]) => which.test(character))?.[1] ?? 7;
const RADIUS = 6;

/** The width that a text gets, in whatever font. */
export const widthOf = (text: string): number =>
  [...text].reduce((sum, character) => sum + advance(character), 0);

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Label {
  readonly text: string;
  /** The marks that it is about. */
  readonly marks: readonly { readonly x: number; readonly y: number }[];
}

export interface Placed {
  readonly text: string;
  readonly box: Box;
  /** Where a line to the label begins and ends; `null` where the label lies beside its mark. */
  readonly leader: {
    readonly from: readonly [number, number];
    readonly to: readonly [number, number];
  } | null;
}

const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** Does the segment from p to q, sampled every few pixels, meet the box? */
function crosses(p: readonly [number, number], q: readonly [number, number], box: Box): boolean {
  const steps = Math.max(1, Math.ceil(Math.hypot(q[0] - p[0], q[1] - p[1]) / 3));
  return Array.from({ length: steps + 1 }, (_, i) => i / steps).some((t) => {
    const [x, y] = [p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])];
    return x > box.left && x < box.right && y > box.top && y < box.bottom;
  });
}

const around = ({ x, y }: { readonly x: number; readonly y: number }): Box => ({
  left: x - RADIUS,
  top: y - RADIUS,
  right: x + RADIUS,
  bottom: y + RADIUS,
});

/**
 * Puts one label after the other at the nearest place that is free.
 *
 * @param frame - where labels may lie
 * @param lines - where they may not lie, but lines to them may pass
 * @param names - where neither may
 * @throws RangeError where there is no room for a label
 */
export function placeLabels(
  labels: readonly Label[],
  frame: Box,
  { lines = [], names = [] }: { readonly lines?: readonly Box[]; readonly names?: readonly Box[] } = {},
): Placed[] {
  const marks = labels.flatMap((label) => label.marks.map(around));
  const placed: Placed[] = [];
  for (const { text, marks: own } of labels) {
    const width = widthOf(text);
    const obstacles = [...marks, ...lines, ...names, ...placed.map(({ box }) => box)];
    const others = labels.filter((label) => label.text !== text).flatMap((label) => label.marks.map(around));
    const candidates = own
      .flatMap(({ x, y }) =>
        [0, 12, 24, 40, 60, 85, 115, 150, 200].flatMap((distance) =>
          Array.from({ length: 16 }, (_, i) => (i * Math.PI) / 8).map((angle) => {
            const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
            const reach = RADIUS + 2 + distance;
            // The middle of the label lies so far out that its box begins at that distance.
            const [cx, cy] = [x + dx * (reach + width / 2), y + dy * (reach + HEIGHT / 2)];
            const box = {
              left: cx - width / 2,
              right: cx + width / 2,
              top: cy - HEIGHT / 2,
              bottom: cy + HEIGHT / 2,
            };
            const from = [x + dx * RADIUS, y + dy * RADIUS] as const;
            const to = [
              Math.min(Math.max(x, box.left), box.right),
              Math.min(Math.max(y, box.top), box.bottom),
            ] as const;
            return { distance, box, leader: distance === 0 ? null : { from, to } };
          }),
        ),
      )
      .sort((a, b) => a.distance - b.distance);
    const open = candidates.filter(
      ({ box }) =>
        box.left >= frame.left &&
        box.right <= frame.right &&
        box.top >= frame.top &&
        box.bottom <= frame.bottom &&
        !obstacles.some((other) => overlap(box, other)),
    );
    const clear = open.find(
      ({ box, leader }) =>
        (leader === null ||
          ![...others, ...names, ...placed.map((p) => p.box)].some((other) =>
            crosses(leader.from, leader.to, other),
          )) &&
        !placed.some((p) => p.leader !== null && crosses(p.leader.from, p.leader.to, box)),
    );
    // Where marks crowd, a line has to cross something.
    const free = clear ?? open[0];
    if (free === undefined) throw new RangeError(`there is no room for the label "${text}"`);
    placed.push({ text, box: free.box, leader: free.leader });
  }
  return placed;
}
