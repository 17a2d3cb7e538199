import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RunConfig } from "../../src/experiments/config.ts";
import { asImage } from "../../src/experiments/landscape/contours.ts";
import type { On } from "../../src/experiments/landscape/jobs.ts";
import { page } from "../../src/experiments/landscape/page.ts";
import { surfacesSvg } from "../../src/experiments/landscape/panels.ts";
import { profileOf } from "../../src/experiments/landscape/profiles.ts";
import {
  colorAt,
  firstView,
  fractionOf,
  type LossScale,
  type Panel,
  scene,
} from "../../src/experiments/landscape/scene.js";
import {
  groupsOf,
  labelsOf,
  lossScale,
  panelOf,
  type Surface,
} from "../../src/experiments/landscape/surfaces.ts";
import {
  claimWords,
  differenceWords,
  orderWords,
  warningWords,
  wordsOf,
} from "../../src/experiments/landscape/words.ts";
import type { TrainedRun } from "../../src/experiments/trained.ts";
import { type Grid, type Point, placesOf } from "../../src/measures/landscape.ts";
import { shapeOf } from "../../src/measures/surface-shape.ts";
import { verifies } from "../spec.ts";
import { elementsOf, parseMarkup, textOf } from "./report-markup.ts";
import { made } from "./report-runs.ts";

const grid: Grid = { axes: 2, n: 5, range: 1 };
const run = (bits: RunConfig["bits"], seed = 0, folder = `runs/${bits}-${seed}`): TrainedRun => {
  const result = made({ bits, seed });
  return { folder, config: result.config, result };
};

function surfaceWith(
  of: TrainedRun,
  on: On,
  loss: (a: number, b: number) => number,
  clipped: Surface["clipped"] = null,
): Surface {
  const points = placesOf(grid).map(
    (place): Point => ({ ...place, loss: loss(place.a, place.b), accuracy: 0.5 }),
  );
  const settings = {
    run: of.result.id,
    weights: "0",
    on,
    grid,
    seed: 0,
    normalization: "filter",
    images: 64,
    batchSize: 32,
    kernels: "simd",
  } as const;
  const [label] = labelsOf([of]);
  return {
    label: label!,
    run: of,
    settings,
    file: "points/x",
    points,
    shape: shapeOf(grid, points),
    clipped,
  };
}
const [fp32, int2] = [run(32), run(2)];
const bowl = (height: number) => (a: number, b: number) => 1 + (height / 2) * (a * a + b * b);
const three = [
  surfaceWith(fp32, "float", bowl(2)),
  surfaceWith(int2, "dequantized", bowl(4)),
  surfaceWith(int2, "latent", bowl(1), { center: 0.125, corners: 0.5 }),
];

describe("the names of runs", () => {
  test("are as short as tells them apart", () => {
    expect(labelsOf([fp32, int2])).toEqual(["FP32", "Int2"]);
    expect(labelsOf([fp32, run(2, 1), run(2, 3)])).toEqual(["FP32 seed 0", "Int2 seed 1", "Int2 seed 3"]);
    expect(labelsOf([run(2, 0, "a/x"), run(2, 0, "a/y")])).toEqual(["x", "y"]);
    expect(labelsOf([run(2, 0, "a/x"), run(2, 0, "b/x")])).toEqual(["a/x", "b/x"]);
  });
});

