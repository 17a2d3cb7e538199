import { describe, expect, test } from "vitest";
import { table3 } from "../../src/experiments/paper/tables.ts";
import { pacBayesInit, pacBayesOrig, sharpnessInit, sharpnessOrig } from "../../src/measures/bounds.ts";
import {
  pacBayesMagInit,
  pacBayesMagOrig,
  sharpnessMagInit,
  sharpnessMagOrig,
} from "../../src/measures/bounds-magnitude.ts";
import {
  lazily,
  measureAll,
  measuresNamed,
  measuresWith,
  type NeedName,
  needNames,
  registry,
  type Suppliers,
  type Values,
} from "../../src/measures/registry/index.ts";

const estimate = (mean: number) => ({ mean, standardError: 0, layers: {} });
const worst = (rise: number, oneStep: number) => ({ loss: 0.5, oneStep, worst: 0.5 + rise, rise });

/** Values that no network has, all different, and `other` ones. */
const some: Values = {
  w: Float64Array.of(1, 2, -3),
  w0: Float64Array.of(0.5, 0.25, 1),
  normSq: 14,
  distanceSq: 19.3,
  omega: 3,
  m: 100,
  sigma: 0.5,
  sigmaPrime: 0.4,
  alpha: 0.3,
  alphaPrime: 0.2,
  margin: 1.5,
  frobenius: [5, 9],
  frobeniusDistance: [3, 2],
  spectral: [4, 7],
  spectralDistance: [2, 1],
  circular: [6, 8],
  circularDistance: [2.5, 1.5],
  pathNorm: 33,
  hessian: { largest: 12, smallest: -1, residual: 0.1, steps: 9, converged: true },
  trace: estimate(55),
  relativeFlatness: estimate(66),
  worstL2: worst(0.7, 0.9),
  worstLinf: worst(0.8, 0.6),
};
const other: Values = {
  w: Float64Array.of(1, 2, -4),
  w0: Float64Array.of(0.5, 0.5, 1),
  normSq: 15,
  distanceSq: 20,
  omega: 4,
  m: 101,
  sigma: 0.6,
  sigmaPrime: 0.5,
  alpha: 0.4,
  alphaPrime: 0.3,
  margin: 1.6,
  frobenius: [5, 10],
  frobeniusDistance: [3, 3],
  spectral: [4, 8],
  spectralDistance: [2, 2],
  circular: [6, 9],
  circularDistance: [2.5, 2.5],
  pathNorm: 34,
  hessian: { largest: 13, smallest: -1, residual: 0.1, steps: 9, converged: true },
  trace: estimate(56),
  relativeFlatness: estimate(67),
  worstL2: worst(0.8, 1),
  worstLinf: worst(0.9, 0.7),
};
const names = Object.keys(needNames) as NeedName[];
const supplying = (values: Values): Suppliers =>
  Object.fromEntries(names.map((name) => [name, () => values[name]]));

