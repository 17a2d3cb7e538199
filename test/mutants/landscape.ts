import { inFile, type Mutant, property } from "./mutant.ts";

export const landscape: readonly Mutant[] = [
  ...inFile("src/measures/directions.ts", property("directions"), [
    {
      what: "biases, batch norm and steps are moved too",
      from: "shape.length > 1",
      to: "shape.length >= 0",
    },
    {
      what: "the norm of the layer stands for that of the filter",
      from: '"filter" ? d.length / x.shape[0]! : d.length',
      to: '"filter" ? d.length : d.length',
    },
    {
      what: "a filter is what one input sends, not what one output receives",
      from: "d.length / x.shape[0]!",
      to: "d.length / x.shape[1]!",
    },
    {
      what: "filters are of unit length, whatever the weights",
      from: "norm(x.data, from, size) / (norm(",
      to: "1 / (norm(",
    },
    { what: "the squared norm of the direction", from: "return Math.sqrt(total);", to: "return total;" },
    {
      what: "all layers draw from one stream",
      from: "const stream = rng.fork(name);",
      to: "const stream = rng;",
    },
    { what: "uniform directions", from: "stream.normal()", to: "2 * stream.uniform() - 1" },
  ]),
  ...inFile("src/measures/landscape.ts", property("landscape"), [
    {
      what: "the grid is transposed",
      from: "[Math.floor(k / columns), k % columns]",
      to: "[k % columns, Math.floor(k / columns)]",
    },
    {
      what: "the grid ends one step before the range",
      from: "(range * (2 * i - (n - 1))) / (n - 1)",
      to: "(range * (2 * i - (n - 1))) / n",
    },
    {
      what: "coordinates by adding up from one end, with rounding in the centre",
      from: "(range * (2 * i - (n - 1))) / (n - 1)",
      to: "-range + i * ((2 * range) / (n - 1))",
    },
    { what: "the two directions are one", from: 'rng.fork("y")', to: 'rng.fork("x")' },
    {
      what: "the second direction is not used",
      from: "(a * dx[k]! + b * dy[k]!)",
      to: "a * dx[k]!",
    },
    {
      what: "the directions are swapped",
      from: "displaced(params, plane, place.a, place.b)",
      to: "displaced(params, plane, place.b, place.a)",
    },
    { what: "known points are computed again", from: "if (isKnown(place)) continue;", to: "" },
    {
      what: "a line runs along the edge of the plane",
      from: "axes === 1 ? 0 :",
      to: "axes === 1 ? -grid.range :",
    },
  ]),
  ...inFile("src/measures/surface-shape.ts", property("surface-shape"), [
    { what: "the curvature is not divided by h²", from: "square(range / half)", to: "1" },
    { what: "the curvature is divided by h", from: "square(range / half)", to: "(range / half)" },
    { what: "the curvature counts the centre once", from: "- 2 * center +", to: "- center +" },
    {
      what: "the second curvature is that of the diagonal",
      from: "[n, 1]).map(second)",
      to: "[n, n + 1]).map(second)",
    },
    { what: "a loss that is not a number counts as none", from: "? Infinity : loss", to: "? 0 : loss" },
  ]),
  ...inFile("src/experiments/landscape/contours.ts", property("landscape-report"), [
    {
      what: "contours are transposed",
      from: "losses[column * n + (n - 1 - row)]",
      to: "losses[row * n + column]",
    },
    {
      what: "contours are upside down",
      from: "losses[column * n + (n - 1 - row)]",
      to: "losses[column * n + row]",
    },
  ]),
  ...inFile("src/experiments/landscape/profiles.ts", property("landscape-report"), [
    { what: "the two profiles are swapped", from: "(along === 1 ? j : i)", to: "(along === 1 ? i : j)" },
  ]),
  ...inFile("src/experiments/landscape/viewer.js", property("landscape-viewer"), [
    {
      what: "surfaces turn away from the pointer",
      from: "turnBy(event.movementX",
      to: "turnBy(-event.movementX",
    },
  ]),
  ...inFile("src/experiments/landscape/words.ts", property("landscape-report"), [
    {
      what: "the sharper network is called the flatter one",
      from: "meanCurvature(a) < meanCurvature(b)",
      to: "meanCurvature(a) > meanCurvature(b)",
    },
    {
      what: "the curvatures along both directions are added up",
      from: "along, 0) / curvature.length",
      to: "along, 0)",
    },
    {
      what: "networks are held against a float network of any seed",
      from: "floats.get(run.config.seed)",
      to: "[...floats.values()][0]",
    },
  ]),
  ...inFile("src/experiments/landscape/scene.js", property("landscape-report"), [
    { what: "near faces are painted before far ones", from: "order(sin > 0)", to: "order(sin < 0)" },
    { what: "higher losses are drawn lower", from: "((t - 0.5) * HEIGHT", to: "((0.5 - t) * HEIGHT" },
  ]),
  ...inFile("src/experiments/landscape/jobs.ts", property("landscape-jobs"), [
    {
      what: "the dequantized weights are quantized again",
      from: 'job("dequantized", plain.model, plain.weights)',
      to: 'job("dequantized", model, weights)',
    },
    {
      what: "clipping is the mean over layers, not over weights",
      from: "const size = sizeOf(params[quantizer.weight]!.shape);",
      to: "const size = 1;",
    },
  ]),
  ...inFile("src/experiments/trained.ts", property("landscape-jobs"), [
    { what: "the number of images is not heeded", from: "return { ...all, count };", to: "return all;" },
  ]),
  ...inFile("src/experiments/landscape/points.ts", property("landscape-jobs"), [
    { what: "a point at another place is taken", from: "&& isAt(data, place)", to: "" },
  ]),
];
