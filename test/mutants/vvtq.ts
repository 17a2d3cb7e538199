import { golden, inFile, type Mutant, property } from "./mutant.ts";

export const vvtq: readonly Mutant[] = [
  ...inFile("src/nn/network/network.ts", property("input-ranges"), [
    {
      what: "what follows a batch norm is not negative, as what came before it",
      from: 'if (part.kind !== "map") range = "signed";',
      to: 'if (part.kind !== "map") continue;',
    },
  ]),
  ...inFile("src/quant/grad-scale.ts", golden("vvtq"), [
    { what: "the gradient scale by the L2 norm", from: "norm += Math.abs(x)", to: "norm += x * x" },
    {
      what: "the gradient scale of activations is LSQ's",
      from: "1 / (Math.sqrt(n) * levels.qp)",
      to: "1 / Math.sqrt(n * levels.qp)",
    },
  ]),
  ...inFile(
    "src/quant/mse-step.ts",
    [...golden("vvtq"), ...property("vvtq")],
    [
      {
        what: "the step that leaves nothing clipped, for the one of least error",
        from: "CHANGE * s",
        to: "1 * s",
      },
      {
        what: "codes are not clipped while the step is fitted",
        from: "Math.min(Math.max(x / s, -qn), qp)",
        to: "x / s",
      },
    ],
  ),
  ...inFile("src/quant/activation.ts", golden("vvtq"), [
    {
      what: "the offset is not added again",
      from: "return add(quantize(sub(x, beta), s), beta);",
      to: "return quantize(sub(x, beta), s);",
    },
    { what: "the offset learns as fast as the weights", from: "slowed(gradScale)", to: "slowed(1)" },
    {
      what: "activations that are never negative have a sign",
      from: 'range === "signed" ? signed(bits)',
      to: 'range !== "offset" ? signed(bits)',
    },
  ]),
  ...inFile("src/quant/bin-regularization.ts", golden("vvtq"), [
    { what: "the variance of a level is the biased one", from: "1 / (size(i) - 1)", to: "1 / size(i)" },
    {
      what: "clipped weights are drawn to the outermost level",
      from: "inside(i) ? 1 / count : 0",
      to: "1 / count",
    },
    { what: "the ramp begins at once", from: "- 0.25) / 0.75", to: "- 0) / 1" },
  ]),
  ...inFile("src/nn/distill.ts", golden("vvtq"), [
    {
      what: "the missing mass is spread over all classes",
      from: "(1 - mass) / (k - top)",
      to: "(1 - mass) / k",
    },
    { what: "softmax of the exponentials without their sum", from: "p[j]! /= total", to: "p[j]! /= 1" },
  ]),
  ...inFile("src/quant/prepare.ts", golden("vvtq"), [
    {
      what: "later layers are calibrated by what float layers make of the images",
      from: "return quantizedInput(q, policy, mapTree(found, constant), x);",
      to: "return x;",
    },
  ]),
  ...inFile("src/nn/pass.ts", property("vvtq"), [
    {
      what: "the penalty counts in the loss, and not in the gradient",
      from: "[...slope, one]",
      to: "[...slope, null]",
    },
  ]),
];
