import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Complaint } from "./complaint.ts";
import type { Pretrained } from "./pretrained.ts";
import { decodeSafetensors } from "./safetensors.ts";

/** @throws Complaint where there is no such file, or it is no safetensors file */
export function readPretrained(path: string): Pretrained {
  try {
    const bytes = readFileSync(path);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return { path, bytes, sha256, tensors: decodeSafetensors(bytes).tensors };
  } catch (error) {
    throw new Complaint(`the weights in ${path} cannot be read: ${(error as Error).message}`, 2);
  }
}
