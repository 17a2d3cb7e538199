import { golden, inFile, type Mutant, property } from "./mutant.ts";

export const measures: readonly Mutant[] = [
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
      { what: "eps is not squared", from: "square(atLeastZero(", to: "(atLeastZero(" },
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
        from: "square(Math.max(0, margin))",
        to: "square(margin)",
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
];
