import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Aggregate, aggregate } from "../../src/experiments/report/aggregate.ts";
import { type Axis, axisOf, spread } from "../../src/experiments/report/axis.ts";
import { drawingsOf } from "../../src/experiments/report/drawings.ts";
import { binWidths } from "../../src/experiments/report/figure-bins.ts";
import { gapAgainstLoss, gaps } from "../../src/experiments/report/figure-gap.ts";
import { losses } from "../../src/experiments/report/figure-loss.ts";
import { type Drawing, draw } from "../../src/experiments/report/figures.ts";
import { verifies } from "../spec.ts";
import { elementsOf, parseMarkup, textOf } from "./report-markup.ts";
import { experiment, grid, layer, made, paperBits } from "./report-runs.ts";

type Values = readonly Readonly<Record<string, unknown>>[];
interface Layered {
  readonly data: { readonly values: Values };
  readonly layer: readonly { readonly data?: { readonly values: Values } }[];
}
const valuesOf = (spec: unknown): Values => (spec as Layered).data.values;
const quantized = ({ precisions }: Aggregate) => precisions.filter(({ bits }) => bits !== 32);
const meanOf = (xs: readonly number[]): number => xs.reduce((a, b) => a + b) / xs.length;
const drawing = (all: Aggregate, id: string): Drawing => drawingsOf(all).find((d) => d.id === id)!;

describe("an axis", () => {
  const size = fc.tuple(
    fc.constantFrom(1, 1, 1, 0, -1),
    fc.double({ min: 1, max: 9.99, noNaN: true }),
    fc.integer({ min: -6, max: 6 }),
  );
  const near = fc.tuple(size, fc.array(fc.double({ min: 1, max: 1.3, noNaN: true }), { maxLength: 4 }));
  const numberOf = ([sign, x, exponent]: [number, number, number]): number => sign * x * 10 ** exponent;
  const numbers = fc.oneof(
    fc.array(size.map(numberOf), { minLength: 1, maxLength: 8 }),
    near.map(([first, factors]) => [1, ...factors].map((factor) => factor * numberOf(first))),
  );

  test("has all numbers well inside, and two ticks or more, ascending, inside too", () => {
    fc.assert(
      fc.property(numbers, fc.constantFrom("log", "linear"), (xs, wanted) => {
        const { type, domain, ticks } = axisOf(xs, wanted);
        const [low, high] = domain;
        expect(type === "log").toBe(wanted === "log" && Math.min(...xs) > 0);
        if (type === "log") expect(low).toBeGreaterThan(0);
        expect(low).toBeLessThan(Math.min(...xs));
        expect(high).toBeGreaterThan(Math.max(...xs));
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        expect(ticks.length).toBeLessThanOrEqual(16);
        expect([...ticks]).toEqual([...new Set(ticks)].sort((a, b) => a - b));
        expect(ticks.every((tick) => low <= tick && tick <= high)).toBe(true);
        // Round numbers: at most three digits more than the largest needs.
        for (const tick of ticks) expect(tick.toExponential().length).toBeLessThanOrEqual(12);
      }),
      { numRuns: 1000 },
    );
  });

  test("labels keep their order and a gap, and are moved no further than that needs", () => {
    const [height, gap] = [320, 15];
    fc.assert(
      fc.property(numbers, fc.constantFrom("log", "linear"), (xs, wanted) => {
        const axis = axisOf(xs, wanted);
        const at = axis.type === "log" ? Math.log : (x: number) => x;
        const [low, high] = axis.domain.map(at);
        const pixel = (x: number): number => ((at(x) - low!) / (high! - low!)) * height;
        const [wanting, placed] = [xs.map(pixel), spread(xs, axis, height, gap).map(pixel)];
        const order = xs.map((_, i) => i).sort((a, b) => placed[a]! - placed[b]!);
        order.slice(1).forEach((j, k) => {
          const i = order[k]!;
          expect(placed[j]! - placed[i]!).toBeGreaterThan(gap - 1e-6);
          expect(wanting[j]! - wanting[i]!).toBeGreaterThan(-1e-9);
        });
        expect(meanOf(placed)).toBeCloseTo(meanOf(wanting), 6);
        const apart = wanting.every((x, i) => wanting.every((y, j) => i === j || Math.abs(x - y) >= gap));
        if (apart) for (const [i, x] of placed.entries()) expect(x).toBeCloseTo(wanting[i]!, 9);
      }),
    );
  });

  test("two labels at one place stand half a gap to either side of it, three around the middle one", () => {
    const axis: Axis = { type: "linear", domain: [0, 100], ticks: [] };
    expect(spread([50, 50], axis, 100, 10)).toEqual([45, expect.closeTo(55, 9)]);
    expect(spread([50, 48, 49], axis, 100, 10)).toEqual([59, 39, 49]);
  });
});

