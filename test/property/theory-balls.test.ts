import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ascend,
  type Ball,
  climbed,
  dot,
  l1,
  l2,
  linf,
  plus,
  times,
  vertices,
} from "../../src/measures/theory/balls.ts";
import { eigen } from "../../src/measures/theory/eigen.ts";
import { absoluteSum, quadratic } from "../../src/measures/theory/quadratic.ts";
import { createRng } from "../../src/tensor/random.ts";
import { verifies } from "../spec.ts";
import { convexCase, gram, identity, points, radius, symmetric } from "./quadratics.ts";

const rng = createRng("balls");
/** Room for rounding, where numbers of this size were added. */
const slack = (size: number): number => 1e-11 * (1 + Math.abs(size));
const near = (a: number, b: number, size = b): void => expect(Math.abs(a - b)).toBeLessThan(slack(size));
const dimension = fc.integer({ min: 1, max: 5 });

describe("eigenvalues", () => {
  test("Q diag(λ) Qᵀ is the matrix, Q is orthogonal, and λ is in order", () => {
    fc.assert(
      fc.property(dimension.chain(symmetric), (matrix) => {
        const { values, vectors } = eigen(matrix);
        matrix.forEach((row, i) => {
          row.forEach((x, j) => {
            near(
              values.reduce((s, value, k) => s + value * vectors[k]![i]! * vectors[k]![j]!, 0),
              x,
              10,
            );
            near(dot(vectors[i]!, vectors[j]!), Number(i === j));
          });
        });
        expect(values).toEqual([...values].sort((a, b) => a - b));
      }),
    );
  });

  test("of [[2, 1], [1, 2]] they are 1 and 3; a matrix that is not symmetric is refused", () => {
    const { values } = eigen([
      [2, 1],
      [1, 2],
    ]);
    near(values[0]!, 1);
    near(values[1]!, 3);
    expect(() =>
      eigen([
        [1, 2],
        [3, 1],
      ]),
    ).toThrow("expected a symmetric matrix of 2 rows");
  });
});

describe.each([
  ["L2", l2, (g: readonly number[]) => Math.hypot(...g)],
  ["L∞", linf, l1],
] as const)("the %s ball", (name, ball: Ball, dual) => {
  test("the projection is the nearest point of the ball", () => {
    fc.assert(
      fc.property(
        dimension.chain((p) => fc.tuple(points(p), points(p))),
        radius,
        ([e, other], rho) => {
          expect(ball.name).toBe(name);
          const nearest = ball.project(e, rho);
          expect(ball.norm(nearest)).toBeLessThanOrEqual(rho * (1 + 1e-15));
          if (ball.norm(e) <= rho) expect(nearest).toEqual(e);
          const inside = times(rho / Math.max(rho, ball.norm(other)), other);
          const away = (x: readonly number[]): number => l2.norm(plus(e, times(-1, x)));
          expect(away(nearest)).toBeLessThanOrEqual(away(inside) + 1e-12);
        },
      ),
    );
  });

  test("the steepest step has norm 1 and climbs by the dual norm of the slope", () => {
    fc.assert(
      fc.property(dimension.chain(points), (slope) => {
        const step = ball.steepest(slope);
        near(dot(step, slope), dual(slope));
        near(ball.norm(step), slope.some((x) => x !== 0) ? 1 : 0);
      }),
    );
  });

  test("its samples are inside; the share inside half the radius is 2⁻ᵖ", () => {
    for (const p of [1, 2, 3]) {
      const draws = Array.from({ length: 4000 }, () => ball.norm(ball.sample(p, 3, rng)));
      expect(Math.max(...draws)).toBeLessThanOrEqual(3 * (1 + 1e-15));
      const share = draws.filter((r) => r <= 1.5).length / draws.length;
      expect(Math.abs(share - 2 ** -p)).toBeLessThan(4 * Math.sqrt((2 ** -p * (1 - 2 ** -p)) / 4000));
    }
  });
});

