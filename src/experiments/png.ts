/**
 * Drawings as pixels.
 *
 * @packageDocumentation
 */

/** An SVG on white, twice as large as drawn. The rasterizer is loaded where there is something to draw. */
export async function pngOf(svg: string): Promise<Uint8Array> {
  const { Resvg } = await import("@resvg/resvg-js");
  const image = new Resvg(svg, {
    background: "#ffffff",
    fitTo: { mode: "zoom", value: 2 },
    font: { loadSystemFonts: true, defaultFontFamily: "DejaVu Sans" },
  });
  return image.render().asPng();
}
