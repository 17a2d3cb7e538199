/**
 * The roofline as a drawing: what each kernel reaches, under what the machine allows.
 *
 * @packageDocumentation
 */

import { type Box, placeLabels, widthOf } from "./labels.ts";
import { type Family, families, type Part, type Point, parts, type Roofs, roofAt } from "./roof.ts";

const plot: Box = { left: 64, top: 72, right: 844, bottom: 512 };
const size = { width: 864, height: 568 };
const [ink, faint] = ["#24292f", "#8a9199"];
/** From Okabe and Ito's palette. */
const colors: Readonly<Record<Family, string>> = {
  product: "#0a7cc4",
  convolution: "#d55e00",
  map: "#0a9470",
};
const intensities = { from: 0.05, to: 200 };

const round = (value: number): string => Number(value.toFixed(1)).toString();
const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

function scalesFor(points: readonly Point[], roofs: Roofs) {
  const lowest = Math.min(...points.map(({ gflops }) => gflops), roofAt(roofs, intensities.from));
  const scale = (from: number, to: number, start: number, end: number) => (value: number) =>
    start + ((end - start) * Math.log(value / from)) / Math.log(to / from);
  const range = { from: lowest / 1.5, to: roofs.gflops * 2 };
  return {
    x: scale(intensities.from, intensities.to, plot.left, plot.right),
    y: scale(range.from, range.to, plot.bottom, plot.top),
    range,
  };
}
type Scales = ReturnType<typeof scalesFor>;

const words = (x: number, y: number, content: string, more = ""): string =>
  `<text x="${round(x)}" y="${round(y)}"${more && ` ${more}`}>${escaped(content)}</text>`;

/** Text of a width that does not depend on the font, about a middle. */
const label = (x: number, y: number, content: string): string =>
  `<text x="${round(x)}" y="${round(y)}" textLength="${round(widthOf(content))}" text-anchor="middle">${escaped(content)}</text>`;

/** 1, 2 and 5 times the powers of ten that lie in a range. */
const ticks = (from: number, to: number): number[] =>
  [-2, -1, 0, 1, 2, 3]
    .flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power))
    .filter((t) => t >= from && t <= to);

function axes({ x, y, range }: Scales): string[] {
  const tick = (value: number): string => Number(value.toPrecision(1)).toString();
  return [
    ...ticks(intensities.from, intensities.to).flatMap((t) => [
      `<line x1="${round(x(t))}" x2="${round(x(t))}" y1="${plot.top}" y2="${plot.bottom}" class="grid"/>`,
      words(x(t), plot.bottom + 20, tick(t), 'text-anchor="middle"'),
    ]),
    ...ticks(range.from, range.to).flatMap((t) => [
      `<line x1="${plot.left}" x2="${plot.right}" y1="${round(y(t))}" y2="${round(y(t))}" class="grid"/>`,
      words(plot.left - 8, y(t) + 4, tick(t), 'text-anchor="end"'),
    ]),
    words(
      (plot.left + plot.right) / 2,
      plot.bottom + 44,
      "operations for each byte of operands and results",
      'text-anchor="middle"',
    ),
    words(plot.left - 44, plot.top - 14, "10⁹ operations a second"),
  ];
}

const registers = ({ gflops }: Roofs): string =>
  `registers alone: ${gflops.toFixed(0)} · 10⁹ operations a second`;

/** The roof, and the parts of it that are aimed at. */
function roof({ x, y }: Scales, roofs: Roofs): string[] {
  const corner = roofs.gflops / roofs.gbps;
  const at = (intensity: number, share: number): string =>
    `${round(x(intensity))},${round(y(share * roofAt(roofs, intensity)))}`;
  const middle = Math.sqrt(intensities.from * corner);
  const slope =
    (Math.atan2(
      y(roofAt(roofs, corner)) - y(roofAt(roofs, intensities.from)),
      x(corner) - x(intensities.from),
    ) *
      180) /
    Math.PI;
  const [mx, my] = [x(middle), y(roofAt(roofs, middle)) - 10];
  return [
    `<polyline points="${[intensities.from, corner, intensities.to].map((i) => at(i, 1)).join(" ")}" class="roof"/>`,
    `<polyline points="${at(intensities.from, 0.7)} ${at(corner, 0.7)}" class="aim"/>`,
    `<polyline points="${at(corner, 0.9)} ${at(intensities.to, 0.9)}" class="aim"/>`,
    words(x(corner) + 12, y(roofs.gflops) - 9, registers(roofs)),
    words(
      mx,
      my,
      `copy: ${roofs.gbps.toFixed(0)} GB/s`,
      `text-anchor="middle" transform="rotate(${round(slope)} ${round(mx)} ${round(my)})"`,
    ),
  ];
}

