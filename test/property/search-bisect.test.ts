import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bisect, complete, defaultBracket, type Probe, type Step } from "../../src/measures/search/bisect.ts";
import { type Criterion, defaultCriterion, verdictOf } from "../../src/measures/search/criterion.ts";
import { verifies } from "../spec.ts";

/** A probe that knows the displacement at every radius. Remembers what it was asked. */
function curve(displacement: (radius: number) => number, criterion: Criterion = defaultCriterion) {
  const asked: number[] = [];
  const probe = async (radius: number): Promise<Probe> => {
    asked.push(radius);
    const d = displacement(radius);
    return {
      verdict: verdictOf(d, criterion),
      displacement: { low: d, high: d },
      decidedAfter: 1,
      of: 1,
      decidedBy: null,
    };
  };
  return { probe, asked };
}

const search = (displacement: (radius: number) => number, options = {}) =>
  complete(bisect(curve(displacement).probe, options));

describe("the bisection", () => {
  verifies(
    "QGen.sec.B.2",
    "finds the radius of a straight line: 0.75 x is 0.09375, in the band, at 1/8",
    async () => {
      const { probe, asked } = curve((x) => 0.75 * x);
      const result = await complete(bisect(probe));
      expect(asked).toEqual([1, 0.5, 0.25, 0.125]);
      expect(result).toMatchObject({
        radius: 0.125,
        iterations: 4,
        displacement: { low: 0.09375, high: 0.09375 },
        saturatedLow: false,
        saturatedHigh: false,
      });
      expect(result.trace.map(({ verdict }) => verdict)).toEqual(["smaller", "smaller", "smaller", "stop"]);
    },
  );

  verifies(
    "QGen.sec.B.2",
    "on every rising curve ends in the band, or within 1/512 below the radius where the curve passes 0.1",
    async () => {
      const exponent = fc.double({ min: 0.3, max: 4, noNaN: true });
      const crossing = fc.double({ min: 0.01, max: 1.98, noNaN: true });
      await fc.assert(
        fc.asyncProperty(crossing, exponent, fc.boolean(), async (c, p, steep) => {
          const f = (x: number) => (steep ? Number(x > c) : 0.1 * (x / c) ** p);
          const { radius, displacement, trace } = await search(f);
          expect(displacement.low).toBe(f(radius));
          if (Math.abs(f(radius) - 0.1) < 0.01) expect(trace.at(-1)!.radius).toBe(radius);
          else {
            expect(radius).toBeLessThanOrEqual(c);
            expect(c - radius).toBeLessThanOrEqual(1 / 512);
          }
        }),
      );
    },
  );

  verifies(
    "QGen.sec.B.2",
    "a jump over the band ends at a multiple of 1/512 after ten radii, on the lower side; `last` may be above",
    async () => {
      const jump = (x: number) => Number(x > 0.3);
      const result = await search(jump);
      expect(result).toMatchObject({ radius: 153 / 512, iterations: 10, displacement: { low: 0, high: 0 } });
      expect(await search(jump, { answer: "last" })).toMatchObject({ radius: 153 / 512 });
      // 0.3008 is the last midpoint, and too large.
      const above = (x: number) => Number(x > 0.2999);
      expect((await search(above, { resolution: 0, iterations: 8 })).radius).toBe(38 / 128);
      expect((await search(above, { resolution: 0, iterations: 8, answer: "last" })).radius).toBe(0.3046875);
    },
  );

  verifies("QGen.sec.B.2", "makes 15 bisections where nothing stops it before", async () => {
    const { iterations, radius } = await search((x) => Number(x > 0.7), { resolution: 0 });
    expect(iterations).toBe(15);
    expect(0.7 - radius).toBeGreaterThanOrEqual(0);
    expect(0.7 - radius).toBeLessThanOrEqual(2 / 2 ** 15);
  });

  test("a curve that never reaches 0.1 is said to be saturated above, and one that always passes it, below", async () => {
    expect(await search(() => 0)).toMatchObject({
      radius: 2 - 1 / 512,
      saturatedHigh: true,
      saturatedLow: false,
    });
    expect(await search(() => 1)).toMatchObject({
      radius: 1 / 512,
      saturatedHigh: false,
      saturatedLow: true,
      displacement: { low: 1, high: 1 },
    });
    expect(await search((x) => Number(x > 1 / 400))).toMatchObject({ radius: 1 / 512, saturatedLow: false });
  });

  test("the band is open: displacements of exactly 0.125 ± 0.03125 go on", () => {
    const criterion: Criterion = { displacement: "drop", target: 0.125, tolerance: 0.03125 };
    expect([0.09375, 0.09376, 0.125, 0.15624, 0.15625].map((d) => verdictOf(d, criterion))).toEqual([
      "larger",
      "stop",
      "stop",
      "stop",
      "smaller",
    ]);
  });
});

describe("a search that was interrupted", () => {
  const f = (x: number) => Number(x > 0.3);

  test("goes on after any of its steps, as text too, to the same result, and asks for no radius again", async () => {
    const whole = await search(f);
    for (let made = 0; made <= whole.trace.length; made++) {
      const saved = JSON.parse(JSON.stringify(whole.trace.slice(0, made))) as Step[];
      const { probe, asked } = curve(f);
      const stream = bisect(probe, {}, saved);
      const fresh: Step[] = [];
      for (let next = await stream.next(); ; next = await stream.next()) {
        if (next.done) {
          expect(next.value).toEqual(whole);
          break;
        }
        fresh.push(next.value);
      }
      expect(fresh).toEqual(whole.trace.slice(made));
      expect(asked).toEqual(whole.trace.slice(made).map(({ radius }) => radius));
    }
  });

  test("of another bracket, or longer than this one, is refused in a sentence", async () => {
    const { trace } = await search(f, { high: 3 });
    await expect(complete(bisect(curve(f).probe, {}, trace))).rejects.toThrow(
      "step 1 of the search to resume has the radius 1.5, but this search tries 1 there",
    );
    const long = (await search(f)).trace;
    await expect(complete(bisect(curve(f).probe, { iterations: 3 }, long))).rejects.toThrow(
      "the search to resume has 10 steps, but this search ends after 3",
    );
  });

  test("a bracket that is none is refused", async () => {
    await expect(search(f, { low: 2, high: 1 })).rejects.toThrow("expected 0 ≤ low < high");
    expect(defaultBracket).toMatchObject({ low: 0, high: 2, iterations: 15, resolution: 5e-3 });
  });
});
