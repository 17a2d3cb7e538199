// What a thread of the decoder runs.
import { bundled } from "../../../bin/bundled.mjs";

await import(await bundled("src/experiments/data/decoder-thread.ts"));
