import { test } from "vitest";
import type { PaperRef } from "../src/paper.ts";

/**
 * A test that verifies one item of the paper. The reference leads the name of the test, so
 * `vitest -t "[QGen.eq.7]"` runs what stands behind an equation, and the traceability table is built from the
 * calls.
 */
export function verifies(ref: PaperRef, statement: string, body: () => void | Promise<void>): void {
  test(`[${ref}] ${statement}`, body);
}
