import { describe, expect, test } from "vitest";
import type { Normalization } from "../../src/measures/directions.ts";
import {
  checkGrid,
  coordinate,
  displaced,
  type Grid,
  type Place,
  type Plane,
  type Point,
  placesOf,
  planeOf,
  surface,
} from "../../src/measures/landscape.ts";
import { evaluate } from "../../src/nn/evaluate.ts";
import type { Images } from "../../src/nn/images.ts";
import type { Weights } from "../../src/nn/model.ts";
import { nin } from "../../src/nn/models/nin.ts";
import { mapTree } from "../../src/nn/tree.ts";
import { dequantized, prepare } from "../../src/quant/prepare.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { createRng } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { verifies } from "../spec.ts";
import { f64 } from "../tensors.ts";

const model = nin({ depth: 1, width: 1, classes: 3, channels: 1 });
const shape = [1, 4, 4];
const images: Images = {
  count: 5,
  shape,
  batch(indices) {
    const drawn = Array.from(indices).map((index) => createRng(`image/${index}`));
    return {
      images: Float32Array.from(drawn.flatMap((rng) => Array.from({ length: 16 }, () => rng.normal()))),
      labels: Int32Array.from(indices, (index) => index % 3),
    };
  },
};

/** A network whose batch norm has something to say. */
function network(seed: string): Weights {
  const { params, buffers } = model.init(reference, createRng(seed), "float64");
  const vary = (scale: number) => (x: Tensor, name: string) => {
    const rng = createRng(`${seed}/vary/${name}`);
    return /bn|running/.test(name)
      ? f64(
          Array.from(x.data, (v) => v + scale * rng.uniform()),
          x.shape,
        )
      : x;
  };
  return { params: mapTree(params, vary(0.5)), buffers: mapTree(buffers, vary(0.3)) };
}
const weights = network("w");
const planeFor = (w: Weights, by?: Normalization): Plane => planeOf(w.params, createRng("plane"), by);
const plane = planeFor(weights);
const grid: Grid = { axes: 2, n: 5, range: 1 };

async function pointsOf(
  w: Weights,
  p: Plane,
  g: Grid,
  isKnown?: (place: Place) => boolean,
  m: typeof model = model,
): Promise<Point[]> {
  const points: Point[] = [];
  for await (const point of surface(m, w, p, images, { grid: g, batchSize: 2, ...(isKnown && { isKnown }) }))
    points.push(point);
  return points;
}
const lossesOf = (points: readonly Point[]): number[] => points.map(({ loss }) => loss);
const negative = (d: Plane["x"]): Plane["x"] => mapTree(d, (x) => x.map((v) => -v));

describe("the grid", () => {
  verifies(
    "QGen.fig.2",
    "has −range, 0 and range among its coordinates, exactly, and steps of one size",
    () => {
      for (const range of [1, 0.3, 0.1, 7.7])
        for (const n of [3, 5, 51, 101]) {
          const xs = Array.from({ length: n }, (_, i) => coordinate({ axes: 1, n, range }, i));
          expect([xs[0], xs[(n - 1) / 2], xs.at(-1)]).toEqual([-range, 0, range]);
          xs.forEach((x, i) => {
            expect(x).toBe(-xs[n - 1 - i]! + 0);
            expect(x).toBeCloseTo(-range + (2 * range * i) / (n - 1), 12);
          });
        }
    },
  );

  test("is walked row by row, with j and the second direction running fastest", () => {
    const places = placesOf({ axes: 2, n: 3, range: 2 });
    expect(places.map(({ i, j }) => [i, j])).toEqual([0, 1, 2].flatMap((i) => [0, 1, 2].map((j) => [i, j])));
    expect(places.map(({ a, b }) => [a, b])).toEqual(
      [-2, 0, 2].flatMap((a) => [-2, 0, 2].map((b) => [a, b])),
    );
    expect(placesOf({ axes: 1, n: 3, range: 2 })).toEqual([
      { i: 0, j: 0, a: -2, b: 0 },
      { i: 1, j: 0, a: 0, b: 0 },
      { i: 2, j: 0, a: 2, b: 0 },
    ]);
  });

  test.each([
    [4, 1, /odd number of points a side, at least 3, .* got 4/],
    [1, 1, /at least 3, .* got 1/],
    [5.5, 1, /got 5.5/],
    [5, 0, /finite range above 0, got 0/],
    [5, Infinity, /got Infinity/],
    [5, Number.NaN, /got NaN/],
  ])("of %d points and range %d is refused", (n, range, sentence) => {
    expect(() => checkGrid({ axes: 2, n, range })).toThrow(sentence);
  });
});

