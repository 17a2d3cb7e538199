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
  ...inFile("src/measures/search/perturb.ts", property("search-perturb"), [
    {
      what: "the variance of the noise is used as its standard deviation",
      from: 'return std === "root" ? (w) => Math.sqrt(variance(w)) : variance;',
      to: "return variance;",
    },
    {
      what: "σ² in the place of σ",
      from: 'return () => (std === "root" ? radius : r2);',
      to: "return () => r2;",
    },
    { what: "magnitude-aware noise without ε", from: "r2 * w * w + eps * eps", to: "r2 * w * w" },
    {
      what: "all parameters draw from one stream",
      from: "const stream = rng.fork(name);",
      to: "const stream = rng;",
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
    { what: "what was not looked at counts as misses", from: "high: hits + of - seen", to: "high: hits" },
    {
      what: "the rest of a row counts as misses",
      from: "const { low, high } = bounds({ low: hits, high: hits + rest });",
      to: "const { low, high } = bounds({ low: hits, high: hits });",
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
  ...inFile("src/measures/search/sharpness.ts", golden("searches"), [
    {
      what: "the mean of the restarts in the place of the worst",
      from: "return probeWorst(table, arranged.base, criterion, thoroughness, first);",
      to: 'return import("./count.ts").then((c) => c.probeMean(table, arranged.base, criterion, thoroughness));',
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
  ...inFile("src/nn/train.ts", property("sam"), [
    {
      what: "the gradient of SAM is that at w",
      from: "values = await readAll(grads);",
      to: "await readAll(grads);",
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
