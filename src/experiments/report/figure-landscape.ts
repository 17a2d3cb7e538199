import { surfacesSvg } from "../landscape/panels.ts";
import { groupsOf, panelOf } from "../landscape/surfaces.ts";
import { claimWords, orderWords } from "../landscape/words.ts";
import { about, altOf, type LandscapeReport, scalesOf } from "../landscape/write.ts";
import type { Figure } from "./figures.ts";

/** Figure 2, once for each kind of weights that are displaced: the loss around the networks of one seed. */
export function landscapeFigures({ surfaces }: LandscapeReport): Figure[] {
  const { ticks, first } = scalesOf(surfaces);
  return groupsOf(surfaces).map((group) => {
    const alt = altOf("Surfaces", group);
    const standalone = surfacesSvg(group.surfaces.map(panelOf), ticks[first], alt, 2);
    return {
      id: `figure-2-${group.id}`,
      heading: `Figure 2: the loss around the networks of one seed; displaced: ${about[group.on]}`,
      caption: [
        "One plane of random directions for all networks, filter by filter as long as the weights; one scale of the loss.",
        ...claimWords(group),
        ...orderWords(group),
      ].join(" "),
      alt,
      inline: standalone.replace(
        / style="[^"]*"/,
        ` style="max-width:${/width="(\d+)"/.exec(standalone)![1]}px"`,
      ),
      standalone,
    };
  });
}
