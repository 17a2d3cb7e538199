import { fixed, listed } from "../../report/format.ts";
import { shortcutScales, weightCount } from "../architectures.ts";
import { nameOf } from "../blocks.ts";
import { facts } from "../facts.ts";
import type { Finding } from "../finding.ts";
import { omegaBehind, pacBayes, sharpness } from "../formula.ts";
import { lastDigit, type Recovery, radiusBehind } from "../radii.ts";

const whole = (n: number): string => Math.round(n).toLocaleString("en-US");

/** Which number of images do the ImageNet rows follow from? */
function images(rows: readonly Recovery[]): Finding {
  const imageNet = rows.filter(({ dataset }) => dataset === "ImageNet-1K");
  const matches = (m: number): number =>
    imageNet.reduce((total, { norm, omega, cells }) => {
      const of = { squaredNorm: norm ** 2, m, omega };
      return (
        total +
        Number(radiusBehind(cells.pacbayes_orig, pacBayes, of).matches) +
        Number(radiusBehind(cells.sharpness_orig, sharpness, of).matches)
      );
    }, 0);
  const all = facts().imagenet_training_images;
  const candidates = Array.from({ length: Math.ceil(all / 10_000) }, (_, i) => 10_000 * (i + 1));
  const scored = candidates.map((m) => ({ m, n: matches(m) })).sort((a, b) => b.n - a.n);
  const [best, second] = [scored[0]!, scored[1]!];
  const withAll = matches(all);
  return {
    id: "m-of-imagenet",
    where: "Table 3, caption; after eq. 16",
    claim: "m is the sample size of the dataset",
    says: [
      `With m = ${whole(best.m)}, ${best.n} of the ${2 * imageNet.length} cells of ImageNet-1K in the columns Orig come out to the last digit. Of all other multiples of 10,000 up to ${whole(candidates.at(-1)!)}, the best gives ${second.n} (m = ${whole(second.m)}).`,
      `With the ${whole(all)} training images that ImageNet-1K has, ${withAll} do.`,
      ...(best.n > withAll
        ? [
            "The measures were taken on, or divided by, a part of the training set that the paper does not mention.",
          ]
        : []),
    ],
    verdict: best.n > withAll ? "fails" : "holds",
    rule: "Holds where the size of the whole training set explains the cells best.",
    numbers: { m: best.m, matches: best.n, secondBest: second.n, all, matchesWithAll: withAll },
  };
}

/** The number of weights that a cell implies, given its radius. */
function implied({ norm, m, alpha, cells }: Recovery): readonly [number, number] {
  const halfDigit = 0.0005;
  const at = (printed: number, ofNorm: number): number =>
    omegaBehind(printed, sharpness, { squaredNorm: ofNorm ** 2, radius: alpha.radius, m });
  // A cell that was cut stands for up to a whole digit more.
  return [
    at(cells.sharpness_orig - halfDigit, norm + halfDigit),
    at(cells.sharpness_orig + lastDigit, norm - halfDigit),
  ];
}

/** Which number of parameters is ω? */
function parameters(rows: readonly Recovery[]): Finding {
  const known = facts();
  const saturated = rows.filter(
    ({ dataset, alpha }) => dataset === "ImageNet-1K" && alpha.matches && alpha.k === 4,
  );
  const models = [
    { model: "ResNet-18", all: known.resnet18_parameters },
    { model: "ResNet-50", all: known.resnet50_parameters },
  ].map(({ model, all }) => {
    const own = saturated.filter((row) => row.model === model);
    const ranges = own.map(implied);
    const [low, high] = [Math.max(...ranges.map(([a]) => a)), Math.min(...ranges.map(([, b]) => b))];
    const { architecture } = own[0]!;
    const weights = weightCount(architecture);
    const filtered = weights + shortcutScales(architecture);
    const inside = (n: number): boolean => low <= n && n <= high;
    return { model, own, low, high, all, weights, filtered, inside };
  });
  return {
    id: "omega",
    where: "After eq. 18",
    claim: "ω is the number of parameters in the model",
    says: [
      ...models.map(({ model, own, low, high, all, weights, filtered, inside }) => {
        const says = (n: number): string => (inside(n) ? "fits" : "does not");
        return `${model}: the cells with α = 1/128 (${listed(own.map(nameOf))}) imply ω between ${whole(low)} and ${whole(high)}. All ${whole(all)} parameters: ${says(all)}. Weights of convolutions and the last layer, ${whole(weights)}: ${says(weights)}. With the batch norm scales in the shortcuts, ${whole(filtered)}: ${says(filtered)}.`;
      }),
      ...(models.every(({ inside, filtered }) => inside(filtered))
        ? [
            "The count that fits everywhere is that of parameters with neither “bias” nor “bn” in their names, which lets the scales of downsample.1 through.",
          ]
        : []),
    ],
    verdict: models.every(({ inside, all }) => inside(all)) ? "holds" : "fails",
    rule: "Holds where the number of all parameters lies between the bounds that the printed digits set.",
    numbers: Object.fromEntries(
      models.flatMap(({ model, low, high, all, weights, filtered, inside }) => [
        [`${model} low`, low],
        [`${model} high`, high],
        [`${model} all fits`, Number(inside(all))],
        [`${model} weights fits`, Number(inside(weights))],
        [`${model} name filter fits`, Number(inside(filtered))],
      ]),
    ),
  };
}

/** The delta of eq. 21 is not in the columns Orig. */
function logDelta(rows: readonly Recovery[]): Finding {
  const met = (factor: number): number =>
    rows.filter(({ norm, m, omega, cells, alpha }) => {
      const of = { squaredNorm: norm ** 2, m, omega: Math.round(omega / factor) };
      const found = radiusBehind(cells.sharpness_orig, sharpness, of);
      return alpha.spacing > 2 * lastDigit && found.matches;
    }).length;
  const [plain, five, ten] = [met(1), met(0.05), met(0.1)];
  const telling = rows.filter(({ alpha }) => alpha.spacing > 2 * lastDigit).length;
  return {
    id: "log-2-omega",
    where: "Eq. 17, 18 and 21, 22",
    claim: "log(2ω) in eq. 17 and 18, log(2ω/δ) in eq. 21 and 22, with no value of δ",
    says: [
      `Of the ${telling} telling cells of Sharpness-Orig, log(2ω) gives ${plain}, log(2ω/δ) ${five} with δ = ${fixed(0.05, 2)} and ${ten} with δ = ${fixed(0.1, 1)}.`,
    ],
    verdict: plain > Math.max(five, ten) ? "holds" : "fails",
    rule: "Eq. 18 holds as printed where log(2ω) explains more cells than log(2ω/δ).",
    numbers: { telling, plain, five, ten },
  };
}

/** What m and ω stand for in Table 3. */
export const sizes = (rows: readonly Recovery[]): readonly Finding[] => [
  images(rows),
  parameters(rows),
  logDelta(rows),
];
