import { inFile, type Mutant, property } from "./mutant.ts";

export const measuring: readonly Mutant[] = [
  ...inFile("src/nn/fold.ts", property("fold"), [
    {
      what: "γ/(σ² + eps) without the root",
      from: "gamma[channel]! / Math.sqrt(variance[channel]! + EPS)",
      to: "gamma[channel]! / (variance[channel]! + EPS)",
    },
    {
      what: "γ/σ without eps",
      from: "Math.sqrt(variance[channel]! + EPS)",
      to: "Math.sqrt(variance[channel]!)",
    },
    {
      what: "the factor of the input's channel, not of the filter's",
      from: "x * factor(Math.floor(i / filter))",
      to: "x * factor(i % b.data.length)",
    },
    {
      what: "the bias is not scaled",
      from: "(x - mean[i]!) * factor(i) + beta.data[i]!",
      to: "x - mean[i]! * factor(i) + beta.data[i]!",
    },
    {
      what: "β is lost",
      from: "(x - mean[i]!) * factor(i) + beta.data[i]!",
      to: "(x - mean[i]!) * factor(i)",
    },
    {
      what: "the variance that is left is 1, as in the reference code",
      from: "mapped(b, () => 1 - EPS)",
      to: "mapped(b, () => 1)",
    },
    {
      what: "weights without a bias are not folded",
      from: "const b = params[biasName] ??",
      to: "if (params[biasName] === undefined) continue;\n    const b = params[biasName] ??",
    },
  ]),
  ...inFile("src/experiments/journal.ts", property("journal"), [
    { what: "a line that was cut short counts", from: ".slice(0, -1)", to: ".slice(0)" },
    {
      what: "what follows a wrong line is kept",
      from: "if (entry === null) break;",
      to: "if (entry === null) continue;",
    },
    {
      what: "steps of other settings are gone on with",
      from: "canonicalJson(parsed(first) ?? null) !== canonicalJson(settings)",
      to: "parsed(first) === undefined",
    },
    {
      what: "the order of keys is a setting",
      from: "canonicalJson(parsed(first) ?? null) !== canonicalJson(settings)",
      to: "JSON.stringify(parsed(first) ?? null) !== JSON.stringify(settings)",
    },
    {
      what: "entries are read without their place",
      from: "read(parsed(line), entries.length)",
      to: "read(parsed(line), 0)",
    },
  ]),
  ...inFile("src/experiments/measuring/radii.ts", property("measuring-radii"), [
    {
      what: "all searches draw from one stream",
      from: "images, rng.fork(name), settings",
      to: "images, rng, settings",
    },
    {
      what: "steps are made again although they are known",
      from: ".filter(({ search }) => search === name)",
      to: ".filter(({ search }) => search !== search)",
    },
    {
      what: "every search goes on with the steps of all",
      from: ".filter(({ search }) => search === name)",
      to: ".filter(({ search }) => search.length > 0)",
    },
    { what: "σ' with the noise of σ", from: 'name === "sigma" ? options', to: 'name !== "alpha" ? options' },
    { what: "α' in the box of α", from: 'name === "alpha" ? options', to: 'name !== "sigma" ? options' },
    {
      what: "the reference moves weights only",
      from: 'referenceCompat ? "all" : settings.moved',
      to: "settings.moved",
    },
    {
      what: "the reference with our noise",
      from: "referenceCompat ? pacBayesReference : pacBayesDefaults",
      to: "pacBayesDefaults",
    },
    {
      what: "the reference with our answer of a worst case",
      from: 'referenceCompat ? { ...bracket, answer: "last" as const } : bracket',
      to: "bracket",
    },
    {
      what: "σ by the drop, whatever is asked",
      from: '...(displacement === "drop" ? {} : { displacement }),',
      to: "",
    },
    {
      what: "α by the drop, whatever is asked",
      from: "{ ...criterion, displacement, target }",
      to: '{ ...criterion, displacement: "drop" as const, target }',
    },
    {
      what: "α at the default target",
      from: "{ ...criterion, displacement, target }",
      to: "{ ...criterion, displacement }",
    },
    {
      what: "the ball of the ascents is not passed on",
      from: "{ ...ascent, ball, step,",
      to: "{ ...ascent, step,",
    },
    {
      what: "the step of the ascents is not passed on",
      from: "{ ...ascent, ball, step,",
      to: "{ ...ascent, ball,",
    },
    { what: "restarts are not passed on", from: "    moved,\n    restarts,\n", to: "    moved,\n" },
    {
      what: "draws are not passed on",
      from: "criterion, moved, draws, ...shared",
      to: "criterion, moved, ...shared",
    },
    {
      what: "steps of another program are no complaint",
      from: "error instanceof NotResumable",
      to: "error instanceof TypeError",
    },
  ]),
  ...inFile("src/experiments/measuring/measure.ts", property("measuring-radii"), [
    {
      what: "noise does not depend on the seed", // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
      from: "measures/${settings.seed}",
      to: "measures/0",
    },
    {
      what: "latent, whatever is asked",
      from: 'isQuantized(model) && on === "latent"',
      to: "isQuantized(model)",
    },
    {
      what: "dequantized, whatever is asked",
      from: 'isQuantized(model) && on === "latent"',
      to: "!isQuantized(model)",
    },
    {
      what: "nothing is folded",
      from: "fold ? foldBatchNorm(plain.model, weights) : weights",
      to: "weights",
    },
    {
      what: "all images, whatever is asked",
      from: "firstImages(buildImages(dataset).train, settings.images, run)",
      to: "firstImages(buildImages(dataset).train, null, run)",
    },
  ]),
  ...inFile("src/experiments/measuring/measure.ts", property("measuring"), [
    {
      what: "w₀ is of another seed",
      from: "createRng(config.seed).fork",
      to: "createRng(config.seed + 1).fork",
    },
    {
      what: "the formulas are the default ones",
      from: "measuresWith({ constant, delta, form, denominators })",
      to: "measuresWith()",
    },
    {
      what: "what is known is measured again",
      from: "existsSync(path) ?",
      to: "existsSync(run.folder) === false ?",
    },
    {
      what: "other weights find what was measured",
      from: "fingerprint(loadWeights(run, dataset, kernels))",
      to: "fingerprint(modelOf(run, dataset).init(kernels, createRng(0)))",
    },
    {
      what: "curvature of all images",
      from: "Math.min(images.count, curvatureImages)",
      to: "images.count",
    },
    {
      what: "curvature of latent weights",
      from: "isQuantized(network.model) ? await",
      to: "!isQuantized(network.model) ? await",
    },
    {
      what: "curvature although there are no images for it",
      from: "curvatureImages > 0",
      to: "curvatureImages >= 0",
    },
    { what: "the worst case in a box counts as no curvature", from: '  "worstLinf",\n', to: "" },
    {
      what: "latent weights may be folded",
      from: 'fold && on === "latent" && bits !== 32',
      to: 'fold && on === "latent" && bits === 1',
    },
    {
      what: "the margin's sign counts, also as in the reference",
      from: "      referenceCompat,\n    },",
      to: "    },",
    },
    {
      what: "σ for all radii",
      from: "[name, radius(name)]",
      to: '[name, radius("sigma")]',
    },
  ]),
  ...inFile("src/experiments/measuring/values.ts", property("measuring"), [
    {
      what: "infinite without a word about the margin",
      from: 'flag === "infinite" && needs.includes("margin")',
      to: 'flag === "negative" && needs.includes("margin")',
    },
  ]),
  ...inFile("src/experiments/measuring/settings.ts", property("measuring"), [
    {
      what: "searches of one δ do not know those of another",
      from: '"m", "constant", "delta",',
      to: '"m", "constant",',
    },
  ]),
  ...inFile("src/experiments/measuring/text.ts", property("measuring-text"), [
    { what: "< for >", from: 'radius.saturatedLow ? "<"', to: 'radius.saturatedHigh ? "<"' },
    {
      what: "a measure that lacks a radius says so again",
      from: "note !== null && !missing.has(note)",
      to: "note !== null",
    },
    {
      what: "values by their place",
      from: "(measure) => measure.id === id",
      to: "(_, i) => names[i]!.id === id",
    },
  ]),
  ...inFile("src/experiments/measuring/figure.ts", property("measuring-text"), [
    {
      what: "a mark where the drop may be, not where it is certain",
      from: 'step.verdict === "smaller" ? step.displacement.low',
      to: 'step.verdict !== "smaller" ? step.displacement.low',
    },
    { what: "the first step is filled", from: "i === radius.trace.length - 1", to: "i === 0" },
  ]),
];
