import { inFile, type Mutant, property } from "./mutant.ts";

export const sweep: readonly Mutant[] = [
  ...inFile("src/experiments/side-by-side.ts", property("side-by-side"), [
    { what: "a single piece goes to a worker", from: "lanes > 1 ? lanes : 0", to: "workers > 1 ? lanes : 0" },
    { what: "a stop is not looked at between two pieces", from: "if (stop()) return;", to: "" },
    {
      what: "pieces that were not begun are forgotten",
      from: "if (complete < pieces.length)",
      to: "if (complete > pieces.length)",
    },
    { what: "an error is forgotten", from: "if (errors.length > 0) throw errors[0];", to: "" },
    {
      what: "the share of one piece is that of all",
      from: "shares.reduce((a, b) => a + b) / pieces.length",
      to: "share",
    },
    {
      what: "a piece that has ended counts as it was shown last",
      from: "    shares[i] = 1;\n",
      to: "",
    },
    {
      what: "results in the order in which they come",
      from: "results[i] = result;",
      to: "results.unshift(result);",
    },
  ]),
  ...inFile("src/experiments/sweep/grid.ts", property("sweep-grid"), [
    {
      what: "the depths of CIFAR-10 for CIFAR-100",
      from: 'data === "cifar100" ? [3, 4, 5] : [2, 3, 4]',
      to: "[2, 3, 4]",
    },
    { what: "the last run of a shard is in no shard", from: "i < 1 || i > n", to: "i < 1 || i >= n" },
    { what: "shards overlap", from: "at % n === i - 1", to: "at % n <= i - 1" },
  ]),
  ...inFile("src/experiments/config.ts", property("sweep-grid"), [
    {
      what: "a setting is known by its precision too",
      from: "({ bits: _bits, seed: _seed, ...setting }",
      to: "({ seed: _seed, ...setting }",
    },
  ]),
  ...inFile("src/experiments/sweep/owner.ts", property("sweep-claim"), [
    {
      what: "a long time between two looks counts in full",
      from: "Math.min(at - before.at, lease / 4)",
      to: "(at - before.at)",
    },
    {
      what: "an owner is asked for its process on another machine",
      from: "file?.place === here && !isRunning(file.pid)",
      to: "file !== undefined && !isRunning(file.pid)",
    },
    {
      what: "the number of an owner is not looked at",
      from: "before?.beat === beat ?",
      to: "before !== undefined ?",
    },
    {
      what: "a claim without a name is free at once",
      from: 'return stands(claim, "");',
      to: "return true;",
    },
  ]),
  ...inFile("src/experiments/sweep/claim.ts", property("sweep-claim"), [
    {
      what: "a claim that somebody has is had again",
      from: "last > 0 && !watch.isGone",
      to: "last > 1 && !watch.isGone",
    },
    {
      what: "the first claim counts, not the last",
      from: ".sort((a, b) => a - b)",
      to: ".sort((a, b) => b - a)",
    },
    {
      what: "a damaged result stays in the way",
      from: 'renameSync(found, join(mine, "damaged"));',
      to: "",
    },
  ]),
  ...inFile("src/experiments/sweep/folder.ts", property("sweep-claim"), [
    {
      what: "epochs are counted, not looked at",
      from: "&& curve.every(({ epoch }, i) => epoch === i + 1)",
      to: "",
    },
    {
      what: "the gap of a result is believed",
      from: "(Number.isFinite(gap) && gap !== test.loss - train.loss)",
      to: "false",
    },
    {
      what: "the configuration in a result is not looked at",
      from: "canonicalJson(found.config) !== canonicalJson(config)",
      to: "false",
    },
  ]),
  ...inFile("src/experiments/report/aggregate.ts", property("sweep-pool"), [
    {
      what: "full precision less this, not this less full precision",
      from: "metrics[metric](b) - metrics[metric](a)",
      to: "metrics[metric](a) - metrics[metric](b)",
    },
    {
      what: "diverged runs are in the means",
      from: 'if (run.status === "diverged")',
      to: "if (false)",
    },
    {
      what: "a setting with many seeds counts as many",
      from: "groupsOf(precision).map((runs) => mean(runs.map(metrics[metric])))",
      to: "precision.runs.map(metrics[metric])",
    },
  ]),
  ...inFile("src/experiments/report/pairs.ts", property("sweep-pool"), [
    {
      what: "runs of different settings are a pair",
      from: 'unit === "seed" ? String(config.seed) : settingOf(config)',
      to: "String(config.seed)",
    },
    {
      what: "runs of different seeds are a pair",
      from: '[keyOf(run, unit), run.config.seed].join(" ")',
      to: "keyOf(run, unit)",
    },
  ]),
  ...inFile("src/experiments/sweep/report/settings.ts", property("sweep-report"), [
    {
      what: "full precision less this, setting by setting",
      from: "metrics[metric](run) - metrics[metric](float)",
      to: "metrics[metric](float) - metrics[metric](run)",
    },
    {
      what: "the settings with any value count for each",
      from: "one.precision === precision && axes[axis]!(one.config) === value",
      to: "one.precision === precision",
    },
  ]),
  ...inFile("src/experiments/sweep/measured.ts", property("sweep-report"), [
    {
      what: "the settings that fewest runs were measured with",
      from: "y.size - x.size",
      to: "x.size - y.size",
    },
    {
      what: "the measures of another run are taken for this one's",
      from: "found?.run !== id",
      to: "found === undefined",
    },
    {
      what: "within a precision, all runs are ranked",
      from: "ranked: ranking(runs, columns) })),",
      to: "ranked: ranking(precisions.flatMap(({ runs }) => runs), columns) })),",
    },
  ]),
  ...inFile("src/experiments/sweep/pool.ts", property("sweep-pool"), [
    {
      what: "the median of the even is the upper one",
      from: "sorted.length % 2 === 1",
      to: "sorted.length > 0",
    },
  ]),
];