describe("the scale of the losses", () => {
  const losses = fc.array(fc.double({ min: 1e-4, max: 1e4, noNaN: true }), { minLength: 25, maxLength: 25 });

  test("is one for all surfaces: none has a loss below or above it, and its ticks are round and inside", () => {
    fc.assert(
      fc.property(losses, losses, fc.constantFrom("linear", "log"), (xs, ys, type) => {
        const from = (zs: number[]) => {
          let k = 0;
          return surfaceWith(fp32, "float", () => zs[k++]!);
        };
        const scale = lossScale([from(xs), from(ys)], type, 10);
        const all = [...xs, ...ys];
        expect([scale.low, scale.type]).toEqual([Math.min(...all), type]);
        expect(scale.high).toBeGreaterThanOrEqual(Math.max(...all));
        expect(scale.ticks.length).toBeGreaterThanOrEqual(2);
        expect(scale.ticks.length).toBeLessThanOrEqual(25);
        expect([...scale.ticks]).toEqual([...new Set(scale.ticks)].sort((a, b) => a - b));
        for (const tick of scale.ticks) {
          expect(tick).toBeGreaterThanOrEqual(scale.low);
          expect(tick).toBeLessThanOrEqual(scale.high);
          expect(tick.toExponential().length).toBeLessThanOrEqual(12);
        }
      }),
    );
  });

  test("has a loss that is not finite at its end, and does not stretch to it", () => {
    const scale = lossScale(
      [surfaceWith(fp32, "float", (a) => (a === 1 ? Number.NaN : a === -1 ? Infinity : 2 + a))],
      "linear",
      4,
    );
    expect([scale.low, scale.high]).toEqual([1.5, 2.5]);
    expect([null, Number.NaN, Infinity, 2.5, 2, 1.5, 0].map((loss) => fractionOf(scale, loss))).toEqual([
      1, 1, 1, 1, 0.5, 0, 0,
    ]);
    expect(fractionOf({ type: "log", low: 1, high: 100, ticks: [] }, 10)).toBeCloseTo(0.5, 12);
  });
});

describe("the drawings", () => {
  const linear = lossScale(three, "linear", 4);

  verifies(
    "QGen.fig.2",
    "contours have the first direction from left to right and the second upwards",
    () => {
      // Highest where d₁ is 1 and d₂ is −1: in the lower right corner.
      const panel = panelOf(surfaceWith(fp32, "float", (a, b) => 10 + 3 * a - 2 * b));
      const image = asImage(panel, { type: "linear", low: 0, high: 20, ticks: [] });
      const at = (column: number, row: number): number => 20 * image[row * 5 + column]!;
      expect([at(0, 0), at(4, 0), at(0, 4), at(4, 4)].map(Math.round)).toEqual([5, 11, 9, 15]);
      expect(at(3, 1)).toBeCloseTo(10 + 1.5 - 1, 12);
    },
  );

  const view = fc.record({
    turn: fc.double({ min: -7, max: 7, noNaN: true }),
    tilt: fc.double({ min: 0.1, max: 1.5, noNaN: true }),
  });
  const size = { width: 300, height: 260 };
  const faces = (panel: Panel, scale: LossScale, at: typeof firstView) =>
    scene(panel, scale, at, size).filter((shape) => shape.kind === "face");

  test("of a surface are painted from the farthest face to the nearest, however it is turned", () => {
    // A plain at the bottom of the scale: the nearer a face, the lower on the screen.
    const plain = panelOf(surfaceWith(fp32, "float", () => 0));
    fc.assert(
      fc.property(view, (at) => {
        const low: LossScale = { type: "linear", low: 0, high: 1, ticks: [] };
        const centers = faces(plain, low, at).map(({ at }) => at[1]! + at[3]! + at[5]! + at[7]!);
        expect(centers).toHaveLength(16);
        // A face is behind its neighbours in both directions: in each strip, faces come downwards.
        for (let i = 0; i < 4; i++)
          for (let j = 0; j < 3; j++) {
            expect(centers[4 * i + j + 1]).toBeGreaterThan(centers[4 * i + j]! - 1e-9);
            expect(centers[4 * (j + 1) + i]).toBeGreaterThan(centers[4 * j + i]! - 1e-9);
          }
      }),
    );
  });

  test("of a surface have a higher loss higher, in the colour of its height, and stay inside the panel", () => {
    fc.assert(
      fc.property(view, (at) => {
        for (const { points } of [three[0]!, three[1]!]) {
          const panel = { ...panelOf(three[0]!), losses: points.map(({ loss }) => loss) };
          for (const shape of scene(panel, linear, at, size)) {
            const places = shape.kind === "text" ? [shape.x, shape.y] : shape.at;
            places.forEach((x, k) => {
              expect(x).toBeGreaterThan(-20);
              expect(x).toBeLessThan((k % 2 ? size.height : size.width) + 20);
            });
          }
        }
      }),
    );
    const [flat, raised] = [0, 1].map((t) =>
      faces(
        { ...panelOf(three[0]!), losses: Array(25).fill(t) },
        { type: "linear", low: 0, high: 1, ticks: [] },
        firstView,
      ),
    );
    flat!.forEach((face, k) => {
      const above = raised![k]!;
      face.at.forEach((x, m) => {
        if (m % 2 === 0) expect(above.at[m]).toBeCloseTo(x, 9);
        else expect(above.at[m]).toBeLessThan(x - 50);
      });
    });
    expect([colorAt(0), colorAt(1), colorAt(-3), colorAt(9)]).toEqual([
      "#3b2f80",
      "#fbe04b",
      "#3b2f80",
      "#fbe04b",
    ]);
  });

  test("along one direction show the points where the other is 0, in the order of their places", () => {
    const tilted = surfaceWith(fp32, "float", (a, b) => 10 + 3 * a - 2 * b + 7 * a * b);
    expect(profileOf(tilted, 1)).toEqual(
      [-1, -0.5, 0, 0.5, 1].map((t) => ({ precision: "FP32", t, loss: 10 + 3 * t })),
    );
    expect(profileOf(tilted, 2).map(({ t, loss }) => [t, loss])).toEqual(
      [-1, -0.5, 0, 0.5, 1].map((t) => [t, 10 - 2 * t]),
    );
    const holed = surfaceWith(fp32, "float", (a) => (a === 0.5 ? Number.NaN : 1));
    expect(profileOf(holed, 1).map(({ t }) => t)).toEqual([-1, -0.5, 0, 1]);
  });

  test("put Figure 2's panels side by side in one SVG that needs nothing else", () => {
    const panels = [three[0]!, three[1]!, three[1]!, three[1]!].map(panelOf);
    const svg = parseMarkup(surfacesSvg(panels, linear, "what it shows"));
    expect(svg.attributes.get("aria-label")).toBe("what it shows");
    const texts = elementsOf(svg)
      .filter(({ name }) => name === "text")
      .map(textOf);
    expect(texts.filter((text) => /FP32|Int2/.test(text))).toEqual(["FP32", "Int2", "Int2", "Int2"]);
    const faces = elementsOf(svg).filter(({ attributes }) => attributes.get("fill")?.startsWith("#"));
    expect(faces).toHaveLength(4 * 16);
    const names = new Set(elementsOf(svg).map(({ name }) => name));
    expect([...names].sort()).toEqual(["g", "path", "svg", "text"]);
  });
});

