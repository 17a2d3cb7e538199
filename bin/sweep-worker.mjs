// A process that trains for a sweep, started by it.
import { bundled } from "./bundled.mjs";

await import(await bundled("src/experiments/sweep/worker-process.ts"));
