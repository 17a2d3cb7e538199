import { precisionOf } from "../precision.ts";
import type { RunResult } from "../result.ts";
import { type Aggregate, layersOf, type Metric, metrics, ratio, summaryOf } from "./aggregate.ts";
import type { Claim } from "./claim.ts";
import { toCsv } from "./csv.ts";
import type { Reference } from "./reference.ts";

/** Every layer of every run that counts, one row each. */
export const figure1Csv = ({ precisions }: Aggregate): string =>
  toCsv(
    ["precision", "seed", "index", "layer", "bits", "step", "initial_step", "clipped", "largest_error"],
    precisions.flatMap(({ name, runs }) =>
      runs.flatMap(({ steps, config }) =>
        steps.map((layer, index) => ({
          precision: name,
          seed: config.seed,
          index,
          layer: layer.weight,
          bits: layer.bits,
          step: layer.step,
          initial_step: layer.initialStep,
          clipped: layer.clipped,
          largest_error: layer.largestError,
        })),
      ),
    ),
  );

/** Every run, one row each, those that do not count among them. */
export const runsCsv = ({ runs, excluded }: Aggregate): string =>
  toCsv(
    [
      "id",
      "precision",
      "seed",
      "counts",
      "status",
      "why_not",
      "selected_epoch",
      "epochs",
      "train_accuracy",
      "test_accuracy",
      "train_loss",
      "test_loss",
      "gap",
      "norm",
      "norm_quantized",
      "distance",
      "norm_initial",
      "seconds",
      "weights_sha256",
    ],
    runs.map((run) => {
      const why = excluded.find((entry) => entry.run === run)?.why ?? null;
      return {
        id: run.id,
        precision: precisionOf(run.config),
        seed: run.config.seed,
        counts: why === null,
        status: run.status,
        why_not: why,
        selected_epoch: run.selectedEpoch,
        epochs: run.curve.length,
        train_accuracy: run.train.accuracy,
        test_accuracy: run.test.accuracy,
        train_loss: run.train.loss,
        test_loss: run.test.loss,
        gap: run.gap,
        norm: run.norms.weights,
        norm_quantized: run.norms.quantized,
        distance: run.norms.distance,
        norm_initial: run.norms.initial,
        seconds: run.seconds,
        weights_sha256: run.weightsSha256,
      };
    }),
  );

/** All numbers of a report, and what they were made from except the curves. */
export function summaryOfAll(
  head: { readonly title: string; readonly scale: string; readonly command: string },
  all: Aggregate,
  reference: Reference,
  claims: readonly Claim[],
) {
  const { precisions, excluded, seeds, runs, recipe, differing, missing } = all;
  const float = precisions.find(({ bits }) => bits === 32);
  return {
    ...head,
    recipe,
    differing,
    seeds,
    claims,
    precisions: precisions.map((precision) => ({
      name: precision.name,
      bits: precision.bits,
      ...Object.fromEntries(
        (Object.keys(metrics) as Metric[]).map((metric) => [metric, summaryOf(precision, metric)]),
      ),
      fp32Ratio: float === undefined ? null : ratio(float, precision, "weights"),
      layers: layersOf(precision),
    })),
    missing,
    paper: {
      ...reference,
      table2: reference.table2.map(({ model, norms }) => ({ model, norms: Object.fromEntries(norms) })),
    },
    excluded: excluded.map(({ run, why }) => ({ id: run.id, why })),
    runs: runs.map(({ curve: _curve, ...rest }: RunResult) => rest),
  };
}