describe("the words", () => {
  test("float networks stand in both groups, and a group that nobody asked for is not there", () => {
    const names = (surfaces: Surface[]) =>
      groupsOf(surfaces).map(({ on, surfaces }) => [on, ...surfaces.map(({ settings }) => settings.on)]);
    expect(names(three)).toEqual([
      ["dequantized", "float", "dequantized"],
      ["latent", "float", "latent"],
    ]);
    expect(names(three.slice(0, 2))).toEqual([["dequantized", "float", "dequantized"]]);
    expect(names([three[0]!, three[2]!])).toEqual([["latent", "float", "latent"]]);
    expect(names(three.slice(0, 1))).toEqual([["dequantized", "float"]]);
  });

  test("order the networks from the flattest, by curvature, by the share within 1 nat and by the highest loss", () => {
    const [free, latent] = groupsOf(three);
    expect(orderWords(free!)).toEqual([
      expect.stringMatching(
        /dequantized weights .* by the curvature in the centre: FP32 \(2.00\) and Int2 \(4.00\)\./,
      ),
      expect.stringMatching(/within 1 nat of the centre: FP32 \(52%\) and Int2 \(36%\)\./),
      expect.stringMatching(/highest loss: FP32 \(3.000\) and Int2 \(5.000\)\./),
    ]);
    expect(orderWords(latent!)[0]).toMatch(/latent weights .*: Int2 \(1.00\) and FP32 \(2.00\)\./);
    expect(orderWords({ ...free!, surfaces: [three[0]!] })).toEqual([]);
  });

  test("count the networks that are flatter than the float network of their seed, and no others", () => {
    const group = (surfaces: Surface[]) => groupsOf(surfaces)[0]!;
    expect(claimWords(group(three))[0]).toMatch(
      /With the dequantized weights displaced, so it is for 0 of 1 by the curvature .* for 0 of 1 by the share .* for 0 of 1 by the highest/,
    );
    expect(claimWords(groupsOf(three)[1]!)[0]).toMatch(
      /the latent .* 1 of 1 by the c.* 1 of 1 by the sh.* 1 of 1 by the h/,
    );
    // Of seed 1, there is no float network.
    const more = [
      surfaceWith(run(4), "dequantized", bowl(1)),
      surfaceWith(run(2, 1), "dequantized", bowl(1)),
    ];
    expect(claimWords(group([...three.slice(0, 2), ...more]))[0]).toMatch(
      /1 of 2 by the c.* 1 of 2 by the sh.* 1 of 2 by the h/,
    );
    expect(claimWords(group(more))).toEqual([]);
  });

  test("say what differs between latent and dequantized weights, from the numbers", () => {
    const [all, how, one] = differenceWords(three);
    expect(how).toMatch(/over the spacing of the grid, 0\.500\./);
    expect(all).toMatch(/the one of the latent weights is the lower one in 1 of 1 network\./);
    expect(one).toBe(
      "Int2: the highest loss is 2.000 on the latent weights and 5.000 on the dequantized ones, the curvature in the centre 1.00 and 4.00, the share within 1 nat 100% and 36%. 50% of its latent weights are clipped at the corners, 13% in the centre.",
    );
    const higher = [three[0]!, three[1]!, surfaceWith(int2, "latent", bowl(9))];
    expect(differenceWords(higher)[0]).toContain("the lower one in 0 of");
    expect(differenceWords(three.slice(0, 2))).toEqual([]);
    expect(wordsOf(three)).toHaveLength(12);
    expect(wordsOf(three).at(-1)).toMatch(/^Each surface is one random plane/);
  });

  test("warn where runs differ in more than their precision, and of a training that diverged", () => {
    expect(warningWords(three)).toEqual([]);
    const other = run(2, 5);
    const config = {
      ...other.config,
      lr: 0.5,
      policy: { ...other.config.policy, firstLast: "8bit" as const },
    };
    const strange = {
      ...other,
      config,
      result: { ...other.result, status: "diverged" as const, selectedEpoch: 3 },
    };
    expect(warningWords([three[0]!, surfaceWith(strange, "dequantized", bowl(1))])).toEqual([
      expect.stringMatching(
        /^These networks do not share one recipe: they differ in (lr and seed|seed and lr)\./,
      ),
      "The training in runs/2-5 diverged; its surface is that of the weights of epoch 3.",
    ]);
  });
});

