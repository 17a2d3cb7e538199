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
  ...inFile(
    "src/measures/bounds.ts",
    [...golden("measures"), ...property("bounds", "bounds-relations")],
    [
      { what: "σ in place of σ²", from: "(4 * radius * radius)", to: "(4 * radius)" },
      { what: "the divisor is 2σ²", from: "(4 * radius * radius)", to: "(2 * radius * radius)" },
      {
        what: "log(m/σ) is dropped",
        from: "/ (4 * radius * radius) + constant",
        to: "/ (4 * radius * radius) + 10",
      },
      {
        what: "log m in place of log(m/σ)",
        from: 'constant === "radius" ? radius :',
        to: 'constant === "radius" ? 1 :',
      },
      { what: "the 10 is dropped", from: "share(measure, delta))) + 10", to: "share(measure, delta)))" },
      {
        what: "log ω in place of log 2ω",
        from: 'log(2 * count(measure, "ω", omega))',
        to: 'log(count(measure, "ω", omega))',
      },
      {
        what: "the printed form has δ in it, as the derived one",
        from: 'log(2 * count(measure, "ω", omega))',
        to: "logUnion(measure, omega, delta)",
      },
      { what: "the derived form without its 2", from: "? 2 * logUnion(", to: "? logUnion(" },
      { what: "radius 0 is not guarded: 0/0 at w = w₀", from: "radius === 0 ? Infinity : ", to: "" },
      { what: "flatness is 1/radius", from: "1 / (radius * radius)", to: "1 / radius" },
    ],
  ),
  ...inFile(
    "src/measures/bounds-magnitude.ts",
    [...golden("measures"), ...property("bounds", "bounds-relations")],
    [
      { what: "w in place of w₀: distances are norms", from: "(i) => w[i]! - w0[i]!", to: "(i) => w[i]!" },
      { what: "norms are distances", from: 'origin === "init" ? distances : weights', to: "distances" },
      {
        what: "“orig” divides by wᵢ² by default",
        from: 'denominators: "distance" };',
        to: 'denominators: "weight" };',
      },
      { what: "eps is dropped from the denominator", from: "const below = epsSq + ", to: "const below = " },
      { what: "eps is dropped from the numerator", from: "const above = epsSq + ", to: "const above = " },
      { what: "eps is not squared", from: '"eps", options.eps) ** 2', to: '"eps", options.eps)' },
      { what: "ω/4 becomes ω/2", from: "return total / 4 + constant", to: "return total / 2 + constant" },
      { what: "the squared norm is not divided by ω", from: "length.total) / omega", to: "length.total)" },
      { what: "σ'² without the 1", from: "origin, sigma, () => 1, all", to: "origin, sigma, () => 0, all" },
      { what: "2 log(2ω/δ) in the printed form", from: '(form === "derived" ? 2 : 4)', to: "2" },
      {
        what: "the denominator has σ', not σ'²",
        from: "radiusSq * divisor.sq(i)",
        to: "radius * divisor.sq(i)",
      },
    ],
  ),
  ...inFile(
    "src/measures/reported.ts",
    [...golden("measures"), ...property("bounds", "bounds-relations")],
    [
      { what: "√x/m", from: "Math.sqrt(raw / m)", to: "Math.sqrt(raw) / m" },
      { what: "a negative x is not flagged", from: 'if (scale === "root" && raw < 0)', to: "if (false)" },
      { what: "a logarithm loses 2 log m", from: "(raw - log(m)) / 2", to: "raw / 2 - log(m)" },
    ],
  ),
  ...inFile(
    "src/measures/spectral.ts",
    [...property("spectral"), ...golden("network-measures")],
    [
      {
        what: "σ² in place of σ",
        from: "return Math.sqrt(Math.max(0, lanczos(",
        to: "return (Math.max(0, lanczos(",
      },
      {
        what: "the transposed complex matrix is not conjugated",
        from: "a * imaginary - b * real",
        to: "a * imaginary + b * real",
      },
      {
        what: "a kernel larger than the image is cut off by default",
        from: 'overhang = "wrap"',
        to: 'overhang = "crop"',
      },
      {
        what: "rows and columns of frequencies share a size",
        from: "((v * b) % w) / w",
        to: "((v * b) % w) / h",
      },
      { what: "only the frequency 0", from: "return all.filter(", to: "return all.slice(0, 1).filter(" },
    ],
  ),
  ...inFile(
    "src/measures/norm-measures.ts",
    [...property("norm-measures"), ...golden("network-measures")],
    [
      {
        what: "the margin is not squared",
        from: "-2 * log(Math.max(0, margin))",
        to: "-log(Math.max(0, margin))",
      },
      {
        what: "a negative margin counts as its size",
        from: "1 / Math.max(0, margin) ** 2",
        to: "1 / margin ** 2",
      },
      { what: "log d is dropped", from: "log(squares.length) +\n", to: "" },
      { what: "norms are not squared", from: "total += x * x;", to: "total += Math.abs(x);" },
    ],
  ),
  ...inFile("src/measures/margin.ts", property("norm-measures"), [
    { what: "the label is among the other logits", from: "if (j !== label) other", to: "other" },
    { what: "the 90th percentile", from: "all.length * share", to: "all.length * (1 - share)" },
    {
      what: "counted from 0",
      from: "Math.floor(all.length * share)) - 1]",
      to: "Math.floor(all.length * share))]",
    },
    { what: "margins in train mode", from: 'batch.images(), "eval")', to: 'batch.images(), "train")' },
  ]),
  ...inFile("src/measures/path-norm.ts", property("norm-measures"), [
    { what: "running means keep their sign", from: 'x.kernels.unary("neg", squared(x))', to: "squared(x)" },
    {
      what: "eps is forgotten in the squared variance",
      from: '"shift", squared(x.kernels.unary("shift", x, EPS)), -EPS',
      to: '"shift", squared(x), 0',
    },
    { what: "parameters are not squared", from: "constant(squared(x))", to: "constant(x)" },
  ]),
  ...inFile("src/measures/loss-surface.ts", property("hessian"), [
    {
      what: "every batch weighs the same",
      from: "batch.share * part[i]!",
      to: "(batchSize / images.count) * part[i]!",
    },
    { what: "the loss in train mode", from: 'batch.images(), "eval")', to: 'batch.images(), "train")' },
    { what: "large logits overflow", from: "sub(y, constant(kernels.tensor(top, [n, 1])))", to: "y" },
    {
      what: "the Hessian is that of all parameters, cut short",
      from: "hessianVectorProduct(loss, Object.values(pick(leaves, names)), along)",
      to: "hessianVectorProduct(loss, Object.values(leaves).slice(0, along.length), along)",
    },
  ]),
  ...inFile("src/measures/lanczos.ts", property("lanczos"), [
    {
      what: "no reorthogonalization but to the last vector",
      from: "for (const u of basis) {",
      to: "for (const u of basis.slice(-1)) {",
    },
    {
      what: "the residual without the eigenvector's last component",
      from: "beta * Math.abs(last[top]!)",
      to: "0 * beta",
    },
    {
      what: "the largest in size",
      from: "values.reduce((a, b) => Math.max(a, b))",
      to: "values.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a))",
    },
    {
      what: "rotations turn the components the wrong way",
      from: "[s * z[i]! + c * z[i + 1]!, c * z[i]! - s * z[i + 1]!]",
      to: "[s * z[i]! - c * z[i + 1]!, c * z[i]! + s * z[i + 1]!]",
    },
  ]),
  ...inFile(
    "src/measures/hessian.ts",
    [...property("hessian"), ...golden("network-measures")],
    [
      { what: "signs that are mostly 1", from: "rng.uniform() < 0.5 ? -1", to: "rng.uniform() < 0.1 ? -1" },
      {
        what: "relative flatness has one sign for all inputs",
        from: "[signs(columns, rng), signs(columns, rng)]",
        to: "[signs(columns, rng), new Float64Array(columns).fill(1)]",
      },
      {
        what: "relative flatness only of the diagonal ⟨w_s, w_s⟩",
        from: "v[s * columns + j] = along * b[j]!",
        to: "v[s * columns + j] = along * b[j]! * (s % 2 === 0 ? 1 : -1)",
      },
      {
        what: "the spread of the draws is taken for the error of their mean",
        from: "Math.sqrt(spread / draws.length)",
        to: "Math.sqrt(spread)",
      },
      { what: "all layers draw the same signs", from: "rng: rng.fork(name),", to: 'rng: rng.fork("layer"),' },
    ],
  ),
  ...inFile("src/measures/worst-case.ts", property("worst-case"), [
    { what: "descent", from: "size * Math.sign(g)", to: "-size * Math.sign(g)" },
    {
      what: "the ball is a box",
      from: "return norm <= radius ? u : u.map((x) => (radius * x) / norm);",
      to: "return u.map((x) => Math.min(radius, Math.max(-radius, x)));",
    },
    {
      what: "the box is a ball",
      from: 'if (ball === "linf") return u.map(',
      to: 'if (ball === "linf" && length(u) < 0) return u.map(',
    },
    {
      what: "no projection",
      from: "u = projected(ball, plus(",
      to: "u = ((_: string, v: Float64Array, __: number) => v)(ball, plus(",
    },
    {
      what: "the last loss, not the largest",
      from: "worst = Math.max(worst, here.loss);",
      to: "worst = here.loss;",
    },
  ]),
  ...inFile("src/measures/registry/needs.ts", property("registry"), [
    {
      what: "a need is computed again for each measure",
      from: "if (before !== undefined) return before;",
      to: "",
    },
  ]),
  ...inFile("src/measures/registry/bounds.ts", property("registry"), [
    {
      what: "mag-orig is mag-init",
      from: "pacBayesMagOrig({ ...x, sigma }, options)",
      to: "pacBayesMagInit({ ...x, sigma }, options)",
    },
  ]),
  ...inFile("src/measures/registry/network.ts", property("registry-network"), [
    { what: "w₀ is w", from: "return pick(initial.params, model.weights);", to: "return layers;" },
    {
      what: "biases and batch norm are among the weights",
      from: "w: () => flatten(layers),",
      to: "w: () => flatten(weights.params),",
    },
  ]),
  ...inFile("src/measures/gap.ts", property("train"), [
    { what: "the gap is training minus test", from: "test.loss - train.loss", to: "train.loss - test.loss" },
  ]),
];
