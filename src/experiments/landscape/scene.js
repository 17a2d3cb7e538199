/**
 * Surfaces in three dimensions, as flat shapes. Plain JavaScript without imports, because the page contains this very
 * text; static drawings call the same functions.
 *
 * @packageDocumentation
 */

/** @typedef {{ readonly type: "linear" | "log", readonly low: number, readonly high: number, readonly ticks: readonly number[] }} LossScale Of heights and colours, the same for all panels. */
/** @typedef {{ readonly label: string, readonly n: number, readonly range: number, readonly losses: readonly (number | null)[] }} Panel Losses row by row; null where one is not finite. */
/** @typedef {{ readonly turn: number, readonly tilt: number }} View Angles in radians: around the vertical, and down from the horizon. */
/**
 * @typedef {{ readonly kind: "face", readonly at: readonly number[], readonly fill: string, readonly stroke: string }
 *   | { readonly kind: "line", readonly at: readonly number[], readonly strong: boolean }
 *   | { readonly kind: "text", readonly x: number, readonly y: number, readonly text: string, readonly anchor: "start" | "middle" | "end" }} Primitive
 */

/** @type {View} */
export const firstView = { turn: 0.65, tilt: 0.5 };

/** From the floor to the ceiling, where a side of the floor is 2. */
const HEIGHT = 1.35;
const palette = ["#3b2f80", "#3a5a9b", "#2a83a2", "#2fa898", "#6cc77a", "#bedd5c", "#fbe04b"].map((hex) =>
  [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)),
);

/**
 * Where a loss lies on the scale, 0 to 1; one that is not finite, or beyond the scale, at its end.
 * @type {(scale: LossScale, loss: number | null) => number}
 */
export function fractionOf({ type, low, high }, loss) {
  if (loss === null || !Number.isFinite(loss)) return 1;
  const at = type === "log" ? Math.log : (/** @type {number} */ x) => x;
  const t = (at(Math.max(loss, low)) - at(low)) / (at(high) - at(low));
  return Math.min(Math.max(t, 0), 1);
}

/**
 * The colour at a fraction of the scale, `light` times as bright.
 * @type {(t: number, light?: number) => string}
 */
export function colorAt(t, light = 1) {
  const place = Math.min(Math.max(t, 0), 1) * (palette.length - 1);
  const k = Math.min(Math.floor(place), palette.length - 2);
  const [from, to] = [palette[k] ?? [], palette[k + 1] ?? []];
  const channels = from.map((c, i) => {
    const mixed = (c + ((to[i] ?? c) - c) * (place - k)) * light;
    return Math.round(Math.min(Math.max(mixed, 0), 255))
      .toString(16)
      .padStart(2, "0");
  });
  return `#${channels.join("")}`;
}

/**
 * A panel as flat shapes, from the farthest to the nearest: each covers those before it.
 * @type {(panel: Panel, scale: LossScale, view: View, size: { width: number, height: number }) => Primitive[]}
 */
export function scene({ n, range, losses }, scale, { turn, tilt }, { width, height }) {
  const [sin, cos, up, down] = [Math.sin(turn), Math.cos(turn), Math.cos(tilt), Math.sin(tilt)];
  const size = Math.min((width - 56) / 2.83, (height - 34) / 2.9);
  /** @type {(x: number, y: number, t: number) => [number, number]} */
  const project = (x, y, t) => [
    width / 2 + 8 + size * (x * cos - y * sin),
    height / 2 - size * ((t - 0.5) * HEIGHT * up + (x * sin + y * cos) * down),
  ];
  /** @type {Primitive[]} */
  const shapes = [];
  /** @type {(strong: boolean, ...points: (readonly [number, number, number])[]) => void} */
  const line = (strong, ...points) => {
    shapes.push({ kind: "line", at: points.flatMap(([x, y, t]) => project(x, y, t)), strong });
  };
  // The two walls at the back.
  const [bx, by] = [sin < 0 ? -1 : 1, cos < 0 ? -1 : 1];
  line(true, [-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0], [-1, -1, 0]);
  for (const side of [-0.5, 0, 0.5]) {
    line(false, [side, -1, 0], [side, 1, 0]);
    line(false, [-1, side, 0], [1, side, 0]);
  }
  const [left] = [project(bx, -by, 0), project(-bx, by, 0)].sort(([a], [b]) => a - b);
  const atLeft = left?.[0] === project(bx, -by, 0)[0] ? [bx, -by] : [-bx, by];
  const [lx, ly] = [atLeft[0] ?? 0, atLeft[1] ?? 0];
  for (const tick of scale.ticks) {
    const t = fractionOf(scale, tick);
    line(false, [bx, -by, t], [bx, by, t], [-bx, by, t]);
    const [x, y] = project(lx, ly, t);
    shapes.push({ kind: "text", x: x - 5, y: y + 3.5, text: String(tick), anchor: "end" });
  }
  line(true, [lx, ly, 0], [lx, ly, 1]);

  const t = losses.map((loss) => fractionOf(scale, loss));
  const coordinate = (/** @type {number} */ i) => (2 * i) / (n - 1) - 1;
  const order = (/** @type {boolean} */ descending) =>
    Array.from({ length: n - 1 }, (_, i) => (descending ? n - 2 - i : i));
  for (const i of order(sin > 0))
    for (const j of order(cos > 0)) {
      const corners = [i * n + j, (i + 1) * n + j, (i + 1) * n + j + 1, i * n + j + 1];
      const [p, q, r, s] = corners.map((k) => t[k] ?? 0);
      const [t0, t1, t2, t3] = [p ?? 0, q ?? 0, r ?? 0, s ?? 0];
      // The slopes along x and y; light comes from the left and from behind the reader.
      const steep = (HEIGHT * (n - 1)) / 4;
      const [dx, dy] = [steep * (t1 + t2 - t0 - t3), steep * (t2 + t3 - t0 - t1)];
      const [vx, vy] = [-(dx * cos - dy * sin), -(dx * sin + dy * cos)];
      const light = 0.72 + 0.34 * ((-0.5 * vx - 0.45 * vy + 0.75) / Math.hypot(dx, dy, 1));
      const mean = (t0 + t1 + t2 + t3) / 4;
      const at = [
        ...project(coordinate(i), coordinate(j), t0),
        ...project(coordinate(i + 1), coordinate(j), t1),
        ...project(coordinate(i + 1), coordinate(j + 1), t2),
        ...project(coordinate(i), coordinate(j + 1), t3),
      ];
      shapes.push({ kind: "face", at, fill: colorAt(mean, light), stroke: colorAt(mean, light * 0.86) });
    }

  // Names and ends of both directions, along the edges in front.
  const out = 1.17;
  for (const [at, text] of /** @type {[number, string][]} */ ([
    [-1, `−${range}`],
    [0, "d₁"],
    [1, `${range}`],
  ])) {
    const [x, y] = project(at * 0.8, -by * out, 0);
    shapes.push({ kind: "text", x, y: y + 6, text, anchor: "middle" });
    const [u, v] = project(-bx * out, at * 0.8, 0);
    shapes.push({ kind: "text", x: u, y: v + 6, text: text.replace("₁", "₂"), anchor: "middle" });
  }
  return shapes;
}