describe("the page", () => {
  const scales = { linear: lossScale(three, "linear", 4), log: lossScale(three, "log", 4) };
  const text = page({
    title: "A <title>",
    command: "qgen landscape </script>",
    surfaces: three,
    scales,
    first: "log",
    figures: [],
    words: wordsOf(three),
    files: ["landscape.json"],
  });

  test("is well-formed, refers to nothing outside itself, and has a canvas for each panel", () => {
    const [before, script, after] = text.split(/<script type="module">|<\/script>/);
    const root = parseMarkup(`${before}${after}`);
    expect(elementsOf(root).filter(({ name }) => name === "canvas")).toHaveLength(4);
    const links = elementsOf(root).flatMap(({ attributes }) =>
      ["src", "href"].flatMap((name) => attributes.get(name) ?? []),
    );
    expect(links).toEqual(["landscape.json"]);
    expect(text.replaceAll(/\/\*[\s\S]*?\*\//g, "")).not.toMatch(
      /https?:|import\s*\(|import .* from|@import|url\(/,
    );
    expect(text).toContain("A &lt;title&gt;");
    // It is a program; and what it starts with are the losses of the surfaces.
    expect(() => new Function(script!.replaceAll(/^export /gm, ""))).not.toThrow();
    const figures = JSON.parse(/\nstart\((\[.*\]), \{/.exec(script!)![1]!) as {
      id: string;
      panels: Panel[];
    }[];
    expect(figures.map(({ id, panels }) => [id, panels.map(({ label }) => label)])).toEqual([
      ["turn-dequantized", ["FP32", "Int2"]],
      ["turn-latent", ["FP32", "Int2"]],
    ]);
    expect(figures[1]!.panels[1]!.losses).toEqual(three[2]!.points.map(({ loss }) => loss));
  });
});
