import { type Comparison, compare, type Metric, neighbours, type Precision } from "./aggregate.ts";
import { type Claim, type Head, unanswerable, type Verdict } from "./claim.ts";
import { fixed, intervalText, range, signed } from "./format.ts";
import type { Reference } from "./reference.ts";
import type { Interval } from "./statistics.ts";

/** Of accuracies, as a fraction. */
const accuracyMargin = 0.01;

const names: Readonly<Record<Metric, string>> = {
  trainAccuracy: "training accuracy",
  testAccuracy: "test accuracy",
  trainLoss: "training loss",
  testLoss: "test loss",
  gap: "gap",
  weights: "‖w‖",
  quantized: "‖ŵ‖",
  distance: "‖w − w₀‖",
};

const isAccuracy = (metric: Metric): boolean => metric.endsWith("Accuracy");

/** Where the interval of a difference lies, seen in the direction of the claim. */
function side({ difference }: Comparison, sign: 1 | -1): Verdict {
  const { low = null, high = null } = difference ?? {};
  if (low === null || high === null) return "undecided";
  const [near, far] = sign === 1 ? [low, high] : [-high, -low];
  return near > 0 ? "holds" : far < 0 ? "fails" : "undecided";
}

/** From the most bits to the fewest, one metric goes up (`sign` 1) or down (−1). */
export function trend(precisions: readonly Precision[], metric: Metric, sign: 1 | -1, head: Head): Claim {
  const rule =
    `Holds where the 95% interval of the whole change lies ${sign === 1 ? "above" : "below"} zero and that of no ` +
    "step between lies on the other side; fails where the whole change, or a step, lies on the other side.";
  const [most, fewest] = [precisions[0], precisions.at(-1)];
  if (most === undefined || fewest === undefined || most === fewest)
    return unanswerable(head, rule, "two precisions");
  const whole = compare(most, fewest, metric);
  const steps =
    precisions.length === 2 ? [] : neighbours(precisions).map(([from, to]) => compare(from, to, metric));
  const against = [whole, ...steps].some((c) => side(c, sign) === "fails");
  return {
    ...head,
    verdict: against ? "fails" : side(whole, sign),
    says: [
      `${difference(whole)}.`,
      ...(steps.length === 0
        ? []
        : [`Step by step: ${steps.map((c) => `${c.from} to ${c.to} ${brief(c)}`).join("; ")}.`]),
    ],
    rule,
    comparisons: [whole, ...steps],
  };
}

/** The gap is a difference: which of its two sides has moved? */
export function explained(precisions: readonly Precision[], claim: Claim): Claim {
  const [most, fewest] = [precisions[0], precisions.at(-1)];
  if (most === undefined || fewest === undefined || most === fewest) return claim;
  const [train, test] = [compare(most, fewest, "trainLoss"), compare(most, fewest, "testLoss")];
  const [whole] = claim.comparisons;
  if (!train.difference || !test.difference || !whole?.difference) return claim;
  const moved = `Behind it, the training loss changes by ${signed(train.difference.mean, 3)} and the test loss by ${signed(test.difference.mean, 3)}`;
  const worse = side(whole, -1) === "holds" && side(test, 1) === "holds";
  return {
    ...claim,
    says: [...claim.says, `${moved}${worse ? ": the smaller gap comes with a higher test loss" : ""}.`],
    comparisons: [...claim.comparisons, train, test],
  };
}

/** Is every difference inside its margin, or one beyond it? */
function within(comparisons: readonly Comparison[], margin: (metric: Metric) => number): Verdict {
  const each = comparisons.map(({ metric, difference }): Verdict => {
    const { low = null, high = null } = difference ?? {};
    if (low === null || high === null) return "undecided";
    const limit = margin(metric);
    if (low > limit || high < -limit) return "fails";
    return low >= -limit && high <= limit ? "holds" : "undecided";
  });
  if (each.includes("fails")) return "fails";
  return each.includes("undecided") ? "undecided" : "holds";
}

