import { golden, inFile, type Mutant, property } from "./mutant.ts";

const folder = "src/experiments/corruptions";

export const corruptions: readonly Mutant[] = [
  ...inFile(`${folder}/corruption.ts`, property("corruptions"), [
    {
      what: "severity 1 is taken for the first of none: 0 is 5",
      from: "[severity - 1]",
      to: "[(severity + 4) % 5]",
    },
    { what: "all severities draw the same", from: "{severity}`).key()", to: "{name}`).key()" },
    { what: "all pictures draw the same", from: "drawsOf(key, index)", to: "drawsOf(key, 0 * index)" },
    {
      what: "the sixth texture is used as published",
      from: "textures.slice(0, choices.frosts)",
      to: "textures",
    },
    { what: "244 for small pictures too", from: 'constants === "imagenet" && choices', to: "choices" },
  ]),
  ...inFile(`${folder}/constants.ts`, golden("corruptions"), [
    {
      what: "the noise of photographs on small pictures",
      from: "gaussian_noise: [0.04, 0.06, 0.08, 0.09, 0.1]",
      to: "gaussian_noise: [0.08, 0.12, 0.18, 0.26, 0.38]",
    },
    { what: "JPEG at 65 twice", from: "[80, 65, 58, 50, 40]", to: "[80, 65, 65, 50, 40]" },
    {
      what: "a snowflake threshold of another severity",
      from: "[0.25, 0.3, 2.25, 0.6,",
      to: "[0.25, 0.3, 2.25, 0.55,",
    },
    {
      what: "mud at every severity",
      from: '(mud === 1 ? "mud" : "water")',
      to: '(mud === 2 ? "mud" : "water")',
    },
  ]),
  ...inFile(
    `${folder}/picture.ts`,
    [...golden("corruptions"), ...property("corruptions")],
    [
      { what: "rounded, not cut off", from: "x * 255 : 255", to: "Math.round(x * 255) : 255" },
      { what: "bytes wrap around above 1", from: "(x < 1 ? x * 255 : 255)", to: "x * 255" },
    ],
  ),
  ...inFile(`${folder}/noise.ts`, property("corruptions"), [
    { what: "pepper only", from: "draws.uniform() < 0.5 ? 255 : 0", to: "draws.uniform() < 0 ? 255 : 0" },
    { what: "speckle does not grow with the value", from: "p + p * (sigma", to: "p + (sigma" },
    {
      what: "photons are not divided by their number at full brightness",
      from: "draws.uniform()) / photons);",
      to: "draws.uniform()) / 255);",
    },
    {
      what: "λ is that of full brightness",
      from: "poisson((p / 255) * photons)",
      to: "poisson(photons * (p === 0 ? 0 : 1))",
    },
  ]),
  ...inFile(
    `${folder}/draws.ts`,
    [...golden("corruptions"), ...property("corruptions")],
    [
      { what: "the first words are not thrown away", from: "i < 12", to: "i < 0" },
      { what: "the index is not in the state", from: "index | 0, 1]", to: "0 * index, 1]" },
    ],
  ),
  ...inFile(`${folder}/filters.ts`, golden("corruptions"), [
    {
      what: "borders mirrored about the edge in OpenCV's filters",
      from: "2 * n - 2 - at",
      to: "2 * n - 3 - at",
    },
    { what: "Gaussian blurs wrap around", from: "i < 0 ? 0 : i < n ? i : n - 1", to: "(i + 4 * n) % n" },
    { what: "cut off at 3 σ", from: "truncate = 4", to: "truncate = 3" },
  ]),
  ...inFile(
    `${folder}/blur.ts`,
    [...golden("corruptions"), ...property("corruptions")],
    [
      { what: "pixels are swapped as published", from: 'how === "swap"', to: 'how !== "swap"' },
      { what: "dy before dx", from: "(h + dy) * width + w + dx", to: "(h + dx) * width + w + dy" },
      {
        what: "the second blur is missing",
        from: "return gaussianBlurred(blurred, sigma);",
        to: "return blurred;",
      },
    ],
  ),
  ...inFile(
    `${folder}/motion.ts`,
    [...golden("corruptions"), ...property("corruptions")],
    [
      { what: "two-sided weights", from: "exp(-(i * i) /", to: "exp(-((i - radius) * (i - radius)) /" },
      { what: "8 bits are rounded", from: "Math.floor(sum + 0.5) / 257", to: "Math.round(sum / 257)" },
      {
        what: "sine has its sign turned",
        from: "n % 4 === 1 ? term : -term",
        to: "n % 4 === 1 ? -term : term",
      },
    ],
  ),
  ...inFile(
    `${folder}/zoom.ts`,
    [...golden("corruptions"), ...property("corruptions")],
    [
      {
        what: "the picture counts once",
        from: "const sum = x.slice();",
        to: "const sum = new Float64Array(x.length);",
      },
      { what: "pixels' middles on middles", from: "(from - 1) / (to - 1)", to: "from / to" },
    ],
  ),
  ...inFile(`${folder}/plasma.ts`, golden("corruptions"), [
    { what: "the amplitude is not squared", from: "a * draws.between(-a, a)", to: "draws.between(-a, a)" },
    {
      what: "squares after diamonds",
      from: "fill(0, half, besides);\n    fill(half, 0, besides);",
      to: "fill(half, 0, besides);\n    fill(0, half, besides);",
    },
  ]),
  ...inFile(`${folder}/weather.ts`, golden("corruptions"), [
    { what: "fog does not darken", from: "* most) / (most + thickness)", to: "* most) / most" },
    { what: "snow falls sideways", from: "{ x: y, y: -x }", to: "{ x, y }" },
    { what: "one layer of snow", from: "(layer[i]! + layer[layer.length - 1 - i]!)", to: "(layer[i]!)" },
  ]),
  ...inFile(
    `${folder}/color.ts`,
    [...golden("corruptions"), ...property("corruptions")],
    [
      {
        what: "value is the mean",
        from: "const value = Math.max(r, g, b);",
        to: "const value = (r + g + b) / 3;",
      },
      {
        what: "saturation is not clipped",
        from: "clipped(s * factor + offset)",
        to: "(s * factor + offset)",
      },
      {
        what: "one mean for all channels",
        from: "(p - means[i % 3]!) * factor",
        to: "(p - means[0]!) * factor",
      },
    ],
  ),
  ...inFile(`${folder}/elastic.ts`, golden("corruptions"), [
    {
      what: "places are not multiples of 1/32",
      from: "[(u & 31) / 32, (v & 31) / 32]",
      to: "[(u & 16) / 32, (v & 16) / 32]",
    },
    { what: "dx for dy", from: "[h + dy[i]!, w + dx[i]!]", to: "[h + dx[i]!, w + dy[i]!]" },
    { what: "displacements end at 4 σ", from: "truncate: 3", to: "truncate: 4" },
  ]),
  ...inFile(`${folder}/edges.ts`, golden("corruptions"), [
    { what: "diagonals are as long as sides", from: "[1, 1, 1.4]", to: "[1, 1, 1]" },
    { what: "weak edges are all edges", from: "if (m > high) strong.push", to: "strong.push" },
  ]),
  ...inFile(
    `${folder}/spatter.ts`,
    [...golden("corruptions"), ...property("corruptions")],
    [
      {
        what: "water and mud have each other's colour",
        from: "m[Math.floor(i / 3)]! * water[i % 3]!",
        to: "m[Math.floor(i / 3)]! * mud[i % 3]!",
      },
      { what: "no drop, no picture", from: "return most === 0 ? light :", to: "return" },
    ],
  ),
  ...inFile(`${folder}/jpeg.ts`, golden("corruptions"), [
    { what: "colours at full size", from: '"4:2:0"', to: '"4:4:4"' },
  ]),
  ...inFile(`${folder}/folder.ts`, property("corrupted-folder"), [
    {
      what: "severities of one image lie together",
      from: "(block * count + from + i) * size",
      to: "((from + i) * 5 + block) * size",
    },
    {
      what: "planes for pixels",
      from: "pixels[3 * p + k] = images[start + k * plane + p]!",
      to: "pixels[3 * p + k] = images[start + 3 * p + k]!",
    },
    { what: "labels are not compared", from: "label !== clean.labels[i]", to: "label > 255" },
    {
      what: "the first image of all severities is that of the first",
      from: "(severity - 1) * perSeverity",
      to: "(severity - 1) * clean.count",
    },
  ]),
  ...inFile("src/experiments/data/npy.ts", property("data-npy"), [
    { what: "Fortran's order is read as row-major", from: '=== "True")', to: '=== "Maybe")' },
    { what: "numbers begin anywhere", from: "/ 64) * 64", to: "/ 1) * 1" },
    { what: "the copy of a Buffer is a view", from: "new Uint8Array(there);", to: "there.slice();" },
  ]),
  ...inFile("src/experiments/data/npz.ts", property("data-npy"), [
    { what: "checksums are not compared", from: "crc32(plain) !== view", to: "0 * crc32(plain) > view" },
  ]),
  ...inFile("src/experiments/robustness/summary.ts", property("robustness"), [
    {
      what: "severities weigh, not corruptions",
      from: "meanOf(namesOf(cells), (name) =>",
      to: "meanOf([namesOf(cells)[0]!], (name) =>",
    },
    {
      what: "guessing once is enough",
      from: "Math.min(2 * guessing,",
      to: "Math.min(guessing,",
    },
  ]),
  ...inFile("src/experiments/robustness/imagenet-c.ts", property("imagenet-c"), [
    {
      what: "photographs are resized once more",
      from: 'known !== undefined), view: "middle" }',
      to: "known !== undefined) }",
    },
    {
      what: "classes and numbers are not compared",
      from: "split.count !== first.count",
      to: "split.count < 0",
    },
  ]),
  ...inFile("src/experiments/robustness/table.ts", property("robustness"), [
    { what: "a larger gap is better", from: "here.gap < there.gap", to: "here.gap > there.gap" },
    { what: "the reference is of any seed", from: "config.seed === seed)", to: "config.seed >= 0)" },
  ]),
  ...inFile("src/experiments/report/robustness.ts", property("robustness"), [
    { what: "the claim is about a larger gap", from: 'high < 0 ? "holds"', to: 'low > 0 ? "holds"' },
    {
      what: "degenerate networks decide",
      from: "const verdict: Verdict = empty\n",
      to: "const verdict: Verdict = empty && verdicts.length > 9\n",
    },
  ]),
];
