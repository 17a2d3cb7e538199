import { inFile, type Mutant, property } from "./mutant.ts";

export const theory: readonly Mutant[] = [
  ...inFile("src/measures/theory/balls.ts", property("theory-balls"), [
    {
      what: "the box is projected onto as if it were the L2 ball",
      from: "e.map((x) => Math.min(Math.max(x, -rho), rho))",
      to: "l2.project(e, rho)",
    },
    {
      what: "the steepest step in the box is that of the L2 ball",
      from: "steepest: (slope) => slope.map(Math.sign)",
      to: "steepest: (slope) => l2.steepest(slope)",
    },
    {
      what: "ascent leaves the ball",
      from: "visit(ball.project(plus(e, times(length, ball.steepest(slope(plus(w, e))))), rho))",
      to: "visit(plus(e, times(length, ball.steepest(slope(plus(w, e))))))",
    },
    { what: "ascent starts in the middle only", from: "start <= starts", to: "start < 1" },
    {
      what: "samples of the L2 ball crowd in its middle",
      from: "rho * exp(log(rng.uniform()) / p)",
      to: "rho * rng.uniform()",
    },
    { what: "only one sign of each vertex", from: "& 1 ? rho : -rho", to: "& 1 ? rho : 0" },
  ]),
  ...inFile("src/measures/theory/quadratic.ts", property("theory-balls"), [
    {
      what: "the ball in place of the box",
      from: 'ball.name === "L2"',
      to: "ball.name.length > 0",
    },
    {
      what: "the multiplier stays at the largest eigenvalue",
      from: "low + Math.sqrt(dot(along, along)) / rho",
      to: "low",
    },
    {
      what: "the top is taken to be on the edge, though the loss is a hill",
      from: "Math.max(values.at(-1)!, 0)",
      to: "values.at(-1)!",
    },
    { what: "ρ for ρ²", from: "0.5 * (high * rho * rho + rise)", to: "0.5 * (high * rho + rise)" },
    { what: "the center is forgotten", from: "plus(w, times(-1, center))", to: "w" },
  ]),
  ...inFile("src/measures/theory/h.ts", property("theory-bounds"), [
    { what: "ln n / k without the root", from: "Math.sqrt(log(n) / k)", to: "log(n) / k" },
    { what: "n for n − 1", from: "open) / (n - 1))", to: "open) / n)" },
    { what: "ln n for ln(n/η)", from: "4 * log(n / eta)", to: "4 * log(n)" },
    { what: "the term Õ(1) dropped", from: "1 + 8 * log(6 * n + 3 * k)", to: "0" },
    { what: "ρ/‖w‖ for ‖w‖/ρ", from: "1 + ratio * stretch(sampling)", to: "1 + stretch(sampling) / ratio" },
  ]),
  ...inFile("src/measures/theory/bounds.ts", property("theory-bounds"), [
    {
      what: "eq. 9 with the maximum of eq. 8",
      from: "boxBound: (learning: Learning, w: Point, rho: number) => Bound = withMax(linf)",
      to: "boxBound: (learning: Learning, w: Point, rho: number) => Bound = withMax(l2)",
    },
    {
      what: "‖w‖/ρ for its square in h",
      from: "h(dot(w, w) / (rho * rho), ",
      to: "h(Math.sqrt(dot(w, w)) / rho, ",
    },
    {
      what: "the condition of eq. 8 the wrong way round",
      from: "learning.population(w) <= learning.smoothed(",
      to: "learning.population(w) >= learning.smoothed(",
    },
    { what: "losses in [0, 1] are not asked for", from: "met: learning.largest <= 1", to: "met: true" },
    {
      what: "ρ = δ for ρ = δ/2",
      from: "h((4 * dot(w, w)) / (delta * delta)",
      to: "h(dot(w, w) / (delta * delta)",
    },
    {
      what: "half a bin taken for a whole one",
      from: "gapBound(learning, w, n, delta / 2)",
      to: "gapBound(learning, w, n, delta)",
    },
    {
      what: "w + Δ for w + n: the noise with the sign of eq. 3",
      from: "plus(wHat, times(-1, w))",
      to: "plus(w, times(-1, wHat))",
    },
    {
      what: "the slope in the L∞ norm, not its dual",
      from: "2 * rho * l1(loss.slope(w))",
      to: "2 * rho * linf.norm(loss.slope(w))",
    },
    { what: "eq. 10 at w, not at w + d", from: "const moved = at(plus(w, d));", to: "const moved = at(w);" },
  ]),
  ...inFile("src/measures/theory/h1.ts", property("theory-h1"), [
    {
      what: "H1 for every number of bits",
      from: "some: flatter.length > 0",
      to: "some: sharper.length === 0",
    },
    {
      what: "equal sharpness does not count",
      from: "filter(({ sharpness }) => sharpness <= fullPrecision)",
      to: "filter(({ sharpness }) => sharpness < fullPrecision)",
    },
  ]),
  ...inFile("src/experiments/theory/check.ts", property("theory-walk"), [
    {
      what: "a counterexample that holds is no failure",
      from: "passed: found.holds && !failing.holds",
      to: "passed: found.holds",
    },
    { what: "≤ with room for a billionth", from: "const ROUNDING = 1e-11", to: "const ROUNDING = 1e-8" },
  ]),
  ...inFile("src/experiments/theory/memorizer.ts", property("theory-bounds"), [
    {
      what: "what was seen is not learned",
      from: "learned[i] = labels[i]!",
      to: "learned[i] = learned[i]!",
    },
    { what: "the maximum turns no digit", from: "1 - labels[i]!)", to: "digit)" },
  ]),
  ...inFile("src/experiments/theory/hypothesis.ts", property("theory-walk"), [
    {
      what: "full precision counts as quantized",
      from: 'filter(({ precision }) => precision !== "FP32")',
      to: "filter(() => true)",
    },
  ]),
  ...inFile("src/experiments/items.ts", property("items"), [
    {
      what: "a changed letter counts as two",
      from: "Number(a[i - 1] !== b[j - 1])",
      to: "2 * Number(a[i - 1] !== b[j - 1])",
    },
    {
      what: "of equals, the first and not the nearest number",
      from: "|| (d === bestD && n < bestN)",
      to: "",
    },
  ]),
];
