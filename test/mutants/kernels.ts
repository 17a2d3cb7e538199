import { golden, inFile, type Mutant, property } from "./mutant.ts";

export const kernels: readonly Mutant[] = [
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
      from: "f32x4.eq(c, x)",
      to: "v128.and(f32x4.eq(c, x), f32x4.lt(x, high))",
    },
  ]),
  ...inFile("src/tensor/kernels/simd/assembly/quantize.ts", property("quantize-products"), [
    {
      what: "the product is taken for the quotient beside ties too",
      from: "0.5 - (max(qn, qp) + 1) * SLACK",
      to: "0.5",
    },
    {
      what: "the inverse of a step is taken for an ordinary number, however small the step is",
      from: "ordinary ? 0.5",
      to: "true ? 0.5",
    },
  ]),
  ...inFile(
    "src/tensor/random.ts",
    [...property("random"), ...golden("corruptions")],
    [{ what: "the polar method without its 2", from: "(-2 * log(r))", to: "(-log(r))" }],
  ),
  ...inFile("src/tensor/kernels/reference/random.ts", property("kernel-random"), [
    { what: "a round of Threefry rotates by another number", from: "[13, 15, 26, 6]", to: "[13, 15, 26, 7]" },
    { what: "the number of the group is not added to the key", from: "! + group + 1) | 0", to: "!) | 0" },
    { what: "normal numbers of variance 2", from: "Math.sqrt(-2 * log", to: "Math.sqrt(-4 * log" },
    {
      what: "both numbers of a pair are one",
      from: "cosTurn(turn), radius * sinTurn(turn)",
      to: "cosTurn(turn), radius * cosTurn(turn)",
    },
  ]),
  ...inFile("src/tensor/kernels/simd/assembly/random.ts", property("kernels"), [
    { what: "the key is not changed between the groups of rounds", from: "p = q; q = r; r = first;", to: "" },
    {
      what: "the second four counters repeat the first",
      from: "c = i32x4.add(a, i32x4.splat(4))",
      to: "c = a",
    },
    {
      what: "the sign of a sine is lost in half of the turn",
      from: "i32x4.shl(v128.and(q, i32x4.splat(2)), 30)",
      to: "i32x4.splat(0)",
    },
    {
      what: "noise is scaled by its variance",
      from: "(root ? Math.sqrt(variance) : variance)",
      to: "variance",
    },
  ]),
  ...inFile("src/tensor/kernels/reference/normalization.ts", property("nn"), [
    {
      what: "the unbiased variance normalizes the batch",
      from: "- mean[c]!)).map((sum) => sum / count)",
      to: "- mean[c]!)).map((sum) => sum / (count - 1))",
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
      from: "max(0, load<f64>(sums, 8) / count - d * d)",
      to: "max(0, load<f64>(sums, 8) / count)",
    },
    {
      what: "the gradient of batch norm with a ReLU is not stopped where the output is 0",
      from: "return gated ? v128.and(g,",
      to: "return false ? v128.and(g,",
    },
  ]),
  ...inFile("src/tensor/kernels/simd/assembly/norm.ts", property("kernels"), [
    {
      what: "of eight vectors, only the first is squared",
      from: "d = f32x4.add(d, f32x4.mul(v, v));",
      to: "",
    },
    {
      what: "of eight vectors of slopes, only the first counts",
      from: "d = f32x4.add(d, f32x4.mul(u, f32x4.sub(v, m)));",
      to: "",
    },
  ]),
  ...inFile("src/tensor/kernels/simd/assembly/sums.ts", property("kernels"), [
    {
      what: "the upper half of a vector is added twice, the lower never",
      from: "f64x2.promote_low_f32x4(x)), high(x)",
      to: "high(x)), high(x)",
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
  ...inFile("src/tensor/kernels/simd/assembly/dots.ts", property("kernels"), [
    {
      what: "a last row without a partner is multiplied with what lies behind it",
      from: "f (l < n) store<f32>",
      to: "f (l <= n) store<f32>",
    },
    { what: "only three lanes of a sum are added up", from: "+ f32x4.extract_lane(v, 3)", to: "" },
  ]),
  ...inFile("src/tensor/kernels/simd/assembly/conv.ts", property("kernels"), [
    {
      what: "what is not yet a whole sum is normalized too",
      from: "last ? pairs : 0",
      to: "pairs",
    },
  ]),
  ...inFile("src/tensor/kernels/simd/assembly/tile.ts", property("kernels"), [
    {
      what: "at the edge of an image, every row is normalized as the first of its tile",
      from: "pairs ? pairs + 8 * <usize>i : 0",
      to: "pairs",
    },
  ]),
  ...inFile("src/tensor/kernels/simd/assembly/depthwise.ts", property("kernels"), [
    {
      what: "the window of the gradient to the input is not turned",
      from: "((kh - 1 - ky) * fw + (kw - 1 - kx)) << 2",
      to: "(ky * fw + kx) << 2",
    },
    {
      what: "outputs beyond the end of a row are stored too",
      from: "const live = min(4, w - j);",
      to: "const live = 4;",
    },
  ]),
  ...inFile("src/tensor/kernels/simd/assembly/depthwise.ts", property("kernels"), [
    {
      what: "a window of 3x3 is not turned for the gradient to the input",
      from: "weights + 32, -4",
      to: "weights, 4",
    },
    {
      what: "channels that are summed together share the sums of the first",
      from: "sums + own * (c - first)",
      to: "sums",
    },
  ]),
  ...inFile("src/tensor/kernels/simd/assembly/depthwise-3x3.ts", property("depthwise"), [
    { what: "windows begin on the row below the last", from: "if (i > 0 && i <= oh) {", to: "if (i > 0) {" },
    { what: "at an odd height, a row too many is written", from: "if (y + 1 < h) {", to: "{" },
    {
      what: "of eight neighbours, four exist at the end of a row",
      from: "6, 3, 7), live - 4)",
      to: "6, 3, 7), live)",
    },
  ]),
  ...inFile("src/tensor/kernels/simd/assembly/quantize.ts", property("kernels"), [
    {
      what: "of three last weights, one does not move the step",
      from: "if (rest > 2) ds",
      to: "if (false) ds",
    },
  ]),
  ...inFile("src/tensor/kernels/simd/assembly/weight-grad.ts", property("kernels"), [
    {
      what: "windows with padding are read as if they had none",
      from: "isLine() && geo.pad == 0 && canDot",
      to: "isLine() && canDot",
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
  ...inFile("src/autograd/ops/fused.ts", property("ops"), [
    {
      what: "the gradient of a normalization is divided by the variance, not by its root",
      from: "div(gamma, sqrt(shift(eps)(variance)))",
      to: "div(gamma, shift(eps)(variance))",
    },
  ]),
  ...inFile("src/autograd/ops/batch-norm-relu.ts", property("ops"), [
    {
      what: "the gradient of a normalization with a ReLU passes where the ReLU is shut",
      from: "normalizePulls(eps, gate(g, y), xs)",
      to: "normalizePulls(eps, g, xs)",
    },
    {
      what: "the gradient of a convolution with batch norm and ReLU passes where the ReLU is shut",
      from: "const open = gate(g, y);",
      to: "const open = g;",
    },
    {
      what: "the definition of the gradient forgets the ReLU",
      from: "batchNormGradDefinition(eps)(gate(g, y), x,",
      to: "batchNormGradDefinition(eps)(g, x,",
    },
  ]),
  ...inFile("src/nn/network/layer.ts", property("one-pass"), [
    {
      what: "training normalizes by the running statistics",
      from: 'mode === "eval" && withNormRelu',
      to: "withNormRelu",
    },
    {
      what: "whatever follows on a convolution is taken for a batch norm",
      from: "second?.[1].isBatchNorm && third",
      to: "second && third",
    },
  ]),
];