describe("the highest place of a quadratic", () => {
  test("no point of either ball is above it, and projected ascent comes no higher", () => {
    fc.assert(
      fc.property(convexCase, ({ hessian, center, w, rho }) => {
        const loss = quadratic(hessian, { center, offset: 0.5 });
        for (const ball of [l2, linf]) {
          const top = loss.highest(ball, w, rho);
          for (let draw = 0; draw < 20; draw++)
            expect(loss.at(plus(w, ball.sample(w.length, rho, rng)))).toBeLessThanOrEqual(top + slack(top));
          const climbedTo = ascend(loss, ball, w, rho, { rng, steps: 20, starts: 2 });
          expect(climbedTo.value).toBeLessThanOrEqual(top + slack(top));
          expect(climbedTo.value).toBeGreaterThanOrEqual(loss.at(w));
          expect(ball.norm(climbedTo.e)).toBeLessThanOrEqual(rho * (1 + 1e-15));
          expect(loss.at(plus(w, climbedTo.e))).toBe(climbedTo.value);
        }
      }),
    );
  });

  test("in the L2 ball it is what 4,000 points of the circle come within 10⁻⁵ of, curved either way", () => {
    fc.assert(
      fc.property(symmetric(2), points(2), points(2), radius, (hessian, center, w, rho) => {
        const loss = quadratic(hessian, { center });
        const circle = Array.from({ length: 4000 }, (_, i) => (2 * Math.PI * i) / 4000).map((a) => [
          rho * Math.cos(a),
          rho * Math.sin(a),
        ]);
        // Where both curvatures are negative, the highest place may be inside: at the center.
        const within = l2.norm(plus(center, times(-1, w))) <= rho ? [plus(center, times(-1, w))] : [];
        const found = Math.max(...[...circle, ...within].map((e) => loss.at(plus(w, e))));
        const top = loss.highest(l2, w, rho);
        expect(found).toBeLessThanOrEqual(top + slack(top));
        expect(top - found).toBeLessThan(1e-5 * (1 + rho * rho * absoluteSum(hessian)));
      }),
    );
  });

  test("for ½λ‖w‖² it is ½λ(‖w‖ + ρ)² in the L2 ball and ½λ Σ(|wᵢ| + ρ)² in the box", () => {
    fc.assert(
      fc.property(dimension.chain(points), radius, radius, (w, rho, lambda) => {
        const loss = quadratic(identity(w.length, lambda));
        near(loss.highest(l2, w, rho), 0.5 * lambda * (l2.norm(w) + rho) ** 2);
        near(
          loss.highest(linf, w, rho),
          0.5 * lambda * w.reduce((total, x) => total + (Math.abs(x) + rho) ** 2, 0),
        );
        // A hill: the top is 0 where the ball reaches it.
        near(
          quadratic(identity(w.length, -lambda)).highest(l2, w, rho),
          -0.5 * lambda * Math.max(l2.norm(w) - rho, 0) ** 2,
        );
      }),
    );
  });

  test("where the slope misses the most curved axis, the rest of the radius goes along it", () => {
    // max over ε of ε₁ + ½(ε₁² + 2ε₂²), ‖ε‖ = ρ: ε₁ = 1, value ρ² + ½.
    const loss = quadratic([
      [1, 0],
      [0, 2],
    ]);
    for (const rho of [1, 2, 5]) near(loss.highest(l2, [1, 0], rho) - loss.at([1, 0]), rho * rho + 0.5);
    near(loss.highest(l2, [1, 0], 0.5) - loss.at([1, 0]), 0.625);
    expect(loss.highest(l2, [1, 0], 0)).toBe(0.5);
    expect(loss.highest(l2, [1, 1e-300], 2)).toBeCloseTo(5, 12);
  });

  verifies(
    "QGen.eq.9",
    "at a minimum, the maximum in the box is between ½ρ²λ and ½ρ²pλ, λ the largest eigenvalue",
    () => {
      fc.assert(
        fc.property(convexCase, ({ hessian, center, rho }) => {
          const p = center.length;
          const loss = quadratic(hessian, { center });
          const lambda = loss.eigen.values.at(-1)!;
          const top = loss.highest(linf, center, rho);
          const half = 0.5 * rho * rho;
          near(
            top,
            Math.max(
              ...vertices(p, rho).map(
                (v) =>
                  0.5 *
                  dot(
                    v,
                    hessian.map((row) => dot(row, v)),
                  ),
              ),
            ),
          );
          expect(top).toBeGreaterThanOrEqual(half * lambda - slack(top));
          expect(top).toBeLessThanOrEqual(half * p * lambda + slack(top));
          // Both are reached: where one weight alone matters, and where all matter alike.
          const one = identity(p).map((row, i) => row.map((x) => (i === 0 ? 3 * x : 0)));
          near(quadratic(one).highest(linf, times(0, center), rho), half * 3);
          near(quadratic(identity(p, 3)).highest(linf, times(0, center), rho), half * 3 * p);
        }),
      );
    },
  );

  verifies(
    "QGen.eq.9",
    "the box has the higher top of the two at one radius, and the lower one at ρ against ρ√p",
    () => {
      fc.assert(
        fc.property(convexCase, ({ hessian, center, w, rho }) => {
          const loss = quadratic(hessian, { center });
          const box = loss.highest(linf, w, rho);
          expect(box).toBeGreaterThanOrEqual(loss.highest(l2, w, rho) - slack(box));
          expect(box).toBeLessThanOrEqual(loss.highest(l2, w, rho * Math.sqrt(w.length)) + slack(box));
          if (w.length === 1) near(box, loss.highest(l2, w, rho));
        }),
      );
      const even = quadratic(gram([[1, 1]]));
      expect(even.highest(linf, [0, 0], 1)).toBe(2);
      near(even.highest(l2, [0, 0], 1), 1);
      near(even.highest(l2, [0, 0], Math.SQRT2), 2);
    },
  );

  test("a box where the loss is not convex along an axis, or with more than 16 axes, is refused", () => {
    expect(() => quadratic([[-1]]).highest(linf, [0], 1)).toThrow("got -1 along axis 0");
    expect(() => vertices(17, 1)).toThrow("at most 16 weights, got 17");
    expect(() => quadratic([[1]]).highest(l2, [0], -1)).toThrow("at least 0, got -1");
    expect(vertices(2, 3)).toEqual([
      [-3, -3],
      [3, -3],
      [-3, 3],
      [3, 3],
    ]);
  });
});

