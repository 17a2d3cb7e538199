// A process that trains for a sweep, started by it.
import { register } from "tsx/esm/api";

register();
await import("../src/experiments/sweep/worker-process.ts");
