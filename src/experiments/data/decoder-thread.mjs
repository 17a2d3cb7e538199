// What a thread of the decoder runs: TypeScript as it is.
import { register } from "tsx/esm/api";

register();
await import("./decoder-thread.ts");