describe("projected ascent", () => {
  test("reaches the maximum of a convex quadratic with a slope at w, to 1 %, in nine of ten cases or more", () => {
    let [reached, cases] = [0, 0];
    fc.assert(
      fc.property(convexCase, ({ hessian, center, w, rho }) => {
        const loss = quadratic(hessian, { center });
        for (const ball of [l2, linf]) {
          const [low, top] = [loss.at(w), loss.highest(ball, w, rho)];
          cases++;
          if (ascend(loss, ball, w, rho, { rng }).value - low >= 0.99 * (top - low)) reached++;
        }
      }),
    );

    expect(reached / cases).toBeGreaterThan(0.9);
  });

  test("leaves a stationary point by its random starts, and finds the same at each call", () => {
    const bowl = climbed(quadratic(identity(3)), { rng: createRng("ascent") });
    expect(bowl.exact).toBe(false);
    expect(bowl.highest(linf, [0, 0, 0], 1)).toBe(1.5);
    near(bowl.highest(l2, [0, 0, 0], 1), 0.5);
    const wave = climbed(
      {
        at: ([x, y]) => Math.sin(5 * x!) + Math.cos(3 * y!),
        slope: ([x, y]) => [5 * Math.cos(5 * x!), -3 * Math.sin(3 * y!)],
      },
      { rng: createRng("ascent") },
    );
    const top = wave.highest(linf, [0, 1], 2);
    expect(wave.highest(linf, [0, 1], 2)).toBe(top);
    expect(top).toBeGreaterThan(1.999);
    expect(top).toBeLessThanOrEqual(2);
    expect(() => wave.highest(linf, [0, 1], Number.NaN)).toThrow("got NaN");
  });
});
