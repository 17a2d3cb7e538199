/** What `bench/gpu.ts` has a browser do. */
import { type GpuRate, type GpuStep, kernelRates, stepOf } from "../bench/gpu-rates.ts";
import { type DeviceName, deviceText } from "../src/experiments/device.ts";
import { openDevice } from "./device.ts";

export const rates = async (mode: DeviceName): Promise<GpuRate[]> => kernelRates(await openDevice(mode));

export const steps = async (mode: DeviceName): Promise<GpuStep[]> => [
  await stepOf(await openDevice(mode), 1, 128, 3),
];

export const text = async (mode: DeviceName): Promise<string> => deviceText((await openDevice(mode)).info);
