import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Kernels } from "../tensor/kernels/kernels.ts";
import { reference } from "../tensor/kernels/reference/index.ts";
import { createSimd } from "../tensor/kernels/simd/index.ts";
import { Complaint } from "./complaint.ts";

export const deviceNames = ["auto", "simd", "reference"] as const;
export type DeviceName = (typeof deviceNames)[number];

export interface Device {
  readonly kernels: Kernels;
  /** What was asked for and what it became. Goes into every result. */
  readonly info: { readonly requested: DeviceName; readonly backend: string; readonly threads: number };
}

const wasmFile = fileURLToPath(new URL("../../build/kernels.wasm", import.meta.url));

/**
 * The kernels of that name; `auto` takes the fastest that is here.
 *
 * @throws Complaint where they cannot be had, with the remedy
 */
export function openDevice(requested: DeviceName = "auto"): Device {
  if (requested === "reference")
    return { kernels: reference, info: { requested, backend: "reference", threads: 1 } };
  return { kernels: createSimd(readWasm()), info: { requested, backend: "simd", threads: 1 } };
}

function readWasm(): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(wasmFile));
  } catch {
    throw new Complaint(`the SIMD kernels are not built: ${wasmFile} is missing. Run "npm run kernels".`);
  }
}