describe("the registry", () => {
  test("has the paper's eight equations once each, and no id twice", () => {
    const equations = registry.flatMap(({ equation }) => (equation === null ? [] : [equation]));
    expect(equations.sort()).toEqual(Array.from({ length: 8 }, (_, i) => `QGen.eq.${15 + i}`));
    expect(new Set(registry.map(({ id }) => id)).size).toBe(registry.length);
    expect(new Set(registry.map(({ name }) => name)).size).toBe(registry.length);
  });

  test.each(registry.map((measure) => [measure.id, measure] as const))(
    "%s depends on everything that it says it needs, and asks for nothing else",
    async (_id, measure) => {
      const value = await measure.compute(lazily(supplying(some)));
      expect(Number.isFinite(value)).toBe(true);
      for (const name of measure.needs) {
        const changed = await measure.compute(lazily({ ...supplying(some), [name]: () => other[name] }));
        expect(changed, name).not.toBe(value);
      }
      const only = Object.fromEntries(
        Object.entries(supplying(some)).filter(([name]) => measure.needs.includes(name as NeedName)),
      );
      expect(await measure.compute(lazily(only))).toBe(value);
    },
  );

  test("gives the eight measures of Table 3 the radius that is theirs", async () => {
    const { w, w0, normSq, distanceSq, omega, m, sigma, alpha } = some;
    const [prime, worst] = [{ sigma: some.sigmaPrime }, { alpha: some.alphaPrime }];
    const found = measuresNamed([...registry].slice(0, 8).map(({ id }) => id));
    expect(await Promise.all(found.map((x) => x.compute(lazily(supplying(some)))))).toEqual([
      pacBayesInit({ distanceSq, sigma, m }),
      pacBayesOrig({ normSq, sigma, m }),
      pacBayesMagInit({ w, w0, m, ...prime }),
      pacBayesMagOrig({ w, w0, m, ...prime }),
      sharpnessInit({ distanceSq, omega, alpha, m }),
      sharpnessOrig({ normSq, omega, alpha, m }),
      sharpnessMagInit({ w, w0, m, ...worst }),
      sharpnessMagOrig({ w, w0, m, ...worst }),
    ]);
    const { dataset: _, model: __, precision: ___, ...columns } = table3()[0]!;
    expect(found.map(({ id }) => id)).toEqual(Object.keys(columns));
  });

  test("needs everything that is on the list of needs", () => {
    expect(new Set(registry.flatMap(({ needs }) => needs))).toEqual(new Set(names));
  });

  test("takes the choices of the bounds, and leaves the others alone", async () => {
    const needs = lazily(supplying(some));
    const chosen = measuresWith({ constant: "delta", delta: 0.1 });
    const differ = await Promise.all(
      registry.map(
        async (measure, i) => (await measure.compute(needs)) !== (await chosen[i]!.compute(needs)),
      ),
    );
    expect(registry.filter((_, i) => differ[i]).map(({ equation }) => equation)).toEqual(
      registry.flatMap(({ equation }) => equation ?? []),
    );
  });

  test("finds measures by their ids, and says which there are", () => {
    expect(measuresNamed(["l2", "path_norm"]).map(({ id }) => id)).toEqual(["l2", "path_norm"]);
    expect(() => measuresNamed(["l3"])).toThrow(/there is no measure "l3"; there are pacbayes_init, /);
  });
});

describe("needs", () => {
  test("are computed once, however many measures ask, and not before one does", async () => {
    const asked: NeedName[] = [];
    const counting = Object.fromEntries(
      names.map((name) => [
        name,
        () => {
          asked.push(name);
          return some[name];
        },
      ]),
    ) as Suppliers;
    const needs = lazily(counting);
    expect(asked).toEqual([]);
    const all = await measureAll(registry, needs);
    expect([...asked].sort()).toEqual([...names].sort());
    expect(all.every(({ reported }) => reported?.flag === null)).toBe(true);
  });

  test("may be computed from each other; what one refuses, it refuses again without trying again", async () => {
    let tries = 0;
    const needs = lazily({
      w: () => Float64Array.of(3, 4),
      normSq: async (n) => (await n.w()).reduce((t, x) => t + x * x, 0),
      margin: () => {
        tries++;
        throw new Error("no logits");
      },
    });
    expect(await needs.normSq()).toBe(25);
    for (let i = 0; i < 2; i++) await expect(needs.margin()).rejects.toThrow("no logits");
    expect(tries).toBe(1);
  });

  test("that are missing stop the measures that need them, in a sentence, and no others", async () => {
    const { sigma: _, ...rest } = supplying(some) as Record<NeedName, () => never>;
    const all = await measureAll(registry, lazily(rest as Suppliers));
    const failed = all.filter(({ reported }) => reported === null);
    expect(failed.map(({ measure }) => measure.id)).toEqual([
      "pacbayes_init",
      "pacbayes_orig",
      "pacbayes_flatness",
    ]);
    expect(new Set(failed.map(({ reason }) => reason))).toEqual(
      new Set(["the radius σ of Gaussian noise is not known"]),
    );
  });
});

test("errors that are not about a value stop everything: a stop, or a mistake", async () => {
  const stop = () => {
    throw new TypeError("stopped");
  };
  await expect(measureAll(registry, lazily({ ...supplying(some), margin: stop }))).rejects.toThrow("stopped");
});
