/**
 * Measuring a run as a piece of work, for this process or another one.
 *
 * @packageDocumentation
 */

import type { Dataset } from "../data/dataset.ts";
import type { Device } from "../device.ts";
import type { Piece } from "../side-by-side.ts";
import type { TrainedRun } from "../trained.ts";
import { isMeasured, type MeasuredRun, type MeasureRequest, measureRun } from "./measure.ts";
import type { MeasureSettings } from "./settings.ts";
import { inWords } from "./text.ts";

export interface Measuring {
  readonly device: Device;
  readonly datasetOf: (run: TrainedRun, images: number | null) => Promise<Dataset>;
  /** Where photographs are. */
  readonly data?: string | undefined;
  readonly stop: () => boolean;
  /** Another process measures the same run, and is waited for. */
  readonly onWait?: (label: string) => void;
  readonly said: (measured: MeasuredRun) => string;
}

export function measuringPiece(
  {
    run,
    settings,
    label,
  }: { readonly run: TrainedRun; readonly settings: MeasureSettings; readonly label: string },
  { device, datasetOf, data, stop, onWait, said }: Measuring,
): Piece<MeasuredRun> {
  const request = async (): Promise<MeasureRequest> => ({
    ...{ run, settings, device, stop },
    dataset: await datasetOf(run, settings.images),
    onWait: () => onWait?.(label),
  });
  return {
    label,
    task: { type: "measure", folder: run.folder, settings, kernels: device.kernels.name, data },
    done: async () => isMeasured(await request()),
    here: async (show) =>
      measureRun({
        ...(await request()),
        onStep: inWords(settings, (done, of, text) => show(done / of, text)),
      }),
    said,
  };
}
