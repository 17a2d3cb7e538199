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

type Spot = readonly [x: number, y: number];
type Line = NonNullable<Placed["leader"]>;

/** Points of a line, every few pixels. */
function pointsOf({ from, to }: Line): Spot[] {
  const steps = Math.max(1, Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) / 3));
  return Array.from({ length: steps + 1 }, (_, i) => [
    from[0] + (i / steps) * (to[0] - from[0]),
    from[1] + (i / steps) * (to[1] - from[1]),
  ]);
}

const enters = (line: Line, box: Box): boolean =>
  pointsOf(line).some(([x, y]) => x > box.left && x < box.right && y > box.top && y < box.bottom);

/** Do two lines meet? */
function meet(a: Line, b: Line): boolean {
  const side = (p: Spot, { from, to }: Line): number =>
    (to[0] - from[0]) * (p[1] - from[1]) - (to[1] - from[1]) * (p[0] - from[0]);
  return side(a.from, b) * side(a.to, b) <= 0 && side(b.from, a) * side(b.to, a) <= 0;
}

const around = ({ x, y }: { readonly x: number; readonly y: number }): Box => ({
  left: x - RADIUS,
  top: y - RADIUS,
  right: x + RADIUS,
  bottom: y + RADIUS,
});

/** A label at a place, with the length of its line. */
type Candidate = Placed & { readonly length: number };

/** Places around the marks of a label, the nearest first. */
function candidatesFor({ text, marks }: Label): Candidate[] {
  const half = widthOf(text) / 2;
  return marks
    .flatMap(({ x, y }) =>
      [0, 12, 24, 40, 60, 85, 115, 150, 200].flatMap((length) =>
        Array.from({ length: 16 }, (_, i): Candidate => {
          const [dx, dy] = [Math.cos((i * Math.PI) / 8), Math.sin((i * Math.PI) / 8)];
          const reach = RADIUS + 2 + length;
          // The middle of the label lies so far out that its box begins at that distance.
          const [cx, cy] = [x + dx * (reach + half), y + dy * (reach + HEIGHT / 2)];
          const box = { left: cx - half, right: cx + half, top: cy - HEIGHT / 2, bottom: cy + HEIGHT / 2 };
          const to: Spot = [
            Math.min(Math.max(x, box.left), box.right),
            Math.min(Math.max(y, box.top), box.bottom),
          ];
          const leader = length === 0 ? null : ({ from: [x + dx * RADIUS, y + dy * RADIUS], to } as const);
          return { text, box, leader, length };
        }),
      ),
    )
    .sort((a, b) => a.length - b.length);
}

interface Obstacles {
  /** Where labels may not lie, but lines to them may pass. */
  readonly lines?: readonly Box[];
  /** Where neither may. */
  readonly names?: readonly Box[];
}

/** A line that has to cross something, because marks crowd, counts as so many pixels. */
const CROSSING = 1000;

/** One label after the other at the nearest place that is free, and how far they are from their marks in all. */
function placeInOrder(labels: readonly Label[], frame: Box, { lines = [], names = [] }: Obstacles) {
  const placed: Candidate[] = [];
  let cost = 0;
  for (const label of labels) {
    const others = labels.filter((other) => other !== label).flatMap(({ marks }) => marks.map(around));
    const labelled = placed.map(({ box }) => box);
    const blocked = [...others, ...label.marks.map(around), ...lines, ...names, ...labelled];
    const open = candidatesFor(label).filter(
      ({ box }) =>
        box.left >= frame.left &&
        box.right <= frame.right &&
        box.top >= frame.top &&
        box.bottom <= frame.bottom &&
        !blocked.some((other) => overlap(box, other)),
    );
    const leaders = placed.flatMap(({ leader }) => leader ?? []);
    const clear = open.find(
      ({ box, leader }) =>
        !leaders.some((other) => enters(other, box)) &&
        (leader === null ||
          !(
            [...others, ...names, ...labelled].some((other) => enters(leader, other)) ||
            leaders.some((other) => meet(leader, other))
          )),
    );
    const chosen = clear ?? open[0];
    if (chosen === undefined) throw new RangeError(`there is no room for the label "${label.text}"`);
    cost += chosen.length + (clear === undefined ? CROSSING : 0);
    placed.push(chosen);
  }
  return { placed, cost };
}

/**
 * A place for each label, near its marks: the best of what some orders of placing them give.
 *
 * @param frame - where labels may lie
 * @throws RangeError where there is no room for a label
 */
export function placeLabels(labels: readonly Label[], frame: Box, obstacles: Obstacles = {}): Placed[] {
  const by = (key: (mark: Label["marks"][number]) => number): Label[] =>
    [...labels].sort((a, b) => key(a.marks[0]!) - key(b.marks[0]!));
  const orders = [labels, by(({ x }) => x), by(({ x }) => -x), by(({ y }) => y), by(({ y }) => -y)];
  const [best] = orders.map((order) => placeInOrder(order, frame, obstacles)).sort((a, b) => a.cost - b.cost);
  return labels.map(({ text }) => best!.placed.find((label) => label.text === text)!);
}
