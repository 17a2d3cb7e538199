/**
 * What our own runs say: the summaries of reports that lie in a folder of results.
 *
 * @packageDocumentation
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Complaint } from "../complaint.ts";

const claimSchema = z.object({
  id: z.string(),
  statement: z.string(),
  verdict: z.enum(["holds", "fails", "undecided"]),
  says: z.array(z.string()),
});

const summarySchema = z.object({
  command: z.string(),
  seeds: z.array(z.int()),
  /** Of a pool: so many settings. */
  settings: z.int().optional(),
  recipe: z.object({
    model: z.string(),
    epochs: z.int(),
    data: z.object({ name: z.string(), train: z.int().nullable() }),
  }),
  precisions: z.array(z.object({ name: z.string(), bits: z.int(), weights: z.object({ mean: z.number() }) })),
  claims: z.array(claimSchema),
  /** By network: those that have learned nothing, and why one thinks so. */
  robustness: z
    .array(
      z.object({
        model: z.string(),
        precisions: z.array(
          z.object({ name: z.string(), degenerate: z.array(z.object({ seed: z.int(), why: z.string() })) }),
        ),
      }),
    )
    .optional(),
  /** Quantized minus FP32, by measure and by level. */
  h1: z
    .array(
      z.object({
        id: z.string(),
        name: z.string(),
        test: z.object({
          levels: z.array(
            z.object({
              bits: z.int(),
              simultaneous: z.object({
                mean: z.number(),
                low: z.number().nullable(),
                high: z.number().nullable(),
              }),
            }),
          ),
        }),
      }),
    )
    .optional(),
});

/** What a report says to one claim. */
export type Claimed = z.infer<typeof claimSchema>;

/** What is needed of the summary of a report. */
export type Summary = z.infer<typeof summarySchema>;

/** The summary of a report, and the name of its folder. */
export type Evidence = Summary & { readonly name: string };

/**
 * The summaries in the folders of `directory`, by name.
 *
 * @throws Complaint where it cannot be read, or a summary is no summary
 */
export function evidenceIn(directory: string): Evidence[] {
  let names: string[];
  try {
    names = readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    throw new Complaint(`cannot read the results in ${directory}: ${(error as Error).message}`);
  }
  return names.flatMap((name) => {
    const path = join(directory, name, "summary.json");
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw new Complaint(`cannot read ${path}: ${(error as Error).message}`);
    }
    return [{ name, ...parsed(path, text) }];
  });
}

function parsed(path: string, text: string): Summary {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Complaint(`${path} is not the summary of a report: it is no JSON`);
  }
  const { success, data, error } = summarySchema.safeParse(value);
  if (!success) throw new Complaint(`${path} is not the summary of a report: ${z.prettifyError(error)}`);
  return data;
}
