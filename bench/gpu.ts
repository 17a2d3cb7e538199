import { fileURLToPath } from "node:url";
import { chromium } from "playwright";
import { createServer } from "vite";
import { type Device, type DeviceName, deviceText } from "../src/experiments/device.ts";
import { openDevice } from "../src/experiments/node-device.ts";
import { chromiumFlags, chromiumPath } from "../test/gpu/chromium.ts";
import { type GpuRate, type GpuStep, kernelRates, stepOf } from "./gpu-rates.ts";

const inNode: readonly DeviceName[] = ["simd", "headlessgl"];
const inChromium: readonly DeviceName[] = ["webgl2", "webgpu"];

/** Rows of all devices, and what the devices are. */
interface ByDevice<T> {
  readonly rows: readonly T[];
  readonly devices: readonly string[];
}

/** `here` measures a device of Node; `there` is the function of `page/bench.ts` that does so in Chromium. */
async function byDevice<T>(
  here: (device: Device) => Promise<T[]>,
  there: "rates" | "steps",
): Promise<ByDevice<T>> {
  const [rows, devices]: [T[], string[]] = [[], []];
  const add = (device: string, measured: readonly T[]): void => {
    console.error(device);
    devices.push(device);
    rows.push(...measured);
  };
  for (const name of inNode) {
    const device = await openDevice(name);
    add(deviceText(device.info), await here(device));
  }
  const server = await createServer({
    configFile: "page/vite.config.ts",
    logLevel: "error",
    server: { port: 0 },
  });
  await server.listen();
  const browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumFlags });
  try {
    const page = await browser.newPage();
    await page.goto(server.resolvedUrls!.local[0]!);
    const module = `/@fs${fileURLToPath(new URL("../page/bench.ts", import.meta.url))}`;
    const call = (name: string, mode: DeviceName): Promise<unknown> =>
      page.evaluate(async ([module, name, mode]) => (await import(module))[name](mode), [
        module,
        name,
        mode,
      ] as const);
    for (const mode of inChromium) {
      const device = (await call("text", mode)) as string;
      // A program that plays webgpu, one number at a time, takes minutes for each kernel.
      const hopeless = mode === "webgpu" && there === "rates" && device.endsWith("software");
      if (hopeless) add(`${device}: kernels not measured, its step tells enough`, []);
      else add(device, (await call(there, mode)) as T[]);
    }
  } finally {
    await browser.close();
    await server.close();
  }
  return { rows, devices };
}

/** Kernels on each mode of gpu.js, beside `simd`. */
export const gpuRates = (): Promise<ByDevice<GpuRate>> => byDevice(kernelRates, "rates");

/** Training steps on each mode of gpu.js, beside `simd`. In Chromium only those of the small network. */
export const gpuSteps = (): Promise<ByDevice<GpuStep>> =>
  byDevice(async (device) => [await stepOf(device, 1, 128, 5), await stepOf(device, 8, 128, 3)], "steps");