function mark(part: Part, color: string, x: number, y: number): string {
  const at = `transform="translate(${round(x)} ${round(y)})" fill="${color}"`;
  switch (part) {
    case "forward":
      return `<circle r="4.5" ${at}/>`;
    case "to x":
      return `<path d="M-5 4.2 0-5 5 4.2Z" ${at}/>`;
    case "to w":
      return `<path d="M-4.2-4.2h8.4v8.4h-8.4Z" ${at}/>`;
  }
}

const familyWords: Readonly<Record<Family, string>> = {
  product: "products",
  convolution: "convolutions",
  map: "maps",
};
const partWords: Readonly<Record<Part, string>> = {
  forward: "value",
  "to x": "gradient to the input",
  "to w": "gradient to the weights",
};

function legend(): string[] {
  let x = plot.left - 39;
  const next = (drawn: string, text: string): string[] => {
    const parts = [
      `<g transform="translate(${x} ${plot.top - 44})">${drawn}</g>`,
      words(x + 10, plot.top - 40, text),
    ];
    x += 36 + widthOf(text);
    return parts;
  };
  return [
    ...families.flatMap((family) =>
      next(
        `<rect x="-5" y="-5" width="10" height="10" rx="2" fill="${colors[family]}"/>`,
        familyWords[family],
      ),
    ),
    ...parts.flatMap((part) => next(mark(part, faint, 0, 0), partWords[part])),
  ];
}

/** The drawing as SVG. */
export function rooflineFigure(points: readonly Point[], roofs: Roofs): string {
  const scales = scalesFor(points, roofs);
  const marks = points.map((point) => ({
    ...point,
    x: scales.x(point.intensity),
    y: scales.y(point.gflops),
  }));
  const layers = [...new Set(points.map(({ layer }) => layer))];
  const line: Box[] = Array.from({ length: 160 }, (_, i) => {
    const intensity = intensities.from * (intensities.to / intensities.from) ** ((i + 0.5) / 160);
    const x = scales.x(intensity);
    const aim = roofs.gbps * intensity < roofs.gflops ? 0.7 : 0.9;
    return [1, aim].map((share) => {
      const y = scales.y(share * roofAt(roofs, intensity));
      return { left: x - 4, right: x + 4, top: y - 3, bottom: y + 3 };
    });
  }).flat();
  const [left, bottom] = [scales.x(roofs.gflops / roofs.gbps) + 12, scales.y(roofs.gflops)];
  const name: Box = { left, right: left + widthOf(registers(roofs)), top: bottom - 24, bottom };
  const labels = placeLabels(
    layers.map((layer) => ({ text: layer, marks: marks.filter((m) => m.layer === layer) })),
    plot,
    { lines: line, names: [name] },
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="Roofline: the rate of each kernel against its operations for each byte moved">`,
    `<style>text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',Arial,sans-serif;fill:${ink}}.grid{stroke:${faint};stroke-opacity:.22}.roof{fill:none;stroke:${ink};stroke-width:1.8}.aim{fill:none;stroke:${ink};stroke-opacity:.6;stroke-dasharray:2 4}.leader{stroke:${faint};stroke-width:.8}</style>`,
    `<rect width="${size.width}" height="${size.height}" fill="#fff"/>`,
    ...axes(scales),
    ...roof(scales, roofs),
    ...labels.flatMap(({ leader }) =>
      leader === null
        ? []
        : [
            `<line x1="${round(leader.from[0])}" y1="${round(leader.from[1])}" x2="${round(leader.to[0])}" y2="${round(leader.to[1])}" class="leader"/>`,
          ],
    ),
    ...marks.map(({ part, family, x, y }) => mark(part, colors[family], x, y)),
    ...labels.map(({ text, box }) => label((box.left + box.right) / 2, box.bottom - 3, text)),
    ...legend(),
    "</svg>",
    "",
  ].join("\n");
}
