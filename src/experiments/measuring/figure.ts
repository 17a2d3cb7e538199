import type { TopLevelSpec } from "vega-lite";
import { config, looksOf } from "../report/look.ts";
import { letters, radiusNames } from "./radii.ts";
import { displacementWords } from "./settings.ts";
import type { Labelled } from "./text.ts";

const titles = {
  sigma: "Gaussian noise, σ",
  sigmaPrime: "in proportion to the weights, σ'",
  alpha: "worst case, α",
  alphaPrime: "in proportion to the weights, α'",
} as const;

/**
 * Every step of every search: the radius that was tried, and by how much the accuracy drops there. Where images that
 * were not looked at could not change the verdict, a bar spans what the drop may be.
 */
export function searchSteps(runs: readonly Labelled[], target: number): TopLevelSpec {
  const steps = runs.flatMap(({ label, measured }) =>
    radiusNames.flatMap((name) => {
      const radius = measured.radii[name];
      if ("reason" in radius) return [];
      return radius.trace.map((step, i) => ({
        network: label,
        search: titles[name],
        radius: step.radius,
        low: step.displacement.low,
        // A loss has no upper bound before all images were looked at.
        high: Number.isFinite(step.displacement.high) ? step.displacement.high : step.displacement.low,
        // What is certain: at least so much where the radius is too large, at most so much where it is too small.
        drop: step.verdict === "smaller" ? step.displacement.low : step.displacement.high,
        step: i + 1,
        // Bisection jumps: the last step is where it has come to.
        last: i === radius.trace.length - 1,
      }));
    }),
  );
  const { color, shape } = networkLook(runs);
  const x = {
    field: "radius",
    type: "quantitative",
    scale: { type: "log" },
    title: "radius",
    axis: { tickCount: 4, format: "~g" },
  } as const;
  return {
    config,
    data: { values: steps },
    facet: {
      field: "search",
      type: "nominal",
      sort: Object.values(titles),
      columns: 2,
      title: null,
      header: { labelColor: "currentColor", labelFontSize: 13 },
    },
    columns: 2,
    spec: {
      width: 330,
      height: 190,
      layer: [
        {
          mark: { type: "rule", strokeDash: [4, 4], color: "#8a9199" },
          encoding: { y: { datum: target, title: null } },
        },
        {
          mark: { type: "rule", strokeWidth: 1.2, opacity: 0.6 },
          encoding: {
            x,
            y: { field: "low", type: "quantitative", title: null },
            y2: { field: "high" },
            color,
          },
        },
        {
          mark: { type: "point", size: 42 },
          encoding: {
            x,
            y: { field: "drop", type: "quantitative", title: null },
            color,
            shape,
            fill: {
              condition: { ...color, test: "datum.last" },
              value: "transparent",
            },
          },
        },
      ],
    },
  } as TopLevelSpec;
}

/** The look of its precision, where each network has another one. */
function networkLook(runs: readonly Labelled[]) {
  const field = { field: "network", type: "nominal", title: null } as const;
  if (new Set(runs.map(({ bits }) => bits)).size === runs.length) {
    const { color, shape } = looksOf(runs.map(({ label, bits }) => ({ name: label, bits })));
    return { color: { ...field, scale: color.scale }, shape: { ...field, scale: shape.scale } };
  }
  const domain = runs.map(({ label }) => label);
  return {
    color: { ...field, scale: { domain, scheme: "category10" } },
    shape: { ...field, scale: { domain } },
  };
}

/** The radii that were found, for those who cannot see the figure. */
export function searchesAlt(runs: readonly Labelled[]): string {
  const ends = runs.map(({ label, measured }) => {
    const found = radiusNames.flatMap((name) => {
      const radius = measured.radii[name];
      return "reason" in radius ? [] : [`${letters[name]} = ${radius.radius}`];
    });
    return found.length > 0 ? `${label} ends at ${found.join(", ")}` : `${label} has none`;
  });
  return `Radii that were tried, with ${displacementWords[runs[0]!.measured.settings.displacement].title} at each: ${ends.join("; ")}.`;
}
