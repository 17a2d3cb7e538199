import { inFile, type Mutant, property } from "./mutant.ts";

export const training: readonly Mutant[] = [
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
  ]),
  ...inFile("src/quant/grad-scale.ts", property("prepare"), [
    {
      what: "the scale of the step's gradient counts outputs, not weights",
      from: "stepGradScale(sizeOf(w.shape), levels)",
      to: "stepGradScale(w.shape[0]!, levels)",
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
      from: "1 / Math.sqrt(sizeOf(weight.slice(1)))",
      to: "Math.sqrt(6 / sizeOf(weight.slice(1)))",
    },
    {
      what: "the number of inputs of a convolution is that of its channels",
      from: "1 / Math.sqrt(sizeOf(weight.slice(1)))",
      to: "1 / Math.sqrt(weight[1]!)",
    },
  ]),
  ...inFile("src/nn/optimizers.ts", property("optimizers"), [
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
  ]),
  ...inFile("src/nn/evaluate.ts", property("train"), [
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
  ]),
  ...inFile("src/nn/step.ts", property("train-script"), [
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
      what: "what batch norm has seen is forgotten",
      from: "?? updated.params, buffers }",
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
];
