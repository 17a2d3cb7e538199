/**
 * Figures as SVG, drawn by Vega without a browser.
 *
 * @packageDocumentation
 */

import type { Spec } from "vega";
import type { TopLevelSpec } from "vega-lite";
import { escaped } from "./html.ts";

export interface Figure {
  /** Of the file and of the anchor. */
  readonly id: string;
  readonly heading: string;
  /** What one should see. */
  readonly caption: string;
  /** For those who cannot see it. */
  readonly alt: string;
  /** For the page: takes its text colour from where it stands. */
  readonly inline: string;
  /** For a file of its own: dark text on white. */
  readonly standalone: string;
}

export type Drawing = Omit<Figure, "inline" | "standalone"> &
  ({ readonly spec: TopLevelSpec } | { readonly vega: Spec });

/** Vega takes a second to load, so it is loaded where there is something to draw. */
export async function draw(drawings: readonly Drawing[]): Promise<Figure[]> {
  if (drawings.length === 0) return [];
  const [vega, vegaLite] = await Promise.all([import("vega"), import("vega-lite")]);
  // Names inside a drawing are numbered: from zero again for the same bytes, and not again between the figures of a page.
  vega.resetSVGDefIds();
  const figures: Figure[] = [];
  for (const drawn of drawings) {
    const { id, heading, caption, alt } = drawn;
    const spec = "vega" in drawn ? drawn.vega : vegaLite.compile(drawn.spec).spec;
    const view = new vega.View(vega.parse(spec), { renderer: "none" });
    const svg = await view.toSVG();
    view.finalize();
    // Never larger than drawn, so that text has one size in all figures.
    const width = /width="([\d.]+)"/.exec(svg)?.[1] ?? "800";
    const label = `<svg role="img" aria-label="${escaped(alt)}"`;
    figures.push({
      id,
      heading,
      caption,
      alt,
      inline: svg.replace("<svg", `${label} style="max-width:${width}px"`),
      standalone: svg.replace("<svg", `${label} style="background:#fff;color:#1c2024"`),
    });
  }
  return figures;
}