describe("a surface", () => {
  verifies("QGen.fig.2", "is at (0, 0) the loss of the network itself, to the bit", async () => {
    const own = await evaluate(model, weights, images, 2);
    const points = await pointsOf(weights, plane, grid);
    expect(points.find(({ a, b }) => a === 0 && b === 0)).toEqual({ i: 2, j: 2, a: 0, b: 0, ...own });
    expect(new Set(lossesOf(points)).size).toBe(25);
  });

  verifies("QGen.fig.2", "is at (a, b) the loss at w + a d₁ + b d₂, and at no other place", async () => {
    const points = await pointsOf(weights, plane, { ...grid, n: 3 });
    for (const { a, b, loss, accuracy } of points) {
      const params = mapTree(weights.params, (w, name) => {
        const [dx, dy] = [plane.x[name], plane.y[name]];
        return dx && dy
          ? f64(
              Array.from(w.data, (v, k) => v + (a * dx[k]! + b * dy[k]!)),
              w.shape,
            )
          : w;
      });
      expect(await evaluate(model, { ...weights, params }, images, 2)).toEqual({ loss, accuracy });
    }
    // The two directions are not one.
    expect(points[1]!.loss).not.toBe(points[3]!.loss);
  });

  verifies("QGen.fig.2", "is the mirrored one where a direction changes its sign", async () => {
    const points = lossesOf(await pointsOf(weights, plane, grid));
    const flipped = lossesOf(await pointsOf(weights, { ...plane, x: negative(plane.x) }, grid));
    const both = lossesOf(await pointsOf(weights, { x: negative(plane.x), y: negative(plane.y) }, grid));
    points.forEach((loss, k) => {
      const [i, j] = [Math.floor(k / 5), k % 5];
      expect(flipped[(4 - i) * 5 + j]).toBe(loss);
      expect(both[(4 - i) * 5 + (4 - j)]).toBe(loss);
    });
  });

  test("of one axis is the middle column of one of two", async () => {
    const line = await pointsOf(weights, plane, { ...grid, axes: 1 });
    const points = await pointsOf(weights, plane, grid);
    expect(lossesOf(line)).toEqual(lossesOf(points.filter(({ j }) => j === 2)));
  });

  test("of one seed is the same grid each time, and of another seed another", async () => {
    const of = async (seed: number): Promise<number[]> =>
      lossesOf(await pointsOf(weights, planeOf(weights.params, createRng(seed)), { ...grid, n: 3 }));
    const first = await of(3);
    expect(await of(3)).toEqual(first);
    const other = await of(4);
    first.forEach((loss, k) => {
      if (k === 4) expect(other[k]).toBe(loss);
      else expect(other[k]).not.toBe(loss);
    });
  });

  test("asks for no point that is known, and gets the others as before, in order", async () => {
    const all = await pointsOf(weights, plane, grid);
    const rest = await pointsOf(weights, plane, grid, ({ i, j }) => 5 * i + j < 7 || j === 3);
    expect(rest).toEqual(all.filter(({ i, j }) => 5 * i + j >= 7 && j !== 3));
    expect(await pointsOf(weights, plane, grid, () => true)).toEqual([]);
  });
});

/** The same function of the images: a filter times c, and batch norm after it as if it had always been so. */
function rescaled({ params, buffers }: Weights, factors: readonly number[]): Weights {
  const scaled = (x: Tensor, f: (v: number, c: number) => number): Tensor => {
    const size = x.data.length / x.shape[0]!;
    return f64(
      Array.from(x.data, (v, k) => f(v, factors[Math.floor(k / size) % factors.length]!)),
      x.shape,
    );
  };
  return {
    params: mapTree(params, (x, name) => (/conv\d?\./.test(name) ? scaled(x, (v, c) => c * v) : x)),
    buffers: mapTree(buffers, (x, name) =>
      name.endsWith("running_mean")
        ? scaled(x, (v, c) => c * v)
        : scaled(x, (v, c) => c * c * (v + 1e-5) - 1e-5),
    ),
  };
}

describe("a network with rescaled filters", () => {
  const other = rescaled(weights, [3, 0.25, 1.5]);

  verifies(
    "QGen.fig.2",
    "is the same function, and has the same surface in filter-normalized directions",
    async () => {
      const [before, after] = [
        await pointsOf(weights, plane, grid),
        await pointsOf(other, planeFor(other), grid),
      ];
      after.forEach(({ loss }, k) => {
        expect(loss).toBeCloseTo(before[k]!.loss, 8);
      });
    },
  );

  test.each(["layer", "none"] as const)(
    "has another surface where directions are normalized by: %s",
    async (by) => {
      const small: Grid = { ...grid, n: 3 };
      const before = await pointsOf(weights, planeFor(weights, by), small);
      const after = await pointsOf(other, planeFor(other, by), small);
      expect(after[4]!.loss).toBeCloseTo(before[4]!.loss, 9);
      expect(Math.abs(after[0]!.loss - before[0]!.loss)).toBeGreaterThan(1e-3);
    },
  );
});

describe("latent and dequantized weights", () => {
  const quantized = prepare(model, { bits: 2 });
  const { params, buffers } = quantized.init(reference, createRng("w"), "float64");
  const hats: Weights = { params: dequantized(quantized, params), buffers };
  const small: Grid = { ...grid, n: 3, range: 4 };

  test("have the same loss in the centre, to the bit, and other surfaces around it", async () => {
    const latent = await pointsOf(
      { params, buffers },
      planeFor({ params, buffers }),
      small,
      undefined,
      quantized,
    );
    const free = await pointsOf(hats, planeFor(hats), small);
    expect(latent[4]).toEqual(free[4]);
    expect(latent[0]!.loss).not.toBe(free[0]!.loss);
  });

  test("the latent surface is bounded by the levels: far out, it no longer changes with the distance", async () => {
    const far = planeFor({ params, buffers });
    const at = async (m: typeof model, w: Weights, distance: number): Promise<number> =>
      (await evaluate(m, { params: displaced(w.params, far, distance, 0), buffers }, images, 2)).loss;
    const latent = { params, buffers };
    // Every weight that moves at all is clipped at the same level.
    expect(await at(quantized, latent, 1e6)).toBe(await at(quantized, latent, 1e7));
    expect(await at(model, hats, 1e6)).not.toBe(await at(model, hats, 1e7));
  });
});