export function onPar(precisions: readonly Precision[], { dataset, testLossSpread }: Reference): Claim {
  const head = {
    id: "int8",
    statement: "8 bits are on a par with full precision",
    place: "section 4.2; Table 1",
  };
  const rule =
    `Holds where all 95% intervals lie within ±${fixed(testLossSpread, 3)} for losses and gap (the spread of test losses ` +
    `that the paper calls “almost the same” for its ${dataset} NiN) and within ±${fixed(100 * accuracyMargin, 0)} ` +
    "percentage point of accuracy; fails where one lies outside.";
  const float = precisions.find(({ bits }) => bits === 32);
  const eight = precisions.find(({ bits }) => bits === 8);
  if (float === undefined || eight === undefined) return unanswerable(head, rule, "FP32 and Int8");
  const comparisons = (["trainLoss", "testLoss", "gap", "trainAccuracy", "testAccuracy"] as const).map(
    (metric) => compare(float, eight, metric),
  );
  const withIntervals = comparisons.some(({ difference }) => difference !== null && difference.n > 1);
  return {
    ...head,
    verdict: within(comparisons, (metric) => (isAccuracy(metric) ? accuracyMargin : testLossSpread)),
    says: [
      `Int8 minus FP32${withIntervals ? ", with 95% intervals" : ""}: ${comparisons.map((c) => `${names[c.metric]} ${brief(c)}`).join("; ")}.`,
    ],
    rule,
    comparisons,
  };
}

export function sameTestLoss(
  precisions: readonly Precision[],
  { dataset, testLossSpread }: Reference,
): Claim {
  const head = {
    id: "test-loss",
    statement: "The test loss is almost the same at every precision",
    place: "section 4.2; Table 1",
  };
  const margin = fixed(testLossSpread, 3);
  const rule = `Holds where the 95% interval between any two precisions lies within ±${margin}, the paper’s own spread for its ${dataset} NiN; fails where one lies outside.`;
  if (precisions.length < 2) return unanswerable(head, rule, "two precisions");
  const comparisons = precisions.flatMap((from, i) =>
    precisions.slice(i + 1).map((to) => compare(from, to, "testLoss")),
  );
  const size = ({ difference }: Comparison): number => Math.abs(difference?.mean ?? 0);
  const widest = comparisons.reduce((a, b) => (size(b) > size(a) ? b : a));
  return {
    ...head,
    verdict: within(comparisons, () => testLossSpread),
    says: [`The two that lie furthest apart: ${difference(widest)}. The paper’s spread is ${margin}.`],
    rule,
    comparisons,
  };
}

/** In nats, or in percentage points. */
function scaled({ metric, difference }: Comparison): { of: Interval; digits: number; unit: string } | null {
  if (difference === null) return null;
  if (!isAccuracy(metric)) return { of: difference, digits: 3, unit: "" };
  const { n, mean, low, high } = difference;
  const percent = (x: number | null): number | null => (x === null ? null : 100 * x);
  const of = { n, mean: 100 * mean, low: percent(low), high: percent(high) };
  return { of, digits: 2, unit: " points" };
}

function difference(c: Comparison): string {
  const value = scaled(c);
  const text =
    value === null
      ? `unknown (no ${c.unit} has both)`
      : intervalText(value.of, value.digits, value.unit, c.unit);
  return `${c.to} minus ${c.from}: ${names[c.metric]} ${text}`;
}

/** Without the words that the sentence around it has said already: `+0.003 (0.000 to +0.006)`. */
function brief(c: Comparison): string {
  const value = scaled(c);
  if (value === null) return `unknown (no ${c.unit} has both)`;
  const { of, digits, unit } = value;
  const interval = of.low === null || of.high === null ? "" : ` (${range(of.low, of.high, digits)})`;
  return `${signed(of.mean, digits)}${unit}${interval}`;
}