describe("Figure 1", () => {
  verifies(
    "QGen.fig.1",
    "has the mean step of every layer of every quantized precision, and its span",
    () => {
      fc.assert(
        fc.property(experiment, (runs) => {
          const all = aggregate(runs);
          if (quantized(all).length === 0) return;
          const expected = quantized(all).flatMap(({ name, runs }) =>
            ["a", "b", "c"].map((layer, index) => {
              const steps = runs.map((run) => run.steps[index]!);
              const widths = steps.map(({ step }) => step);
              return {
                precision: name,
                layer,
                index,
                step: expect.closeTo(meanOf(widths), 12),
                low: Math.min(...widths),
                high: Math.max(...widths),
                initial: expect.closeTo(meanOf(steps.map(({ initialStep }) => initialStep)), 12),
              };
            }),
          );
          expect(valuesOf(binWidths(quantized(all)))).toEqual(expected);
        }),
      );
    },
  );

  verifies("QGen.fig.1", "says how many bins are wider with fewer bits, and claims all only of all", () => {
    const runs = (last: number) =>
      grid([32, 8, 2], 2, (_, seed, bits) => ({
        steps: bits === 32 ? [] : [layer("x", bits, bits === 8 ? 0.1 : seed === 1 ? last : 0.4)],
      }));
    const caption = (last: number): string => drawing(aggregate(runs(last)), "figure-1").caption;
    expect(caption(0.2)).toMatch(/^Fewer bits, wider bins, in every layer and every seed\./);
    expect(caption(0.1)).toMatch(/^The bin is wider with fewer bits in 1 of 2 comparisons\./);
    expect(drawing(aggregate(runs(0.2)), "figure-1").alt).toContain(
      "Int8 0.100 to 0.100, Int2 0.200 to 0.400",
    );
  });

  test("is drawn with a mark for every step, learned and first, and the name of every layer", async () => {
    const all = aggregate(grid(paperBits, 2));
    const [figure] = await draw([drawing(all, "figure-1")]);
    const svg = parseMarkup(figure!.standalone);
    const groups = elementsOf(svg).filter(({ attributes }) =>
      attributes.get("class")?.startsWith("mark-symbol"),
    );
    expect(groups.map(({ children }) => children.length)).toEqual([6, 6]);
    const texts = elementsOf(svg)
      .filter(({ name }) => name === "text")
      .map(textOf);
    for (const text of ["blocks.0.conv1", "head", "Int8", "Int4", "Int2"])
      expect(texts.filter((t) => t === text)).toEqual([text]);
  });
});

