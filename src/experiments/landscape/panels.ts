import { escaped } from "../report/html.ts";
import { config } from "../report/look.ts";
import { firstView, type LossScale, type Panel, type Primitive, scene } from "./scene.js";

const [WIDTH, HEIGHT, HEAD] = [330, 280, 30];

const at = (points: readonly number[]): string =>
  points.reduce((text, x, k) => `${text}${k === 0 ? "M" : k % 2 === 0 ? "L" : " "}${x.toFixed(1)}`, "");

function markup(shape: Primitive): string {
  switch (shape.kind) {
    case "face":
      return `<path d="${at(shape.at)}Z" fill="${shape.fill}" stroke="${shape.stroke}"/>`;
    case "line":
      return `<path d="${at(shape.at)}" fill="none" stroke="currentColor" stroke-opacity="${shape.strong ? 0.55 : 0.22}"/>`;
    case "text":
      return `<text x="${shape.x.toFixed(1)}" y="${shape.y.toFixed(1)}" text-anchor="${shape.anchor}">${escaped(shape.text)}</text>`;
  }
}

/**
 * The surfaces side by side, as they first appear in the page, as a drawing of its own: dark text on white.
 *
 * @param most - panels in a row
 */
export function surfacesSvg(panels: readonly Panel[], scale: LossScale, alt: string, most = 4): string {
  const columns = Math.min(panels.length, most);
  const rows = Math.ceil(panels.length / columns);
  const [width, height] = [columns * WIDTH, rows * (HEIGHT + HEAD)];
  const drawn = panels.map((panel, k) => {
    const [x, y] = [(k % columns) * WIDTH, Math.floor(k / columns) * (HEIGHT + HEAD)];
    const shapes = scene(panel, scale, firstView, { width: WIDTH, height: HEIGHT }).map(markup);
    return `<g transform="translate(${x},${y})">
<text x="${WIDTH / 2}" y="22" text-anchor="middle" font-size="14" font-weight="600">${escaped(panel.label)}</text>
<g transform="translate(0,${HEAD})" stroke-width="0.6" stroke-linejoin="round">
${shapes.join("\n").replaceAll("<text", '<text stroke="none"')}
</g></g>`;
  });
  return `<svg role="img" aria-label="${escaped(alt)}" style="background:#fff;color:#1c2024" xmlns="http://www.w3.org/2000/svg" version="1.1" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${escaped(String(config.font))}" font-size="11.5" fill="currentColor">
${drawn.join("\n")}
</svg>
`;
}
