import { golden, inFile, type Mutant, property } from "./mutant.ts";

export const searches: readonly Mutant[] = [
  ...inFile("src/measures/search/perturb.ts", property("search-perturb"), [
    {
      what: "the variance of the noise is used as its standard deviation",
      from: 'root: std === "root"',
      to: "root: false",
    },
    {
      what: "σ² in the place of σ",
      from: "constant: variance }",
      to: "constant: variance * variance }",
    },
    { what: "magnitude-aware noise without ε", from: "constant: eps * eps }", to: "constant: 0 }" },
    {
      what: "all parameters draw from one stream",
      from: "rng.fork(name).key()",
      to: "rng.key()",
    },
    {
      what: "biases and batch norm are moved too",
      from: 'moved === "all" || model.weights.includes(name)',
      to: "name !== undefined",
    },
    { what: "weights that are no numbers are searched", from: "if (bad >= 0)", to: "if (bad > 1e9)" },
  ]),
  ...inFile("src/measures/search/ascent.ts", property("search-perturb"), [
    { what: "the box without ε", from: "radius * Math.abs(w) + eps;", to: "radius * Math.abs(w);" },
    { what: "the box around 0 by w, not |w|", from: "radius * Math.abs(w) + eps;", to: "radius * w + eps;" },
    {
      what: "the lower side of the box is at +b",
      from: "Math.max(value, -b[i]!)",
      to: "Math.max(value, b[i]!)",
    },
    { what: "the L2 ball in the place of the box", from: 'if (ball === "linf")', to: 'if (ball === "l2")' },
    { what: "scaled by the square of the norm", from: "value / Math.sqrt(total)", to: "value / total" },
  ]),
  ...inFile("src/measures/search/ascent.ts", golden("searches"), [
    { what: "descent in the place of ascent", from: "value + lr * own[j]!", to: "value - lr * own[j]!" },
    {
      what: "descent by signs",
      from: "value + (b[j]! / 10) * Math.sign(own[j]!)",
      to: "value - (b[j]! / 10) * Math.sign(own[j]!)",
    },
    { what: "the start fills the whole box", from: "* value) / 2)", to: "* value))" },
    { what: "no projection after a step", from: "u = project(next, widths, ball);", to: "u = next;" },
    {
      what: "the ascent normalizes by the moments of the batch",
      from: 'images.shape, "eval")',
      to: 'images.shape, "train")',
    },
    {
      what: "every pass has the same order of images", // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
      from: "shuffle/${pass}",
      to: "shuffle/0",
    },
  ]),
  ...inFile("src/measures/search/bisect.ts", property("search-bisect"), [
    {
      what: "the last midpoint is the answer, on whichever side it is",
      from: 'answer === "last" || last.verdict === "stop" ? last',
      to: "last !== undefined ? last",
    },
    {
      what: "the halves are swapped",
      from: 'if (step.verdict === "smaller") high',
      to: 'if (step.verdict !== "smaller") high',
    },
    {
      what: "a step of the band does not end the search",
      from: 'step.verdict === "stop" || high - low',
      to: "high - low",
    },
    {
      what: "the resolution ends the search before the last midpoint",
      from: "high - low < resolution;",
      to: "high - low < 2 * resolution;",
    },
    {
      what: "steps of another search are taken over",
      from: "made !== undefined && made.radius !== radius",
      to: "made === null",
    },
  ]),
  ...inFile("src/measures/search/criterion.ts", property("search-count"), [
    {
      what: "an increase counts as a drop",
      from: 'how === "absolute" ? Math.abs(drop) : Math.max(0, drop)',
      to: "Math.abs(drop)",
    },
    {
      what: "a change of the accuracy that is up or down has no 0 between its bounds",
      from: "low: crosses ? 0 : Math.min(...ends)",
      to: "low: Math.min(...ends)",
    },
    {
      what: "of several networks the mildest decides",
      from: "order.indexOf(b) ? b : a",
      to: "order.indexOf(b) ? a : b",
    },
    {
      what: "the verdict on one bound is that on all",
      from: "verdict === verdictOf(high, criterion) ? verdict : null",
      to: "verdict",
    },
  ]),
  ...inFile("src/measures/search/criterion.ts", property("search-bisect"), [
    { what: "the band is closed", from: "- target) < tolerance", to: "- target) <= tolerance" },
  ]),
  ...inFile("src/measures/search/count.ts", property("search-count"), [
    {
      what: "what was not looked at counts as misses",
      from: "high: hits + high * rest };",
      to: "high: hits };",
    },
    { what: "losses have no image worse than none", from: "low: hits + low * rest,", to: "low: hits," },
    {
      what: "the rest of a row counts as misses",
      from: "const { low, high } = bounds(between(hits, rest, criterion));",
      to: "const { low, high } = bounds(between(hits, 0, criterion));",
    },
    {
      what: "the last row decides, not the worst",
      from: "const verdict = harsher(harshest.verdict, verdictOf(displacement.low, criterion));",
      to: "const verdict = verdictOf(displacement.low, criterion);",
    },
    {
      what: "the search for the worst ends at the first row in the band",
      from: '&& verdict === "smaller") break;',
      to: '&& verdict !== "larger") break;',
    },
  ]),
  ...inFile("src/measures/search/criterion.ts", property("search-networks"), [
    {
      what: "the loss falls where it rises",
      from: 'if (how === "loss") return drop;',
      to: 'if (how === "loss") return -drop;',
    },
  ]),
  ...inFile("src/measures/search/sharpness.ts", golden("searches"), [
    {
      what: "the mean of the restarts in the place of the worst",
      from: "return probeWorst(table, base, criterion, thoroughness, first);",
      to: 'return import("./count.ts").then((c) => c.probeMean(table, base, criterion, thoroughness));',
    },
  ]),
  ...inFile("src/measures/search/accuracy.ts", property("search-networks"), [
    {
      what: "images of the sample come again in their block",
      from: "order.filter((_, i) => !sampled(i))",
      to: "[...order]",
    },
    {
      what: "the perturbed network normalizes by the moments of the batch",
      from: 'buffers, x, "eval")',
      to: 'buffers, x, "train")',
    },
  ]),
  ...inFile("src/nn/sam.ts", property("sam"), [
    {
      what: "the worst point is looked for downhill",
      from: "const factor = rho /",
      to: "const factor = -rho /",
    },
    { what: "ρ² in the place of ρ", from: "const factor = rho /", to: "const factor = (rho * rho) /" },
    {
      what: "ASAM with |w| in the place of w²",
      from: "factor * (adaptive ? x * Math.abs(w[i]!) : x)",
      to: "factor * x",
    },
    { what: "a zero gradient is divided by 0", from: "TINY = 1e-12", to: "TINY = 0" },
  ]),
  ...inFile("src/nn/step.ts", property("sam"), [
    {
      what: "the gradient of SAM is that at w",
      from: "({ grads } = await slopeAt(memory, { state, buffers }",
      to: "(await slopeAt(memory, { state, buffers }",
    },
    {
      what: "SAM moves everything",
      from: 'sam.moved === "all" ? Object.keys(params) : model.weights',
      to: "Object.keys(params)",
    },
    {
      what: "SAM moves weights only, whatever is asked",
      from: 'sam.moved === "all" ? Object.keys(params) : model.weights',
      to: "model.weights",
    },
  ]),
];
