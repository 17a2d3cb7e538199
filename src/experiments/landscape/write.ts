import { rmSync } from "node:fs";
import { join } from "node:path";
import { writeAtomic } from "../files.ts";
import { pngOf } from "../png.ts";
import { type Drawing, draw } from "../report/figures.ts";
import { fixed } from "../report/format.ts";
import { contours } from "./contours.ts";
import { page } from "./page.ts";
import { surfacesSvg } from "./panels.ts";
import { profiles } from "./profiles.ts";
import type { LossScale } from "./scene.js";
import { type Group, groupsOf, lossScale, panelOf, type Surface, spansDecades } from "./surfaces.ts";
import { wordsOf } from "./words.ts";

export interface LandscapeReport {
  readonly html: string;
  /** The content of `landscape.json`. */
  readonly json: string;
  readonly words: readonly string[];
  readonly surfaces: readonly Surface[];
}

/** Which weights are displaced. */
export const about: Readonly<Record<Group["on"], string>> = {
  dequantized: "the weights that the networks compute with",
  latent: "the latent weights, quantized again at every point",
};

/** What a drawing of some surfaces shows, for those who cannot see it. */
export const altOf = (kind: string, { surfaces }: Group): string =>
  `${kind} of the loss: ${surfaces.map(({ label, shape }) => `${label} ${fixed(shape.center, 3)} in the centre, at most ${fixed(shape.highest, 3)}`).join("; ")}.`;

const fromAbove = (group: Group, scale: LossScale): Drawing => ({
  id: `contours-${group.id}`,
  heading: `From above, displaced: ${about[group.on]}`,
  caption: "Lines of equal loss, at the same levels in all panels. The cross is the network itself.",
  alt: altOf("Contours", group),
  vega: contours(group.surfaces.map(panelOf), scale),
});

const alongEach = (group: Group, type: LossScale["type"]): Drawing => ({
  id: `profiles-${group.id}`,
  heading: `Along ${group.surfaces[0]!.settings.grid.axes === 1 ? "one direction" : "each direction alone"}, displaced: ${about[group.on]}`,
  caption:
    group.surfaces[0]!.settings.grid.axes === 1
      ? "At 0 is the network itself."
      : "The middle row and the middle column of the surfaces.",
  alt: altOf("Profiles", group),
  spec: profiles(group.surfaces, type),
});

/** The scales of the height, and which of them shows more. */
export function scalesOf(surfaces: readonly Surface[]) {
  const ticks = { linear: lossScale(surfaces, "linear", 4), log: lossScale(surfaces, "log", 4) };
  return { ticks, first: spansDecades(ticks.linear) ? ("log" as const) : ("linear" as const) };
}

/**
 * Writes the page, the drawings and the numbers of some surfaces. The same surfaces give the same bytes, of the PNG files
 * as far as the fonts of the machine are the same.
 *
 * @throws Complaint where the directory cannot be written
 */
export async function writeLandscape(
  surfaces: readonly Surface[],
  { directory, command }: { readonly directory: string; readonly command: string },
): Promise<LandscapeReport> {
  const title = "The loss around trained networks";
  const { ticks, first } = scalesOf(surfaces);
  const groups = groupsOf(surfaces);
  const levels = lossScale(surfaces, first, 12);
  const lines = surfaces[0]!.settings.grid.axes === 1;
  const figures = await draw(
    groups.flatMap((group) => [...(lines ? [] : [fromAbove(group, levels)]), alongEach(group, first)]),
  );
  const solid = (lines ? [] : groups).map((group) => ({
    id: `surfaces-${group.id}`,
    svg: surfacesSvg(group.surfaces.map(panelOf), ticks[first], altOf("Surfaces", group)),
  }));
  const drawings = [...solid, ...figures.map(({ id, standalone }) => ({ id, svg: standalone }))];
  const words = wordsOf(surfaces);
  const json = `${JSON.stringify({ title, command, surfaces: surfaces.map(numbersOf), words }, null, 2)}\n`;
  const contents: [name: string, content: string | Uint8Array][] = [["landscape.json", json]];
  for (const { id, svg } of drawings) {
    contents.push([`figures/${id}.svg`, svg], [`figures/${id}.png`, await pngOf(svg)]);
  }
  const files = contents.map(([name]) => name);
  const document = page({ title, command, surfaces, scales: ticks, first, figures, words, files });
  for (const [name, content] of [...contents, ["landscape.html", document] as const])
    writeAtomic(join(directory, name), content);
  // Of an earlier landscape in this place: what this one does not have.
  for (const kind of ["surfaces", "contours", "profiles"])
    for (const on of ["dequantized", "latent"])
      for (const type of ["svg", "png"])
        if (!files.includes(`figures/${kind}-${on}.${type}`))
          rmSync(join(directory, "figures", `${kind}-${on}.${type}`), { force: true });
  return { html: join(directory, "landscape.html"), json, words, surfaces };
}

/** A number that is not finite is null. */
const numbersOf = ({ label, run, settings, file, shape, clipped }: Surface) => ({
  label,
  bits: run.config.bits,
  ...settings,
  shape,
  clipped,
  points: file,
});