describe("the other figures", () => {
  test("are drawn only where there are numbers for them", () => {
    const ids = (...runs: Parameters<typeof made>[0][]): string[] =>
      drawingsOf(aggregate(runs.map(made))).map(({ id }) => id);
    expect(ids({ bits: 8, seed: 0 })).toEqual(["figure-1", "losses", "gaps", "gap-and-loss"]);
    expect(ids({ bits: 32, seed: 0 })).toEqual(["losses", "gaps", "gap-and-loss"]);
    expect(ids({ bits: 2, seed: 0, reason: "diverged" })).toEqual([]);
    const noCurve = { ...made({ bits: 32, seed: 0 }), curve: [] };
    expect(drawingsOf(aggregate([noCurve])).map(({ id }) => id)).toEqual(["gaps", "gap-and-loss"]);
  });

  test("the gaps are those of the runs, and the caption counts the seeds in which they shrink", () => {
    const runs = grid([32, 2], 3, (precision, seed) => ({ gap: precision ? [0.1, 0.3, 0.4][seed]! : 0.3 }));
    const all = aggregate([...runs, made({ bits: 2, seed: 9, gap: 0 })]);
    expect(drawing(all, "gaps").caption).toMatch(/^From FP32 to Int2 the gap shrinks in 1 of 3 seeds\./);
    expect(valuesOf(gaps(all)).map(({ gap, seed, column }) => [gap, seed, column])).toEqual([
      ...[0, 1, 2].map((seed) => [0.3, seed, "FP32|mean 0.300"]),
      ...[0.1, 0.3, 0.4].map((gap, seed) => [gap, seed, "Int2|mean 0.200"]),
      [0, 9, "Int2|mean 0.200"],
    ]);
  });

  test("along the line of gap against loss the test loss is that of the first precision", () => {
    fc.assert(
      fc.property(experiment, (runs) => {
        const all = aggregate(runs);
        const spec = gapAgainstLoss(all) as unknown as Layered;
        expect(spec.data.values).toEqual(
          all.precisions.flatMap(({ name, runs }) =>
            runs.map(({ gap, train }) => ({ precision: name, gap, loss: train.loss })),
          ),
        );
        const [first, ...others] = all.precisions;
        const testLoss = meanOf(first!.runs.map(({ test }) => test.loss));
        for (const { loss, gap } of spec.layer[0]!.data!.values)
          expect(Number(loss) + Number(gap)).toBeCloseTo(testLoss, 12);
        const rest = others.flatMap((precision) => precision.runs);
        const above = rest.filter(({ test }) => test.loss > testLoss).length;
        const told = /so it is in (\d+) of the/.exec(drawing(all, "gap-and-loss").caption)?.[1];
        expect(told).toBe(rest.length === 0 ? undefined : String(above));
      }),
    );
  });

  test("the losses are means over the seeds at each epoch, the marks stand at the selected ones", () => {
    const all = aggregate(
      grid([32, 4], 2, (precision, seed) => ({
        epochs: 3,
        trainLoss: 1 + precision + seed / 2,
        testLoss: 4,
      })),
    );
    const [train, test] = (losses(all) as unknown as { hconcat: Layered[] }).hconcat;
    expect(train!.data.values.filter(({ precision }) => precision === "Int4")).toEqual(
      [4.25, 3.25, 2.25].map((loss, i) => ({
        precision: "Int4",
        split: "train",
        epoch: i + 1,
        loss,
        low: loss - 0.25,
        high: loss + 0.25,
      })),
    );
    expect(new Set(test!.data.values.map(({ loss }) => loss))).toEqual(new Set([4]));
    expect(train!.layer[2]!.data!.values.map(({ epoch, loss }) => [epoch, loss])).toEqual([
      [3, 1],
      [3, 1.5],
      [3, 2],
      [3, 2.5],
    ]);
    expect(drawing(all, "losses").caption).toMatch(/it is the last epoch in 4 of 4 runs\.$/);
  });

  test("are the same bytes each time, without a name used twice in one page", async () => {
    const drawings = drawingsOf(aggregate(grid(paperBits, 2)));
    const [once, again] = [await draw(drawings), await draw(drawings)];
    expect(again).toEqual(once);
    const ids = once.flatMap(({ inline }) => [...inline.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    expect(ids).toEqual([...new Set(ids)]);
    for (const { inline, standalone, alt } of once)
      for (const svg of [inline, standalone].map(parseMarkup)) {
        expect([svg.name, svg.attributes.get("role"), svg.attributes.get("aria-label")]).toEqual([
          "svg",
          "img",
          alt,
        ]);
        expect(svg.attributes.get("xmlns")).toBe("http://www.w3.org/2000/svg");
        const names = new Set(elementsOf(svg).map(({ name }) => name));
        for (const name of ["script", "image", "foreignObject", "a", "use"])
          expect(names).not.toContain(name);
      }
  });
});
