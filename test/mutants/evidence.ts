import { inFile, type Mutant, property } from "./mutant.ts";

export const evidence: readonly Mutant[] = [
  ...inFile("src/experiments/claims/verdicts.ts", property("claims"), [
    {
      what: "one answer that holds outweighs all that fail",
      from: 'if (has("holds") === has("fails"))',
      to: 'if (!has("holds") && !has("fails"))',
    },
    { what: "what nobody has asked is undecided", from: 'return "not attempted"', to: 'return "undecided"' },
    {
      what: "every claim that begins alike is an answer",
      from: ": id === start;",
      to: ": id.startsWith(start.slice(0, 1));",
    },
  ]),
  ...inFile("src/experiments/claims/derived.ts", property("claims"), [
    {
      what: "one flat level is enough",
      from: "levels.every(({ simultaneous: { high } })",
      to: "levels.some(({ simultaneous: { high } })",
    },
    {
      what: "measures without magnitude count",
      from: '.filter(({ id }) => id.includes("_mag_"))\n',
      to: "\n",
    },
  ]),
  ...inFile("src/measures/ranking/kendall.ts", property("ranking"), [
    {
      what: "τ_a: ties of the gap count as pairs that should have been ranked",
      from: "Math.sqrt(byMeasure * byGap)",
      to: "Math.sqrt(byMeasure * byMeasure)",
    },
    { what: "a tie is a pair ranked the wrong way", from: "if (m * g < 0)", to: "if (m * g <= 0)" },
    {
      what: "granulated τ without holding the other hyper-parameters",
      from: "(other) => other !== axis",
      to: "() => false",
    },
    {
      what: "a measure that says nothing along an axis is excused from it",
      from: "[tauOf(counts) ?? 0]",
      to: "[tauOf(counts)].filter((t) => t !== null)",
    },
    {
      what: "repetitions of one setting count as a change along the axis",
      from: "valueAt(a, axis) !== valueAt(b, axis)",
      to: "a !== b",
    },
  ]),
  ...inFile("src/measures/ranking/information.ts", property("ranking"), [
    { what: "every run is compared with itself too", from: "if (i === j) continue;", to: "" },
    {
      what: "the hyper-parameters of one run of the two are known only",
      from: "keys[i]! * names.size + keys[j]!",
      to: "keys[i]!",
    },
    {
      what: "normalized by the entropy of the measure, not by that of the gap",
      from: "information / rest)",
      to: "information / (entropy(byMeasure, total) - ofU))",
    },
    { what: "the largest information, not the least", from: "Math.min(...known)", to: "Math.max(...known)" },
  ]),
  ...inFile("src/measures/ranking/environments.ts", property("ranking"), [
    {
      what: "the weights of pairs are forgotten in the sum",
      from: "total += w * signError(a, b)",
      to: "total += signError(a, b)",
    },
    {
      what: "the best environment decides, not the worst",
      from: "errors.reduce((a, b) => Math.max(a, b))",
      to: "errors.reduce((a, b) => Math.min(a, b))",
    },
    {
      what: "a setting is an environment with itself",
      from: "settings.slice(i + 1)",
      to: "settings.slice(i)",
    },
  ]),
  ...inFile("src/measures/bootstrap.ts", property("bootstrap"), [
    {
      what: "seeds are drawn anew for every column: pairs come apart",
      from: "sum += column[seed]!",
      to: "sum += column[(seed + rng.below(n)) % n]!",
    },
    {
      what: "the plain percentile interval, too narrow for few seeds",
      from: "return normalBelow(-Math.sqrt(n / (n - 1)) * studentQuantile(1 - 2 * tail, n - 1));",
      to: "return tail + 0 * n;",
    },
    {
      what: "no correction for several intervals",
      from: "(1 - confidence) / 2 / together",
      to: "(1 - confidence) / 2",
    },
    {
      what: "the upper end is not the mirror of the lower",
      from: "sorted?.[resamples - 1 - cut]",
      to: "sorted?.[Math.max(0, resamples - 2 - cut)]",
    },
  ]),
  ...inFile("src/measures/h1.ts", property("bootstrap"), [
    { what: "float minus quantized", from: "return q - f;", to: "return f - q;" },
    {
      what: "equal networks support it",
      from: "high !== null && high < 0",
      to: "high !== null && high <= 0",
    },
    {
      what: "the best of several bit widths is taken at its own interval",
      from: "simultaneous: { high }",
      to: "own: { high }",
    },
    {
      what: "one sharper bit width contradicts an existential claim",
      from: "levels.every(({ own: { low } })",
      to: "levels.some(({ own: { low } })",
    },
    { what: "two seeds are enough", from: "if (n < needed)", to: "if (n < 2)" },
  ]),
  ...inFile("src/experiments/report/claim-h1.ts", property("report-evidence"), [
    {
      what: "an undecided hypothesis holds",
      from: 'undecided: "undecided",',
      to: 'undecided: "holds",',
    },
    {
      what: "bit widths without the measure silence those that have it",
      from: ".filter(([, g]) => g.size > 0)",
      to: "",
    },
  ]),
  ...inFile("src/experiments/report/ranking.ts", property("report-evidence"), [
    {
      what: "the seed is a hyper-parameter",
      from: "weightDecay, bits };\n}",
      to: "weightDecay, bits, seed: config.seed };\n}",
    },
    {
      what: "diverged runs are ranked too",
      from: 'run.status === "complete" ? of(run) : null',
      to: "of(run)",
    },
  ]),
  ...inFile("src/experiments/paper/formula.ts", property("paper-radii"), [
    {
      what: "the norm for its square",
      from: "normSq: squaredNorm, sigma",
      to: "normSq: Math.sqrt(squaredNorm), sigma",
    },
    { what: "no root", from: "Math.sqrt(formula(of) / of.m)", to: "formula(of) / of.m" },
  ]),
  ...inFile("src/experiments/paper/radii.ts", property("paper-radii"), [
    {
      what: "the first point of the grid that is not above the cell, not the nearest",
      from: "off(lower) <= off(upper) ? lower : upper",
      to: "upper",
    },
  ]),
  ...inFile("src/experiments/paper/architectures.ts", property("paper-radii"), [
    {
      what: "the shortcut convolutions of the ResNets for CIFAR are counted",
      from: 'layers: of.layers.filter(({ role }) => role !== "shortcut"),',
      to: "layers: of.layers,",
    },
  ]),
  ...inFile("src/experiments/paper/findings/denominators.ts", property("paper-findings"), [
    { what: "(ω/2) for (ω/4) in the difference of the sums", from: "(omega / 4)", to: "(omega / 2)" },
  ]),
  ...inFile("src/experiments/paper/findings/columns.ts", property("paper-findings"), [
    { what: "cells above FP32 are counted as below", from: "own < float)", to: "own > float)" },
  ]),
];
