/** What takes long, away from what the reader touches. To stop it, end the worker. */
import { Complaint } from "../src/experiments/complaint.ts";
import type { Device, DeviceName } from "../src/experiments/device.ts";
import { rateOf } from "../src/experiments/rate.ts";
import { Diverged } from "../src/nn/train.ts";
import { openDevice, openSimd } from "./device.ts";
import { calls } from "./kernels.ts";
import type { Answer, Request } from "./messages.ts";
import { trainAll } from "./training.ts";

const say = (answer: Answer): void => postMessage(answer);

/** Every kernel on simd, and on the device beside it. */
async function benchAll({ kernels, info }: Device): Promise<void> {
  const devices = new Map([
    ["simd", await openSimd()],
    [info.backend, kernels],
  ]);
  for (const call of calls)
    for (const [device, on] of devices)
      say({ type: "rate", kernel: call.name, device, gflops: await rateOf(on, call) });
}

const opened = new Map<DeviceName, Promise<Device>>();
function deviceOf(name: DeviceName): Promise<Device> {
  const device = opened.get(name) ?? openDevice(name);
  opened.set(name, device);
  return device;
}

async function answer(request: Request): Promise<void> {
  const began = performance.now();
  try {
    const device = await deviceOf(request.device);
    say({ type: "device", info: device.info });
    if (request.type === "train")
      for await (const answer of trainAll(device.kernels, request.settings)) say(answer);
    if (request.type === "bench") await benchAll(device);
    if (request.type !== "open") say({ type: "done", seconds: (performance.now() - began) / 1000 });
  } catch (error) {
    opened.delete(request.device);
    const known = error instanceof Complaint || error instanceof Diverged || error instanceof RangeError;
    say({ type: "failed", sentence: known ? error.message : `Something unforeseen went wrong: ${error}` });
    if (!known) console.error(error);
  }
}

let queue: Promise<void> = Promise.resolve();
addEventListener("message", ({ data }: MessageEvent<Request>) => {
  queue = queue.then(() => answer(data));
});
