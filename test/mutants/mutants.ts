/** Errors that somebody could make, and the tests that are there to catch them. `run.ts` plants them. */

export interface Mutant {
  readonly file: string;
  /** What is wrong, in a few words. */
  readonly what: string;
  /** Source text that the file has exactly once. */
  readonly from: string;
  readonly to: string;
  /** Test files of which one has to fail. */
  readonly tests: readonly string[];
}

type Change = Pick<Mutant, "what" | "from" | "to">;

const inFile = (file: string, tests: readonly string[], changes: readonly Change[]): readonly Mutant[] =>
  changes.map((change) => ({ file, ...change, tests }));

const property = (...names: readonly string[]): string[] =>
  names.map((name) => `test/property/${name}.test.ts`);
const golden = (...names: readonly string[]): string[] => names.map((name) => `test/golden/${name}.test.ts`);

export const mutants: readonly Mutant[] = [
  ...inFile("src/tensor/kernels/reference/quantization.ts", property("lsq"), [
    {
      what: "no mask: clipped weights get a gradient too",
      from: "(i) => (passes(x(i)) ? g.data[i]! : 0)",
      to: "(i) => g.data[i]!",
    },
    {
      what: "the mask stops the gradient on the highest level, not beyond it",
      from: "return -q.qn <= r && r <= q.qp;",
      to: "return -q.qn <= r && r < q.qp;",
    },
    {
      what: "ties are rounded up, as Math.round does",
      from: '=== "half-even" ? roundHalfEven',
      to: '=== "half-even" ? Math.round',
    },
    {
      what: "the gradient of the step has the wrong sign inside the levels",
      from: "single(round(r) - r)",
      to: "single(r - round(r))",
    },
    { what: "clipped weights do not move the step", from: ": clip(r, -q.qn, q.qp));", to: ": 0);" },
    { what: "no clip: levels without end", from: "round(clip(x(i), -q.qn, q.qp))", to: "round(x(i))" },
  ]),
  ...inFile("src/tensor/kernels/simd/assembly/quantize.ts", property("lsq"), [
    {
      what: "the mask stops the gradient on the highest level, not beyond it",
      from: "v128.and(f32x4.ge(x, low), f32x4.le(x, high))",
      to: "v128.and(f32x4.ge(x, low), f32x4.lt(x, high))",
    },
  ]),
  ...inFile("src/quant/lsq.ts", property("lsq-step"), [
    {
      what: "the scale of the step's gradient without the root",
      from: "1 / Math.sqrt(n * qp)",
      to: "1 / (n * qp)",
    },
    {
      what: "the scale of the step's gradient with qn in place of qp",
      from: "(n: number, { qp }: Levels)",
      to: "(n: number, { qn: qp }: Levels)",
    },
    { what: "the first step without the factor 2", from: "(2 * total)", to: "total" },
    {
      what: "as many levels below 0 as above",
      from: "return { qn: 2 ** (bits - 1), qp",
      to: "return { qn: 2 ** (bits - 1) - 1, qp",
    },
  ]),
  ...inFile("src/quant/prepare.ts", property("prepare"), [
    {
      what: "the floor is not applied to the steps",
      from: '(p, name) => (steps.has(name) ? p.kernels.unary("atLeast", p, floor) : p)',
      to: "(p) => p",
    },
    {
      what: "the last layer is not treated as the last",
      from: "i === weights.length - 1",
      to: "i === weights.length",
    },
    {
      what: "8 bits for every layer, not only the first and the last",
      from: 'outer && firstLast === "8bit" ? 8',
      to: 'firstLast === "8bit" ? 8',
    },
    {
      what: "the scale of the step's gradient counts outputs, not weights",
      from: "stepGradScale(sizeOf(w.value.shape), levels)",
      to: "stepGradScale(w.value.shape[0]!, levels)",
    },
  ]),
  ...inFile("src/quant/inspect.ts", property("inspect"), [
    {
      what: "weights half a step beyond the levels count as clipped",
      from: "ratio > levels.qp + 0.5",
      to: "ratio > levels.qp",
    },
  ]),
  ...inFile("src/autograd/ops/arithmetic.ts", property("ops"), [
    { what: "the gradient of a − b in b has the wrong sign", from: "onto(b, neg(g))", to: "onto(b, g)" },
    { what: "the gradient of the root without the factor ½", from: "scale(0.5)(div(g, y))", to: "div(g, y)" },
    {
      what: "the broadcasting of a sum is not undone in its gradient",
      from: "[() => onto(a, g), () => onto(b, g)]",
      to: "[() => g, () => g]",
    },
  ]),
  ...inFile("src/autograd/ops/linear.ts", property("ops"), [
    {
      what: "the gradient of A B in B without the transpose of A",
      from: ": gemm({ transposeA: !transposeA })(a, g)",
      to: ": gemm({ transposeA })(a, g)",
    },
  ]),
  ...inFile("src/autograd/ops/fused.ts", property("ops"), [
    {
      what: "the gradient of the cross-entropy forgets what comes after it",
      from: "mul(crossEntropyGrad(labels)(logits), g)",
      to: "crossEntropyGrad(labels)(logits)",
    },
    {
      what: "the gradient of batch norm, in its definition, takes the variance for a constant",
      from: "add(perChannel(dbeta, x), mul(hat, perChannel(dgamma, x)))",
      to: "perChannel(dbeta, x)",
    },
  ]),
  ...inFile("src/autograd/grad.ts", property("grad"), [
    {
      what: "of several gradients that arrive at a value, the last one stays",
      from: "before === undefined ? g : add(before, g)",
      to: "g",
    },
  ]),
  ...inFile("src/autograd/grad.ts", property("ops"), [
    {
      what: "inputs that depend on each other get each other's gradients",
      from: "xs.map((x) => identity(x))",
      to: "[...xs]",
    },
  ]),
  ...inFile("src/tensor/kernels/reference/normalization.ts", property("nn"), [
    {
      what: "the unbiased variance normalizes the batch",
      from: "- mean[c]!) ** 2).map((sum) => sum / count)",
      to: "- mean[c]!) ** 2).map((sum) => sum / (count - 1))",
    },
    {
      what: "eps outside the root",
      from: "Math.sqrt(variance.data[c]! + eps) + beta",
      to: "(Math.sqrt(variance.data[c]!) + eps) + beta",
    },
  ]),
  ...inFile("src/tensor/kernels/reference/normalization.ts", property("ops"), [
    {
      what: "the gradient of batch norm takes the variance for a constant",
      from: " - (hat(i, c) * dgamma[c]!) / count)",
      to: ")",
    },
  ]),
  ...inFile("src/tensor/kernels/simd/assembly/norm.ts", property("ops"), [
    {
      what: "the variance is around the first value, not around the mean",
      from: "max(0, square / count - d * d)",
      to: "max(0, square / count)",
    },
  ]),
  ...inFile("src/tensor/kernels/simd/assembly/window.ts", golden("pinned"), [
    {
      what: "at stride 2, the second four of eight windows are read where they lie at stride 1",
      from: "four(stride, at + 16 * stride)",
      to: "four(stride, at + 16)",
    },
  ]),
  ...inFile("src/tensor/kernels/simd/assembly/window.ts", golden("pytorch"), [
    {
      what: "windows are taken to lie side by side across the end of a row",
      from: "(position % geo.ow) + n <= geo.ow;",
      to: "(position % geo.ow) + n <= geo.ow + 1;",
    },
  ]),
  ...inFile("src/nn/layers.ts", property("nn"), [
    {
      what: "the running variance learns the biased one",
      from: "batchVariance.value, count / (count - 1))",
      to: "batchVariance.value, 1)",
    },
    { what: "the momentum of batch norm is swapped", from: "MOMENTUM = 0.1;", to: "MOMENTUM = 0.9;" },
  ]),
  ...inFile("src/nn/init.ts", property("nn"), [
    {
      what: "the first weights are as wide as for ReLU (Kaiming)",
      from: "1 / Math.sqrt(sizeOf(shape.slice(1)))",
      to: "Math.sqrt(6 / sizeOf(shape.slice(1)))",
    },
    {
      what: "the number of inputs of a convolution is that of its channels",
      from: "1 / Math.sqrt(sizeOf(shape.slice(1)))",
      to: "1 / Math.sqrt(shape[1]!)",
    },
  ]),
  ...inFile("src/tensor/kernels/reference/loss.ts", property("ops"), [
    {
      what: "the maximum is taken out of the exponents and not put back",
      from: "total += max + log(sum)",
      to: "total += log(sum)",
    },
    {
      what: "the gradient of the cross-entropy is not averaged over the rows",
      from: "Number(j === labels[row])) / n;",
      to: "Number(j === labels[row]));",
    },
  ]),
  ...inFile("src/tensor/kernels/reference/optimizers.ts", property("optimizers"), [
    {
      what: "Adam without correction of the second moment",
      from: "Math.sqrt(1 - power(h.beta2, h.step))",
      to: "1",
    },
    {
      what: "Adam's eps is inside the root",
      from: "(Math.sqrt(vi) / correct2 + h.eps)",
      to: "Math.sqrt(vi / correct2 ** 2 + h.eps)",
    },
    {
      what: "decoupled decay is not multiplied by the learning rate",
      from: "(1 - h.lr * h.weightDecay)",
      to: "(1 - h.weightDecay)",
    },
    {
      what: "decoupled decay joins the gradient as well",
      from: "const d = h.decoupled ? g.data[i]! : g.data[i]!",
      to: "const d = g.data[i]!",
    },
    {
      what: "the first momentum buffer is damped",
      from: "buf === null ? d :",
      to: "buf === null ? (1 - h.dampening) * d :",
    },
    {
      what: "RMSprop's eps is inside the root",
      from: "(Math.sqrt(vi) + h.eps)",
      to: "Math.sqrt(vi + h.eps)",
    },
  ]),
  ...inFile("src/nn/optimizers.ts", property("optimizers"), [
    {
      what: "the rate falls one epoch after the milestone",
      from: "epoch >= milestone",
      to: "epoch > milestone",
    },
    {
      what: "no parameter is exempt from weight decay",
      from: "decays(name) ? weightDecay : 0",
      to: "weightDecay",
    },
  ]),
  ...inFile("src/quant/noise.ts", property("noise"), [
    {
      what: "the variance of U[−δ/2, δ/2] is δ²/4",
      from: '(nonNegative("uniform", delta) * delta) / 12',
      to: '(nonNegative("uniform", delta) * delta) / 4',
    },
    {
      what: "the variance of N(0, σ²) is σ",
      from: 'nonNegative("gaussian", sigma) * sigma',
      to: 'nonNegative("gaussian", sigma)',
    },
    {
      what: "the weights receive Δ in place of −Δ",
      from: 'minus("appliedNoise", wHat, w)',
      to: 'minus("appliedNoise", w, wHat)',
    },
    { what: "all layers draw from one stream", from: "rng.fork(name)", to: "rng" },
  ]),
  ...inFile("src/quant/regularization.ts", property("regularization"), [
    {
      what: "the loss is averaged over the outputs too",
      from: "return dot(r, r) / task.y.shape[0]!;",
      to: "return dot(r, r) / sizeOf(task.y.shape);",
    },
    {
      what: "R is not averaged over the examples",
      from: "return meanOf(pushed.map((jn) => dot(jn, jn))) / task.y.shape[0]!;",
      to: "return meanOf(pushed.map((jn) => dot(jn, jn)));",
    },
    {
      what: "the spread of the draws is taken for the error of their mean",
      from: "Math.sqrt(variance / draws)",
      to: "Math.sqrt(variance)",
    },
  ]),
  ...inFile("src/quant/regularization.ts", property("regularization-conditions"), [
    { what: "the cross term without its 2", from: "(2 * meanOf(", to: "(meanOf(" },
    {
      what: "the curvature term has the wrong sign",
      from: "total + v * hessianTrace(",
      to: "total - v * hessianTrace(",
    },
    {
      what: "the curvature term is halved, as in a Taylor series",
      from: "total + v * hessianTrace(",
      to: "total + (v / 2) * hessianTrace(",
    },
  ]),
  ...inFile("src/nn/train.ts", property("train"), [
    {
      what: "the epoch with the highest loss is selected",
      from: "train.loss < state.best.train.loss",
      to: "train.loss > state.best.train.loss",
    },
    {
      what: "epochs are compared by the loss of their steps",
      from: "train.loss < state.best.train.loss",
      to: "lossSum / steps < state.best.train.loss",
    },
    {
      what: "evaluation normalizes by the moments of the batch",
      from: 'x, "eval").y.value',
      to: 'x, "train").y.value',
    },
  ]),
  ...inFile("src/nn/train.ts", property("train-script"), [
    {
      what: "the latest of equal epochs is selected",
      from: "train.loss < state.best.train.loss",
      to: "train.loss <= state.best.train.loss",
    },
    {
      what: "the epoch is selected by its test loss",
      from: "train.loss < state.best.train.loss",
      to: "test.loss < state.best.train.loss",
    },
    {
      what: "the epoch is selected by its accuracy",
      from: "train.loss < state.best.train.loss",
      to: "train.accuracy > state.best.train.accuracy",
    },
    {
      what: "an epoch whose loss is no number may be selected",
      from: "best && Number.isFinite(train.loss) ?",
      to: "best ?",
    },
    {
      what: "the selected weights are those that training began with",
      from: "{ epoch, train, weights: state.weights }",
      to: "{ epoch, train, weights: start.weights }",
    },
    {
      what: "the network's own rule for its parameters (the floor of the steps) is not applied",
      from: "model.project?.(updated.params) ?? updated.params",
      to: "updated.params",
    },
    {
      what: "the optimizer does not hear what is exempt from weight decay",
      from: "state.optimizer, lr, model.decays)",
      to: "state.optimizer, lr)",
    },
    {
      what: "every epoch has the same order of images",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
      from: "shuffle/${state.epoch}",
      to: "shuffle/0",
    },
    {
      what: "the images are not shuffled",
      from: ".permutation(data.train.count)",
      to: ".permutation(data.train.count).sort()",
    },
    {
      what: "an epoch has the learning rate of the next one",
      from: "recipe.lr(state.epoch)",
      to: "recipe.lr(state.epoch + 1)",
    },
    {
      what: "what batch norm has seen is forgotten",
      from: "?? updated.params, buffers: pass.buffers }",
      to: "?? updated.params, buffers: state.weights.buffers }",
    },
  ]),
  ...inFile("src/nn/metrics.ts", property("train"), [
    {
      what: "a smaller last batch weighs as much as the others",
      from: "loss: sum((t) => t.loss) / count",
      to: "loss: sum((t) => t.loss / t.count) / tallies.length",
    },
  ]),
  ...inFile("src/measures/gap.ts", property("train"), [
    { what: "the gap is training minus test", from: "test.loss - train.loss", to: "train.loss - test.loss" },
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
      what: "PAC-Bayes-Orig with σ for σ²",
      from: "squaredNorm / (4 * radius ** 2)",
      to: "squaredNorm / (4 * radius)",
    },
    { what: "log ω for log 2ω", from: "log(2 * omega)", to: "log(omega)" },
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
