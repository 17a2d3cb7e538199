/** `node --import tsx test/golden/same-bits-main.ts THREADS`: the pinned run, as a program or as a worker of Node. */
import { parentPort, workerData } from "node:worker_threads";
import { simd, threadedSimd } from "../kernels.ts";
import { weightsSha256 } from "./same-bits.ts";

const threads = Number(parentPort === null ? process.argv[2] : workerData);
const kernels = threads === 1 ? simd : threadedSimd(threads, 1);
const sha256 = await weightsSha256(kernels);
kernels.close();
if (parentPort === null) console.log(JSON.stringify({ sha256, node: process.version }));
else parentPort.postMessage({ sha256 });
