import { golden, inFile, type Mutant, property } from "./mutant.ts";

/** In the layers and the networks that are made of them. */
export const networks: readonly Mutant[] = [
  ...inFile("src/nn/network/layer.ts", property("network"), [
    {
      what: "a residual block is its branch",
      from: "add(branch.apply(pass, name, x), shortcut",
      to: "((y: Var, _: Var) => y)(branch.apply(pass, name, x), shortcut",
    },
  ]),
  ...inFile("src/nn/network/layer.ts", property("models"), [
    {
      what: "the shortcut comes before the branch",
      from: 'parts: [...branch.parts, { name: "", kind: "map" }, ...shortcut.parts',
      to: 'parts: [...shortcut.parts, { name: "", kind: "map" }, ...branch.parts',
    },
  ]),
  ...inFile("src/nn/network/random.ts", property("network"), [
    { what: "what is left is not divided by its share", from: "? 0 : 1 / (1 - share)", to: "? 0 : 1" },
    {
      what: "each batch drops the same",
      from: "next.set([seed, batches + 1]);",
      to: "next.set([seed, batches]);",
    },
    { what: "all layers drop the same", from: ".fork(name);", to: ";" },
    { what: "drop path drops single numbers", from: 'per === "number" ? shape', to: "per !== null ? shape" },
    { what: "numbers are dropped in eval mode too", from: 'if (mode === "eval") return x;', to: "" },
  ]),
  ...inFile("src/nn/network/network.ts", property("network"), [
    {
      what: "any batch norm that follows belongs to a layer",
      from: "const next = parts[i + 1];",
      to: 'const next = parts.slice(i).find((p) => p.kind === "batchNorm");',
    },
    {
      what: "everything decays",
      from: "decays: (name: string) => weights.includes(name)",
      to: "decays: () => true",
    },
  ]),
  ...inFile("src/nn/network/windows.ts", property("network"), [
    { what: "windows at the edge see the other end of the image", from: "= -100;", to: "= 0;" },
    {
      what: "one window that covers all is shifted",
      from: "shift: padded > window ? shift : 0",
      to: "shift",
    },
    {
      what: "neighbours are put together row by row",
      from: "permute([0, 1, 3, 4, 2, 5])",
      to: "permute([0, 1, 3, 2, 4, 5])",
    },
    { what: "tokens come back to where the windows were", from: "(i - shift + padded) % padded", to: "i" },
  ]),
  ...inFile("src/nn/network/windows.ts", golden("networks"), [
    {
      what: "the bias of places is taken with across and down exchanged",
      from: "return down * span + across;",
      to: "return across * span + down;",
    },
    {
      what: "the bias is that of the opposite place",
      from: "Math.floor(i / window) - Math.floor(j / window)",
      to: "Math.floor(j / window) - Math.floor(i / window)",
    },
  ]),
  ...inFile("src/nn/network/attention.ts", golden("networks"), [
    {
      what: "scores are not divided by the root of the width of a head",
      from: "scale(1 / Math.sqrt(d))(q!)",
      to: "q!",
    },
    { what: "queries and keys are exchanged", from: "const [q, k, v] =", to: "const [k, q, v] =" },
  ]),
  ...inFile("src/nn/models/resnet.ts", golden("networks"), [
    {
      what: "no pooling after the first convolution of the large network",
      from: "large ? maxPool(3, { stride: 2, padding: 1 }) : identity",
      to: "identity",
    },
    {
      what: "the bottleneck strides in its first convolution",
      from: "conv1: convOf(inputs, inner, 1),",
      to: "conv1: convOf(inputs, inner, 1, stride),",
    },
  ]),
  ...inFile("src/nn/models/mobilenet-v2.ts", golden("networks"), [
    {
      what: "torchvision's network has ReLU for ReLU6",
      from: "sequence([layer, batchNorm(outputs), relu6])",
      to: "sequence([layer, batchNorm(outputs), relu])",
    },
    {
      what: "the small network has no projection in its shortcuts",
      from: "inputs === outputs ? identity : projection",
      to: "identity",
    },
  ]),
  ...inFile("src/nn/models/deit.ts", golden("networks"), [
    {
      what: "the class token is not marked by its place",
      from: "others.map((i) => (i < 0 ? 0 : -1))",
      to: "others.map(() => 0)",
    },
    { what: "eps of layer norm is PyTorch's default", from: "16, 1e-6]", to: "16, 1e-3]" },
  ]),
  ...inFile("src/autograd/ops/softmax.ts", property("ops"), [
    {
      what: "the gradient of softmax is that of an exponential",
      from: "mul(y, sub(g, rowSum(mul(g, y))))",
      to: "mul(y, g)",
    },
  ]),
  ...inFile("src/autograd/ops/layout.ts", property("ops"), [
    {
      what: "the gradient is permuted once more, not back",
      from: "permute(order.map((_, axis) => order.indexOf(axis)))(g)",
      to: "permute(order)(g)",
    },
  ]),
  ...inFile("src/tensor/kernels/simd/assembly/layout.ts", property("kernels"), [
    {
      what: "slices that are taken twice get one gradient",
      from: "if (index >= 0) addTo(dx + bytes(index * inner), g, inner);",
      to: "if (index >= 0) memory.copy(dx + bytes(index * inner), g, bytes(inner));",
    },
    {
      what: "an index of −1 takes nothing and leaves what was there",
      from: "if (index < 0) memory.fill(y, 0, slice);",
      to: "if (index < 0) continue;",
    },
  ]),
  ...inFile("src/tensor/shape.ts", property("kernels"), [
    {
      what: "axes are merged that are no neighbours",
      from: "strides.at(-1) === extent * stride",
      to: "strides.length > 0",
    },
  ]),
  ...inFile("src/tensor/math.ts", property("kernels"), [
    {
      what: "GELU by the logistic function",
      from: "x < -40 ? -0 : x * distribution(x)",
      to: "x < -40 ? -0 : x / (1 + exp(-1.702 * x))",
    },
  ]),
  ...inFile("src/experiments/pretrained.ts", property("pretrained"), [
    {
      what: "running statistics are drawn anew",
      from: "buffers: mapTree(drawn.buffers, stored)",
      to: "buffers: drawn.buffers",
    },
    {
      what: "what is not expected is not mentioned",
      from: '["not expected", unexpected]',
      to: '["not expected", []]',
    },
    {
      what: "the shape is not looked at",
      from: "sameShape(found.shape, shape) && isReal(found)",
      to: "isReal(found)",
    },
  ]),
];
